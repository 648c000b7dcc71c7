//! What people do in the other services, for the audit trail: read from their events, and as entries.

use contracts::{classification, ingest, publish};
use prost_types::Timestamp;
use time::OffsetDateTime;

use crate::domain::audit::Entry;

/// Characters of what a deed says; a service of ours sends less.
const CHARACTERS_MAX: usize = 2_000;

/// A deed of a person in another service.
pub struct Deed {
    actor: String,
    action: &'static str,
    subject: String,
    time: OffsetDateTime,
}

/// Why an event is no deed that this version knows.
type Unreadable = String;

impl Deed {
    /// As the trail has it.
    pub fn entry(&self) -> Entry {
        Entry {
            time: self.time,
            actor: self.actor.clone(),
            action: self.action,
            subject: self.subject.clone(),
        }
    }
}

/// A deed of ingest.
///
/// # Errors
/// When it names no deed that this version knows.
pub fn of_ingest(event: ingest::v1::DeedDone) -> Result<Deed, Unreadable> {
    use ingest::v1::deed_done::Action;
    let action = match event.action() {
        Action::Unspecified => return Err(unknown(event.action)),
        Action::AnswersHalted => "answers.halted",
        Action::AnswersResumed => "answers.resumed",
        Action::MediaSeen => "message.media_seen",
        Action::MessageTranscribed => "message.transcribed",
        Action::OriginalRevealed => "message.original_revealed",
        Action::ReportSubmitted => "report.submitted",
        Action::ReportsImported => "reports.imported",
        Action::ImportSourceSet => "import_source.set",
    };
    let subjects = event.subjects.into_iter().map(|subject| (subject.kind, subject.id));
    deed(event.actor, &event.role, action, subjects, &event.reason, event.deed_time)
}

/// A deed of classification.
///
/// # Errors
/// As [`of_ingest`].
pub fn of_classification(event: classification::v1::DeedDone) -> Result<Deed, Unreadable> {
    use classification::v1::deed_done::Action;
    let action = match event.action() {
        Action::Unspecified => return Err(unknown(event.action)),
        Action::ClaimSentenceSet => "claim.sentence_set",
        Action::SuggestionDeclined => "suggestion.declined",
        Action::RulesSet => "rules.set",
        Action::RulesRestored => "rules.restored",
    };
    let subjects = event.subjects.into_iter().map(|subject| (subject.kind, subject.id));
    deed(event.actor, &event.role, action, subjects, &event.reason, event.deed_time)
}

/// A deed of publish.
///
/// # Errors
/// As [`of_ingest`].
pub fn of_publish(event: publish::v1::DeedDone) -> Result<Deed, Unreadable> {
    use publish::v1::deed_done::Action;
    let action = match event.action() {
        Action::Unspecified => return Err(unknown(event.action)),
        Action::PublicationsHalted => "publications.halted",
        Action::PublicationsResumed => "publications.resumed",
        Action::PublicationResolved => "publication.resolved",
    };
    let subjects = event.subjects.into_iter().map(|subject| (subject.kind, subject.id));
    deed(event.actor, &event.role, action, subjects, &event.reason, event.deed_time)
}

fn unknown(action: i32) -> Unreadable {
    format!("action {action} is none that we know")
}

fn deed(
    actor: String,
    role: &str,
    action: &'static str,
    subjects: impl Iterator<Item = (String, String)>,
    reason: &str,
    time: Option<Timestamp>,
) -> Result<Deed, Unreadable> {
    if actor.is_empty() {
        return Err("actor is missing".to_owned());
    }
    let time = time.and_then(grpc::instant).ok_or("deed_time is missing")?;
    let named = subjects.map(|(kind, id)| format!("{kind} {id}").trim_end().to_owned());
    let mut parts: Vec<String> = named.collect();
    parts.push(format!("as {role}"));
    if !reason.is_empty() {
        parts.push(format!("because {reason}"));
    }
    let subject = parts.join(" ").chars().filter(|one| !one.is_control()).take(CHARACTERS_MAX).collect();
    Ok(Deed { actor, action, subject, time })
}

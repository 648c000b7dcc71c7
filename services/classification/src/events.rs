//! Events emitted and consumed: subjects, and conversion between their types and ours.

use contracts::Event;
use contracts::approval::v1::{
    AnswerResumed, CaseDismissed, ClaimCorrected, ClarificationRevoked, ClarificationSigned, claim_corrected,
};
use contracts::classification::v1 as pb;
use contracts::ingest::v1::{MessageTranscribed, PictureRead, ReportReceived};
use contracts::publish::v1::{PublicationChanged, publication};
use ids::{AgencyId, ClaimId};
use messaging::Unreadable;
use messaging::outbox::Outgoing;
use signoff::content::Content;
use signoff::statement::Statement;
use time::OffsetDateTime;

use crate::again::Later;
use crate::basis::Basis;
use crate::correct::{Correction, Decision};
use crate::decide::{BEIJING, Decided, Received, day_of};
use crate::known::Published;
use crate::learn::Fact;
use crate::store::claims::Claim;
use crate::store::clarifications::{Page, Signed};
use crate::store::intents::IntentDecision;
use crate::store::moved::Moved;
use crate::store::pictures::{Picture, Transcript};
use crate::store::suspensions::Suspension;
use judgement::days::Days;
use judgement::intent::Intent;
use judgement::normalise::normalise;
use judgement::picture::Hash;
use judgement::reason::Reason;
use judgement::urgency::Signals;

/// The channel of the public page of a clarification.
const PAGE: &str = "page";

fn outgoing<E: Event>(event: &E, traceparent: Option<String>) -> Outgoing {
    Outgoing { subject: E::SUBJECT, payload: event.encode_to_vec(), traceparent }
}

/// One alarm for each message in which somebody may be in danger.
pub fn alarms(agency: AgencyId, batch: &[Received], decided: &[Decided]) -> Vec<Outgoing> {
    let calls = batch.iter().zip(decided).filter(|(_, decided)| decided.calls_for_help);
    calls
        .map(|(received, _)| {
            let event = pb::AlarmRaised {
                agency_id: agency.to_string(),
                report_id: received.report.to_string(),
                masked_text: received.masked_text.clone(),
                raised_time: Some(grpc::timestamp(received.received_time)),
            };
            outgoing(&event, received.traceparent.clone())
        })
        .collect()
}

/// A claim was opened.
pub fn opened(agency: AgencyId, claim: &Claim, signals: &Signals, traceparent: Option<String>) -> Outgoing {
    outgoing(
        &pb::ClaimOpened { agency_id: agency.to_string(), claim: Some(claim_message(claim, signals)) },
        traceparent,
    )
}

/// A claim's counts changed.
pub fn grew(agency: AgencyId, claim: &Claim, signals: &Signals) -> Outgoing {
    let event = pb::ClaimGrew {
        agency_id: agency.to_string(),
        state_revision: claim.state_revision,
        claim: Some(claim_message(claim, signals)),
    };
    outgoing(&event, telemetry::current_traceparent())
}

/// One per report: what it is and where it went.
pub fn assigned(agency: AgencyId, batch: &[Received], decided: &[Decided], revision: u64) -> Vec<Outgoing> {
    batch
        .iter()
        .zip(decided)
        .map(|(received, decided)| {
            let event = pb::ReportAssigned {
                agency_id: agency.to_string(),
                report_id: received.report.to_string(),
                intent: intent_message(decided.intent).into(),
                claim_id: decided.claim().map(|claim| claim.to_string()).unwrap_or_default(),
                answered_by_clarification_id: decided
                    .clarification()
                    .map(|clarification| clarification.to_string())
                    .unwrap_or_default(),
                reasons: decided.reasons.iter().map(reason_message).collect(),
                assignment_revision: revision,
                calls_for_help: decided.calls_for_help,
            };
            outgoing(&event, received.traceparent.clone())
        })
        .collect()
}

/// A report belongs to another claim now.
pub fn moved(agency: AgencyId, claim: ClaimId, report: &Moved) -> Outgoing {
    let event = pb::ReportAssigned {
        agency_id: agency.to_string(),
        report_id: report.report.to_string(),
        intent: intent_message(report.intent).into(),
        claim_id: claim.to_string(),
        answered_by_clarification_id: String::new(),
        reasons: report.reasons.iter().map(reason_message).collect(),
        assignment_revision: report.assignment_revision.unsigned_abs(),
        calls_for_help: report.calls_for_help,
    };
    outgoing(&event, telemetry::current_traceparent())
}

/// An automatic answer was switched off or on.
pub fn suspension_changed(agency: AgencyId, suspension: &Suspension) -> Outgoing {
    let event = pb::SuspensionChanged {
        agency_id: agency.to_string(),
        clarification_id: suspension.clarification.to_string(),
        state_revision: suspension.state_revision.unsigned_abs(),
        suspended: suspension.suspended,
        wrong_count: suspension.wrong.unsigned_abs(),
        answered_count: suspension.answered.unsigned_abs(),
        doubted: suspension.doubted,
    };
    outgoing(&event, telemetry::current_traceparent())
}

/// A person said what a message is.
pub fn corrected_message(agency: AgencyId, decision: &IntentDecision, now: OffsetDateTime) -> Outgoing {
    let event = pb::MessageCorrected {
        agency_id: agency.to_string(),
        report_id: decision.report.to_string(),
        previous_intent: intent_message(decision.previous).into(),
        intent: intent_message(decision.intent).into(),
        person_id: decision.person.to_string(),
        decide_time: Some(grpc::timestamp(now)),
    };
    outgoing(&event, telemetry::current_traceparent())
}

/// A claim for the wire, its spread scored by the agency's signals.
pub fn claim_message(claim: &Claim, signals: &Signals) -> pb::Claim {
    let of_spread = signals.of_spread(claim.spread);
    let reasons = claim.routing.iter().chain(&claim.urgency_of_words).chain(&of_spread);
    pb::Claim {
        claim_id: claim.claim.to_string(),
        sentence: claim.sentence.clone(),
        report_count: claim.spread.reports,
        reporter_count: claim.spread.reporters,
        place_count: claim.spread.places,
        first_time: Some(grpc::timestamp(claim.first_time)),
        last_time: Some(grpc::timestamp(claim.last_time)),
        departments: claim.departments.clone(),
        urgency: claim.urgency,
        order_hint: claim.order_hint,
        named_until_time: named_until(claim).map(grpc::timestamp),
        reasons: reasons.map(reason_message).collect(),
    }
}

/// The end of the last day that a claim's sentence names.
fn named_until(claim: &Claim) -> Option<OffsetDateTime> {
    let next_day = Days::of(&claim.sentence, claim.said_on).last()?.next_day()?;
    Some(next_day.midnight().assume_offset(BEIJING))
}

/// A reason for the wire.
pub fn reason_message(reason: &Reason) -> pb::Reason {
    pb::Reason { signal: reason.signal.clone(), detail: reason.detail.clone(), share: reason.share }
}

/// What a judgement rests on, for the wire.
pub fn basis_message(basis: &Basis) -> pb::Basis {
    use pb::basis::neighbour::Share;
    use pb::basis::{Neighbour, Range, Version};

    let neighbours = basis.neighbours.iter().map(|near| {
        let id = near.id.to_string();
        let (claim_id, clarification_id) =
            if near.is_claim { (id, String::new()) } else { (String::new(), id) };
        let shares = near.shares.iter().map(|(figure, detail, worth)| Share {
            figure: figure.clone(),
            detail: detail.clone(),
            worth: f64::from(*worth),
        });
        Neighbour {
            claim_id,
            clarification_id,
            text: near.text.clone(),
            score: f64::from(near.score),
            shares: shares.collect(),
        }
    });
    let versions = basis.versions.iter();
    pb::Basis {
        neighbours: neighbours.collect(),
        matched: basis.matched.iter().map(|&(start, end)| Range { start, end }).collect(),
        versions: versions
            .map(|(of, version)| Version { of: of.clone(), version: version.unsigned_abs() })
            .collect(),
        index_change: basis.index_change.unsigned_abs(),
    }
}

/// An intent for the wire.
pub const fn intent_message(intent: Intent) -> pb::Intent {
    match intent {
        Intent::Report => pb::Intent::Report,
        Intent::Question => pb::Intent::Question,
        Intent::Complaint => pb::Intent::Complaint,
        Intent::Help => pb::Intent::Help,
        Intent::Observation => pb::Intent::Observation,
        Intent::Other => pb::Intent::Other,
    }
}

/// Reads ingest.report.received.
///
/// # Errors
/// When a field is missing or no id where one must be.
pub fn received(agency: AgencyId, payload: &[u8]) -> Result<Received, Unreadable> {
    let event = decode::<ReportReceived>(agency, payload)?;
    let said_time = event.said_time.and_then(grpc::instant).ok_or_else(|| Unreadable("said_time".into()))?;
    let reporter = match event.reporter_id.as_str() {
        "" => None,
        reporter => Some(id("reporter_id", reporter)?),
    };
    let said = Received {
        report: id("report_id", &event.report_id)?,
        reporter,
        masked_text: storable(event.masked_text),
        said_time,
        // An event from before this was told is taken for just said.
        received_time: event.received_time.and_then(grpc::instant).unwrap_or(said_time),
        repeats_key: event.repeats_key,
        seen_at: storable(event.seen_at),
        channel: event.channel,
        traceparent: None,
    };
    Ok(said)
}

/// Reads what came to be known of a report besides its words.
///
/// # Errors
/// When a field is not what the subject promises, or the subject is not known.
pub fn later(agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Later, Unreadable> {
    match subject {
        PictureRead::SUBJECT => {
            let event = decode::<PictureRead>(agency, payload)?;
            let hash = match event.perceptual_hash.as_slice() {
                [] => None,
                hash => {
                    let hash = hash.try_into().map_err(|_| Unreadable("perceptual_hash".into()))?;
                    Some(Hash(u64::from_be_bytes(hash)))
                }
            };
            if !(0.0..=1.0).contains(&event.confidence) {
                return Err(Unreadable("confidence is out of range".into()));
            }
            let said = Later::Picture(Picture {
                report: id("report_id", &event.report_id)?,
                hash,
                file_key: Some(event.file_key).filter(|key| !key.is_empty()),
                masked_text: storable(event.masked_text),
                confidence: event.confidence,
                reader: storable(event.reader),
                unread_reason: storable(event.unread_reason),
            });
            Ok(said)
        }
        MessageTranscribed::SUBJECT => {
            let event = decode::<MessageTranscribed>(agency, payload)?;
            let said = Later::Transcript(Transcript {
                report: id("report_id", &event.report_id)?,
                revision: number("revision", event.revision)?,
                masked_text: storable(event.masked_text),
            });
            Ok(said)
        }
        other => Err(Unreadable(format!("subject {other} is not known here"))),
    }
}

/// Reads what approval decided.
///
/// # Errors
/// When a field is not what the subject promises, or the subject is not known.
pub fn decided_by_approval(agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Fact, Unreadable> {
    match subject {
        CaseDismissed::SUBJECT => {
            let event = decode::<CaseDismissed>(agency, payload)?;
            let said = match event.claim_id.as_str() {
                "" => Fact::Beside,
                claim => Fact::Dismissed(id("claim_id", claim)?),
            };
            Ok(said)
        }
        ClarificationSigned::SUBJECT => {
            let event = decode::<ClarificationSigned>(agency, payload)?;
            Ok(Fact::Signed(signed(&event)?))
        }
        ClarificationRevoked::SUBJECT => {
            let event = decode::<ClarificationRevoked>(agency, payload)?;
            Ok(Fact::Revoked(
                id("clarification_id", &event.clarification_id)?,
                number("revision", event.revision)?,
            ))
        }
        ClaimCorrected::SUBJECT => {
            let event = decode::<ClaimCorrected>(agency, payload)?;
            Ok(Fact::Corrected(corrected(event)?))
        }
        AnswerResumed::SUBJECT => {
            let event = decode::<AnswerResumed>(agency, payload)?;
            Ok(Fact::AnswerResumed(
                id("clarification_id", &event.clarification_id)?,
                number("suspension_revision", event.suspension_revision)?,
            ))
        }
        other => Err(Unreadable(format!("subject {other} is not known here"))),
    }
}

fn corrected(event: ClaimCorrected) -> Result<Correction, Unreadable> {
    use claim_corrected::Decision as Told;

    let time = event.decide_time.and_then(grpc::instant).ok_or_else(|| Unreadable("decide_time".into()))?;
    let decision = match event.decision {
        Some(Told::Merge(merge)) => Decision::Merge {
            claim: id("claim_id", &merge.claim_id)?,
            into: id("into_claim_id", &merge.into_claim_id)?,
        },
        Some(Told::Split(split)) => Decision::Split {
            claim: id("claim_id", &split.claim_id)?,
            new: id("new_claim_id", &split.new_claim_id)?,
            reports: split
                .report_ids
                .iter()
                .map(|report| id("report_ids", report))
                .collect::<Result<Vec<_>, _>>()?,
            sentence: storable(split.sentence),
        },
        Some(Told::Reroute(reroute)) => Decision::Reroute {
            claim: id("claim_id", &reroute.claim_id)?,
            departments: reroute.departments.into_iter().map(storable).collect(),
            person: match reroute.person_id.as_str() {
                "" => None,
                person => Some(id("person_id", person)?),
            },
        },
        None => return Err(Unreadable("decision is none that is known here".into())),
    };
    let correction = number("correction", event.correction)?;
    if correction == 0 {
        return Err(Unreadable("correction counts from 1".into()));
    }
    Ok(Correction { number: correction, time, decision })
}

fn signed(event: &ClarificationSigned) -> Result<Signed, Unreadable> {
    let content = Content::decode(&event.content).map_err(|error| Unreadable(format!("content: {error}")))?;
    let clarification = id("clarification_id", &event.clarification_id)?;
    if content.clarification != clarification || content.revision != event.revision {
        return Err(Unreadable("content is of another clarification than the event says".into()));
    }
    let claim = match event.claim_id.as_str() {
        "" => None,
        claim => Some(id("claim_id", claim)?),
    };
    if !content.answers(claim) {
        return Err(Unreadable("content was signed for other claims than the event says".into()));
    }
    let has_page = content.rendition(PAGE).is_some();
    let titled = [PAGE, "wechat"].into_iter().filter_map(|channel| content.rendition(channel));
    let title =
        titled.map(|rendition| rendition.title.as_str()).find(|title| !title.is_empty()).unwrap_or_default();
    Ok(Signed {
        clarification,
        revision: number("revision", event.revision)?,
        published: Published {
            claim,
            automatic_answer: content.automatic_answer,
            suspended: false,
            valid_until: content.valid_until,
            claim_sentence: normalise(&content.claim_sentence),
            title: normalise(title),
            // Read once it is known when the claim's words were said.
            days: Days::default(),
        },
        sentence_as_signed: storable(content.claim_sentence),
        signed_on: day_of(signed_time(event)?),
        kind: storable(content.kind),
        verdict: storable(content.verdict),
        // Whether askers wait for a page is what the signed forms say, and not what the level is called.
        response_level: match (has_page, content.response_level.as_str()) {
            (false, _) => "answer_only".to_owned(),
            (true, "answer_only") => "publish".to_owned(),
            (true, _) => storable(content.response_level),
        },
    })
}

/// When the last of its people signed.
fn signed_time(event: &ClarificationSigned) -> Result<OffsetDateTime, Unreadable> {
    let mut last = i64::MIN;
    for signed in &event.statements {
        let statement =
            Statement::decode(&signed.document).map_err(|error| Unreadable(format!("statement: {error}")))?;
        last = last.max(statement.signed_at_ms);
    }
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(last) * 1_000_000)
        .map_err(|error| Unreadable(format!("signed_at_ms: {error}")))
}

/// Reads publish.publication.changed; only public pages matter here.
///
/// # Errors
/// When a field is missing or no id where one must be.
pub fn publication_changed(agency: AgencyId, payload: &[u8]) -> Result<Fact, Unreadable> {
    let event = decode::<PublicationChanged>(agency, payload)?;
    let publication = event.publication.ok_or_else(|| Unreadable("publication is missing".into()))?;
    if publication.channel != PAGE {
        return Ok(Fact::Beside);
    }
    Ok(Fact::Page(Page {
        publication: id("publication_id", &publication.publication_id)?,
        clarification: id("clarification_id", &publication.clarification_id)?,
        revision: number("revision", publication.revision)?,
        is_public: publication.state() == publication::State::Confirmed,
        state_revision: number("state_revision", publication.state_revision)?,
    }))
}

fn decode<E: Event>(agency: AgencyId, payload: &[u8]) -> Result<E, Unreadable> {
    contracts::read(&agency.to_string(), payload)
        .map_err(|error| Unreadable(format!("{}: {error}", E::SUBJECT)))
}

fn id<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable(format!("{field} is not a UUID")))
}

fn number(field: &str, number: u64) -> Result<i64, Unreadable> {
    i64::try_from(number).map_err(|_| Unreadable(format!("{field} is out of range")))
}

/// A text as PostgreSQL can hold it: without NUL, which says nothing.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

//! Events that leave and events that arrive, in this service's own words.

use contracts::Event;
use contracts::approval::v1 as approval;
use contracts::classification::v1 as classification;
use contracts::ingest::v1 as ingest;
use contracts::publish::v1 as publish;
use ids::{AgencyId, CaseId, ClaimId, PublicationId, ReportId, ReporterId};
use messaging::Unreadable;
use messaging::outbox::Outgoing;
use prost::Message;
use signoff::bundle::{Bundle, Signature, Signed};
use signoff::malformed::Malformed;
use time::OffsetDateTime;
use wechat::message::MassSendJob;

use crate::domain::halt;
use crate::domain::intent::Intent;
use crate::domain::reply::Revision;
use crate::domain::report::Channel;
use crate::orders::Halted;
use crate::store::assignment::Assignment;
use crate::store::clarification::PageState;
use crate::store::report::NewReport;

/// The subjects that this service receives.
pub const REPORT_ASSIGNED: &str = classification::ReportAssigned::SUBJECT;
/// As above.
pub const CLARIFICATION_SIGNED: &str = approval::ClarificationSigned::SUBJECT;
/// As above.
pub const CLARIFICATION_REVOKED: &str = approval::ClarificationRevoked::SUBJECT;
/// As above.
pub const HALT_ORDERED: &str = approval::HaltOrdered::SUBJECT;
/// As above.
pub const HALT_LIFTED: &str = approval::HaltLifted::SUBJECT;
/// As above.
pub const PUBLICATION_CHANGED: &str = publish::PublicationChanged::SUBJECT;

/// A report became durable.
#[must_use]
pub fn report_received(
    agency: AgencyId,
    report: &NewReport,
    reporter: Option<ReporterId>,
    traceparent: Option<String>,
) -> Outgoing {
    let event = ingest::ReportReceived {
        agency_id: agency.to_string(),
        report_id: report.report_id.to_string(),
        reporter_id: reporter.map(|reporter| reporter.to_string()).unwrap_or_default(),
        channel: wire_channel(report.channel).into(),
        masked_text: report.masked_text.clone(),
        said_time: Some(grpc::timestamp(report.said_time)),
        seen_at: report.seen_at.clone(),
        received_time: Some(grpc::timestamp(report.received_time)),
        repeats_key: report.repeats_key,
    };
    Outgoing { subject: ingest::ReportReceived::SUBJECT, payload: event.encode_to_vec(), traceparent }
}

/// The subject of what was seen in a picture.
pub const PICTURE_READ: &str = ingest::PictureRead::SUBJECT;
/// The subject of what an officer wrote down.
pub const MESSAGE_TRANSCRIBED: &str = ingest::MessageTranscribed::SUBJECT;

/// What was seen in a picture, as it may leave this service.
#[derive(Clone, Debug)]
pub struct PictureSeen {
    /// Equal for equal files.
    pub file_key: [u8; 32],
    /// In alike pictures few bits differ; `None` for an even picture.
    pub hash: Option<[u8; 8]>,
    /// The words in it, masked.
    pub masked_text: String,
    /// How sure the reader is of them, 0 to 1.
    pub confidence: f64,
    /// What read them; empty where nothing did.
    pub reader: String,
    /// Why none were read; empty where they were.
    pub unread_reason: String,
}

/// A picture was looked at.
#[must_use]
pub fn picture_read(agency: AgencyId, report: ReportId, seen: &PictureSeen) -> ingest::PictureRead {
    ingest::PictureRead {
        agency_id: agency.to_string(),
        report_id: report.to_string(),
        perceptual_hash: seen.hash.map(Vec::from).unwrap_or_default(),
        masked_text: seen.masked_text.clone(),
        confidence: seen.confidence,
        reader: seen.reader.clone(),
        unread_reason: seen.unread_reason.clone(),
        file_key: seen.file_key.to_vec(),
    }
}

/// An officer wrote down what is said in a message.
#[must_use]
pub fn message_transcribed(
    agency: AgencyId,
    report: ReportId,
    revision: u64,
    masked_text: String,
) -> ingest::MessageTranscribed {
    ingest::MessageTranscribed {
        agency_id: agency.to_string(),
        report_id: report.to_string(),
        revision,
        masked_text,
    }
}

const fn wire_channel(channel: Channel) -> ingest::report::Channel {
    match channel {
        Channel::Wechat => ingest::report::Channel::Wechat,
        Channel::Microblog => ingest::report::Channel::Microblog,
        Channel::Hotline => ingest::report::Channel::Hotline,
        Channel::Partner => ingest::report::Channel::Partner,
    }
}

/// A mass job ended, as the platform told the callback.
#[must_use]
pub fn mass_job_finished(
    agency: AgencyId,
    account: &str,
    job: &MassSendJob,
    now: OffsetDateTime,
) -> ingest::PlatformNoticeReceived {
    ingest::PlatformNoticeReceived {
        agency_id: agency.to_string(),
        account: account.to_owned(),
        received_time: Some(grpc::timestamp(now)),
        notice: Some(ingest::platform_notice_received::Notice::MassJobFinished(
            ingest::platform_notice_received::MassJobFinished {
                msg_id: job.msg_id,
                status: job.status.as_text(),
                total_count: job.total_count.unwrap_or_default(),
                filter_count: job.filter_count.unwrap_or_default(),
                sent_count: job.sent_count.unwrap_or_default(),
                error_count: job.error_count.unwrap_or_default(),
                article_urls: job.article_urls.clone(),
            },
        )),
    }
}

/// A report was understood.
///
/// # Errors
/// When the bytes are not such an event.
pub fn report_assigned(agency: AgencyId, payload: &[u8]) -> Result<Assignment, Unreadable> {
    let event: classification::ReportAssigned = decode(agency, payload)?;
    let intent = match event.intent() {
        classification::Intent::Report => Intent::Report,
        classification::Intent::Question => Intent::Question,
        classification::Intent::Complaint => Intent::Complaint,
        classification::Intent::Help => Intent::Help,
        classification::Intent::Observation => Intent::Observation,
        // A newer intent than is known here is answered like anything else.
        classification::Intent::Other | classification::Intent::Unspecified => Intent::Other,
    };
    Ok(Assignment {
        report: id("report_id", &event.report_id)?,
        intent,
        claim: optional_id("claim_id", &event.claim_id)?,
        answered_by: optional_id("answered_by_clarification_id", &event.answered_by_clarification_id)?,
        // An older event says it by the intent alone.
        calls_for_help: event.calls_for_help || intent == Intent::Help,
        revision: i64::try_from(event.assignment_revision)
            .map_err(|_| Unreadable("assignment_revision is out of range".into()))?,
    })
}

/// A clarification that claims to be signed. Nothing of it is believed yet.
#[derive(Debug)]
pub struct Signing {
    /// The case.
    pub case: CaseId,
    /// Its claim.
    pub claim: Option<ClaimId>,
    /// The clarification and revision.
    pub revision: Revision,
    /// What is to be verified; an error where even that cannot be read.
    pub bundle: Result<Bundle, Malformed>,
}

/// What approval says.
#[derive(Debug)]
pub enum Approval {
    /// A clarification was signed.
    Signed(Box<Signing>),
    /// A clarification was revoked.
    Revoked {
        /// Up to and including this revision.
        revision: Revision,
        /// Why.
        reason: String,
        /// The order with the papers behind it; may be missing, or worth nothing.
        signed_order: Vec<u8>,
    },
    /// An officer stopped something that this service does.
    Halted(Halted),
    /// A lead's order, by which something goes on if it counts.
    Lifted(Vec<u8>),
    /// An officer stopped something that this service has no part in. An account's halt stops what publish
    /// writes there; only publish can lift it, so obeying it here would silence answers for good.
    HaltedElsewhere,
}

/// An event of approval.
///
/// # Errors
/// When the bytes are not such an event, or the subject is unknown.
pub fn approval(agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Approval, Unreadable> {
    match subject {
        CLARIFICATION_SIGNED => {
            let event: approval::ClarificationSigned = decode(agency, payload)?;
            let signing = Signing {
                case: id("case_id", &event.case_id)?,
                claim: optional_id("claim_id", &event.claim_id)?,
                revision: revision(&event.clarification_id, event.revision)?,
                bundle: bundle(&event),
            };
            Ok(Approval::Signed(Box::new(signing)))
        }
        CLARIFICATION_REVOKED => {
            let event: approval::ClarificationRevoked = decode(agency, payload)?;
            Ok(Approval::Revoked {
                revision: revision(&event.clarification_id, event.revision)?,
                reason: grpc::brief(&event.reason),
                signed_order: event.signed_order,
            })
        }
        HALT_LIFTED => {
            let event: approval::HaltLifted = decode(agency, payload)?;
            Ok(Approval::Lifted(event.signed_order))
        }
        HALT_ORDERED => {
            let event: approval::HaltOrdered = decode(agency, payload)?;
            halted(event)
        }
        _ => Err(Unreadable(format!("subject {subject} is not known here"))),
    }
}

fn halted(event: approval::HaltOrdered) -> Result<Approval, Unreadable> {
    use approval::halt_scope::Scope;
    let halt = id("halt_id", &event.halt_id)?;
    let scope =
        event.scope.and_then(|scope| scope.scope).ok_or_else(|| Unreadable("scope is missing".into()))?;
    let scope = match scope {
        Scope::ClarificationId(clarification) => {
            halt::Scope::Clarification(id("scope.clarification_id", &clarification)?)
        }
        Scope::AutomaticAnswers(_) => halt::Scope::AutomaticAnswers,
        Scope::Everything(_) => halt::Scope::Everything,
        Scope::Account(_) => return Ok(Approval::HaltedElsewhere),
    };
    Ok(Approval::Halted(Halted {
        halt,
        scope,
        reason: grpc::brief(&event.reason),
        person: grpc::brief(&event.person_id),
        order_time: event.order_time.and_then(grpc::instant),
        signed_order: event.signed_order,
    }))
}

fn bundle(event: &approval::ClarificationSigned) -> Result<Bundle, Malformed> {
    let signed = |signed: &approval::clarification_signed::Signed| -> Result<Signed, Malformed> {
        Ok(Signed {
            document: signed.document.clone(),
            signatures: signed
                .signatures
                .iter()
                .map(|signature| Signature::from_parts(&signature.key_id, &signature.signature))
                .collect::<Result<_, _>>()?,
        })
    };
    let policy = event.policy.clone().unwrap_or_default();
    Ok(Bundle {
        content: event.content.clone(),
        statements: event.statements.iter().map(signed).collect::<Result<_, _>>()?,
        enrolments: event.enrolments.iter().map(signed).collect::<Result<_, _>>()?,
        policy: signed(&policy)?,
    })
}

/// A public page changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageChanged {
    /// The publication.
    pub publication: PublicationId,
    /// Of which revision.
    pub revision: Revision,
    /// How it stands.
    pub state: PageState,
    /// The newer wins.
    pub state_revision: u64,
}

/// A publication changed; `None` where it is not a page, which is all that answers depend on.
///
/// # Errors
/// When the bytes are not such an event.
pub fn publication_changed(agency: AgencyId, payload: &[u8]) -> Result<Option<PageChanged>, Unreadable> {
    use publish::publication::State;
    let event: publish::PublicationChanged = decode(agency, payload)?;
    let publication = event.publication.ok_or_else(|| Unreadable("publication is missing".into()))?;
    if publication.channel != "page" {
        return Ok(None);
    }
    let state = match publication.state() {
        State::Confirmed => PageState::Confirmed,
        State::Withdrawn => PageState::Withdrawn,
        State::Unspecified
        | State::Planned
        | State::Sending
        | State::Uncertain
        | State::Accepted
        | State::Failed
        | State::Halted
        | State::Refused
        | State::NeedsPerson => PageState::NotYet,
    };
    let changed = PageChanged {
        publication: id("publication_id", &publication.publication_id)?,
        revision: revision(&publication.clarification_id, publication.revision)?,
        state,
        state_revision: bounded("state_revision", publication.state_revision)?,
    };
    Ok(Some(changed))
}

fn decode<E: Event>(agency: AgencyId, payload: &[u8]) -> Result<E, Unreadable> {
    contracts::read(&agency.to_string(), payload).map_err(|error| Unreadable(error.to_string()))
}

fn id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable(format!("{field} is not a UUID")))
}

fn optional_id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}

fn revision(clarification: &str, revision: u64) -> Result<Revision, Unreadable> {
    Ok(Revision {
        clarification: id("clarification_id", clarification)?,
        revision: bounded("revision", revision)?,
    })
}

/// A count that the database can hold.
fn bounded(field: &'static str, count: u64) -> Result<u64, Unreadable> {
    i64::try_from(count).map_err(|_| Unreadable(format!("{field} is out of range")))?;
    Ok(count)
}

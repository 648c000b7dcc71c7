//! The subject of every event, in one table: `<service>.<entity>.<past participle>.v<major>`.

/// An event: what is on the bus under its one subject.
pub trait Event: prost::Message + Default {
    /// The subject that it is published under, and its CloudEvents type.
    const SUBJECT: &'static str;

    /// The agency that it belongs to, as a UUID.
    fn agency_id(&self) -> &str;
}

/// Why an event cannot be believed; no word of its content.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// The bytes are no such message.
    #[error("not the message that the subject promises: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// It speaks for another agency than the one in whose name it came: forged, or a fault of its sender.
    #[error("the event is another agency's than its envelope says")]
    OtherAgency,
}

/// Reads an event that came in `agency`'s name, a UUID.
///
/// # Errors
/// When the bytes are no such message, or it is another agency's.
pub fn read<E: Event>(agency: &str, payload: &[u8]) -> Result<E, NotRead> {
    let event = E::decode(payload)?;
    if event.agency_id().eq_ignore_ascii_case(agency) { Ok(event) } else { Err(NotRead::OtherAgency) }
}

macro_rules! events {
    ($($event:path => $subject:literal),+ $(,)?) => {
        $(impl Event for $event {
            const SUBJECT: &'static str = $subject;

            fn agency_id(&self) -> &str {
                &self.agency_id
            }
        })+

        /// Every subject that is published today.
        pub const SUBJECTS: &[&str] = &[$($subject),+];
    };
}

events! {
    crate::ingest::v1::ReportReceived => "ingest.report.received.v1",
    crate::ingest::v1::PlatformNoticeReceived => "ingest.platform_notice.received.v1",
    crate::ingest::v1::PictureRead => "ingest.picture.read.v1",
    crate::ingest::v1::MessageTranscribed => "ingest.message.transcribed.v1",
    crate::ingest::v1::DeedDone => "ingest.deed.done.v1",
    crate::classification::v1::ReportAssigned => "classification.report.assigned.v1",
    crate::classification::v1::ClaimOpened => "classification.claim.opened.v1",
    crate::classification::v1::ClaimGrew => "classification.claim.grew.v1",
    crate::classification::v1::AlarmRaised => "classification.alarm.raised.v1",
    crate::classification::v1::SuspensionChanged => "classification.suspension.changed.v1",
    crate::classification::v1::MessageCorrected => "classification.message.corrected.v1",
    crate::classification::v1::DeedDone => "classification.deed.done.v1",
    crate::approval::v1::CaseDismissed => "approval.case.dismissed.v1",
    crate::approval::v1::ClaimCorrected => "approval.claim.corrected.v1",
    crate::approval::v1::AnswerResumed => "approval.answer.resumed.v1",
    crate::approval::v1::ClarificationSigned => "approval.clarification.signed.v1",
    crate::approval::v1::ClarificationRevoked => "approval.clarification.revoked.v1",
    crate::approval::v1::HaltOrdered => "approval.halt.ordered.v1",
    crate::approval::v1::HaltLifted => "approval.halt.lifted.v1",
    crate::publish::v1::PublicationChanged => "publish.publication.changed.v1",
    crate::publish::v1::DeedDone => "publish.deed.done.v1",
}

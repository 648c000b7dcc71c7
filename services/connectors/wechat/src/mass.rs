//! Mass sending (群发): the message, its idempotency key, and what the
//! platform's answer to it can mean.
//!
//! The platform only ever *accepts* a job here. Whether it went out comes
//! later, as MASSSENDJOBFINISH or from `mass_get`.

use serde_json::{Value, json};
use thiserror::Error;

use crate::codes::{self, Class, Sent};
use crate::error::{CallError, UnknownCause, Wait};
use crate::wire::Answer;

/// The documented limit is 32 bytes; a UUID with dashes is too long (45067).
const CLIENT_MSG_ID_BYTES_MAX: usize = 32;

/// The idempotency key of a mass send: the platform takes one per account
/// and 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMsgId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a client message id has 1 to {CLIENT_MSG_ID_BYTES_MAX} ASCII letters, digits, dashes or underscores"
)]
pub struct InvalidClientMsgId;

/// One mass send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassMessage {
    pub audience: Audience,
    pub content: MassContent,
    pub client_msg_id: ClientMsgId,
    /// Goes on if the platform judges the article a permitted reprint;
    /// otherwise the job stops there.
    pub go_on_if_reprint: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Everyone,
    /// The followers with this tag.
    Tag(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MassContent {
    /// A draft, from `draft_add`; accepting the job uses it up.
    Article {
        media_id: String,
    },
    Text {
        content: String,
    },
}

/// Everything that `sendall` can come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendAllOutcome {
    /// The job is accepted; no more than that.
    Accepted { msg_id: i64, msg_data_id: Option<i64> },
    /// 45065: an earlier attempt under this key was accepted.
    AcceptedBefore { msg_id: Option<i64> },
    /// 45066: the key was used less than 60 seconds ago; whether that attempt
    /// was accepted is open. The identical request may be repeated after that.
    TooSoon,
    /// 89504, 89505: the job may go out within 30 minutes. Not to be repeated.
    PendingAdministrator { code: i64 },
    /// 45028: not sent by this attempt; but an earlier attempt whose outcome
    /// is unknown may have used the quota up.
    QuotaUsedUp,
    /// 40007: not sent by this attempt; but an earlier attempt whose outcome
    /// is unknown may have used the draft up.
    MediaGone,
    /// Certainly not sent; the same would be refused again.
    Refused { code: i64, message: String },
    /// Certainly not sent; later may do.
    NotNow { code: Option<i64>, message: String, wait: Wait },
    /// Certainly not sent; a person must mend secret, addresses or rights.
    Credentials { code: i64, message: String },
    /// May have been sent. The identical request, under the same key, may be
    /// repeated after 60 seconds and within 24 hours.
    Unknown { cause: UnknownCause },
}

/// The state of an accepted job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MassState {
    Sending,
    Success,
    /// Not, or not completely, sent.
    Failed,
    /// Was sent, and deleted later.
    Deleted,
    Unknown(String),
}

impl ClientMsgId {
    /// # Errors
    /// If the platform would refuse the id, or cut it.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidClientMsgId> {
        let id = id.into();
        let fits = (1..=CLIENT_MSG_ID_BYTES_MAX).contains(&id.len());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if fits && id.bytes().all(allowed) { Ok(Self(id)) } else { Err(InvalidClientMsgId) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MassMessage {
    /// The request body. `is_to_all` is always written: its absence has been
    /// read as "everyone".
    pub(crate) fn to_json(&self) -> Value {
        let filter = match self.audience {
            Audience::Everyone => json!({ "is_to_all": true }),
            Audience::Tag(tag_id) => json!({ "is_to_all": false, "tag_id": tag_id }),
        };
        let (kind, branch) = match &self.content {
            MassContent::Article { media_id } => ("mpnews", json!({ "media_id": media_id })),
            MassContent::Text { content } => ("text", json!({ "content": content })),
        };
        json!({
            "filter": filter,
            kind: branch,
            "msgtype": kind,
            "send_ignore_reprint": i32::from(self.go_on_if_reprint),
            "clientmsgid": self.client_msg_id.as_str(),
        })
    }
}

impl MassState {
    pub(crate) fn of(text: &str) -> Self {
        match text.to_uppercase().as_str() {
            "SENDING" => Self::Sending,
            "SEND_SUCCESS" => Self::Success,
            "SEND_FAIL" => Self::Failed,
            "DELETE" => Self::Deleted,
            _ => Self::Unknown(text.to_owned()),
        }
    }
}

impl From<CallError> for SendAllOutcome {
    /// For failures before or below an answer of the platform.
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused { code, message } => Self::Refused { code, message },
            CallError::NotNow { code, message, wait } => Self::NotNow { code, message, wait },
            CallError::Credentials { code, message } => Self::Credentials { code, message },
            CallError::Unknown { cause } => Self::Unknown { cause },
        }
    }
}

impl From<Answer> for SendAllOutcome {
    fn from(answer: Answer) -> Self {
        match answer.code {
            0 => {
                return match answer.integer("msg_id") {
                    Some(msg_id) => Self::Accepted { msg_id, msg_data_id: answer.integer("msg_data_id") },
                    None => Self::Unknown { cause: UnknownCause::Unreadable("no msg_id".to_owned()) },
                };
            }
            40007 => return Self::MediaGone,
            45028 => return Self::QuotaUsedUp,
            45066 => return Self::TooSoon,
            _ => {}
        }
        let code = answer.code;
        let Some(entry) = codes::of(code) else {
            return Self::Unknown { cause: UnknownCause::UnlistedCode { code, message: answer.message } };
        };
        match entry.sent {
            Sent::Yes => Self::AcceptedBefore { msg_id: answer.integer("msg_id") },
            Sent::MayStillGoOut => Self::PendingAdministrator { code },
            Sent::Possible | Sent::PossibleIfUnresolved => {
                Self::Unknown { cause: UnknownCause::PlatformBusy { code, message: answer.message } }
            }
            Sent::No => match entry.class {
                Class::Refused => Self::Refused { code, message: answer.message },
                Class::NotNow(wait) => Self::NotNow { code: Some(code), message: answer.message, wait },
                // A stale token reaches this only after it was renewed once.
                Class::Credentials | Class::StaleToken => Self::Credentials { code, message: answer.message },
                Class::Unknown => {
                    Self::Unknown { cause: UnknownCause::PlatformBusy { code, message: answer.message } }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        Audience, ClientMsgId, InvalidClientMsgId, MassContent, MassMessage, MassState, SendAllOutcome,
    };
    use crate::codes::{self, Class, Sent};
    use crate::error::UnknownCause;
    use crate::wire::Answer;

    fn outcome(body: serde_json::Value) -> SendAllOutcome {
        SendAllOutcome::from(Answer::of(body).unwrap())
    }

    #[test]
    fn every_listed_code_comes_to_what_its_sent_column_says() {
        for entry in codes::TABLE {
            let outcome = outcome(json!({ "errcode": entry.code, "errmsg": "x", "msg_id": 7 }));
            let right = match (entry.sent, entry.code) {
                (Sent::Yes, _) => outcome == SendAllOutcome::AcceptedBefore { msg_id: Some(7) },
                (Sent::MayStillGoOut, code) => outcome == SendAllOutcome::PendingAdministrator { code },
                (Sent::PossibleIfUnresolved, 40007) => outcome == SendAllOutcome::MediaGone,
                (Sent::PossibleIfUnresolved, _) => outcome == SendAllOutcome::QuotaUsedUp,
                (Sent::Possible, 45066) => outcome == SendAllOutcome::TooSoon,
                (Sent::Possible, _) => matches!(outcome, SendAllOutcome::Unknown { .. }),
                (Sent::No, code) => match entry.class {
                    Class::Refused => outcome == SendAllOutcome::Refused { code, message: "x".into() },
                    Class::NotNow(wait) => {
                        outcome == SendAllOutcome::NotNow { code: Some(code), message: "x".into(), wait }
                    }
                    Class::Credentials | Class::StaleToken => {
                        outcome == SendAllOutcome::Credentials { code, message: "x".into() }
                    }
                    Class::Unknown => false,
                },
            };
            assert!(right, "{entry:?} came to {outcome:?}");
        }
    }

    #[test]
    fn acceptance_needs_a_job_id_which_may_be_large_or_a_string() {
        assert_eq!(
            outcome(
                json!({ "errcode": 0, "errmsg": "ok", "msg_id": 3147494276_i64, "msg_data_id": "2454358828" })
            ),
            SendAllOutcome::Accepted { msg_id: 3_147_494_276, msg_data_id: Some(2_454_358_828) }
        );
        assert_eq!(
            outcome(json!({ "msg_id": "34182" })),
            SendAllOutcome::Accepted { msg_id: 34182, msg_data_id: None }
        );
        assert!(matches!(outcome(json!({ "errcode": 0 })), SendAllOutcome::Unknown { .. }));
    }

    #[test]
    fn an_unlisted_code_proves_nothing() {
        assert_eq!(
            outcome(json!({ "errcode": 12345, "errmsg": "x" })),
            SendAllOutcome::Unknown {
                cause: UnknownCause::UnlistedCode { code: 12345, message: "x".into() }
            }
        );
    }

    #[test]
    fn the_audience_is_always_explicit() {
        let message = |audience| MassMessage {
            audience,
            content: MassContent::Article { media_id: "M".into() },
            client_msg_id: ClientMsgId::new("9f86d081884c7d659a2feaa0c55ad015").unwrap(),
            go_on_if_reprint: false,
        };
        assert_eq!(
            message(Audience::Everyone).to_json(),
            json!({
                "filter": { "is_to_all": true }, "mpnews": { "media_id": "M" }, "msgtype": "mpnews",
                "send_ignore_reprint": 0, "clientmsgid": "9f86d081884c7d659a2feaa0c55ad015",
            })
        );
        assert_eq!(
            message(Audience::Tag(102)).to_json()["filter"],
            json!({ "is_to_all": false, "tag_id": 102 })
        );
    }

    #[test]
    fn client_message_ids_are_short_and_plain() {
        assert!(ClientMsgId::new("a".repeat(32)).is_ok());
        for id in [String::new(), "a".repeat(33), "澄清".into(), "a b".into()] {
            assert_eq!(ClientMsgId::new(id), Err(InvalidClientMsgId));
        }
    }

    #[test]
    fn job_states_are_read() {
        assert_eq!(MassState::of("SEND_SUCCESS"), MassState::Success);
        assert_eq!(MassState::of("SENDING"), MassState::Sending);
        assert_eq!(MassState::of("SEND_FAIL"), MassState::Failed);
        assert_eq!(MassState::of("DELETE"), MassState::Deleted);
        assert_eq!(MassState::of("NEW"), MassState::Unknown("NEW".into()));
    }
}

//! What the outcome of a call can be when it is not success. The
//! distinction that matters is whether the call may have taken effect.
//!
//! Neither `Display` nor `Debug` ever holds an address with its token, a
//! secret or a request body. `message` is the platform's own text: for
//! people, never to be parsed.

use thiserror::Error;

use crate::codes::{self, Class};

/// Why a call gave no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// Certainly not done; the same call would be refused again.
    #[error("the platform refused the call (code {code})")]
    Refused { code: i64, message: String },
    /// Certainly not done; the same call may succeed later.
    #[error("the platform cannot take the call now{}", in_brackets(*.code))]
    NotNow { code: Option<i64>, message: String, wait: Wait },
    /// Certainly not done; a person must mend the secret, the address list or
    /// the account's permissions first.
    #[error("the platform does not accept our credentials or rights (code {code})")]
    Credentials { code: i64, message: String },
    /// May have been done.
    #[error("it is not known whether the platform did it: {cause}")]
    Unknown { cause: UnknownCause },
}

/// How long a refusal for now lasts at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Moments,
    Minutes,
    /// A daily counter: it starts anew at midnight, Beijing time.
    NextDay,
}

/// Why an outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnknownCause {
    #[error("no answer within the deadline")]
    Deadline,
    #[error("the connection failed after the request may have been sent ({0})")]
    Connection(String),
    #[error("HTTP status {0}")]
    HttpStatus(u16),
    #[error("the answer cannot be read ({0})")]
    Unreadable(String),
    #[error("the platform says it is busy (code {code})")]
    PlatformBusy { code: i64, message: String },
    #[error("the platform answers with code {code}, which is in no list")]
    UnlistedCode { code: i64, message: String },
}

impl CallError {
    /// The platform's code, if it gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } | Self::Credentials { code, .. } => Some(*code),
            Self::NotNow { code, .. } => *code,
            Self::Unknown { cause } => match cause {
                UnknownCause::PlatformBusy { code, .. } | UnknownCause::UnlistedCode { code, .. } => {
                    Some(*code)
                }
                UnknownCause::Deadline
                | UnknownCause::Connection(_)
                | UnknownCause::HttpStatus(_)
                | UnknownCause::Unreadable(_) => None,
            },
        }
    }

    /// The platform's own text, if it gave one.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Refused { message, .. }
            | Self::NotNow { message, .. }
            | Self::Credentials { message, .. } => Some(message),
            Self::Unknown { cause } => match cause {
                UnknownCause::PlatformBusy { message, .. } | UnknownCause::UnlistedCode { message, .. } => {
                    Some(message)
                }
                UnknownCause::Deadline
                | UnknownCause::Connection(_)
                | UnknownCause::HttpStatus(_)
                | UnknownCause::Unreadable(_) => None,
            },
        }
    }

    /// A short name of the kind, for metrics and rows.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::NotNow { .. } => "not_now",
            Self::Credentials { .. } => "credentials",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Says whether a customer-service message was refused because this
    /// person cannot be reached by one: the 48 hours are over, the five
    /// messages used up, the account unfollowed or blocked.
    pub fn recipient_unreachable(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if codes::of(*code).is_some_and(|entry| entry.recipient))
    }

    /// Classifies a code other than 0 that came as the answer to a call.
    pub(crate) fn of_code(code: i64, message: String) -> Self {
        let Some(entry) = codes::of(code) else {
            return Self::Unknown { cause: UnknownCause::UnlistedCode { code, message } };
        };
        match entry.class {
            Class::Refused => Self::Refused { code, message },
            Class::NotNow(wait) => Self::NotNow { code: Some(code), message, wait },
            // A stale token reaches this only after it was renewed once.
            Class::Credentials | Class::StaleToken => Self::Credentials { code, message },
            Class::Unknown => Self::Unknown { cause: UnknownCause::PlatformBusy { code, message } },
        }
    }
}

fn in_brackets(code: Option<i64>) -> String {
    code.map(|code| format!(" (code {code})")).unwrap_or_default()
}

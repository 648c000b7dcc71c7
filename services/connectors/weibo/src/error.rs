//! What the outcome of a call can be when it is not success. The
//! distinction that matters is whether something may have been published.
//!
//! Neither `Display` nor `Debug` ever holds an address, a token or a request
//! body. `message` is the platform's own text: for people, never to be
//! parsed.

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
    /// Certainly not done; a person must authorise anew, unlock the account
    /// or edit the text.
    #[error("the platform wants a person to act (code {code})")]
    NeedsPerson { code: i64, message: String },
    /// The platform has this text already: perhaps from our own attempt.
    #[error("the platform has the same text already (code {code})")]
    Duplicate { code: i64, message: String },
    /// May have been done. For a read it only means: no answer.
    #[error("it is not known whether the platform did it: {cause}")]
    Ambiguous { cause: AmbiguousCause },
}

/// How long a refusal for now lasts at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Minutes,
    /// An hourly or daily counter is used up; `rate_limit_status` says when
    /// it starts anew.
    Quota,
}

/// Why an outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AmbiguousCause {
    #[error("no answer within the deadline")]
    Deadline,
    #[error("the connection failed after the request may have been sent ({0})")]
    Connection(String),
    #[error("HTTP status {0}")]
    HttpStatus(u16),
    #[error("the answer cannot be read ({0})")]
    Unreadable(String),
    #[error("the platform reports a failure of its own (code {code})")]
    PlatformFailure { code: i64, message: String },
    #[error("the platform answers with code {code}, which is in no list")]
    UnlistedCode { code: i64, message: String },
}

impl CallError {
    /// The platform's code, if it gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } | Self::NeedsPerson { code, .. } | Self::Duplicate { code, .. } => {
                Some(*code)
            }
            Self::NotNow { code, .. } => *code,
            Self::Ambiguous { cause } => cause.code(),
        }
    }

    /// A short name of the kind, for metrics and rows.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::NotNow { .. } => "not_now",
            Self::NeedsPerson { .. } => "needs_person",
            Self::Duplicate { .. } => "duplicate",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }

    /// Classifies an error code that came as the answer to a call.
    /// `through_gateway`: the answer had an HTTP status of 500 or more, so it
    /// may come from before, or after, whoever did the work.
    pub(crate) fn of_code(code: i64, message: String, through_gateway: bool) -> Self {
        let Some(entry) = codes::of(code) else {
            return Self::Ambiguous { cause: AmbiguousCause::UnlistedCode { code, message } };
        };
        match entry.class {
            Class::Refused => Self::Refused { code, message },
            Class::NotNow(wait) if !through_gateway => Self::NotNow { code: Some(code), message, wait },
            Class::NeedsPerson => Self::NeedsPerson { code, message },
            Class::Duplicate => Self::Duplicate { code, message },
            Class::NotNow(_) | Class::Ambiguous | Class::PublishedLate => {
                Self::Ambiguous { cause: AmbiguousCause::PlatformFailure { code, message } }
            }
        }
    }
}

impl AmbiguousCause {
    /// The platform's code, if it gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::PlatformFailure { code, .. } | Self::UnlistedCode { code, .. } => Some(*code),
            Self::Deadline | Self::Connection(_) | Self::HttpStatus(_) | Self::Unreadable(_) => None,
        }
    }
}

fn in_brackets(code: Option<i64>) -> String {
    code.map(|code| format!(" (code {code})")).unwrap_or_default()
}

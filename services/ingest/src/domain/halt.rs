//! What a halt of answers stops, and whose word it is.

use std::fmt;

use ids::ClarificationId;
use signoff::order::OrderScope;

/// What stops, or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The answers of one clarification.
    Clarification(ClarificationId),
    /// All automatic answers.
    AutomaticAnswers,
    /// Everything, of which automatic answers are this service's part.
    Everything,
}

impl Scope {
    /// Its name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clarification(_) => "clarification",
            Self::AutomaticAnswers => "automatic_answers",
            Self::Everything => "everything",
        }
    }

    /// The clarification, if that is what stops.
    #[must_use]
    pub const fn clarification(self) -> Option<ClarificationId> {
        match self {
            Self::Clarification(clarification) => Some(clarification),
            Self::AutomaticAnswers | Self::Everything => None,
        }
    }

    /// What an order names, as far as this service has a part in it: an account is publish's alone.
    #[must_use]
    pub const fn of(ordered: &OrderScope) -> Option<Self> {
        match ordered {
            OrderScope::Clarification(clarification) => Some(Self::Clarification(*clarification)),
            OrderScope::AutomaticAnswers => Some(Self::AutomaticAnswers),
            OrderScope::Everything => Some(Self::Everything),
            OrderScope::Account(_) => None,
        }
    }
}

/// Its name with what it is about; no two scopes share one.
impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clarification(clarification) => write!(formatter, "clarification {clarification}"),
            Self::AutomaticAnswers | Self::Everything => formatter.write_str(self.as_str()),
        }
    }
}

/// Whether a halt's officer has signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Told directly by somebody signed in; approval's order has not arrived.
    Told,
    /// With the order, as it travels.
    Signed(Vec<u8>),
    /// The order is missing or does not count: why, for an officer. It stops all the same.
    Unsigned(String),
}

impl Signing {
    /// Its name in rows.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Signed(_) => "signed",
            Self::Unsigned(_) => "unsigned",
        }
    }
}

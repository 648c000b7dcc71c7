//! What a halt stops.

use ids::ClarificationId;
use signoff::order::OrderScope;

/// What a halt stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HaltScope {
    /// One clarification, everywhere.
    Clarification(ClarificationId),
    /// One channel account, by slug.
    Account(String),
    /// All automatic answers.
    AutomaticAnswers,
    /// Everything.
    Everything,
}

impl HaltScope {
    /// The scope's word and what it is about, for rows and the audit trail.
    #[must_use]
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Clarification(clarification) => ("clarification", clarification.to_string()),
            Self::Account(account) => ("account", account.clone()),
            Self::AutomaticAnswers => ("automatic_answers", String::new()),
            Self::Everything => ("everything", String::new()),
        }
    }

    /// The scope that `parts` names.
    #[must_use]
    pub fn of_parts(scope: &str, target: &str) -> Option<Self> {
        match scope {
            "clarification" => target.parse().ok().map(Self::Clarification),
            "account" => Some(Self::Account(target.to_owned())),
            "automatic_answers" => Some(Self::AutomaticAnswers),
            "everything" => Some(Self::Everything),
            _ => None,
        }
    }

    /// The same, as an order says it.
    #[must_use]
    pub fn signed(&self) -> OrderScope {
        match self {
            Self::Clarification(clarification) => OrderScope::Clarification(*clarification),
            Self::Account(account) => OrderScope::Account(account.clone()),
            Self::AutomaticAnswers => OrderScope::AutomaticAnswers,
            Self::Everything => OrderScope::Everything,
        }
    }
}

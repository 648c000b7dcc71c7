//! What a halt stops.

use ids::ClarificationId;

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
}

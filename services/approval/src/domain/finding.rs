//! A question to a department, and its answer.

use ids::{CaseId, FindingId};
use time::{Duration, OffsetDateTime};

use super::draft::Verdict;

/// A question to a department, and its answer once there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The finding.
    pub finding: FindingId,
    /// Its case.
    pub case: CaseId,
    /// Who was asked.
    pub department: String,
    /// What was asked.
    pub question: String,
    /// When it was asked.
    pub ask_time: OffsetDateTime,
    /// When the answer is due.
    pub due_time: OffsetDateTime,
    /// The answer.
    pub answer: Option<FindingAnswer>,
}

/// What a department found. Never without evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingAnswer {
    /// What was found.
    pub verdict: Verdict,
    /// The facts.
    pub facts: String,
    /// What they rest on.
    pub evidence: String,
    /// Who answered, as the department names them.
    pub answered_by: String,
    /// When.
    pub answer_time: OffsetDateTime,
}

impl FindingAnswer {
    /// True where something that points at a person was taken out of it when it came in.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        masking::is_masked(&self.facts) || masking::is_masked(&self.evidence)
    }
}

/// The shortest and the longest time that a department or an officer may be given.
pub const DUE_IN: std::ops::RangeInclusive<Duration> = Duration::minutes(1)..=Duration::days(30);

/// Characters of a department's facts and of its evidence.
pub const ANSWER_CHARACTERS_MAX: usize = 4_000;

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
    /// The department's own link to it.
    pub link: Link,
}

/// A department's own link to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How often one was issued; 0 for a link from before there were codes.
    pub number: i32,
    /// A MAC of the code that it asks for; `None` for a link from before there were codes.
    pub code_mac: Option<[u8; 32]>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

/// How far a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It opens its question.
    Open,
    /// It was answered: it says so, and shows nothing.
    Answered,
    /// It opens nothing any more.
    Ended,
}

impl Finding {
    /// When the link ends, unless something ends it before.
    #[must_use]
    pub fn link_end(&self) -> OffsetDateTime {
        self.due_time + GRACE
    }

    /// How far the link is, of a case that is or is not closed.
    #[must_use]
    pub fn link_state(&self, case_closed: bool, now: OffsetDateTime) -> LinkState {
        if self.answer.is_some() {
            LinkState::Answered
        } else if self.link.withdrawn || case_closed || now > self.link_end() {
            LinkState::Ended
        } else {
            LinkState::Open
        }
    }
}

/// A department that is a little late is still heard.
pub const GRACE: Duration = Duration::hours(1);

/// Wrong codes after which a link is withdrawn: whoever has it was not told the code.
pub const CODE_FAILURES_MAX: i32 = 5;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_ends_an_hour_after_its_deadline_with_its_case_when_withdrawn_and_when_answered() {
        let due = OffsetDateTime::UNIX_EPOCH + Duration::hours(1);
        let link = Link { number: 1, code_mac: Some([0; 32]), withdrawn: false };
        let asked = Finding {
            finding: FindingId::mint(),
            case: CaseId::mint(),
            department: "县应急管理局".into(),
            question: "是否属实？".into(),
            ask_time: OffsetDateTime::UNIX_EPOCH,
            due_time: due,
            answer: None,
            link,
        };
        assert_eq!(asked.link_state(false, due + GRACE), LinkState::Open);
        assert_eq!(asked.link_state(false, due + GRACE + Duration::SECOND), LinkState::Ended);
        assert_eq!(asked.link_state(true, due), LinkState::Ended);
        let withdrawn = Finding { link: Link { withdrawn: true, ..asked.link.clone() }, ..asked.clone() };
        assert_eq!(withdrawn.link_state(false, due), LinkState::Ended);
        let answer = FindingAnswer {
            verdict: Verdict::False,
            facts: "无".into(),
            evidence: "函".into(),
            answered_by: "值班科长".into(),
            answer_time: due,
        };
        let answered = Finding { answer: Some(answer), ..withdrawn };
        assert_eq!(answered.link_state(true, due + Duration::days(9)), LinkState::Answered);
    }
}

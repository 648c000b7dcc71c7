//! A department's question and answer.

use contracts::approval::v1::{Finding, Verdict};
use time::OffsetDateTime;

use crate::language::Language;
use crate::show::{self, Due};
use crate::wording::{self, Worded};

/// A finding, asked for or given.
pub(crate) struct FindingView {
    pub id: String,
    pub department: String,
    pub question: String,
    pub asked: String,
    pub deadline: String,
    pub due: Option<Due>,
    pub answer: Option<AnswerView>,
}

/// A given finding.
pub(crate) struct AnswerView {
    pub verdict: Worded,
    pub facts: String,
    pub evidence: String,
    pub answered_by: String,
    pub answered: String,
    /// True where something that points at a person was taken out.
    pub masked: bool,
}

impl FindingView {
    pub(crate) fn of(finding: Finding, now: OffsetDateTime, language: Language) -> Self {
        let words = language.words();
        let verdict = finding.verdict();
        let given = finding.answer_time.is_some() || verdict != Verdict::Unspecified;
        let answer = given.then(|| AnswerView {
            verdict: wording::verdict(verdict, words),
            facts: finding.facts,
            evidence: finding.evidence,
            answered_by: finding.answered_by,
            answered: show::minute(finding.answer_time.as_ref(), language),
            masked: finding.personal_data_removed,
        });
        Self {
            due: if answer.is_some() { None } else { show::due(finding.due_time.as_ref(), now, words) },
            asked: show::minute(finding.ask_time.as_ref(), language),
            deadline: show::minute(finding.due_time.as_ref(), language),
            id: finding.finding_id,
            department: finding.department,
            question: finding.question,
            answer,
        }
    }
}

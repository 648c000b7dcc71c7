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
    /// Why its link opens nothing any more; empty while it does, and once it is answered.
    pub link_ended: &'static str,
    /// Until when it does, unless something ends it before.
    pub link_end: String,
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
        let expired = show::instant(finding.link_end_time.as_ref()).is_some_and(|end| end < now);
        Self {
            link_ended: match (answer.is_some(), finding.link_withdrawn, expired) {
                (true, ..) | (false, false, false) => "",
                (false, true, _) => words.link_withdrawn,
                (false, false, true) => words.link_expired,
            },
            link_end: show::minute(finding.link_end_time.as_ref(), language),
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

//! A case in the queue and at the head of its own page.

use contracts::approval::v1::{Case, case};
use time::OffsetDateTime;

use crate::language::{Language, fill};
use crate::show::{self, Due};
use crate::wording::{self, Worded};

/// A case.
pub(crate) struct CaseView {
    pub id: String,
    pub code: String,
    pub claim_id: String,
    pub sentence: String,
    pub state: Worded,
    pub state_revision: u64,
    pub report_count: u64,
    pub reports: String,
    pub urgency: u32,
    pub urgent: bool,
    pub due: Option<Due>,
    pub age: String,
    pub opened: String,
    pub departments: Vec<String>,
    pub note: String,
    /// The case that it was merged into; empty for every other.
    pub merged_into: String,
    /// True while an automatic answer of it is switched off.
    pub answer_suspended: bool,
    /// True once its signed words hold no longer, until they are renewed or the matter is closed.
    pub past_validity: bool,
    /// Until when they hold, where they have an end.
    pub valid_until: String,
}

impl CaseView {
    pub(crate) fn of(case: Case, now: OffsetDateTime, language: Language) -> Self {
        let words = language.words();
        let state = case.state();
        // Once the word is out, or the case is closed, the clock has nothing left to say.
        let answered = matches!(state, case::State::Published | case::State::Dismissed | case::State::Halted);
        Self {
            due: if answered { None } else { show::due(case.due_time.as_ref(), now, words) },
            age: show::ago(case.open_time.as_ref(), now, words),
            opened: show::minute(case.open_time.as_ref(), language),
            state: wording::case_state(state, words),
            reports: fill(words.reports, case.report_count),
            report_count: case.report_count,
            id: case.case_id,
            code: case.code,
            claim_id: case.claim_id,
            sentence: case.sentence,
            state_revision: case.state_revision,
            urgency: case.urgency,
            urgent: case.urgent,
            departments: case.departments,
            note: case.note,
            merged_into: case.merged_into_case_id,
            past_validity: state != case::State::Dismissed
                && show::instant(case.valid_until_time.as_ref()).is_some_and(|end| end < now),
            valid_until: show::minute(case.valid_until_time.as_ref(), language),
            answer_suspended: !case.suspended_clarification_id.is_empty(),
        }
    }

    /// True while something can still be done about it.
    pub(crate) fn open(&self) -> bool {
        self.state.code != "dismissed"
    }
}

//! A citizen's words with the reasons for where they were put.

use contracts::classification::v1::{ClassifiedReport, Reason};

use crate::language::{Language, fill};
use crate::show;
use crate::views::{BasisView, MediaView};
use crate::wording::{self, Worded};

/// A report or another message.
pub(crate) struct ReportView {
    pub id: String,
    pub text: String,
    /// What a machine read in its picture, and how sure it is.
    pub picture_text: String,
    pub picture_read: String,
    /// Its picture or voice, where it has one and ingest was asked.
    pub media: Option<MediaView>,
    pub intent: Worded,
    pub said: String,
    pub seen_at: String,
    pub alike: String,
    pub reasons: Vec<ReasonView>,
    /// How often it was put somewhere else.
    pub revision: u64,
    /// True where a clarification answered it.
    pub answered: bool,
    /// What the judgement rests on, where that was kept.
    pub basis: Option<BasisView>,
}

/// One reason behind a judgement.
pub(crate) struct ReasonView {
    pub detail: String,
    pub signal: String,
    /// Per cent of the judgement; empty where it has no share in the score.
    pub share: String,
}

impl ReportView {
    pub(crate) fn of(report: ClassifiedReport, language: Language) -> Self {
        let words = language.words();
        let basis = report.basis.clone().map(|basis| BasisView::of(basis, &report.masked_text, words));
        Self {
            intent: wording::intent(report.intent(), words),
            said: show::minute(report.said_time.as_ref(), language),
            alike: fill(words.alike, percent(report.similarity)),
            picture_read: fill(words.picture_read, percent(report.picture_confidence)),
            picture_text: report.picture_text,
            media: None,
            id: report.report_id,
            text: report.masked_text,
            seen_at: report.seen_at,
            reasons: reasons(report.reasons),
            revision: report.assignment_revision,
            answered: report.answered,
            basis,
        }
    }
}

impl ReportView {
    /// True where the box of its transcript holds this text.
    pub(crate) fn has_typed(&self, text: &str) -> bool {
        self.media.as_ref().is_some_and(|media| media.writes && media.typed == text)
    }
}

pub(crate) fn reasons(reasons: Vec<Reason>) -> Vec<ReasonView> {
    reasons
        .into_iter()
        .map(|reason| ReasonView {
            detail: reason.detail,
            signal: reason.signal,
            share: if reason.share > 0.0 { percent(reason.share) } else { String::new() },
        })
        .collect()
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share.clamp(0.0, 1.0) * 100.0)
}

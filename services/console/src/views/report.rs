//! A citizen's words with the reasons for where they were put.

use contracts::classification::v1::{ClassifiedReport, Reason};

use crate::language::{Language, fill};
use crate::show;
use crate::wording::{self, Worded};

/// A report or another message.
pub(crate) struct ReportView {
    pub id: String,
    pub text: String,
    pub intent: Worded,
    pub said: String,
    pub seen_at: String,
    pub alike: String,
    pub reasons: Vec<ReasonView>,
}

/// One reason behind a judgement.
pub(crate) struct ReasonView {
    pub detail: String,
    pub signal: String,
    /// Per cent of the judgement.
    pub share: String,
}

impl ReportView {
    pub(crate) fn of(report: ClassifiedReport, language: Language) -> Self {
        let words = language.words();
        Self {
            intent: wording::intent(report.intent(), words),
            said: show::minute(report.said_time.as_ref(), language),
            alike: fill(words.alike, percent(report.similarity)),
            id: report.report_id,
            text: report.masked_text,
            seen_at: report.seen_at,
            reasons: reasons(report.reasons),
        }
    }
}

pub(crate) fn reasons(reasons: Vec<Reason>) -> Vec<ReasonView> {
    reasons
        .into_iter()
        .map(|reason| ReasonView {
            detail: reason.detail,
            signal: reason.signal,
            share: percent(reason.share),
        })
        .collect()
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share.clamp(0.0, 1.0) * 100.0)
}

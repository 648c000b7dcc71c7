//! The canonical content of a revision: the bytes that people sign.

use ids::{AgencyId, CaseId, ClarificationId};
use signoff::content::{Content, Rendition};

use super::draft::{Draft, Verdict};
use super::rendition;

/// Which revision of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The agency.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision, from 1.
    pub revision: u64,
}

/// What a draft says, whole, in canonical form. The window is open: nothing expires but the statements.
#[must_use]
pub fn content(place: Place, sentence: &str, draft: &Draft) -> Content {
    Content {
        agency: place.agency,
        case: place.case,
        clarification: place.clarification,
        revision: place.revision,
        kind: draft.kind.as_str().to_owned(),
        verdict: draft.verdict.map_or("", Verdict::as_str).to_owned(),
        response_level: draft.level().as_str().to_owned(),
        automatic_answer: draft.automatic_answer,
        claim_sentence: sentence.to_owned(),
        not_before: 0,
        not_after: 0,
        renditions: rendition::renditions(draft)
            .into_iter()
            .map(|form| Rendition {
                channel: form.channel,
                title: form.title,
                summary: form.summary,
                body: form.body,
                pictures: Vec::new(),
            })
            .collect(),
    }
}

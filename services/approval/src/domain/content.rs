//! The canonical content of a revision: the bytes that people sign, and what the office reads out of them.
//!
//! Whatever is decided after a signature is decided from here: which channels words go to, of what kind they are,
//! until when they hold. The draft beside it is only what it was made of.

use std::collections::BTreeSet;

use ids::{AgencyId, CaseId, ClaimId, ClarificationId};
use signoff::content::{Content, Rendition};
use signoff::version::Version;

use super::draft::{Draft, Verdict};
use super::rendition::{self, PUBLISHED};

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

/// What a case is about, as far as it goes into the signed bytes beside the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// What is being said.
    pub sentence: String,
    /// The case's claim, and those of the cases that were merged into it.
    pub claims: BTreeSet<ClaimId>,
}

/// What a draft says about a matter, whole, in canonical form. The window is open: nothing expires but the
/// statements, and the words themselves where their drafter says so.
#[must_use]
pub fn content(place: Place, matter: &Matter, draft: &Draft) -> Content {
    Content {
        version: Version::LATEST,
        agency: place.agency,
        case: place.case,
        clarification: place.clarification,
        revision: place.revision,
        kind: draft.kind.as_str().to_owned(),
        verdict: draft.verdict.map_or("", Verdict::as_str).to_owned(),
        response_level: draft.level().as_str().to_owned(),
        automatic_answer: draft.automatic_answer,
        claim_sentence: matter.sentence.clone(),
        claims: matter.claims.clone(),
        not_before: 0,
        not_after: 0,
        valid_until: draft.valid_until.unwrap_or(0),
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

/// The channels on which signed words are published: those that they have a form for.
#[must_use]
pub fn published_channels(content: &Content) -> Vec<&'static str> {
    PUBLISHED.into_iter().filter(|channel| content.rendition(channel).is_some()).collect()
}

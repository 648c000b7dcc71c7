//! The only place that turns kept bytes into words for the public: it verifies them against the agency's root
//! key each time, and reads nothing but what was signed.
//!
//! The columns beside a bundle chose its row; if they do not agree with the signed content, it is not used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ids::{AgencyId, CaseId, ClaimId};
use sha2::{Digest, Sha256};
use signoff::bundle::Bundle;
use signoff::content::Content;
use signoff::malformed::Malformed;
use signoff::refused::Refused;
use signoff::verify::{Expected, Trust, Verified, verify};
use time::OffsetDateTime;
use url::Url;

use crate::agency::Agencies;
use crate::domain::reply::{Revision, Source, fill};
use crate::store::clarification::Kept;

/// Verified bundles that are remembered. Verifying one costs a handful of signatures.
const REMEMBERED_MAX: usize = 256;

/// Verifies bundles and speaks from them. Cheap to clone.
#[derive(Clone)]
pub struct SignedWords {
    agencies: Agencies,
    site_base_url: Url,
    remembered: Arc<Mutex<HashMap<[u8; 32], Arc<Verified>>>>,
}

/// A bundle that this service will not use.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// No root key is configured.
    #[error("agency {0} is not served here")]
    UnknownAgency(AgencyId),
    /// Its bytes cannot be read.
    #[error("the bundle cannot be read")]
    Malformed(#[from] Malformed),
    /// Its signatures do not carry it.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The row's columns say something else than the signed content.
    #[error("the row's {0} is not what was signed")]
    Disagrees(&'static str),
}

impl Unusable {
    /// UPPER_SNAKE, stable.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownAgency(_) => "UNKNOWN_AGENCY",
            Self::Malformed(_) => "MALFORMED",
            Self::Refused(refused) => refused.reason(),
            Self::Disagrees(_) => "ROW_DISAGREES",
        }
    }

    /// In Chinese, for officers.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::UnknownAgency(_) => "本系统没有配置该单位".to_owned(),
            Self::Malformed(_) => "签发材料无法读取".to_owned(),
            Self::Refused(refused) => refused.zh(),
            Self::Disagrees(_) => "库中记录与签发内容不一致".to_owned(),
        }
    }
}

/// Why nothing is said now.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// The words do not verify.
    #[error("the words do not verify")]
    Unusable(#[from] Unusable),
    /// They were signed for a later time.
    #[error("the words are signed for later")]
    NotBefore(OffsetDateTime),
    /// Their time is over.
    #[error("the time of the words is over")]
    Over,
    /// They were not signed for this use.
    #[error("the words are not signed for this use")]
    OtherUse,
    /// They name a receipt number and there is none.
    #[error("the words name a receipt number and there is none")]
    NoReceiptNumber,
}

/// Words that may go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The words.
    pub text: String,
    /// The rendition that holds them.
    pub rendition: String,
}

impl SignedWords {
    /// Speaks for these agencies; links lead to `site_base_url`.
    #[must_use]
    pub fn new(agencies: Agencies, site_base_url: Url) -> Self {
        Self { agencies, site_base_url, remembered: Arc::default() }
    }

    /// What an agency's signatures chain to; `None` when this installation does not serve it.
    #[must_use]
    pub fn trust(&self, agency: AgencyId) -> Option<&Trust> {
        self.agencies.get(agency).map(|agency| &agency.trust)
    }

    /// Verifies a bundle that just arrived and gives what is to be kept of it.
    ///
    /// # Errors
    /// When it must not be used.
    pub fn accept(
        &self,
        agency: AgencyId,
        case: CaseId,
        claim: Option<ClaimId>,
        revision: Revision,
        bundle: &Bundle,
        now: OffsetDateTime,
    ) -> Result<Kept, Unusable> {
        let bytes = bundle.encode()?;
        let verified = self.verified(agency, case, revision, &bytes, now)?;
        let content = &verified.content;
        // Whom the words are told is signed too: the event's word for it is not taken.
        if !content.answers(claim) {
            return Err(Unusable::Disagrees("claim"));
        }
        Ok(Kept {
            revision,
            case,
            claim,
            kind: content.kind.clone(),
            response_level: level_of(content),
            automatic_answer: content.automatic_answer,
            bundle: bytes,
            accepted_time: now,
        })
    }

    /// The words of the first of `renditions` that `kept` holds, verified and with their placeholders filled.
    ///
    /// # Errors
    /// When nothing may be said.
    pub fn speak(
        &self,
        agency: AgencyId,
        kept: &Kept,
        source: Source,
        renditions: &[&str],
        code: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Spoken, Silence> {
        // As of the acceptance: a statement's expiry bounds how long it may take to arrive, not how long the
        // words are true; for that they carry their own window.
        let verified = self.verified(agency, kept.case, kept.revision, &kept.bundle, kept.accepted_time)?;
        let content = &verified.content;
        for (column, agrees) in [
            ("kind", content.kind == kept.kind),
            ("response_level", has_page(content) == (kept.response_level != ANSWER_ONLY)),
            ("automatic_answer", content.automatic_answer == kept.automatic_answer),
            ("claim", content.answers(kept.claim)),
        ] {
            if !agrees {
                return Err(Unusable::Disagrees(column).into());
            }
        }
        let fits = match source {
            Source::Automatic => content.automatic_answer && is_about_a_matter(&content.kind),
            Source::Clarification => is_about_a_matter(&content.kind),
            Source::Holding => content.kind == "holding",
            Source::Standing => content.kind == "standing_replies",
        };
        let rendition = renditions
            .iter()
            .filter(|name| fits && source.allows(name))
            .find_map(|name| content.rendition(name))
            .ok_or(Silence::OtherUse)?;
        let second = now.unix_timestamp();
        if content.not_before != 0 && second < content.not_before {
            let until =
                OffsetDateTime::from_unix_timestamp(content.not_before).map_err(|_| Silence::OtherUse)?;
            return Err(Silence::NotBefore(until));
        }
        if content.last_second().is_some_and(|last| second > last) {
            return Err(Silence::Over);
        }
        let link = self.link(kept.revision);
        let text = fill(&rendition.body, code, &link).ok_or(Silence::NoReceiptNumber)?;
        Ok(Spoken { text, rendition: rendition.channel.clone() })
    }

    fn link(&self, revision: Revision) -> String {
        format!("{}/c/{}", self.site_base_url.as_str().trim_end_matches('/'), revision.clarification)
    }

    /// Verifies, or remembers having verified exactly these bytes: the key is a hash over all that goes in, so
    /// one changed byte is never found.
    fn verified(
        &self,
        agency: AgencyId,
        case: CaseId,
        revision: Revision,
        bundle: &[u8],
        as_of: OffsetDateTime,
    ) -> Result<Arc<Verified>, Unusable> {
        let trust = &self.agencies.get(agency).ok_or(Unusable::UnknownAgency(agency))?.trust;
        let mut hash = Sha256::new();
        hash.update(agency.as_uuid().as_bytes());
        hash.update(case.as_uuid().as_bytes());
        hash.update(revision.clarification.as_uuid().as_bytes());
        hash.update(revision.revision.to_be_bytes());
        hash.update(as_of.unix_timestamp_nanos().to_be_bytes());
        hash.update(bundle);
        let key: [u8; 32] = hash.finalize().into();
        if let Some(verified) = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(verified));
        }
        let expected = Expected { case, clarification: revision.clarification, revision: revision.revision };
        let verified = Arc::new(verify(&Bundle::decode(bundle)?, trust, &expected, as_of)?);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, Arc::clone(&verified));
        Ok(verified)
    }
}

/// The level of words that have no page: whoever asked is answered without waiting for one.
const ANSWER_ONLY: &str = "answer_only";

fn has_page(content: &Content) -> bool {
    content.rendition("page").is_some()
}

/// The level by which an answer waits for a page or not: the signed forms say, and not what the level is called.
fn level_of(content: &Content) -> String {
    match (has_page(content), content.response_level.as_str()) {
        (false, _) => ANSWER_ONLY.to_owned(),
        (true, ANSWER_ONLY) => "publish".to_owned(),
        (true, level) => level.to_owned(),
    }
}

fn is_about_a_matter(kind: &str) -> bool {
    matches!(kind, "clarification" | "response" | "notice")
}

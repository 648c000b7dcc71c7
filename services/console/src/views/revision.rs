//! One revision of a clarification: its renditions, its hash, and who signed what.

use contracts::approval::v1::{Rendition, Revision, Role, revision};

use super::signed::SignedView;
use crate::article::{self, Block};
use crate::language::{Language, Words};
use crate::show;
use crate::wording::{self, Worded};

/// A revision.
pub(crate) struct RevisionView {
    pub clarification_id: String,
    pub revision: u64,
    pub state: Worded,
    /// What the signed bytes say; nothing when the row was altered.
    pub signed: SignedView,
    pub title: String,
    pub content_hash: String,
    pub hash_groups: Vec<String>,
    pub chain: Vec<StepView>,
    pub next_step: String,
    /// Which roles may take it.
    pub next_roles: Vec<Role>,
    pub return_reason: String,
    pub drafter: String,
    pub saved: String,
    /// What is stored is not what the hash says: nothing of it can be signed.
    pub altered: bool,
}

/// One step of the chain, signed or not.
pub(crate) struct StepView {
    pub purpose: &'static str,
    pub text: &'static str,
    pub signed: Option<SignatureView>,
    pub next: bool,
}

/// Who signed a step, and when.
pub(crate) struct SignatureView {
    pub person_id: String,
    pub person: String,
    pub role: &'static str,
    pub time: String,
    /// The gates that the signed statement confirms; empty where it names none.
    pub gates: String,
}

/// One channel's form.
pub(crate) struct RenditionView {
    pub channel: String,
    pub channel_code: String,
    pub title: String,
    pub summary: String,
    pub blocks: Vec<Block>,
    /// The exact text where it is HTML; empty where the blocks are the text.
    pub source: String,
    /// SHA-256 of each picture.
    pub pictures: Vec<String>,
    pub length: u32,
    pub length_limit: u32,
}

impl RenditionView {
    /// True when the platform would not take it.
    pub(crate) fn too_long(&self) -> bool {
        self.length_limit > 0 && self.length > self.length_limit
    }
}

impl RevisionView {
    pub(crate) fn of(revision: Revision, language: Language) -> Self {
        let words = language.words();
        let state = wording::revision_state(revision.state(), words);
        let typed = revision.draft.filter(|_| revision.head_only).unwrap_or_default();
        let signed = match revision.content {
            Some(content) => SignedView::of(content, words),
            None if revision.head_only => SignedView::of_head(&typed, words),
            None => SignedView::default(),
        };
        let chain = wording::STEPS
            .iter()
            .map(|&purpose| StepView {
                purpose,
                text: wording::step(purpose, words),
                next: revision.next_step == purpose,
                signed: revision.steps.iter().find(|step| step.purpose == purpose).map(|step| {
                    let person = step.person.clone().unwrap_or_default();
                    SignatureView {
                        role: wording::role(person.role(), words),
                        person_id: person.person_id,
                        person: person.display_name,
                        time: show::second(step.sign_time.as_ref()),
                        gates: gates(&step.gates, words),
                    }
                }),
            })
            .collect();
        Self {
            state,
            title: if typed.title.is_empty() { signed.title() } else { typed.title },
            signed,
            hash_groups: show::groups(&revision.content_hash),
            content_hash: revision.content_hash,
            chain,
            next_roles: revision.next_roles.iter().filter_map(|role| Role::try_from(*role).ok()).collect(),
            next_step: revision.next_step,
            return_reason: revision.return_reason,
            drafter: revision.drafter.map(|person| person.display_name).unwrap_or_default(),
            saved: show::second(revision.save_time.as_ref()),
            clarification_id: revision.clarification_id,
            revision: revision.revision,
            altered: revision.altered,
        }
    }

    /// True when `person_id` has signed `purpose` on this very revision.
    pub(crate) fn signed_by(&self, purpose: &str, person_id: &str) -> bool {
        self.chain
            .iter()
            .filter(|step| step.purpose == purpose)
            .any(|step| step.signed.as_ref().is_some_and(|signature| signature.person_id == person_id))
    }

    /// True while the chain still waits for somebody.
    pub(crate) fn waiting(&self) -> bool {
        !self.next_step.is_empty()
    }

    /// True when the next step is the sign-off.
    pub(crate) fn waits_for_sign_off(&self) -> bool {
        self.next_step == "signed" && !self.altered
    }

    /// True once it is signed off and not revoked.
    pub(crate) fn signed_off(&self) -> bool {
        self.state.code == "signed"
    }
}

/// The gates as people read them, in the order in which they are read.
fn gates(named: &[String], words: &Words) -> String {
    let texts = [words.gate_political, words.gate_legal, words.gate_secrecy, words.gate_text];
    let confirmed = wording::GATES.iter().zip(texts).filter(|(name, _)| named.iter().any(|one| one == *name));
    confirmed.map(|(_, text)| text).collect::<Vec<_>>().join(" · ")
}

/// The renditions of a revision, or of a preview.
pub(crate) fn renditions(renditions: Vec<Rendition>, words: &Words) -> Vec<RenditionView> {
    renditions
        .into_iter()
        .map(|rendition| {
            let html = matches!(rendition.channel.as_str(), "wechat" | "page");
            RenditionView {
                channel: wording::channel(&rendition.channel, words),
                channel_code: rendition.channel,
                title: rendition.title,
                summary: rendition.summary,
                blocks: if html { article::blocks(&rendition.body) } else { article::lines(&rendition.body) },
                source: if html { rendition.body } else { String::new() },
                pictures: rendition.pictures,
                length: rendition.length,
                length_limit: rendition.length_limit,
            }
        })
        .collect()
}

/// True when its drafter may go on with it: nothing of it is out or void.
pub(crate) fn unfinished(revision: &Revision) -> bool {
    use revision::State as S;
    match revision.state() {
        S::Draft | S::Drafted | S::FirstReviewed | S::SecondReviewed | S::Returned => true,
        S::Unspecified | S::Signed | S::Superseded | S::Revoked => false,
    }
}

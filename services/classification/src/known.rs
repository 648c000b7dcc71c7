//! What one agency knows, in memory: a cache of the change log in PostgreSQL.
//!
//! Before every decision it reads what the log has gained, under the agency's lock. What the decision itself
//! adds stays at the end of the index and is cut off again before the next one: it comes back by the log if it
//! was committed, and is gone if it was not. Two replicas with the same log therefore know the same.

use std::collections::HashMap;

use ids::{AgencyId, ClaimId, ClarificationId};
use sqlx::PgConnection;

use crate::store::changes;
use judgement::index::Index;
use judgement::matching::Target;
use judgement::ngram::Profile;
use judgement::normalise::normalise;

/// How much of the log is read at once.
const CHANGES_MAX: i64 = 5_000;

/// A change to what is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A claim was opened by a report with these words.
    ClaimOpened(ClaimId, String),
    /// Other words for a claim.
    AliasAdded(ClaimId, String),
    /// The claim gathers no more reports.
    ClaimClosed(ClaimId),
    /// A clarification is public.
    ClarificationKnown(ClarificationId, Published),
    /// It is no longer.
    ClarificationRemoved(ClarificationId),
}

/// What matching needs of a published clarification.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Its claim; `None` for a notice.
    pub claim: Option<ClaimId>,
    /// Whether the machine may answer sure matches with it.
    pub automatic_answer: bool,
    /// True while it may not, because citizens said that it was wrong.
    pub suspended: bool,
    /// What is being said, normalised.
    pub claim_sentence: String,
    /// Its title, normalised.
    pub title: String,
}

/// How a published clarification may be used.
#[derive(Clone, Copy)]
struct Standing {
    claim: Option<ClaimId>,
    automatic_answer: bool,
    suspended: bool,
}

/// What one agency knows.
pub struct Known {
    index: Index<Target>,
    clarifications: HashMap<ClarificationId, Standing>,
    /// The last change that was read from the log.
    last_change: i64,
    /// How many of the index's documents come from the log.
    committed: usize,
}

impl Known {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self { index: Index::new(), clarifications: HashMap::new(), last_change: 0, committed: 0 }
    }

    /// Forgets what was not committed and reads what the log has gained. The caller holds the agency's lock.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn catch_up(&mut self, tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
        self.index.truncate(self.committed);
        loop {
            let changes = changes::after(tx, agency, self.last_change, CHANGES_MAX).await?;
            for (number, change) in &changes {
                self.learn(change);
                self.last_change = *number;
            }
            self.committed = self.index.len();
            if changes.len() < usize::try_from(CHANGES_MAX).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    /// The index, to look something up.
    pub const fn index(&self) -> &Index<Target> {
        &self.index
    }

    /// Knows a claim's words for the rest of this transaction.
    pub fn add_for_now(&mut self, claim: ClaimId, profile: &Profile) {
        self.index.add(Target::Claim(claim), profile);
    }

    /// How many texts of a claim are known.
    pub fn texts_of(&self, claim: ClaimId) -> usize {
        self.index.documents_of(Target::Claim(claim))
    }

    /// True where the machine may answer with this clarification.
    pub fn answers_automatically(&self, clarification: ClarificationId) -> bool {
        let standing = self.clarifications.get(&clarification);
        standing.is_some_and(|standing| standing.automatic_answer && !standing.suspended)
    }

    /// The claim that a published clarification is about, if it is one that still gathers reports: whoever joins
    /// it is sent the clarification, which a suspended one may not be.
    pub fn claim_of(&self, clarification: ClarificationId) -> Option<ClaimId> {
        let standing = self.clarifications.get(&clarification)?;
        standing.claim.filter(|&claim| !standing.suspended && self.texts_of(claim) > 0)
    }

    /// True where a published clarification is about this claim.
    pub fn is_clarified(&self, claim: ClaimId) -> bool {
        self.clarifications.values().any(|standing| standing.claim == Some(claim))
    }

    /// True where a published clarification is about this claim that may not be sent by machine now.
    pub fn is_suspended(&self, claim: ClaimId) -> bool {
        self.clarifications.values().any(|standing| standing.claim == Some(claim) && standing.suspended)
    }

    fn learn(&mut self, change: &Change) {
        match change {
            Change::ClaimOpened(claim, text) | Change::AliasAdded(claim, text) => {
                self.index.add(Target::Claim(*claim), &Profile::of(&normalise(text)));
            }
            Change::ClaimClosed(claim) => self.index.remove(Target::Claim(*claim)),
            Change::ClarificationKnown(clarification, published) => {
                let target = Target::Clarification(*clarification);
                self.index.remove(target);
                let sentence = Profile::of(&normalise(&published.claim_sentence));
                let mut title = Profile::of(&normalise(&published.title));
                // A title refutes what its sentence claims; askers claim, so the sentence's own denial counts.
                title.facts.denies = sentence.facts.denies;
                self.index.add(target, &sentence);
                self.index.add(target, &title);
                let &Published { claim, automatic_answer, suspended, .. } = published;
                self.clarifications.insert(*clarification, Standing { claim, automatic_answer, suspended });
            }
            Change::ClarificationRemoved(clarification) => {
                self.index.remove(Target::Clarification(*clarification));
                self.clarifications.remove(clarification);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use judgement::matching::{Certainty, matches};

    #[test]
    fn a_refuting_title_matches_those_who_ask_whether_it_is_so() {
        let mut known = Known::new();
        let clarification = ClarificationId::mint();
        known.learn(&Change::ClarificationKnown(
            clarification,
            Published {
                claim: None,
                automatic_answer: true,
                suspended: false,
                claim_sentence: normalise("城东市场西瓜打甜水针，有孩子吃了住院"),
                title: normalise("城东市场西瓜抽检合格，“打针西瓜”传言不实"),
            },
        ));
        let asked = |text: &str| matches(known.index(), &Profile::of(&normalise(text))).clarification;
        let found = asked("听说城东市场的西瓜都打了甜水针，小孩吃了住院，真的吗").unwrap();
        assert_eq!((found.target, found.certainty), (clarification, Certainty::Sure));
        let other_market = asked("听说城西市场的西瓜都打了甜水针，小孩吃了住院").unwrap();
        assert_eq!(other_market.certainty, Certainty::Maybe);
        assert!(known.answers_automatically(clarification));
        known.learn(&Change::ClarificationRemoved(clarification));
        assert!(matches(known.index(), &Profile::of("城东市场西瓜打针")).clarification.is_none());
    }
}

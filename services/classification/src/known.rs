//! What one agency knows, in memory: a cache of the change log in PostgreSQL.
//!
//! Before every decision it reads what the log has gained, under the agency's lock. What the decision itself
//! adds stays at the end of the index and is cut off again before the next one: it comes back by the log if it
//! was committed, and is gone if it was not. Two replicas with the same log therefore know the same.

use std::collections::HashMap;

use ids::{AgencyId, ClaimId, ClarificationId};
use judgement::days::Days;
use judgement::index::{Base, Field, Header, Index, Target};
use judgement::matching::{Judges, Match, Matches, matches, neighbour};
use judgement::normalise::normalise;
use judgement::profile::Profile;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::store::changes;

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
    /// The last Unix second at which it holds, as it was signed; 0 = no end.
    pub valid_until: i64,
    /// What is being said, normalised.
    pub claim_sentence: String,
    /// Its title, normalised.
    pub title: String,
    /// The days that the sentence names.
    pub days: Days,
}

/// How a published clarification may be used.
struct Standing {
    claim: Option<ClaimId>,
    automatic_answer: bool,
    suspended: bool,
    days: Days,
    valid_until: i64,
}

impl Standing {
    const fn holds_at(&self, now: OffsetDateTime) -> bool {
        self.valid_until == 0 || now.unix_timestamp() <= self.valid_until
    }
}

/// What one agency knows.
#[derive(Default)]
pub struct Known {
    index: Index,
    clarifications: HashMap<ClarificationId, Standing>,
    /// The published clarifications of each claim.
    clarified: HashMap<ClaimId, Vec<ClarificationId>>,
    /// The last change that was read from the log.
    last_change: i64,
    /// How many of the index's documents come from the log.
    committed: usize,
}

impl Known {
    /// What a file of the index knew, and the published clarifications that the log tells of up to there.
    pub fn over(base: Base, header: Header, clarifications: Vec<(ClarificationId, Published)>) -> Self {
        let index = Index::over(base);
        let committed = index.len();
        let mut known = Self { index, committed, last_change: header.last_change, ..Self::default() };
        for (clarification, published) in clarifications {
            known.remember(clarification, &published);
        }
        known
    }

    /// Forgets what was not committed and reads what the log has gained. The caller holds the agency's lock, or
    /// is content with what was committed.
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
            self.index.settle();
            self.committed = self.index.len();
            if changes.len() < usize::try_from(CHANGES_MAX).unwrap_or(usize::MAX) {
                return Ok(());
            }
            // A long log is read in between other work.
            tokio::task::yield_now().await;
        }
    }

    /// Finds what a text matches.
    pub fn matches(&self, profile: &Profile) -> Matches {
        matches(&self.index, Judges::get(), profile)
    }

    /// The open claim nearest to a text that is not `own`, where a person might take the two for one.
    pub fn neighbour(&self, profile: &Profile, own: ClaimId) -> Option<Match> {
        neighbour(&self.index, Judges::get(), profile, own.as_uuid().as_u128())
    }

    /// The index, to be written to a file. Only what was committed is in it after [`catch_up`](Self::catch_up).
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The last change that was read from the log.
    pub const fn last_change(&self) -> i64 {
        self.last_change
    }

    /// Knows a claim's words for the rest of this transaction.
    pub fn add_for_now(&mut self, claim: ClaimId, profile: &Profile) {
        self.index.add(claim_target(claim), Field::Sentence, profile);
    }

    /// How many texts of a claim are known.
    pub fn texts_of(&self, claim: ClaimId) -> usize {
        self.index.documents_of(claim_target(claim))
    }

    /// True where the machine may answer with this clarification now.
    pub fn answers_automatically(&self, clarification: ClarificationId, now: OffsetDateTime) -> bool {
        let standing = self.clarifications.get(&clarification);
        standing.is_some_and(|standing| {
            standing.automatic_answer && !standing.suspended && standing.holds_at(now)
        })
    }

    /// True once a known clarification holds no longer: whoever asks is no longer told it.
    pub fn has_ended(&self, clarification: ClarificationId, now: OffsetDateTime) -> bool {
        self.clarifications.get(&clarification).is_some_and(|standing| !standing.holds_at(now))
    }

    /// The claim that a published clarification is about, if it is one that still gathers reports: whoever joins
    /// it is sent the clarification, which a suspended one may not be.
    pub fn claim_of(&self, clarification: ClarificationId) -> Option<ClaimId> {
        let standing = self.clarifications.get(&clarification)?;
        standing.claim.filter(|&claim| !standing.suspended && self.texts_of(claim) > 0)
    }

    /// True where a published clarification that holds now is about this claim. Once it has ended, the claim gathers
    /// like any other, so that the office sees who asks.
    pub fn is_clarified(&self, claim: ClaimId, now: OffsetDateTime) -> bool {
        let about = self.clarified.get(&claim).into_iter().flatten();
        about
            .filter_map(|clarification| self.clarifications.get(clarification))
            .any(|standing| standing.holds_at(now))
    }

    /// True where a published clarification is about this claim that may not be sent by machine now.
    pub fn is_suspended(&self, claim: ClaimId) -> bool {
        let about = self.clarified.get(&claim).into_iter().flatten();
        about
            .filter_map(|clarification| self.clarifications.get(clarification))
            .any(|standing| standing.suspended)
    }

    /// True where a published clarification and these words name days, and none of them is the same.
    pub fn speaks_of_other_days(&self, clarification: ClarificationId, days: &Days) -> bool {
        self.clarifications.get(&clarification).is_some_and(|standing| standing.days.differ(days))
    }

    /// The same for every published clarification of a claim.
    pub fn is_clarified_for_other_days(&self, claim: ClaimId, days: &Days) -> bool {
        let mut about = self.clarified.get(&claim).into_iter().flatten().peekable();
        about.peek().is_some() && about.all(|&clarification| self.speaks_of_other_days(clarification, days))
    }

    fn learn(&mut self, change: &Change) {
        match change {
            Change::ClaimOpened(claim, text) | Change::AliasAdded(claim, text) => {
                self.index.add(claim_target(*claim), Field::Sentence, &Profile::of(&normalise(text)));
            }
            Change::ClaimClosed(claim) => self.index.remove(claim_target(*claim)),
            Change::ClarificationKnown(clarification, published) => {
                let target = clarification_target(*clarification);
                self.index.remove(target);
                let sentence = Profile::of(&normalise(&published.claim_sentence));
                self.index.add(target, Field::Sentence, &sentence);
                // A title refutes what its sentence claims; askers claim, so it only adds words to be found by.
                self.index.add(target, Field::Body, &Profile::of(&normalise(&published.title)));
                self.remember(*clarification, published);
            }
            Change::ClarificationRemoved(clarification) => {
                self.index.remove(clarification_target(*clarification));
                self.forget(*clarification);
            }
        }
    }

    fn remember(&mut self, clarification: ClarificationId, published: &Published) {
        self.forget(clarification);
        let Published { claim, automatic_answer, suspended, valid_until, days, .. } = published.clone();
        if let Some(claim) = claim {
            self.clarified.entry(claim).or_default().push(clarification);
        }
        self.clarifications
            .insert(clarification, Standing { claim, automatic_answer, suspended, valid_until, days });
    }

    fn forget(&mut self, clarification: ClarificationId) {
        let Some(Standing { claim: Some(claim), .. }) = self.clarifications.remove(&clarification) else {
            return;
        };
        if let Some(about) = self.clarified.get_mut(&claim) {
            about.retain(|&known| known != clarification);
            if about.is_empty() {
                self.clarified.remove(&claim);
            }
        }
    }
}

fn claim_target(claim: ClaimId) -> Target {
    Target::claim(claim.as_uuid().as_u128())
}

fn clarification_target(clarification: ClarificationId) -> Target {
    Target::clarification(clarification.as_uuid().as_u128())
}

/// The claim of a match.
pub fn claim_of_match(id: u128) -> ClaimId {
    ClaimId::from_uuid(Uuid::from_u128(id))
}

/// The clarification of a match.
pub fn clarification_of_match(id: u128) -> ClarificationId {
    ClarificationId::from_uuid(Uuid::from_u128(id))
}

#[cfg(test)]
mod tests {
    use judgement::matching::Certainty;

    use super::*;

    #[test]
    fn a_refuting_title_matches_those_who_ask_whether_it_is_so() {
        let mut known = Known::default();
        let clarification = ClarificationId::mint();
        known.learn(&Change::ClarificationKnown(
            clarification,
            Published {
                claim: None,
                automatic_answer: true,
                suspended: false,
                valid_until: 86_400,
                claim_sentence: normalise("城东市场西瓜打甜水针，有孩子吃了住院"),
                title: normalise("城东市场西瓜抽检合格，“打针西瓜”传言不实"),
                days: Days::default(),
            },
        ));
        let asked = |text: &str| known.matches(&Profile::of(&normalise(text))).clarification;
        let found = asked("听说城东市场的西瓜都打了甜水针，小孩吃了住院，真的吗").unwrap();
        assert_eq!((clarification_of_match(found.id), found.certainty), (clarification, Certainty::Sure));
        let other_market = asked("听说城西市场的西瓜都打了甜水针，小孩吃了住院").unwrap();
        assert_eq!(other_market.certainty, Certainty::Maybe);
        let last_second = OffsetDateTime::UNIX_EPOCH + time::Duration::DAY;
        assert!(known.answers_automatically(clarification, last_second));
        assert!(!known.has_ended(clarification, last_second));
        let after = last_second + time::Duration::SECOND;
        assert!(!known.answers_automatically(clarification, after));
        assert!(known.has_ended(clarification, after));
        known.learn(&Change::ClarificationRemoved(clarification));
        assert!(known.matches(&Profile::of("城东市场西瓜打针")).clarification.is_none());
    }
}

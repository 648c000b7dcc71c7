//! One revision of a clarification, and where it stands.

use ids::{KeyId, PersonId};
use signoff::content::{Content, content_hash};
use signoff::statement::{Purpose, Statement};
use time::OffsetDateTime;

use super::content::{Matter, Place, content};
use super::draft::Draft;
use super::officer::Role;
use super::words::words;

/// A person, as shown beside what they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The person.
    pub person: PersonId,
    /// The name on every page.
    pub display_name: String,
    /// The role.
    pub role: Role,
}

/// One revision, as it is kept. What it says never changes; only `state` and `return_reason` do.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Which revision of what.
    pub place: Place,
    /// The boxes.
    pub draft: Draft,
    /// The canonical content, as stored.
    pub content: Vec<u8>,
    /// The content hash, as stored.
    pub content_hash: [u8; 32],
    /// Who saved it.
    pub drafter: Named,
    /// When it was saved.
    pub save_time: OffsetDateTime,
    /// Where it stands.
    pub state: RevisionState,
    /// Why it was returned; empty otherwise.
    pub return_reason: String,
    /// How often its case had been merged and split when it was saved.
    pub corrections: i64,
}

impl Revision {
    /// What the stored bytes say, when they are what their hash says; `None` when one of the two was altered.
    #[must_use]
    pub fn hashed_content(&self) -> Option<Content> {
        if content_hash(&self.content) != self.content_hash {
            return None;
        }
        Content::decode(&self.content).ok()
    }

    /// The content, when the whole row is what was saved: the bytes are what their hash says, they are about this
    /// place, and the draft makes exactly them. `None` when anything of it was altered.
    #[must_use]
    pub fn intact_content(&self) -> Option<Content> {
        let kept = self.hashed_content()?;
        let matter = Matter { sentence: kept.claim_sentence.clone(), claims: kept.claims.clone() };
        let made = Content { version: kept.version, ..content(self.place, &matter, &self.draft) };
        (made.encode().ok()? == self.content).then_some(kept)
    }
}

/// A signed step, as it is kept.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which step.
    pub purpose: Purpose,
    /// Who signed.
    pub signer: Named,
    /// With which key.
    pub key: KeyId,
    /// The exact bytes that were signed.
    pub statement: Vec<u8>,
    /// The signature over them.
    pub signature: [u8; 64],
    /// When.
    pub sign_time: OffsetDateTime,
}

/// How far the trail's time of a step and its statement's own may lie apart, in milliseconds: replicas' clocks differ.
const APART_MAX_MS: u64 = 120_000;

impl Step {
    /// True when the row is what its signed statement says: of this step, person and key, over this content, at this
    /// time. The columns beside the statement are shown, so they must say the same.
    #[must_use]
    pub fn agrees(&self, content_hash: &[u8; 32]) -> bool {
        let time_ms = self.sign_time.unix_timestamp_nanos() / 1_000_000;
        Statement::decode(&self.statement).is_ok_and(|statement| {
            statement.content_hash == *content_hash
                && statement.purpose == self.purpose
                && statement.person == self.signer.person
                && statement.key == self.key
                && i64::try_from(time_ms)
                    .is_ok_and(|time_ms| time_ms.abs_diff(statement.signed_at_ms) <= APART_MAX_MS)
        })
    }
}

words! {
    /// Where a revision stands. `Superseded` and `Revoked` are the ends.
    pub enum RevisionState {
        /// Saved, not yet signed by its drafter.
        Draft = "draft",
        /// Signed by its drafter.
        Drafted = "drafted",
        /// 初审 passed.
        FirstReviewed = "first_reviewed",
        /// 复审 passed.
        SecondReviewed = "second_reviewed",
        /// 终审: signed off.
        Signed = "signed",
        /// Returned to its drafter, with a reason.
        Returned = "returned",
        /// A later revision took its place.
        Superseded = "superseded",
        /// Revoked after sign-off.
        Revoked = "revoked",
    }
}

/// What happens to a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionCommand {
    /// A person signs this step.
    Sign(Purpose),
    /// A reviewer returns it.
    Return,
    /// A later revision takes its place.
    Supersede,
    /// It is taken back after sign-off.
    Revoke,
}

/// The revision does not allow it where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {} revision does not allow this", .state.as_str())]
pub struct RevisionRefusal {
    /// Where it stands.
    pub state: RevisionState,
}

impl RevisionState {
    /// The next state. Lists every pair: a new state or command must be decided here before the crate
    /// compiles.
    ///
    /// # Errors
    /// When the revision does not allow the command where it stands.
    pub fn apply(self, command: RevisionCommand) -> Result<Self, RevisionRefusal> {
        use {Purpose as P, RevisionCommand as C, RevisionState as S};
        match (self, command) {
            (S::Draft, C::Sign(P::Drafted)) => Ok(S::Drafted),
            (S::Drafted, C::Sign(P::FirstReviewed)) => Ok(S::FirstReviewed),
            (S::FirstReviewed, C::Sign(P::SecondReviewed)) => Ok(S::SecondReviewed),
            (S::SecondReviewed, C::Sign(P::Signed)) => Ok(S::Signed),
            (S::Drafted | S::FirstReviewed | S::SecondReviewed, C::Return) => Ok(S::Returned),
            (
                S::Draft | S::Drafted | S::FirstReviewed | S::SecondReviewed | S::Signed | S::Returned,
                C::Supersede,
            ) => Ok(S::Superseded),
            (S::Signed, C::Revoke) => Ok(S::Revoked),

            (S::Draft, C::Sign(P::FirstReviewed | P::SecondReviewed | P::Signed) | C::Return)
            | (S::Drafted, C::Sign(P::Drafted | P::SecondReviewed | P::Signed))
            | (S::FirstReviewed, C::Sign(P::Drafted | P::FirstReviewed | P::Signed))
            | (S::SecondReviewed, C::Sign(P::Drafted | P::FirstReviewed | P::SecondReviewed))
            | (S::Signed | S::Returned | S::Superseded | S::Revoked, C::Sign(_) | C::Return)
            | (S::Superseded | S::Revoked, C::Supersede)
            | (
                S::Draft
                | S::Drafted
                | S::FirstReviewed
                | S::SecondReviewed
                | S::Returned
                | S::Superseded
                | S::Revoked,
                C::Revoke,
            ) => Err(RevisionRefusal { state: self }),
        }
    }

    /// The step that the chain waits for; `None` when it waits for none.
    #[must_use]
    pub const fn next_step(self) -> Option<Purpose> {
        match self {
            Self::Draft => Some(Purpose::Drafted),
            Self::Drafted => Some(Purpose::FirstReviewed),
            Self::FirstReviewed => Some(Purpose::SecondReviewed),
            Self::SecondReviewed => Some(Purpose::Signed),
            Self::Signed | Self::Returned | Self::Superseded | Self::Revoked => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATES: [RevisionState; 8] = [
        RevisionState::Draft,
        RevisionState::Drafted,
        RevisionState::FirstReviewed,
        RevisionState::SecondReviewed,
        RevisionState::Signed,
        RevisionState::Returned,
        RevisionState::Superseded,
        RevisionState::Revoked,
    ];

    const COMMANDS: [RevisionCommand; 7] = [
        RevisionCommand::Sign(Purpose::Drafted),
        RevisionCommand::Sign(Purpose::FirstReviewed),
        RevisionCommand::Sign(Purpose::SecondReviewed),
        RevisionCommand::Sign(Purpose::Signed),
        RevisionCommand::Return,
        RevisionCommand::Supersede,
        RevisionCommand::Revoke,
    ];

    #[test]
    fn every_state_and_command_leads_where_the_table_says() {
        use RevisionState as S;
        let table = [
            (S::Draft, [Some(S::Drafted), None, None, None, None, Some(S::Superseded), None]),
            (
                S::Drafted,
                [None, Some(S::FirstReviewed), None, None, Some(S::Returned), Some(S::Superseded), None],
            ),
            (
                S::FirstReviewed,
                [None, None, Some(S::SecondReviewed), None, Some(S::Returned), Some(S::Superseded), None],
            ),
            (
                S::SecondReviewed,
                [None, None, None, Some(S::Signed), Some(S::Returned), Some(S::Superseded), None],
            ),
            (S::Signed, [None, None, None, None, None, Some(S::Superseded), Some(S::Revoked)]),
            (S::Returned, [None, None, None, None, None, Some(S::Superseded), None]),
            (S::Superseded, [None; 7]),
            (S::Revoked, [None; 7]),
        ];
        for (state, row) in table {
            assert_eq!(COMMANDS.map(|command| state.apply(command).ok()), row, "{state:?}");
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_commands_leaves_an_end_or_skips_a_step(
            commands in prop::collection::vec(prop::sample::select(&COMMANDS), 0..40),
        ) {
            let mut state = RevisionState::Draft;
            let mut signed = Vec::new();
            let mut ended = None;
            for command in commands {
                if let Ok(next) = state.apply(command) {
                    prop_assert_eq!(ended, None);
                    if let RevisionCommand::Sign(purpose) = command {
                        signed.push(purpose);
                    }
                    state = next;
                }
                if matches!(state, RevisionState::Superseded | RevisionState::Revoked) {
                    ended = Some(state);
                }
            }
            let whole = [Purpose::Drafted, Purpose::FirstReviewed, Purpose::SecondReviewed, Purpose::Signed];
            prop_assert!(whole.starts_with(&signed));
        }

        #[test]
        fn the_next_step_is_the_only_one_that_can_be_signed(state in prop::sample::select(&STATES)) {
            for command in COMMANDS {
                if let RevisionCommand::Sign(purpose) = command {
                    prop_assert_eq!(state.apply(command).is_ok(), state.next_step() == Some(purpose));
                }
            }
        }
    }
}

//! One revision on one channel account: where it stands and what can happen to it. Every pair of state and
//! command is decided here; nothing else changes a publication.

use std::str::FromStr;

use ids::{AgencyId, CaseId, ClarificationId, PublicationId};
use time::OffsetDateTime;

use super::channel::{Account, Channel};

/// Where a publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Verified, waiting for its turn, its window or its quota.
    Planned,
    /// A write is under way.
    Sending,
    /// 待核对: nobody knows whether the platform took it.
    Uncertain,
    /// The platform took it and has not said how it ended.
    Accepted,
    /// It is public.
    Confirmed,
    /// It did not go out.
    Failed,
    /// Stopped before it went out.
    Halted,
    /// Its statements do not verify; nothing was sent.
    Refused,
    /// It was public and was taken down.
    Withdrawn,
    /// The machine cannot prove what happened.
    NeedsPerson,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Planned,
        Self::Sending,
        Self::Uncertain,
        Self::Accepted,
        Self::Confirmed,
        Self::Failed,
        Self::Halted,
        Self::Refused,
        Self::Withdrawn,
        Self::NeedsPerson,
    ];

    /// Its name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Accepted => "accepted",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Halted => "halted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::NeedsPerson => "needs_person",
        }
    }

    /// Whether its sender still has something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Planned | Self::Sending | Self::Uncertain | Self::Accepted => true,
            Self::Confirmed
            | Self::Failed
            | Self::Halted
            | Self::Refused
            | Self::Withdrawn
            | Self::NeedsPerson => false,
        }
    }
}

/// Not the name of a state.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such state")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// One revision on one channel account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Itself.
    pub id: PublicationId,
    /// The agency.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: u64,
    /// Where it goes.
    pub account: Account,
    /// The rendition's title, for lists.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// Why, for an officer.
    pub reason: String,
    /// The public address, once known.
    pub url: String,
    /// The platform's own id, once known.
    pub platform_id: String,
    /// Why nothing more may be written for it; empty while writing is allowed.
    pub stopped: String,
    /// Grows by one with every change.
    pub state_revision: u64,
    /// When it was planned.
    pub planned_time: OffsetDateTime,
    /// When it last changed.
    pub changed_time: OffsetDateTime,
    /// When its sender has to look at it next; `None` when never.
    pub due_time: Option<OffsetDateTime>,
}

/// What can happen to a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A write is about to leave.
    Begin,
    /// The platform took it.
    Accept {
        /// Its id there, if it was told.
        platform_id: Option<String>,
        /// What is waited for.
        reason: String,
        /// When to ask how it ended.
        look_again: OffsetDateTime,
    },
    /// It is public.
    Confirm {
        /// Its id there, if it was told.
        platform_id: Option<String>,
        /// Its address, if it was told.
        url: Option<String>,
        /// What is known beyond that.
        reason: String,
    },
    /// Nobody knows whether the platform took it.
    LoseTrack {
        /// Why.
        reason: String,
        /// When to find out.
        look_again: OffsetDateTime,
    },
    /// It certainly did not go out and may go later.
    PutBack {
        /// Why.
        reason: String,
        /// When.
        look_again: OffsetDateTime,
    },
    /// It certainly did not go out and will not.
    Fail {
        /// Why.
        reason: String,
    },
    /// Its statements do not verify.
    Refuse {
        /// Why.
        reason: String,
    },
    /// Nothing more may be written: a halt, a revocation, a newer revision.
    Stop {
        /// Why.
        reason: String,
    },
    /// It was taken down.
    Withdraw {
        /// Why.
        reason: String,
    },
    /// The machine cannot go on.
    AskPerson {
        /// What the person has to find out.
        reason: String,
    },
}

impl Command {
    /// Its name, for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Accept { .. } => "accept",
            Self::Confirm { .. } => "confirm",
            Self::LoseTrack { .. } => "lose_track",
            Self::PutBack { .. } => "put_back",
            Self::Fail { .. } => "fail",
            Self::Refuse { .. } => "refuse",
            Self::Stop { .. } => "stop",
            Self::Withdraw { .. } => "withdraw",
            Self::AskPerson { .. } => "ask_person",
        }
    }
}

/// A command that makes no sense in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a publication that is {current} cannot {attempted}")]
pub struct InvalidTransition {
    /// The state's name.
    pub current: &'static str,
    /// The command's name.
    pub attempted: &'static str,
}

impl Publication {
    /// What it is after `command`. A command that changes nothing gives back an equal publication.
    ///
    /// # Errors
    /// When the command makes no sense in this state.
    pub fn apply(self, command: Command) -> Result<Self, InvalidTransition> {
        use {Command as C, State as S};
        let invalid = InvalidTransition { current: self.state.as_str(), attempted: command.name() };
        match (self.state, command) {
            (S::Planned, C::Begin) => Ok(self.open(S::Sending, "正在提交".to_owned(), None)),
            // Only our own page becomes public without a platform's answer.
            (S::Planned, C::Confirm { platform_id, url, reason })
                if self.account.channel == Channel::Page =>
            {
                Ok(self.confirmed(platform_id, url, reason))
            }
            (S::Planned, C::PutBack { reason, look_again }) => {
                Ok(self.open(S::Planned, reason, Some(look_again)))
            }
            (S::Planned, C::Fail { reason }) => Ok(self.closed(S::Failed, reason)),
            (S::Planned, C::Refuse { reason }) => Ok(self.closed(S::Refused, reason)),
            (S::Planned, C::Stop { reason }) => Ok(self.closed(S::Halted, reason)),
            (S::Planned, C::AskPerson { reason }) => Ok(self.closed(S::NeedsPerson, reason)),
            (S::Planned, C::Accept { .. } | C::Confirm { .. } | C::LoseTrack { .. } | C::Withdraw { .. }) => {
                Err(invalid)
            }

            (
                S::Sending | S::Uncertain | S::Accepted | S::NeedsPerson,
                C::Accept { platform_id, reason, look_again },
            ) => Ok(Self { platform_id: platform_id.unwrap_or_else(|| self.platform_id.clone()), ..self }
                .open(S::Accepted, reason, Some(look_again))),
            (
                S::Sending | S::Uncertain | S::Accepted | S::NeedsPerson,
                C::Confirm { platform_id, url, reason },
            ) => Ok(self.confirmed(platform_id, url, reason)),
            // A second confirmation may bring what the first one did not know.
            (S::Confirmed, C::Confirm { platform_id, url, reason }) => {
                let known = !self.url.is_empty() || url.is_none();
                Ok(if known { self } else { self.confirmed(platform_id, url, reason) })
            }

            (S::Sending | S::Uncertain, C::LoseTrack { reason, look_again }) => {
                Ok(self.open(S::Uncertain, reason, Some(look_again)))
            }
            // Proof that nothing is out; what was stopped meanwhile stays where it is.
            (S::Sending | S::Uncertain, C::PutBack { reason, look_again }) => {
                if self.stopped.is_empty() {
                    Ok(self.open(S::Planned, reason, Some(look_again)))
                } else {
                    let reason = self.stopped.clone();
                    Ok(self.closed(S::Halted, reason))
                }
            }
            (S::Uncertain, C::Begin) if self.stopped.is_empty() => {
                Ok(self.open(S::Sending, "正在用同一标识重新提交，平台不会重复发出".to_owned(), None))
            }
            (S::Sending | S::Uncertain | S::Accepted | S::NeedsPerson, C::Fail { reason }) => {
                Ok(self.closed(S::Failed, reason))
            }
            // It may be out already, so refusing it would claim too much.
            (S::Uncertain, C::Refuse { reason })
            | (S::Sending | S::Uncertain | S::Accepted, C::AskPerson { reason }) => {
                Ok(self.closed(S::NeedsPerson, reason))
            }
            (S::Accepted | S::Confirmed | S::NeedsPerson, C::Withdraw { reason }) => {
                Ok(self.closed(S::Withdrawn, reason))
            }
            // Too late for what has left; but nothing more may follow.
            (S::Sending | S::Uncertain, C::Stop { reason }) => Ok(Self {
                reason: format!("{reason}；此前的提交结果仍在核对，不会再发"),
                stopped: reason,
                ..self
            }),
            (
                S::Accepted
                | S::Confirmed
                | S::NeedsPerson
                | S::Failed
                | S::Halted
                | S::Refused
                | S::Withdrawn,
                C::Stop { .. },
            ) => Ok(self),

            (S::Sending, C::Begin | C::Refuse { .. } | C::Withdraw { .. })
            | (S::Uncertain, C::Begin | C::Withdraw { .. })
            | (S::Accepted, C::Begin | C::LoseTrack { .. } | C::PutBack { .. } | C::Refuse { .. })
            | (
                S::Confirmed,
                C::Begin
                | C::Accept { .. }
                | C::LoseTrack { .. }
                | C::PutBack { .. }
                | C::Fail { .. }
                | C::Refuse { .. }
                | C::AskPerson { .. },
            )
            | (
                S::NeedsPerson,
                C::Begin | C::LoseTrack { .. } | C::PutBack { .. } | C::Refuse { .. } | C::AskPerson { .. },
            )
            | (
                S::Failed | S::Halted | S::Refused | S::Withdrawn,
                C::Begin
                | C::Accept { .. }
                | C::Confirm { .. }
                | C::LoseTrack { .. }
                | C::PutBack { .. }
                | C::Fail { .. }
                | C::Refuse { .. }
                | C::Withdraw { .. }
                | C::AskPerson { .. },
            ) => Err(invalid),
        }
    }

    fn open(self, state: State, reason: String, due_time: Option<OffsetDateTime>) -> Self {
        Self { state, reason, due_time, ..self }
    }

    fn closed(self, state: State, reason: String) -> Self {
        Self { state, reason, due_time: None, ..self }
    }

    fn confirmed(self, platform_id: Option<String>, url: Option<String>, reason: String) -> Self {
        let platform_id = platform_id.unwrap_or_else(|| self.platform_id.clone());
        let url = url.unwrap_or_else(|| self.url.clone());
        Self { platform_id, url, ..self.closed(State::Confirmed, reason) }
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00:00 UTC);

    pub fn publication(channel: Channel, state: State) -> Publication {
        let id = Uuid::from_u128(7);
        Publication {
            id: PublicationId::from_uuid(id),
            agency: AgencyId::from_uuid(id),
            case: CaseId::from_uuid(id),
            clarification: ClarificationId::from_uuid(id),
            revision: 1,
            account: Account { channel, slug: "qinglan".into() },
            title: "青岚县没有地震预报".into(),
            state,
            reason: String::new(),
            url: String::new(),
            platform_id: String::new(),
            stopped: String::new(),
            state_revision: 1,
            planned_time: NOW,
            changed_time: NOW,
            due_time: state.is_open().then_some(NOW),
        }
    }

    fn commands() -> Vec<Command> {
        let reason = || "原因".to_owned();
        vec![
            Command::Begin,
            Command::Accept { platform_id: Some("9".into()), reason: reason(), look_again: NOW },
            Command::Confirm { platform_id: None, url: Some("https://e/".into()), reason: reason() },
            Command::LoseTrack { reason: reason(), look_again: NOW },
            Command::PutBack { reason: reason(), look_again: NOW },
            Command::Fail { reason: reason() },
            Command::Refuse { reason: reason() },
            Command::Stop { reason: reason() },
            Command::Withdraw { reason: reason() },
            Command::AskPerson { reason: reason() },
        ]
    }

    /// The whole table, row by row: what becomes of a microblog publication, `-` = the command makes no sense.
    #[test]
    fn every_pair_of_state_and_command_is_decided() {
        let table = [
            // begin accept confirm lose_track put_back fail refuse stop withdraw ask_person
            ("planned", "sending - - - planned failed refused halted - needs_person"),
            ("sending", "- accepted confirmed uncertain planned failed - sending - needs_person"),
            (
                "uncertain",
                "sending accepted confirmed uncertain planned failed needs_person uncertain - needs_person",
            ),
            ("accepted", "- accepted confirmed - - failed - accepted withdrawn needs_person"),
            ("confirmed", "- - confirmed - - - - confirmed withdrawn -"),
            ("failed", "- - - - - - - failed - -"),
            ("halted", "- - - - - - - halted - -"),
            ("refused", "- - - - - - - refused - -"),
            ("withdrawn", "- - - - - - - withdrawn - -"),
            ("needs_person", "- accepted confirmed - - failed - needs_person withdrawn -"),
        ];
        for (state, row) in table {
            for (command, wanted) in commands().into_iter().zip(row.split(' ')) {
                let name = command.name();
                let outcome = publication(Channel::Weibo, state.parse().unwrap()).apply(command);
                let got = outcome.as_ref().map_or("-", |publication| publication.state.as_str());
                assert_eq!(got, wanted, "{state} + {name}");
            }
        }
    }

    #[test]
    fn only_our_own_page_is_confirmed_without_being_sent() {
        let confirm = Command::Confirm { platform_id: None, url: None, reason: String::new() };
        assert_eq!(
            publication(Channel::Page, State::Planned).apply(confirm.clone()).unwrap().state,
            State::Confirmed
        );
        assert!(publication(Channel::Wechat, State::Planned).apply(confirm).is_err());
    }

    #[test]
    fn what_was_stopped_while_uncertain_is_never_written_again() {
        let stop = Command::Stop { reason: "停发".into() };
        let stopped = publication(Channel::Weibo, State::Uncertain).apply(stop).unwrap();
        assert!(stopped.clone().apply(Command::Begin).is_err());
        let proven = stopped.apply(Command::PutBack { reason: "没有".into(), look_again: NOW }).unwrap();
        assert_eq!((proven.state, proven.reason.as_str()), (State::Halted, "停发"));
    }

    #[test]
    fn a_second_confirmation_only_adds_a_missing_address() {
        let confirmed = publication(Channel::Wechat, State::Confirmed);
        let with_address =
            Command::Confirm { platform_id: None, url: Some("https://e/1".into()), reason: String::new() };
        let richer = confirmed.apply(with_address).unwrap();
        assert_eq!(richer.url, "https://e/1");
        let other =
            Command::Confirm { platform_id: None, url: Some("https://e/2".into()), reason: String::new() };
        assert_eq!(richer.clone().apply(other).unwrap(), richer);
    }

    proptest! {
        #[test]
        fn no_sequence_of_commands_leaves_a_terminal_state(
            start in proptest::sample::select(State::ALL.to_vec()),
            steps in proptest::collection::vec(0..10_usize, 0..30),
        ) {
            let mut current = publication(Channel::Wechat, start);
            for step in steps {
                let before = current.clone();
                if let Ok(after) = current.clone().apply(commands().swap_remove(step)) {
                    current = after;
                }
                if [State::Failed, State::Halted, State::Refused, State::Withdrawn].contains(&before.state) {
                    prop_assert_eq!(&current, &before);
                }
                if before.state == State::Confirmed {
                    prop_assert!([State::Confirmed, State::Withdrawn].contains(&current.state));
                }
                prop_assert_eq!(current.due_time.is_some() || current.state == State::Sending, current.state.is_open());
            }
        }
    }
}

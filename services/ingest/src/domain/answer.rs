//! One message to one reporter about one published revision: its states, and what each event makes of them.

/// Where an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for its turn.
    Pending,
    /// An attempt is committed and its outcome is not.
    Sending,
    /// The platform took it.
    Sent,
    /// Given as the immediate reply to the reporter's own message.
    Replied,
    /// Nobody knows whether the platform took it. Never sent again by machine.
    Unknown,
    /// The platform will not deliver it.
    Unreachable,
    /// Stopped by a halt, a revocation or a newer revision.
    Halted,
}

/// What happens to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An attempt is about to be made.
    Begin,
    /// The platform took it.
    Taken,
    /// The platform surely did not take it and may later.
    NotNow,
    /// The platform surely did not take it and never will.
    Refused,
    /// The outcome was lost, or the sender died holding the attempt.
    Lost,
    /// The same words were given as the immediate reply.
    Reply,
    /// A halt, a revocation or a newer revision.
    Stop,
    /// A halt ended.
    Resume,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Sending,
        Self::Sent,
        Self::Replied,
        Self::Unknown,
        Self::Unreachable,
        Self::Halted,
    ];

    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Replied => "replied",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::Halted => "halted",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The next state; `None` where the event changes nothing.
    #[must_use]
    pub const fn after(self, event: Event) -> Option<Self> {
        use {Event as E, State as S};
        match (self, event) {
            (S::Pending, E::Begin) => Some(S::Sending),
            // The truth about an attempt is welcome even after it was given up for lost.
            (S::Sending | S::Unknown, E::Taken) => Some(S::Sent),
            (S::Sending, E::NotNow) => Some(S::Pending),
            (S::Sending | S::Unknown, E::Refused) | (S::Pending, E::Refused) => Some(S::Unreachable),
            (S::Sending, E::Lost) => Some(S::Unknown),
            // The citizen has the words in hand, whatever became of an attempt.
            (S::Pending | S::Unknown | S::Unreachable, E::Reply) => Some(S::Replied),
            (S::Pending, E::Stop) => Some(S::Halted),
            (S::Halted, E::Resume) => Some(S::Pending),
            (S::Pending, E::Taken | E::NotNow | E::Lost | E::Resume)
            | (S::Sending, E::Begin | E::Reply | E::Stop | E::Resume)
            | (
                S::Sent | S::Replied,
                E::Begin | E::Taken | E::NotNow | E::Refused | E::Lost | E::Reply | E::Stop | E::Resume,
            )
            | (S::Unknown, E::Begin | E::NotNow | E::Lost | E::Stop | E::Resume)
            | (
                S::Unreachable,
                E::Begin | E::Taken | E::NotNow | E::Refused | E::Lost | E::Stop | E::Resume,
            )
            | (S::Halted, E::Begin | E::Taken | E::NotNow | E::Refused | E::Lost | E::Reply | E::Stop) => {
                None
            }
        }
    }

    /// The names of the states that `event` changes, for a guarded UPDATE.
    #[must_use]
    pub fn changed_by(event: Event) -> Vec<String> {
        Self::ALL
            .into_iter()
            .filter(|state| state.after(event).is_some())
            .map(|state| state.as_str().to_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENTS: [Event; 8] = [
        Event::Begin,
        Event::Taken,
        Event::NotNow,
        Event::Refused,
        Event::Lost,
        Event::Reply,
        Event::Stop,
        Event::Resume,
    ];

    #[test]
    fn every_state_has_a_name_of_its_own() {
        for state in State::ALL {
            assert_eq!(State::named(state.as_str()), Some(state));
        }
        assert_eq!(State::named("done"), None);
    }

    #[test]
    fn guards_name_the_states_that_an_event_changes() {
        assert_eq!(State::changed_by(Event::Begin), ["pending"]);
        assert_eq!(State::changed_by(Event::Stop), ["pending"]);
        assert_eq!(State::changed_by(Event::Reply), ["pending", "unknown", "unreachable"]);
    }

    proptest! {
        #[test]
        fn an_attempt_whose_outcome_is_lost_is_never_followed_by_another(
            events in prop::collection::vec(prop::sample::select(EVENTS.to_vec()), 0..40),
        ) {
            let (mut state, mut lost) = (State::Pending, false);
            for event in events {
                let Some(next) = state.after(event) else { continue };
                prop_assert!(!(lost && event == Event::Begin));
                lost |= event == Event::Lost;
                state = next;
            }
        }

        #[test]
        fn what_was_given_stays_given(
            events in prop::collection::vec(prop::sample::select(EVENTS.to_vec()), 0..40),
        ) {
            let (mut state, mut given) = (State::Pending, false);
            for event in events {
                state = state.after(event).unwrap_or(state);
                prop_assert!(!given || matches!(state, State::Sent | State::Replied));
                given |= matches!(state, State::Sent | State::Replied);
            }
        }
    }
}

//! What a halt stops.

use std::fmt;

use ids::ClarificationId;
use signoff::order::OrderScope;

use super::publication::Publication;

/// What stops, or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One clarification, in all its revisions.
    Clarification(ClarificationId),
    /// One account, by slug.
    Account(String),
    /// Everything that the agency publishes.
    Everything,
}

/// Whether a halt's officer has signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Told directly by somebody signed in; approval's order has not arrived.
    Told,
    /// With the order, as it travels.
    Signed(Vec<u8>),
    /// The order is missing or does not count: why, for an officer. It stops all the same.
    Unsigned(String),
}

impl Signing {
    /// Its name in rows.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Signed(_) => "signed",
            Self::Unsigned(_) => "unsigned",
        }
    }
}

impl Scope {
    /// What an order names, as far as it goes out here: answers do not.
    #[must_use]
    pub fn of(ordered: &OrderScope) -> Option<Self> {
        match ordered {
            OrderScope::Clarification(clarification) => Some(Self::Clarification(*clarification)),
            OrderScope::Account(account) => Some(Self::Account(account.clone())),
            OrderScope::Everything => Some(Self::Everything),
            OrderScope::AutomaticAnswers => None,
        }
    }

    /// Whether it is what an order names.
    #[must_use]
    pub fn is(&self, ordered: &OrderScope) -> bool {
        Self::of(ordered).as_ref() == Some(self)
    }

    /// Its name in rows.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Clarification(_) => "clarification",
            Self::Account(_) => "account",
            Self::Everything => "everything",
        }
    }

    /// The clarification, if that is what stops.
    #[must_use]
    pub const fn clarification(&self) -> Option<ClarificationId> {
        match self {
            Self::Clarification(clarification) => Some(*clarification),
            Self::Account(_) | Self::Everything => None,
        }
    }

    /// The account, if that is what stops.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account(account) => Some(account),
            Self::Clarification(_) | Self::Everything => None,
        }
    }

    /// Whether it stops `publication`.
    #[must_use]
    pub fn covers(&self, publication: &Publication) -> bool {
        match self {
            Self::Clarification(clarification) => publication.clarification == *clarification,
            Self::Account(account) => publication.account.slug == *account,
            Self::Everything => true,
        }
    }
}

/// Its name with what it is about; no two scopes share one.
impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clarification(clarification) => write!(formatter, "clarification {clarification}"),
            Self::Account(account) => write!(formatter, "account {account}"),
            Self::Everything => write!(formatter, "everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::publication::{State, tests::publication};

    #[test]
    fn a_halt_covers_what_it_names() {
        let publication = publication(Channel::Weibo, State::Planned);
        assert!(Scope::Everything.covers(&publication));
        assert!(Scope::Account("qinglan".into()).covers(&publication));
        assert!(!Scope::Account("another".into()).covers(&publication));
        assert!(Scope::Clarification(publication.clarification).covers(&publication));
        assert!(!Scope::Clarification(ClarificationId::mint()).covers(&publication));
    }
}

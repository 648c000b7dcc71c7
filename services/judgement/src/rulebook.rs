//! An agency's rules as one value: what messages are, how urgent claims are, which department they belong to.
//!
//! It holds rules and does not choose them: which version of which kind an agency uses is its keeper's to know.

use std::sync::Arc;

use crate::intent::{self, Rules};
use crate::routing::{self, Topics};
use crate::rules_file::{Row, RulesError};
use crate::urgency::{self, Signals};

/// Which of the three files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What messages are.
    Intent,
    /// How urgent claims are.
    Urgency,
    /// Which department they belong to.
    Routing,
}

impl Kind {
    /// All of them, in the order in which a message meets them.
    pub const ALL: [Self; 3] = [Self::Intent, Self::Urgency, Self::Routing];

    /// Its name in storage.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Urgency => "urgency",
            Self::Routing => "routing",
        }
    }

    /// The file that this program was built with.
    #[must_use]
    pub const fn built_in(self) -> &'static str {
        match self {
            Self::Intent => intent::BUILT_IN,
            Self::Urgency => urgency::BUILT_IN,
            Self::Routing => routing::BUILT_IN,
        }
    }
}

/// The rules that one agency's messages are judged by. Cheap to clone.
#[derive(Clone)]
pub struct Rulebook {
    /// What messages are.
    pub intent: Arc<Rules>,
    /// How urgent claims are.
    pub urgency: Arc<Signals>,
    /// Which department they belong to.
    pub routing: Arc<Topics>,
}

impl Rulebook {
    /// The rules that this program was built with.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            intent: Arc::clone(Rules::get()),
            urgency: Arc::clone(Signals::get()),
            routing: Arc::clone(Topics::get()),
        }
    }

    /// Takes the rules of a file instead of those of its kind. Changes nothing where they cannot be used.
    ///
    /// # Errors
    /// When they cannot be used; says where and why.
    pub fn set(&mut self, kind: Kind, text: &str) -> Result<(), RulesError> {
        match kind {
            Kind::Intent => self.intent = Arc::new(Rules::parse(text)?),
            Kind::Urgency => self.urgency = Arc::new(Signals::parse(text)?),
            Kind::Routing => self.routing = Arc::new(Topics::parse(text)?),
        }
        Ok(())
    }

    /// Takes the built-in rules of a kind again.
    pub fn reset(&mut self, kind: Kind) {
        match kind {
            Kind::Intent => self.intent = Arc::clone(Rules::get()),
            Kind::Urgency => self.urgency = Arc::clone(Signals::get()),
            Kind::Routing => self.routing = Arc::clone(Topics::get()),
        }
    }

    /// The rules of a kind as people read them.
    #[must_use]
    pub fn rows(&self, kind: Kind) -> &[Row] {
        match kind {
            Kind::Intent => self.intent.rows(),
            Kind::Urgency => self.urgency.rows(),
            Kind::Routing => self.routing.rows(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_program_was_built_with_can_be_saved_as_an_office_s_own() {
        for kind in Kind::ALL {
            let mut rulebook = Rulebook::built_in();
            assert_eq!(rulebook.set(kind, kind.built_in()), Ok(()), "{kind:?}");
            assert!(!rulebook.rows(kind).is_empty());
        }
    }

    #[test]
    fn what_cannot_be_used_changes_nothing() {
        let mut rulebook = Rulebook::built_in();
        assert!(rulebook.set(Kind::Routing, "fallback = 1").is_err());
        assert!(Arc::ptr_eq(&rulebook.routing, Topics::get()));
    }
}

//! What a text can be matched to.

/// What kind of thing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An open claim.
    Claim,
    /// A published clarification.
    Clarification,
}

/// One thing that is known, by its id's 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its id.
    pub id: u128,
}

impl Target {
    /// An open claim.
    pub const fn claim(id: u128) -> Self {
        Self { kind: Kind::Claim, id }
    }

    /// A published clarification.
    pub const fn clarification(id: u128) -> Self {
        Self { kind: Kind::Clarification, id }
    }
}

/// What a document is to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Words in which the thing is claimed: its sentence, or those of a report.
    Sentence,
    /// What else is written about it: a clarification's body.
    Body,
}

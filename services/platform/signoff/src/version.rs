//! Which version of its encoding a content or a statement is written in. A document keeps its version for as long
//! as it lives: what was signed in version 1 verifies in version 1, and nothing new is written in it.

use crate::malformed::Malformed;

/// The version of a document's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Without the claims, the end of validity and the gates.
    One,
    /// With them.
    Two,
}

impl Version {
    /// What new documents are written in.
    pub const LATEST: Self = Self::Two;

    /// Its number, for people.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// Refuses to write what this version has no place for.
    pub(crate) fn check_absent(self, field: &'static str, absent: bool) -> Result<(), Malformed> {
        if self == Self::One && !absent { Err(Malformed::NotInVersion { field }) } else { Ok(()) }
    }
}

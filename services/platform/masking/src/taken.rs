//! Which characters of a reading were recognised, and as what.

use std::ops::Range;

use crate::Found;
use crate::kind::Kind;
use crate::reading::{BLOCK, Reading};

/// What was recognised so far.
pub struct Taken {
    taken: Vec<bool>,
    found: Vec<(Range<usize>, Kind)>,
}

impl Taken {
    /// Nothing recognised yet.
    pub fn new(reading: &Reading) -> Self {
        Self { taken: reading.chars.iter().map(|character| *character == BLOCK).collect(), found: Vec::new() }
    }

    /// True where none of these characters was recognised before.
    pub fn is_free(&self, chars: &Range<usize>) -> bool {
        !self.taken[chars.clone()].contains(&true)
    }

    /// True where this character was recognised, or is blocked out.
    pub fn has(&self, index: usize) -> bool {
        self.taken.get(index).copied().unwrap_or(false)
    }

    /// Takes characters; what was recognised before stays what it was.
    pub fn take(&mut self, chars: Range<usize>, kind: Kind) {
        if !chars.is_empty() && self.is_free(&chars) {
            self.taken[chars.clone()].fill(true);
            self.found.push((chars, kind));
        }
    }

    /// Everything recognised, as it was written.
    pub fn found(self, reading: &Reading) -> Vec<Found> {
        self.found.into_iter().map(|(chars, kind)| Found { range: reading.original(chars), kind }).collect()
    }
}

//! When two pictures are one: by how few bits their perceptual hashes differ, and by the words read in them.
//!
//! Hashes and words are made elsewhere; this only compares. Two screenshots of one app, and two captions on one
//! template, look alike whatever they say: only where both were read well and their words agree are they one.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::normalise::normalise;
use crate::profile::Profile;

/// Bits of 64 in which the same picture may differ after it was scaled, re-encoded or cut a little.
pub const SAME_BITS_MAX: u32 = 6;

/// From here on words that a machine read are taken for what the picture says.
pub const READ_WELL: f64 = 0.6;

/// Words with fewer informative characters are chance: a clock, a battery, a logo.
pub const INFORMATIVE_MIN: usize = 6;

/// Of the shorter text's neighbouring characters, so many must be in the other one: a reader misses some, and two
/// screenshots of one app share a few.
const SHARED_PAIRS_MIN: f64 = 0.5;

/// A perceptual hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub u64);

impl Hash {
    /// In how many bits the two differ.
    pub const fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Eight values of which two hashes share at least one if they differ in at most seven bits: what a table
    /// can be searched by.
    pub fn bands(self) -> [i32; 8] {
        let mut bands = [0; 8];
        for ((at, band), byte) in (0..).zip(&mut bands).zip(self.0.to_be_bytes()) {
            *band = at * 256 + i32::from(byte);
        }
        bands
    }
}

/// True when the words read in a picture are worth judging.
pub fn readable(words: &str, confidence: f64) -> bool {
    confidence >= READ_WELL && Profile::of(&normalise(words)).informative >= INFORMATIVE_MIN
}

/// What the words read in two alike pictures say about their being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Both were read, and say the same.
    Agree,
    /// Both were read, and say something else.
    Differ,
    /// One was not read well: nobody can tell.
    Unread,
}

/// Compares the words read in two pictures, each with how sure the reader is.
pub fn agreement(ours: (&str, f64), theirs: (&str, f64)) -> Agreement {
    if !readable(ours.0, ours.1) || !readable(theirs.0, theirs.1) {
        return Agreement::Unread;
    }
    let (ours, theirs) = (normalise(ours.0), normalise(theirs.0));
    let (our_pairs, their_pairs) = (pairs(&ours), pairs(&theirs));
    let shared = our_pairs.intersection(&their_pairs).count();
    let less = our_pairs.len().min(their_pairs.len());
    let same_facts = Facts::of(&ours).conflicts(&Facts::of(&theirs)).is_empty();
    if same_facts && shared as f64 >= SHARED_PAIRS_MIN * less as f64 {
        Agreement::Agree
    } else {
        Agreement::Differ
    }
}

/// Neighbouring characters.
fn pairs(text: &str) -> BTreeSet<(char, char)> {
    text.chars().zip(text.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_screenshots_of_one_app_are_one_only_if_their_words_agree() {
        let (ours, sure) = ("业主群 说明天凌晨3点青岚县有7级地震，让大家别睡屋里", 0.9);
        let with = |words: &str, confidence: f64| agreement((ours, sure), (words, confidence));
        assert_eq!(with("业主群 说明天凌晨3点青岚县有7级地震，让大家别睡屋", 0.85), Agreement::Agree);
        assert_eq!(with("业主群 明天上午全小区停水，请大家提前储水", 0.9), Agreement::Differ);
        assert_eq!(with("业主群 说明天凌晨5点青岚县有9级地震，让大家别睡屋里", 0.9), Agreement::Differ);
        // What was read badly, or is next to nothing, says nothing.
        assert_eq!(with("明天上午全小区停水，请大家提前储水", 0.3), Agreement::Unread);
        assert_eq!(with("12:30", 0.99), Agreement::Unread);
    }

    proptest! {
        #[test]
        fn hashes_that_differ_in_few_bits_share_a_band(hash: u64, flips in prop::collection::vec(0u32..64, 0..=7)) {
            let other = flips.iter().fold(hash, |other, bit| other ^ (1 << bit));
            prop_assert!(Hash(hash).distance(Hash(other)) <= 7);
            let (ours, theirs) = (Hash(hash).bands(), Hash(other).bands());
            prop_assert!(ours.iter().zip(&theirs).any(|(ours, theirs)| ours == theirs));
        }
    }
}

//! The part of the index that grows: documents and postings in memory.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::agreement::Code;
use crate::index::target::{Field, Target};
use crate::profile::{Glyph, Gram, meant, steps};

/// Sums over a document's distinct characters and pairs, each by how rare it was when they were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Masses {
    /// Of the characters.
    pub singles: f32,
    /// Of the pairs.
    pub pairs: f32,
    /// Length of the vector of both.
    pub norm: f32,
}

/// A document of the tail.
pub struct Kept {
    pub target: Target,
    pub field: Field,
    pub glyphs: Box<[Glyph]>,
    pub codes: Box<[Code]>,
    pub informative: u32,
    pub masses: Masses,
    pub live: bool,
}

/// What is known of one gram.
#[derive(Default)]
pub struct Entry {
    /// Targets that have it in any document, as a change to what the base says.
    pub targets: i32,
    /// Documents of the tail that have it, in order of their numbers. Only pairs and lone characters have any.
    pub postings: Vec<u32>,
}

/// Documents in memory.
#[derive(Default)]
pub struct Tail {
    /// Texts come from strangers, so the hash is seeded; it is looked up for every gram, so it is a fast one.
    pub grams: HashMap<Gram, Entry, RandomState>,
    pub documents: Vec<Kept>,
    pub by_target: HashMap<Target, Vec<u32>, RandomState>,
}

/// The distinct grams of a text: all its characters and pairs, sorted.
pub fn distinct(glyphs: &[Glyph]) -> Vec<Gram> {
    let meant: Vec<Glyph> = meant(glyphs).map(|(_, glyph)| glyph).collect();
    let mut grams: Vec<Gram> =
        steps(&meant).flat_map(|(single, pair)| [Some(single), pair]).flatten().collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The grams that a text is found by: its pairs, or its lone character.
pub fn found_by(grams: &[Gram]) -> impl Iterator<Item = Gram> {
    let no_pair = !grams.iter().any(|&gram| is_pair(gram));
    grams.iter().copied().filter(move |&gram| no_pair || is_pair(gram))
}

/// True for pairs.
pub const fn is_pair(gram: Gram) -> bool {
    gram >> 21 != 0
}

//! Finds many words in one pass over a normalised text.
//!
//! The words are written as people write them and normalised here, so that a rule says 7级 or 七级 alike.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use crate::normalise::normalise;

/// A set of words, each with what it stands for.
pub struct Words<T> {
    automaton: AhoCorasick,
    meanings: Vec<(String, T)>,
}

/// A word where it was found.
#[derive(Clone, Copy)]
pub struct Found<'a, T> {
    /// The word, normalised.
    pub word: &'a str,
    /// What it stands for.
    pub meaning: T,
    /// First byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl<T: Copy> Words<T> {
    /// Words of which, where several begin at one place, the longest counts and hides what it covers.
    pub fn longest(words: impl IntoIterator<Item = (String, T)>) -> Self {
        Self::build(words, MatchKind::LeftmostLongest)
    }

    /// Words that are all found, also inside one another.
    pub fn overlapping(words: impl IntoIterator<Item = (String, T)>) -> Self {
        Self::build(words, MatchKind::Standard)
    }

    fn build(words: impl IntoIterator<Item = (String, T)>, kind: MatchKind) -> Self {
        let meanings: Vec<(String, T)> = words
            .into_iter()
            .map(|(word, meaning)| (normalise(&word), meaning))
            .filter(|(word, _)| !word.is_empty())
            .collect();
        let automaton = AhoCorasickBuilder::new()
            .match_kind(kind)
            .build(meanings.iter().map(|(word, _)| word))
            .expect("a few thousand short words are far below the automaton's limits");
        Self { automaton, meanings }
    }

    /// Every word of a [`longest`](Self::longest) set in `text`, in order.
    pub fn in_order<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Found<'a, T>> {
        self.automaton.find_iter(text).map(|found| self.found(&found))
    }

    /// Every word of an [`overlapping`](Self::overlapping) set in `text`.
    pub fn everywhere<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Found<'a, T>> {
        self.automaton.find_overlapping_iter(text).map(|found| self.found(&found))
    }

    /// Every word of the set, normalised, with what it stands for.
    pub fn all(&self) -> impl Iterator<Item = (&str, T)> {
        self.meanings.iter().map(|(word, meaning)| (word.as_str(), *meaning))
    }

    fn found(&self, found: &aho_corasick::Match) -> Found<'_, T> {
        let (word, meaning) = &self.meanings[found.pattern().as_usize()];
        Found { word, meaning: *meaning, start: found.start(), end: found.end() }
    }
}

//! Which words of a text say something about its subject, and which only pass it on (`wording.toml`).
//!
//! Knows Chinese as people forward it, and nothing of topics: those are `routing`'s.

use std::collections::HashSet;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use serde::Deserialize;

use crate::normalise::normalise;
use crate::profile::Gram;
use crate::words::{Found, Words};

/// What a word does in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Says that something is said or asked.
    PassingOn,
    /// The agency's own area.
    Here,
    /// A time of day or week.
    Time,
    /// Denies the rest.
    Negation,
    /// An area by name.
    Area,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    passing_on: Vec<String>,
    here: Vec<String>,
    time: Vec<String>,
    negation: Vec<String>,
    particles: String,
    areas: Vec<String>,
    no_area_before: Vec<String>,
    place_endings: Vec<String>,
}

/// The lists of `wording.toml`, ready to be looked up.
pub struct Wording {
    parts: Words<Part>,
    no_area_before: Vec<String>,
    /// Endings of place names.
    pub place_endings: Words<()>,
    particles: HashSet<char>,
    passing_on: HashSet<Gram, RandomState>,
}

impl Wording {
    /// The lists that this program was built with.
    pub fn get() -> &'static Self {
        static WORDING: LazyLock<Wording> = LazyLock::new(|| {
            let file: File = toml::from_str(include_str!("wording.toml"))
                .expect("wording.toml is part of the program, and a test reads it");
            let passing_on = grams_of(&file.passing_on, &file.particles);
            let lists = [
                (file.passing_on, Part::PassingOn),
                (file.here, Part::Here),
                (file.time, Part::Time),
                (file.negation, Part::Negation),
                (file.areas, Part::Area),
            ];
            let parts =
                lists.into_iter().flat_map(|(words, part)| words.into_iter().map(move |word| (word, part)));
            Wording {
                parts: Words::longest(parts),
                no_area_before: file.no_area_before,
                place_endings: Words::longest(file.place_endings.into_iter().map(|word| (word, ()))),
                particles: file.particles.chars().collect(),
                passing_on,
            }
        });
        &WORDING
    }

    /// Every word of a normalised text that plays a part, in order.
    pub fn parts_of<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Found<'a, Part>> {
        self.parts.in_order(text).filter(|part| {
            let is_area = || !self.no_area_before.iter().any(|next| text[part.end..].starts_with(next));
            part.meaning != Part::Area || is_area()
        })
    }

    /// True for characters and pairs out of words that only pass a text on, and for particles: common everywhere,
    /// however few texts are known yet.
    pub fn passes_on(&self, gram: Gram) -> bool {
        self.passing_on.contains(&gram)
    }

    /// True for characters that carry grammar only.
    pub fn particle(&self, character: char) -> bool {
        self.particles.contains(&character)
    }
}

fn grams_of(words: &[String], particles: &str) -> HashSet<Gram, RandomState> {
    let single = |character: char| Gram::from(u32::from(character));
    let mut grams: HashSet<Gram, RandomState> = particles.chars().map(single).collect();
    for word in words {
        let characters: Vec<char> = normalise(word).chars().collect();
        grams.extend(characters.iter().map(|&character| single(character)));
        grams.extend(characters.windows(2).map(|two| single(two[0]) << 21 | single(two[1])));
    }
    grams
}

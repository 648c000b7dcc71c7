//! A text as what is compared: its characters, each with the part that it plays, and the facts that it states.
//!
//! Every character is compared: leaving out particles and words that only pass a text on was measured and is worse
//! (how rare a pair is tells it already). Parts say which characters are informative and which state a fact.

use std::ops::Range;

use crate::facts::Facts;
use crate::routing::Topics;
use crate::synonyms::Synonyms;
use crate::wording::{Part, Wording};

/// What a character is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Words that only pass the text on.
    PassingOn,
    /// Grammar.
    Particle,
    /// A time or a number.
    Time,
    /// Any other.
    Plain,
    /// A subject of the topic rules.
    Subject,
    /// A denial.
    Denial,
    /// The name of an area.
    Area,
    /// The name of a place; what kind of place it is follows.
    Place,
}

/// A character, its role and the synonym that it begins in one number, as the index keeps texts: 21 bits, 3 above
/// them and 8 above those. A plain number, so that a file of them is read where it lies.
pub type Glyph = u32;

const CHARACTER_BITS: u32 = 21;
const SYNONYM_SHIFT: u32 = 24;

/// Begins no synonym.
const NO_SYNONYM: u8 = 0;
/// Goes on with the synonym that an earlier character begins.
const GOES_ON: u8 = u8::MAX;

const fn glyph(character: char, role: Role, synonym: u8) -> Glyph {
    (synonym as u32) << SYNONYM_SHIFT | (role as u32) << CHARACTER_BITS | character as u32
}

/// The code point of a glyph's character.
pub const fn code_point(glyph: Glyph) -> u32 {
    glyph & ((1 << CHARACTER_BITS) - 1)
}

/// A glyph's role.
pub const fn role(glyph: Glyph) -> Role {
    match glyph >> CHARACTER_BITS & 0b111 {
        0 => Role::PassingOn,
        1 => Role::Particle,
        2 => Role::Time,
        4 => Role::Subject,
        5 => Role::Denial,
        6 => Role::Area,
        7 => Role::Place,
        _ => Role::Plain,
    }
}

/// The digit of a glyph, where it is one.
pub const fn digit(glyph: Glyph) -> Option<char> {
    match char::from_u32(code_point(glyph)) {
        Some(character) if character.is_ascii_digit() => Some(character),
        _ => None,
    }
}

/// Behind a digit these say when.
const OF_WHEN: &str = "年月日号点时分秒";

/// A text, ready to be compared.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The normalised text, a glyph each character.
    pub glyphs: Vec<Glyph>,
    /// What it states.
    pub facts: Facts,
    /// Characters that say something about the subject.
    pub informative: usize,
    /// Of each character, whether it tells what is claimed: not where or when, nor that it is passed on.
    pub matter: Vec<bool>,
}

impl Profile {
    /// Takes a normalised text apart.
    pub fn of(text: &str) -> Self {
        let wording = Wording::get();
        let characters: Vec<(usize, char)> = text.char_indices().collect();
        let mut roles: Vec<Role> = characters
            .iter()
            .map(|&(_, character)| {
                if character.is_ascii_digit() {
                    Role::Time
                } else if wording.particle(character) {
                    Role::Particle
                } else {
                    Role::Plain
                }
            })
            .collect();
        let place = |byte: usize| characters.partition_point(|&(at, _)| at < byte);
        for subject in Topics::get().subjects(text) {
            roles[place(subject.start)..place(subject.end)].fill(Role::Subject);
        }
        for part in wording.parts_of(text) {
            let role = match part.meaning {
                Part::PassingOn | Part::Here => Role::PassingOn,
                Part::Time => Role::Time,
                Part::Negation => Role::Denial,
                Part::Area => Role::Area,
            };
            roles[place(part.start)..place(part.end)].fill(role);
        }
        let facts = Facts::of(text);
        let places: Vec<Range<usize>> =
            facts.place_spans.iter().map(|span| place(span.start)..place(span.end)).collect();
        for span in &places {
            roles[span.start..span.start + Facts::PLACE_CHARACTERS].fill(Role::Place);
        }
        let mut synonyms = vec![NO_SYNONYM; characters.len()];
        for found in Synonyms::get().in_order(text) {
            let span = place(found.start)..place(found.end);
            let word = &mut roles[span.clone()];
            // What states a fact is compared as it was written.
            if word.iter().all(|role| matches!(role, Role::Plain | Role::Particle | Role::Subject)) {
                word.fill(if word.contains(&Role::Subject) { Role::Subject } else { Role::Plain });
                synonyms[span.clone()].fill(GOES_ON);
                synonyms[span.start] = found.meaning;
            }
        }
        let says = |role: &Role| !matches!(role, Role::PassingOn | Role::Particle | Role::Time);
        let mut matter: Vec<bool> = roles.iter().map(|role| says(role) && *role != Role::Area).collect();
        places.into_iter().for_each(|span| matter[span].fill(false));
        for (at, two) in characters.windows(2).enumerate() {
            // 「12月8日9点30分」 is when it is, whatever it is.
            if two[0].1.is_ascii_digit() && OF_WHEN.contains(two[1].1) {
                matter[at + 1] = false;
            }
        }
        let informative = roles.iter().filter(|role| says(role)).count();
        let told = characters.iter().zip(roles).zip(synonyms);
        let glyphs = told.map(|((&(_, character), role), synonym)| glyph(character, role, synonym));
        Self { glyphs: glyphs.collect(), facts, informative, matter }
    }
}

/// The normalised text of glyphs.
pub fn text_of(glyphs: &[Glyph]) -> String {
    glyphs.iter().filter_map(|&glyph| char::from_u32(code_point(glyph))).collect()
}

/// What glyphs mean: each, or of words that say the same the one that stands for them; with the place of the glyph
/// that it comes from.
pub fn meant(glyphs: &[Glyph]) -> impl Iterator<Item = (usize, Glyph)> {
    glyphs.iter().enumerate().flat_map(|(at, &glyph_there)| {
        let synonym = (glyph_there >> SYNONYM_SHIFT) as u8;
        let (itself, word) = match synonym {
            NO_SYNONYM => (Some(glyph_there), &[][..]),
            GOES_ON => (None, &[][..]),
            _ => (None, Synonyms::get().stands_for(synonym)),
        };
        let word = word.iter().map(move |&character| glyph(character, role(glyph_there), NO_SYNONYM));
        itself.into_iter().chain(word).map(move |glyph| (at, glyph))
    })
}

/// One character or two neighbouring ones, packed: 21 bits each, so that no single equals a pair.
pub type Gram = u64;

/// Every character of a text with the pair that it ends.
pub fn steps(glyphs: &[Glyph]) -> impl Iterator<Item = (Gram, Option<Gram>)> {
    let single = |glyph: &Glyph| Gram::from(code_point(*glyph));
    let before = std::iter::once(None).chain(glyphs.iter().map(Some));
    glyphs.iter().zip(before).map(move |(glyph, before)| {
        (single(glyph), before.map(|before| single(before) << 21 | single(glyph)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    #[test]
    fn every_character_has_its_role_and_what_says_nothing_is_not_counted() {
        let profile = Profile::of(&normalise("听说明天四川城东市场没地震"));
        let roles: Vec<Role> = profile.glyphs.iter().map(|&glyph| role(glyph)).collect();
        let expected = [
            [Role::PassingOn; 2],
            [Role::Time; 2],
            [Role::Area; 2],
            [Role::Place; 2],
            [Role::Plain; 2],
            [Role::Denial, Role::Subject],
        ];
        assert_eq!(roles[..12], expected.concat());
        assert_eq!(profile.informative, 9);
        assert_eq!(text_of(&profile.glyphs), "听说明天四川城东市场没地震");
    }

    #[test]
    fn a_text_of_one_character_has_no_pair() {
        assert_eq!(steps(&Profile::of("震").glyphs).collect::<Vec<_>>(), [(0x9707, None)]);
        assert_eq!(steps(&Profile::of("").glyphs).count(), 0);
    }
}

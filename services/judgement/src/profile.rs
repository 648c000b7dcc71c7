//! A text as what is compared: its characters, each with how much it says, and the facts that it states.
//!
//! Words that only pass a text on are left out, particles are skipped over, subjects of the topic rules weigh
//! more and times of day less. How rare a character or a pair of them is, is the index's to know.

use crate::facts::Facts;
use crate::routing::Topics;
use crate::wording::{Part, Wording};

/// How much a character says, apart from how rare it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Only passes the text on: what stands before and behind it is not neighbours.
    Omitted,
    /// Grammar: what stands before and behind it is neighbours.
    Skipped,
    /// A time or a number: facts are compared as facts.
    Detail,
    /// Any other.
    Plain,
    /// Belongs to a subject of the topic rules.
    Subject,
    /// Denies.
    Denial,
}

impl Weight {
    /// Its factor; none where the character is not compared.
    pub const fn factor(self) -> Option<f32> {
        match self {
            Self::Omitted | Self::Skipped => Some(1.0),
            Self::Detail => Some(1.0),
            Self::Plain | Self::Denial => Some(1.0),
            Self::Subject => Some(1.0),
        }
    }
}

/// A character and its weight in one number, as the index keeps texts: 21 bits and 3 above them. A plain number,
/// so that a file of them is read where it lies.
pub type Glyph = u32;

const CHARACTER_BITS: u32 = 21;

const fn glyph(character: char, weight: Weight) -> Glyph {
    (weight as u32) << CHARACTER_BITS | character as u32
}

/// The code point of a glyph's character.
pub const fn code_point(glyph: Glyph) -> u32 {
    glyph & ((1 << CHARACTER_BITS) - 1)
}

/// A glyph's weight. What no version wrote counts as skipped.
const fn weight(glyph: Glyph) -> Weight {
    match glyph >> CHARACTER_BITS {
        0 => Weight::Omitted,
        2 => Weight::Detail,
        3 => Weight::Plain,
        4 => Weight::Subject,
        5 => Weight::Denial,
        _ => Weight::Skipped,
    }
}

/// A text, ready to be compared.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The normalised text, a glyph each character.
    pub glyphs: Vec<Glyph>,
    /// What it states.
    pub facts: Facts,
    /// Characters that say something about the subject.
    pub informative: usize,
}

impl Profile {
    /// Takes a normalised text apart.
    pub fn of(text: &str) -> Self {
        let wording = Wording::get();
        let characters: Vec<(usize, char)> = text.char_indices().collect();
        let mut weights: Vec<Weight> = characters
            .iter()
            .map(|&(_, character)| {
                if character.is_ascii_digit() {
                    Weight::Detail
                } else if wording.particle(character) {
                    Weight::Skipped
                } else {
                    Weight::Plain
                }
            })
            .collect();
        let place = |byte: usize| characters.partition_point(|&(at, _)| at < byte);
        for subject in Topics::get().subjects(text) {
            weights[place(subject.start)..place(subject.end)].fill(Weight::Subject);
        }
        for part in wording.parts.in_order(text) {
            let weight = match part.meaning {
                Part::PassingOn | Part::Here => Weight::Omitted,
                Part::Time => Weight::Detail,
                Part::Negation => Weight::Denial,
                Part::Area => continue,
            };
            weights[place(part.start)..place(part.end)].fill(weight);
        }
        let informative =
            weights.iter().filter(|weight| matches!(weight, Weight::Plain | Weight::Subject)).count();
        let glyphs = characters.iter().zip(weights).map(|(&(_, character), weight)| glyph(character, weight));
        Self { glyphs: glyphs.collect(), facts: Facts::of(text), informative }
    }
}

/// The digit of a glyph, where it is one.
pub const fn digit(glyph: Glyph) -> Option<char> {
    match char::from_u32(code_point(glyph)) {
        Some(character) if character.is_ascii_digit() => Some(character),
        _ => None,
    }
}

/// The normalised text of glyphs.
pub fn text_of(glyphs: &[Glyph]) -> String {
    glyphs.iter().filter_map(|&glyph| char::from_u32(code_point(glyph))).collect()
}

/// One character or two neighbouring ones, packed: 21 bits each, so that no single equals a pair.
pub type Gram = u64;

/// A step through a text: a character that is compared, and whether the one before it is its neighbour.
#[derive(Clone, Copy)]
pub struct Step {
    /// The character alone.
    pub single: Gram,
    /// The pair that it ends, where it ends one.
    pub pair: Option<Gram>,
    /// Which character of the text it is.
    pub at: u32,
    /// True where it is part of a denial.
    pub denies: bool,
    /// Factor of the single.
    pub factor: f32,
    /// Factor of the pair.
    pub pair_factor: f32,
}

/// The characters that are compared, in order.
pub fn steps(glyphs: &[Glyph]) -> impl Iterator<Item = Step> {
    let mut before: Option<(Gram, f32)> = None;
    (0_u32..).zip(glyphs).filter_map(move |(at, &glyph)| {
        let weight = weight(glyph);
        let Some(factor) = weight.factor() else {
            if weight == Weight::Omitted {
                before = None;
            }
            return None;
        };
        let single = Gram::from(code_point(glyph));
        let (pair, pair_factor) = match before {
            Some((first, first_factor)) => (Some(first << 21 | single), f32::midpoint(first_factor, factor)),
            None => (None, 0.0),
        };
        before = Some((single, factor));
        Some(Step { single, pair, at, denies: weight == Weight::Denial, factor, pair_factor })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    #[test]
    fn what_only_passes_on_parts_neighbours_and_particles_do_not() {
        let profile = Profile::of(&normalise("西瓜听说打了针"));
        let pairs: Vec<Gram> = steps(&profile.glyphs).filter_map(|step| step.pair).collect();
        let pair = |a: char, b: char| Gram::from(u32::from(a)) << 21 | Gram::from(u32::from(b));
        assert_eq!(pairs, [pair('西', '瓜'), pair('打', '针')]);
        assert_eq!(text_of(&profile.glyphs), "西瓜听说打了针");
    }

    #[test]
    fn a_text_without_words_has_no_steps() {
        assert_eq!(steps(&Profile::of("").glyphs).count(), 0);
    }
}

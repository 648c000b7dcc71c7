//! A text as what is compared: its characters, each with the part that it plays, and the facts that it states.
//!
//! Every character is compared: leaving out particles and words that only pass a text on was measured and is worse
//! (how rare a pair is tells it already). Parts say which characters are informative and which state a fact.

use crate::facts::Facts;
use crate::routing::Topics;
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

/// A character and its role in one number, as the index keeps texts: 21 bits and 3 above them. A plain number, so
/// that a file of them is read where it lies.
pub type Glyph = u32;

const CHARACTER_BITS: u32 = 21;

const fn glyph(character: char, role: Role) -> Glyph {
    (role as u32) << CHARACTER_BITS | character as u32
}

/// The code point of a glyph's character.
pub const fn code_point(glyph: Glyph) -> u32 {
    glyph & ((1 << CHARACTER_BITS) - 1)
}

/// A glyph's role.
pub const fn role(glyph: Glyph) -> Role {
    match glyph >> CHARACTER_BITS {
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
        for part in wording.parts.in_order(text) {
            let role = match part.meaning {
                Part::PassingOn | Part::Here => Role::PassingOn,
                Part::Time => Role::Time,
                Part::Negation => Role::Denial,
                Part::Area => Role::Area,
            };
            roles[place(part.start)..place(part.end)].fill(role);
        }
        let facts = Facts::of(text);
        let says = |role: &Role| !matches!(role, Role::PassingOn | Role::Particle | Role::Time);
        let mut matter: Vec<bool> = roles.iter().map(|role| says(role) && *role != Role::Area).collect();
        for span in &facts.place_spans {
            let start = place(span.start);
            roles[start..start + Facts::PLACE_CHARACTERS].fill(Role::Place);
            matter[start..place(span.end)].fill(false);
        }
        let informative = roles.iter().filter(|role| says(role)).count();
        let glyphs = characters.iter().zip(roles).map(|(&(_, character), role)| glyph(character, role));
        Self { glyphs: glyphs.collect(), facts, informative, matter }
    }
}

/// The normalised text of glyphs.
pub fn text_of(glyphs: &[Glyph]) -> String {
    glyphs.iter().filter_map(|&glyph| char::from_u32(code_point(glyph))).collect()
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

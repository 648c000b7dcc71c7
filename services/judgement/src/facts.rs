//! What a text states that must not differ: places, numbers with their units, denial.
//!
//! Plain patterns over a normalised text, no grammar: they are there to notice that two alike texts disagree,
//! not to understand one.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::routing::Topics;
use crate::synonyms::Synonyms;
use crate::wording::{Part, Wording};

/// What one text states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Areas by name.
    pub areas: BTreeSet<String>,
    /// Named places: (ending, name), such as (市场, 城东).
    pub places: BTreeSet<(String, String)>,
    /// Numbers: (unit, digits), such as (级, 7).
    pub numbers: BTreeSet<(char, String)>,
    /// True when it denies something.
    pub denies: bool,
    /// True when it speaks of the agency's own area.
    pub here: bool,
    /// Subjects of the topic rules.
    pub subjects: BTreeSet<String>,
    /// Where in the text each place stands, its name and its ending, in bytes.
    pub place_spans: Vec<Range<usize>>,
}

/// A fact on which two texts disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Another place.
    Place(String, String),
    /// Another number of the same unit.
    Number(String, String),
    /// Wholly other subjects.
    Subject(String, String),
    /// One denies, the other does not.
    Denial,
}

/// Characters that never belong to a place's name; before an ending they show that no name stands there.
const NOT_IN_NAMES: &str =
    "在的了去到从那这个有们我你他她它是和与都各每某哪何全本该此几两一多对于给被把让向往咱点";

impl Facts {
    /// Characters of a place's name.
    pub const PLACE_CHARACTERS: usize = 2;

    /// Reads the facts of a normalised text.
    pub fn of(text: &str) -> Self {
        let wording = Wording::get();
        let mut facts = Self::default();
        let mut nameless: Vec<(usize, usize)> = Vec::new();
        for part in wording.parts_of(text) {
            match part.meaning {
                Part::Negation => facts.denies = true,
                Part::Here => facts.here = true,
                Part::Area => _ = facts.areas.insert(part.word.to_owned()),
                Part::PassingOn | Part::Time => {}
            }
            if matches!(part.meaning, Part::Here | Part::PassingOn | Part::Time) {
                nameless.push((part.start, part.end));
            }
        }
        for ending in wording.place_endings.in_order(text) {
            let name = last_two(&text[..ending.start]);
            let start = ending.start - name.len();
            let is_name = name.chars().count() == Self::PLACE_CHARACTERS
                && !name.chars().any(|c| NOT_IN_NAMES.contains(c) || c.is_ascii() || wording.particle(c))
                && !nameless.iter().any(|&(from, to)| from < ending.end && start < to);
            if is_name {
                facts.place_spans.push(start..ending.end);
                facts.places.insert((ending.word.to_owned(), name.to_owned()));
            }
        }
        let synonyms = Synonyms::get();
        facts.subjects = Topics::get().subjects(text).map(|found| synonyms.read(found.word)).collect();
        let mut digits = String::new();
        for character in text.chars() {
            if character.is_ascii_digit() {
                digits.push(character);
            } else if !digits.is_empty() {
                facts.numbers.insert((character, std::mem::take(&mut digits)));
            }
        }
        facts
    }

    /// Adds what an earlier text about the same thing states: who tells it shorter still means that place.
    pub fn inherit(&mut self, earlier: &Self) {
        self.areas.extend(earlier.areas.iter().cloned());
        self.places.extend(earlier.places.iter().cloned());
        self.numbers.extend(earlier.numbers.iter().cloned());
        self.subjects.extend(earlier.subjects.iter().cloned());
        self.here |= earlier.here;
    }

    /// What `self` and `other` disagree on. What only one of them states is no conflict.
    pub fn conflicts(&self, other: &Self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if let (Some(ours), Some(theirs)) = (self.region(), other.region())
            && !self.shares_region(other)
        {
            conflicts.push(Conflict::Place(ours, theirs));
        }
        for (ending, name) in &self.places {
            let theirs: Vec<&String> =
                other.places.iter().filter(|(known, _)| known == ending).map(|(_, name)| name).collect();
            let ours_too = self.places.iter().any(|(known, name)| known == ending && theirs.contains(&name));
            if let (Some(their), false) = (theirs.first(), ours_too) {
                conflicts.push(Conflict::Place(format!("{name}{ending}"), format!("{their}{ending}")));
            }
        }
        for (unit, number) in &self.numbers {
            let theirs: Vec<&String> =
                other.numbers.iter().filter(|(known, _)| known == unit).map(|(_, number)| number).collect();
            let ours_too =
                self.numbers.iter().any(|(known, number)| known == unit && theirs.contains(&number));
            if let (Some(their), false) = (theirs.first(), ours_too) {
                conflicts.push(Conflict::Number(format!("{number}{unit}"), format!("{their}{unit}")));
            }
        }
        if !self.subjects.is_empty()
            && !other.subjects.is_empty()
            && self.subjects.is_disjoint(&other.subjects)
        {
            conflicts.push(Conflict::Subject(joined(&self.subjects), joined(&other.subjects)));
        }
        if self.denies != other.denies {
            conflicts.push(Conflict::Denial);
        }
        conflicts
    }

    /// Where it says that it happens, as far as an area or the agency's own county goes.
    fn region(&self) -> Option<String> {
        let county = || self.counties().next().map(|(ending, name)| format!("{name}{ending}"));
        let named = (!self.areas.is_empty()).then(|| joined(&self.areas));
        named.or_else(county).or_else(|| self.here.then(|| "本地".to_owned()))
    }

    /// True when nothing says that the two regions differ. The agency's own area and a named county may be one.
    fn shares_region(&self, other: &Self) -> bool {
        if self.areas.is_empty() && other.areas.is_empty() {
            return true; // two counties are compared by name, as places are
        }
        !self.areas.is_disjoint(&other.areas) || self.counties().any(|county| other.places.contains(county))
    }

    fn counties(&self) -> impl Iterator<Item = &(String, String)> {
        self.places.iter().filter(|(ending, _)| ["省", "市", "县", "区"].contains(&ending.as_str()))
    }
}

fn joined(areas: &BTreeSet<String>) -> String {
    areas.iter().map(String::as_str).collect::<Vec<_>>().join("、")
}

fn last_two(text: &str) -> &str {
    let start = text.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    fn between(ours: &str, theirs: &str) -> Vec<Conflict> {
        Facts::of(&normalise(ours)).conflicts(&Facts::of(&normalise(theirs)))
    }

    #[test]
    fn another_place_number_or_denial_is_a_conflict() {
        assert_eq!(
            between("城西市场西瓜打针", "城东市场西瓜打针"),
            [Conflict::Place("城西市场".into(), "城东市场".into())]
        );
        assert_eq!(between("明天四川地震", "明天云南地震"), [Conflict::Place("四川".into(), "云南".into())]);
        assert_eq!(between("今晚五级地震", "今晚7级地震"), [Conflict::Number("5级".into(), "7级".into())]);
        assert_eq!(between("西瓜没有打针", "西瓜打针"), [Conflict::Denial]);
    }

    #[test]
    fn a_house_is_no_area_and_streets_of_two_areas_differ() {
        assert_eq!(between("聚德国际停电", "四川停电"), []);
        assert_eq!(between("德国停电", "四川停电").len(), 1);
        assert_eq!(between("中山路停电", "南京路停电").len(), 1);
    }

    #[test]
    fn what_only_one_text_states_is_no_conflict() {
        for (ours, theirs) in [
            ("我们县今晚有地震", "青岚县今晚有地震"),
            ("今晚地震", "今晚3点7级地震"),
            ("小孩在市场吃了西瓜", "城东市场的西瓜"),
            ("有没有这回事，西瓜打针是不是真的", "西瓜打针"),
            ("城东市场失火", "城东市场着火了"),
        ] {
            assert_eq!(between(ours, theirs), [], "{ours}");
        }
    }
}

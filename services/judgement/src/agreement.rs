//! Whether two texts are about the same places and subjects, by codes that are small enough to be kept for a million
//! texts.
//!
//! A code names a fact by hash. Which words they are, `facts` says for the few texts that are shown. Numbers and
//! denials are not here: what they are about lies in the words around them, so `compare` looks at those.

use crate::facts::Facts;

/// A fact as a number: its kind in the top 4 bits, what it is a fact about in the next 20, what it says in the rest.
pub type Code = u64;

const KIND_SHIFT: u32 = 60;
const ABOUT_SHIFT: u32 = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Area = 1,
    Place,
    County,
    Subject,
    Here,
}

/// How the facts of a text and of a known one agree.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Areas that both name.
    pub areas_shared: u32,
    /// Share of the known text's areas that the text does not name.
    pub areas_missing: f32,
    /// Share of the text's areas that the known one does not name.
    pub areas_added: f32,
    /// Both name regions, and none that is the same.
    pub other_region: bool,
    /// Places of one kind with different names.
    pub other_place: bool,
    /// Subjects of the topic rules, none the same.
    pub other_subject: bool,
    /// A subject of the topic rules that both have.
    pub shared_subject: bool,
}

/// The codes of `facts`, sorted.
pub fn codes(facts: &Facts) -> Vec<Code> {
    let mut codes = Vec::new();
    let mut add = |kind: Kind, about: &str, what: &str| {
        codes.push(code(kind, about, what));
    };
    for area in &facts.areas {
        add(Kind::Area, "", area);
    }
    for (ending, name) in &facts.places {
        add(Kind::Place, ending, name);
        if ["省", "市", "县", "区"].contains(&ending.as_str()) {
            add(Kind::County, "", name);
        }
    }
    for subject in &facts.subjects {
        add(Kind::Subject, "", subject);
    }
    if facts.here {
        add(Kind::Here, "", "");
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Joins the codes of an earlier text about the same thing: who tells it shorter still means that place.
pub fn inherit(own: &mut Vec<Code>, earlier: &[Code]) {
    own.extend_from_slice(earlier);
    own.sort_unstable();
    own.dedup();
}

/// Compares what a text states with what a known one states. What only one of them states is no conflict.
pub fn agreement(text: &[Code], known: &[Code]) -> Agreement {
    let areas = shared(text, known, Kind::Area);
    let subjects = shared(text, known, Kind::Subject);
    let has = |codes: &[Code], kind| !of(codes, kind).is_empty();
    let region =
        |codes: &[Code]| has(codes, Kind::Area) || has(codes, Kind::County) || has(codes, Kind::Here);
    let no_area = !has(text, Kind::Area) && !has(known, Kind::Area);
    let counties = shared(text, known, Kind::County);
    Agreement {
        areas_shared: u32::try_from(areas.both).unwrap_or(u32::MAX),
        areas_missing: areas.missing(),
        areas_added: areas.added(),
        // Two counties are compared by name, as places are.
        other_region: region(text) && region(known) && !no_area && areas.both == 0 && counties.both == 0,
        other_place: differs(text, known, Kind::Place),
        other_subject: subjects.text > 0 && subjects.known > 0 && subjects.both == 0,
        shared_subject: subjects.both > 0,
    }
}

struct Shared {
    both: usize,
    text: usize,
    known: usize,
}

impl Shared {
    fn missing(&self) -> f32 {
        share(self.known - self.both, self.known)
    }

    fn added(&self) -> f32 {
        share(self.text - self.both, self.text)
    }
}

fn share(part: usize, whole: usize) -> f32 {
    let small = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    if whole == 0 { 0.0 } else { small(part) / small(whole) }
}

fn shared(text: &[Code], known: &[Code], kind: Kind) -> Shared {
    let (text, known) = (of(text, kind), of(known, kind));
    let both = text.iter().filter(|code| known.binary_search(code).is_ok()).count();
    Shared { both, text: text.len(), known: known.len() }
}

/// True where both say something about the same thing and nothing that they say is the same.
fn differs(text: &[Code], known: &[Code], kind: Kind) -> bool {
    let (text, known) = (of(text, kind), of(known, kind));
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let about = first >> ABOUT_SHIFT;
        let end = rest.partition_point(|&code| code >> ABOUT_SHIFT <= about);
        let (ours, later) = rest.split_at(end);
        let start = known.partition_point(|&code| code >> ABOUT_SHIFT < about);
        let end = known.partition_point(|&code| code >> ABOUT_SHIFT <= about);
        let theirs = known.get(start..end).unwrap_or_default();
        if !theirs.is_empty() && !ours.iter().any(|code| theirs.contains(code)) {
            return true;
        }
        rest = later;
    }
    false
}

/// The codes of one kind; they are sorted, so it is a slice.
fn of(codes: &[Code], kind: Kind) -> &[Code] {
    let kind = kind as Code;
    let start = codes.partition_point(|&code| code >> KIND_SHIFT < kind);
    let end = codes.partition_point(|&code| code >> KIND_SHIFT <= kind);
    codes.get(start..end).unwrap_or_default()
}

fn code(kind: Kind, about: &str, what: &str) -> Code {
    const ABOUT: u64 = (1 << (KIND_SHIFT - ABOUT_SHIFT)) - 1;
    const WHAT: u64 = (1 << ABOUT_SHIFT) - 1;
    (kind as Code) << KIND_SHIFT | (hash(about) & ABOUT) << ABOUT_SHIFT | hash(what) & WHAT
}

/// A hash of some characters, by code point.
///
/// FNV-1a with its bits mixed down: codes are kept in files, so it must be the same everywhere and for ever.
pub fn hash_of(characters: impl Iterator<Item = u32>) -> u64 {
    let hash = characters.fold(0xcbf2_9ce4_8422_2325_u64, |hash, character| {
        (hash ^ u64::from(character)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ hash >> 29
}

fn hash(text: &str) -> u64 {
    hash_of(text.chars().map(u32::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    fn between(ours: &str, theirs: &str) -> Agreement {
        let codes = |text: &str| codes(&Facts::of(&normalise(text)));
        agreement(&codes(ours), &codes(theirs))
    }

    #[test]
    fn another_place_or_subject_differs_and_what_only_one_states_does_not() {
        assert!(between("城西市场西瓜打针", "城东市场西瓜打针").other_place);
        assert!(between("明天四川地震", "明天云南地震").other_region);
        assert!(between("明天地震", "明天停水").other_subject);
        for (ours, theirs) in [
            ("我们县今晚有地震", "青岚县今晚有地震"),
            ("小孩在市场吃了西瓜", "城东市场的西瓜"),
            ("", "四川地震"),
        ] {
            let Agreement { other_region, other_place, other_subject, .. } = between(ours, theirs);
            assert!(!(other_region || other_place || other_subject), "{ours}");
        }
    }

    #[test]
    fn an_alias_inherits_the_place() {
        let mut own = codes(&Facts::of("西瓜打针"));
        inherit(&mut own, &codes(&Facts::of("城东市场西瓜打针")));
        assert!(agreement(&codes(&Facts::of("城西市场西瓜打针")), &own).other_place);
    }
}

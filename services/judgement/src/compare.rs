//! How alike a text and a known one are, in figures that can be explained.
//!
//! It measures; what the figures are worth together is `rerank`'s to say.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::agreement::{Agreement, Code, agreement, codes};
use crate::index::{Document, Index, is_pair};
use crate::profile::{Glyph, Gram, Profile, digit, meant, steps};

mod statements;

use statements::{Side, Statement, stated};

/// Longer texts tell a story around the thing, and copies of it differ in the places that they name; measured.
pub const SHORT_CHARACTERS: f32 = 60.0;

/// A text prepared to be compared with many.
pub struct Asked {
    slots: HashMap<Gram, u32, RandomState>,
    /// Each gram of a slot, with how rare it is.
    grams: Vec<(Gram, f32)>,
    /// Slots of each character and of the pair that it ends.
    path: Vec<(u32, Option<u32>)>,
    /// What the text states.
    stated: Vec<Statement>,
    /// For each slot the first step that ends it.
    first_steps: Vec<u32>,
    /// For each slot whether it tells what is claimed.
    matter: Vec<bool>,
    /// How rare all those are together.
    matters: f32,
    /// Whether the text names a place.
    placed: bool,
    singles: f32,
    pairs: f32,
    norm: f32,
    codes: Vec<Code>,
    informative: usize,
}

/// How alike a text and one document are. Shares are 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Likeness {
    /// Cosine of the weighted characters and pairs.
    pub cosine: f32,
    /// Share of the document's pairs that the text has.
    pub covering: f32,
    /// Share of the document's characters that the text has.
    pub covering_singles: f32,
    /// Share of the text's pairs that the document has.
    pub covered: f32,
    /// Share of the text's characters that the document has.
    pub covered_singles: f32,
    /// The largest share of the document's pairs within a passage of the text about as long as the document.
    pub passage: f32,
    /// Cosine of that passage and the document.
    pub passage_cosine: f32,
    /// Characters of the longest run that both have.
    pub run: f32,
    /// That, as a share of the document.
    pub run_share: f32,
    /// What the pairs of that run tell.
    pub run_mass: f32,
    /// Share of the document's squared weights that the text has: its rarest grams count most.
    pub covering_rarest: f32,
    /// Characters of the document.
    pub length: f32,
    /// Weight that both have.
    pub shared: f32,
    /// How places and subjects agree.
    pub agreement: Agreement,
    /// Share of the document's numbers that the text repeats.
    pub numbers_shared: f32,
    /// Share of the document's numbers that the text lacks.
    pub numbers_missing: f32,
    /// Within what both say, numbers of one unit with different values.
    pub other_number: bool,
    /// Within what both say, one denies and the other does not.
    pub denial: bool,
    /// Within what both say, places of one kind or areas with different names.
    pub moved: bool,
    /// Characters of the document that say something.
    pub informative: u32,
    /// Characters of the text.
    pub text_length: f32,
    /// Characters of the text that say something.
    pub text_informative: u32,
    /// Share of what the text claims (not where, when or how many, nor that it is passed on) that the document has; 1
    /// where it claims nothing.
    pub claimed: f32,
    /// Of a text that names a place, the share of what it claims of it (not where, when, or that it is passed on)
    /// that the document has; 1 where it names none.
    pub matter: f32,
}

impl Likeness {
    /// True where a fact differs on which a person must look. Of the many subjects that a long text touches none
    /// need be the one.
    pub const fn conflicts(&self) -> bool {
        let Agreement { other_region, other_place, .. } = self.agreement;
        other_region || other_place || self.other_subject() || self.other_number || self.denial
    }

    /// True where a short text is about another subject of the rules.
    pub const fn other_subject(&self) -> bool {
        self.agreement.other_subject && self.text_length <= SHORT_CHARACTERS
    }
}

impl Asked {
    /// Prepares a text against what `index` knows.
    pub fn of(profile: &Profile, index: &Index) -> Self {
        let mut asked = Self {
            slots: HashMap::default(),
            grams: Vec::new(),
            path: Vec::new(),
            stated: Vec::new(),
            first_steps: Vec::new(),
            matter: Vec::new(),
            matters: 0.0,
            placed: !profile.facts.place_spans.is_empty(),
            singles: 0.0,
            pairs: 0.0,
            norm: 0.0,
            codes: codes(&profile.facts),
            informative: profile.informative,
        };
        let (places, glyphs): (Vec<usize>, Vec<Glyph>) = meant(&profile.glyphs).unzip();
        stated(&glyphs, &mut asked.stated);
        let mut before = false;
        for ((single, pair), place) in steps(&glyphs).zip(places) {
            let matter = profile.matter[place];
            let single = asked.slot(single, index, matter);
            let pair = pair.map(|pair| asked.slot(pair, index, matter && before));
            asked.path.push((single, pair));
            before = matter;
        }
        let mut squares = 0.0;
        for (&(gram, rarity), &matter) in asked.grams.iter().zip(&asked.matter) {
            asked.matters += if matter { rarity } else { 0.0 };
            squares += rarity * rarity;
            if is_pair(gram) {
                asked.pairs += rarity;
            } else {
                asked.singles += rarity;
            }
        }
        asked.norm = squares.sqrt();
        asked
    }

    fn slot(&mut self, gram: Gram, index: &Index, matter: bool) -> u32 {
        let next = self.grams.len() as u32;
        let slot = *self.slots.entry(gram).or_insert(next);
        if slot == next {
            self.grams.push((gram, index.rarity(gram)));
            self.first_steps.push(self.path.len() as u32);
            self.matter.push(matter);
        }
        self.matter[slot as usize] |= matter;
        slot
    }

    /// The grams by which the index finds the text, each with how rare it is.
    pub fn sought(&self) -> Vec<(Gram, f32)> {
        let pairs: Vec<(Gram, f32)> = self.grams.iter().copied().filter(|&(gram, _)| is_pair(gram)).collect();
        if pairs.is_empty() { self.grams.clone() } else { pairs }
    }

    /// Characters of the text.
    pub fn len(&self) -> usize {
        self.path.len()
    }

    /// True where nothing of the text can be compared.
    pub fn is_empty(&self) -> bool {
        self.path.is_empty()
    }

    /// Characters of the text that say something.
    pub const fn informative(&self) -> usize {
        self.informative
    }

    /// Compares the text with a document.
    pub fn compare(&self, document: &Document<'_>, marks: &mut Marks) -> Likeness {
        let mark = marks.next(self.grams.len());
        let mut likeness = Likeness {
            informative: document.informative,
            text_informative: self.informative as u32,
            agreement: agreement(&self.codes, document.codes),
            ..Likeness::default()
        };
        marks.hits.clear();
        let mut glyphs = std::mem::take(&mut marks.glyphs);
        glyphs.clear();
        glyphs.extend(meant(document.glyphs).map(|(_, glyph)| glyph));
        let (mut squares, mut pairs, mut singles, mut matter) = (0.0, 0.0, 0.0, 0.0);
        let mut run = Run::default();
        for (single, pair) in steps(&glyphs) {
            let pair = pair.and_then(|pair| self.slots.get(&pair).copied());
            run.step(pair, self);
            marks.hits.push(pair);
            for slot in [self.slots.get(&single).copied(), pair].into_iter().flatten() {
                let slot = slot as usize;
                if std::mem::replace(&mut marks.seen[slot], mark) == mark {
                    continue;
                }
                let (gram, rarity) = self.grams[slot];
                squares += rarity * rarity;
                matter += if self.matter[slot] { rarity } else { 0.0 };
                if is_pair(gram) {
                    pairs += rarity;
                } else {
                    singles += rarity;
                }
            }
        }
        let length = glyphs.len();
        let masses = document.masses;
        likeness.cosine = share(squares, self.norm * masses.norm);
        likeness.covering = share(pairs, masses.pairs);
        likeness.covering_singles = share(singles, masses.singles);
        likeness.covering_rarest = share(squares, masses.norm * masses.norm);
        likeness.covered = share(pairs, self.pairs);
        likeness.covered_singles = share(singles, self.singles);
        likeness.claimed = if self.matters > 0.0 { share(matter, self.matters) } else { 1.0 };
        likeness.matter = if self.placed { likeness.claimed } else { 1.0 };
        likeness.shared = squares;
        likeness.length = length as f32;
        likeness.run = run.longest as f32;
        likeness.run_mass = run.heaviest;
        likeness.run_share = share(run.longest as f32, length as f32);
        (likeness.passage, likeness.passage_cosine) = self.passage(length, masses.pairs, marks, mark);
        self.compare_statements(&glyphs, marks, mark, &mut likeness);
        marks.glyphs = glyphs;
        likeness
    }

    /// The passage of the text, about as long as the document, that has most of its pairs.
    fn passage(&self, length: usize, pairs: f32, marks: &Marks, mark: u32) -> (f32, f32) {
        const STEPS_MIN: usize = 12;
        let width = (length + length / 2).max(STEPS_MIN);
        let (mut hit, mut all) = (0.0_f32, 0.0_f32);
        let (mut best, mut best_cosine) = (0.0_f32, 0.0_f32);
        let mass = |slot: u32| self.grams[slot as usize].1;
        let is_hit = |slot: u32| marks.seen[slot as usize] == mark;
        for (at, &(_, pair)) in self.path.iter().enumerate() {
            if let Some(slot) = pair {
                all += mass(slot);
                hit += if is_hit(slot) { mass(slot) } else { 0.0 };
            }
            if let Some(slot) = at.checked_sub(width).and_then(|left| self.path[left].1) {
                all -= mass(slot);
                hit -= if is_hit(slot) { mass(slot) } else { 0.0 };
            }
            best = best.max(hit);
            if hit > 0.0 {
                best_cosine = best_cosine.max(share(hit, (all * pairs).sqrt()));
            }
        }
        (share(best, pairs), best_cosine)
    }

    /// Numbers, places and denials.
    fn compare_statements(&self, glyphs: &[Glyph], marks: &mut Marks, mark: u32, likeness: &mut Likeness) {
        let mut stated_there = std::mem::take(&mut marks.stated);
        stated_there.clear();
        stated(glyphs, &mut stated_there);
        let is_digit = |step: usize| glyphs.get(step).is_some_and(|&glyph| digit(glyph).is_some());
        let denied_min = if self.len() as f32 > SHORT_CHARACTERS { 2 } else { 1 };
        let ours = Side {
            denied_min,
            stated: &self.stated,
            pair: |step: usize| {
                let pair = self.path.get(step).and_then(|&(_, pair)| pair);
                pair.filter(|&slot| marks.seen[slot as usize] == mark)
            },
        };
        let theirs = Side {
            denied_min,
            stated: &stated_there,
            // Digits are what differs; beside one, nothing is said about it.
            pair: |step: usize| {
                let hit = marks.hits.get(step).copied().flatten();
                hit.filter(|_| !is_digit(step) && !step.checked_sub(1).is_some_and(is_digit))
            },
        };
        (likeness.numbers_shared, likeness.numbers_missing) = theirs.numbers(&ours);
        likeness.denial = ours.denies_unlike(&theirs) || theirs.denies_unlike(&ours);
        likeness.other_number = theirs.other_number(&ours);
        likeness.moved = theirs.moved(&ours);
        let agreement = &mut likeness.agreement;
        // A county and an area may be one place, told more or less closely; two areas are not.
        if !(ours.names_area() && theirs.names_area()) {
            agreement.other_region &= !ours.county_is_known() && !theirs.county_is_known();
        }
        agreement.other_place &= ours.names_other_places(&theirs).unwrap_or(true);
        likeness.text_length = self.len() as f32;
        marks.stated = stated_there;
    }
}

/// Which grams of the text the document at hand has; used again for the next one without being cleared.
#[derive(Default)]
pub struct Marks {
    seen: Vec<u32>,
    mark: u32,
    /// What the document means.
    glyphs: Vec<Glyph>,
    /// The shared pair that each step of the document ends.
    hits: Vec<Option<u32>>,
    stated: Vec<Statement>,
}

impl Marks {
    fn next(&mut self, grams: usize) -> u32 {
        if self.seen.len() < grams || self.mark == u32::MAX {
            self.seen.clear();
            self.seen.resize(grams, 0);
            self.mark = 0;
        }
        self.mark += 1;
        self.mark
    }
}

/// The longest run of characters that two texts share, found in one pass: where a pair stands in the text more
/// than once, a run begins at the first.
#[derive(Default)]
struct Run {
    /// The step of the text that would go on with it.
    next: usize,
    length: usize,
    mass: f32,
    longest: usize,
    heaviest: f32,
}

impl Run {
    fn step(&mut self, pair: Option<u32>, asked: &Asked) {
        let goes_on = self.length > 0 && asked.path.get(self.next).is_some_and(|&(_, known)| known == pair);
        match pair {
            Some(slot) if goes_on => {
                self.length += 1;
                self.mass += asked.grams[slot as usize].1;
                self.next += 1;
            }
            Some(slot) => {
                self.length = 2;
                self.mass = asked.grams[slot as usize].1;
                self.next = asked.first_steps[slot as usize] as usize + 1;
            }
            None => self.length = 0,
        }
        self.longest = self.longest.max(self.length);
        self.heaviest = self.heaviest.max(self.mass);
    }
}

/// A share that stays one: rarities drift a little between when a document came and when it is compared.
fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

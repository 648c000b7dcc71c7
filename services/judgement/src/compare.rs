//! How alike a text and a known one are, in figures that can be explained.
//!
//! It measures; what the figures are worth together is `rerank`'s to say.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::agreement::{Agreement, Code, agreement, codes, number};
use crate::index::{Document, Index, is_pair};
use crate::profile::{Glyph, Gram, Profile, Step, code_point, digit, steps};

/// A text prepared to be compared with many.
pub struct Asked {
    slots: HashMap<Gram, u32, RandomState>,
    grams: Vec<(Gram, f32)>,
    rarities: Vec<f32>,
    /// Slots of the single and of the pair at each step.
    path: Vec<(u32, Option<u32>)>,
    /// What the text states, by the step that it stands at.
    stated: Vec<(u32, Stated)>,
    /// For each slot the first step that ends it.
    first_steps: Vec<u32>,
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
    /// Steps of the document.
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
    /// Characters of the document that say something.
    pub informative: u32,
}

impl Likeness {
    /// True where a fact differs on which a person must look.
    pub const fn conflicts(&self) -> bool {
        let Agreement { other_region, other_place, other_subject, .. } = self.agreement;
        other_region || other_place || other_subject || self.other_number || self.denial
    }
}

impl Asked {
    /// Prepares a text against what `index` knows.
    pub fn of(profile: &Profile, index: &Index) -> Self {
        let mut asked = Self {
            slots: HashMap::default(),
            grams: Vec::new(),
            rarities: Vec::new(),
            path: Vec::new(),
            stated: Vec::new(),
            first_steps: Vec::new(),
            singles: 0.0,
            pairs: 0.0,
            norm: 0.0,
            codes: codes(&profile.facts),
            informative: profile.informative,
        };
        stated(&profile.glyphs, &mut asked.stated);
        for Step { single, pair, factor, pair_factor, .. } in steps(&profile.glyphs) {
            let single = asked.slot(single, factor, index);
            let pair = pair.map(|pair| asked.slot(pair, pair_factor, index));
            asked.path.push((single, pair));
        }
        let mut squares = 0.0;
        for (&(gram, factor), rarity) in asked.grams.iter().zip(&asked.rarities) {
            let mass = factor * rarity;
            squares += mass * mass;
            if is_pair(gram) {
                asked.pairs += mass;
            } else {
                asked.singles += mass;
            }
        }
        asked.norm = squares.sqrt();
        asked
    }

    fn slot(&mut self, gram: Gram, factor: f32, index: &Index) -> u32 {
        let next = self.grams.len() as u32;
        let slot = *self.slots.entry(gram).or_insert(next);
        if slot == next {
            self.grams.push((gram, factor));
            self.rarities.push(index.rarity(gram));
            self.first_steps.push(self.path.len() as u32);
        } else {
            let known = &mut self.grams[slot as usize].1;
            *known = known.max(factor);
        }
        slot
    }

    /// The grams by which the index finds the text, each with what it tells.
    pub fn sought(&self) -> Vec<(Gram, f32)> {
        let weighed = self.grams.iter().zip(&self.rarities).map(|(&(gram, factor), rarity)| (gram, factor * rarity));
        let pairs: Vec<(Gram, f32)> = weighed.clone().filter(|&(gram, _)| is_pair(gram)).collect();
        if pairs.is_empty() { weighed.collect() } else { pairs }
    }

    /// Steps of the text.
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
            agreement: agreement(&self.codes, document.codes),
            ..Likeness::default()
        };
        marks.hits.clear();
        let (mut shared, mut text_pairs, mut text_singles, mut document_pairs, mut document_singles) =
            (0.0, 0.0, 0.0, 0.0, 0.0);
        let mut length = 0_usize;
        let mut run = Run::default();
        let mut squares = 0.0;
        for step in steps(document.glyphs) {
            length += 1;
            let single = self.slots.get(&step.single).copied();
            let pair = step.pair.and_then(|pair| self.slots.get(&pair).copied());
            run.step(pair, self);
            marks.hits.push(pair.is_some());
            for (slot, factor, pairs) in [(single, step.factor, false), (pair, step.pair_factor, true)] {
                let Some(slot) = slot.map(|slot| slot as usize) else { continue };
                if std::mem::replace(&mut marks.seen[slot], mark) == mark {
                    continue;
                }
                let rarity = self.rarities[slot];
                let (ours, theirs) = (self.grams[slot].1 * rarity, factor * rarity);
                shared += ours * theirs;
                squares += theirs * theirs;
                if pairs {
                    text_pairs += ours;
                    document_pairs += theirs;
                } else {
                    text_singles += ours;
                    document_singles += theirs;
                }
            }
        }
        let masses = document.masses;
        likeness.cosine = share(shared, self.norm * masses.norm);
        likeness.covering = share(document_pairs, masses.pairs);
        likeness.covering_singles = share(document_singles, masses.singles);
        likeness.covered = share(text_pairs, self.pairs);
        likeness.covered_singles = share(text_singles, self.singles);
        likeness.shared = shared;
        likeness.length = length as f32;
        likeness.covering_rarest = share(squares, masses.norm * masses.norm);
        likeness.run = run.longest as f32;
        likeness.run_mass = run.heaviest;
        likeness.run_share = share(run.longest as f32, length as f32);
        (likeness.passage, likeness.passage_cosine) = self.passage(length, masses.pairs, marks, mark);
        self.compare_statements(document.glyphs, marks, mark, &mut likeness);
        likeness
    }

    /// The passage of the text, about as long as the document, that has most of its pairs.
    fn passage(&self, length: usize, pairs: f32, marks: &Marks, mark: u32) -> (f32, f32) {
        const STEPS_MIN: usize = 12;
        let width = (length + length / 2).max(STEPS_MIN);
        let (mut hit, mut all) = (0.0_f32, 0.0_f32);
        let (mut best, mut best_cosine) = (0.0_f32, 0.0_f32);
        let mass = |slot: u32| self.grams[slot as usize].1 * self.rarities[slot as usize];
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

    /// Numbers and denials: a long text says many things, and only what stands among words that both have can
    /// contradict.
    fn compare_statements(&self, glyphs: &[Glyph], marks: &mut Marks, mark: u32, likeness: &mut Likeness) {
        let mut theirs = std::mem::take(&mut marks.stated);
        theirs.clear();
        stated(glyphs, &mut theirs);
        if theirs.is_empty() && self.stated.is_empty() {
            marks.stated = theirs;
            return;
        }
        let their_hit = |step: usize| marks.hits.get(step).copied().unwrap_or(false);
        let our_hit = |step: usize| {
            self.path.get(step).and_then(|&(_, pair)| pair).is_some_and(|slot| marks.seen[slot as usize] == mark)
        };
        let numbers = |stated: &[(u32, Stated)]| stated.iter().filter(|(_, stated)| !stated.denies()).count();
        let count = numbers(&theirs);
        let is_ours = |code: Code| {
            self.stated.iter().any(|(_, stated)| matches!(stated, Stated::Number { code: known, .. } if *known == code))
        };
        let shared = theirs.iter().filter(|(_, stated)| matches!(stated, Stated::Number { code, .. } if is_ours(*code)));
        let shared = shared.count();
        likeness.numbers_shared = share(shared as f32, count as f32);
        likeness.numbers_missing = share((count - shared) as f32, count as f32);
        let ours_denies = self.stated.iter().any(|&(at, stated)| stated.denies() && among(at, our_hit));
        let theirs_denies = theirs.iter().any(|&(at, stated)| stated.denies() && among(at, their_hit));
        likeness.denial = ours_denies != theirs_denies;
        likeness.other_number = theirs.iter().any(|&(at, stated)| {
            let Stated::Number { unit, code } = stated else { return false };
            let of_unit = self.stated.iter().filter_map(|&(at, ours)| match ours {
                Stated::Number { unit: known, code } if known == unit => Some((at, code)),
                _ => None,
            });
            among(at, their_hit)
                && !of_unit.clone().any(|(_, known)| known == code)
                && of_unit.clone().any(|(at, _)| among(at, our_hit))
        });
        marks.stated = theirs;
    }
}

/// What a text states at some place.
#[derive(Clone, Copy)]
enum Stated {
    /// A number.
    Number { unit: u32, code: Code },
    /// A denial.
    Denial,
}

impl Stated {
    const fn denies(self) -> bool {
        matches!(self, Self::Denial)
    }
}

/// Adds what a text states, by step.
fn stated(glyphs: &[Glyph], into: &mut Vec<(u32, Stated)>) {
    let mut digits = String::new();
    let mut number_at = 0;
    for (at, step) in (0_u32..).zip(steps(glyphs)) {
        if step.denies {
            into.push((at, Stated::Denial));
        }
        let glyph = glyphs.get(step.at as usize).copied().unwrap_or_default();
        let Some(character) = digit(glyph) else { continue };
        if digits.is_empty() {
            number_at = at;
        }
        digits.push(character);
        let next = glyphs.get(step.at as usize + 1).copied();
        if next.and_then(digit).is_none() {
            // A number at the very end has no unit and is compared with nothing.
            if let Some(unit) = next.map(code_point) {
                into.push((number_at, Stated::Number { unit, code: number(unit, &digits) }));
            }
            digits.clear();
        }
    }
}

/// True where at least two of the pairs close to a step are shared.
fn among(at: u32, hit: impl Fn(usize) -> bool) -> bool {
    const STEPS_AROUND: usize = 4;
    let at = at as usize;
    (at.saturating_sub(STEPS_AROUND)..=at + STEPS_AROUND).filter(|&step| hit(step)).count() >= 2
}

/// Which grams of the text the document at hand has; used again for the next one without being cleared.
#[derive(Default)]
pub struct Marks {
    seen: Vec<u32>,
    mark: u32,
    /// Whether each step of the document ends a shared pair.
    hits: Vec<bool>,
    stated: Vec<(u32, Stated)>,
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
                self.mass += asked.rarities[slot as usize];
                self.next += 1;
            }
            Some(slot) => {
                self.length = 2;
                self.mass = asked.rarities[slot as usize];
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

//! How alike a text and a known one are, in figures that can be explained.
//!
//! It measures; what the figures are worth together is `rerank`'s to say.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::agreement::{Agreement, Code, agreement, codes, hash_of};
use crate::index::{Document, Index, is_pair};
use crate::profile::{Glyph, Gram, Profile, Role, code_point, digit, role, steps};

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
    /// Of a text that names a place, the share of what it claims of it (not where, when, or that it is passed on)
    /// that the document has; 1 where it names none.
    pub matter: f32,
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
        stated(&profile.glyphs, &mut asked.stated);
        let mut before = false;
        for ((single, pair), &matter) in steps(&profile.glyphs).zip(&profile.matter) {
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
            agreement: agreement(&self.codes, document.codes),
            ..Likeness::default()
        };
        marks.hits.clear();
        let (mut squares, mut pairs, mut singles, mut matter) = (0.0, 0.0, 0.0, 0.0);
        let mut run = Run::default();
        for (single, pair) in steps(document.glyphs) {
            let pair = pair.and_then(|pair| self.slots.get(&pair).copied());
            run.step(pair, self);
            marks.hits.push(pair.is_some());
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
        let length = document.glyphs.len();
        let masses = document.masses;
        likeness.cosine = share(squares, self.norm * masses.norm);
        likeness.covering = share(pairs, masses.pairs);
        likeness.covering_singles = share(singles, masses.singles);
        likeness.covering_rarest = share(squares, masses.norm * masses.norm);
        likeness.covered = share(pairs, self.pairs);
        likeness.covered_singles = share(singles, self.singles);
        likeness.matter = if self.placed { share(matter, self.matters) } else { 1.0 };
        likeness.shared = squares;
        likeness.length = length as f32;
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

    /// Numbers, places and denials: a long text says many things, and only what stands among words that both have
    /// can contradict.
    fn compare_statements(&self, glyphs: &[Glyph], marks: &mut Marks, mark: u32, likeness: &mut Likeness) {
        let mut theirs = std::mem::take(&mut marks.stated);
        theirs.clear();
        stated(glyphs, &mut theirs);
        let their_hit = |step: usize| marks.hits.get(step).copied().unwrap_or(false);
        let our_hit = |step: usize| {
            self.path
                .get(step)
                .and_then(|&(_, pair)| pair)
                .is_some_and(|slot| marks.seen[slot as usize] == mark)
        };
        let numbers = || theirs.iter().filter(|stated| matches!(stated.about, About::Number { .. }));
        let count = numbers().count();
        let shared = numbers().filter(|theirs| self.stated.iter().any(|ours| ours.says(theirs))).count();
        likeness.numbers_shared = share(shared as f32, count as f32);
        likeness.numbers_missing = share((count - shared) as f32, count as f32);
        let differs = |kind: fn(About) -> bool| {
            theirs.iter().filter(|theirs| kind(theirs.about) && among(theirs.at, their_hit)).any(|theirs| {
                let ours = || self.stated.iter().filter(|ours| ours.about == theirs.about);
                !ours().any(|ours| ours.says(theirs)) && ours().any(|ours| among(ours.at, our_hit))
            })
        };
        let denies = |stated: &Statement| stated.about == About::Denial;
        let ours_denies = self.stated.iter().any(|stated| denies(stated) && among(stated.at, our_hit));
        let theirs_denies = theirs.iter().any(|stated| denies(stated) && among(stated.at, their_hit));
        likeness.denial = ours_denies != theirs_denies;
        likeness.other_number = differs(|about| matches!(about, About::Number { .. }));
        likeness.moved =
            differs(|about| matches!(about, About::Place { .. })) || differs(|about| about == About::Area);
        likeness.text_length = self.len() as f32;
        marks.stated = theirs;
    }
}

/// What a statement is about: only statements about one thing can contradict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// How many of a unit.
    Number { unit: u32 },
    /// Which place of a kind.
    Place { kind: u32 },
    /// Which area.
    Area,
    /// That something is not so.
    Denial,
}

/// What a text states at some place.
#[derive(Clone, Copy)]
struct Statement {
    /// The character that it begins with.
    at: u32,
    about: About,
    /// What it says, hashed.
    says: Code,
}

impl Statement {
    fn says(&self, other: &Self) -> bool {
        self.about == other.about && self.says == other.says
    }
}

/// Adds what a text states, in order.
fn stated(glyphs: &[Glyph], into: &mut Vec<Statement>) {
    let kind = |glyph: &Glyph| match role(*glyph) {
        _ if digit(*glyph).is_some() => Some(Role::Time),
        role @ (Role::Area | Role::Place | Role::Denial) => Some(role),
        _ => None,
    };
    let mut at = 0_usize;
    while let Some(first) = glyphs.get(at) {
        let Some(of) = kind(first) else {
            at += 1;
            continue;
        };
        let length = glyphs[at..].iter().take_while(|glyph| kind(glyph) == Some(of)).count();
        let next = glyphs.get(at + length).map(|&glyph| code_point(glyph));
        let about = match (of, next) {
            (Role::Time, Some(unit)) => Some(About::Number { unit }),
            (Role::Place, Some(kind)) => Some(About::Place { kind }),
            (Role::Area, _) => Some(About::Area),
            (Role::Denial, _) => Some(About::Denial),
            // A number at the very end has no unit and is compared with nothing.
            _ => None,
        };
        let says = hash_of(glyphs[at..at + length].iter().map(|&glyph| code_point(glyph)));
        into.extend(about.map(|about| Statement { at: at as u32, about, says }));
        at += length;
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

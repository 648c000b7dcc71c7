//! The index of what is known: which texts share rare pairs of characters with a new one.
//!
//! It has two parts: a base that lies in a file and is mapped, and a tail in memory that takes what was added
//! since. What a transaction that is still open has added sits at the end and is cut off again by
//! [`Index::truncate`]; nothing uncommitted can stay. It finds candidates and hands out their texts; how alike
//! they are is `compare`'s to say, what likeness is worth is `matching`'s.

mod base;
mod file;
mod tail;
mod target;

use std::cell::RefCell;
use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::agreement::{self, Code};
use crate::profile::{Glyph, Gram, Profile};
use crate::wording::Wording;

pub use base::Base;
pub use file::{Bytes, FileError, Header, rules, write};
pub use tail::{Masses, distinct, is_pair};
pub use target::{Field, Kind, Target};

use tail::{Kept, Tail, found_by};

/// Postings that one look-up reads at most, rarest grams first: bounds the time when everyone talks about one
/// thing. The exact comparison uses every gram all the same.
const POSTINGS_MAX: usize = 24_000;

/// Documents of each field that a look-up hands on.
const FOUND_MAX: usize = 20;

/// As if so many other things were known: keeps the first dozen claims from making every gram look common.
const TARGETS_ASSUMED: f32 = 2_000.0;

/// How many of those are assumed to have each gram out of words that only pass a text on.
const PASSING_ON_ASSUMED: i32 = 300;

/// What is known, by target: a claim or a clarification has one or more documents.
pub struct Index {
    base: Base,
    tail: Tail,
    /// Documents of the base whose targets were removed.
    gone: HashSet<u32, RandomState>,
    gone_targets: usize,
    /// Documents that there were when the masses were last taken.
    settled: usize,
    /// One look-up at a time; kept between them because a million scores are not cleared for nothing.
    scratch: RefCell<Scratch>,
}

#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    touched: Vec<u32>,
}

/// What ranking needs of a document, in four bytes that lie close together: thousands are looked at in no order.
/// The divisor of its scores, negative for a body.
#[derive(Clone, Copy)]
struct Rank(f32);

impl Rank {
    fn of(field: Field, masses: &Masses) -> Self {
        // Between the cosine, which favours short documents, and the plain sum, which favours long ones.
        let divisor = masses.norm.max(1.0).sqrt();
        Self(if field == Field::Body { -divisor } else { divisor })
    }

    const fn field(self) -> Field {
        if self.0 < 0.0 { Field::Body } else { Field::Sentence }
    }

    const fn of_score(self, score: f32) -> f32 {
        score / self.0.abs()
    }
}

/// One document as it is compared.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// What it belongs to.
    pub target: Target,
    /// What it is to its target.
    pub field: Field,
    /// Its text.
    pub glyphs: &'a [Glyph],
    /// What it states, with what its target's earlier documents state.
    pub codes: &'a [Code],
    /// Characters that say something.
    pub informative: u32,
    /// Sums of its grams.
    pub masses: Masses,
}

impl Default for Index {
    fn default() -> Self {
        Self::over(Base::default())
    }
}

impl Index {
    /// An index over a base, with nothing added yet.
    pub fn over(base: Base) -> Self {
        let settled = base.len();
        Self {
            base,
            tail: Tail::default(),
            gone: HashSet::default(),
            gone_targets: 0,
            settled,
            scratch: RefCell::default(),
        }
    }

    /// How many documents it holds; a mark for [`truncate`](Self::truncate).
    pub fn len(&self) -> usize {
        self.base.len() + self.tail.documents.len()
    }

    /// True where nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many documents lie in memory and not in the base.
    pub fn tail_len(&self) -> usize {
        self.tail.documents.len()
    }

    /// How many documents `target` has.
    pub fn documents_of(&self, target: Target) -> usize {
        self.numbers_of(target).count()
    }

    /// The documents of `target`, oldest first.
    pub fn texts_of(&self, target: Target) -> impl Iterator<Item = Document<'_>> {
        self.numbers_of(target).filter_map(|number| self.document(number))
    }

    /// Adds a document to `target`.
    pub fn add(&mut self, target: Target, field: Field, profile: &Profile) {
        let number = u32::try_from(self.len()).expect("memory ends before four billion documents");
        let grams = distinct(&profile.glyphs);
        let known = self.grams_of(target);
        for &gram in &grams {
            if !known.contains(&gram) {
                self.tail.grams.entry(gram).or_default().targets += 1;
            }
        }
        for gram in found_by(&grams) {
            self.tail.grams.entry(gram).or_default().postings.push(number);
        }
        let mut codes = agreement::codes(&profile.facts);
        if field == Field::Sentence
            && let Some(earlier) = self.texts_of(target).filter(|text| text.field == field).last()
        {
            agreement::inherit(&mut codes, earlier.codes);
        }
        let masses = self.masses(&grams);
        self.tail.by_target.entry(target).or_default().push(number);
        self.tail.documents.push(Kept {
            target,
            field,
            glyphs: profile.glyphs.clone().into(),
            codes: codes.into(),
            informative: u32::try_from(profile.informative).unwrap_or(u32::MAX),
            masses,
            live: true,
        });
    }

    /// Takes away every document after the first `documents`. Only targets that were not removed since may
    /// have documents there.
    pub fn truncate(&mut self, documents: usize) {
        while self.len() > documents {
            let Some(last) = self.tail.documents.pop() else { return };
            if let Some(numbers) = self.tail.by_target.get_mut(&last.target) {
                numbers.pop();
                if numbers.is_empty() {
                    self.tail.by_target.remove(&last.target);
                }
            }
            let grams = distinct(&last.glyphs);
            let still = self.grams_of(last.target);
            for gram in found_by(&grams) {
                if let Some(entry) = self.tail.grams.get_mut(&gram) {
                    entry.postings.pop();
                }
            }
            self.forget(grams.into_iter().filter(|gram| !still.contains(gram)));
        }
        self.settled = self.settled.min(self.len());
    }

    /// Forgets `target`: its documents are passed over from now on. They leave the file with the next one.
    pub fn remove(&mut self, target: Target) {
        let grams = self.grams_of(target);
        let in_base: Vec<u32> =
            self.base.numbers_of(target).filter(|number| !self.gone.contains(number)).collect();
        if !in_base.is_empty() {
            self.gone_targets += 1;
            self.gone.extend(in_base);
        }
        for number in self.tail.by_target.remove(&target).unwrap_or_default() {
            let at = number as usize - self.base.len();
            self.tail.documents[at].live = false;
        }
        self.forget(grams.into_iter());
    }

    /// Takes the masses of the documents in memory anew if their number has doubled since that was last done:
    /// how rare a gram is was known badly when there were few.
    pub fn settle(&mut self) {
        if self.len() < self.settled * 2 || self.len() == self.settled {
            return;
        }
        self.settled = self.len();
        let masses: Vec<Masses> =
            self.tail.documents.iter().map(|document| self.masses(&distinct(&document.glyphs))).collect();
        for (document, masses) in self.tail.documents.iter_mut().zip(masses) {
            document.masses = masses;
        }
    }

    /// How much a gram tells: the fewer targets have it, the more.
    pub fn rarity(&self, gram: Gram) -> f32 {
        let targets =
            self.base.targets_with(gram) + self.tail.grams.get(&gram).map_or(0, |entry| entry.targets);
        let assumed = if Wording::get().passes_on(gram) { PASSING_ON_ASSUMED } else { 0 };
        self.most_rare() - (targets.max(0).saturating_add(assumed) as f32).ln_1p()
    }

    /// One document, unless it was removed.
    pub fn document(&self, number: u32) -> Option<Document<'_>> {
        let at = number as usize;
        if at < self.base.len() {
            return (!self.gone.contains(&number)).then(|| self.base.document(number)).flatten();
        }
        let kept = self.tail.documents.get(at - self.base.len()).filter(|kept| kept.live)?;
        Some(Document {
            target: kept.target,
            field: kept.field,
            glyphs: &kept.glyphs,
            codes: &kept.codes,
            informative: kept.informative,
            masses: kept.masses,
        })
    }

    /// The numbers of the documents that share the rarest grams with a text, given with how rare each is.
    pub fn find(&self, grams: &[(Gram, f32)]) -> Vec<u32> {
        let mut lists: Vec<(f32, &[u32], &[u32])> = grams
            .iter()
            .filter_map(|&(gram, weight)| {
                let base = self.base.postings(gram);
                let tail = self.tail.grams.get(&gram).map_or(&[][..], |entry| &entry.postings);
                (base.len() + tail.len() > 0).then_some((weight * weight, base, tail))
            })
            .collect();
        lists.sort_by_key(|(_, base, tail)| base.len() + tail.len());
        let mut scratch = self.scratch.borrow_mut();
        let Scratch { scores, touched } = &mut *scratch;
        scores.resize(self.len().max(scores.len()), 0.0);
        let mut read = 0;
        for (weight, base, tail) in lists {
            read += base.len() + tail.len();
            if read > POSTINGS_MAX && !touched.is_empty() {
                break;
            }
            for &number in base.iter().chain(tail) {
                // A number that no document has can only come from a damaged file.
                let Some(score) = scores.get_mut(number as usize) else { continue };
                if *score <= 0.0 {
                    touched.push(number);
                }
                *score += weight;
            }
        }
        let mut ranked: [Vec<(f32, u32)>; 2] = [Vec::with_capacity(touched.len()), Vec::new()];
        for number in touched.drain(..) {
            let score = std::mem::take(&mut scores[number as usize]);
            let Some(rank) = self.rank(number) else { continue };
            ranked[rank.field() as usize].push((rank.of_score(score), number));
        }
        let best_first =
            |ours: &(f32, u32), theirs: &(f32, u32)| theirs.0.total_cmp(&ours.0).then(ours.1.cmp(&theirs.1));
        let mut found = Vec::with_capacity(FOUND_MAX * 2);
        for mut ranked in ranked {
            if ranked.len() > FOUND_MAX {
                ranked.select_nth_unstable_by(FOUND_MAX, best_first);
                ranked.truncate(FOUND_MAX);
            }
            ranked.sort_unstable_by(best_first);
            found.extend(ranked.into_iter().map(|(_, number)| number));
        }
        found
    }

    /// Every live document, those of one target together, targets in order.
    fn by_target(&self) -> Vec<(Target, Vec<u32>)> {
        let mut targets: Vec<Target> =
            self.base.targets().chain(self.tail.by_target.keys().copied()).collect();
        targets.sort_unstable();
        targets.dedup();
        let numbers = targets.into_iter().map(|target| (target, self.numbers_of(target).collect::<Vec<_>>()));
        numbers.filter(|(_, numbers)| !numbers.is_empty()).collect()
    }

    fn rank(&self, number: u32) -> Option<Rank> {
        if (number as usize) < self.base.len() {
            return if self.gone.contains(&number) { None } else { self.base.rank(number) };
        }
        let kept = &self.tail.documents[number as usize - self.base.len()];
        kept.live.then(|| Rank::of(kept.field, &kept.masses))
    }

    fn numbers_of(&self, target: Target) -> impl Iterator<Item = u32> {
        let base = self.base.numbers_of(target).filter(|number| !self.gone.contains(number));
        base.chain(self.tail.by_target.get(&target).into_iter().flatten().copied())
    }

    fn grams_of(&self, target: Target) -> HashSet<Gram, RandomState> {
        let mut grams = HashSet::default();
        for document in self.texts_of(target) {
            grams.extend(distinct(document.glyphs));
        }
        grams
    }

    fn forget(&mut self, grams: impl Iterator<Item = Gram>) {
        for gram in grams {
            self.tail.grams.entry(gram).or_default().targets -= 1;
        }
    }

    fn most_rare(&self) -> f32 {
        let targets = self.base.target_count() - self.gone_targets + self.tail.by_target.len();
        (targets as f32 + TARGETS_ASSUMED).ln()
    }

    fn masses(&self, grams: &[Gram]) -> Masses {
        let mut masses = Masses::default();
        let mut squares = 0.0;
        for &gram in grams {
            let mass = self.rarity(gram);
            squares += mass * mass;
            if is_pair(gram) {
                masses.pairs += mass;
            } else {
                masses.singles += mass;
            }
        }
        masses.norm = squares.sqrt();
        masses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;
    use crate::profile::steps;

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    fn found(index: &Index, text: &str) -> Vec<Target> {
        let glyphs = profile(text).glyphs;
        let pairs: Vec<_> =
            steps(&glyphs).filter_map(|(_, pair)| pair).map(|pair| (pair, index.rarity(pair))).collect();
        let numbers = index.find(&pairs);
        numbers
            .into_iter()
            .filter_map(|number| index.document(number))
            .map(|document| document.target)
            .collect()
    }

    #[test]
    fn what_was_cut_off_is_as_if_it_had_never_been_added() {
        let mut index = Index::default();
        index.add(Target::claim(1), Field::Sentence, &profile("明天凌晨3点青岚县有7级地震"));
        let pair = steps(&profile("地震").glyphs).find_map(|(_, pair)| pair).unwrap();
        let (mark, rarity) = (index.len(), index.rarity(pair));
        index.add(Target::claim(1), Field::Sentence, &profile("今晚青岚县要地震"));
        index.add(Target::claim(2), Field::Sentence, &profile("今晚青岚县地震西瓜"));
        index.truncate(mark);
        assert_eq!(found(&index, "今晚青岚县地震"), [Target::claim(1)]);
        assert!((index.rarity(pair) - rarity).abs() < 1e-6);
        assert_eq!(index.documents_of(Target::claim(2)), 0);
        assert_eq!(index.documents_of(Target::claim(1)), 1);
    }

    #[test]
    fn other_words_for_one_claim_do_not_make_them_common() {
        let mut index = Index::default();
        index.add(Target::claim(1), Field::Sentence, &profile("青岚县地震"));
        let pair = steps(&profile("地震").glyphs).find_map(|(_, pair)| pair).unwrap();
        let rarity = index.rarity(pair);
        for _ in 0..20 {
            index.add(Target::claim(1), Field::Sentence, &profile("青岚县今晚地震"));
        }
        assert!((index.rarity(pair) - rarity).abs() < 1e-6);
    }

    #[test]
    fn a_removed_target_is_never_found_again() {
        let mut index = Index::default();
        for target in 0..500 {
            index.add(Target::claim(target), Field::Sentence, &profile(&format!("第{target}号水库今晚泄洪")));
        }
        for target in 0..400 {
            index.remove(Target::claim(target));
        }
        assert!(found(&index, "第3号水库今晚泄洪").iter().all(|target| target.id >= 400));
        assert_eq!(found(&index, "第450号水库今晚泄洪")[0], Target::claim(450));
    }

    #[test]
    fn any_input_finds_something_or_nothing() {
        let mut index = Index::default();
        let long = "震".repeat(100_000);
        let texts = ["", "震", "😱😱", "\u{0}\u{7}", &long, "abc地震АБВ", "ｱｲｳ"];
        for (id, text) in (1..).zip(texts) {
            index.add(Target::claim(id), Field::Sentence, &profile(text));
            found(&index, text);
        }
        assert!(found(&index, "").is_empty());
    }
}

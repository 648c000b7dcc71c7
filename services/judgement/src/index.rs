//! The inverted index of what is known: which texts share character n-grams with a new one, and how alike
//! they are.
//!
//! A cache of PostgreSQL's change log, kept in memory and rebuilt from it at start. What a transaction that is
//! still open has added sits at the end and is cut off again by [`Index::truncate`]; nothing uncommitted can
//! stay. It measures likeness; what likeness is worth is `matching`'s to say.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use crate::facts::Facts;
use crate::ngram::{Gram, Profile};

/// Documents that retrieval hands on to the exact comparison.
const CANDIDATES_MAX: usize = 24;

/// Postings that one look-up reads at most, rarest grams first: bounds the time when everyone talks about one
/// thing. The exact comparison uses every gram all the same.
const POSTINGS_MAX: usize = 20_000;

/// As if so many other claims were known: keeps the first dozen claims from making every gram look common.
const CLAIMS_ASSUMED: f32 = 2_000.0;

/// What is known, by target: a claim or a clarification has one or more documents.
pub struct Index<T> {
    /// Texts come from strangers, so the hash is seeded; it is looked up for every gram, so it is a fast one.
    gram_numbers: HashMap<Gram, u32, RandomState>,
    grams: Vec<Entry>,
    documents: Vec<Document<T>>,
    by_target: HashMap<T, Vec<u32>>,
    /// Documents of removed targets, still in the postings.
    dead: usize,
}

#[derive(Default)]
struct Entry {
    gram: Gram,
    /// Live targets that have the gram in any document.
    targets: u32,
    /// Logarithm of one more than that, taken when it changes and not at every look-up.
    commonness: f32,
    /// Documents in order of their numbers.
    postings: Vec<Posting>,
}

#[derive(Clone, Copy)]
struct Posting {
    document: u32,
    weight: f32,
}

impl Entry {
    fn set_targets(&mut self, targets: u32) {
        self.targets = targets;
        #[expect(clippy::cast_precision_loss, reason = "an approximate count is all it takes")]
        let count = targets as f32;
        self.commonness = count.ln_1p();
    }
}

struct Document<T> {
    target: T,
    /// Gram numbers, sorted, with the weight of each.
    grams: Vec<(u32, f32)>,
    facts: Facts,
    informative: usize,
    /// Length of the weight vector when it was added; good enough to rank candidates by.
    length: f32,
    live: bool,
}

/// How alike a text and one document are.
#[derive(Clone, Debug)]
pub struct Likeness<'a, T> {
    /// What the document belongs to.
    pub target: T,
    /// Cosine of the weighted grams, 0 to 1.
    pub cosine: f32,
    /// Share of the text's weight that the document has too.
    pub covered: f32,
    /// Share of the document's weight that the text has too.
    pub covering: f32,
    /// What the target's documents state, up to this one.
    pub facts: &'a Facts,
    /// Informative characters of the document.
    pub informative: usize,
}

impl<T: Copy + Eq + Hash> Index<T> {
    /// An index that knows nothing.
    pub fn new() -> Self {
        Self {
            gram_numbers: HashMap::default(),
            grams: Vec::new(),
            documents: Vec::new(),
            by_target: HashMap::new(),
            dead: 0,
        }
    }

    /// How many documents it holds; a mark for [`truncate`](Self::truncate).
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// How many documents `target` has.
    pub fn documents_of(&self, target: T) -> usize {
        self.by_target.get(&target).map_or(0, Vec::len)
    }

    /// Adds a document to `target`.
    pub fn add(&mut self, target: T, profile: &Profile) {
        let number = u32::try_from(self.documents.len()).expect("memory ends before four billion documents");
        let mut grams: Vec<(u32, f32)> =
            profile.grams.iter().map(|&(gram, weight)| (self.number_of(gram), weight)).collect();
        grams.sort_unstable_by_key(|&(gram, _)| gram);
        for &(gram, weight) in &grams {
            let news = !self.target_has(target, gram);
            let entry = &mut self.grams[gram as usize];
            if news {
                entry.set_targets(entry.targets + 1);
            }
            entry.postings.push(Posting { document: number, weight });
        }
        let mut facts = profile.facts.clone();
        let numbers = self.by_target.entry(target).or_default();
        if let Some(&latest) = numbers.last() {
            facts.inherit(&self.documents[latest as usize].facts);
        }
        numbers.push(number);
        let length = self.length(&grams);
        self.documents.push(Document {
            target,
            grams,
            facts,
            informative: profile.informative,
            length,
            live: true,
        });
    }

    /// Takes away every document after the first `documents`. Only targets that were not removed since may
    /// have documents there.
    pub fn truncate(&mut self, documents: usize) {
        while self.documents.len() > documents {
            let Some(document) = self.documents.pop() else { return };
            if let Some(numbers) = self.by_target.get_mut(&document.target) {
                numbers.pop();
                if numbers.is_empty() {
                    self.by_target.remove(&document.target);
                }
            }
            for &(gram, _) in &document.grams {
                let still = self.target_has(document.target, gram);
                let entry = &mut self.grams[gram as usize];
                entry.postings.pop();
                if !still {
                    entry.set_targets(entry.targets - 1);
                }
            }
        }
    }

    /// Forgets `target`. Its documents are passed over from now on, and dropped when they outnumber the live.
    pub fn remove(&mut self, target: T) {
        let Some(numbers) = self.by_target.remove(&target) else { return };
        let mut grams: Vec<u32> = Vec::new();
        for &number in &numbers {
            let document = &mut self.documents[number as usize];
            document.live = false;
            grams.extend(document.grams.iter().map(|&(gram, _)| gram));
        }
        grams.sort_unstable();
        grams.dedup();
        for gram in grams {
            let entry = &mut self.grams[gram as usize];
            entry.set_targets(entry.targets - 1);
        }
        self.dead += numbers.len();
        if self.dead > 1_000 && self.dead * 2 > self.documents.len() {
            self.compact();
        }
    }

    /// The documents most like `profile`, in no order.
    pub fn alike(&self, profile: &Profile) -> Vec<Likeness<'_, T>> {
        let all = self.all();
        let mut known: Vec<(u32, f32)> = Vec::with_capacity(profile.grams.len());
        let mut unknown = 0.0;
        for &(gram, weight) in &profile.grams {
            match self.gram_numbers.get(&gram) {
                Some(&number) => known.push((number, weight)),
                None => unknown += (weight * all).powi(2),
            }
        }
        known.sort_unstable_by_key(|&(gram, _)| gram);
        let whole = unknown + self.length(&known).powi(2);
        if whole <= 0.0 {
            return Vec::new();
        }
        self.candidates(&known)
            .into_iter()
            .map(|number| self.compare(&self.documents[number as usize], &known, whole))
            .collect()
    }

    fn candidates(&self, known: &[(u32, f32)]) -> Vec<u32> {
        let all = self.all();
        let mut rarest_first = known.to_vec();
        rarest_first.sort_unstable_by_key(|&(gram, _)| self.grams[gram as usize].postings.len());
        let mut scores = vec![0.0; self.documents.len()];
        let mut touched: Vec<u32> = Vec::new();
        let mut read = 0;
        for (gram, weight) in rarest_first {
            let entry = &self.grams[gram as usize];
            read += entry.postings.len();
            if read > POSTINGS_MAX && !touched.is_empty() {
                break;
            }
            let rarity = all - entry.commonness;
            for posting in &entry.postings {
                let score = &mut scores[posting.document as usize];
                if *score <= 0.0 {
                    touched.push(posting.document);
                }
                *score += weight * posting.weight * rarity * rarity;
            }
        }
        // Between the cosine, which favours short documents, and the plain sum, which favours long ones.
        let mut ranked: Vec<(f32, u32)> = touched
            .into_iter()
            .filter(|&number| self.documents[number as usize].live)
            .map(|number| (scores[number as usize] / self.documents[number as usize].length.sqrt(), number))
            .collect();
        let best_first =
            |ours: &(f32, u32), theirs: &(f32, u32)| theirs.0.total_cmp(&ours.0).then(ours.1.cmp(&theirs.1));
        if ranked.len() > CANDIDATES_MAX {
            ranked.select_nth_unstable_by(CANDIDATES_MAX, best_first);
            ranked.truncate(CANDIDATES_MAX);
        }
        ranked.sort_unstable_by(best_first);
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    fn compare<'a>(&'a self, document: &'a Document<T>, text: &[(u32, f32)], whole: f32) -> Likeness<'a, T> {
        let all = self.all();
        let mut shared = 0.0;
        let mut text_shared = 0.0;
        let mut document_shared = 0.0;
        let mut theirs = document.grams.iter().copied().peekable();
        for &(gram, weight) in text {
            while theirs.next_if(|&(their, _)| their < gram).is_some() {}
            if let Some((_, their_weight)) = theirs.next_if(|&(their, _)| their == gram) {
                let rarity = (all - self.grams[gram as usize].commonness).powi(2);
                shared += weight * their_weight * rarity;
                text_shared += weight * weight * rarity;
                document_shared += their_weight * their_weight * rarity;
            }
        }
        let length = self.length(&document.grams).powi(2);
        Likeness {
            target: document.target,
            cosine: shared / (whole * length).sqrt(),
            covered: text_shared / whole,
            covering: document_shared / length,
            facts: &document.facts,
            informative: document.informative,
        }
    }

    /// How much a gram tells that no target has; less its commonness, what any other tells.
    fn all(&self) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "an approximate count is all it takes")]
        let targets = self.by_target.len() as f32;
        (targets + CLAIMS_ASSUMED).ln()
    }

    fn length(&self, grams: &[(u32, f32)]) -> f32 {
        let all = self.all();
        let squares = grams
            .iter()
            .map(|&(gram, weight)| (weight * (all - self.grams[gram as usize].commonness)).powi(2));
        squares.sum::<f32>().sqrt()
    }

    fn number_of(&mut self, gram: Gram) -> u32 {
        *self.gram_numbers.entry(gram).or_insert_with(|| {
            let number = u32::try_from(self.grams.len()).expect("memory ends before four billion grams");
            self.grams.push(Entry { gram, ..Entry::default() });
            number
        })
    }

    fn target_has(&self, target: T, gram: u32) -> bool {
        self.by_target.get(&target).is_some_and(|numbers| {
            numbers.iter().any(|&number| {
                let grams = &self.documents[number as usize].grams;
                grams.binary_search_by_key(&gram, |&(known, _)| known).is_ok()
            })
        })
    }

    /// Builds the index anew from its live documents.
    fn compact(&mut self) {
        let old = std::mem::replace(self, Self::new());
        for document in old.documents.into_iter().filter(|document| document.live) {
            let grams = document.grams.iter().map(|&(gram, weight)| (old.grams[gram as usize].gram, weight));
            let profile =
                Profile { grams: grams.collect(), facts: document.facts, informative: document.informative };
            self.add(document.target, &profile);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalise::normalise;

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    fn best(index: &Index<u32>, text: &str) -> Option<(u32, f32)> {
        let profile = profile(text);
        let alike = index.alike(&profile);
        alike.iter().map(|known| (known.target, known.cosine)).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    #[test]
    fn the_same_text_is_wholly_alike_and_another_is_not() {
        let mut index = Index::new();
        index.add(1, &profile("明天凌晨3点青岚县有7级地震"));
        index.add(2, &profile("城东市场的西瓜都打了甜水针"));
        let (target, cosine) = best(&index, "明天凌晨三点青岚县有七级地震").unwrap();
        assert_eq!(target, 1);
        assert!(cosine > 0.999, "{cosine}");
        assert!(best(&index, "身份证补办").is_none());
    }

    #[test]
    fn what_was_cut_off_is_as_if_it_had_never_been_added() {
        let mut index = Index::new();
        index.add(1, &profile("明天凌晨3点青岚县有7级地震"));
        let before = best(&index, "今晚青岚县地震").unwrap();
        let mark = index.len();
        index.add(1, &profile("今晚青岚县要地震"));
        index.add(2, &profile("今晚青岚县地震西瓜"));
        index.truncate(mark);
        let after = best(&index, "今晚青岚县地震").unwrap();
        assert_eq!(after.0, before.0);
        assert!((after.1 - before.1).abs() < 1e-5, "{after:?} {before:?}");
        assert_eq!(index.documents_of(2), 0);
        assert_eq!(index.documents_of(1), 1);
    }

    #[test]
    fn a_removed_target_is_never_found_again_even_after_compaction() {
        let mut index = Index::new();
        for target in 0..1_500 {
            index.add(target, &profile(&format!("第{target}号水库今晚泄洪")));
        }
        for target in 0..1_400 {
            index.remove(target);
        }
        assert_eq!(best(&index, "第3号水库今晚泄洪").map(|(target, _)| target >= 1_400), Some(true));
        assert_eq!(best(&index, "第1450号水库今晚泄洪").map(|(target, _)| target), Some(1_450));
        assert!(index.len() < 1_500);
    }

    proptest! {
        #[test]
        fn likeness_is_always_a_share(texts in proptest::collection::vec("[一-丐a-c0-9]{0,12}", 1..20), asked in "[一-丐a-c0-9]{0,12}") {
            let mut index = Index::new();
            for (target, text) in texts.iter().enumerate() {
                index.add(target % 3, &profile(text));
            }
            let asked = profile(&asked);
            for likeness in index.alike(&asked) {
                for share in [likeness.cosine, likeness.covered, likeness.covering] {
                    prop_assert!((-0.001..=1.001).contains(&share), "{share}");
                }
            }
            index.truncate(0);
            prop_assert!(index.alike(&asked).is_empty());
        }
    }
}

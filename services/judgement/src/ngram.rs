//! A text as what can be compared: character n-grams, each with its weight, and the facts it states.
//!
//! Words that only pass a text on are left out, particles are skipped over, subjects of the topic rules weigh
//! more and times of day less. How rare a gram is, is the index's to know.

use crate::facts::Facts;
use crate::routing::Topics;
use crate::wording::{Part, Wording};

/// Two or three neighbouring characters (or a lone one), packed: 21 bits each.
pub type Gram = u64;

/// How much a gram counts whose characters belong to a subject of the topic rules.
const SUBJECT: f32 = 2.0;
/// How much a gram counts that tells a time or a number: facts are compared as facts.
const DETAIL: f32 = 0.4;

/// A text, ready to be compared.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Each gram once, with its weight.
    pub grams: Vec<(Gram, f32)>,
    /// What it states.
    pub facts: Facts,
    /// Characters that say something about the subject.
    pub informative: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Weight {
    Omitted,
    Skipped,
    Counted(f32),
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
                    Weight::Counted(DETAIL)
                } else if wording.particle(character) {
                    Weight::Skipped
                } else {
                    Weight::Counted(1.0)
                }
            })
            .collect();
        let place = |byte: usize| characters.partition_point(|&(at, _)| at < byte);
        for subject in Topics::get().subjects(text) {
            weights[place(subject.start)..place(subject.end)].fill(Weight::Counted(SUBJECT));
        }
        for part in wording.parts.in_order(text) {
            let weight = match part.meaning {
                Part::PassingOn | Part::Here => Weight::Omitted,
                Part::Time => Weight::Counted(DETAIL),
                Part::Negation | Part::Area => continue,
            };
            weights[place(part.start)..place(part.end)].fill(weight);
        }
        let mut grams = Vec::with_capacity(characters.len() * 2);
        let mut informative = 0;
        let mut run: Vec<(char, f32)> = Vec::new();
        for (&(_, character), &weight) in characters.iter().zip(&weights) {
            match weight {
                Weight::Counted(weight) => {
                    run.push((character, weight));
                    informative += usize::from(weight >= 1.0);
                }
                Weight::Skipped => {}
                Weight::Omitted => {
                    collect(&run, &mut grams);
                    run.clear();
                }
            }
        }
        collect(&run, &mut grams);
        // Of a gram that is there twice, the heavier comes first and stays.
        grams.sort_unstable_by(|ours: &(Gram, f32), theirs| {
            ours.0.cmp(&theirs.0).then(theirs.1.total_cmp(&ours.1))
        });
        grams.dedup_by_key(|&mut (gram, _)| gram);
        Self { grams, facts: Facts::of(text), informative }
    }
}

fn collect(run: &[(char, f32)], grams: &mut Vec<(Gram, f32)>) {
    let mut add = |window: &[(char, f32)]| {
        let gram =
            window.iter().fold(0, |packed, &(character, _)| packed << 21 | Gram::from(u32::from(character)));
        #[expect(clippy::cast_precision_loss, reason = "one to three")]
        let weight = window.iter().map(|&(_, weight)| weight).sum::<f32>() / window.len() as f32;
        grams.push((gram, weight));
    };
    if let [_] = run {
        add(run);
    }
    run.windows(2).for_each(&mut add);
    run.windows(3).for_each(&mut add);
}

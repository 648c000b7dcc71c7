//! How alike words are to calls for help: which characters, and which two beside each other, stand in more of the examples
//! of calls (`calls.txt`) than in those of others (`quiet.txt`). Counted when it is first asked; every example is invented.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::danger::own_words;
use crate::normalise::normalise;

const CALLS: &str = include_str!("calls.txt");
const QUIET: &str = include_str!("quiet.txt");

/// What stands in fewer examples says nothing.
const EXAMPLES_MIN: f32 = 2.0;

/// Counted for what was never seen.
const UNSEEN: f32 = 0.5;

/// Words shown to officers.
const SHOWN: usize = 3;

/// A character, or two beside each other.
type Mark = (char, Option<char>);

/// How much each mark speaks for a call, as logarithm of odds.
pub struct Tally {
    worth: HashMap<Mark, f32>,
}

impl Tally {
    /// Counted over the examples.
    pub fn get() -> &'static Self {
        static TALLY: LazyLock<Tally> = LazyLock::new(|| Tally::of(&examples(CALLS), &examples(QUIET)));
        &TALLY
    }

    fn of(calls: &[String], quiet: &[String]) -> Self {
        let mut counts: HashMap<Mark, [f32; 2]> = HashMap::new();
        for (side, examples) in [calls, quiet].into_iter().enumerate() {
            for mark in examples.iter().flat_map(|example| marks([example.as_str()].into_iter())) {
                counts.entry(mark).or_default()[side] += 1.0;
            }
        }
        let share = |count: f32, of: &[String]| (count + UNSEEN) / (of.len() as f32 + 2.0 * UNSEEN);
        let told = counts.into_iter().filter(|(_, counts)| counts.iter().sum::<f32>() >= EXAMPLES_MIN);
        let worth = told.map(|(mark, [of_calls, of_quiet])| {
            (mark, share(of_calls, calls).ln() - share(of_quiet, quiet).ln())
        });
        Self { worth: worth.collect() }
    }

    /// How alike these clauses are to calls, and by what. Around 0 where nothing tells; most calls have 2 and more.
    pub fn likeness<'a>(&self, clauses: impl Iterator<Item = &'a str>) -> (f32, Vec<String>) {
        let marks = marks(clauses);
        let worth = |mark: &Mark| self.worth.get(mark).copied();
        let sum: f32 = marks.iter().filter_map(worth).sum();
        let mut telling: Vec<(f32, Mark)> = marks
            .iter()
            .filter_map(|mark| Some((worth(mark)?, *mark)))
            .filter(|(worth, _)| *worth > 0.0)
            .collect();
        telling.sort_by(|ours, theirs| theirs.0.total_cmp(&ours.0).then(ours.1.cmp(&theirs.1)));
        let shown = telling.into_iter().take(SHOWN);
        let words = shown.map(|(_, (first, then))| std::iter::once(first).chain(then).collect());
        (sum / (marks.len() as f32 + 1.0).sqrt(), words.collect())
    }
}

fn examples(file: &str) -> Vec<String> {
    let lines = file.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| normalise(&own_words(line))).collect()
}

/// Every mark of normalised clauses, once.
fn marks<'a>(clauses: impl Iterator<Item = &'a str>) -> BTreeSet<Mark> {
    let mut marks = BTreeSet::new();
    for clause in clauses {
        let mut before = None;
        for character in clause.chars() {
            marks.insert((character, None));
            if let Some(before) = before {
                marks.insert((before, Some(character)));
            }
            before = Some(character);
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples dealt into five parts, each judged by the other four.
    #[test]
    fn examples_are_told_apart_by_the_others() {
        let (calls, quiet) = (examples(CALLS), examples(QUIET));
        let part = |all: &[String], of: usize, inside: bool| -> Vec<String> {
            let chosen = all.iter().enumerate().filter(|(at, _)| (at % 5 == of) == inside);
            chosen.map(|(_, example)| example.clone()).collect()
        };
        let mut right = [0, 0];
        for of in 0..5 {
            let tally = Tally::of(&part(&calls, of, false), &part(&quiet, of, false));
            let is_alike = |example: &String| tally.likeness([example.as_str()].into_iter()).0 > 1.2;
            right[0] += part(&calls, of, true).iter().filter(|example| is_alike(example)).count();
            right[1] += part(&quiet, of, true).iter().filter(|example| !is_alike(example)).count();
        }
        println!("calls {} of {}, others {} of {}", right[0], calls.len(), right[1], quiet.len());
        assert!(right[0] * 100 >= calls.len() * 75, "{} of {}", right[0], calls.len());
        assert!(right[1] * 100 >= quiet.len() * 85, "{} of {}", right[1], quiet.len());
    }
}

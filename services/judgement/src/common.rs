//! What two sentences say in the same words, so that a person sees at a glance why they were put side by side.

use std::collections::HashSet;
use std::ops::Range;

use crate::synonyms::Synonyms;

/// Shorter runs are chance.
const CHARACTERS_MIN: usize = 2;
/// More would colour everything.
const RUNS_MAX: usize = 8;
/// Sentences are compared up to here: the time grows with both lengths.
const CHARACTERS_MAX: usize = 200;

/// The runs of characters that both have, the longest first, none inside another; as the first one writes them.
pub fn common(ours: &str, theirs: &str) -> Vec<String> {
    let characters: Vec<char> = ours.chars().take(CHARACTERS_MAX).collect();
    common_ranges(ours, theirs).into_iter().map(|run| characters[run].iter().collect()).collect()
}

/// Where those runs are in the first text, in characters from 0.
pub fn common_ranges(ours: &str, theirs: &str) -> Vec<Range<usize>> {
    let mut ours: Vec<Option<char>> = characters(ours);
    let mut theirs: Vec<Option<char>> = characters(theirs);
    let mut runs = Vec::new();
    while runs.len() < RUNS_MAX {
        let (our_end, their_end, length) = longest(&ours, &theirs);
        if length < CHARACTERS_MIN {
            break;
        }
        let run = our_end - length..our_end;
        ours[run.clone()].fill(None);
        theirs[their_end - length..their_end].fill(None);
        runs.push(run);
    }
    runs
}

/// Where words of the first text are that say the same as other words of the second, in characters from 0.
pub fn meant_ranges(ours: &str, theirs: &str) -> Vec<Range<usize>> {
    let synonyms = Synonyms::get();
    let meant: HashSet<u8> = synonyms.in_order(theirs).map(|word| word.meaning).collect();
    synonyms
        .in_order(ours)
        .filter(|word| meant.contains(&word.meaning))
        .map(|word| {
            let start = ours[..word.start].chars().count();
            start..start + word.word.chars().count()
        })
        .take_while(|run| run.end <= CHARACTERS_MAX)
        .take(RUNS_MAX)
        .collect()
}

/// `None` for what separates words: no run reaches across it.
fn characters(text: &str) -> Vec<Option<char>> {
    text.chars()
        .take(CHARACTERS_MAX)
        .map(|character| character.is_alphanumeric().then_some(character))
        .collect()
}

/// Where the longest common run ends in both, and how long it is.
fn longest(ours: &[Option<char>], theirs: &[Option<char>]) -> (usize, usize, usize) {
    let mut best = (0, 0, 0);
    let mut before = vec![0_usize; theirs.len() + 1];
    for (at, our) in ours.iter().enumerate() {
        let mut now = vec![0; theirs.len() + 1];
        for (their_at, their) in theirs.iter().enumerate() {
            if our.is_some() && our == their {
                now[their_at + 1] = before[their_at] + 1;
                if now[their_at + 1] > best.2 {
                    best = (at + 1, their_at + 1, now[their_at + 1]);
                }
            }
        }
        before = now;
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_common_words_come_first_and_none_is_inside_another() {
        let found = common("明天凌晨3点青岚县有7级地震", "网传青岚县凌晨3点，7级地震");
        assert_eq!(found, ["凌晨3点", "7级地震", "青岚县"]);
        assert!(common("西瓜", "高速封路").is_empty());
    }

    #[test]
    fn words_that_say_the_same_are_marked_where_the_first_text_has_them() {
        let found = meant_ranges("网传：城东起火，小孩受伤", "孩子在着火的市场里");
        assert_eq!(found, [5..7, 8..10]);
        assert!(meant_ranges("城东起火", "城东停水").is_empty());
    }

    proptest! {
        #[test]
        fn every_run_is_in_both(ours in "\\PC{0,40}", theirs in "\\PC{0,40}") {
            for run in common(&ours, &theirs) {
                prop_assert!(ours.contains(&run) && theirs.contains(&run), "{run}");
            }
        }
    }
}

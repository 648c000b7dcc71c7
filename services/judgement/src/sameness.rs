//! Whether two short sentences are about the same thing, neither of which asks the other.
//!
//! The mean of two readable shares: of their characters those that both have, and of the longer one what stands in
//! both in the same order. On labelled pairs of titles no weighing by rarity, longer runs or learned weights did
//! better. It knows no index, so it is the same in a young one.

use rapidfuzz::distance::lcs_seq;

use crate::profile::{Glyph, code_point, meant};

/// From this share on two sentences are taken for the same thing: where F1 was best on labelled pairs.
pub const SAME_THING: f32 = 0.24;

/// How far two sentences are the same, 0 to 1.
pub fn sameness(ours: &[Glyph], theirs: &[Glyph]) -> f32 {
    let (ours, theirs) = (characters(ours), characters(theirs));
    if ours.is_empty() || theirs.is_empty() {
        return 0.0;
    }
    // Of the longer one what stands in both in the same order, however much lies between.
    let in_order = lcs_seq::normalized_similarity(ours.iter().copied(), theirs.iter().copied()) as f32;
    (in_order + in_common(ours, theirs)) / 2.0
}

/// The share of the characters of both that each has; each character counts once.
fn in_common(mut ours: Vec<u32>, mut theirs: Vec<u32>) -> f32 {
    for characters in [&mut ours, &mut theirs] {
        characters.sort_unstable();
        characters.dedup();
    }
    let both = ours.iter().filter(|character| theirs.binary_search(character).is_ok()).count();
    both as f32 / (ours.len() + theirs.len() - both) as f32
}

fn characters(glyphs: &[Glyph]) -> Vec<u32> {
    meant(glyphs).map(|(_, glyph)| code_point(glyph)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalise::normalise;
    use crate::profile::Profile;

    fn between(ours: &str, theirs: &str) -> f32 {
        let glyphs = |text: &str| Profile::of(&normalise(text)).glyphs;
        sameness(&glyphs(ours), &glyphs(theirs))
    }

    #[test]
    fn one_thing_told_twice_is_the_same_and_two_things_are_not() {
        assert!(between("城东市场的西瓜打了甜水针", "城东市场西瓜注射甜水") >= SAME_THING);
        assert!(between("城东市场的西瓜打了甜水针", "明天凌晨青岚县有7级地震") < SAME_THING);
        assert!(between("", "") < SAME_THING);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_which_is_named_first(ours in "[一-十]{0,12}", theirs in "[一-十]{0,12}") {
            let there = between(&ours, &theirs);
            prop_assert!((there - between(&theirs, &ours)).abs() < 1e-6 && (0.0..=1.0).contains(&there));
        }
    }
}

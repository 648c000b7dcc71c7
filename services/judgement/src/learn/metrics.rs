//! How good scores and answers are, in the usual figures.

use serde::{Deserialize, Serialize};

/// A probability and what turned out.
pub type Outcome = (f64, bool);

/// The chance that a positive is scored above a negative; ties count half. No number without both kinds.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
pub fn auc(scored: &[Outcome]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_unstable_by(|ours, theirs| ours.0.total_cmp(&theirs.0));
    let (mut below, mut won) = (0.0, 0.0);
    for ties in sorted.chunk_by(|ours, theirs| ours.0 == theirs.0) {
        let positive = ties.iter().filter(|&&(_, positive)| positive).count() as f64;
        let negative = ties.len() as f64 - positive;
        won += positive * (below + negative / 2.0);
        below += negative;
    }
    won / (below * (sorted.len() as f64 - below))
}

/// The share of the `first` highest that are positive.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
pub fn precision_at(scored: &[Outcome], first: usize) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|ours, theirs| theirs.0.total_cmp(&ours.0));
    let first = first.min(sorted.len());
    sorted[..first].iter().filter(|&&(_, positive)| positive).count() as f64 / first as f64
}

/// The share of answers at one half that are right.
pub fn accuracy(scored: &[Outcome]) -> f64 {
    mean(scored.iter().map(|&(probability, positive)| f64::from((probability >= 0.5) == positive)))
}

/// The balance of precision and recall at one half, for the positive or the negative kind.
pub fn f1(scored: &[Outcome], kind: bool) -> f64 {
    let answers = scored.iter().map(|&(probability, positive)| (probability >= 0.5, positive));
    f1_of(answers.map(|(answer, truth)| (answer == kind, truth == kind)))
}

/// The balance of precision and recall over (said to be, is) pairs; 0 where nothing is either.
pub fn f1_of(answers: impl Iterator<Item = (bool, bool)>) -> f64 {
    let (mut both, mut either) = (0.0, 0.0);
    for (said, is) in answers {
        both += f64::from(said && is);
        either += f64::from(said) + f64::from(is);
    }
    if either == 0.0 { 0.0 } else { 2.0 * both / either }
}

/// A tenth of the scale of probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Rows whose probability is in it.
    pub rows: usize,
    /// Their mean probability.
    pub predicted: f64,
    /// The share of them that are positive.
    pub observed: f64,
}

/// The reliability of probabilities in tenths; tenths without rows are left out.
pub fn reliability(scored: &[Outcome]) -> Vec<Bin> {
    let mut tenths: [Vec<Outcome>; 10] = Default::default();
    for &row in scored {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10")]
        let tenth = (row.0.clamp(0.0, 1.0) * 10.0) as usize;
        tenths[tenth.min(9)].push(row);
    }
    let filled = tenths.iter().filter(|rows| !rows.is_empty());
    filled
        .map(|rows| Bin {
            rows: rows.len(),
            predicted: mean(rows.iter().map(|&(probability, _)| probability)),
            observed: mean(rows.iter().map(|&(_, positive)| f64::from(positive))),
        })
        .collect()
}

/// By how much predicted and observed shares differ, on average over the rows of the tenths.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
pub fn calibration_error(scored: &[Outcome]) -> f64 {
    let bins = reliability(scored);
    let off = bins.iter().map(|bin| (bin.predicted - bin.observed).abs() * bin.rows as f64).sum::<f64>();
    off / scored.len() as f64
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [Outcome; 4] = [(0.9, true), (0.8, false), (0.6, true), (0.1, false)];

    #[test]
    fn figures_are_what_a_pencil_says() {
        let close = |figure: f64, expected: f64| (figure - expected).abs() < 1e-9;
        assert!(close(auc(&ROWS), 0.75));
        assert!(close(accuracy(&ROWS), 0.75));
        assert!(close(f1(&ROWS, true), 0.8));
        assert!(close(f1(&ROWS, false), 2.0 / 3.0));
        assert!(close(precision_at(&ROWS, 1), 1.0));
        assert!(close(precision_at(&ROWS, 3), 2.0 / 3.0));
        assert!(close(precision_at(&ROWS, 9), 0.5));
        assert!(close(calibration_error(&ROWS), (0.1 + 0.8 + 0.4 + 0.1) / 4.0));
        assert_eq!(reliability(&ROWS).len(), 4);
    }

    #[test]
    fn scores_that_say_nothing_are_as_good_as_chance() {
        assert!((auc(&[(0.5, true), (0.5, false)]) - 0.5).abs() < 1e-9);
        assert!(auc(&[(0.5, true)]).is_nan());
        assert!(auc(&[]).is_nan());
    }
}

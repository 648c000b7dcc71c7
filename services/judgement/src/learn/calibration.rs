//! Turns scores into shares that hold: of the texts said to be 70 % likely, about 70 in 100 are (Platt 1999).

use crate::learn::packed::{Packed, Packing, Unreadable};

/// A rising curve from scores to probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// How steeply it rises; never below 0, so that the order of scores stays.
    pub slope: f64,
    /// Its value at score 0, as log odds.
    pub offset: f64,
}

impl Curve {
    /// The curve under which these outcomes are likeliest; rows that were not trained on must have made them.
    pub fn fit(scored: &[(f32, bool)]) -> Self {
        // Softened outcomes keep the curve finite where scores separate them wholly.
        let positive = scored.iter().filter(|&&(_, positive)| positive).count();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
        let count = |rows: usize| rows as f64;
        let high = (count(positive) + 1.0) / (count(positive) + 2.0);
        let low = 1.0 / (count(scored.len() - positive) + 2.0);
        let mut curve = Self { slope: 1.0, offset: 0.0 };
        for _ in 0..50 {
            let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
            for &(score, positive) in scored {
                let score = f64::from(score);
                let probability = curve.probability_of(score);
                let error = probability - if positive { high } else { low };
                let spread = probability * (1.0 - probability);
                g0 += error;
                g1 += error * score;
                h00 += spread;
                h01 += spread * score;
                h11 += spread * score * score;
            }
            let determinant = h00 * h11 - h01 * h01;
            if determinant.abs() < 1e-12 {
                break;
            }
            let step_offset = (h11 * g0 - h01 * g1) / determinant;
            let step_slope = (h00 * g1 - h01 * g0) / determinant;
            // A long step may overshoot; the way there is short anyway.
            curve.offset -= step_offset.clamp(-2.0, 2.0);
            curve.slope = (curve.slope - step_slope.clamp(-2.0, 2.0)).max(0.0);
            if step_offset.abs() + step_slope.abs() < 1e-9 {
                break;
            }
        }
        // As exactly as it can be stored, so that a stored model judges as before.
        #[expect(clippy::cast_possible_truncation, reason = "that is the point")]
        let stored = |number: f64| f64::from(number as f32);
        Self { slope: stored(curve.slope), offset: stored(curve.offset) }
    }

    /// Writes it down.
    #[expect(clippy::cast_possible_truncation, reason = "kept as exactly as scores are")]
    pub fn pack(self, packing: &mut Packing) {
        packing.number(self.slope as f32);
        packing.number(self.offset as f32);
    }

    /// Reads what [`pack`](Self::pack) wrote.
    ///
    /// # Errors
    /// When the bytes are no such thing.
    pub fn unpack(packed: &mut Packed<'_>) -> Result<Self, Unreadable> {
        Ok(Self { slope: f64::from(packed.number()?), offset: f64::from(packed.number()?) })
    }

    /// The probability at a score.
    pub fn probability(self, score: f32) -> f64 {
        self.probability_of(f64::from(score))
    }

    fn probability_of(self, score: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * score + self.offset)).exp())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_become_probabilities() {
        let rows: Vec<(f32, bool)> =
            (0..100).map(|at| (1.0, at < 80)).chain((0..100).map(|at| (-1.0, at < 20))).collect();
        let curve = Curve::fit(&rows);
        assert!((curve.probability(1.0) - 0.8).abs() < 0.02, "{curve:?}");
        assert!((curve.probability(-1.0) - 0.2).abs() < 0.02, "{curve:?}");
    }

    proptest! {
        #[test]
        fn any_rows_give_a_finite_curve_that_never_falls(
            rows in prop::collection::vec((-5.0_f32..5.0, any::<bool>()), 0..60),
        ) {
            let curve = Curve::fit(&rows);
            prop_assert!(curve.slope.is_finite() && curve.offset.is_finite());
            prop_assert!(curve.probability(-3.0) <= curve.probability(3.0));
        }
    }
}

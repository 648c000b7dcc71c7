//! Finds the weights of a linear judge: squared hinge loss with a quadratic penalty, solved by dual coordinate
//! descent (Hsieh et al. 2008).
//!
//! One thread and a fixed order of visits, so that equal rows give equal weights.

use crate::evaluate::interval::Draw;
use crate::learn::grams::Row;
use crate::learn::packed::{Packed, Packing, Unreadable};

/// Passes over all rows at most; the weights hardly move any more long before.
const PASSES_MAX: usize = 200;
/// Weights have settled when no row asks for a larger step than this.
const SETTLED: f64 = 0.02;

/// One thing to learn from.
#[derive(Clone, Debug)]
pub struct Example<'a> {
    /// What it is like.
    pub row: &'a Row,
    /// Whether it is what is looked for.
    pub positive: bool,
    /// How much it costs to judge it wrongly.
    pub cost: f32,
}

/// A linear judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// A weight for each place.
    pub places: Vec<f32>,
    /// What every row begins with.
    pub bias: f32,
}

impl Weights {
    /// How strongly a row is what is looked for: above 0 it rather is.
    pub fn score(&self, row: &Row) -> f32 {
        row.iter().map(|&(place, value)| self.places[place as usize] * value).sum::<f32>() + self.bias
    }

    /// Writes them down.
    pub fn pack(&self, packing: &mut Packing) {
        packing.number(self.bias);
        packing.list(&self.places, |packing, &weight| packing.number(weight));
    }

    /// Reads what [`pack`](Self::pack) wrote, for rows that are `width` wide.
    ///
    /// # Errors
    /// When the bytes are no such thing.
    pub fn unpack(packed: &mut Packed<'_>, width: usize) -> Result<Self, Unreadable> {
        let bias = packed.number()?;
        let places = packed.list(Packed::number)?;
        if places.len() == width { Ok(Self { places, bias }) } else { Err(Unreadable) }
    }
}

/// Learns from `examples`, whose rows are `width` wide.
pub fn train(examples: &[Example<'_>], width: usize) -> Weights {
    let mut weights = Weights { places: vec![0.0; width], bias: 0.0 };
    // The bias is a place of value 1 in every row.
    let slack = |example: &Example<'_>| 0.5 / f64::from(example.cost.max(f32::MIN_POSITIVE));
    let curvature: Vec<f64> = examples
        .iter()
        .map(|example| {
            let length = example.row.iter().map(|&(_, value)| f64::from(value * value)).sum::<f64>();
            length + 1.0 + slack(example)
        })
        .collect();
    let mut alpha = vec![0.0_f64; examples.len()];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut draw = Draw(0x5EED);
    for _ in 0..PASSES_MAX {
        for at in (1..order.len()).rev() {
            order.swap(at, draw.below(at + 1));
        }
        let mut largest_step = 0.0_f64;
        for &at in &order {
            let example = &examples[at];
            let sign = if example.positive { 1.0_f64 } else { -1.0 };
            let gradient = sign * f64::from(weights.score(example.row)) - 1.0 + slack(example) * alpha[at];
            let projected = if alpha[at] == 0.0 { gradient.min(0.0) } else { gradient };
            largest_step = largest_step.max(projected.abs());
            if projected == 0.0 {
                continue;
            }
            let before = alpha[at];
            alpha[at] = (before - gradient / curvature[at]).max(0.0);
            #[expect(clippy::cast_possible_truncation, reason = "weights are kept as f32")]
            let step = ((alpha[at] - before) * sign) as f32;
            for &(place, value) in example.row {
                weights.places[place as usize] += step * value;
            }
            weights.bias += step;
        }
        if largest_step < SETTLED {
            break;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_apart_is_told_apart_and_the_same_way_every_time() {
        let rows: Vec<Row> = (0..40).map(|at| vec![(at % 2, 1.0), (2 + at, 0.5)]).collect();
        let examples: Vec<Example<'_>> =
            (0..40).zip(&rows).map(|(at, row)| Example { row, positive: at % 2 == 0, cost: 1.0 }).collect();
        let weights = train(&examples, 50);
        for example in &examples {
            assert_eq!(weights.score(example.row) > 0.0, example.positive);
        }
        assert_eq!(weights, train(&examples, 50));
    }

    #[test]
    fn nothing_learned_knows_nothing() {
        assert_eq!(train(&[], 3), Weights { places: vec![0.0; 3], bias: 0.0 });
    }
}

//! What likeness is worth: a weighted sum of figures that can each be explained, as the logarithm of odds.
//!
//! Two dozen weights for each kind of target. Those that come with the program were fitted on dated collections;
//! an office's own are fitted on its decisions by the same code.

use serde::{Deserialize, Serialize};

use crate::compare::{Asked, Likeness};

/// The figures, by name, in the order of the weights.
pub const FIGURES: [&str; 47] = [
    "cosine",
    "covering",
    "covering_singles",
    "covered",
    "covered_singles",
    "covered_by_all",
    "body_more",
    "passage",
    "passage_cosine",
    "run",
    "run_share",
    "run_mass",
    "covering_rarest",
    "body_covered_singles",
    "body_shared",
    "text_length",
    "length",
    "shared",
    "areas_shared",
    "areas_missing",
    "areas_added",
    "other_region",
    "other_place",
    "numbers_shared",
    "numbers_missing",
    "other_number",
    "other_subject",
    "shared_subject",
    "denial",
    "moved",
    "has_body",
    "much_cosine",
    "much_covering",
    "much_covering_singles",
    "much_covered_by_all",
    "much_passage",
    "much_passage_cosine",
    "both_ways",
    "both_ways_singles",
    "passage_both",
    "covering_of_long_text",
    "cosine_of_long",
    "covering_singles_of_long",
    "gap_cosine",
    "gap_covering_singles",
    "gap_covered",
    "behind",
];

/// What lies above this share of words counts once more: half of the words in common says more than twice a quarter.
const MUCH: f32 = 0.3;

/// How many of the last figures say by how much a candidate leads.
const LEADS: usize = 4;

/// Figures without the leads, for joining: where one rumor lies in two claims neither leads, and it is theirs all
/// the same.
pub fn without_leads(figures: &Figures) -> Figures {
    let mut kept = *figures;
    kept[FIGURES.len() - LEADS..].fill(0.0);
    kept
}

/// One value for each of [`FIGURES`].
pub type Figures = [f32; FIGURES.len()];

/// How alike a text and the documents of one target are.
#[derive(Clone, Copy, Debug)]
pub struct Alike {
    /// The sentence that is most alike.
    pub sentence: Likeness,
    /// The body that is most alike; the sentence again where there is none.
    pub body: Likeness,
    /// Whether there is one.
    pub has_body: bool,
}

impl Alike {
    fn leads(&self) -> [f32; 3] {
        [self.sentence.cosine, self.sentence.covering_singles, self.covered_by_all()]
    }

    fn covered_by_all(&self) -> f32 {
        self.sentence.covered.max(self.body.covered)
    }
}

/// The figures of every candidate: what each is alike, and by how much it leads the next best.
pub fn figures(asked: &Asked, candidates: &[Alike]) -> Vec<Figures> {
    let mut best = [[0.0_f32; 2]; 3];
    for candidate in candidates {
        for (best, lead) in best.iter_mut().zip(candidate.leads()) {
            if lead > best[0] {
                *best = [lead, best[0]];
            } else {
                best[1] = best[1].max(lead);
            }
        }
    }
    candidates
        .iter()
        .map(|candidate| {
            let [gap_cosine, gap_covering, gap_covered] = std::array::from_fn(|at| {
                let lead = candidate.leads()[at];
                lead - if lead >= best[at][0] { best[at][1] } else { best[at][0] }
            });
            let Alike { sentence, body, has_body } = candidate;
            let agreement = &sentence.agreement;
            let flag = |holds: bool| f32::from(u8::from(holds));
            let much = |share: f32| (share - MUCH).max(0.0);
            let (text_length, length) = ((asked.len() as f32).ln_1p(), sentence.length.ln_1p());
            let covered_by_all = candidate.covered_by_all();
            [
                sentence.cosine,
                sentence.covering,
                sentence.covering_singles,
                sentence.covered,
                sentence.covered_singles,
                covered_by_all,
                (body.cosine - sentence.cosine).max(0.0),
                sentence.passage,
                sentence.passage_cosine,
                (sentence.run / 20.0).min(1.0),
                sentence.run_share,
                sentence.run_mass,
                sentence.covering_rarest,
                body.covered_singles,
                body.shared,
                text_length,
                length,
                sentence.shared,
                flag(agreement.areas_shared > 0),
                agreement.areas_missing,
                agreement.areas_added,
                flag(agreement.other_region),
                flag(agreement.other_place),
                sentence.numbers_shared,
                sentence.numbers_missing,
                flag(sentence.other_number),
                flag(agreement.other_subject),
                flag(agreement.shared_subject),
                flag(sentence.denial),
                flag(sentence.moved),
                flag(*has_body),
                much(sentence.cosine),
                much(sentence.covering),
                much(sentence.covering_singles),
                much(covered_by_all),
                much(sentence.passage),
                much(sentence.passage_cosine),
                sentence.covering * sentence.covered,
                sentence.covering_singles * sentence.covered_singles,
                sentence.passage * sentence.passage_cosine,
                sentence.covering * text_length,
                sentence.cosine * length,
                sentence.covering_singles * length,
                gap_cosine,
                gap_covering,
                gap_covered,
                gap_covering.min(0.0),
            ]
        })
        .collect()
}

/// Weights of the figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// What is added to every sum.
    pub constant: f32,
    /// One for each of [`FIGURES`].
    pub weights: Vec<f32>,
}

impl Weights {
    /// The logarithm of the odds that the two are about the same thing.
    pub fn score(&self, figures: &Figures) -> f32 {
        self.constant + self.weights.iter().zip(figures).map(|(weight, figure)| weight * figure).sum::<f32>()
    }

    /// Fits weights to labelled figures: logistic regression on standardised figures with a ridge, by Newton's
    /// method. The same rows give the same weights. The larger the ridge, the closer to nothing they stay.
    pub fn fit(rows: &[(Figures, bool)], ridge: f64) -> Self {
        const STEPS: usize = 25;
        let width = FIGURES.len();
        let count = rows.len().max(1) as f64;
        let mean: Vec<f64> = (0..width)
            .map(|at| rows.iter().map(|(row, _)| f64::from(row[at])).sum::<f64>() / count)
            .collect();
        let spread: Vec<f64> = (0..width)
            .map(|at| {
                let squares =
                    rows.iter().map(|(row, _)| (f64::from(row[at]) - mean[at]).powi(2)).sum::<f64>();
                (squares / count).sqrt().max(1e-6)
            })
            .collect();
        let standard: Vec<(Vec<f64>, f64)> = rows
            .iter()
            .map(|(row, label)| {
                let mut standard: Vec<f64> =
                    (0..width).map(|at| (f64::from(row[at]) - mean[at]) / spread[at]).collect();
                standard.push(1.0);
                (standard, f64::from(u8::from(*label)))
            })
            .collect();
        let mut fitted = vec![0.0; width + 1];
        for _ in 0..STEPS {
            let mut gradient: Vec<f64> = fitted.iter().map(|weight| -ridge * weight).collect();
            gradient[width] = 0.0;
            let mut curvature = vec![vec![0.0; width + 1]; width + 1];
            for (at, row) in curvature.iter_mut().enumerate() {
                row[at] = if at < width { ridge } else { 1e-6 };
            }
            for (row, label) in &standard {
                let sum: f64 = row.iter().zip(&fitted).map(|(figure, weight)| figure * weight).sum();
                let odds = 1.0 / (1.0 + (-sum).exp());
                let certainty = (odds * (1.0 - odds)).max(1e-9);
                for (at, &figure) in row.iter().enumerate() {
                    gradient[at] += (label - odds) * figure;
                    for (other, &theirs) in row.iter().enumerate().take(at + 1) {
                        curvature[at][other] += certainty * figure * theirs;
                    }
                }
            }
            let step = solve(curvature, gradient);
            let length = step.iter().map(|step| step * step).sum::<f64>().sqrt();
            // A full step from far away can overshoot; a bounded one gets there as well.
            let kept = (4.0 / length.max(1e-12)).min(1.0);
            for (weight, step) in fitted.iter_mut().zip(&step) {
                *weight += kept * step;
            }
            if length < 1e-7 {
                break;
            }
        }
        let weights: Vec<f64> = (0..width).map(|at| fitted[at] / spread[at]).collect();
        let constant =
            fitted[width] - weights.iter().zip(&mean).map(|(weight, mean)| weight * mean).sum::<f64>();
        Self { constant: constant as f32, weights: weights.into_iter().map(|weight| weight as f32).collect() }
    }
}

/// Solves a symmetric positive system, of which the lower half is given, by Cholesky's decomposition.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|at| matrix[row][at] * matrix[column][at]).sum();
            let rest = matrix[row][column] - dot;
            matrix[row][column] =
                if row == column { rest.max(1e-12).sqrt() } else { rest / matrix[column][column] };
        }
    }
    for row in 0..size {
        let dot: f64 = (0..row).map(|at| matrix[row][at] * right[at]).sum();
        right[row] = (right[row] - dot) / matrix[row][row];
    }
    for row in (0..size).rev() {
        let dot: f64 = (row + 1..size).map(|at| matrix[at][row] * right[at]).sum();
        right[row] = (right[row] - dot) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_the_labels_gets_the_weight() {
        let rows: Vec<(Figures, bool)> = (0..200_u8)
            .map(|at| {
                let mut figures = [0.0; FIGURES.len()];
                figures[0] = f32::from(at) / 200.0;
                figures[1] = f32::from(at % 7) / 7.0;
                (figures, at > 100 || at % 50 == 0)
            })
            .collect();
        let weights = Weights::fit(&rows, 5.0);
        assert!(weights.weights[0] > 1.0 && weights.weights[0].abs() > 5.0 * weights.weights[1].abs());
        assert_eq!(weights, Weights::fit(&rows, 5.0));
        assert!(Weights::fit(&[], 5.0).score(&[1.0; FIGURES.len()]).is_finite());
    }
}

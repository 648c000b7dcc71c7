//! A figure with its 95 % interval: a bootstrap that draws whole groups, since copies of one rumor are no
//! independent witnesses.

use serde::Serialize;

/// Draws of the bootstrap.
const DRAWS: usize = 1_000;

/// A figure and what the same measurement on other samples of such data would lie between, 19 times of 20.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// Its lower bound.
    pub low: f64,
    /// Its upper bound.
    pub high: f64,
}

impl Interval {
    /// Measures `figure` over all `groups`, and over draws of as many groups with replacement.
    ///
    /// The draws are the same every time. Draws on which the figure is no number are left out.
    pub fn over_groups<G>(groups: &[G], figure: impl Fn(&[&G]) -> f64) -> Self {
        let all: Vec<&G> = groups.iter().collect();
        let value = figure(&all);
        let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
        let mut figures: Vec<f64> = (0..DRAWS)
            .map(|_| {
                let drawn: Vec<&G> = all.iter().map(|_| all[draw.below(all.len())]).collect();
                figure(&drawn)
            })
            .filter(|figure| figure.is_finite())
            .collect();
        figures.sort_unstable_by(f64::total_cmp);
        let at = |share: usize| figures.get(figures.len() * share / 1_000).copied().unwrap_or(value);
        Self { value, low: at(25), high: at(975) }
    }
}

/// A small fixed sequence of numbers (`SplitMix64`): figures must not change from run to run.
pub struct Draw(pub u64);

impl Draw {
    /// The next number below `bound`; 0 where there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mixed = u128::from(mixed ^ (mixed >> 31));
        usize::try_from((mixed * bound as u128) >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_figure_and_is_the_same_every_time() {
        let groups: Vec<f64> = (0..50).map(f64::from).collect();
        let mean = |drawn: &[&f64]| drawn.iter().copied().sum::<f64>() / 50.0;
        let interval = Interval::over_groups(&groups, mean);
        assert!(interval.low < interval.value && interval.value < interval.high, "{interval:?}");
        assert_eq!(interval, Interval::over_groups(&groups, mean));
    }
}

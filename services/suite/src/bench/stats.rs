//! Figures: percentiles of latencies, medians of rounds.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies, to the microsecond, up to a minute.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// Never for these bounds; the histogram's constructor says so by type only.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, 60_000_000, 3)?))
    }

    /// Adds one; beyond a minute counts as a minute.
    pub fn add(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// Adds all of another's.
    ///
    /// # Errors
    /// Never for equal bounds.
    pub fn merge(&mut self, other: &Self) -> anyhow::Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// `p50 / p99`, in milliseconds.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{:.1} / {:.1} ms", self.at(0.50), self.at(0.99))
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds of a minute fit")]
    fn at(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// The middle one.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

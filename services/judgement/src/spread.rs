//! How a claim spreads: the last hours, and a forecast that an officer can check with a pencil.

/// Hours that are shown.
pub const HOURS: usize = 24;

/// Hours on each side of the comparison.
const COMPARED: usize = 3;

/// The most that the next hours may differ from the last: beyond it three hours of reports prove nothing.
const RATIO_MAX: u64 = 4;

/// Where a claim is going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// Reports of the last three hours.
    pub last: u64,
    /// Reports of the three before.
    pub before: u64,
    /// Reports of the next three, if it goes on like that: the last three hours' times their ratio to the three
    /// before, held between a quarter and four times.
    pub forecast: u64,
}

/// The trend of reports per hour, the oldest hour first.
pub fn trend(hours: &[u64]) -> Trend {
    let mut newest_first = hours.iter().rev();
    let last: u64 = newest_first.by_ref().take(COMPARED).sum();
    let before: u64 = newest_first.take(COMPARED).sum();
    Trend { last, before, forecast: forecast(last, before) }
}

fn forecast(last: u64, before: u64) -> u64 {
    let most = last.saturating_mul(RATIO_MAX);
    let least = last / RATIO_MAX;
    match before {
        // Nothing to compare with: news spreads as fast as we let a forecast say.
        0 => most,
        before => {
            let squared = u128::from(last) * u128::from(last);
            let expected = (squared + u128::from(before) / 2) / u128::from(before);
            u64::try_from(expected).unwrap_or(u64::MAX).clamp(least, most)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forecast_is_the_last_hours_times_their_growth() {
        assert_eq!(trend(&[9, 1, 2, 3, 4, 4, 4]), Trend { last: 12, before: 6, forecast: 24 });
        assert_eq!(trend(&[4, 4, 4, 2, 2, 2]), Trend { last: 6, before: 12, forecast: 3 });
        assert_eq!(trend(&[5]), Trend { last: 5, before: 0, forecast: 20 });
        assert_eq!(trend(&[]), Trend::default());
    }

    proptest! {
        #[test]
        fn the_forecast_keeps_its_bounds_and_grows_with_the_last_hours(
            hours in prop::collection::vec(0_u64..1_000_000, 0..30),
        ) {
            let now = trend(&hours);
            prop_assert!(now.forecast >= now.last / 4 && now.forecast <= now.last * 4);
            if let Some(newest) = hours.len().checked_sub(1) {
                let mut more = hours.clone();
                more[newest] += 1;
                prop_assert!(trend(&more).forecast >= now.forecast);
            }
        }
    }
}

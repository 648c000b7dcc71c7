//! How a claim spreads: a bar for every hour, and the forecast in words that can be checked.

use contracts::classification::v1::Spread;

use crate::language::{Words, fill};

/// The height of the highest bar, in the chart's own units.
const HEIGHT: u64 = 56;

/// The width that one hour takes.
const STEP: usize = 10;

/// The chart and what goes under it.
pub(crate) struct SpreadView {
    pub bars: Vec<Bar>,
    /// What the chart shows, for those who do not see it.
    pub summary: String,
    /// What the next hours may bring, and why.
    pub forecast: String,
    pub channels: u64,
}

/// One hour.
pub(crate) struct Bar {
    pub x: usize,
    pub y: u64,
    pub height: u64,
}

impl SpreadView {
    pub(crate) fn of(spread: &Spread, words: &Words) -> Self {
        let most = spread.hours.iter().copied().max().unwrap_or(0);
        let bars = spread.hours.iter().enumerate().map(|(at, &reports)| {
            let height = match reports {
                0 => 0,
                // An hour with any report shows, however small beside the highest.
                reports => reports.saturating_mul(HEIGHT).checked_div(most).unwrap_or(0).max(2),
            };
            Bar { x: at * STEP, y: HEIGHT - height, height }
        });
        let day: u64 = spread.hours.iter().sum();
        let summary = fill(&fill(&fill(words.spread_summary, spread.hours.len()), day), most);
        let forecast = [spread.last_count, spread.before_count, spread.forecast_count]
            .iter()
            .fold(words.spread_forecast.to_owned(), |text, count| fill(&text, count));
        Self { bars: bars.collect(), summary, forecast, channels: spread.channel_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn the_highest_hour_fills_the_chart_and_an_hour_with_one_report_still_shows() {
        let spread = Spread {
            hours: vec![0, 1, 1_000],
            channel_count: 2,
            last_count: 1_001,
            before_count: 0,
            forecast_count: 4_004,
        };
        let view = SpreadView::of(&spread, Language::English.words());
        let heights: Vec<u64> = view.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 2, HEIGHT]);
        assert!(view.forecast.contains("4004"), "{}", view.forecast);
        let empty =
            SpreadView::of(&Spread { hours: vec![0; 24], ..Spread::default() }, Language::Chinese.words());
        assert!(empty.bars.iter().all(|bar| bar.height == 0));
    }
}

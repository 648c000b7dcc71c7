//! How urgent a claim is, 0 to 100, from stated signals (`urgency.toml`), each with its points as a reason.
//!
//! It orders the queue and decides nothing. What the words say never changes with time; how far a claim has
//! spread does, so the two are scored apart and added up anew whenever the counts change.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::facts::Facts;
use crate::reason::Reason;
use crate::words::Words;

/// How far a claim has spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Reports.
    pub reports: u64,
    /// Distinct reporters.
    pub reporters: u64,
    /// Distinct groups, places or pages.
    pub places: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    harm: Vec<Signal>,
    vulnerable: Signal,
    imminent: Signal,
    stirring: Signal,
    place: Points,
    spread: SpreadPoints,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    points: u32,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Points {
    points: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpreadPoints {
    reports_points_per_doubling: u32,
    reports_points_max: u32,
    reporters_points_per_doubling: u32,
    reporters_points_max: u32,
    places_points_per_doubling: u32,
    places_points_max: u32,
}

/// The kinds of signals, in the order in which they are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Harm,
    Vulnerable,
    Imminent,
    Stirring,
}

const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Harm, "urgency.harm", "危害"),
    (Kind::Vulnerable, "urgency.vulnerable", "涉及老幼病弱"),
    (Kind::Imminent, "urgency.imminent", "事情迫近"),
    (Kind::Stirring, "urgency.stirring", "鼓动转发或行动"),
];

/// The urgency signals, ready to be looked up.
pub struct Signals {
    words: Words<(Kind, u32)>,
    place: u32,
    spread: SpreadPoints,
}

/// The highest urgency.
const POINTS_MAX: u32 = 100;

impl Signals {
    /// The signals that this program was built with.
    pub fn get() -> &'static Self {
        static SIGNALS: LazyLock<Signals> = LazyLock::new(|| {
            let file: File = toml::from_str(include_str!("urgency.toml"))
                .expect("urgency.toml is part of the program, and a test reads it");
            let harm = file.harm.into_iter().map(|signal| (Kind::Harm, signal));
            let others = [
                (Kind::Vulnerable, file.vulnerable),
                (Kind::Imminent, file.imminent),
                (Kind::Stirring, file.stirring),
            ];
            let words = harm.chain(others).flat_map(|(kind, Signal { points, words })| {
                words.into_iter().map(move |word| (word, (kind, points)))
            });
            Signals { words: Words::overlapping(words), place: file.place.points, spread: file.spread }
        });
        &SIGNALS
    }

    /// What the words of a normalised text say: reasons whose shares are points out of 100.
    pub fn of_words(&self, text: &str, facts: &Facts) -> Vec<Reason> {
        let mut strongest: [Option<(u32, &str)>; KINDS.len()] = [None; KINDS.len()];
        for found in self.words.everywhere(text) {
            let (kind, points) = found.meaning;
            let held = &mut strongest[kind as usize];
            if held.is_none_or(|(known, _)| points > known) {
                *held = Some((points, found.word));
            }
        }
        let mut reasons: Vec<Reason> = KINDS
            .iter()
            .filter_map(|&(kind, signal, title)| {
                let (points, word) = strongest[kind as usize]?;
                Some(scored(signal, &format!("{title}：{word}"), points))
            })
            .collect();
        let place = facts.places.first().map(|(ending, name)| format!("{name}{ending}"));
        if let Some(named) = place.or_else(|| facts.here.then(|| "本地".to_owned())) {
            reasons.push(scored("urgency.place", &format!("点名地点：{named}"), self.place));
        }
        reasons
    }

    /// What its spread says, in the same form.
    pub fn of_spread(&self, spread: Spread) -> Vec<Reason> {
        let points = &self.spread;
        [
            (
                "urgency.reports",
                format!("线索{}条", spread.reports),
                doublings(spread.reports) * points.reports_points_per_doubling,
                points.reports_points_max,
            ),
            (
                "urgency.reporters",
                format!("留言人{}位", spread.reporters),
                doublings(spread.reporters) * points.reporters_points_per_doubling,
                points.reporters_points_max,
            ),
            (
                "urgency.places",
                format!("出现在{}处", spread.places),
                doublings(spread.places) * points.places_points_per_doubling,
                points.places_points_max,
            ),
        ]
        .into_iter()
        .filter(|&(_, _, points, _)| points > 0)
        .map(|(signal, detail, points, limit)| scored(signal, &detail, points.min(limit)))
        .collect()
    }
}

/// Adds up reasons of both kinds.
pub fn urgency<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> u32 {
    let sum: f64 = reasons.into_iter().map(|reason| reason.share * f64::from(POINTS_MAX)).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100 first")]
    let points = sum.round().clamp(0.0, f64::from(POINTS_MAX)) as u32;
    points
}

fn scored(signal: &str, detail: &str, points: u32) -> Reason {
    Reason::new(signal, format!("{detail}（+{points}）"), f64::from(points) / f64::from(POINTS_MAX))
}

/// 0 for none and one, 1 for two, 2 for four …
const fn doublings(count: u64) -> u32 {
    match count.checked_ilog2() {
        Some(doublings) => doublings,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::normalise;

    fn of(text: &str, spread: Spread) -> u32 {
        let text = normalise(text);
        let words = Signals::get().of_words(&text, &Facts::of(&text));
        urgency(words.iter().chain(&Signals::get().of_spread(spread)))
    }

    const ONE: Spread = Spread { reports: 1, reporters: 1, places: 1 };

    #[test]
    fn what_harms_more_and_what_spreads_further_is_more_urgent() {
        let earthquake = "群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里";
        let melons = "城东市场的西瓜都打了甜水针";
        assert!(of(earthquake, ONE) > of(melons, ONE));
        let storm = Spread { reports: 41, reporters: 41, places: 12 };
        assert!(of(earthquake, storm) > of(earthquake, ONE));
        assert!(of(melons, storm) > of(melons, ONE));
    }

    #[test]
    fn urgency_stays_within_its_bounds() {
        let everything = "地震爆炸死了小孩住院今晚快跑转发扩散青岚县城东市场";
        let most = Spread { reports: u64::MAX, reporters: u64::MAX, places: u64::MAX };
        assert!(of(everything, most) <= POINTS_MAX);
        assert_eq!(of("", Spread::default()), 0);
    }
}

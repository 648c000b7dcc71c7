//! How urgent a claim is, 0 to 100, from stated signals (`urgency.toml`), each with its points as a reason.
//!
//! It orders the queue and decides nothing. What the words say is scored when a claim is opened; how far it has
//! spread changes, so the two are scored apart and added up anew whenever the counts change. An agency sets its
//! own points, the names of its own area and the events that it is dealing with.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use time::Date;
use toml::Spanned;

use crate::facts::Facts;
use crate::reason::Reason;
use crate::rules_file::{Day, POINTS_MAX, Reading, Row, RulesError, Slot, quoted};
use crate::words::Words;

/// The signals that this program was built with, as a file.
pub const BUILT_IN: &str = include_str!("urgency.toml");

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
    #[serde(default)]
    harm: Vec<Spanned<Harm>>,
    vulnerable: Spanned<Signal>,
    imminent: Spanned<Signal>,
    stirring: Spanned<Signal>,
    place: Spanned<Place>,
    #[serde(default)]
    event_under_way: Vec<Spanned<EventUnderWay>>,
    spread: SpreadPoints,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Harm {
    topic: Spanned<String>,
    points: Spanned<u32>,
    words: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    points: Spanned<u32>,
    words: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    points: Spanned<u32>,
    own_points: Spanned<u32>,
    own: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventUnderWay {
    name: Spanned<String>,
    points: Spanned<u32>,
    words: Vec<Spanned<String>>,
    until: Spanned<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpreadPoints {
    reports_points_per_doubling: Spanned<u32>,
    reports_points_max: Spanned<u32>,
    reporters_points_per_doubling: Spanned<u32>,
    reporters_points_max: Spanned<u32>,
    places_points_per_doubling: Spanned<u32>,
    places_points_max: Spanned<u32>,
}

/// Points for each doubling of a count, up to a limit.
struct Doubling {
    points: u32,
    max: u32,
}

struct SpreadScale {
    reports: Doubling,
    reporters: Doubling,
    places: Doubling,
}

/// What kind of signal a word gives, in the order in which they are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Harm,
    EventUnderWay,
    Vulnerable,
    Imminent,
    Stirring,
    OwnPlace,
}

/// Each kind's name and the signal of its reason. The agency's own places are told with the other places.
const KINDS: [(Kind, &str); 5] = [
    (Kind::Harm, "urgency.harm"),
    (Kind::EventUnderWay, "urgency.event"),
    (Kind::Vulnerable, "urgency.vulnerable"),
    (Kind::Imminent, "urgency.imminent"),
    (Kind::Stirring, "urgency.stirring"),
];

/// What a word stands for.
struct Meaning {
    kind: Kind,
    points: u32,
    /// How its reason begins.
    title: String,
    /// The last day on which it counts.
    until: Option<Date>,
}

/// The urgency signals, ready to be looked up.
pub struct Signals {
    words: Words<usize>,
    meanings: Vec<Meaning>,
    place: u32,
    own_place: u32,
    spread: SpreadScale,
    rows: Vec<Row>,
}

impl Signals {
    /// The signals that this program was built with.
    pub fn get() -> &'static Arc<Self> {
        static SIGNALS: LazyLock<Arc<Signals>> = LazyLock::new(|| {
            let signals = Signals::parse(BUILT_IN);
            Arc::new(signals.expect("urgency.toml is part of the program, and a test reads it"))
        });
        &SIGNALS
    }

    /// Signals that an office wrote.
    ///
    /// # Errors
    /// When they cannot be used; says where and why.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let (mut reading, file) = Reading::of::<File>(text)?;
        file.check(&mut reading);
        let rows = file.rows(&reading);
        reading.finish()?;
        Ok(file.into_signals(rows))
    }

    /// The signals as people read them, in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What the words of a normalised text say on a day: reasons whose shares are points out of 100.
    pub fn of_words(&self, text: &str, facts: &Facts, today: Date) -> Vec<Reason> {
        let mut strongest: [Option<(&Meaning, &str)>; KINDS.len()] = [None; KINDS.len()];
        let mut own = None;
        for found in self.words.everywhere(text) {
            let meaning = &self.meanings[found.meaning];
            if meaning.until.is_some_and(|until| until < today) {
                continue;
            }
            match strongest.get_mut(meaning.kind as usize) {
                Some(held) if held.is_none_or(|(known, _)| meaning.points > known.points) => {
                    *held = Some((meaning, found.word));
                }
                Some(_) => {}
                None => own = own.or(Some(found.word)),
            }
        }
        let mut reasons: Vec<Reason> = KINDS
            .iter()
            .filter_map(|&(kind, signal)| {
                let (meaning, word) = strongest[kind as usize]?;
                Some(scored(signal, &format!("{}：{word}", meaning.title), meaning.points))
            })
            .collect();
        let place = facts.places.first().map(|(ending, name)| format!("{name}{ending}"));
        if let Some(own) = own.or_else(|| facts.here.then_some("本地")) {
            reasons.push(scored("urgency.own_place", &format!("涉及本地：{own}"), self.own_place));
        } else if let Some(named) = place {
            reasons.push(scored("urgency.place", &format!("点名地点：{named}"), self.place));
        }
        reasons
    }

    /// What its spread says, in the same form.
    pub fn of_spread(&self, spread: Spread) -> Vec<Reason> {
        let scale = &self.spread;
        [
            ("urgency.reports", format!("线索{}条", spread.reports), &scale.reports, spread.reports),
            (
                "urgency.reporters",
                format!("留言人{}位", spread.reporters),
                &scale.reporters,
                spread.reporters,
            ),
            ("urgency.places", format!("出现在{}处", spread.places), &scale.places, spread.places),
        ]
        .into_iter()
        .map(|(signal, detail, scale, count)| {
            (signal, detail, (doublings(count) * scale.points).min(scale.max))
        })
        .filter(|&(_, _, points)| points > 0)
        .map(|(signal, detail, points)| scored(signal, &detail, points))
        .collect()
    }
}

impl File {
    fn signals(&self) -> [(&'static str, &'static str, Kind, &Spanned<Signal>); 3] {
        [
            ("vulnerable", "涉及老幼病弱", Kind::Vulnerable, &self.vulnerable),
            ("imminent", "事情迫近", Kind::Imminent, &self.imminent),
            ("stirring", "鼓动转发或行动", Kind::Stirring, &self.stirring),
        ]
    }

    fn check(&self, reading: &mut Reading<'_>) {
        reading.count(&self.harm);
        reading.count(&self.event_under_way);
        for harm in self.harm.iter().map(Spanned::get_ref) {
            reading.name(&harm.topic);
            reading.points(&harm.points);
            reading.words(&harm.words);
        }
        for event in self.event_under_way.iter().map(Spanned::get_ref) {
            reading.name(&event.name);
            reading.points(&event.points);
            reading.words(&event.words);
            if event.until.get_ref().date().is_none() {
                reading.fault(
                    event.until.span().start,
                    "until 要写成年-月-日，例如 2026-08-01，表示计分到这一天为止（含）。",
                    "write `until` as year-month-day, such as 2026-08-01: the last day on which it counts.",
                );
            }
        }
        for (_, _, _, signal) in self.signals() {
            reading.points(&signal.get_ref().points);
            reading.words(&signal.get_ref().words);
        }
        let place = self.place.get_ref();
        reading.points(&place.points);
        reading.points(&place.own_points);
        reading.words(&place.own);
        for word in &place.own {
            if crate::normalise::normalise(word.get_ref()).chars().count() == 1 {
                reading.fault(
                    word.span().start,
                    format!("地名“{}”只有一个字，会到处碰上，请写全称或常用的叫法。", quoted(word.get_ref())),
                    format!(
                        "the place \"{}\" is one character, which is found everywhere; write its name.",
                        quoted(word.get_ref())
                    ),
                );
            }
        }
        let spread = &self.spread;
        for points in [
            &spread.reports_points_per_doubling,
            &spread.reports_points_max,
            &spread.reporters_points_per_doubling,
            &spread.reporters_points_max,
            &spread.places_points_per_doubling,
            &spread.places_points_max,
        ] {
            reading.points(points);
        }
    }

    fn rows(&self, reading: &Reading<'_>) -> Vec<Row> {
        let row = |name: &str, at: usize, points: &Spanned<u32>, words: &[Spanned<String>]| {
            let mut row = Row::named(name.to_owned(), reading.line(at));
            row.points = Some(*points.get_ref());
            row.list(Slot::Any, words);
            row
        };
        let events = self.event_under_way.iter().map(|event| {
            let text = event.get_ref();
            let mut row = row(text.name.get_ref(), event.span().start, &text.points, &text.words);
            row.until = text.until.get_ref().date();
            row
        });
        let harms = self.harm.iter().map(|harm| {
            let text = harm.get_ref();
            row(text.topic.get_ref(), harm.span().start, &text.points, &text.words)
        });
        let others = self.signals().map(|(_, title, _, signal)| {
            row(title, signal.span().start, &signal.get_ref().points, &signal.get_ref().words)
        });
        let place = self.place.get_ref();
        let at = self.place.span().start;
        let places =
            [row("涉及本地", at, &place.own_points, &place.own), row("点名其他地点", at, &place.points, &[])];
        let spread = &self.spread;
        let spreads = [
            ("线索数每翻一倍", &spread.reports_points_per_doubling, &spread.reports_points_max),
            ("留言人数每翻一倍", &spread.reporters_points_per_doubling, &spread.reporters_points_max),
            ("出现处数每翻一倍", &spread.places_points_per_doubling, &spread.places_points_max),
        ]
        .map(|(name, each, max)| {
            let mut row = row(name, each.span().start, each, &[]);
            row.says = format!("最多{}分", max.get_ref());
            row
        });
        events.chain(harms).chain(others).chain(places).chain(spreads).collect()
    }

    fn into_signals(self, rows: Vec<Row>) -> Signals {
        let mut meanings = Vec::new();
        let mut words: Vec<(String, usize)> = Vec::new();
        let mut add = |kind, title: String, points: Spanned<u32>, until, list: Vec<Spanned<String>>| {
            words.extend(list.into_iter().map(|word| (word.into_inner(), meanings.len())));
            meanings.push(Meaning { kind, points: points.into_inner(), title, until });
        };
        for harm in self.harm.into_iter().map(Spanned::into_inner) {
            add(Kind::Harm, format!("危害·{}", harm.topic.get_ref()), harm.points, None, harm.words);
        }
        for event in self.event_under_way.into_iter().map(Spanned::into_inner) {
            let until = event.until.get_ref().date();
            let title = format!("正在处置“{}”", event.name.get_ref());
            add(Kind::EventUnderWay, title, event.points, until, event.words);
        }
        for (signal, kind, title) in [
            (self.vulnerable, Kind::Vulnerable, "涉及老幼病弱"),
            (self.imminent, Kind::Imminent, "事情迫近"),
            (self.stirring, Kind::Stirring, "鼓动转发或行动"),
        ] {
            let signal = signal.into_inner();
            add(kind, title.to_owned(), signal.points, None, signal.words);
        }
        let place = self.place.into_inner();
        let own_place = *place.own_points.get_ref();
        add(Kind::OwnPlace, String::new(), place.own_points, None, place.own);
        let scale = |points: Spanned<u32>, max: Spanned<u32>| Doubling {
            points: points.into_inner(),
            max: max.into_inner(),
        };
        let spread = self.spread;
        Signals {
            words: Words::overlapping(words),
            meanings,
            place: place.points.into_inner(),
            own_place,
            spread: SpreadScale {
                reports: scale(spread.reports_points_per_doubling, spread.reports_points_max),
                reporters: scale(spread.reporters_points_per_doubling, spread.reporters_points_max),
                places: scale(spread.places_points_per_doubling, spread.places_points_max),
            },
            rows,
        }
    }
}

/// Adds up reasons of both kinds.
pub fn urgency<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> u32 {
    reasons.into_iter().map(points).sum::<u32>().min(POINTS_MAX)
}

/// The points that a reason stands for.
fn points(reason: &Reason) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100 first")]
    let points = (reason.share * f64::from(POINTS_MAX)).round().clamp(0.0, f64::from(POINTS_MAX)) as u32;
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
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;
    use crate::normalise::normalise;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn by(signals: &Signals, text: &str, spread: Spread) -> u32 {
        let text = normalise(text);
        let words = signals.of_words(&text, &Facts::of(&text), TODAY);
        urgency(words.iter().chain(&signals.of_spread(spread)))
    }

    fn of(text: &str, spread: Spread) -> u32 {
        by(Signals::get(), text, spread)
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

    fn edited(from: &str, to: &str) -> Result<Signals, RulesError> {
        assert!(BUILT_IN.contains(from), "{from}");
        Signals::parse(&BUILT_IN.replace(from, to))
    }

    #[test]
    fn the_agency_s_own_places_weigh_more_than_others() {
        let signals = edited("own = []", "own = [\"青岚县\", \"落雁坡\"]").unwrap();
        let points = |text: &str| by(&signals, text, ONE);
        assert!(points("落雁坡停水") > points("城东市场停水"));
        assert!(points("城东市场停水") > points("停水"));
        assert_eq!(points("我们县停水"), points("青岚县停水"));
    }

    #[test]
    fn an_event_under_way_counts_until_its_last_day() {
        let event = |until: &str| {
            Signals::parse(&format!(
                "{BUILT_IN}\n[[event_under_way]]\nname = \"7·20暴雨\"\npoints = 30\nwords = [\"桥垮\"]\nuntil = {until}\n"
            ))
            .unwrap()
        };
        let points = |until: &str| by(&event(until), "桥垮了", ONE);
        assert_eq!(points("2026-11-22") - points("2026-11-21"), 30);
        assert_eq!(points("\"2027-01-01\""), 30);
        let text = normalise("桥垮了");
        let reasons = event("2026-11-22").of_words(&text, &Facts::of(&text), TODAY);
        assert_eq!(reasons[0].detail, "正在处置“7·20暴雨”：桥垮（+30）");
    }

    #[test]
    fn every_fault_says_its_line_and_what_to_do() {
        let line = |needle: &str| BUILT_IN.lines().position(|line| line.contains(needle)).unwrap() + 1;
        let event = "\n[[event_under_way]]\nname = \"雨\"\npoints = 3\nwords = []\nuntil = \"明天\"\n";
        for (file, at, says) in [
            (BUILT_IN.replace("own_points = 10", "own_points = 101"), line("own_points ="), "0到100"),
            (BUILT_IN.replace("own_points = 10", "own_points = -1"), line("own_points ="), "种类不对"),
            (BUILT_IN.replace("own = []", "own = [\"县\"]"), line("own = []"), "只有一个字"),
            (format!("{BUILT_IN}{event}"), BUILT_IN.lines().count() + 6, "年-月-日"),
            (BUILT_IN.replace("[stirring]", "[stiring]"), line("[stirring]"), "没有“stiring”这一项"),
        ] {
            let error = Signals::parse(&file).map(|_| ()).unwrap_err();
            assert_eq!(error.faults[0].line, at, "{error:?}");
            assert!(error.zh().contains(says), "{error:?}");
        }
        assert!(Signals::parse("").is_err());
    }

    #[test]
    fn every_signal_is_shown_with_its_points() {
        let rows = Signals::get().rows();
        assert!(rows.iter().all(|row| row.points.is_some() && !row.name.is_empty()));
        assert!(rows.iter().any(|row| row.name == "涉及本地"));
    }

    proptest! {
        #[test]
        fn any_file_is_signals_or_a_located_fault(text in "(\\[place\\]|\\[\\[harm\\]\\]|points|own|words|until| = |\"|[0-9]|\\[|\\]|,|\n|\\PC){0,60}") {
            if let Err(error) = Signals::parse(&text) {
                prop_assert!(!error.faults.is_empty());
                prop_assert!(error.faults.iter().all(|fault| (1..=text.lines().count() + 1).contains(&fault.line)));
            }
        }
    }
}

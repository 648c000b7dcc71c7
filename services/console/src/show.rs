//! How times, ages and codes are written on pages. All times of day are Beijing's, whatever the machine's zone.

use prost_types::Timestamp;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::language::{Language, Words, fill};

/// The instant of a message's field; absent when the field is, or lies outside the calendar.
pub(crate) fn instant(timestamp: Option<&Timestamp>) -> Option<OffsetDateTime> {
    let timestamp = timestamp?;
    let base = OffsetDateTime::from_unix_timestamp(timestamp.seconds).ok()?;
    Some(base + Duration::nanoseconds(timestamp.nanos.into()))
}

/// Beijing has had no summer time since 1991.
fn beijing(at: OffsetDateTime) -> OffsetDateTime {
    at.to_offset(UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC))
}

/// Day and minute, such as `11月22日 22:58`; a dash when unknown.
pub(crate) fn minute(timestamp: Option<&Timestamp>, language: Language) -> String {
    let Some(at) = instant(timestamp).map(beijing) else { return "—".to_owned() };
    let (month, day, hour, minute) = (u8::from(at.month()), at.day(), at.hour(), at.minute());
    match language {
        Language::Chinese => format!("{month}月{day}日 {hour:02}:{minute:02}"),
        Language::English => format!("{day} {} {hour:02}:{minute:02}", &at.month().to_string()[..3]),
    }
}

/// As a browser's field for day and minute holds it, in Beijing's time; empty when unknown.
pub(crate) fn minute_to_type(timestamp: Option<&Timestamp>) -> String {
    let Some(at) = instant(timestamp).map(beijing) else { return String::new() };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}", at.hour(), at.minute())
}

/// The instant that such a field says; `None` when it says none.
pub(crate) fn typed_minute(typed: &str) -> Option<Timestamp> {
    let (day, minute) = typed.split_once(['T', ' '])?;
    let mut day = day.split('-').map(|part| part.parse::<i32>().ok());
    let mut minute = minute.split(':').map(|part| part.parse::<u8>().ok());
    let (year, month, day) = (day.next()??, day.next()??, day.next()??);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = time::Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
    let minute = time::Time::from_hms(minute.next()??, minute.next()??, 0).ok()?;
    let at = date.with_time(minute).assume_offset(UtcOffset::from_hms(8, 0, 0).ok()?);
    Some(Timestamp { seconds: at.unix_timestamp(), nanos: 0 })
}

/// Year to second, for records; a dash when unknown.
pub(crate) fn second(timestamp: Option<&Timestamp>) -> String {
    instant(timestamp).map_or_else(|| "—".to_owned(), second_of)
}

/// Year to second of an instant.
pub(crate) fn second_of(at: OffsetDateTime) -> String {
    let at = beijing(at);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Hour to second of an instant, for "as of".
pub(crate) fn time_of_day(at: OffsetDateTime) -> String {
    let (hour, minute, second) = beijing(at).to_hms();
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// A length of time in its largest one or two units.
pub(crate) fn length(duration: Duration, words: &Words) -> String {
    let minutes = duration.whole_minutes();
    match minutes {
        ..1 => words.under_a_minute.to_owned(),
        1..60 => fill(words.minutes, minutes),
        60..1440 => fill(&fill(words.hours_minutes, minutes / 60), minutes % 60),
        _ => fill(&fill(words.days_hours, minutes / 1440), minutes % 1440 / 60),
    }
}

/// How long ago, such as `3分钟前`; a dash when unknown.
pub(crate) fn ago(timestamp: Option<&Timestamp>, now: OffsetDateTime, words: &Words) -> String {
    instant(timestamp).map_or_else(|| "—".to_owned(), |at| fill(words.ago, length(now - at, words)))
}

/// A deadline, against the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub text: String,
    pub over: bool,
}

/// What is left until the deadline, or by how much it is over.
pub(crate) fn due(timestamp: Option<&Timestamp>, now: OffsetDateTime, words: &Words) -> Option<Due> {
    let at = instant(timestamp)?;
    let over = at < now;
    let text = if over {
        fill(words.due_over, length(now - at, words))
    } else {
        fill(words.due_left, length(at - now, words))
    };
    Some(Due { text, over })
}

/// A hash in groups of eight, so that two screens can be compared by eye.
pub(crate) fn groups(hash: &str) -> Vec<String> {
    let characters: Vec<char> = hash.chars().collect();
    characters.chunks(8).map(|group| group.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-22 14:58:07 UTC.
    const AT: i64 = 1_795_359_487;

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn times_of_day_are_beijings() {
        assert_eq!(minute(at(AT).as_ref(), Language::Chinese), "11月22日 22:58");
        assert_eq!(minute(at(AT).as_ref(), Language::English), "22 Nov 22:58");
        assert_eq!(second(at(AT).as_ref()), "2026-11-22 22:58:07");
        assert_eq!(second(None), "—");
    }

    #[test]
    fn a_typed_minute_comes_back_as_it_was_typed() {
        assert_eq!(minute_to_type(at(AT).as_ref()), "2026-11-22T22:58");
        assert_eq!(typed_minute("2026-11-22T22:58"), at(AT - 7));
        assert_eq!(typed_minute("2026-11-22 22:58:30"), at(AT - 7));
        assert_eq!(minute_to_type(None), "");
        for nonsense in ["", "明天", "2026-13-01T00:00", "2026-02-30T10:00", "2026-11-22", "2026-11-22T25:00"]
        {
            assert_eq!(typed_minute(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_time_outside_the_calendar_is_unknown() {
        assert_eq!(second(at(i64::MAX).as_ref()), "—");
    }

    #[test]
    fn a_deadline_says_what_is_left_or_how_late_it_is() {
        let words = Language::Chinese.words();
        let now = OffsetDateTime::from_unix_timestamp(AT).unwrap();
        let ahead = due(at(AT + 25 * 60).as_ref(), now, words).unwrap();
        assert!(!ahead.over && ahead.text.contains("25"));
        let late = due(at(AT - 3 * 3600).as_ref(), now, words).unwrap();
        assert!(late.over && late.text.contains('3'));
        assert_eq!(due(None, now, words), None);
    }

    #[test]
    fn a_hash_is_shown_whole_in_groups() {
        let hash = "ab".repeat(32);
        assert_eq!(groups(&hash).concat(), hash);
        assert!(groups(&hash).iter().all(|group| group.len() == 8));
    }
}

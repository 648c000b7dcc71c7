//! When something was said, as exports write it.
//!
//! A time without a zone is Beijing time. A zone is never passed over: what cannot be understood makes the whole time
//! unreadable, because eight hours are worse than none.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::dress::{half_width, undressed};

/// Days between Excel's day 0 and 1970.
const EXCEL_EPOCH_DAYS: i64 = 25_569;
/// Excel's numbers for 1970 to 2099.
const EXCEL_DAYS: std::ops::Range<f64> = 25_569.0..73_051.0;
/// Years that a hotline's file can mean.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2100;

/// A time or a part of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// A whole instant.
    Instant(OffsetDateTime),
    /// A time of day without a day, which stands in another column.
    TimeOfDay(Time),
}

/// Reads a cell; `None` when it is no time.
pub fn read(cell: &str) -> Option<When> {
    let text = half_width(undressed(cell));
    let text = text.trim();
    if text.is_empty() || text.len() > 80 {
        return None;
    }
    if let Some(instant) = number(text) {
        return Some(When::Instant(instant));
    }
    Reader::of(text)?.when()
}

/// Joins the day of one column with the time of another.
pub fn joined(day: OffsetDateTime, time: Time) -> OffsetDateTime {
    PrimitiveDateTime::new(day.to_offset(beijing()).date(), time).assume_offset(beijing())
}

fn beijing() -> UtcOffset {
    UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC)
}

/// What is digits alone, or digits with a fraction: which unit it is, its size says.
fn number(text: &str) -> Option<OffsetDateTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let compact = |parts: &[usize]| -> Option<Vec<i64>> {
        let mut rest = whole;
        parts
            .iter()
            .map(|length| {
                let (part, after) = rest.split_at_checked(*length)?;
                rest = after;
                part.parse().ok()
            })
            .collect()
    };
    let local = |parts: &[usize]| -> Option<OffsetDateTime> {
        let parts = compact(parts)?;
        let part = |index: usize| parts.get(index).copied().unwrap_or(0);
        local_time(part(0), part(1), part(2), part(3), part(4), part(5), beijing())
    };
    let since_1970 = |per_second: i128| -> Option<OffsetDateTime> {
        let count: i128 = whole.parse().ok()?;
        let fraction: f64 = format!("0.{fraction}").parse().unwrap_or(0.0);
        // A fraction matters below the second only where the unit is one.
        let nanoseconds = count.checked_mul(1_000_000_000 / per_second)?;
        let fraction = if per_second == 1 { (fraction * 1e9) as i128 } else { 0 };
        let instant = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.checked_add(fraction)?).ok()?;
        YEARS.contains(&instant.year()).then(|| instant.to_offset(beijing()))
    };
    // Programs that take a time for a number write 20261130.0.
    let no_fraction = fraction.bytes().all(|digit| digit == b'0');
    match whole.len() {
        5 => excel(text.parse().ok()?),
        8 if no_fraction => local(&[4, 2, 2]),
        10 => {
            local(&[4, 2, 2, 2]).filter(|_| no_fraction && whole.starts_with("20")).or_else(|| since_1970(1))
        }
        12 if no_fraction => local(&[4, 2, 2, 2, 2]),
        13 => since_1970(1_000),
        14 => local(&[4, 2, 2, 2, 2, 2]),
        16 => since_1970(1_000_000),
        17 if fraction.is_empty() => local(&[4, 2, 2, 2, 2, 2]),
        19 => since_1970(1_000_000_000),
        _ => None,
    }
}

/// Excel's count of days, to the nearest second.
fn excel(days: f64) -> Option<OffsetDateTime> {
    if !EXCEL_DAYS.contains(&days) {
        return None;
    }
    let seconds = (days * 86_400.0).round() as i64 - EXCEL_EPOCH_DAYS * 86_400;
    let instant = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    Some(PrimitiveDateTime::new(instant.date(), instant.time()).assume_offset(beijing()))
}

/// The parts of a day and a time, as an instant. 24:00 is the next day's midnight; a leap second is the one before.
fn local_time(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    zone: UtcOffset,
) -> Option<OffsetDateTime> {
    let year = i32::try_from(year).ok().filter(|year| YEARS.contains(year))?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
    let next = hour == 24 && minute == 0 && second == 0;
    let time = time_of_day(if next { 0 } else { hour }, minute, second)?;
    let local = PrimitiveDateTime::new(date, time);
    let local = if next { local.checked_add(Duration::DAY)? } else { local };
    Some(local.assume_offset(zone))
}

fn time_of_day(hour: i64, minute: i64, second: i64) -> Option<Time> {
    let part = |value: i64| u8::try_from(value).ok();
    Time::from_hms(part(hour)?, part(minute)?, part(second.clamp(0, 59))?)
        .ok()
        .filter(|_| (0..=60).contains(&second))
}

/// A day, as it was written.
type YearMonthDay = (i64, i64, i64);

/// A piece of a written time.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// Digits, with how many there were.
    Number(i64, usize),
    /// A word in small letters, or Chinese characters.
    Word(String),
    /// Anything else but blanks.
    Mark(char),
    /// Blanks.
    Gap,
}

/// Chinese words of more than one character that a time can hold.
const CHINESE: [&str; 29] = [
    "上午",
    "早上",
    "凌晨",
    "清晨",
    "早晨",
    "下午",
    "晚上",
    "傍晚",
    "夜里",
    "夜间",
    "中午",
    "北京时间",
    "中国标准时间",
    "星期一",
    "星期二",
    "星期三",
    "星期四",
    "星期五",
    "星期六",
    "星期日",
    "星期天",
    "周一",
    "周二",
    "周三",
    "周四",
    "周五",
    "周六",
    "周日",
    "周天",
];

struct Reader {
    pieces: Vec<Piece>,
    at: usize,
}

impl Reader {
    fn of(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut characters = text.chars().peekable();
        loop {
            let rest: String = characters.clone().collect();
            let Some(c) = characters.next() else { break };
            let piece = if c.is_ascii_digit() {
                let mut digits = String::from(c);
                while let Some(next) = characters.next_if(char::is_ascii_digit) {
                    digits.push(next);
                }
                Piece::Number(digits.parse().ok()?, digits.len())
            } else if c.is_whitespace() {
                while characters.next_if(|next| next.is_whitespace()).is_some() {}
                Piece::Gap
            } else if c.is_ascii_alphabetic() {
                let mut word = String::from(c.to_ascii_lowercase());
                while let Some(next) = characters.next_if(char::is_ascii_alphabetic) {
                    word.push(next.to_ascii_lowercase());
                }
                Piece::Word(word)
            } else if c.is_alphabetic() {
                // Chinese words have no gaps between them.
                let mut word = String::from(c);
                if let Some(known) = CHINESE.iter().find(|known| rest.starts_with(**known)) {
                    word = (*known).to_owned();
                    for _ in known.chars().skip(1) {
                        characters.next();
                    }
                }
                Piece::Word(word)
            } else {
                Piece::Mark(c)
            };
            pieces.push(piece);
        }
        Some(Self { pieces, at: 0 })
    }

    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.at)
    }

    fn after(&self, steps: usize) -> Option<&Piece> {
        self.pieces.get(self.at + steps)
    }

    fn mark(&mut self, marks: &[char]) -> bool {
        let found = matches!(self.peek(), Some(Piece::Mark(mark)) if marks.contains(mark));
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, words: &[&str]) -> bool {
        let found = matches!(self.peek(), Some(Piece::Word(word)) if words.contains(&word.as_str()));
        self.at += usize::from(found);
        found
    }

    fn number(&mut self) -> Option<(i64, usize)> {
        match self.peek() {
            Some(Piece::Number(value, length)) => {
                let found = (*value, *length);
                self.at += 1;
                Some(found)
            }
            _ => None,
        }
    }

    fn gaps(&mut self) {
        while matches!(self.peek(), Some(Piece::Gap)) || self.mark(&[',']) || self.weekday() {
            self.at += usize::from(matches!(self.peek(), Some(Piece::Gap)));
        }
    }

    /// A day of the week says nothing that the date does not.
    fn weekday(&mut self) -> bool {
        const DAYS: [&str; 28] = [
            "mon",
            "tue",
            "wed",
            "thu",
            "fri",
            "sat",
            "sun",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "星期一",
            "星期二",
            "星期三",
            "星期四",
            "星期五",
            "星期六",
            "星期日",
            "周一",
            "周二",
            "周三",
            "周四",
            "周五",
            "周六",
            "周日",
        ];
        let start = self.at;
        let bracketed = self.mark(&['(']);
        if (self.word(&DAYS) || self.word(&["星期天", "周天"])) && (!bracketed || self.mark(&[')'])) {
            return true;
        }
        self.at = start;
        false
    }

    fn when(mut self) -> Option<When> {
        self.gaps();
        if let Some((time, zone)) = self.only_time() {
            return zone.is_none().then_some(When::TimeOfDay(time));
        }
        let java = self.java_time();
        let (year, month, day) = match java {
            Some((date, _)) => date,
            None => self.date()?,
        };
        let mut clock = Clock::default();
        let mut zone = None;
        if let Some((_, (java_clock, java_zone))) = java {
            (clock, zone) = (java_clock, Some(java_zone));
        } else {
            self.gaps();
            let started = self.at;
            let _separated = self.word(&["t"]) || self.mark(&['-', '_']);
            self.gaps();
            match self.clock() {
                Some(read) => clock = read,
                // What stood there was a zone's sign, or nothing that belongs to a time.
                None => self.at = started,
            }
        }
        self.gaps();
        if zone.is_none() {
            zone = self.zone()?;
        }
        self.gaps();
        if self.at != self.pieces.len() {
            return None;
        }
        let zone = zone.unwrap_or_else(beijing);
        local_time(year, month, day, clock.hour, clock.minute, clock.second, zone).map(When::Instant)
    }

    /// 08:00 or 上午8点 and nothing else.
    fn only_time(&mut self) -> Option<(Time, Option<UtcOffset>)> {
        let start = self.at;
        let read = self.clock().filter(|_| {
            self.gaps();
            self.at == self.pieces.len()
        });
        let Some(clock) = read else {
            self.at = start;
            return None;
        };
        // Digits alone are no time of day: they could be anything.
        let has_mark = self.pieces.iter().any(|piece| !matches!(piece, Piece::Number(..) | Piece::Gap));
        let time = time_of_day(clock.hour, clock.minute, clock.second).filter(|_| has_mark);
        if time.is_none() {
            self.at = start;
        }
        time.map(|time| (time, None))
    }

    /// `Sun Nov 22 08:00:00 CST 2026`, as Java writes it.
    fn java_time(&mut self) -> Option<(YearMonthDay, (Clock, UtcOffset))> {
        let start = self.at;
        let read = (|| {
            let month = self.month_name()?;
            self.gaps();
            let (day, _) = self.number()?;
            self.gaps();
            let clock = self.clock()?;
            self.gaps();
            let zone = self.zone()?.unwrap_or_else(beijing);
            self.gaps();
            let (year, length) = self.number()?;
            (length == 4).then_some(((year, month, day), (clock, zone)))
        })();
        if read.is_none() {
            self.at = start;
        }
        read
    }

    fn month_name(&mut self) -> Option<i64> {
        const MONTHS: [&str; 12] =
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let Some(Piece::Word(word)) = self.peek() else { return None };
        let month = MONTHS.iter().position(|month| word.starts_with(month))?;
        self.at += 1;
        i64::try_from(month + 1).ok()
    }

    fn date(&mut self) -> Option<YearMonthDay> {
        if let Some(month) = self.month_name() {
            // Nov 22, 2026
            self.mark(&['.']);
            self.gaps();
            let (day, _) = self.number()?;
            self.word(&["st", "nd", "rd", "th"]);
            self.gaps();
            return self.number().filter(|(_, length)| *length == 4).map(|(year, _)| (year, month, day));
        }
        let (first, length) = self.number()?;
        if length == 8 {
            return Some((first / 10_000, first / 100 % 100, first % 100));
        }
        let marks = ['-', '/', '.', '\\'];
        if length == 4 {
            self.gaps();
            let chinese = self.word(&["年"]);
            if !chinese && !self.mark(&marks) {
                return None;
            }
            self.gaps();
            if let Some(month) = self.month_name() {
                self.mark(&marks).then_some(())?;
                return self.number().map(|(day, _)| (first, month, day));
            }
            let (month, month_length) = self.number()?;
            self.gaps();
            let chinese_month = self.word(&["月"]);
            (chinese_month || self.mark(&marks)).then_some(())?;
            self.gaps();
            let (day, day_length) = self.number()?;
            self.gaps_before_day();
            self.word(&["日", "号"]);
            return (month_length <= 2 && day_length <= 2).then_some((first, month, day));
        }
        if length > 2 {
            return None;
        }
        // 22 Nov 2026, 22-Nov-2026
        let start = self.at;
        self.gaps();
        self.mark(&marks);
        self.gaps();
        if let Some(month) = self.month_name() {
            self.mark(&marks);
            self.gaps();
            return self.number().filter(|(_, length)| *length == 4).map(|(year, _)| (year, month, first));
        }
        self.at = start;
        // 22/11/2026 and 11/22/2026, where only one of them can be.
        self.mark(&marks).then_some(())?;
        let (second, _) = self.number()?;
        self.mark(&marks).then_some(())?;
        let (year, _) = self.number().filter(|(_, length)| *length == 4)?;
        match (first > 12, second > 12) {
            (true, false) => Some((year, second, first)),
            (false, true) => Some((year, first, second)),
            _ if first == second => Some((year, first, second)),
            _ => None,
        }
    }

    fn gaps_before_day(&mut self) {
        let day = |piece: Option<&Piece>| matches!(piece, Some(Piece::Word(word)) if ["日", "号"].contains(&word.as_str()));
        if matches!(self.peek(), Some(Piece::Gap)) && day(self.after(1)) {
            self.at += 1;
        }
    }

    fn clock(&mut self) -> Option<Clock> {
        let half = self.half_of_day();
        self.gaps();
        let (first, length) = self.number()?;
        let mut clock = match length {
            6 => Clock { hour: first / 10_000, minute: first / 100 % 100, second: first % 100 },
            4 => Clock { hour: first / 100, minute: first % 100, second: 0 },
            1 | 2 => {
                let mut clock = Clock { hour: first, ..Clock::default() };
                let spoken = self.word(&["时", "点", "點", "時"]);
                if !spoken && !self.mark(&[':', '.']) {
                    // 8 AM; a lone number is no time.
                    half.is_some().then_some(())?;
                } else if let Some((minute, _)) = self.number() {
                    clock.minute = minute;
                    let more = self.word(&["分"]) || self.mark(&[':', '.']);
                    if more && let Some((second, _)) = self.number() {
                        clock.second = second;
                        self.word(&["秒"]);
                    }
                } else if self.word(&["半"]) {
                    clock.minute = 30;
                } else if !(spoken && self.word_or_nothing(&["整"])) {
                    return None;
                }
                clock
            }
            _ => return None,
        };
        // What is below a second.
        if self.mark(&['.', ',']) {
            self.number()?;
        }
        self.gaps_before_half();
        let half = half.or_else(|| self.half_of_day());
        match half {
            Some(Half::Morning) if clock.hour == 12 => clock.hour = 0,
            Some(Half::Afternoon) if clock.hour < 12 => clock.hour += 12,
            // Five to eleven at night are late; one to four are early, and twelve is the day's end.
            Some(Half::Night) if (5..=12).contains(&clock.hour) => clock.hour += 12,
            Some(Half::Noon) if clock.hour < 11 => clock.hour += 12,
            _ => {}
        }
        ((0..=24).contains(&clock.hour)
            && (0..60).contains(&clock.minute)
            && (0..=60).contains(&clock.second))
        .then_some(clock)
    }

    fn word_or_nothing(&mut self, words: &[&str]) -> bool {
        self.word(words);
        true
    }

    fn gaps_before_half(&mut self) {
        if matches!((self.peek(), self.after(1)), (Some(Piece::Gap), Some(Piece::Word(word))) if ["am", "pm", "a", "p"].contains(&word.as_str()))
        {
            self.at += 1;
        }
    }

    fn half_of_day(&mut self) -> Option<Half> {
        if self.word(&["am", "上午", "早上", "凌晨", "清晨", "早晨", "早"]) {
            return Some(Half::Morning);
        }
        if self.word(&["pm", "下午", "傍晚"]) {
            return Some(Half::Afternoon);
        }
        if self.word(&["晚上", "夜里", "夜间", "晚", "夜"]) {
            return Some(Half::Night);
        }
        if self.word(&["中午"]) {
            return Some(Half::Noon);
        }
        None
    }

    /// `Some(None)` where there is no zone; `None` where there is one that nobody understands.
    fn zone(&mut self) -> Option<Option<UtcOffset>> {
        let named = self.word(&["z", "utc", "gmt"]);
        if !named && self.word(&["cst", "北京时间", "中国标准时间"]) {
            return Some(Some(beijing()));
        }
        let sign = match self.peek() {
            Some(Piece::Mark('+')) => 1,
            Some(Piece::Mark('-')) => -1,
            _ if named => {
                self.region(true)?;
                return Some(Some(UtcOffset::UTC));
            }
            None => return Some(None),
            _ => return self.region(false).map(|known| known.then(beijing)),
        };
        self.at += 1;
        let (first, length) = self.number()?;
        let (hours, minutes) = match length {
            1 | 2 => {
                if self.mark(&[':']) {
                    (first, self.number()?.0)
                } else {
                    (first, 0)
                }
            }
            4 => (first / 100, first % 100),
            _ => return None,
        };
        (hours <= 14 && minutes < 60).then_some(())?;
        let seconds = i32::try_from(sign * (hours * 3600 + minutes * 60)).ok()?;
        let zone = UtcOffset::from_whole_seconds(seconds).ok()?;
        // +0800 CST, as Go writes it: the figures say it already.
        self.gaps();
        self.word(&["utc", "gmt", "cst", "z"]);
        self.region(true)?;
        Some(Some(zone))
    }

    /// `[Asia/Shanghai]` or `(中国标准时间)` behind a zone, where the zone itself is known; without one it is the zone.
    /// Says whether there was one; `None` where it cannot be understood.
    fn region(&mut self, zone_is_known: bool) -> Option<bool> {
        self.gaps();
        if !self.mark(&['[', '(']) {
            return Some(false);
        }
        let mut named = String::new();
        while let Some(piece) = self.peek().cloned() {
            self.at += 1;
            match piece {
                Piece::Mark(']' | ')') => {
                    let beijing = ["asia/shanghai", "中国标准时间", "北京时间", "chinastandardtime", "cst"];
                    return (zone_is_known || beijing.contains(&named.as_str())).then_some(true);
                }
                Piece::Word(word) => named.push_str(&word),
                Piece::Mark(mark) => named.push(mark),
                Piece::Number(..) | Piece::Gap => {}
            }
        }
        None
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Morning,
    Noon,
    Afternoon,
    Night,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
}

#[cfg(test)]
mod tests {
    use time::format_description::well_known::Rfc3339;

    use super::*;

    fn instant(cell: &str) -> Option<String> {
        match read(cell)? {
            When::Instant(instant) => Some(instant.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap()),
            When::TimeOfDay(time) => Some(format!("{time}")),
        }
    }

    #[test]
    fn a_time_without_a_zone_is_beijing_time_however_it_is_written() {
        for written in [
            "2026-11-30 09:30:00",
            "2026-11-30 09:30",
            "2026-11-30 9:30",
            "2026/11/30 9:30",
            "2026/11/30 09:30:00",
            "2026.11.30 09:30",
            "2026-11-30T09:30",
            "2026-11-30T09:30:00",
            "2026-11-30t09:30:00.000",
            "2026-11-30 09:30:00.0",
            "2026-11-30 09:30:00,123456",
            "2026年11月30日 09:30",
            "2026年11月30日09:30:00",
            "2026年11月30日9时30分",
            "2026年11月30日 9时30分00秒",
            "2026年11月30日上午9点半",
            "2026年11月30日 上午 9:30",
            "2026/11/30 星期一 9:30",
            "2026-11-30（周一）09：30",
            "２０２６－１１－３０　０９：３０",
            "20261130093000",
            "202611300930",
            "20261130T093000",
            "20261130 0930",
            "20261130 09:30:00",
            "1796002200",
            "1796002200000",
            "1796002200123456",
            "46356.3958333333",
            "11/30/2026 9:30 AM",
            "30/11/2026 09:30",
            "30-Nov-2026 09:30:00",
            "Mon, 30 Nov 2026 09:30:00 +0800",
            "Mon Nov 30 09:30:00 CST 2026",
            "Nov 30, 2026 9:30:00 AM",
            "2026-11-30-09.30.00.000000",
            " 2026-11-30 09:30\t",
            "'2026-11-30 09:30",
            "2026-11-30 09:30 北京时间",
            "2026年11月30日早9点半",
            "2026-11-30 09:30:00 +0800 CST",
            "202611300930.0",
        ] {
            let read = instant(written).unwrap_or_default();
            let whole = read.split('.').next().unwrap().trim_end_matches('Z').to_owned();
            assert_eq!(whole, "2026-11-30T01:30:00", "{written}");
        }
        for day in [
            "2026-11-30",
            "2026/11/30",
            "2026年11月30日",
            "20261130",
            "2026.11.30",
            "46356",
            "2026年11月30号",
        ] {
            assert_eq!(instant(day).as_deref(), Some("2026-11-29T16:00:00Z"), "{day}");
        }
        assert_eq!(instant("2026-11-30 下午3:05").as_deref(), Some("2026-11-30T07:05:00Z"));
        assert_eq!(instant("2026年11月30日晚8点").as_deref(), Some("2026-11-30T12:00:00Z"));
        assert_eq!(instant("2026年11月30日 晚上12点").as_deref(), Some("2026-11-30T16:00:00Z"));
        assert_eq!(instant("2026年11月30日中午1点").as_deref(), Some("2026-11-30T05:00:00Z"));
        assert_eq!(instant("2026-11-30 12:00 AM").as_deref(), Some("2026-11-29T16:00:00Z"));
        assert_eq!(instant("2026-11-30 24:00").as_deref(), Some("2026-11-30T16:00:00Z"));
        assert_eq!(instant("2026113009").as_deref(), Some("2026-11-30T01:00:00Z"));
    }

    #[test]
    fn a_zone_is_never_passed_over() {
        for written in [
            "2026-11-30T01:30:00Z",
            "2026-11-30T01:30Z",
            "2026-11-30 01:30Z",
            "2026-11-30T01:30:00+00:00",
            "2026-11-30T01:30+00:00",
            "2026-11-30T01:30:00+0000",
            "2026-11-30T01:30:00.000+0000",
            "2026-11-30T01:30:00 +0000",
            "2026-11-30 01:30:00 UTC",
            "2026-11-30 01:30:00 GMT",
            "20261130T013000Z",
            "20261130T0130Z",
            "20261130T093000+0800",
            "2026-11-29T20:30:00-0500",
            "2026-11-29T20:30:00-05",
            "2026-11-29T20:30-05:00",
            "2026-11-30T09:30:00+08",
            "2026-11-30 09:30:00 UTC+8",
            "2026-11-30 09:30:00 GMT+08:00",
            "2026-11-30T09:30:00+08:00[Asia/Shanghai]",
            "2026-11-30T01:30Z[UTC]",
            "Mon Nov 30 2026 09:30:00 GMT+0800 (中国标准时间)",
            "2026-11-30T07:00:00+05:30",
            "2026-11-29T20:30:00−05:00",
        ] {
            let read = instant(written).unwrap_or_default();
            assert_eq!(read, "2026-11-30T01:30:00Z", "{written}");
        }
        for unknown in [
            "2026-11-30 09:30 EST",
            "2026-11-30T09:30:00 Mars",
            "2026-11-30T09:30:00+99:00",
            "2026-11-30T09:30:00[Europe/Paris]",
            "2026-11-30 09:30:00 +",
        ] {
            assert_eq!(instant(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn what_is_no_time_or_could_be_two_is_not_guessed() {
        for unreadable in [
            "昨天",
            "今天上午",
            "",
            "-",
            "8",
            "12",
            "2026",
            "11-30",
            "11月30日 08:00",
            "2026-13-01",
            "2026-02-30",
            "03/04/2026",
            "26-11-30",
            "2026-11-30 25:00",
            "2026-11-30 08:61",
            "99999999999999999999",
            "0",
            "2026-11-30 上午",
            "1e10",
            "NaN",
            "2026-11-30T",
            "2026-11-30 abc",
            "46356.39abc",
            "00:00:00Z 2026",
        ] {
            assert_eq!(instant(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn a_day_and_a_time_of_two_columns_are_one_instant() {
        let Some(When::Instant(day)) = read("2026/11/30") else { panic!("a day") };
        let Some(When::TimeOfDay(time)) = read("09:30:15") else { panic!("a time") };
        assert_eq!(joined(day, time).unix_timestamp(), 1_796_002_215);
        assert!(matches!(read("上午9点半"), Some(When::TimeOfDay(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_cell_makes_it_panic(cell in "[0-9年月日时分秒TZ:/. +\\-上下午a-z\\[\\]()]{0,30}") {
            let _any = read(&cell);
        }
    }
}

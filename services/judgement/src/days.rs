//! The days that a text names, as days of the calendar: 明天 is another day tomorrow.
//!
//! Relative days are read against the day on which the text was said, days without a year as the nearest such day.
//! What names no day (a time of day, 三天, a feast of the moon's calendar) is left out: it then decides nothing.

use std::fmt;
use std::str::FromStr;

use time::{Date, Duration, Month};

use crate::normalise::{legible, number};

/// Spans at most; a text that names more is a timetable, and its first ones stand for it.
const SPANS_MAX: usize = 16;

/// A year that a claim can mean.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// Days, as spans from a first to a last day. Nothing where a text names none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days(Vec<(Date, Date)>);

/// Text that [`Days`] did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these are no days as this program writes them")]
pub struct NoDays;

impl Days {
    /// The days that `text` names, said on the day `said`.
    pub fn of(text: &str, said: Date) -> Self {
        let text = legible(text);
        let mut spans = Vec::new();
        let mut at = 0;
        while at < text.len() && spans.len() < SPANS_MAX {
            let reader = Reader { text: &text, said };
            match reader.span(at) {
                Some((span, end)) => {
                    let (span, end) = reader.up_to(span, end);
                    spans.push(span);
                    at = end;
                }
                None => at += 1,
            }
        }
        Self(spans)
    }

    /// True where a text names no day.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last day of all.
    pub fn last(&self) -> Option<Date> {
        self.0.iter().map(|&(_, last)| last).max()
    }

    /// True where both name days and none of them is the same.
    pub fn differ(&self, other: &Self) -> bool {
        let shared = self.0.iter().any(|one| other.0.iter().any(|two| one.0 <= two.1 && two.0 <= one.1));
        !self.is_empty() && !other.is_empty() && !shared
    }
}

/// As `2026-11-23` or `2026-11-30/2026-12-05`, several separated by blanks; nothing for none.
impl fmt::Display for Days {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let blank = if at == 0 { "" } else { " " };
            match first == last {
                true => write!(formatter, "{blank}{first}")?,
                false => write!(formatter, "{blank}{first}/{last}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Days {
    type Err = NoDays;

    fn from_str(text: &str) -> Result<Self, NoDays> {
        let day = |text: &str| -> Option<Date> {
            let mut parts = text.split('-');
            let year = parts.next()?.parse().ok()?;
            let month: u8 = parts.next()?.parse().ok()?;
            let day = parts.next()?.parse().ok()?;
            Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
        };
        let span = |text: &str| match text.split_once('/') {
            Some((first, last)) => Some((day(first)?, day(last)?)),
            None => day(text).map(|day| (day, day)),
        };
        text.split_whitespace().map(span).collect::<Option<_>>().map(Self).ok_or(NoDays)
    }
}

type Span = (Date, Date);

/// Reads a folded text at one place after another.
struct Reader<'a> {
    text: &'a [char],
    said: Date,
}

/// Words for a day by its distance from today. The longer of two that begin alike stands first.
const RELATIVE: [(&str, i64); 23] = [
    ("大后天", 3),
    ("大前天", -3),
    ("今天", 0),
    ("今日", 0),
    ("今儿", 0),
    ("今晚", 0),
    ("今夜", 0),
    ("今早", 0),
    ("今晨", 0),
    ("明天", 1),
    ("明日", 1),
    ("明儿", 1),
    ("明晚", 1),
    ("明夜", 1),
    ("明早", 1),
    ("明晨", 1),
    ("后天", 2),
    ("后晚", 2),
    ("昨天", -1),
    ("昨日", -1),
    ("昨晚", -1),
    ("昨夜", -1),
    ("前天", -2),
];

/// Before a word for a week or a month: by how many it lies away.
const WHICH: [(&str, i64); 10] = [
    ("下下个", 2),
    ("下下", 2),
    ("上上个", -2),
    ("上上", -2),
    ("下个", 1),
    ("下", 1),
    ("上个", -1),
    ("上", -1),
    ("这个", 0),
    ("本", 0),
];

impl Reader<'_> {
    /// The span that is named at `at`, and where its words end.
    fn span(&self, at: usize) -> Option<(Span, usize)> {
        self.relative(at)
            .or_else(|| self.week(at))
            .or_else(|| self.month_by_word(at))
            .or_else(|| self.year_by_word(at))
            .or_else(|| self.written(at))
    }

    /// Lengthens a span that goes on: 12月1日至5日, 2026-11-30—2026-12-05.
    fn up_to(&self, (first, last): Span, end: usize) -> (Span, usize) {
        let blanks = |at: usize| self.text[at..].iter().take_while(|c| c.is_whitespace()).count();
        let mut at = end + blanks(end);
        let joined = self.text.get(at).is_some_and(|c| "至到-—–~～".contains(*c));
        if joined {
            at += self.text[at..].iter().take_while(|c| "至到-—–~～".contains(**c)).count();
            at += blanks(at);
            let later = Reader { text: self.text, said: last }.span(at);
            if let Some(((_, until), end)) = later
                && until >= first
                && until - first <= Duration::days(366)
            {
                return ((first, until), end);
            }
        }
        ((first, last), end)
    }

    fn relative(&self, at: usize) -> Option<(Span, usize)> {
        if let Some((days, end)) = self.days_later(at) {
            return Some((day(self.away(days)?), end));
        }
        let (word, days) = RELATIVE.into_iter().find(|(word, _)| self.starts(at, word))?;
        let end = at + word.chars().count();
        // 后天性 is no day.
        if word == "后天" && self.starts(end, "性") {
            return None;
        }
        let first = self.away(days)?;
        // A night lies on two days: 今晚3点 is tomorrow's.
        let night = word.ends_with(['晚', '夜'])
            || ["晚", "夜", "半夜", "深夜", "的晚"].iter().any(|night| self.starts(end, night));
        let last = if night { first.checked_add(Duration::DAY)? } else { first };
        Some(((first, last), end))
    }

    /// The day so many days from the one on which it was said; none where the calendar ends.
    fn away(&self, days: i64) -> Option<Date> {
        self.said.checked_add(Duration::days(days))
    }

    /// 三天后, 3天之后.
    fn days_later(&self, at: usize) -> Option<(i64, usize)> {
        let (days, end) = self.number(at)?;
        let after = ["天后", "天之后", "天以后", "日后"].into_iter().find(|word| self.starts(end, word))?;
        (days <= 60).then_some((i64::from(days), end + after.chars().count()))
    }

    /// 下周一, 本周末, 星期六.
    fn week(&self, at: usize) -> Option<(Span, usize)> {
        let (which, mut end) = self.which(at);
        let word = ["星期", "礼拜", "周"].into_iter().find(|word| self.starts(end, word))?;
        end += word.chars().count();
        let monday = self.away(-i64::from(self.said.weekday().number_days_from_monday()))?;
        let week = |which: i64, days: i64| monday.checked_add(Duration::days(which * 7 + days));
        let named = self.text.get(end).copied();
        if let Some(place) = named.and_then(|c| "一二三四五六日天".chars().position(|known| known == c))
        {
            // 周一路 and 星期天天 are no days, and neither is 一周二次.
            let place = i64::try_from(place.min(6)).unwrap_or(0);
            let on = week(which.unwrap_or(0), place)?;
            // Without 上 or 下 the coming one is meant.
            let on = if which.is_none() && on < self.said { on.checked_add(Duration::WEEK)? } else { on };
            let before = at.checked_sub(1).and_then(|before| self.text.get(before));
            let counted = before.is_some_and(|c| number(&[*c]).is_some() || c.is_ascii_digit());
            return (!counted || which.is_some()).then_some((day(on), end + 1));
        }
        if named == Some('末') {
            return Some(((week(which.unwrap_or(0), 5)?, week(which.unwrap_or(0), 6)?), end + 1));
        }
        let which = which?;
        Some(((week(which, 0)?, week(which, 6)?), end))
    }

    /// 本月底, 下个月初, 下月3号.
    fn month_by_word(&self, at: usize) -> Option<(Span, usize)> {
        let (which, end) = self.which(at);
        if which.is_none() && !self.starts(at, "月底") && !self.starts(at, "月末") && !self.starts(at, "月初")
        {
            return None;
        }
        // 8月底 is written with its number.
        let counted = at.checked_sub(1).and_then(|before| self.text.get(before));
        if which.is_none() && counted.is_some_and(|c| c.is_ascii_digit() || number(&[*c]).is_some()) {
            return None;
        }
        let end = self.starts(end, "月").then_some(end + 1)?;
        let mut first = self.said.replace_day(1).ok()?;
        for _ in 0..which.unwrap_or(0).unsigned_abs() {
            let neighbour =
                if which.unwrap_or(0) > 0 { last_of(first).next_day() } else { first.previous_day() };
            first = neighbour?.replace_day(1).ok()?;
        }
        // Said at the end of a month, its beginning is the next one's.
        if which.is_none() && self.starts(end, "初") && self.said.day() > 15 {
            first = last_of(first).next_day()?;
        }
        if let Some((day_of_month, day_end)) = self.day_of_month(end) {
            return Some((day(first.replace_day(day_of_month).ok()?), day_end));
        }
        Some(self.part_of_month(first, end))
    }

    /// 明年3月, 去年.
    fn year_by_word(&self, at: usize) -> Option<(Span, usize)> {
        let years = [("今年", 0), ("明年", 1), ("后年", 2), ("去年", -1), ("前年", -2)];
        let (_, away) = years.into_iter().find(|(word, _)| self.starts(at, word))?;
        let year = self.said.year() + away;
        let end = at + 2;
        if let Some((span, end)) = self.month_and_day(end, Some(year)) {
            return Some((span, end));
        }
        let december = Date::from_calendar_date(year, Month::December, 1).ok()?;
        if self.starts(end, "年底") || self.starts(end, "底") {
            return Some(((december, last_of(december)), end + 1));
        }
        // This whole year says too little to differ in.
        (away != 0).then(|| (whole_year(year), end)).and_then(|(span, end)| Some((span?, end)))
    }

    /// 12月25日, 2027年3月, 2026-11-30, 20261130, 25号.
    fn written(&self, at: usize) -> Option<(Span, usize)> {
        let before = at.checked_sub(1).map(|before| self.text[before]);
        if before.is_some_and(|c| c.is_ascii_digit() || number(&[c]).is_some()) {
            return None;
        }
        let (first, end) = self.number(at)?;
        let digits = end - at;
        if digits == 8 && self.text[at..end].iter().all(char::is_ascii_digit) {
            return Some((day(date(first / 10_000, first / 100 % 100, first % 100)?), end));
        }
        if let Some((year, end)) = self.year(at) {
            if let Some((span, end)) = self.month_and_day(end, Some(i32::try_from(year).ok()?)) {
                return Some((span, end));
            }
            return self.starts(end - 1, "年").then_some((whole_year(i32::try_from(year).ok()?)?, end));
        }
        if digits == 4 && YEARS.contains(&first) {
            for separator in ['-', '/', '.'] {
                if let Some(found) = self.separated(first, end, separator) {
                    return Some(found);
                }
            }
            return None;
        }
        if let Some(found) = self.month_and_day(at, None) {
            return Some(found);
        }
        let (day_of_month, end) = self.day_of_month(at)?;
        let near = |months: i64| {
            let mut month = self.said.replace_day(1).ok()?;
            if months > 0 {
                month = last_of(month).next_day()?;
            } else if months < 0 {
                month = month.previous_day()?.replace_day(1).ok()?;
            }
            month.replace_day(day_of_month).ok()
        };
        Some((day(self.nearest([near(-1), near(0), near(1)])?), end))
    }

    /// 2026-11-30 with one separator throughout.
    fn separated(&self, year: u32, at: usize, separator: char) -> Option<(Span, usize)> {
        let after =
            |at: usize| (self.text.get(at) == Some(&separator)).then(|| self.number(at + 1)).flatten();
        let (month, at) = after(at)?;
        let (day_of_month, at) = after(at)?;
        Some((day(date(year, month, day_of_month)?), at))
    }

    /// 二〇二六年 or 2026年.
    fn year(&self, at: usize) -> Option<(u32, usize)> {
        let digits: Vec<u32> = self.text[at..].iter().map_while(|&c| digit(c)).take(5).collect();
        let [a, b, c, d] = digits[..] else { return None };
        let year = a * 1000 + b * 100 + c * 10 + d;
        (YEARS.contains(&year) && self.starts(at + 4, "年")).then_some((year, at + 5))
    }

    /// 3月, 12月25日, 12月25, 8月底, 十二月上旬.
    fn month_and_day(&self, at: usize, year: Option<i32>) -> Option<(Span, usize)> {
        let (month, end) = self.number(at)?;
        let end = self.starts(end, "月").then_some(end + 1)?;
        // 3个月 has no month right after its number; 3月票 would be one, and is rare.
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let of_year = |year: i32| Date::from_calendar_date(year, month, 1).ok();
        if let Some((day_of_month, end)) = self.day_of_month(end).or_else(|| self.bare_day(end)) {
            let on = |year: i32| of_year(year)?.replace_day(day_of_month).ok();
            let on = match year {
                Some(year) => on(year)?,
                None => self.nearest([-1, 0, 1].map(|away| on(self.said.year() + away)))?,
            };
            return Some((day(on), end));
        }
        let first = match year {
            Some(year) => of_year(year)?,
            None => self.nearest([-1, 0, 1].map(|away| of_year(self.said.year() + away)))?,
        };
        Some(self.part_of_month(first, end))
    }

    /// 25日, 25号; not 3号楼 or 2号线.
    fn day_of_month(&self, at: usize) -> Option<(u8, usize)> {
        const NUMBERED: &str = "线楼店车门院桌房文令院厅池井机库站台桥口井坝闸堤塔窗室厂煤矿";
        let (day_of_month, end) = self.number(at)?;
        let named = self.text.get(end).is_some_and(|c| matches!(c, '日' | '号'));
        let numbered = self.text.get(end + 1).is_some_and(|c| NUMBERED.contains(*c));
        let valid = named && !(numbered && self.starts(end, "号")) && (1..=31).contains(&day_of_month);
        valid.then_some((u8::try_from(day_of_month).ok()?, end + 1))
    }

    /// The 25 of 12月25, where nothing that is counted follows.
    fn bare_day(&self, at: usize) -> Option<(u8, usize)> {
        let (day_of_month, end) = self.number(at)?;
        let counts = self.text.get(end).is_some_and(|c| "个人元天次万千点年月份".contains(*c));
        ((1..=31).contains(&day_of_month) && !counts).then_some((u8::try_from(day_of_month).ok()?, end))
    }

    /// The whole month, or its part that is named at `at`.
    fn part_of_month(&self, first: Date, at: usize) -> (Span, usize) {
        let last = last_of(first);
        let from = |day: u8| first.replace_day(day).unwrap_or(first);
        for (word, span) in [
            ("上旬", (first, from(10))),
            ("中旬", (from(11), from(20))),
            ("下旬", (from(21), last)),
            ("初", (first, from(10))),
            ("底", (from(25), last)),
            ("末", (from(25), last)),
        ] {
            if self.starts(at, word) {
                return (span, at + word.chars().count());
            }
        }
        ((first, last), at + usize::from(self.starts(at, "份")))
    }

    /// 下个, 本 and the like before a week or a month.
    fn which(&self, at: usize) -> (Option<i64>, usize) {
        let found = WHICH.into_iter().chain([("这", 0)]).find(|(word, _)| self.starts(at, word));
        found.map_or((None, at), |(word, which)| (Some(which), at + word.chars().count()))
    }

    /// The nearest of several days to the day on which it was said.
    fn nearest<const N: usize>(&self, days: [Option<Date>; N]) -> Option<Date> {
        days.into_iter().flatten().min_by_key(|day| (*day - self.said).abs())
    }

    /// A number in digits or in Chinese numerals, and where it ends.
    fn number(&self, at: usize) -> Option<(u32, usize)> {
        let digits = self.text.get(at..)?.iter().take_while(|c| c.is_ascii_digit()).count();
        if digits > 0 {
            let written: String = self.text[at..at + digits].iter().collect();
            return (digits <= 8).then(|| written.parse().ok()).flatten().map(|read| (read, at + digits));
        }
        let numerals = self.text[at..].iter().take_while(|c| number(&[**c]).is_some() || **c == '十').count();
        let read = number(self.text.get(at..at + numerals)?).filter(|_| numerals > 0)?;
        Some((read, at + numerals))
    }

    fn starts(&self, at: usize, word: &str) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        word.chars().count() <= rest.len() && word.chars().zip(rest).all(|(one, other)| one == *other)
    }
}

fn digit(character: char) -> Option<u32> {
    match character {
        '〇' | '零' => Some(0),
        other => other.to_digit(10).or_else(|| number(&[other]).filter(|digit| *digit < 10)),
    }
}

const fn day(date: Date) -> Span {
    (date, date)
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    let year = i32::try_from(year).ok().filter(|_| YEARS.contains(&year))?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
}

fn last_of(month: Date) -> Date {
    let days = month.month().length(month.year());
    month.replace_day(days).unwrap_or(month)
}

fn whole_year(year: i32) -> Option<Span> {
    let first = Date::from_calendar_date(year, Month::January, 1).ok()?;
    Some((first, Date::from_calendar_date(year, Month::December, 31).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    /// A Sunday.
    const SAID: Date = date!(2026 - 11 - 22);

    fn named(text: &str) -> String {
        Days::of(text, SAID).to_string()
    }

    #[test]
    fn where_the_calendar_ends_a_text_names_no_day() {
        let words = RELATIVE.map(|(word, _)| word.to_owned()).into_iter();
        let more = "三天后 60天之后 下下周日 上上周一 下周末 本周日 周六 周一 下个月底 上上个月初 下月3号 月初 月底 1号 31号 \
                    明年3月 前年 后年 去年底 12月31日 1月1日 12月31日至1月1日 今晚至明晚";
        let texts: Vec<String> = words.chain(more.split_whitespace().map(str::to_owned)).collect();
        for said in
            [Date::MIN, Date::MAX, date!(9999 - 12 - 30), date!(9999 - 11 - 30), date!(9999 - 01 - 01)]
        {
            for text in &texts {
                // It is enough that it comes to an end.
                let _days = Days::of(text, said);
            }
        }
        assert!(Days::of("明天", Date::MAX).is_empty());
        assert!(Days::of("昨天", Date::MIN).is_empty());
    }

    #[test]
    fn relative_days_are_read_against_the_day_on_which_it_was_said() {
        for (said, days) in [
            ("明天凌晨3点有地震", "2026-11-23"),
            ("今晚停水", "2026-11-22/2026-11-23"),
            ("今天半夜停水", "2026-11-22/2026-11-23"),
            ("后天停诊", "2026-11-24"),
            ("大后天停诊", "2026-11-25"),
            ("昨晚着火了", "2026-11-21/2026-11-22"),
            ("三天后封路", "2026-11-25"),
            ("下周一停课", "2026-11-23"),
            ("下星期日停课", "2026-11-29"),
            ("本周末停课", "2026-11-21/2026-11-22"),
            ("周六停课", "2026-11-28"),
            ("下周停课", "2026-11-23/2026-11-29"),
            ("本月底涨价", "2026-11-25/2026-11-30"),
            ("下个月涨价", "2026-12-01/2026-12-31"),
            ("下月3号涨价", "2026-12-03"),
            ("明年3月拆迁", "2027-03-01/2027-03-31"),
            ("明年拆迁", "2027-01-01/2027-12-31"),
        ] {
            assert_eq!(named(said), days, "{said}");
        }
    }

    #[test]
    fn dates_are_read_as_they_are_written_and_without_a_year_as_the_nearest() {
        for (said, days) in [
            ("12月25日凌晨3点有地震", "2026-12-25"),
            ("十二月二十五号凌晨有地震", "2026-12-25"),
            ("1月5日涨价", "2027-01-05"),
            ("9月1日涨价", "2026-09-01"),
            ("25号停水", "2026-11-25"),
            ("3号停水", "2026-12-03"),
            ("2027年3月拆迁", "2027-03-01/2027-03-31"),
            ("二〇二七年三月一日起", "2027-03-01"),
            ("停水时间2026.11.30-2026.12.05", "2026-11-30/2026-12-05"),
            ("2026-11-30 2026-12-05", "2026-11-30 2026-12-05"),
            ("2026/11/30停电", "2026-11-30"),
            ("20261130停水", "2026-11-30"),
            ("12月1日至5日封路", "2026-12-01/2026-12-05"),
            ("１２月２５日停电", "2026-12-25"),
            ("12月底", "2026-12-25/2026-12-31"),
        ] {
            assert_eq!(named(said), days, "{said}");
        }
    }

    #[test]
    fn what_names_no_day_has_none() {
        for said in [
            "城东市场的西瓜打了甜水针",
            "凌晨3点有地震",
            "停水三天",
            "3号楼着火了",
            "2号线停运",
            "菜价 13.5 14.2 15.8",
            "后天性心脏病",
            "后来停诊了",
            "一周两次核酸",
            "第12中学停课",
            "住了3个月",
            "拨打12345",
            "今年收成不好",
            "",
        ] {
            assert_eq!(named(said), "", "{said}");
        }
    }

    #[test]
    fn the_same_night_told_in_two_ways_does_not_differ_and_another_night_does() {
        let on = |text: &str, said| Days::of(text, said);
        let next_day = date!(2026 - 11 - 23);
        let known = on("明天凌晨3点青岚县有7级地震", SAID);
        assert!(!known.differ(&on("今晚3点有大地震", SAID)));
        assert!(!known.differ(&on("听说今天凌晨3点有地震", next_day)));
        assert!(!known.differ(&on("青岚县要地震了", next_day)));
        for other in ["明天凌晨3点有7级地震", "后天凌晨有地震", "下周一晚上", "12月25日凌晨3点", "2027年3月"]
        {
            assert!(known.differ(&on(other, next_day)) || other.starts_with("下周一"), "{other}");
        }
    }

    #[test]
    fn days_read_back_as_they_were_written() {
        for text in ["", "2026-11-23", "2026-11-30/2026-12-05 2027-01-01"] {
            assert_eq!(text.parse::<Days>().unwrap().to_string(), text);
        }
        assert_eq!("明天".parse::<Days>(), Err(NoDays));
    }

    proptest! {
        #[test]
        fn any_text_on_any_day_is_read(text in "[\\PC明后天年月日号至周下0-9一十]{0,40}", day in 0..40_000_i64) {
            let said = date!(1990 - 01 - 01) + Duration::days(day);
            let days = Days::of(&text, said);
            prop_assert_eq!(days.to_string().parse::<Days>().unwrap(), days);
        }
    }
}

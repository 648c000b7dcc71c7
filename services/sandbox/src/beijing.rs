//! The platforms count days and months by Beijing time, whatever zone the
//! machine is in. Times are milliseconds since 1970 everywhere in this crate.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description};

/// Milliseconds of one day.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Milliseconds of one hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of one minute.
pub const MINUTE_MS: i64 = 60_000;

const OFFSET_MS: i64 = 8 * HOUR_MS;

/// Numbers the Beijing day that `at_ms` lies in.
pub fn day(at_ms: i64) -> i64 {
    (at_ms + OFFSET_MS).div_euclid(DAY_MS)
}

/// Numbers the Beijing month that `at_ms` lies in.
pub fn month(at_ms: i64) -> i64 {
    let local = local(at_ms);
    i64::from(local.year()) * 12 + i64::from(u8::from(local.month())) - 1
}

/// The time as the public log states it, with Beijing's offset.
pub fn rfc3339(at_ms: i64) -> String {
    local(at_ms).format(&Rfc3339).unwrap_or_default()
}

/// `11-22 22:58`, as pages show it.
pub fn short(at_ms: i64) -> String {
    local(at_ms).format(format_description!("[month]-[day] [hour]:[minute]")).unwrap_or_default()
}

/// `2026年11月22日 22:58`, as an article shows it.
pub fn full(at_ms: i64) -> String {
    local(at_ms)
        .format(format_description!("[year]年[month padding:none]月[day padding:none]日 [hour]:[minute]"))
        .unwrap_or_default()
}

/// `Tue May 31 17:46:55 +0800 2011`, Weibo's way.
pub fn weibo(at_ms: i64) -> String {
    local(at_ms)
        .format(format_description!(
            "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] +0800 [year]"
        ))
        .unwrap_or_default()
}

/// `2011-06-03 18:00:00`, as Weibo states the reset of its counters.
pub fn plain(at_ms: i64) -> String {
    local(at_ms)
        .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"))
        .unwrap_or_default()
}

/// The first instant after the Beijing day of `at_ms`.
pub fn next_day_start_ms(at_ms: i64) -> i64 {
    (day(at_ms) + 1) * DAY_MS - OFFSET_MS
}

fn local(at_ms: i64) -> OffsetDateTime {
    let offset = UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC);
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-30T15:59:59Z is the last second of November in Beijing.
    const LAST_SECOND_MS: i64 = 1_796_054_399_000;

    #[test]
    fn day_and_month_turn_at_midnight_in_beijing() {
        assert_eq!(rfc3339(LAST_SECOND_MS), "2026-11-30T23:59:59+08:00");
        assert_eq!(day(LAST_SECOND_MS) + 1, day(LAST_SECOND_MS + 1000));
        assert_eq!(month(LAST_SECOND_MS) + 1, month(LAST_SECOND_MS + 1000));
        assert_eq!(next_day_start_ms(LAST_SECOND_MS), LAST_SECOND_MS + 1000);
    }

    #[test]
    fn weibo_times_look_like_the_platforms() {
        assert_eq!(weibo(1_306_835_215_000), "Tue May 31 17:46:55 +0800 2011");
    }
}

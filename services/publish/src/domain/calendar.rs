//! Days as the platforms count them (Beijing time), and the window in which a text may go out.

use time::{Date, Duration, OffsetDateTime, Time, UtcOffset, macros::offset};

const BEIJING: UtcOffset = offset!(+8);

/// The platforms' counters may turn a little after midnight.
const AFTER_MIDNIGHT: Duration = Duration::minutes(5);

/// The day in Beijing.
#[must_use]
pub fn beijing_day(instant: OffsetDateTime) -> Date {
    instant.to_offset(BEIJING).date()
}

/// When the next day's quota is surely there.
#[must_use]
pub fn next_quota_day(instant: OffsetDateTime) -> OffsetDateTime {
    let tomorrow = beijing_day(instant).saturating_add(Duration::days(1));
    tomorrow.with_time(Time::MIDNIGHT).assume_offset(BEIJING) + AFTER_MIDNIGHT
}

/// A day and time for people, in Beijing time.
#[must_use]
pub fn beijing_time_text(instant: OffsetDateTime) -> String {
    let local = instant.to_offset(BEIJING);
    format!(
        "{}年{}月{}日 {:02}:{:02}",
        local.year(),
        u8::from(local.month()),
        local.day(),
        local.hour(),
        local.minute()
    )
}

/// Whether a text may go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Not before this instant.
    Opens(OffsetDateTime),
    /// Now.
    Open,
    /// Not any more.
    Over,
}

/// Reads a content's window: the first Unix second, 0 = open, and the last one, where there is one: its window's end
/// or that of its validity.
#[must_use]
pub fn window(not_before: i64, last_second: Option<i64>, now: OffsetDateTime) -> Window {
    if last_second.is_some_and(|last| now.unix_timestamp() > last) {
        return Window::Over;
    }
    if not_before <= now.unix_timestamp() {
        return Window::Open;
    }
    // An instant beyond the calendar never comes.
    OffsetDateTime::from_unix_timestamp(not_before).map_or(Window::Over, Window::Opens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        assert_eq!(beijing_day(datetime!(2026-11-22 15:59:59 UTC)), date!(2026 - 11 - 22));
        assert_eq!(beijing_day(datetime!(2026-11-22 16:00:00 UTC)), date!(2026 - 11 - 23));
        assert_eq!(next_quota_day(datetime!(2026-11-22 15:59:59 UTC)), datetime!(2026-11-22 16:05:00 UTC));
        assert_eq!(next_quota_day(datetime!(2026-11-22 16:00:00 UTC)), datetime!(2026-11-23 16:05:00 UTC));
    }

    #[test]
    fn a_window_is_open_on_the_side_that_says_nothing() {
        let now = datetime!(2026-11-22 12:00:00 UTC);
        let second = now.unix_timestamp();
        assert_eq!(window(0, None, now), Window::Open);
        assert_eq!(window(second, Some(second), now), Window::Open);
        assert_eq!(window(second + 1, None, now), Window::Opens(now + Duration::seconds(1)));
        assert_eq!(window(0, Some(second - 1), now), Window::Over);
        assert_eq!(window(i64::MAX, None, now), Window::Over);
    }
}

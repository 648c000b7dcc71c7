//! Days and times written in digits, which claims are about.

/// `20261122`.
pub fn is_day(digits: &str) -> bool {
    digits.len() == 8 && is_year(&digits[..4]) && is_month(&digits[4..6]) && is_day_of_month(&digits[6..8])
}

/// `20261122`, `202611220800`, `20261122080000`: a day, perhaps with a time.
pub fn is_moment(digits: &str) -> bool {
    matches!(digits.len(), 8 | 10 | 12 | 14)
        && is_day(&digits[..8])
        && (digits.len() < 10 || below(&digits[8..10], 25))
        && (digits.len() < 12 || below(&digits[10..12], 60))
        && (digits.len() < 14 || below(&digits[12..14], 60))
}

/// `2026`.
pub fn is_year(digits: &str) -> bool {
    digits.len() == 4 && matches!(digits.parse::<u32>(), Ok(1900..=2099))
}

/// `0830`: a time without its colon.
pub fn is_clock(digits: &str) -> bool {
    digits.len() == 4 && below(&digits[..2], 25) && below(&digits[2..], 60)
}

/// A day of birth in the number of an identity card.
pub fn is_birth(digits: &str) -> bool {
    let (year, month, day) = match digits.len() {
        8 => (&digits[..4], &digits[4..6], &digits[6..]),
        6 => ("1960", &digits[2..4], &digits[4..]),
        _ => return false,
    };
    matches!(year.parse::<u32>(), Ok(1900..=2049)) && is_month(month) && is_day_of_month(day)
}

/// True where groups of these digits hold a day: `2026.11.30`, `26-11-30`, `2026 1130`.
pub fn hold_a_day(groups: &[String]) -> bool {
    let long = groups.windows(3).any(|three| {
        is_year(&three[0])
            && three[1].len() <= 2
            && is_month(&three[1])
            && three[2].len() <= 2
            && is_day_of_month(&three[2])
    });
    let short = groups.windows(2).any(|two| {
        is_year(&two[0]) && two[1].len() == 4 && is_month(&two[1][..2]) && is_day_of_month(&two[1][2..])
    });
    long || short || groups.iter().any(|group| is_day(group))
}

fn is_month(digits: &str) -> bool {
    matches!(digits.parse::<u32>(), Ok(1..=12))
}

fn is_day_of_month(digits: &str) -> bool {
    matches!(digits.parse::<u32>(), Ok(1..=31))
}

fn below(digits: &str, limit: u32) -> bool {
    digits.parse::<u32>().is_ok_and(|value| value < limit)
}

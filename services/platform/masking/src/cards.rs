//! Numbers of bank cards.

use std::ops::Range;

use crate::context::{self, Said};
use crate::dates;
use crate::digits::Run;
use crate::reading::Reading;

/// The groups from `start` on that are the number of a bank card.
pub fn bank(reading: &Reading, run: &Run, start: usize) -> Option<Range<usize>> {
    [19, 16, 18, 17, 15, 13].into_iter().find_map(|digits| {
        let groups = run.with_digits(start, digits)?;
        is_card(reading, run, &groups).then_some(groups)
    })
}

fn is_card(reading: &Reading, run: &Run, groups: &Range<usize>) -> bool {
    let digits = run.digits(groups.clone());
    let lengths = run.lengths(groups.clone());
    let parts: Vec<String> = groups.clone().map(|at| run.groups[at].digits.clone()).collect();
    let said = context::before(reading, run.chars(groups).start);
    let is_said = said == Some(Said::Card);
    if said == Some(Said::Thing) && !(digits.starts_with("62") && luhn(&digits)) {
        return false;
    }
    let last = lengths.len() - 1;
    let in_fours = lengths.len() >= 3
        && lengths[..last].iter().enumerate().all(|(at, length)| *length == 4 || (at == 0 && *length == 6))
        && lengths[last] <= 5;
    // What a card's number begins with: 62 of UnionPay, 3 to 6 and 9 of all the others.
    if !matches!(digits.as_bytes()[0], b'3'..=b'6' | b'9') || dates::hold_a_day(&parts) {
        return is_said && (lengths.len() == 1 || in_fours) && digits.len() >= 15;
    }
    let is_right = luhn(&digits) && digits.len() >= 15;
    let is_round = parts.iter().filter(|part| part.ends_with("00")).count() * 2 > parts.len();
    let is_union_pay = digits.starts_with("62");
    match lengths.as_slice() {
        [_] => is_right || is_said,
        _ if is_round => is_said,
        _ if in_fours && digits.len() >= 15 => is_right || is_said || is_union_pay,
        [6, 10..=13] | [4, 6, 5] | [8, 8 | 11] => is_right || is_said || is_union_pay,
        _ => {
            let pairs = run.is_even(groups)
                && lengths[..last].iter().all(|length| *length == 2)
                && digits.len() >= 15;
            pairs && (is_union_pay || is_right || is_said)
                || (is_said && digits.len() >= 15 && run.is_even(groups))
        }
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(at, value)| match at % 2 {
            0 => value,
            _ if value > 4 => value * 2 - 9,
            _ => value * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_checks_the_others() {
        assert!(luhn("4111111111111111") && !luhn("4111111111111112"));
    }
}

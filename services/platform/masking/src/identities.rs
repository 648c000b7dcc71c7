//! Numbers of identity cards: of the mainland by province, day of birth and check digit; of Hong Kong and Taiwan by
//! their letters and check digits.

use std::ops::Range;

use crate::context::{self, Said};
use crate::dates;
use crate::digits::Run;
use crate::reading::Reading;

/// The groups from `start` on that are the number of a mainland card, and the characters that they are with the last X.
pub fn mainland(reading: &Reading, run: &Run, start: usize) -> Option<(Range<usize>, Range<usize>)> {
    if let Some(groups) = run.with_digits(start, 17)
        && let Some(end) = closing_x(reading, run.chars(&groups).end)
    {
        let digits = run.digits(groups.clone());
        let chars = run.chars(&groups).start..end;
        if is_card(&digits, 'X', || is_one(reading, run, &groups)) {
            return Some((groups, chars));
        }
    }
    if let Some(groups) = run.with_digits(start, 18) {
        let digits = run.digits(groups.clone());
        let (body, check) = digits.split_at(17);
        if is_card(body, check.chars().next()?, || is_one(reading, run, &groups)) {
            let chars = run.chars(&groups);
            return Some((groups, chars));
        }
    }
    let groups = run.with_digits(start, 15)?;
    let digits = run.digits(groups.clone());
    let is_old = is_province(&digits) && dates::is_birth(&digits[6..12]);
    let chars = run.chars(&groups);
    let is_said = context::says(reading, chars.start, Said::Paper);
    let shape = matches!(run.lengths(groups.clone()).as_slice(), [15] | [6, 6, 3] | [6, 9] | [3, 3, 6, 3]);
    (is_old && (is_said || shape)).then_some((groups, chars))
}

/// Where an X stands that ends the number before `index`.
fn closing_x(reading: &Reading, index: usize) -> Option<usize> {
    let behind = &reading.chars[index..];
    let signs = behind.iter().take_while(|c| matches!(c, ' ' | '-' | '\n')).count();
    let is_x = matches!(behind.get(signs), Some('x' | 'X' | '×' | '✕' | '╳' | 'Х')) && signs < 2;
    let ends = !behind.get(signs + 1).is_some_and(char::is_ascii_alphanumeric);
    (is_x && ends).then_some(index + signs + 1)
}

/// True where few groups, or the words before, make one number of what has no right check digit.
fn is_one(reading: &Reading, run: &Run, groups: &Range<usize>) -> bool {
    groups.len() <= 4
        || run.lengths(groups.clone()).iter().all(|length| *length == 1)
        || context::says(reading, run.chars(groups).start, Said::Paper)
}

fn is_card(body: &str, check: char, is_one: impl Fn() -> bool) -> bool {
    is_province(body) && dates::is_birth(&body[6..14]) && (check_of(body) == check || is_one())
}

fn is_province(digits: &str) -> bool {
    matches!(
        digits.get(..2).and_then(|code| code.parse::<u32>().ok()),
        Some(11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91)
    )
}

fn check_of(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = body.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    CHECKS[sum as usize % 11]
}

/// True for the unbroken number of a mainland card with its right check digit.
pub fn is_mainland(number: &str) -> bool {
    let Some((body, check)) = number.split_at_checked(17) else { return false };
    let mut check = check.chars();
    body.bytes().all(|byte| byte.is_ascii_digit())
        && check.next().is_some_and(|check| is_card(body, check.to_ascii_uppercase(), || false))
        && check.next().is_none()
}

/// True for a number of Hong Kong whose check digit is right: `A123456` and `3`.
pub fn is_hong_kong(letters: &str, digits: &str, check: char) -> bool {
    let worth = |c: char| u32::from(c) - u32::from('A') + 10;
    let letters: Vec<u32> = letters.chars().map(|c| worth(c.to_ascii_uppercase())).collect();
    let head = match letters.as_slice() {
        [one] => 36 * 9 + one * 8,
        [one, two] => one * 9 + two * 8,
        _ => return false,
    };
    let sum: u32 =
        digits.chars().zip((2..=7).rev()).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    let value = check.to_digit(10).unwrap_or(10);
    (head + sum + value).is_multiple_of(11)
}

/// True for a number of Taiwan whose check digit is right: `A123456789`.
pub fn is_taiwan(letter: char, digits: &str) -> bool {
    const ORDER: &str = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(place) = ORDER.find(letter.to_ascii_uppercase()) else { return false };
    let code = place as u32 + 10;
    let weights = [8, 7, 6, 5, 4, 3, 2, 1, 1];
    let sum: u32 = digits.chars().zip(weights).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    (code / 10 + code % 10 * 9 + sum).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_that_the_cards_bear() {
        assert_eq!(check_of("11010519491231002"), 'X');
        assert!(is_hong_kong("A", "123456", '3') && !is_hong_kong("A", "123456", '7'));
        assert!(is_taiwan('A', "123456789") && !is_taiwan('A', "123456788"));
    }
}

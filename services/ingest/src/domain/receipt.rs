//! The number of a receipt (回执): what a citizen holds and reads out on the phone, such as `000417Y`.
//!
//! It has a form of its own, digits and then a letter, so that nobody takes it for the code of a case
//! (`QL-0417`), which begins with letters. The letter checks the digits: one wrong digit, or two neighbours
//! exchanged, never names another person's receipt.

use std::fmt;
use std::str::FromStr;

/// The letters that check, without I, O and Q, which are read as digits or as each other. Their count is a prime,
/// which is what makes the check below find every single mistake.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

/// Digits at least; smaller numbers get zeros in front.
const DIGITS_MIN: usize = 6;

/// Digits at most: a weight of the check never comes twice below this length, and every number fits.
const DIGITS_MAX: usize = 19;

/// One receipt's number within its agency, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptNumber(i64);

/// Text that is no receipt's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReceipt {
    /// It has another form.
    #[error("a receipt's number is digits and one letter")]
    Form,
    /// The letter does not fit the digits: something was misread.
    #[error("the letter does not fit the digits")]
    Check,
}

impl ReceiptNumber {
    /// The receipt that was given out as this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number, as it is kept.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0DIGITS_MIN$}", self.0);
        write!(formatter, "{digits}{}", check_letter(digits.as_bytes()))
    }
}

impl FromStr for ReceiptNumber {
    type Err = NotAReceipt;

    /// Reads what somebody typed: in either case and width, with blanks and hyphens anywhere, with 回执 before it.
    fn from_str(typed: &str) -> Result<Self, NotAReceipt> {
        let typed = typed.trim().trim_start_matches("回执").trim_start_matches(['号', '：', ':', '#']);
        let read: Vec<u8> = typed
            .chars()
            .filter(|character| !character.is_whitespace() && !matches!(character, '-' | '－' | '—'))
            .map(|character| u8::try_from(half_width(character).to_ascii_uppercase()))
            .collect::<Result<_, _>>()
            .map_err(|_| NotAReceipt::Form)?;
        let (&letter, digits) = read.split_last().ok_or(NotAReceipt::Form)?;
        let plausible = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            && digits.iter().all(u8::is_ascii_digit)
            && letter.is_ascii_uppercase();
        if !plausible {
            return Err(NotAReceipt::Form);
        }
        if char::from(letter) != check_letter(digits) {
            return Err(NotAReceipt::Check);
        }
        let number = digits
            .iter()
            .try_fold(0_i64, |number, digit| number.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
        number.map(Self).ok_or(NotAReceipt::Form)
    }
}

/// Weighs the digits 1, 2, 3 … from the last one on, modulo the count of letters.
fn check_letter(digits: &[u8]) -> char {
    let weighed =
        digits.iter().rev().zip(1_usize..).map(|(digit, weight)| usize::from(digit - b'0') * weight);
    char::from(LETTERS[weighed.sum::<usize>() % LETTERS.len()])
}

fn half_width(character: char) -> char {
    match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(character as u32 - 0xFEE0).unwrap_or(character),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_digits_and_a_letter_and_reads_back() {
        assert_eq!(ReceiptNumber::new(417).to_string(), "000417Y");
        assert_eq!(ReceiptNumber::new(12_345_678).to_string().len(), 9);
        for number in [1, 9, 417, 999_999, 1_000_000, i64::MAX] {
            let written = ReceiptNumber::new(number).to_string();
            assert_eq!(written.parse(), Ok(ReceiptNumber::new(number)), "{written}");
        }
    }

    #[test]
    fn it_reads_as_people_type_it() {
        for typed in
            ["000417y", " 000 417 Y ", "０００４１７Ｙ", "回执000417Y", "回执号：000417Y", "000-417-Y"]
        {
            assert_eq!(typed.parse(), Ok(ReceiptNumber::new(417)), "{typed}");
        }
    }

    #[test]
    fn the_code_of_a_case_is_no_receipt() {
        for typed in ["QL-0417", "0417", "000417", "结果", "", "00000000000000000000417Y"] {
            assert_eq!(typed.parse::<ReceiptNumber>(), Err(NotAReceipt::Form), "{typed}");
        }
    }

    #[test]
    fn one_misread_digit_or_two_exchanged_never_name_another_receipt() {
        let letter = char::from(*ReceiptNumber::new(417_283).to_string().as_bytes().last().unwrap());
        let digits = *b"417283";
        for at in 0..digits.len() {
            for other in b'0'..=b'9' {
                let mut misread = digits;
                misread[at] = other;
                let typed = format!("{}{letter}", std::str::from_utf8(&misread).unwrap());
                assert_eq!(typed.parse::<ReceiptNumber>().is_ok(), misread == digits, "{typed}");
            }
            if at > 0 {
                let mut exchanged = digits;
                exchanged.swap(at - 1, at);
                let typed = format!("{}{letter}", std::str::from_utf8(&exchanged).unwrap());
                assert_eq!(typed.parse::<ReceiptNumber>(), Err(NotAReceipt::Check), "{typed}");
            }
        }
    }
}

//! Papers whose numbers have letters: passports, permits for Hong Kong, Macau and Taiwan, cards of those places, and
//! whatever is said to be the number of a paper.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::context::{self, Said};
use crate::identities::{is_hong_kong, is_taiwan};
use crate::kind::Kind;
use crate::reading::Reading;
use crate::taken::Taken;

/// Letters and digits of one word, in which signs may stand.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z]{1,2}[ \-]{0,2}\d(?:[ \-·.]{0,2}\d){4,17}(?:[ ]?[(\[]\s?[0-9A-Za-z]\s?[)\]])?")
        .expect("a constant that tests compile")
});

/// A number of Hong Kong or Macau with its check digit in brackets.
static CHECKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:[A-Za-z]{1,2}\s?\d{6}|[1578]/?\d{6}(?:/\d)?)\s?[(\[]\s?[0-9A-Za-z]\s?[)\]]")
        .expect("a constant that tests compile")
});

/// 军字第1234567号.
static OFFICER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[军政参后联装空海陆士警武兵北南东西中]\s?字?\s?第?\s?\d(?:[ \-]?\d){5,7}\s?号")
        .expect("a constant that tests compile")
});

/// Takes the numbers of papers.
pub fn find(reading: &Reading, taken: &mut Taken) {
    if !reading.text.contains(|c: char| c.is_ascii_digit()) {
        return;
    }
    for found in CHECKED.find_iter(&reading.text) {
        let chars = reading.indices(found.range());
        let is_apart = !reading.before(chars.start).is_some_and(|c| c.is_ascii_alphanumeric());
        let is_said = says_paper(reading, chars.start);
        let has_letter = found.as_str().starts_with(|c: char| c.is_ascii_alphabetic());
        let is_thing = context::says(reading, chars.start, Said::Thing);
        if is_apart && (is_said || (!is_thing && has_letter)) {
            taken.take(chars, Kind::Paper);
        }
    }
    for found in WORD.captures_iter(&reading.text) {
        word(reading, taken, &found);
    }
    for found in OFFICER.find_iter(&reading.text) {
        let chars = reading.indices(found.range());
        let is_letter = found.as_str().contains('字');
        if context::says(reading, chars.start, Said::Paper)
            || (is_letter && found.as_str().starts_with(['军', '士', '警', '武', '兵']))
        {
            taken.take(chars, Kind::Paper);
        }
    }
}

fn word(reading: &Reading, taken: &mut Taken, found: &Captures<'_>) {
    let Some(whole) = found.get(0) else { return };
    let mut chars = reading.indices(whole.range());
    let letters: String = whole.as_str().chars().take_while(char::is_ascii_alphabetic).collect();
    let digits: String = whole.as_str().chars().filter(char::is_ascii_digit).collect();
    let behind = reading.chars.get(chars.end).copied();
    if reading.before(chars.start).is_some_and(|c| c.is_ascii_alphanumeric() || c == '-') {
        return;
    }
    // Not before more letters: then it is the beginning of a longer code.
    if behind.is_some_and(|c| c.is_ascii_alphanumeric()) {
        return;
    }
    let said = context::before(reading, chars.start);
    let is_said = said == Some(Said::Paper) || says_paper(reading, chars.start);
    let upper = letters.to_ascii_uppercase();
    let is_whole = !whole.as_str().contains([' ', '-', '·', '.']);
    let shape = match (upper.as_str(), digits.len()) {
        // A passport; a permit for Hong Kong and Macau; one for those who come from there.
        ("E" | "G" | "D" | "S" | "P" | "C" | "W" | "L" | "T", 8) | ("H" | "M", 8 | 10) => true,
        ("E" | "C", 7) => false,
        (two, 7) if two.len() == 2 => {
            matches!(two, "SE" | "DE" | "PE" | "MA")
                || (two.starts_with(['E', 'C']) && !"IO".contains(&two[1..]))
        }
        (one, 9) if one.len() == 1 => {
            matches!(digits.as_bytes()[0], b'1' | b'2' | b'8' | b'9')
                && is_taiwan(one.as_bytes()[0].into(), &digits)
        }
        (letters, 7) if letters.len() == 1 => {
            is_hong_kong(letters, &digits[..6], digits[6..].chars().next().unwrap_or('0'))
        }
        _ => false,
    };
    let is_thing = matches!(said, Some(Said::Thing | Said::Phone | Said::Amount));
    let upper_case = letters.chars().all(|c| c.is_ascii_uppercase());
    let taken_for_one = shape && is_whole && upper_case && !is_thing;
    // `ID12345678`: the letters say what the digits are.
    if upper == "ID" && digits.len() >= 6 {
        chars.start += letters.chars().count();
        return taken.take(chars, Kind::Paper);
    }
    if taken_for_one || (is_said && digits.len() >= 6) {
        taken.take(chars, Kind::Paper);
    }
}

/// True where the words before name a paper, however far the nearest other word is.
fn says_paper(reading: &Reading, index: usize) -> bool {
    let before = reading.slice(index.saturating_sub(8)..index);
    const PAPERS: &[&str] = &[
        "护照",
        "護照",
        "通行证",
        "通行證",
        "回乡证",
        "回鄉證",
        "港澳证",
        "台胞证",
        "台胞證",
        "身份证",
        "身份證",
        "证件",
        "證件",
        "军官证",
        "社保",
        "医保",
        "学籍",
        "驾驶证",
        "居留证",
        "居住证",
        "士兵证",
        "警官证",
        "港澳",
    ];
    PAPERS.iter().any(|paper| before.contains(paper))
}

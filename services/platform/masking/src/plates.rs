//! Plates of vehicles.

use std::sync::LazyLock;

use regex::Regex;

use crate::context::{self, Said};
use crate::kind::Kind;
use crate::reading::Reading;
use crate::taken::Taken;

/// A province, a letter, and five or six letters and digits.
static PLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"[京津沪滬渝冀豫云雲辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊使领領]",
        r"\s?[A-Za-z][\s·•.\-—_*:]{0,2}",
        r"(?:[A-Za-z0-9][\s·.\-]?){4,5}[A-Za-z0-9学學警挂掛港澳领領试試超使]{1,2}",
    ))
    .expect("a constant that tests compile")
});

/// What is said to be a plate.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z][\s·.\-]{0,2}[A-Za-z0-9]{5,6}").expect("a constant that tests compile")
});

/// Takes the plates.
pub fn find(reading: &Reading, taken: &mut Taken) {
    if !reading.text.contains(|c: char| c.is_ascii_digit()) {
        return;
    }
    let mut from = 0;
    while let Some(found) = PLATE.find_at(&reading.text, from) {
        let end = found.as_str().char_indices().nth(1).map_or(found.end(), |(at, _)| found.start() + at);
        from = end;
        let Some(length) = plate(found.as_str()) else { continue };
        let chars = reading.indices(found.start()..found.start() + length);
        if reading.chars.get(chars.end).is_none_or(|c| !c.is_ascii_alphanumeric()) {
            taken.take(chars, Kind::Plate);
        }
    }
    for found in SAID.find_iter(&reading.text) {
        let chars = reading.indices(found.range());
        let is_apart = !reading.before(chars.start).is_some_and(|c| c.is_ascii_alphanumeric())
            && reading.chars.get(chars.end).is_none_or(|c| !c.is_ascii_alphanumeric());
        let digits = found.as_str().chars().filter(char::is_ascii_digit).count();
        if is_apart && digits >= 2 && context::says(reading, chars.start, Said::Plate) {
            taken.take(chars, Kind::Plate);
        }
    }
}

/// The bytes at the start of `written` that are one plate: five signs behind its letter, six of a car that runs on
/// electricity, which has D or F first or last.
fn plate(written: &str) -> Option<usize> {
    let mut signs: Vec<(usize, char)> = written
        .char_indices()
        .skip(1)
        .filter(|(_, c)| c.is_alphanumeric())
        .map(|(at, c)| (at + c.len_utf8(), c))
        .collect();
    let letter = signs.remove(0).1;
    let digits = |count: usize| signs[..count].iter().filter(|(_, c)| c.is_ascii_digit()).count();
    let is_electric = signs.len() >= 6
        && (matches!(signs[0].1.to_ascii_uppercase(), 'A'..='K')
            || matches!(signs[5].1.to_ascii_uppercase(), 'A'..='K'))
        && digits(6) >= 4;
    let has_word = signs.len() >= 6 && !signs[5].1.is_ascii();
    let count = if is_electric || (has_word && signs[5].1 == '学') { 6 } else { 5 };
    // A letter of the alphabet that no plate bears first, or hardly a digit: a word.
    (signs.len() >= count && digits(count) >= 2 && !matches!(letter.to_ascii_uppercase(), 'I'))
        .then(|| signs[count - 1].0)
}

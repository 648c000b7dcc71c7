//! Every number of a text, and what it is: the recognisers in their order.

use crate::context::{self, Said};
use crate::dates;
use crate::digits::{Run, runs};
use crate::kind::Kind;
use crate::reading::Reading;
use crate::taken::Taken;
use crate::{cards, identities, phones, units};

/// Digits from which an unbroken number is taken for somebody's, unless it is said to be something else.
const LONG: usize = 11;

/// Takes the numbers that point at a person.
pub fn find(reading: &Reading, taken: &mut Taken) {
    for run in runs(reading) {
        let mut at = 0;
        while at < run.groups.len() {
            if taken.has(run.groups[at].chars.start) {
                at += 1;
                continue;
            }
            at = take(reading, taken, &run, at).unwrap_or(at + 1);
        }
    }
}

/// Takes the number that begins with a group; returns the group behind it.
fn take(reading: &Reading, taken: &mut Taken, run: &Run, at: usize) -> Option<usize> {
    if let Some((groups, chars)) = identities::mainland(reading, run, at) {
        taken.take(chars, Kind::Paper);
        return Some(groups.end);
    }
    let found = phones::mobile(reading, run, at).map(|groups| (groups, Kind::Mobile));
    let found = found.or_else(|| cards::bank(reading, run, at).map(|groups| (groups, Kind::Card)));
    let found = found.or_else(|| phones::with_area(reading, run, at).map(|groups| (groups, Kind::Number)));
    let found = found.or_else(|| by_itself(reading, run, at).map(|kind| (at..at + 1, kind)));
    let found = found.or_else(|| phones::local(reading, run, at).map(|groups| (groups, Kind::Number)));
    let (groups, kind) = found?;
    let mut chars = run.chars(&groups);
    // `+86`: the sign belongs to the number.
    if matches!(kind, Kind::Mobile | Kind::Number) && reading.before(chars.start) == Some('+') {
        chars.start -= 1;
    }
    taken.take(chars, kind);
    Some(groups.end)
}

/// What one unbroken group is.
fn by_itself(reading: &Reading, run: &Run, at: usize) -> Option<Kind> {
    let group = &run.groups[at];
    let digits = group.digits.as_str();
    let said = context::before(reading, group.chars.start);
    if group.len() >= LONG {
        let holds_mobile = digits.as_bytes().windows(11).any(|window| window[0] == b'1' && window[1] >= b'3');
        let is_thing = matches!(said, Some(Said::Thing)) && !phones::is_mobile(digits);
        let is_amount = matches!(said, Some(Said::Amount)) && units::follows(reading, group.chars.end);
        // Numbers from which services send.
        let is_service = digits.starts_with("106");
        let spared = is_thing
            || is_amount
            || is_service
            || dates::is_moment(digits)
            || is_code(reading, run, at)
            || are_decimals(run, at);
        return match (spared, group.len()) {
            (true, _) => None,
            (_, 15 | 18) if !holds_mobile || said == Some(Said::Paper) => Some(Kind::Paper),
            (_, 16..=19) => Some(Kind::Card),
            _ => Some(Kind::Number),
        };
    }
    // Nine and ten digits are what accounts have; papers and cards are said to be such.
    match said {
        Some(Said::Paper)
            if group.len() >= 7 && !dates::is_day(digits) && !units::follows(reading, group.chars.end) =>
        {
            Some(Kind::Paper)
        }
        Some(Said::Card) if group.len() >= 9 && !units::follows(reading, group.chars.end) => Some(Kind::Card),
        None | Some(Said::Phone)
            if matches!(group.len(), 9 | 10)
                && !group.is_chinese
                && !group.has_letters
                && !group.is_in_a_code() =>
        {
            let is_service = digits.starts_with("400") || digits.starts_with("800");
            let spared = is_service || units::follows(reading, group.chars.end) || is_code(reading, run, at);
            (!spared && !digits.ends_with("0000") && !dates::is_moment(digits)).then_some(Kind::Number)
        }
        _ => None,
    }
}

/// 3.14159265358979: what stands behind the point of a small number.
fn are_decimals(run: &Run, at: usize) -> bool {
    let before = at.checked_sub(1);
    before.is_some_and(|before| run.between[before] == "." && run.groups[before].len() <= 2)
        && !phones::is_mobile(&run.groups[at].digits)
}

/// True for the number behind letters, a hyphen or a sign of equality: of a case, a batch, a parameter.
fn is_code(reading: &Reading, run: &Run, at: usize) -> bool {
    let group = &run.groups[at];
    if phones::is_mobile(&group.digits) {
        return false;
    }
    let start = group.chars.start;
    let before = reading.slice(start.saturating_sub(3)..start);
    let behind_sign = before
        .strip_suffix(['-', '=', '_', '/', '#'])
        .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    let numbered = before.ends_with('〔') || before.ends_with('〕');
    behind_sign || numbered || (!group.letters_before.is_empty() && group.is_in_a_code())
}

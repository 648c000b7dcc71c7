//! Telephones: mobile numbers in any grouping, landlines with and without area code and extension.

use std::ops::Range;

use crate::context::{self, Said};
use crate::dates;
use crate::digits::{Group, Run, stands_alone};
use crate::reading::Reading;
use crate::units;

/// The country's code, as it is written before a number.
const COUNTRY: &[&str] = &["86", "086", "0086"];

/// The groups from `start` on that are a mobile number, with the country's code before it.
pub fn mobile(reading: &Reading, run: &Run, start: usize) -> Option<Range<usize>> {
    let together = run.groups[start].digits.as_str();
    if COUNTRY.iter().any(|country| together.strip_prefix(country).is_some_and(is_mobile)) {
        return Some(start..start + 1);
    }
    let has_country = COUNTRY.contains(&together) && start + 1 < run.groups.len();
    let first = start + usize::from(has_country);
    let groups = run.with_digits(first, 11)?;
    is_mobile(&run.digits(groups.clone())).then_some(())?;
    let real = groups
        .clone()
        .filter(|&at| !run.groups[at].has_letters)
        .map(|at| run.groups[at].len())
        .sum::<usize>();
    let letters: usize =
        groups.clone().filter(|&at| run.groups[at].has_letters).map(|at| real_digits(reading, run, at)).sum();
    if real + letters < 6 {
        return None;
    }
    (has_country || is_written_as_one(reading, run, &groups)).then_some(start..groups.end)
}

/// `13812345678`.
pub fn is_mobile(digits: &str) -> bool {
    digits.len() == 11
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.starts_with('1')
        && digits.as_bytes()[1] >= b'3'
}

fn real_digits(reading: &Reading, run: &Run, at: usize) -> usize {
    reading.chars[run.groups[at].chars.clone()].iter().filter(|c| !c.is_ascii_alphabetic()).count()
}

/// True where groups of eleven digits are one number, and no list of prices, times or houses.
fn is_written_as_one(reading: &Reading, run: &Run, groups: &Range<usize>) -> bool {
    let lengths = run.lengths(groups.clone());
    if lengths.len() == 1 {
        return true;
    }
    let chars = run.chars(groups);
    let is_counted = units::follows(reading, chars.end);
    let said = context::before(reading, chars.start);
    let parts: Vec<String> = groups.clone().map(|at| run.groups[at].digits.clone()).collect();
    if said == Some(Said::Phone) && !(is_counted && lengths.len() > 3) {
        return !dates::hold_a_day(&parts);
    }
    let is_usual = matches!(lengths.as_slice(), [3, 4, 4] | [3, 8] | [7, 4]);
    let is_a_code = || run.groups[groups.clone()].iter().any(Group::is_in_a_code);
    if !is_usual && (is_counted || is_a_code()) {
        return false;
    }
    let sign = run.between[groups.start].trim();
    match lengths.as_slice() {
        _ if is_usual => true,
        // A whole number and its decimals.
        [first, _] => {
            !(matches!(sign, "." | ",") && *first <= 2) && said.is_none_or(|said| said != Said::Amount)
        }
        [4, 4, 3] => {
            said != Some(Said::Amount)
                && !matches!(sign, "、" | "," | "/")
                && !(dates::is_year(&parts[0]) && dates::is_year(&parts[1]))
        }
        [_, _, _] => said != Some(Said::Amount) && !dates::hold_a_day(&parts),
        _ => {
            (run.is_even(groups) || lengths.iter().all(|length| *length == 1))
                && is_regular(&lengths)
                && said != Some(Said::Amount)
                && !is_list(sign, &lengths)
        }
    }
}

/// Single digits, pairs, or a three and pairs.
fn is_regular(lengths: &[usize]) -> bool {
    let all = |lengths: &[usize], length: usize| lengths.iter().all(|of| *of == length);
    all(lengths, 1)
        || matches!(
            lengths,
            [3, 2, 2, 4] | [3, 2, 3, 3] | [3, 4, 2, 2] | [3, 3, 3, 2] | [3, 2, 2, 2, 2] | [1, 3, 3, 4]
        )
        || (lengths.len() == 6 && (all(&lengths[1..], 2) || all(&lengths[..5], 2)))
}

/// Numbers that are told one after another: houses, lines, days.
fn is_list(sign: &str, lengths: &[usize]) -> bool {
    matches!(sign, "、" | "," | ";" | "/" | "." | ":")
        && lengths.iter().filter(|length| **length == 2).count() > 1
}

/// The groups from `start` on that are a landline with its area code, and its extension.
pub fn with_area(reading: &Reading, run: &Run, start: usize) -> Option<Range<usize>> {
    let has_country = COUNTRY.contains(&run.groups[start].digits.as_str()) && start + 1 < run.groups.len();
    let first = start + usize::from(has_country);
    let area = &run.groups[first];
    if area.is_chinese || area.has_letters || area.is_in_a_code() {
        return None;
    }
    let local_start = if matches!(area.len(), 10..=12) && is_area(&area.digits) {
        let is_whole = matches!(area.len() - area_length(&area.digits), 7 | 8);
        return is_whole.then(|| start..extended(run, first + 1));
    } else if is_area_code(&area.digits) || (has_country && is_area_code(&format!("0{}", area.digits))) {
        first + 1
    } else {
        return None;
    };
    let lengths = run.lengths(run.next_few(local_start));
    let local = match lengths.as_slice() {
        [7 | 8, ..] => 1,
        [4, 4, ..] | [3, 4, ..] | [4, 3, ..] => 2,
        [2, 2, 2, 2, ..] => 4,
        _ => return None,
    };
    let groups = first..local_start + local;
    let parts: Vec<String> = groups.clone().map(|at| run.groups[at].digits.clone()).collect();
    let is_said = context::says(reading, run.chars(&groups).start, Said::Phone);
    let are_times = parts.iter().all(|part| dates::is_clock(part));
    let is_a_day = dates::hold_a_day(&parts[1..]) || parts[1].starts_with(['0', '1']);
    if !is_said && (are_times || is_a_day || local == 4 || units::follows(reading, run.chars(&groups).end)) {
        return None;
    }
    Some(start..extended(run, groups.end))
}

/// `010`, `0571`, and no `0000`.
fn is_area_code(digits: &str) -> bool {
    matches!(digits.len(), 3 | 4) && is_area(digits) && area_length(digits) == digits.len()
}

fn is_area(digits: &str) -> bool {
    digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(|second| *second != b'0')
}

const fn area_length(digits: &str) -> usize {
    // 010 and 02x; all others have four.
    if matches!(digits.as_bytes()[1], b'1' | b'2') { 3 } else { 4 }
}

/// The groups from `start` on that are a landline without an area code, and its extension.
pub fn local(reading: &Reading, run: &Run, start: usize) -> Option<Range<usize>> {
    let lengths = run.lengths(run.next_few(start));
    let group = &run.groups[start];
    if group.is_in_a_code() || group.has_letters || !matches!(group.digits.as_bytes()[0], b'2'..=b'9') {
        return None;
    }
    let chars = |count: usize| run.chars(&(start..start + count));
    let is_said = context::says(reading, group.chars.start, Said::Phone)
        || matches!(group.letters_before.as_str(), "tel" | "phone" | "call" | "fax" | "mobile" | "no" | "t");
    let count = match lengths.as_slice() {
        [7 | 8, ..] => 1,
        [4, 4, ..] => 2,
        [3, 4, ..] | [4, 3, ..] if is_said => 2,
        [2, 2, 2, 2, ..] if is_said && run.is_even(&(start..start + 4)) => 4,
        _ => return None,
    };
    let groups = start..start + count;
    if group.is_chinese && !is_said {
        return None;
    }
    let end = chars(count).end;
    let is_whole = run.groups[start + count - 1].letters_after.is_empty() || is_said;
    let has_extension = extended(run, groups.end) > groups.end && says_extension(run, groups.end);
    if is_said {
        let is_far_count = units::follows(reading, end) && !is_near(reading, group.chars.start);
        return (is_whole && !is_far_count && !dates::is_day(&group.digits))
            .then(|| start..extended(run, groups.end));
    }
    let said = context::before(reading, group.chars.start);
    if said.is_some() || !is_whole || units::follows(reading, end) || is_in_a_word(reading, group.chars.start)
    {
        return (has_extension && said.is_none()).then(|| start..extended(run, groups.end));
    }
    if count == 1 {
        let spared = dates::is_day(&group.digits) || (is_round(&group.digits) && !has_extension);
        return (!spared && (group.len() == 8 || !has_neighbours(run, start)))
            .then(|| start..extended(run, groups.end));
    }
    let parts: Vec<&str> = groups.clone().map(|at| run.groups[at].digits.as_str()).collect();
    let sign = run.between[start].trim();
    let spared = parts.iter().all(|part| dates::is_year(part))
        || parts.iter().all(|part| dates::is_clock(part))
        || parts.iter().any(|part| part.ends_with("00"))
        || !matches!(sign, "" | "-" | "–" | "—" | "‑" | "‐" | "−" | "." | "·" | "_" | "*" | "•" | "－")
        || has_neighbours_of_four(run, &groups)
        || !stands_alone(reading, &run.chars(&groups));
    (!spared).then(|| start..extended(run, groups.end))
}

/// True where nothing but a few characters stand between a word for a telephone and the number.
fn is_near(reading: &Reading, index: usize) -> bool {
    let start = index.saturating_sub(4);
    let near = reading.slice(start..index);
    [
        "打", "拨", "撥", "电话", "電話", "手机", "手機", "座机", "座機", "热线", "号码", "联系", "传真",
        "tel", "Tel", "TEL",
    ]
    .iter()
    .any(|word| near.contains(word))
}

/// A whole number of thousands counts something.
fn is_round(digits: &str) -> bool {
    digits.ends_with("0000")
}

/// The tail of a code: `QL-20417283`, `x=1234567`.
fn is_in_a_word(reading: &Reading, index: usize) -> bool {
    let before: Vec<char> = reading.chars[index.saturating_sub(2)..index].to_vec();
    match before.as_slice() {
        [.., '=' | '/' | '_' | '&' | '#' | '%' | '\\'] => true,
        [first, '-'] => first.is_ascii_alphanumeric(),
        [.., last] => last.is_ascii_alphabetic(),
        [] => false,
    }
}

/// True where other groups follow or go before, as in lists and tables.
fn has_neighbours(run: &Run, start: usize) -> bool {
    let close = |between: &String| !between.contains('\n') && between.trim() != "";
    let before = start.checked_sub(1).is_some_and(|before| close(&run.between[before]));
    before || run.between.get(start).is_some_and(close)
}

fn has_neighbours_of_four(run: &Run, groups: &Range<usize>) -> bool {
    let of_four = |at: usize| run.groups.get(at).is_some_and(|group| group.len() == 4);
    of_four(groups.end) || groups.start.checked_sub(1).is_some_and(of_four)
}

fn says_extension(run: &Run, at: usize) -> bool {
    let between = run.between[at - 1].trim();
    matches!(between, "-" | "–" | "—" | "－" | "转" | "#" | "*" | "(")
}

/// Where a number ends with its extension: `-801`, `转801`.
fn extended(run: &Run, end: usize) -> usize {
    let Some(group) = run.groups.get(end) else { return end };
    let is_extension =
        matches!(group.len(), 2..=5) && says_extension(run, end) && !dates::is_year(&group.digits);
    end + usize::from(is_extension)
}

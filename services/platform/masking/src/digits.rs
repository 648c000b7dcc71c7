//! Digits of a reading, in the groups in which people write them, and the groups that may be one number.

use std::ops::Range;

use crate::phones::is_mobile;
use crate::reading::{BLOCK, DIGIT_LIKE, Reading, is_sign};

/// Signs in a row that may stand within one number.
const SIGNS_MAX: usize = 8;

/// What people say between the groups of a number.
const SAID_BETWEEN: &[&str] = &["杠", "横杠", "横", "转", "空格", "空", "点", "减"];

/// Digits that stand together.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its characters.
    pub chars: Range<usize>,
    /// The digits, as ASCII.
    pub digits: String,
    /// True where they are written in Chinese.
    pub is_chinese: bool,
    /// True where letters stand for digits.
    pub has_letters: bool,
    /// ASCII letters right before it, in lower case.
    pub letters_before: String,
    /// ASCII letters right behind it, in lower case.
    pub letters_after: String,
}

impl Group {
    /// How many digits.
    pub const fn len(&self) -> usize {
        self.digits.len()
    }

    /// True where it is part of a word of letters and digits that says nothing of telephones.
    pub fn is_in_a_code(&self) -> bool {
        const SAY_NUMBER: &[&str] = &[
            "tel", "phone", "mobile", "cell", "call", "fax", "no", "id", "qq", "wx", "vx", "v", "t", "p",
            "m", "num", "number", "ext", "sms", "wechat", "weixin", "dial", "x",
        ];
        let strange = |letters: &str| !letters.is_empty() && !SAY_NUMBER.contains(&letters);
        // A single letter before is the letter of a paper, but for a few.
        let before =
            strange(&self.letters_before) || matches!(self.letters_before.as_str(), "t" | "p" | "m" | "x");
        before || strange(&self.letters_after)
    }
}

/// Groups with nothing but signs between them.
#[derive(Debug)]
pub struct Run {
    /// The groups; never none.
    pub groups: Vec<Group>,
    /// What stands between each and the next.
    pub between: Vec<String>,
}

impl Run {
    /// The digits of some groups.
    pub fn digits(&self, groups: Range<usize>) -> String {
        self.groups[groups].iter().map(|group| group.digits.as_str()).collect()
    }

    /// How many digits each of some groups has.
    pub fn lengths(&self, groups: Range<usize>) -> Vec<usize> {
        self.groups[groups].iter().map(Group::len).collect()
    }

    /// The few groups from `start` on that a landline can have.
    pub fn next_few(&self, start: usize) -> Range<usize> {
        start..self.groups.len().min(start + 6)
    }

    /// The characters of some groups, with what stands between them.
    pub fn chars(&self, groups: &Range<usize>) -> Range<usize> {
        self.groups[groups.start].chars.start..self.groups[groups.end - 1].chars.end
    }

    /// What stands between the groups of a range, each with the next.
    pub fn between(&self, groups: &Range<usize>) -> &[String] {
        &self.between[groups.start..groups.end - 1]
    }

    /// True where the same stands between all of them.
    pub fn is_even(&self, groups: &Range<usize>) -> bool {
        self.between(groups).windows(2).all(|two| two[0].trim() == two[1].trim())
    }

    /// The groups from `start` on that have exactly so many digits together.
    pub fn with_digits(&self, start: usize, digits: usize) -> Option<Range<usize>> {
        let mut count = 0;
        for (at, group) in self.groups.iter().enumerate().skip(start) {
            count += group.len();
            if count >= digits {
                return (count == digits).then_some(start..at + 1);
            }
        }
        None
    }
}

/// Every run of a reading.
pub fn runs(reading: &Reading) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for group in groups(reading) {
        let between = runs.last().and_then(|run| {
            let end = run.groups.last()?.chars.end;
            joins(reading, end..group.chars.start)
        });
        match (runs.last_mut(), between) {
            (Some(run), Some(between)) => {
                run.between.push(between);
                run.groups.push(group);
            }
            _ => runs.push(Run { groups: vec![group], between: Vec::new() }),
        }
    }
    runs
}

/// What stands between two groups, where they may be one number.
fn joins(reading: &Reading, between: Range<usize>) -> Option<String> {
    if between.len() > SIGNS_MAX {
        return None;
    }
    let text = reading.slice(between);
    let said = text.trim();
    (said.chars().all(is_sign) || SAID_BETWEEN.contains(&said)).then(|| text.to_owned())
}

fn groups(reading: &Reading) -> Vec<Group> {
    let values = values(reading);
    let mut groups = Vec::new();
    let mut at = 0;
    while at < values.len() {
        if values[at].is_none() {
            at += 1;
            continue;
        }
        let end = at + values[at..].iter().take_while(|value| value.is_some()).count();
        for part in parts(reading, &values, at..end) {
            groups.push(group(reading, &values, part));
        }
        at = end;
    }
    groups
}

/// What each character is worth as a digit.
fn values(reading: &Reading) -> Vec<Option<char>> {
    let worth = |(index, character): (usize, &char)| value(*character).filter(|_| !reading.is_of_sign(index));
    let mut values: Vec<Option<char>> = reading.chars.iter().enumerate().map(worth).collect();
    let mut at = 0;
    while at < values.len() {
        let word = reading.chars[at..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let of_word = at..at + word;
        at += word.max(1);
        // `l38O`: letters that look like digits, in a word of nothing else.
        // The X that ends the number of an identity card.
        let closes = word >= 18 && matches!(reading.chars[of_word.end - 1], 'x' | 'X');
        let of_word = of_word.start..of_word.end - usize::from(closes);
        let word = of_word.len();
        let digits = values[of_word.clone()].iter().flatten().count();
        let looks = |index: usize| {
            let character = reading.chars[index];
            (character.is_ascii_digit() || DIGIT_LIKE.contains(&character)) && !reading.is_of_sign(index)
        };
        // `o13812345678`: a whole number with a letter beside it.
        let inside: String = reading.chars[of_word.clone()].iter().collect();
        if is_mobile(inside.trim_matches(|c: char| c.is_ascii_alphabetic())) {
            continue;
        }
        if digits > 0 && digits < word && of_word.clone().all(looks) {
            for index in of_word {
                values[index] = Some(match reading.chars[index] {
                    'l' | 'I' => '1',
                    'O' | 'o' => '0',
                    digit => digit,
                });
            }
        }
    }
    values
}

/// What a character is worth as a digit by itself.
const fn value(character: char) -> Option<char> {
    Some(match character {
        '0'..='9' => character,
        '零' | '〇' | '洞' => '0',
        '一' | '幺' | '壹' | '弌' => '1',
        '二' | '两' | '兩' | '贰' | '貳' | '弍' => '2',
        '三' | '叁' | '參' | '叄' | '弎' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' | '陸' => '6',
        '七' | '柒' | '拐' => '7',
        '八' | '捌' => '8',
        '九' | '玖' | '勾' => '9',
        _ => return None,
    })
}

/// Digits that stand together, apart where one numeral follows ASCII digits as a word: `12345一律`.
fn parts(reading: &Reading, values: &[Option<char>], together: Range<usize>) -> Vec<Range<usize>> {
    let is_ascii = |index: &usize| reading.chars[*index].is_ascii();
    let of_ascii = together.clone().filter(is_ascii).count();
    if of_ascii == 0 || of_ascii == together.len() {
        return vec![together];
    }
    let digits: String = together.clone().filter_map(|index| values[index]).collect();
    let is_mobile = digits.len() == 11 && digits.starts_with('1') && digits.as_bytes()[1] >= b'3';
    if is_mobile || digits.len() == 18 {
        return vec![together];
    }
    let mut parts = Vec::new();
    let mut start = together.start;
    for index in together.start + 1..together.end {
        if is_ascii(&index) != is_ascii(&(index - 1)) {
            parts.push(start..index);
            start = index;
        }
    }
    parts.push(start..together.end);
    parts
}

fn group(reading: &Reading, values: &[Option<char>], chars: Range<usize>) -> Group {
    let letters = |range: &mut dyn Iterator<Item = usize>| -> String {
        range.map(|index| reading.chars[index]).take_while(char::is_ascii_alphabetic).collect()
    };
    let before: String = letters(&mut (0..chars.start).rev()).chars().rev().collect();
    let after = letters(&mut (chars.end..reading.chars.len()));
    Group {
        digits: chars.clone().filter_map(|index| values[index]).collect(),
        is_chinese: chars.clone().any(|index| !reading.chars[index].is_ascii()),
        has_letters: chars.clone().any(|index| reading.chars[index].is_ascii_alphabetic()),
        letters_before: before.to_ascii_lowercase(),
        letters_after: after.to_ascii_lowercase(),
        chars,
    }
}

/// True where nothing that may be a digit's neighbour stands beside these characters.
pub fn stands_alone(reading: &Reading, chars: &Range<usize>) -> bool {
    let alone = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() || c == BLOCK);
    alone(reading.before(chars.start)) && alone(reading.chars.get(chars.end).copied())
}

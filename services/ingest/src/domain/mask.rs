//! Masks what points at a person: phone, identity and card numbers, mail addresses, account names.
//!
//! Masking leans towards too much: a masked number costs a reader little, an unmasked one cannot be taken
//! back. It leaves short numbers (110, 12345), dates, times and amounts alone, because claims are about them.
//! It does not know people's names or addresses.

use std::sync::LazyLock;

use regex::Regex;

const MOBILE: &str = "〔手机号〕";
const IDENTITY: &str = "〔证件号〕";
const CARD: &str = "〔卡号〕";
const NUMBER: &str = "〔号码〕";
const MAIL: &str = "〔邮箱〕";
const ACCOUNT: &str = "〔账号〕";
const USER: &str = "〔用户〕";

/// Characters between two digits that still read as one number, at most this many in a row.
const SEPARATORS_MAX: usize = 3;

/// Digits from which an unbroken run is masked whatever surrounds it.
const ALWAYS_MASKED_DIGITS: usize = 11;

static MAIL_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"[A-Za-z0-9._%+\-]+[@＠][A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"));

static USER_NAME: LazyLock<Regex> = LazyLock::new(|| compiled(r"[@＠][\w\-·]{1,30}"));

/// A messenger's name and the account behind it: `微信：abc_123`, `加vx abc123`, `QQ群 123456`.
static NAMED_ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)(微信号?|威信|薇信|V信|扣扣|(?-u:\b)(?:weixin|wechat|wx|vx|qq群?))",
        r"([\s:：=是为]{0,4})",
        r"(?:[A-Za-z][A-Za-z0-9_\-]{5,19}|[0-9０-９]{5,12})",
    ))
});

static WECHAT_ID: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)wxid_[a-z0-9]+"));

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant that the tests below compile")
}

/// `text` with everything that points at a person replaced by what it was.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    if masked.contains(['@', '＠']) {
        masked = MAIL_ADDRESS.replace_all(&masked, MAIL).into_owned();
        masked = USER_NAME.replace_all(&masked, format!("@{USER}")).into_owned();
    }
    masked = WECHAT_ID.replace_all(&masked, ACCOUNT).into_owned();
    masked = NAMED_ACCOUNT.replace_all(&masked, format!("${{1}}${{2}}{ACCOUNT}")).into_owned();
    mask_numbers(&masked)
}

/// One number as people write it: digits, perhaps in groups.
#[derive(Default)]
struct Run {
    /// All digits, as ASCII.
    digits: String,
    /// Lengths of the unbroken groups.
    groups: Vec<usize>,
    /// True when a digit is written as a Chinese numeral.
    chinese: bool,
}

fn mask_numbers(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        if digit(characters[at]).is_none() {
            masked.push(characters[at]);
            at += 1;
            continue;
        }
        let (run, mut end) = run_from(&characters, at);
        let before = at.checked_sub(1).map(|index| characters[index]);
        let identity_tail = run.digits.len() == 17 && matches!(characters.get(end), Some('x' | 'X'));
        match verdict(&run, before, characters.get(end).copied(), identity_tail) {
            Some(replacement) => {
                end += usize::from(identity_tail);
                masked.push_str(replacement);
            }
            None => masked.extend(&characters[at..end]),
        }
        at = end;
    }
    masked
}

/// The run that begins at the digit `start`, and where it ends.
fn run_from(characters: &[char], start: usize) -> (Run, usize) {
    let mut run = Run::default();
    let (mut at, mut end) = (start, start);
    let mut separated = true;
    while at < characters.len() {
        if let Some(value) = digit(characters[at]) {
            run.digits.push(value);
            run.chinese |= !matches!(characters[at], '0'..='9' | '０'..='９');
            match run.groups.last_mut() {
                Some(length) if !separated => *length += 1,
                _ => run.groups.push(1),
            }
            separated = false;
            at += 1;
            end = at;
        } else if separator(characters[at]) && at - end < SEPARATORS_MAX {
            separated = true;
            at += 1;
        } else {
            break;
        }
    }
    (run, end)
}

/// What replaces a run; `None` leaves it.
fn verdict(
    run: &Run,
    before: Option<char>,
    after: Option<char>,
    identity_tail: bool,
) -> Option<&'static str> {
    let total = run.digits.len();
    let longest = run.groups.iter().copied().max().unwrap_or(0);
    if contains_mobile(&run.digits) || longest >= ALWAYS_MASKED_DIGITS {
        return Some(match total {
            11 => MOBILE,
            15 | 18 => IDENTITY,
            17 if identity_tail => IDENTITY,
            16 | 17 | 19 => CARD,
            _ => NUMBER,
        });
    }
    if run.chinese {
        return None;
    }
    if (15..=19).contains(&total) && run.groups.iter().all(|length| *length >= 3) {
        return Some(if total == 18 || identity_tail { IDENTITY } else { CARD });
    }
    // An area code and a local number.
    let landline =
        run.digits.starts_with('0') && matches!(run.groups.as_slice(), [3 | 4, 7 | 8, ..] | [10..=12]);
    let short = run.groups.len() == 1 && (7..ALWAYS_MASKED_DIGITS).contains(&total);
    let spared = is_date(&run.digits) || inside_address(before) || after.is_some_and(is_unit);
    (landline || (short && !spared)).then_some(NUMBER)
}

/// A mainland mobile number anywhere in the digits.
fn contains_mobile(digits: &str) -> bool {
    digits.as_bytes().windows(11).any(|window| window[0] == b'1' && (b'3'..=b'9').contains(&window[1]))
}

/// `20261122`: claims are about dates.
fn is_date(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|text| text.parse::<u32>().ok());
    digits.len() == 8
        && matches!(part(0..4), Some(1900..=2099))
        && matches!(part(4..6), Some(1..=12))
        && matches!(part(6..8), Some(1..=31))
}

/// The tail of a link or a code, which a reader needs whole.
fn inside_address(before: Option<char>) -> bool {
    before.is_some_and(|character| {
        character.is_ascii_alphanumeric() || matches!(character, '=' | '/' | '_' | '&' | '?' | '#' | '%')
    })
}

/// `5000000元`: an amount, not a number to call.
fn is_unit(character: char) -> bool {
    "元块圆万亿人名户条次吨斤米吋千公美".contains(character)
}

fn digit(character: char) -> Option<char> {
    match character {
        '0'..='9' => Some(character),
        '０'..='９' => char::from_digit(u32::from(character) - u32::from('０'), 10),
        '零' | '〇' => Some('0'),
        '一' | '幺' => Some('1'),
        '二' => Some('2'),
        '三' => Some('3'),
        '四' => Some('4'),
        '五' => Some('5'),
        '六' => Some('6'),
        '七' => Some('7'),
        '八' => Some('8'),
        '九' => Some('9'),
        _ => None,
    }
}

const fn separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{a0}'
            | '\u{3000}'
            | '-'
            | '－'
            | '–'
            | '—'
            | '‑'
            | '.'
            | '．'
            | '·'
            | '_'
            | '*'
            | '('
            | ')'
            | '（'
            | '）'
            | '\u{200c}'
            | '\u{200d}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_points_at_a_person_is_replaced_by_what_it_was() {
        for (said, masked) in [
            ("打13812345678问问", "打〔手机号〕问问"),
            ("138 1234 5678", "〔手机号〕"),
            ("138-1234-5678。", "〔手机号〕。"),
            ("+86 13812345678", "+〔号码〕"),
            ("１３８１２３４５６７８", "〔手机号〕"),
            ("一三八一二三四五六七八", "〔手机号〕"),
            ("身份证110101199003078515", "身份证〔证件号〕"),
            ("身份证11010119900307851X！", "身份证〔证件号〕！"),
            ("110101 19900307 8515", "〔证件号〕"),
            ("卡号6222 0212 3456 7890", "卡号〔卡号〕"),
            ("6222021234567890123", "〔卡号〕"),
            ("电话0571-88886666", "电话〔号码〕"),
            ("座机88886666", "座机〔号码〕"),
            ("写信到 zhang.san@example.com 吧", "写信到 〔邮箱〕 吧"),
            ("@青岚小王 快看", "@〔用户〕 快看"),
            ("加微信：abc_12345 领取", "加微信：〔账号〕 领取"),
            ("加vx abc12345", "加vx 〔账号〕"),
            ("QQ群123456", "QQ群〔账号〕"),
            ("wxid_a1b2c3d4", "〔账号〕"),
        ] {
            assert_eq!(mask(said), masked, "{said}");
        }
    }

    #[test]
    fn what_claims_are_about_stays() {
        for said in [
            "明天凌晨3点青岚县有7级地震",
            "遇险请拨110、119、120或12345",
            "2026年11月22日",
            "2026-11-22 03:00",
            "20261122停水",
            "罚款5000000元",
            "捐了1200000人次",
            "http://mp.weixin.qq.com/s?__biz=X&mid=2247483650&idx=1",
            "二〇二六年十一月",
            "三三两两，七八个人",
            "每100克含0.35毫克",
        ] {
            assert_eq!(mask(said), said);
        }
    }

    proptest! {
        #[test]
        fn no_mobile_number_survives_whatever_stands_around_and_between_it(
            before in "[\\PC]{0,12}",
            head in 13u64..=19,
            tail in 0u64..1_000_000_000,
            separator in prop::sample::select(vec!["", " ", "-", ".", "  ", " - ", "－"]),
            split in 1usize..11,
            after in "[\\PC]{0,12}",
        ) {
            let mobile = format!("{head}{tail:09}");
            let written = format!("{before}{}{separator}{}{after}", &mobile[..split], &mobile[split..]);
            let masked = mask(&written);
            let joined: String = masked.chars().filter(|character| !super::separator(*character)).collect();
            prop_assert!(!joined.contains(&mobile), "{written} -> {masked}");
        }

        #[test]
        fn no_unbroken_run_of_eleven_digits_survives(text in "[0-9a-z@ 。微信]{0,80}") {
            let masked = mask(&text);
            let longest = masked.split(|character: char| !character.is_ascii_digit()).map(str::len).max();
            prop_assert!(longest.unwrap_or(0) < ALWAYS_MASKED_DIGITS, "{masked}");
        }

        #[test]
        fn masking_twice_is_masking_once(text in "[\\PC]{0,80}") {
            let once = mask(&text);
            prop_assert_eq!(mask(&once), once);
        }
    }
}

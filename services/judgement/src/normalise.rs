//! One form for texts that say the same thing in other characters.
//!
//! Reads characters as what they look like, folds case and traditional characters; writes Chinese numerals before a
//! unit as digits (三点 and 3点 are one); drops addresses, mentions, faces and everything that is neither letter nor
//! digit, so that separators put inside words hide nothing. Does not judge: which words matter is `wording`'s.

use std::sync::LazyLock;

use lookalike::{addresses, plain, plain_text};

use crate::faces::{is_placeholder, skip_face};

/// Only so many normalised characters are looked at; what a forwarded novel says after them decides nothing.
pub const CHARS_MAX: usize = 2_000;

/// Normalises `text`. Normalising the result again changes nothing.
pub fn normalise(text: &str) -> String {
    let looks = looks_of(text);
    let mut kept = Vec::with_capacity(looks.len().min(CHARS_MAX * 3) / 2);
    let mut rest = looks.chars();
    while kept.len() < CHARS_MAX {
        if let Some(after) = skip_face(rest.as_str()) {
            rest = after.chars();
            continue;
        }
        let Some(next) = rest.next() else { break };
        match next {
            '@' => rest = skip_mention(rest.as_str()).chars(),
            other => fold(other, |folded| kept.push(folded)),
        }
    }
    kept.truncate(CHARS_MAX);
    // A message that is one sentence of the chat program says nothing.
    if is_placeholder(&kept.iter().collect::<String>()) {
        return String::new();
    }
    arabic_numerals(&kept)
}

/// `text` with look-alike, capital and traditional characters folded and nothing left out.
pub(crate) fn legible(text: &str) -> Vec<char> {
    plain_text(text).chars().flat_map(char::to_lowercase).map(simplified).collect()
}

/// The letters and digits of `text`, folded, and nothing read into them.
pub fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    plain_text(text).chars().for_each(|character| fold(character, |folded| bare.push(folded)));
    bare
}

/// Hands on a letter or digit in its simplest form, and nothing for anything else.
fn fold(character: char, mut keep: impl FnMut(char)) {
    for small in character.to_lowercase() {
        // A small letter can look like another one where its capital does not: Ϳ and ϳ.
        plain(small, |seen| {
            if seen.is_alphanumeric() {
                keep(simplified(seen));
            }
        });
    }
}

/// `text` as it looks, without its web addresses and without what stands where something was masked: neither is a word.
/// Addresses are found in what was written, where a full-width comma ends
/// one, and once more in what it looks like, where one in full width shows.
fn looks_of(text: &str) -> String {
    let mut looks = without_addresses(&plain_text(&without_addresses(text)));
    if looks.contains('〔') {
        for kind in masking::Kind::ALL {
            looks = looks.replace(kind.label(), " ");
        }
    }
    looks
}

fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut copied = 0;
    for address in addresses(text) {
        kept.push_str(&text[copied..address.start]);
        kept.push(' ');
        copied = address.end;
    }
    kept.push_str(&text[copied..]);
    kept
}

/// What follows the account name after an at sign. Names are short: what is longer, or glued to 所有人, are words.
fn skip_mention(text: &str) -> &str {
    const NAME_CHARS_MAX: usize = 16;
    const EVERYBODY: [&str; 6] = ["所有人", "全体成员", "全體成員", "全体", "全體", "all"];
    if let Some(rest) = EVERYBODY.iter().find_map(|all| text.strip_prefix(all)) {
        return rest;
    }
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let end = text.find(|c| !of_name(c)).unwrap_or(text.len());
    if text[..end].chars().count() > NAME_CHARS_MAX { text } else { &text[end..] }
}

fn simplified(character: char) -> char {
    static PAIRS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
        let mut pairs: Vec<(char, char)> = include_str!("traditional.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_whitespace)
            .filter_map(|pair| {
                let mut pair = pair.chars();
                Some((pair.next()?, pair.next()?))
            })
            .collect();
        pairs.sort_unstable();
        pairs
    });
    if character < '\u{3400}' {
        return character;
    }
    PAIRS.binary_search_by_key(&character, |&(from, _)| from).map_or(character, |at| PAIRS[at].1)
}

/// Words that make a Chinese numeral before them a number.
const UNITS: &str = "点时分级号日月年天岁人名个元块度斤吨米里批例起次条路栋楼层小多";

fn arabic_numerals(text: &[char]) -> String {
    let mut written = String::with_capacity(text.len() * 3);
    let mut at = 0;
    while at < text.len() {
        let run = text[at..].iter().take_while(|&&c| numeral(c).is_some()).count();
        if run == 0 {
            written.push(text[at]);
            at += 1;
            continue;
        }
        let counts_something = text.get(at + run).is_some_and(|&c| UNITS.contains(c));
        let continues_digits = at > 0 && text[at - 1].is_ascii_digit();
        let numeral = &text[at..at + run];
        match number(numeral) {
            Some(number) if counts_something && !continues_digits => written.push_str(&number.to_string()),
            _ => written.extend(numeral),
        }
        at += run;
    }
    written
}

#[derive(Clone, Copy)]
enum Numeral {
    Digit(u32),
    Scale(u32),
}

const fn numeral(character: char) -> Option<Numeral> {
    Some(match character {
        '零' | '〇' => Numeral::Digit(0),
        '一' => Numeral::Digit(1),
        '二' | '两' => Numeral::Digit(2),
        '三' => Numeral::Digit(3),
        '四' => Numeral::Digit(4),
        '五' => Numeral::Digit(5),
        '六' => Numeral::Digit(6),
        '七' => Numeral::Digit(7),
        '八' => Numeral::Digit(8),
        '九' => Numeral::Digit(9),
        '十' => Numeral::Scale(10),
        '百' => Numeral::Scale(100),
        '千' => Numeral::Scale(1_000),
        _ => return None,
    })
}

/// Reads 三, 十七, 二十, 一百零五; `None` for what is no single number, such as 三四.
pub(crate) fn number(text: &[char]) -> Option<u32> {
    let mut total = 0;
    let mut digit = None;
    let mut scale_before = u32::MAX;
    for &character in text {
        match numeral(character)? {
            Numeral::Digit(0) if digit.is_none() => {}
            Numeral::Digit(value) if digit.is_none() => digit = Some(value),
            Numeral::Digit(_) => return None,
            Numeral::Scale(scale) if scale < scale_before => {
                total += digit.take().unwrap_or(1) * scale;
                scale_before = scale;
            }
            Numeral::Scale(_) => return None,
        }
    }
    Some(total + digit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn disguises_of_one_sentence_become_one_text() {
        let plain = normalise("明天凌晨3点青岚县有7级地震");
        for disguised in [
            "明天凌晨三点，青岚县有七级地震！！！",
            "明天 凌晨 ３点 青岚县 有 ７级 地震",
            "明\u{200B}天凌.晨三点青-岚-县有七级地*震😱",
            "明天凌晨3點青嵐縣有7級地震 http://t.cn/abc?x=1",
            "@老王 [抓狂]明天凌晨3点青岚县有7级地震",
            "明天凌晨3点https://t.cn/A6xYz1，青岚县有7级地震",
            "ｈｔｔｐｓ：／／ｔ．ｃｎ／ａｂｃ 明天凌晨3点青岚县有7级地震",
            "v.douyin.com/iAbC/明天凌晨3点青岚县有7级地震",
        ] {
            assert_eq!(normalise(disguised), plain, "{disguised}");
        }
    }

    #[test]
    fn numerals_are_read_only_before_a_unit_and_only_as_one_number() {
        for (text, expected) in [
            ("二十三人", "23人"),
            ("一百零五个", "105个"),
            ("十级", "10级"),
            ("三四个", "三四个"),
            ("一样", "一样"),
            ("张三说", "张三说"),
            ("5十级", "5十级"),
        ] {
            assert_eq!(normalise(text), expected);
        }
    }

    #[test]
    fn nothing_is_left_of_emoji_signs_and_controls() {
        assert_eq!(normalise("😱😱 \u{0}\u{7}\u{202E}！？。[哭]"), "");
    }

    #[test]
    fn radicals_and_other_dress_read_as_what_they_look_like() {
        for (written, looks) in [
            ("⽔库⼤坝要垮了是真的吗", "水库大坝要垮了是真的吗"),
            ("⽔⼚⼤⽕", "水厂大火"),
            ("⼭体滑坡，⼈都⾛了吗", "山体滑坡人都走了吗"),
            ("\u{F9EA}散\u{F90A}", "离散金"),
            ("③级地震 𝟑级地震 3️⃣级地震", "3级地震3级地震3级地震"),
        ] {
            assert_eq!(normalise(written), looks, "{written}");
        }
    }

    #[test]
    fn what_stands_behind_an_address_is_read() {
        assert_eq!(normalise("https://t.cn/A6xYz1，7级地震"), "7级地震");
        assert_eq!(normalise("https://www.toutiao.com/article/〔卡号〕/?a=1 停水"), "停水");
        assert_eq!(normalise("https://www.douyin.com/video/7301234567890123456"), "");
    }

    #[test]
    fn what_was_masked_is_no_word() {
        assert_eq!(normalise("@〔用户〕 打〔手机号〕问停水"), "打问停水");
        assert_eq!(normalise("〔手机号〕"), "");
        assert_eq!(normalise("〔图片〕"), "图片");
    }

    #[test]
    fn a_notice_to_everybody_is_read_whole() {
        assert_eq!(
            normalise("@所有人今晚停水请大家做好储水准备互相转告"),
            "今晚停水请大家做好储水准备互相转告"
        );
        assert_eq!(normalise("@老王 今晚停水"), "今晚停水");
    }

    #[test]
    fn a_text_of_any_length_is_cut_to_the_limit() {
        assert_eq!(normalise(&"震".repeat(100_000)).chars().count(), CHARS_MAX);
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in "\\PC{0,200}|[一-龥０-９@\\[\\]a-z:/.零一二十百千点级w]{0,80}") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}

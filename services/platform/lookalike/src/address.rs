//! Where web addresses stand in a text as it was written.
//!
//! They are looked for before anything is read as what it looks like: a full-width comma behind an address ends it,
//! and once it is read as a plain one nobody can tell.

use std::ops::Range;

/// Endings of hosts after which an address needs no `https://` before it.
const ENDINGS: [&str; 22] = [
    "app", "biz", "cc", "cn", "club", "co", "com", "edu", "gov", "hk", "info", "io", "la", "me", "net",
    "org", "site", "top", "tv", "vip", "work", "xyz",
];

/// What masking writes where it cut is part of the address that it cut into, up to so many characters of it.
const CUT_CHARS_MAX: usize = 8;

/// The web addresses of a text, in order: with `http://` or `https://` (also with the colon of a Chinese keyboard),
/// and without where a known kind of host is followed by a path or begins with `www.`. Whatever is not ASCII ends one,
/// and so does the next one's beginning; signs at its end belong to the sentence.
#[must_use]
pub fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_letter(text, at) {
        let word = &text[start..];
        let head = scheme(word).or_else(|| {
            let before = text[..start].chars().next_back();
            let apart = before.is_none_or(|c| !c.is_ascii_alphanumeric() && !"@._-/\\%=&#:+".contains(c));
            bare_host(word).filter(|_| apart)
        });
        let Some(head) = head else {
            at = start + run(word).max(1);
            continue;
        };
        let end = start + address_end(word, head);
        at = end;
        let kept =
            text[start..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '(', '\'', '*', '[', ']']);
        if kept.len() > head || (kept.len() == head && scheme(word).is_none()) {
            found.push(start..start + kept.len());
        }
    }
    found
}

/// The first ASCII letter or digit at or after `at`.
fn next_letter(text: &str, at: usize) -> Option<usize> {
    let found = text.as_bytes()[at..].iter().position(u8::is_ascii_alphanumeric)?;
    Some(at + found)
}

/// The bytes that may be passed over when no address begins here: up to the next place where one can.
fn run(word: &str) -> usize {
    let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    // `abchttps://…`: the scheme counts wherever it stands.
    let glued = word[1..end.max(1)].match_indices(['h', 'H']).map(|(at, _)| at + 1);
    glued.into_iter().find(|&at| scheme(&word[at..]).is_some()).unwrap_or(end)
}

/// The length of `http://` or `https://` at the start of `word`.
fn scheme(word: &str) -> Option<usize> {
    let name = ["https", "http"]
        .into_iter()
        .find(|name| word.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))?;
    let rest = &word[name.len()..];
    let colon = rest.chars().next().filter(|c| matches!(c, ':' | '：'))?;
    rest[colon.len_utf8()..].starts_with("//").then(|| name.len() + colon.len_utf8() + 2)
}

/// The length of a host at the start of `word` that is an address without a scheme.
fn bare_host(word: &str) -> Option<usize> {
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').unwrap_or(word.len());
    let host = word[..end].trim_end_matches('.');
    let (before, ending) = host.rsplit_once('.')?;
    let known = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let whole = before.split('.').all(|label| !label.is_empty());
    let www = host.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("www."));
    let has_path = host.len() == end && word[end..].starts_with('/');
    (known && whole && (www || has_path)).then_some(host.len())
}

/// Where the address at the start of `word` ends; its first `head` bytes belong to it.
fn address_end(word: &str, head: usize) -> usize {
    let mut at = head;
    let mut before = '/';
    while let Some(next) = word[at..].chars().next() {
        if next == '〔' {
            let Some(cut) = cut_end(&word[at..]) else { break };
            at += cut;
            before = '〕';
            continue;
        }
        let another = matches!(next, 'h' | 'H') && !"=/%".contains(before) && scheme(&word[at..]).is_some();
        if another || !(next.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(next)) {
            break;
        }
        before = next;
        at += next.len_utf8();
    }
    at
}

/// The length of `〔…〕` at the start of `text`.
fn cut_end(text: &str) -> Option<usize> {
    let close = text.char_indices().skip(1).take(CUT_CHARS_MAX).find(|&(_, c)| c == '〕')?.0;
    Some(close + '〕'.len_utf8())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<&str> {
        addresses(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn an_address_ends_where_the_sentence_goes_on() {
        for (text, address) in [
            ("看https://a.cn/x，明天停水", "https://a.cn/x"),
            ("看https://a.cn/x，7级地震", "https://a.cn/x"),
            ("看https://a.cn/x。7级", "https://a.cn/x"),
            ("看https://a.cn/x！3天", "https://a.cn/x"),
            ("看https://a.cn/x明天停水", "https://a.cn/x"),
            ("看https://a.cn/x\u{200B}3天", "https://a.cn/x"),
            ("(https://a.cn/x).", "https://a.cn/x"),
            ("“https://a.cn/x?b=1,2”", "https://a.cn/x?b=1,2"),
            ("https：//t.cn/A6xYz1 真的吗", "https：//t.cn/A6xYz1"),
            ("abchttps://t.cn/A6xYz1", "https://t.cn/A6xYz1"),
            ("HTTP://T.CN/a", "HTTP://T.CN/a"),
            ("https://a.cn/s?url=https://b.cn/x&c=1", "https://a.cn/s?url=https://b.cn/x&c=1"),
            ("https://a.cn/v/〔卡号〕/?b=1 真的吗", "https://a.cn/v/〔卡号〕/?b=1"),
            ("点v.douyin.com/iAbC/看", "v.douyin.com/iAbC/"),
            ("mp.weixin.qq.com/s/AbC-d_1", "mp.weixin.qq.com/s/AbC-d_1"),
            ("上www.example.com.cn查", "www.example.com.cn"),
        ] {
            assert_eq!(found(text), [address], "{text}");
        }
    }

    #[test]
    fn each_of_several_is_one() {
        assert_eq!(found("https://t.cn/ahttps://t.cn/b"), ["https://t.cn/a", "https://t.cn/b"]);
        assert_eq!(found("https://t.cn/a,https://t.cn/b"), ["https://t.cn/a", "https://t.cn/b"]);
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "",
            "没有",
            "http://",
            "https",
            "a@b.com/x",
            "3.5/4.2",
            "12.com",
            "baidu.com很好",
            "3.cn",
            "2026.11.30/12.05",
            "..cn/x",
            "www.",
            "www.x",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn they_lie_in_order_on_character_boundaries(text in ".{0,60}|(https?[:：]//|www\\.|[a-z.:/@,〔〕号县]|\\.com/){0,30}") {
            let mut before = 0;
            for range in addresses(&text) {
                prop_assert!(before <= range.start && range.start < range.end);
                prop_assert!(text.get(range.clone()).is_some());
                before = range.end;
            }
        }
    }
}

//! What a message holds beside words: faces as chat programs write them, emoji, and what stands in the place of what
//! could not be shown. They say nothing to compare by and are left out; the words around them stay, whatever they are.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::normalise::{bare, normalise};

/// WeChat's faces in letters, behind `/:`. Those that begin others come after them.
const CODES: &str = "\
    :) :~ :B :| 8-) :< :$ :X :Z :'( :-| :@ :P :D :O :( :+ --b :Q :T ,@P ,@-D :d ,@o :g |-) :! :L :> :,@ ,@f :-S ? \
    ,@x ,@@ :8 ,@! !!! xx bye wipe dig handclap &-( B-) <@ @> :-O >-| P-( :'| X-) :* @x 8* pd <W> beer basketb oo \
    coffee eat pig rose fade showlove heart break cake li bome kn footb ladybug shit moon sun gift hug strong weak \
    share v @) jj @@ bad lvu no ok love <L> jump shake <O> circle kotow turn skip oY #-0 hiphot kiss <& &> ,@ &gt; \
    ,@-d :b :z :x :q :t :o :p :l :h :f :s :i :c :k";

/// The characters that a face in brackets may have, the longest name among them.
const NAME_CHARS_MAX: usize = 40;

/// What follows the face at the start of `text`; `None` where there is none.
pub fn skip_face(text: &str) -> Option<&str> {
    skip_code(text).or_else(|| skip_bracketed(text))
}

/// `/:rose`, `/::)`, also with signs as XML writes them.
fn skip_code(text: &str) -> Option<&str> {
    static CODES_BY_LENGTH: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut codes: Vec<String> = CODES
            .split_whitespace()
            .flat_map(|code| {
                let escaped = code.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                [code.to_owned(), escaped]
            })
            .collect();
        codes.sort_by_key(|code| std::cmp::Reverse(code.len()));
        codes.dedup();
        codes
    });
    let code = text.strip_prefix("/:")?;
    CODES_BY_LENGTH.iter().find_map(|known| code.strip_prefix(known.as_str()))
}

/// `[破涕为笑]`, `【收到不支持的消息类型，暂无法显示】`.
fn skip_bracketed(text: &str) -> Option<&str> {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let lines = include_str!("faces.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).map(bare).collect()
    });
    let open = text.chars().next()?;
    let close = match open {
        '[' => ']',
        '【' => '】',
        _ => return None,
    };
    let inside = &text[open.len_utf8()..];
    let mut signs = inside.char_indices().take(NAME_CHARS_MAX + 1);
    let (end, sign) = signs.find(|&(_, c)| c == close || c == open)?;
    if sign != close {
        return None;
    }
    let name = bare(&inside[..end]);
    // What stands in 【】 is mostly a headline: only what could not be shown is none.
    let is_face = open == '[' && NAMES.contains(&name);
    (is_face || is_placeholder(&name)).then(|| &inside[end + close.len_utf8()..])
}

/// True for a text, bare of signs, that stands in the place of a message that could not be shown.
pub fn is_placeholder(bare_text: &str) -> bool {
    static PLACEHOLDERS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let lines = include_str!("placeholders.txt").lines().filter(|line| !line.starts_with('#'));
        lines.map(bare).collect()
    });
    PLACEHOLDERS.contains(bare_text)
}

/// True where a message has no words: faces, emoji and signs only, or a placeholder.
pub fn is_wordless(message: &str) -> bool {
    normalise(&without_emoji(message)).is_empty()
}

/// A text without the emoji that are letters or digits in a frame: keycaps, flags, squared words.
fn without_emoji(text: &str) -> String {
    const VARIATION: char = '\u{FE0F}';
    const KEYCAP: char = '\u{20E3}';
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let framed = matches!(character,
            '\u{1F100}'..='\u{1F2FF}' | '\u{1F51F}' | '\u{E0020}'..='\u{E007F}' | '\u{3297}' | '\u{3299}');
        let mut next = characters.peek().copied();
        let shown_as_picture = next == Some(VARIATION);
        if shown_as_picture {
            characters.next();
            next = characters.peek().copied();
        }
        if next == Some(KEYCAP) {
            characters.next();
            continue;
        }
        if !framed && !shown_as_picture {
            kept.push(character);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_emoji_and_placeholders_are_no_words_in_any_mixture() {
        for message in [
            "/::)",
            "/:rose",
            "/:handclap/:handclap",
            "/:bye ！！",
            "/::@/:,@P/::~/:&lt;W&gt;/:<W>",
            "[破涕为笑]",
            "[破涕為笑]",
            "[Smile]",
            "[ThumbsUp][ThumbsUp]",
            "［微笑］",
            "[让我看看][社会社会]",
            "[發][Emm][666]",
            "😱😱🙏🏻👨‍👩‍👧",
            "🇨🇳🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "1️⃣2️⃣#️⃣🔟🆗🅰️㊗️㊙️ℹ️™️",
            "/::D[Grin]😀~~ 。。。",
            "[图片]",
            "[視頻] [动画表情]",
            "[Photo]",
            "【收到不支持的消息类型，暂无法显示】",
            "[收到不支持的消息类型，暂无法显示]",
            "收到不支持的消息類型，暫無法顯示",
            "[Unsupported Message]",
            "[Received an unsupported message type]",
            "当前微信版本不支持展示该内容，请升级至最新版本。",
            "",
        ] {
            assert!(is_wordless(message), "{message}");
        }
    }

    #[test]
    fn faces_never_take_words_with_them() {
        for (message, words) in [
            ("/::@小区又要停水三天了是真的吗", "小区又要停水3天了是真的吗"),
            ("停水[破涕为笑]了吗/:rose", "停水了吗"),
            ("[停水]明天全县停水", "停水明天全县停水"),
            ("【紧急通知】明天停水", "紧急通知明天停水"),
            ("[微笑服务]态度差", "微笑服务态度差"),
            ("收到不支持的消息类型是什么意思", "收到不支持的消息类型是什么意思"),
            ("水费涨到1️⃣0️⃣元", "水费涨到10元"),
            ("[", ""),
            ("[微笑", "微笑"),
        ] {
            assert_eq!(normalise(message), words, "{message}");
            assert_eq!(is_wordless(message), words.is_empty(), "{message}");
        }
    }
}

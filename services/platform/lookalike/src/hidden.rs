//! Characters that cannot be seen: they hide in words, turn their order round, and nobody can find them to delete.

use crate::pictograph::{is_pictograph, is_skin_tone};

const JOINER: char = '\u{200D}';
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';
const TAG_END: char = '\u{E007F}';

/// True for what takes no place and leaves no mark: Unicode's format characters (but for the Arabic number signs,
/// which are seen), its default ignorable characters, and the separators of lines and paragraphs. Control
/// characters are not among them.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// A character of a text that nobody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Its first byte in the text.
    pub at: usize,
    /// The character.
    pub character: char,
}

/// The invisible and control characters of a text, in order. Line ends and tabs are none, and neither is what
/// holds an emoji together: the joiners of 👨‍👩‍👧, the selector of ❤️, the tags of a flag.
pub fn hidden(text: &str) -> impl Iterator<Item = Hidden> + '_ {
    let mut before = Before::default();
    text.char_indices().filter_map(move |(at, character)| {
        let rest = &text[at + character.len_utf8()..];
        let unseen =
            is_invisible(character) || (character.is_control() && !matches!(character, '\n' | '\r' | '\t'));
        let holds_emoji = unseen && before.holds(character, rest);
        before.pass(character, rest, holds_emoji);
        (unseen && !holds_emoji).then_some(Hidden { at, character })
    })
}

/// A text without its hidden characters, with plain line feeds for every line end and blanks for tabs.
#[must_use]
pub fn cleaned(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut copied = 0;
    let mut copy = |part: &str| {
        for character in part.replace("\r\n", "\n").chars() {
            clean.push(match character {
                '\r' => '\n',
                '\t' => ' ',
                other => other,
            });
        }
    };
    for Hidden { at, character } in hidden(text) {
        copy(&text[copied..at]);
        if matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}') {
            copy("\n");
        }
        copied = at + character.len_utf8();
    }
    copy(&text[copied..]);
    clean
}

/// What stands before a character, as far as emoji care.
#[derive(Default)]
struct Before {
    /// The character itself.
    last: Option<char>,
    /// True when a picture ends there, with its tone and selector.
    picture: bool,
    /// True within the tags of a flag that has an end.
    flag: bool,
}

impl Before {
    /// True when an invisible character holds an emoji together.
    fn holds(&self, character: char, rest: &str) -> bool {
        let next = rest.chars().next();
        match character {
            JOINER => self.picture && next.is_some_and(is_pictograph),
            // The picture or the text form of what stands before.
            '\u{FE0E}' | '\u{FE0F}' => {
                self.last.is_some_and(is_pictograph)
                    || (matches!(self.last, Some('0'..='9' | '#' | '*')) && next == Some(KEYCAP))
            }
            '\u{E0020}'..=TAG_END => self.flag,
            _ => false,
        }
    }

    fn pass(&mut self, character: char, rest: &str, holds_emoji: bool) {
        self.picture = is_pictograph(character)
            || (self.picture && (is_skin_tone(character) || (holds_emoji && character != JOINER)));
        self.flag = match character {
            BLACK_FLAG => is_tagged(rest),
            TAG_END => false,
            _ => self.flag && holds_emoji,
        };
        self.last = Some(character);
    }
}

/// True when `rest` begins with tags that are a flag's, down to the one that ends them.
fn is_tagged(rest: &str) -> bool {
    let after = rest.trim_start_matches(|tag| ('\u{E0020}'..TAG_END).contains(&tag));
    after.len() < rest.len() && after.starts_with(TAG_END)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_invisible_stays() {
        for hidden in [
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{1160}',
            '\u{3164}',
            '\u{FFA0}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{200F}',
            '\u{202A}',
            '\u{202E}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2069}',
            '\u{FE00}',
            '\u{FE0E}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{E0001}',
            '\u{E0041}',
            '\u{E0100}',
            '\u{0}',
            '\u{7}',
            '\u{7F}',
            '\u{9F}',
        ] {
            let text = format!("县{hidden}医院");
            assert_eq!(cleaned(&text), "县医院", "{hidden:?}");
            assert_eq!(super::hidden(&text).collect::<Vec<_>>(), [Hidden { at: 3, character: hidden }]);
        }
    }

    #[test]
    fn line_ends_of_every_kind_are_line_feeds() {
        assert_eq!(
            cleaned("一\r\n二\r三\u{2028}四\u{2029}五\u{85}六\t七\n八"),
            "一\n二\n三\n四\n五\n六 七\n八"
        );
    }

    #[test]
    fn emoji_stay_whole_and_their_joiners_are_not_hidden() {
        for emoji in [
            "👨‍👩‍👧",
            "👩🏽‍🚒",
            "👨🏻‍❤️‍👨🏿",
            "❤️",
            "☀︎",
            "🏳️‍🌈",
            "🏴‍☠️",
            "👁️‍🗨️",
            "1️⃣#️⃣*️⃣",
            "🧑‍⚕️",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "🇨🇳",
        ] {
            let text = format!("家庭号{emoji}服务");
            assert_eq!(cleaned(&text), text);
            assert_eq!(hidden(&text).count(), 0, "{emoji}");
        }
    }

    #[test]
    fn a_joiner_that_joins_nothing_is_hidden() {
        for (text, clean) in [
            ("👨‍县", "👨县"),
            ("县‍👨", "县👨"),
            ("👨‍‍👩", "👨👩"),
            ("1\u{FE0F}3", "13"),
            ("县\u{FE0F}", "县"),
            ("🏴\u{E0067}\u{E0062}县", "🏴县"),
            ("👨\u{E0067}\u{E007F}", "👨"),
            ("❤️️", "❤️"),
        ] {
            assert_eq!(cleaned(text), clean, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_clean_text_hides_nothing_and_stays(text in ".{0,60}|[👨❤🏴\u{200D}\u{FE0F}\u{E0062}\u{E007F}🏽1\u{20E3}县\r\n]{0,30}") {
            let once = cleaned(&text);
            prop_assert_eq!(cleaned(&once), once.clone());
            prop_assert_eq!(hidden(&once).count(), 0);
        }
    }
}

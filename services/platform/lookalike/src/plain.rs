//! One character as what it looks like.

use std::sync::LazyLock;

use unicode_normalization::char::decompose_compatible;

use crate::hidden::is_invisible;

/// Reads `character` as what it looks like and hands that on, character by character: nothing for what cannot be
/// seen, several for such as ⑩ or ㍿. Reading the result again changes nothing.
pub fn plain(character: char, mut keep: impl FnMut(char)) {
    match character {
        // Most of every text, before any table.
        '\u{0}'..='\u{7f}' | '\u{3001}'..='\u{3020}' | '\u{3400}'..='\u{9fff}' => keep(character),
        // Kana and Hangul would fall into parts.
        '\u{3041}'..='\u{3098}' | '\u{309D}'..='\u{30FE}' | '\u{AC00}'..='\u{D7A3}' => keep(character),
        '\u{FF01}'..='\u{FF5E}' => keep(char::from_u32(character as u32 - 0xFEE0).unwrap_or(character)),
        '\u{2028}' | '\u{2029}' => keep('\n'),
        _ if is_invisible(character) => {}
        // A cell of Braille without a dot is as wide as a letter and empty.
        '\u{2800}' => keep(' '),
        _ => match number(character) {
            Some(number) if number < 10 => keep(digit(number)),
            Some(number) => {
                keep(digit(number / 10));
                keep(digit(number % 10));
            }
            None => decompose_compatible(character, |part| {
                if !is_mark(part) {
                    keep(same_look(part));
                }
            }),
        },
    }
}

/// `text` as it looks.
#[must_use]
pub fn plain_text(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for character in text.chars() {
        plain(character, |part| seen.push(part));
    }
    seen
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// The zero of every script that writes decimal digits, in order; its nine others follow it.
const ZEROS: [char; 59] = [
    '\u{660}',
    '\u{6F0}',
    '\u{7C0}',
    '\u{966}',
    '\u{9E6}',
    '\u{A66}',
    '\u{AE6}',
    '\u{B66}',
    '\u{BE6}',
    '\u{C66}',
    '\u{CE6}',
    '\u{D66}',
    '\u{DE6}',
    '\u{E50}',
    '\u{ED0}',
    '\u{F20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17E0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19D0}',
    '\u{1A80}',
    '\u{1A90}',
    '\u{1B50}',
    '\u{1BB0}',
    '\u{1C40}',
    '\u{1C50}',
    '\u{A620}',
    '\u{A8D0}',
    '\u{A900}',
    '\u{A9D0}',
    '\u{A9F0}',
    '\u{AA50}',
    '\u{ABF0}',
    '\u{104A0}',
    '\u{10D30}',
    '\u{11066}',
    '\u{110F0}',
    '\u{11136}',
    '\u{111D0}',
    '\u{112F0}',
    '\u{11450}',
    '\u{114D0}',
    '\u{11650}',
    '\u{116C0}',
    '\u{11730}',
    '\u{118E0}',
    '\u{11950}',
    '\u{11C50}',
    '\u{11D50}',
    '\u{11DA0}',
    '\u{16A60}',
    '\u{16AC0}',
    '\u{16B50}',
    '\u{1E140}',
    '\u{1E2F0}',
    '\u{1E4F0}',
    '\u{1E950}',
];

/// Numbers in circles and other dress that Unicode gives no decomposition: first, last, what the first one is
/// worth and the step from one to the next.
const DRESSED: [(char, char, u32, u32); 14] = [
    ('\u{24EB}', '\u{24F4}', 11, 1),
    ('\u{24F5}', '\u{24FE}', 1, 1),
    ('\u{24FF}', '\u{24FF}', 0, 1),
    ('\u{2776}', '\u{277F}', 1, 1),
    ('\u{2780}', '\u{2789}', 1, 1),
    ('\u{278A}', '\u{2793}', 1, 1),
    // 〡 to 〩, the numerals of Suzhou.
    ('\u{3021}', '\u{3029}', 1, 1),
    ('\u{3248}', '\u{324F}', 10, 10),
    ('\u{1D360}', '\u{1D368}', 1, 1),
    ('\u{1D369}', '\u{1D371}', 10, 10),
    ('\u{1D372}', '\u{1D376}', 1, 1),
    ('\u{1F10B}', '\u{1F10B}', 0, 1),
    ('\u{1F10C}', '\u{1F10C}', 0, 1),
    // 🔟
    ('\u{1F51F}', '\u{1F51F}', 10, 1),
];

/// What a numeral is worth; `None` for what is none, or has a decomposition that says so.
fn number(character: char) -> Option<u32> {
    let behind = ZEROS.partition_point(|&zero| zero <= character);
    if let Some(&zero) = behind.checked_sub(1).and_then(|at| ZEROS.get(at)) {
        let value = character as u32 - zero as u32;
        if value < 10 {
            return Some(value);
        }
    }
    let behind = DRESSED.partition_point(|&(first, ..)| first <= character);
    let &(first, last, worth, step) = DRESSED.get(behind.checked_sub(1)?)?;
    (character <= last).then(|| worth + (character as u32 - first as u32) * step)
}

/// Strokes, dots and rings over, under and around a character: accents, crossing out, the frame of a keycap.
const fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36F}'
            | '\u{483}'..='\u{489}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

/// Letters of Greek and Cyrillic beside the Latin ones that they are taken for.
const LETTERS: &str = "\
    ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa ιi κk νv οo ρp υu χx ϲc ϳj \
    АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ХX ԁd аa вb еe кk мm нh оo рp сc тt уy хx ѕs іi јj һh ԛq ԝw ɑa ɡg ıi";

/// Letters in black circles and squares, which have no decomposition: the A of each row.
const DARK_ALPHABETS: [u32; 2] = [0x1F150, 0x1F170];

/// What a character looks like that Unicode gives no decomposition.
fn same_look(character: char) -> char {
    static LOOKS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
        let radicals = include_str!("radicals.txt").lines().filter(|line| !line.starts_with('#'));
        let pairs = radicals.chain([LETTERS]).flat_map(str::split_whitespace).filter_map(|pair| {
            let mut pair = pair.chars();
            Some((pair.next()?, pair.next()?))
        });
        let mut looks: Vec<(char, char)> = pairs.collect();
        looks.sort_unstable();
        looks
    });
    let dark = DARK_ALPHABETS.iter().find_map(|row| {
        let letter = (character as u32).checked_sub(*row).filter(|letter| *letter < 26)?;
        char::from_u32(u32::from(b'A') + letter)
    });
    dark.unwrap_or_else(|| {
        LOOKS.binary_search_by_key(&character, |&(from, _)| from).map_or(character, |at| LOOKS[at].1)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn radicals_compatibility_and_full_width_characters_read_as_what_they_look_like() {
        for (written, looks) in [
            ("⽔库⼤坝要垮了", "水库大坝要垮了"),
            ("⽔⼚⼤⽕", "水厂大火"),
            ("⼭体滑坡，⼈都⾛了吗", "山体滑坡,人都走了吗"),
            ("⻓江⻥⻅⻋⻔⻢⻰⻩⺠", "长江鱼见车门马龙黄民"),
            ("\u{F9EA}散\u{F90A}", "離散金"),
            ("\u{2F800}㐀", "丽㐀"),
            ("Ａｂｃ１２３％（）　！", "Abc123%() !"),
            ("①③⑧ ⑴⑵ ⒈ ❶❷ ➀➁ ⓵ ⓿ ⓫ ㈠ ㊀ 🄋", "138 (1)(2) 1. 12 12 1 0 11 (一) 一 0"),
            ("𝟏𝟑𝟖 𝟙𝟛𝟠 𝟣 𝟭 𝟷 🯱🯳🯸", "138 138 1 1 1 138"),
            ("1️⃣3️⃣8️⃣🔟", "13810"),
            ("١٣٨ ۱۳۸ १३८ ๑๓๘ ໑໓໘ ᠑᠓᠘", "138 138 138 138 138 138"),
            ("¹²³ ₄₅₆ 〡〢〣", "123 456 123"),
            ("𝓌𝓍𝒾𝒹 ⓌⓍ 🅥🅧 🆅🆇 ⒲⒳", "wxid WX VX VX (w)(x)"),
            ("wхіd ВХ Χ", "wxid BX X"),
            ("é ü n̶o̶ ⓐ", "e u no a"),
            ("가나다 がぎ ガギ", "가나다 がぎ ガギ"),
            ("地\u{AD}震\u{200B}\u{34F}\u{E0041}来", "地震来"),
            ("上\u{2028}下", "上\n下"),
        ] {
            assert_eq!(plain_text(written), looks, "{written}");
        }
    }

    #[test]
    fn what_is_ordinary_stays_as_it_is() {
        let ordinary = "明天3点停水。《通知》〔2026〕7号 abc-XYZ@#/:?\t\n𠀀😱";
        assert_eq!(plain_text(ordinary), ordinary);
    }

    #[test]
    fn the_tables_are_in_order() {
        assert!(ZEROS.is_sorted());
        assert!(DRESSED.is_sorted());
    }

    proptest! {
        #[test]
        fn reading_twice_is_reading_once(text in "\\PC{0,80}|.{0,80}") {
            let once = plain_text(&text);
            prop_assert_eq!(plain_text(&once), once);
        }
    }

    #[test]
    fn every_character_reads_the_same_the_second_time() {
        for character in '\0'..=char::MAX {
            let mut once = String::new();
            plain(character, |part| once.push(part));
            assert_eq!(plain_text(&once), once, "{character:?}");
        }
    }
}

//! A text as the recognisers read it: as it looks, character by character, each with its place in what was written.
//!
//! Web addresses, faces that hold an at sign and what was masked before are blocked out: nothing is found in them, and
//! no word is heard across them.

use std::ops::Range;

use lookalike::{Shadow, addresses};

use crate::kind::Kind;

/// Stands where something is blocked out; it is neither letter nor digit nor sign.
pub const BLOCK: char = '\u{FFFC}';

/// Letters that look like digits.
pub const DIGIT_LIKE: [char; 4] = ['l', 'I', 'O', 'o'];

/// WeChat's faces that hold an at sign, the longer ones first.
const FACES: &[&str] = &[
    "/:,@-D", "/:,@-d", "/:,@P", "/:,@p", "/:,@o", "/:,@f", "/:,@x", "/:,@@", "/:,@!", "/:,@", "/::,@",
    "/::@", "/:<@", "/:&lt;@", "/:@>", "/:@&gt;", "/:@)", "/:@x", "/:@@", "/:@", "[@]", "/:8@",
];

/// True for letters and digits; one in a circle or a box is a sign, though a digit there is still a digit.
fn is_written(character: char) -> bool {
    character.is_alphanumeric() && !matches!(character, '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F189}')
}

/// A text as it looks.
pub struct Reading {
    shadow: Shadow,
    /// The characters, with [`BLOCK`] for each that is blocked out.
    pub chars: Vec<char>,
    /// The same as a text.
    pub text: String,
    /// Where each character begins in `text`, and where the last one ends.
    at: Vec<usize>,
    /// Where each begins in the shadow, and where the last one ends.
    shadow_at: Vec<usize>,
    /// Of the digits and the letters that look like one those that are part of a sign (`㋀`, the `o` of `℅`), in their
    /// order.
    of_signs: Vec<usize>,
}

impl Reading {
    /// Reads a text.
    pub fn of(written: &str) -> Self {
        let shadow = Shadow::of(written);
        let blocked = blocked(written, &shadow);
        let mut chars = Vec::with_capacity(shadow.text().len() / 2);
        let mut text = String::with_capacity(shadow.text().len());
        let (mut at, mut shadow_at, mut of_signs) = (Vec::new(), Vec::new(), Vec::new());
        let mut zones = blocked.iter().peekable();
        for (place, seen) in shadow.text().char_indices() {
            while zones.next_if(|zone| zone.end <= place).is_some() {}
            let is_blocked = zones.peek().is_some_and(|zone| zone.contains(&place));
            let character = if is_blocked { BLOCK } else { seen };
            if character.is_ascii_digit() || DIGIT_LIKE.contains(&character) {
                let original = &written[shadow.original(place..place + seen.len_utf8())];
                if !original.chars().any(is_written) {
                    of_signs.push(chars.len());
                }
            }
            at.push(text.len());
            shadow_at.push(place);
            chars.push(character);
            text.push(character);
        }
        at.push(text.len());
        shadow_at.push(shadow.text().len());
        Self { shadow, chars, text, at, shadow_at, of_signs }
    }

    /// True where a digit, or a letter that may stand for one, is part of a sign: nobody wrote it by itself.
    pub fn is_of_sign(&self, index: usize) -> bool {
        self.of_signs.binary_search(&index).is_ok()
    }

    /// The place in the characters of a byte of `text`.
    pub fn index(&self, byte: usize) -> usize {
        self.at.partition_point(|&at| at < byte)
    }

    /// The characters of these bytes of `text`.
    pub fn indices(&self, bytes: Range<usize>) -> Range<usize> {
        self.index(bytes.start)..self.index(bytes.end)
    }

    /// The text from one character to before another.
    pub fn slice(&self, chars: Range<usize>) -> &str {
        &self.text[self.at[chars.start]..self.at[chars.end]]
    }

    /// The character before `index`.
    pub fn before(&self, index: usize) -> Option<char> {
        index.checked_sub(1).map(|before| self.chars[before])
    }

    /// What was written where these characters are read.
    pub fn original(&self, chars: Range<usize>) -> Range<usize> {
        self.shadow.original(self.shadow_at[chars.start]..self.shadow_at[chars.end])
    }
}

/// What is blocked out, as bytes of the shadow in order.
fn blocked(written: &str, shadow: &Shadow) -> Vec<Range<usize>> {
    let mut zones: Vec<Range<usize>> = Vec::new();
    let seen = shadow.text();
    for kind in Kind::ALL {
        zones.extend(seen.match_indices(kind.label()).map(|(at, label)| at..at + label.len()));
    }
    if seen.contains('@') {
        let mut at = 0;
        while let Some(start) = seen[at..].find(['/', '[']).map(|found| at + found) {
            let face = FACES.iter().find(|face| seen[start..].starts_with(**face));
            let length = face.map_or(1, |face| face.len());
            if face.is_some() {
                zones.push(start..start + length);
            }
            at = start + length;
        }
    }
    let links = addresses(written);
    if !links.is_empty() {
        let mut links = links.iter().peekable();
        for (place, character) in seen.char_indices() {
            let here = place..place + character.len_utf8();
            let start = shadow.original(here.clone()).start;
            while links.next_if(|link| link.end <= start).is_some() {}
            if links.peek().is_some_and(|link| link.contains(&start)) {
                zones.push(here);
            }
        }
    }
    zones.sort_by_key(|zone| zone.start);
    zones
}

/// True for what stands between digits and letters without being one: signs, blanks, line ends, pictures.
pub fn is_sign(character: char) -> bool {
    // A stroke that is a character of its own is written for a bar.
    matches!(character, '丨' | '丶' | 'ー' | '亅') || (!character.is_alphanumeric() && character != BLOCK)
}

/// True for a Chinese character.
pub const fn is_han(character: char) -> bool {
    matches!(character, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{323AF}')
}

//! A text as it looks, with the way back into the text as it was written.

use std::ops::Range;

use crate::plain::plain;

/// A text as it looks. Places in it are bytes, and [`original`](Self::original) says what they were read from.
#[derive(Clone, Debug)]
pub struct Shadow {
    text: String,
    stretches: Vec<Stretch>,
    original_end: usize,
}

/// A part of the shadow that was read in one way.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Its first byte in the shadow.
    start: usize,
    /// The first byte of what it was read from.
    original: usize,
    /// True where it is written as it looks; otherwise it is one character of the original.
    verbatim: bool,
}

impl Shadow {
    /// Reads a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut seen = String::with_capacity(text.len());
        let mut stretches: Vec<Stretch> = Vec::new();
        for (at, character) in text.char_indices() {
            let start = seen.len();
            plain(character, |part| seen.push(part));
            if seen.len() == start {
                continue;
            }
            let verbatim = seen[start..].chars().eq([character]);
            let goes_on = verbatim
                && stretches
                    .last()
                    .is_some_and(|last| last.verbatim && at - last.original == start - last.start);
            if !goes_on {
                stretches.push(Stretch { start, original: at, verbatim });
            }
        }
        Self { text: seen, stretches, original_end: text.len() }
    }

    /// The text as it looks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the original from which `range` was read: whole characters, and the invisible ones that
    /// follow the last of them. Where the range begins or ends within what one character was read as, that
    /// character is part of it.
    #[must_use]
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let start = self.stretch(range.start).map_or(self.original_end, |(stretch, _)| {
            if stretch.verbatim { stretch.original + (range.start - stretch.start) } else { stretch.original }
        });
        if range.is_empty() {
            return start..start;
        }
        let end = self.stretch(range.end - 1).map_or(self.original_end, |(stretch, next)| {
            let next_start = next.map_or(self.text.len(), |next| next.start);
            if stretch.verbatim && range.end < next_start {
                stretch.original + (range.end - stretch.start)
            } else {
                next.map_or(self.original_end, |next| next.original)
            }
        });
        start..end
    }

    /// The stretch that holds a byte of the shadow, and the one behind it; `None` at its end.
    fn stretch(&self, at: usize) -> Option<(Stretch, Option<Stretch>)> {
        if at >= self.text.len() {
            return None;
        }
        let behind = self.stretches.partition_point(|stretch| stretch.start <= at);
        let stretch = self.stretches.get(behind.checked_sub(1)?)?;
        Some((*stretch, self.stretches.get(behind).copied()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `looks` was read from in `text`.
    fn cut<'a>(text: &'a str, looks: &str) -> &'a str {
        let shadow = Shadow::of(text);
        let at = shadow.text().find(looks).unwrap();
        &text[shadow.original(at..at + looks.len())]
    }

    #[test]
    fn what_is_found_in_the_shadow_is_cut_in_the_original() {
        assert_eq!(cut("打138问", "138"), "138");
        assert_eq!(cut("打１３８问", "138"), "１３８");
        assert_eq!(cut("打1️⃣3️⃣8️⃣问", "138"), "1️⃣3️⃣8️⃣");
        assert_eq!(cut("打1\u{200B}38问", "138"), "1\u{200B}38");
        assert_eq!(cut("打13\u{AD}", "13"), "13\u{AD}");
        assert_eq!(cut("第⑩个", "0"), "⑩");
        assert_eq!(cut("第⑩个", "1"), "⑩");
        assert_eq!(cut("⽔库", "水"), "⽔");
        assert_eq!(cut("水库", "库"), "库");
    }

    #[test]
    fn the_end_of_the_shadow_is_the_end_of_the_original() {
        let shadow = Shadow::of("一\u{200B}");
        assert_eq!(shadow.original(3..3), 4 + 2..4 + 2);
        assert_eq!(Shadow::of("").original(0..0), 0..0);
        assert_eq!(Shadow::of("\u{200B}").original(0..0), 3..3);
    }

    proptest! {
        #[test]
        fn places_never_run_backwards_and_are_character_boundaries(text in ".{0,40}|[1️⃣⑩㍿\u{200B}县a１]{0,30}") {
            let shadow = Shadow::of(&text);
            let mut before = 0..0;
            for (at, character) in shadow.text().char_indices() {
                let here = shadow.original(at..at + character.len_utf8());
                prop_assert!(text.get(here.clone()).is_some());
                prop_assert!(!here.is_empty());
                prop_assert!(before.start <= here.start && before.end <= here.end);
                let through = shadow.original(0..at + character.len_utf8());
                prop_assert_eq!(through.end, here.end);
                before = here;
            }
        }
    }
}

//! An officer's words beside a request that must never be refused for its words.

/// Characters of such words at most: a sentence or two.
const CHARACTERS_MAX: usize = 500;

/// What is kept of `text`, whatever it is: control characters become spaces, what surrounds it goes, and what is too
/// long is cut and ends in 「…」. It may be empty. Stopping must not wait for words.
#[must_use]
pub fn brief(text: &str) -> String {
    let text: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let text = text.trim();
    match text.char_indices().nth(CHARACTERS_MAX) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(CHARACTERS_MAX - 1).collect();
            kept + "…"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_kind_are_taken_and_cut() {
        for (typed, kept) in [("", ""), (" \n\t ", ""), (" 数字有误\u{0}，先停\r\n", "数字有误 ，先停")]
        {
            assert_eq!(brief(typed), kept);
        }
        assert_eq!(brief(&"停".repeat(500)), "停".repeat(500));
        let long = brief(&"停".repeat(40_000));
        assert_eq!((long.chars().count(), long.chars().last()), (500, Some('…')));
    }
}

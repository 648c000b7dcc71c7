//! The sentence that stands for a claim: the words of the report that opened it, without what only passes on.

use crate::normalise::normalise;
use crate::profile::Profile;
use crate::wording::{Part, Wording};

/// Longer sentences are cut; a queue shows one line.
const CHARS_MAX: usize = 80;

/// Makes the sentence of a claim out of a report's own words.
///
/// Clauses that say nothing of the subject (「群里都在转」, 「是真的吗」) are left out. A text with nothing
/// left keeps its own beginning, so that the sentence is never empty for a text that is not.
pub fn sentence(text: &str) -> String {
    let clauses = text.split(|c: char| "，。！？；、,!?;\n\r\t".contains(c)).map(str::trim);
    let telling = clauses
        .filter(|clause| Profile::of(&normalise(clause)).informative > 0)
        .enumerate()
        .map(|(at, clause)| if at == 0 { without_lead(clause) } else { clause });
    let mut sentence = String::new();
    let mut length = 0;
    for clause in telling {
        if length > 0 && length + clause.chars().count() > CHARS_MAX {
            break;
        }
        if length > 0 {
            sentence.push('，');
        }
        sentence.push_str(clause);
        length = sentence.chars().count();
    }
    if sentence.is_empty() {
        sentence.push_str(text.trim());
    }
    cut(&sentence)
}

/// A clause without a leading 听说, 网传, 说 …
fn without_lead(clause: &str) -> &str {
    let normalised = normalise(clause);
    let lead = Wording::get().parts_of(&normalised).next();
    let stripped = match lead {
        // Only where the clause itself begins with the very word: the rest is then still the sender's own.
        Some(found) if found.start == 0 && found.meaning == Part::PassingOn => {
            clause.strip_prefix(found.word).unwrap_or(clause)
        }
        _ => clause,
    };
    let stripped = stripped.strip_prefix('说').unwrap_or(stripped);
    stripped.trim_start_matches(|c: char| c.is_whitespace() || "：:“”\"《》【】".contains(c))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_only_passes_on_is_left_out() {
        assert_eq!(
            sentence("群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？"),
            "明天凌晨3点青岚县有7级地震，让大家别睡屋里"
        );
        assert_eq!(
            sentence("听说城东市场的西瓜都打了甜水针，小孩吃了住院，真的吗"),
            "城东市场的西瓜都打了甜水针，小孩吃了住院"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_a_bare_one_kept() {
        assert_eq!(sentence(&"震".repeat(100_000)).chars().count(), CHARS_MAX + 1);
        assert_eq!(sentence("真的吗"), "真的吗");
    }

    proptest! {
        #[test]
        fn any_text_has_a_sentence_of_bounded_length(text in "\\PC{0,300}") {
            let sentence = sentence(&text);
            prop_assert!(sentence.chars().count() <= CHARS_MAX + 1);
            prop_assert_eq!(sentence.is_empty(), text.trim().is_empty());
        }
    }
}

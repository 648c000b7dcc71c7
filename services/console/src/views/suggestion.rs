//! What may belong together or apart: two sentences side by side, with the words that both have marked.

use contracts::approval::v1::{Case, case};
use contracts::classification::v1::{Suggestion, suggestion};

use super::{CaseView, ReasonView, reasons};
use crate::language::fill;
use crate::session::SignedIn;
use time::OffsetDateTime;

/// A sentence of a suggestion, in pieces.
pub(crate) struct Piece {
    pub text: String,
    pub marked: bool,
}

/// A suggestion on the page of one case.
pub(crate) struct SuggestionView {
    pub id: String,
    /// What this case says.
    pub ours: Vec<Piece>,
    /// What the other says, or the reports that may be apart.
    pub theirs: Vec<Piece>,
    pub alike: String,
    pub reasons: Vec<ReasonView>,
    pub kind: Kind,
}

/// What can be done.
pub(crate) enum Kind {
    Merge(Box<MergeView>),
    Split { reports: Vec<String>, sentence: String, count: String },
}

/// A merge that is suggested, in the direction in which it is possible.
pub(crate) struct MergeView {
    /// The other case.
    pub other: CaseView,
    /// The case that would close.
    pub closing_id: String,
    /// What the button says.
    pub label: String,
    pub closing_revision: u64,
    /// The case that would go on.
    pub into_id: String,
    pub into_code: String,
    /// True where the reporters of the closing case would be sent a signed clarification.
    pub answers: bool,
    /// False where both have something signed.
    pub possible: bool,
}

impl SuggestionView {
    /// A suggestion as `case`'s page shows it; `other` is the case of the other claim.
    pub(crate) fn of(
        suggested: Suggestion,
        case: &Case,
        other: Option<Case>,
        now: OffsetDateTime,
        who: &SignedIn,
    ) -> Option<Self> {
        let words = who.words();
        let percent = format!("{:.0}%", suggested.similarity.clamp(0.0, 1.0) * 100.0);
        let kind = match suggested.kind() {
            suggestion::Kind::Merge => Kind::Merge(Box::new(MergeView::of(case, other?, now, who))),
            suggestion::Kind::Split => Kind::Split {
                count: fill(words.reports, suggested.report_ids.len()),
                reports: suggested.report_ids.clone(),
                sentence: suggested.other_sentence.chars().take(200).collect(),
            },
            suggestion::Kind::Unspecified => return None,
        };
        let swapped = suggested.claim_id != case.claim_id;
        let (ours, theirs) = if swapped {
            (&suggested.other_sentence, &suggested.sentence)
        } else {
            (&suggested.sentence, &suggested.other_sentence)
        };
        Some(Self {
            ours: pieces(ours, &suggested.matched_words),
            theirs: pieces(theirs, &suggested.matched_words),
            alike: fill(words.alike, percent),
            id: suggested.suggestion_id,
            reasons: reasons(suggested.reasons),
            kind,
        })
    }
}

impl MergeView {
    fn of(case: &Case, other: Case, now: OffsetDateTime, who: &SignedIn) -> Self {
        // What has been signed goes on; else what has gathered more; else this one.
        let rank = |case: &Case| (is_signed(case), case.report_count);
        let (closing, into) = if rank(&other) > rank(case) { (case, &other) } else { (&other, case) };
        Self {
            closing_id: closing.case_id.clone(),
            label: fill(&fill(who.words().merge_into, &closing.code), &into.code),
            closing_revision: closing.state_revision,
            into_id: into.case_id.clone(),
            into_code: into.code.clone(),
            answers: is_signed(into),
            possible: !is_signed(closing),
            other: CaseView::of(other, now, who.visit.language),
        }
    }
}

fn is_signed(case: &Case) -> bool {
    matches!(case.state(), case::State::Signed | case::State::Published)
}

/// Marks every place where one of `words` stands.
fn pieces(sentence: &str, words: &[String]) -> Vec<Piece> {
    let characters: Vec<char> = sentence.chars().collect();
    let mut marked = vec![false; characters.len()];
    for word in words {
        let word: Vec<char> = word.chars().collect();
        if word.is_empty() {
            continue;
        }
        for at in 0..characters.len().saturating_sub(word.len() - 1) {
            if characters[at..at + word.len()] == word[..] {
                marked[at..at + word.len()].fill(true);
            }
        }
    }
    marked_pieces(characters, &marked)
}

/// Neighbouring characters that are marked alike, together.
pub(super) fn marked_pieces(characters: Vec<char>, marked: &[bool]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (character, &marked) in characters.into_iter().zip(marked) {
        match pieces.last_mut() {
            Some(piece) if piece.marked == marked => piece.text.push(character),
            _ => pieces.push(Piece { text: character.to_string(), marked }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_words_stand_out_and_nothing_is_lost() {
        let words = ["青岚县".to_owned(), "地震".to_owned()];
        let found = pieces("青岚县有地震，青岚县", &words);
        let marked: Vec<&str> = found.iter().filter(|one| one.marked).map(|one| one.text.as_str()).collect();
        assert_eq!(marked, ["青岚县", "地震", "青岚县"]);
        assert_eq!(found.iter().map(|one| one.text.as_str()).collect::<String>(), "青岚县有地震，青岚县");
        assert!(pieces("", &words).is_empty());
    }
}

//! What a judgement rests on: the words with those marked that the nearest has too, what it was held against, and by
//! which versions of what.

use contracts::classification::v1::Basis;

use super::Piece;
use super::suggestion::marked_pieces;

/// What a judgement rests on.
pub(crate) struct BasisView {
    pub pieces: Vec<Piece>,
    pub neighbours: Vec<NeighbourView>,
    /// Such as "rules.intent 3".
    pub versions: String,
    pub index_change: u64,
}

/// Something known that the words were held against.
pub(crate) struct NeighbourView {
    pub text: String,
    pub clarification: bool,
    pub score: String,
    pub shares: Vec<ShareView>,
}

/// What one figure contributed.
pub(crate) struct ShareView {
    pub figure: String,
    pub detail: String,
    pub worth: String,
}

impl BasisView {
    pub(crate) fn of(basis: Basis, text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let mut marked = vec![false; characters.len()];
        for range in &basis.matched {
            let (start, end) = (range.start as usize, range.end as usize);
            // The words that were judged may be another's: a picture's, a transcript's.
            if let Some(run) = marked.get_mut(start..end) {
                run.fill(true);
            }
        }
        let neighbours = basis.neighbours.into_iter().map(|near| NeighbourView {
            text: near.text,
            clarification: near.claim_id.is_empty(),
            score: format!("{:+.1}", near.score),
            shares: near
                .shares
                .into_iter()
                .map(|share| ShareView {
                    figure: share.figure,
                    detail: share.detail,
                    worth: format!("{:+.1}", share.worth),
                })
                .collect(),
        });
        let versions = basis.versions.iter().map(|version| format!("{} {}", version.of, version.version));
        Self {
            pieces: marked_pieces(characters, &marked),
            neighbours: neighbours.collect(),
            versions: versions.collect::<Vec<_>>().join(" · "),
            index_change: basis.index_change,
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::classification::v1::basis::Range;

    use super::*;

    #[test]
    fn matched_words_are_marked_and_a_range_outside_of_the_words_marks_nothing() {
        let matched =
            vec![Range { start: 2, end: 4 }, Range { start: 90, end: 95 }, Range { start: 4, end: 3 }];
        let view = BasisView::of(Basis { matched, ..Basis::default() }, "听说地震了");
        let marked: Vec<&str> =
            view.pieces.iter().filter(|piece| piece.marked).map(|piece| piece.text.as_str()).collect();
        assert_eq!(marked, ["地震"]);
        assert_eq!(view.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), "听说地震了");
    }
}

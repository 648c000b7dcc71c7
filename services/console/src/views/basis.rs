//! What a judgement rests on: the words with those marked that the nearest has too, what it was held against, and by
//! which versions of what.

use contracts::classification::v1::Basis;

use super::Piece;
use super::suggestion::marked_pieces;
use crate::language::{Words, fill};

/// What a judgement rests on.
pub(crate) struct BasisView {
    pub pieces: Vec<Piece>,
    pub neighbours: Vec<NeighbourView>,
    /// Which rules and models, such as "意图规则 第3版".
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
    pub(crate) fn of(basis: Basis, text: &str, words: &'static Words) -> Self {
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
        let versions = basis.versions.iter().map(|version| named(&version.of, version.version, words));
        Self {
            pieces: marked_pieces(characters, &marked),
            neighbours: neighbours.collect(),
            versions: versions.collect::<Vec<_>>().join(" · "),
            index_change: basis.index_change,
        }
    }
}

/// What the judgement calls `rules.intent` or `model.topics`, in the reader's words.
fn named(of: &str, version: u64, words: &'static Words) -> String {
    let (kind, of) = of.split_once('.').unwrap_or((of, ""));
    let of = match of {
        "intent" => words.rules_intent,
        "urgency" => words.rules_urgency,
        "routing" | "topics" => words.rules_routing,
        "likelihood" => words.basis_order,
        other => other,
    };
    let name = fill(if kind == "model" { words.basis_model } else { words.basis_rules }, of);
    let version =
        if version == 0 { words.basis_built_in.to_owned() } else { fill(words.rules_version, version) };
    format!("{name} {version}")
}

#[cfg(test)]
mod tests {
    use contracts::classification::v1::basis::Range;

    use super::*;
    use crate::language::Language;

    #[test]
    fn matched_words_are_marked_and_a_range_outside_of_the_words_marks_nothing() {
        let matched =
            vec![Range { start: 2, end: 4 }, Range { start: 90, end: 95 }, Range { start: 4, end: 3 }];
        let view =
            BasisView::of(Basis { matched, ..Basis::default() }, "听说地震了", Language::Chinese.words());
        let marked: Vec<&str> =
            view.pieces.iter().filter(|piece| piece.marked).map(|piece| piece.text.as_str()).collect();
        assert_eq!(marked, ["地震"]);
        assert_eq!(view.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), "听说地震了");
    }

    #[test]
    fn rules_and_models_are_named_in_the_readers_words() {
        let words = Language::Chinese.words();
        assert_eq!(named("rules.intent", 0, words), "意图规则 内置");
        assert_eq!(named("rules.routing", 3, words), "去向规则 第3版");
        assert_eq!(named("model.likelihood", 2, words), "排序模型 第2版");
        assert_eq!(named("model.topics", 2, Language::English.words()), "Departments model Version 2");
    }
}

//! What a judgement rests on, as it is kept with it: small and bounded, so that every report has one.

use judgement::common::{common_ranges, meant_ranges};
use judgement::index::Kind;
use judgement::neighbours;
use judgement::rulebook::Kind as RulesKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decide::Ground;

/// What a judgement rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// The nearest of what was known, best first.
    pub neighbours: Vec<Neighbour>,
    /// Which characters of the words the nearest has too, or says in other words: first, and one past the last.
    pub matched: Vec<(u32, u32)>,
    /// By which versions of rules and models.
    pub versions: Vec<(String, i64)>,
    /// The last change to what is known that was taken into account.
    pub index_change: i64,
}

/// Something known that the words were held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// False for a clarification.
    pub is_claim: bool,
    /// Its id.
    pub id: Uuid,
    /// Its first words, normalised and cut short.
    pub text: String,
    /// The logarithm of the odds that both are about the same thing.
    pub score: f32,
    /// What contributed most: the figure, what it is in Chinese, what it was worth.
    pub shares: Vec<(String, String, f32)>,
}

impl Basis {
    /// What a judgement of these words rests on, with what they were held against.
    pub fn of(
        masked_text: &str,
        nearest: Vec<neighbours::Neighbour>,
        ground: &Ground<'_>,
        index_change: i64,
    ) -> Self {
        let matched = nearest.first().map(|best| {
            let runs = common_ranges(masked_text, &best.text);
            runs.into_iter().chain(meant_ranges(masked_text, &best.text))
        });
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let rules = RulesKind::ALL
            .into_iter()
            .map(|kind| (format!("rules.{}", kind.name()), ground.current.origin(kind).version()));
        let models = ground.models.versions().iter();
        let models = models.map(|(kind, version)| (format!("model.{kind}"), i64::from(*version)));
        Self {
            neighbours: nearest.into_iter().map(Neighbour::from).collect(),
            matched: matched.into_iter().flatten().map(|run| (place(run.start), place(run.end))).collect(),
            versions: rules.chain(models).collect(),
            index_change,
        }
    }
}

impl From<neighbours::Neighbour> for Neighbour {
    fn from(near: neighbours::Neighbour) -> Self {
        Self {
            is_claim: near.target.kind == Kind::Claim,
            id: Uuid::from_u128(near.target.id),
            text: near.text,
            score: near.score,
            shares: near
                .shares
                .into_iter()
                .map(|share| (share.figure.to_owned(), share.name.to_owned(), share.worth))
                .collect(),
        }
    }
}

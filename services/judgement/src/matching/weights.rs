//! The weights and thresholds by which matches are judged, one set for each kind of target.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::index::Kind;
use crate::rerank::Weights;

/// Weights and thresholds for one kind of target. Thresholds are scores, that is logarithms of odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// From here on a text is about the same thing, as far as the words go.
    pub maybe: f32,
    /// From here on, and where no fact differs, the machine may answer.
    pub sure: f32,
    /// What each figure is worth.
    #[serde(flatten)]
    pub weights: Weights,
}

/// The judges of what is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judges {
    /// For open claims.
    pub claim: Judge,
    /// For published clarifications.
    pub clarification: Judge,
    /// For whether a report joins a claim: sure joins, maybe is for a person to look at.
    pub joining: Judge,
}

impl Judges {
    /// Those that come with the program.
    pub fn get() -> &'static Self {
        static JUDGES: LazyLock<Judges> = LazyLock::new(|| {
            toml::from_str(include_str!("../matching.toml"))
                .expect("matching.toml is part of the program, and a test reads it")
        });
        &JUDGES
    }

    /// The one for a kind.
    pub const fn of(&self, kind: Kind) -> &Judge {
        match kind {
            Kind::Claim => &self.claim,
            Kind::Clarification => &self.clarification,
        }
    }
}

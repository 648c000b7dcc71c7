//! One reason behind a judgement, fit to be shown to an officer and kept with what it led to.

use serde::{Deserialize, Serialize};

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Machine name of the signal.
    pub signal: String,
    /// What the signal saw, in Chinese.
    pub detail: String,
    /// Its share of the judgement, 0 to 1.
    pub share: f64,
}

impl Reason {
    /// A reason that carries `share` of its judgement.
    pub fn new(signal: &str, detail: impl Into<String>, share: f64) -> Self {
        Self { signal: signal.to_owned(), detail: detail.into(), share }
    }
}

//! What an officer is told, in both languages.

/// One sentence that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Sentence {
    /// The same in both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// Characters of a cell that a sentence quotes at most.
const QUOTED_MAX: usize = 40;

/// A cell's content as a sentence quotes it.
pub fn quoted(cell: &str) -> String {
    let mut short: String =
        cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED_MAX).collect();
    if cell.chars().nth(QUOTED_MAX).is_some() {
        short.push('…');
    }
    short
}

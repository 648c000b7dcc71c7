//! Small linear models over hashed character grams, trained at run time from the office's own decisions and from
//! labelled folders that an operator gives.
//!
//! Everything is deterministic: the same rows give the same weights, byte for byte. Nothing trained is shipped,
//! and no model decides: `likelihood` orders, `sorter` suggests, `intents` speaks where no rule does.

pub mod calibration;
pub mod grams;
pub mod intents;
pub mod likelihood;
pub mod linear;
pub mod metrics;
pub mod packed;
pub mod sorter;

/// Fewer rows than this of a kind teach nothing that would hold.
pub const ROWS_MIN: usize = 20;

/// Why no model came of some rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} labelled texts of the kind {kind} are too few to learn from: at least {ROWS_MIN} are needed"
)]
pub struct TooFew {
    /// The kind that is rare.
    pub kind: String,
    /// How many there are.
    pub found: usize,
}

/// Deals groups into `parts`, whole and always the same way; returns each row's part.
///
/// Copies of one rumor belong to one group: a judge that has seen one of them knows the others.
pub fn parts<'a>(groups: impl IntoIterator<Item = &'a str>, parts: usize) -> Vec<usize> {
    groups.into_iter().map(|group| grams::stable_hash(group.chars()) as usize % parts.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_never_torn_apart() {
        let dealt = parts(["a", "b", "a", "c", "b"], 3);
        assert_eq!(dealt[0], dealt[2]);
        assert_eq!(dealt[1], dealt[4]);
        assert!(dealt.iter().all(|&part| part < 3));
    }
}

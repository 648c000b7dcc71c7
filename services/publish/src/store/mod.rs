//! Every SQL statement of this service. Rows become domain types here; nothing outside sees a row.
//!
//! Each function works in a transaction that names its agency (`database::agency_tx`). Whoever changes or begins
//! anything takes the agency's gate first, and rows after it: a halt is either seen by a write or waits for it.

pub mod account;
pub mod attempt;
pub mod clarification;
pub mod gate;
pub mod halt;
pub mod notice;
pub mod order;
pub mod publication;
pub mod push;
pub mod request;

/// A row that this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("{table}.{column} of {key} holds a value that this version does not know")]
pub struct CorruptRow {
    table: &'static str,
    column: &'static str,
    key: String,
}

impl From<CorruptRow> for sqlx::Error {
    fn from(row: CorruptRow) -> Self {
        Self::Decode(Box::new(row))
    }
}

/// Revisions are counted from 1 and bounded far below `i64::MAX` by the event that brings them.
pub(crate) fn revision_column(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

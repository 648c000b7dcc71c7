//! Every SQL statement of this service, one file per aggregate. Functions take a connection, which is always
//! a transaction of `database::agency_tx`: whose rows they see is decided there and nowhere else.

pub mod agency;
pub mod alarm;
pub mod attempt;
pub mod audit;
pub mod case;
pub mod clarification;
pub mod correction;
pub mod finding;
pub mod halt;
pub mod head;
pub mod key;
pub mod person;
pub mod publication;
pub mod replay;
pub mod session;

use std::fmt::Display;
use std::str::FromStr;

/// The database is away, or holds what it must not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused.
    #[error("the database did not do what it was asked")]
    Database(#[from] sqlx::Error),
    /// A row holds what this version cannot read.
    #[error("{column} of {key} cannot be read: {why}")]
    Corrupt {
        /// Table and column.
        column: &'static str,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a column that holds a word of a closed vocabulary, or anything else with a text form.
fn read<T: FromStr<Err: Display>>(
    column: &'static str,
    key: impl Display,
    text: &str,
) -> Result<T, StoreError> {
    text.parse().map_err(|error: T::Err| corrupt(column, key, error))
}

/// Reads a column of a fixed number of bytes.
fn bytes<const N: usize>(
    column: &'static str,
    key: impl Display,
    stored: &[u8],
) -> Result<[u8; N], StoreError> {
    stored.try_into().map_err(|_| corrupt(column, key, format!("{} bytes instead of {N}", stored.len())))
}

fn corrupt(column: &'static str, key: impl Display, why: impl Display) -> StoreError {
    StoreError::Corrupt { column, key: key.to_string(), why: why.to_string() }
}

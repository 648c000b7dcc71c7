//! Changes an agency's rules of one kind, as a new version on top of those before it.
//!
//! A text is read the way judging reads it before anything is saved, so that nothing is ever half applied; the
//! agency's lock puts the change between two batches, so that every replica judges the next message by it.

use grpc::Caller;
use ids::PersonId;
use judgement::rulebook::{Kind, Rulebook};
use judgement::rules_file::RulesError;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::deed::{Action, Deed};
use crate::store::lock_agency;
use crate::store::rules::{self, Addition, Version};

/// What the rules become.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// What somebody wrote.
    Text(String),
    /// The text of an older version; 0 for what the program was built with.
    Restored(i64),
}

/// A change that somebody asked for.
#[derive(Clone, Debug)]
pub struct SetRules {
    /// The caller's own id of it.
    pub request: Uuid,
    /// Which rules.
    pub kind: Kind,
    /// The version that was edited.
    pub expected_version: i64,
    /// What they become.
    pub wanted: Wanted,
    /// Who asked.
    pub author: PersonId,
    /// The author, as the token names them.
    pub caller: Caller,
}

/// Why the rules stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum SetRulesError {
    /// Somebody else changed them since they were read.
    #[error("version {in_force} is in force, not {expected}")]
    Stale {
        /// The version that was edited.
        expected: i64,
        /// The version in force.
        in_force: i64,
    },
    /// The text cannot be used.
    #[error("the rules cannot be used")]
    Unusable(#[source] RulesError),
    /// There is no such version to restore.
    #[error("there is no version {0}")]
    NoSuchVersion(i64),
    /// The id was used for something else.
    #[error("the request id was used for another change")]
    RequestReused,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] sqlx::Error),
}

/// Adds the version, in the caller's transaction.
///
/// # Errors
/// When nothing was changed.
pub async fn set(
    tx: &mut PgConnection,
    command: SetRules,
    now: OffsetDateTime,
) -> Result<Version, SetRulesError> {
    let SetRules { request, kind, expected_version, wanted, author, caller } = command;
    let (agency, author_name) = (caller.agency, caller.display_name.clone());
    lock_agency(&mut *tx, agency).await?;
    if let Some(before) = rules::by_request(&mut *tx, agency, request).await? {
        let same = before.kind == kind.name()
            && match &wanted {
                Wanted::Text(text) => before.restored_version.is_none() && before.text == unified(text),
                Wanted::Restored(version) => before.restored_version == Some(*version),
            };
        let version = rules::get(&mut *tx, agency, kind, before.version).await?;
        return match version {
            Some((version, _)) if same => Ok(version),
            _ => Err(SetRulesError::RequestReused),
        };
    }
    let newest = rules::newest(&mut *tx, agency).await?;
    let in_force = newest.iter().find(|(name, _)| name == kind.name()).map_or(0, |&(_, version)| version);
    let (text, restored_version) = match wanted {
        Wanted::Text(text) => (unified(&text), None),
        Wanted::Restored(0) => (kind.built_in().to_owned(), Some(0)),
        Wanted::Restored(version) => {
            let found = rules::get(&mut *tx, agency, kind, version).await?;
            let (_, text) = found.ok_or(SetRulesError::NoSuchVersion(version))?;
            (text, Some(version))
        }
    };
    if in_force != expected_version {
        return Err(SetRulesError::Stale { expected: expected_version, in_force });
    }
    Rulebook::built_in().set(kind, &text).map_err(SetRulesError::Unusable)?;
    let version = in_force + 1;
    let addition = Addition {
        kind,
        version,
        text: &text,
        author,
        author_name: &author_name,
        restored_version,
        request,
        now,
    };
    rules::add(&mut *tx, agency, &addition).await?;
    let action = if restored_version.is_some() { Action::RulesRestored } else { Action::RulesSet };
    let subjects = [("rules", kind.name().to_owned()), ("version", version.to_string())];
    Deed { caller: &caller, action, subjects: &subjects, reason: "", time: now }.record(tx).await?;
    Ok(Version { version, author_name, saved_time: now, restored_version })
}

/// A text with one kind of line ends: forms send two characters for each.
fn unified(text: &str) -> String {
    text.replace("\r\n", "\n")
}

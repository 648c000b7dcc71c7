//! The words of a message as they were written, for an officer who needs them and says why. Masking is sometimes
//! wrong, and a call for help may hang on a number that it took.

use grpc::Caller;
use ids::ReportId;
use messaging::Waker;
use runtime::Clock;
use serde::Deserialize;
use sqlx::PgPool;

use crate::deed::{Action, Deed};
use crate::domain::report::clean;
use crate::fetch::report_key;
use crate::store::report;
use crate::vault::{Purpose, Vault};

/// Characters of a cause.
pub const CAUSE_CHARACTERS_MAX: usize = 500;

/// What was written.
#[derive(Deserialize)]
pub struct Original {
    /// The words.
    pub text: String,
    /// Where it was seen.
    #[serde(default)]
    pub seen_at: String,
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    /// No cause was given, or one that is too long.
    #[error("the cause has {0} characters")]
    Cause(usize),
    /// No such message.
    #[error("no such message")]
    Unknown,
    /// Its reporter was forgotten, and its key with it.
    #[error("the message can no longer be opened")]
    Forgotten,
    /// The database is away.
    #[error("the message could not be read, or the audit trail not be told")]
    Database(#[from] sqlx::Error),
}

/// Opens messages.
pub struct Revealing {
    /// The database.
    pub pool: PgPool,
    /// Opens what is sealed.
    pub vault: Vault,
    /// Woken when the trail is to be told.
    pub relay: Waker,
    /// The time.
    pub clock: Clock,
}

impl Revealing {
    /// Shows the words of one message. They are shown only once the trail's event is durable.
    ///
    /// # Errors
    /// When there is no cause, no such message, or the trail cannot be told.
    pub async fn reveal(
        &self,
        caller: &Caller,
        report: ReportId,
        cause: &str,
    ) -> Result<Original, RevealError> {
        let cause = clean(cause);
        let cause = cause.trim();
        let characters = cause.chars().count();
        if characters == 0 || characters > CAUSE_CHARACTERS_MAX {
            return Err(RevealError::Cause(characters));
        }
        let mut tx = database::agency_tx(&self.pool, caller.agency).await?;
        let sealed = report::sealed(&mut tx, caller.agency, report).await?.ok_or(RevealError::Unknown)?;
        let original = report_key(&self.vault, &sealed)
            .and_then(|key| key.open(Purpose::Original, report.as_uuid(), &sealed.original))
            .map_err(|_| RevealError::Forgotten)?;
        let original: Original = serde_json::from_slice(&original).map_err(|_| RevealError::Forgotten)?;
        let (action, time) = (Action::OriginalRevealed, self.clock.now());
        let subjects = [("report", report.to_string())];
        Deed { caller, action, subjects: &subjects, reason: cause, time }.record(&mut tx).await?;
        tx.commit().await?;
        self.relay.wake();
        Ok(original)
    }
}

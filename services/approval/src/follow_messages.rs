//! What officers said of messages, for the audit trail. The messages themselves are classification's.

use ids::{AgencyId, PersonId, ReportId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::domain::audit::Entry;
use crate::store::{self, StoreError};

/// An officer said what a message is.
pub struct CorrectedMessage {
    /// The message.
    pub report: ReportId,
    /// What it was taken for before.
    pub previous: &'static str,
    /// What it is.
    pub intent: &'static str,
    /// Who said so.
    pub person: PersonId,
    /// When.
    pub time: OffsetDateTime,
}

/// Enters each into the trail, under the officer's name.
///
/// # Errors
/// When the database is away.
pub async fn follow(
    tx: &mut PgConnection,
    agency: AgencyId,
    messages: &[&CorrectedMessage],
) -> Result<(), StoreError> {
    let mut entries = Vec::new();
    for message in messages {
        // A person who is not here any more is still somebody.
        let name = store::person::display_name(tx, message.person).await?;
        entries.push(Entry {
            time: message.time,
            actor: name.unwrap_or_else(|| message.person.to_string()),
            action: "message.intent_set",
            subject: format!("report {} {} -> {}", message.report, message.previous, message.intent),
        });
    }
    audit::record(tx, agency, &entries).await
}

//! What publish last said about each publication.

use ids::{AgencyId, CaseId, ClarificationId, PublicationId};
use sqlx::PgConnection;

use super::{StoreError, read};
use crate::domain::publication::{PublicationState, Standing};

/// A publication as an event describes it.
pub struct Reported {
    /// The publication.
    pub publication: PublicationId,
    /// Its case.
    pub case: CaseId,
    /// Its clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: i64,
    /// Where.
    pub channel: String,
    /// On which account.
    pub account: String,
    /// Where it stands.
    pub state: PublicationState,
    /// Why.
    pub reason: String,
    /// Of the publication: the newer wins.
    pub state_revision: i64,
}

/// Keeps what an event says; false when something newer is known.
pub async fn save(tx: &mut PgConnection, agency: AgencyId, reported: &Reported) -> Result<bool, StoreError> {
    let saved = sqlx::query!(
        "INSERT INTO approval.publication
             (publication_id, agency_id, case_id, clarification_id, revision, channel, account, state, reason,
              state_revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (publication_id) DO UPDATE
         SET state = EXCLUDED.state, reason = EXCLUDED.reason, state_revision = EXCLUDED.state_revision
         WHERE publication.state_revision < EXCLUDED.state_revision",
        reported.publication.as_uuid(),
        agency.as_uuid(),
        reported.case.as_uuid(),
        reported.clarification.as_uuid(),
        reported.revision,
        reported.channel,
        reported.account,
        reported.state.as_str(),
        reported.reason,
        reported.state_revision
    )
    .execute(tx)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// The publications of one revision.
pub async fn of_revision(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: i64,
) -> Result<Vec<Standing>, StoreError> {
    let rows = sqlx::query!(
        "SELECT publication_id, channel, state, reason FROM approval.publication
         WHERE clarification_id = $1 AND revision = $2 ORDER BY publication_id",
        clarification.as_uuid(),
        revision
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Standing {
                channel: row.channel,
                state: read("publication.state", row.publication_id, &row.state)?,
                reason: row.reason,
            })
        })
        .collect()
}

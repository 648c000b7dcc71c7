//! Halts that officers ordered.

use ids::{AgencyId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use crate::domain::halt::HaltScope;
use crate::domain::officer::Officer;

/// Records a halt; false when the same one was recorded before.
pub async fn insert(
    tx: &mut PgConnection,
    officer: &Officer,
    halt: HaltId,
    scope: &HaltScope,
    reason: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let (scope, target) = scope.parts();
    let inserted = sqlx::query!(
        "INSERT INTO approval.halt (agency_id, halt_id, scope, target, reason, ordered_by, order_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        officer.agency.as_uuid(),
        halt.as_uuid(),
        scope,
        target,
        reason,
        officer.person.as_uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The scope of a recorded halt, as rows hold it.
pub async fn scope(
    tx: &mut PgConnection,
    agency: AgencyId,
    halt: HaltId,
) -> Result<Option<(String, String)>, StoreError> {
    let row = sqlx::query!(
        "SELECT scope, target FROM approval.halt WHERE agency_id = $1 AND halt_id = $2",
        agency.as_uuid(),
        halt.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| (row.scope, row.target)))
}

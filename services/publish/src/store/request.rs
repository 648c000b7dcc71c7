//! Commands of people that were carried out already.

use ids::AgencyId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Remembers a command; `false` if it was carried out before.
pub async fn first_sight(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: Uuid,
    operation: &'static str,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO publish.request (agency_id, request_id, operation) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        request,
        operation,
    )
    .execute(tx)
    .await?
    .rows_affected();
    Ok(inserted == 1)
}

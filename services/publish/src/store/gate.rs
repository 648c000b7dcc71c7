//! The agency's gate: an advisory lock, held to the end of the transaction, that puts halts and writes in order.

use ids::AgencyId;
use sqlx::PgConnection;

/// Passes the gate as one of many, for beginning or recording a call.
pub async fn pass(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('publish.gate.' || $1::text, 0))",
        agency.to_string()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Closes the gate for everybody else, for planning, halting and revoking.
pub async fn close(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('publish.gate.' || $1::text, 0))",
        agency.to_string()
    )
    .execute(tx)
    .await?;
    Ok(())
}

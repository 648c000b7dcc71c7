//! Every SQL statement of this service, one file per concern. Each takes a transaction of
//! `database::agency_tx`, so that row-level security fences it; none begins or ends one.

pub mod answer;
pub mod assignment;
pub mod callback;
pub mod clarification;
pub mod client_use;
pub mod halt;
pub mod import_source;
pub mod media;
pub mod order;
pub mod reply;
pub mod report;

use ids::AgencyId;
use sqlx::PgConnection;

/// Makes sure that the agency has its row.
///
/// # Errors
/// When the database is away.
pub async fn ensure_agency(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.agency (agency_id) VALUES ($1) ON CONFLICT DO NOTHING",
        agency.as_uuid()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Holds the agency's rules as they are until the transaction ends: no halt begins and no clarification comes
/// into force meanwhile. Others may do the same at the same time.
///
/// # Errors
/// When the database is away.
pub async fn keep_rules(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!("SELECT agency_id FROM ingest.agency WHERE agency_id = $1 FOR KEY SHARE", agency.as_uuid())
        .fetch_optional(tx)
        .await?;
    Ok(())
}

/// Waits until nobody decides under the old rules any more, and keeps new deciders out until the transaction
/// ends.
///
/// # Errors
/// When the database is away.
pub async fn change_rules(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!("SELECT agency_id FROM ingest.agency WHERE agency_id = $1 FOR UPDATE", agency.as_uuid())
        .fetch_optional(tx)
        .await?;
    Ok(())
}

//! Every SQL statement of this service. Row types are private to their files.

pub mod changes;
pub mod claims;
pub mod clarifications;
pub mod corrections;
pub mod intents;
pub mod lessons;
pub mod links;
pub mod models;
pub mod moved;
pub mod pictures;
pub mod reports;
pub mod rules;
pub mod spread;
pub mod suggestions;
pub mod suspensions;

use ids::AgencyId;
use sqlx::PgConnection;

/// Waits for the agency's lock and holds it until the transaction ends. Whoever changes claims, reports or the
/// change log holds it, so decisions follow one another and the log's numbers appear in their own order.
///
/// # Errors
/// When the database is away, or another replica holds the lock for too long.
pub async fn lock_agency(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    // One key space per database, and this service has its own; half of a UUIDv7 is as good as a hash of it.
    let (high, low) = agency.as_uuid().as_u64_pair();
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", (high ^ low).cast_signed()).execute(tx).await?;
    Ok(())
}

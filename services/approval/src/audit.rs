//! Appends to the agency's audit trail, in the transaction of the change that it tells of.
//!
//! Appending locks the chain's end until the transaction ends. It is therefore the last thing that a use case
//! does before it commits: whoever holds the end waits for nothing else.

use ids::AgencyId;
use sqlx::PgConnection;

use crate::domain::audit::{Entry, chain};
use crate::store::{self, StoreError};

/// Who acts when nobody does.
pub const SYSTEM: &str = "system";

/// Appends `entries` in this order.
///
/// # Errors
/// When the database is away.
pub async fn record(tx: &mut PgConnection, agency: AgencyId, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let (sequence, hash) = store::audit::lock_head(tx, agency).await?;
    let chained = chain(agency, sequence, hash, entries);
    store::audit::append(tx, agency, entries, &chained).await
}

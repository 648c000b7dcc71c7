//! What was signed, as it was kept: for an operator who wants to hand it to somebody who trusts nobody here.

use database::agency_tx;
use ids::{AgencyId, ClarificationId};
use sqlx::PgPool;

use crate::store;

/// The bundle of a revision, in the encoding of `signoff`; `None` where none was accepted.
///
/// # Errors
/// When the database is away.
pub async fn evidence(
    pool: &PgPool,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
) -> sqlx::Result<Option<Vec<u8>>> {
    let mut tx = agency_tx(pool, agency).await?;
    let kept = store::clarification::kept(&mut tx, agency, clarification, revision).await?;
    Ok(kept.map(|kept| kept.bundle))
}

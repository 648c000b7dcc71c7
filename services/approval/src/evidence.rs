//! What the audit trail says of a revision's signatures: for an operator who hands evidence to somebody who trusts
//! nobody here, least of all the time that a signer wrote down.

use database::agency_tx;
use ids::{AgencyId, ClarificationId};
use signoff::evidence::{action, subject_of};
use signoff::statement::Purpose;
use sqlx::PgPool;

use crate::store::{self, StoreError};

/// More than the steps of one revision: whoever judges must see that there are too many.
const ENTRIES_MAX: i64 = 16;

/// The canonical bytes of the trail's entries of a revision's signatures, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn trail_of(
    pool: &PgPool,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut tx = agency_tx(pool, agency).await?;
    let actions = Purpose::ALL.map(action);
    let subject = subject_of(clarification, revision);
    store::audit::documents_about(&mut tx, agency, &actions, &subject, ENTRIES_MAX).await
}

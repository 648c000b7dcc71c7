//! The agency of the transaction.

use ids::AgencyId;
use sqlx::PgConnection;

use super::{StoreError, bytes};

/// The agency, as cases and bundles need it.
pub struct Agency {
    /// Its name.
    pub name: String,
    /// The root key that its enrolments chain to.
    pub root_public_key: [u8; 32],
}

/// The agency; `None` when it is not in this database.
pub async fn get(tx: &mut PgConnection, agency: AgencyId) -> Result<Option<Agency>, StoreError> {
    let row = sqlx::query!(
        "SELECT name, root_public_key FROM approval.agency WHERE agency_id = $1",
        agency.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(Agency {
            name: row.name,
            root_public_key: bytes("agency.root_public_key", agency, &row.root_public_key)?,
        })
    })
    .transpose()
}

/// Locks the counter of case codes, so that whoever opens cases in one agency does so one after another.
pub async fn lock_counter(tx: &mut PgConnection, agency: AgencyId) -> Result<(), StoreError> {
    sqlx::query!("SELECT FROM approval.agency WHERE agency_id = $1 FOR NO KEY UPDATE", agency.as_uuid())
        .fetch_optional(tx)
        .await?;
    Ok(())
}

/// Takes `count` case codes in order; `None` when the agency is not in this database.
pub async fn take_case_codes(
    tx: &mut PgConnection,
    agency: AgencyId,
    count: usize,
) -> Result<Option<Vec<String>>, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = sqlx::query!(
        "UPDATE approval.agency SET next_case_number = next_case_number + $2 WHERE agency_id = $1
         RETURNING code_prefix, next_case_number",
        agency.as_uuid(),
        count
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        (row.next_case_number - count..row.next_case_number)
            .map(|number| format!("{}-{number:04}", row.code_prefix))
            .collect()
    }))
}

/// A new agency, for the operator's ceremony. Changes nothing when it is there already.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    slug: &str,
    name: &str,
    code_prefix: &str,
    root_public_key: &[u8; 32],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.agency (agency_id, slug, name, code_prefix, root_public_key)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agency_id) DO NOTHING",
        agency.as_uuid(),
        slug,
        name,
        code_prefix,
        root_public_key
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO approval.audit_head (agency_id, sequence, entry_hash)
         VALUES ($1, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT (agency_id) DO NOTHING",
        agency.as_uuid()
    )
    .execute(tx)
    .await?;
    Ok(())
}

//! The audit trail's rows.

use ids::AgencyId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{StoreError, bytes};
use crate::domain::audit::{Chained, Entry};

/// The chain's end, locked.
pub async fn lock_head(tx: &mut PgConnection, agency: AgencyId) -> Result<(i64, [u8; 32]), StoreError> {
    let row = sqlx::query!(
        "SELECT sequence, entry_hash FROM approval.audit_head WHERE agency_id = $1 FOR NO KEY UPDATE",
        agency.as_uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok((row.sequence, bytes("audit_head.entry_hash", agency, &row.entry_hash)?))
}

/// Appends entries, chained behind the locked end in the same order, and moves the end.
pub async fn append(
    tx: &mut PgConnection,
    agency: AgencyId,
    entries: &[Entry],
    chained: &[Chained],
) -> Result<(), StoreError> {
    let Some(last) = chained.last() else { return Ok(()) };
    let sequences: Vec<i64> = chained.iter().map(|one| one.sequence).collect();
    let times: Vec<OffsetDateTime> = entries.iter().map(|entry| entry.time).collect();
    let actors: Vec<String> = entries.iter().map(|entry| entry.actor.clone()).collect();
    let actions: Vec<String> = entries.iter().map(|entry| entry.action.to_owned()).collect();
    let subjects: Vec<String> = entries.iter().map(|entry| entry.subject.clone()).collect();
    let documents: Vec<Vec<u8>> = chained.iter().map(|one| one.document.clone()).collect();
    let hashes: Vec<Vec<u8>> = chained.iter().map(|one| one.hash.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO approval.audit_entry
             (agency_id, sequence, entry_time, actor, action, subject, document, entry_hash)
         SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                                  $7::bytea[], $8::bytea[])",
        agency.as_uuid(),
        &sequences,
        &times,
        &actors,
        &actions,
        &subjects,
        &documents,
        &hashes
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE approval.audit_head SET sequence = $2, entry_hash = $3 WHERE agency_id = $1",
        agency.as_uuid(),
        last.sequence,
        &last.hash
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The canonical bytes of the entries of these actions whose subject begins like this, oldest first; at most `limit`.
pub async fn documents_about(
    tx: &mut PgConnection,
    agency: AgencyId,
    actions: &[&str],
    subject: &str,
    limit: i64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let documents = sqlx::query_scalar!(
        "SELECT document FROM approval.audit_entry
         WHERE agency_id = $1 AND action = ANY($2) AND starts_with(subject, $3)
         ORDER BY sequence LIMIT $4",
        agency.as_uuid(),
        actions as &[&str],
        subject,
        limit
    )
    .fetch_all(tx)
    .await?;
    Ok(documents)
}

/// An entry of the trail, as shown.
pub struct ListedEntry {
    /// From 1.
    pub sequence: i64,
    /// When.
    pub entry_time: OffsetDateTime,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// About what.
    pub subject: String,
    /// Its hash.
    pub entry_hash: Vec<u8>,
}

/// One page of the trail, newest first, before sequence `before`.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    before: i64,
    limit: i64,
) -> Result<Vec<ListedEntry>, StoreError> {
    let rows = sqlx::query_as!(
        ListedEntry,
        "SELECT sequence, entry_time, actor, action, subject, entry_hash FROM approval.audit_entry
         WHERE agency_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3",
        agency.as_uuid(),
        before,
        limit
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

//! Commands that create something, each answered once.

use ids::AgencyId;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;

/// A command that creates something.
pub struct Request {
    /// The caller's own id of it.
    pub request: Uuid,
    /// Which command.
    pub operation: &'static str,
    /// Of everything that was asked.
    pub fingerprint: [u8; 32],
}

impl Request {
    /// A command with everything that was asked, in one order.
    pub fn new(request: Uuid, operation: &'static str, asked: &impl serde::Serialize) -> Self {
        let mut hash = Sha256::new();
        hash.update(operation);
        // What is asked is made of strings and numbers, which always serialise.
        hash.update(serde_json::to_vec(asked).unwrap_or_default());
        Self { request, operation, fingerprint: hash.finalize().into() }
    }
}

/// What a command creates: an id, and where it has one a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The thing.
    pub id: Uuid,
    /// Its revision; 0 where it has none.
    pub revision: i64,
}

/// Whether a command is new.
pub enum Claimed {
    /// It is: go on and create the subject that was named.
    New,
    /// It was carried out before, and created this.
    Before(Subject),
    /// The same id was used for something else.
    Mismatch,
}

/// Takes a command's id for `subject`. The same id in another transaction waits here until this one ends.
pub async fn claim(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: &Request,
    subject: Subject,
) -> Result<Claimed, StoreError> {
    let inserted = sqlx::query!(
        "INSERT INTO approval.request_replay
             (agency_id, request_id, operation, fingerprint, subject_id, subject_revision)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        request.request,
        request.operation,
        &request.fingerprint,
        subject.id,
        subject.revision
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Claimed::New);
    }
    let row = sqlx::query!(
        "SELECT operation, fingerprint, subject_id, subject_revision FROM approval.request_replay
         WHERE agency_id = $1 AND request_id = $2",
        agency.as_uuid(),
        request.request
    )
    .fetch_one(tx)
    .await?;
    if row.operation != request.operation || row.fingerprint != request.fingerprint {
        return Ok(Claimed::Mismatch);
    }
    Ok(Claimed::Before(Subject { id: row.subject_id, revision: row.subject_revision }))
}

//! Calls to the platforms: a row is committed before the call and completed after it. A row that was begun and
//! never completed is a call whose outcome nobody knows.

use ids::{AgencyId, AttemptId, PublicationId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::channel::Account;
use crate::domain::publication::Publication;
use crate::domain::wechat::Ended;

/// The calls that are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Making a draft, which nobody sees.
    DraftAdd,
    /// The mass send.
    SendAll,
    /// The microblog post.
    Share,
}

impl Operation {
    /// Its name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DraftAdd => "draft_add",
            Self::SendAll => "sendall",
            Self::Share => "share",
        }
    }

    /// Whether the call itself can make something public.
    #[must_use]
    pub const fn is_write(self) -> bool {
        match self {
            Self::DraftAdd => false,
            Self::SendAll | Self::Share => true,
        }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whose.
    pub publication: PublicationId,
    /// The call's name.
    pub operation: String,
    /// Whether the call itself can make something public.
    pub is_write: bool,
    /// When it was begun.
    pub begun_time: OffsetDateTime,
    /// "begun", "accepted", "refused" or "unknown".
    pub outcome: String,
    /// The platform's code and words.
    pub detail: String,
    /// Whether it was proven never to have taken effect.
    pub proven_absent: bool,
}

impl Attempt {
    /// Whether this call may have made something public, for all that is known.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.is_write && !self.proven_absent && ["begun", "unknown"].contains(&self.outcome.as_str())
    }
}

/// Records that a call is about to be made.
pub async fn begin(
    tx: &mut PgConnection,
    publication: &Publication,
    operation: Operation,
    now: OffsetDateTime,
) -> sqlx::Result<AttemptId> {
    let attempt = AttemptId::mint();
    sqlx::query!(
        "INSERT INTO publish.attempt
             (attempt_id, agency_id, publication_id, channel, account, operation, is_write, begun_time, outcome, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'begun', '')",
        attempt.as_uuid(),
        publication.agency.as_uuid(),
        publication.id.as_uuid(),
        publication.account.channel.as_str(),
        publication.account.slug,
        operation.as_str(),
        operation.is_write(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(attempt)
}

/// Records how a call ended.
pub async fn end(tx: &mut PgConnection, attempt: AttemptId, ended: Ended, detail: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.attempt SET outcome = $2, detail = $3 WHERE attempt_id = $1",
        attempt.as_uuid(),
        ended.as_str(),
        detail,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Marks the calls of an account that were begun by a process that is gone; their outcome is unknown. Returns the
/// publications whose writes are among them.
pub async fn abandon(tx: &mut PgConnection, account: &Account) -> sqlx::Result<Vec<PublicationId>> {
    let rows = sqlx::query!(
        r#"UPDATE publish.attempt SET outcome = 'unknown', detail = '进程中断，结果未明'
           WHERE channel = $1 AND account = $2 AND outcome = 'begun'
           RETURNING publication_id AS "publication_id: PublicationId", is_write"#,
        account.channel.as_str(),
        account.slug,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().filter(|row| row.is_write).map(|row| row.publication_id).collect())
}

/// Marks a publication's open writes as proven never to have taken effect.
pub async fn prove_absent(tx: &mut PgConnection, publication: PublicationId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.attempt SET proven_absent = true, outcome = 'refused', detail = detail || '；已核对：没有发出'
         WHERE publication_id = $1 AND is_write AND outcome = 'unknown'",
        publication.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The calls of some publications, oldest first; at most 50 of each.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    publications: &[Uuid],
) -> sqlx::Result<Vec<Attempt>> {
    sqlx::query_as!(
        Attempt,
        r#"SELECT publication_id AS "publication: PublicationId", operation, is_write, begun_time, outcome, detail,
                  proven_absent
           FROM (SELECT attempt.*, row_number() OVER (PARTITION BY publication_id ORDER BY sequence DESC) AS newest
                 FROM publish.attempt WHERE agency_id = $1 AND publication_id = ANY($2)) AS numbered
           WHERE newest <= 50 ORDER BY sequence"#,
        agency.as_uuid(),
        publications,
    )
    .fetch_all(tx)
    .await
}

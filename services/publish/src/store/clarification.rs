//! Revisions as they were announced: their bundles, and when these verified.

use ids::{AgencyId, CaseId, ClarificationId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::revision_column;

/// Names one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The agency.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: u64,
}

/// What is known of a revision when it is announced.
#[derive(Debug)]
pub struct Announced<'a> {
    /// Which.
    pub revision: Revision,
    /// The bundle, where the announcement held one at all.
    pub bundle: Option<&'a [u8]>,
    /// When it verified, or why it did not.
    pub judgement: Result<OffsetDateTime, &'a str>,
    /// The announcement's span.
    pub traceparent: Option<&'a str>,
}

/// A bundle that verified when it was announced. What it says now must be verified again.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which revision.
    pub revision: Revision,
    /// The bundle.
    pub bundle: Vec<u8>,
    /// When it verified.
    pub verified_time: OffsetDateTime,
}

/// Keeps a revision; `false` if it is known already, and then nothing changes: the first announcement counts.
pub async fn insert(tx: &mut PgConnection, announced: &Announced<'_>) -> sqlx::Result<bool> {
    let (verified_time, refusal) = match announced.judgement {
        Ok(verified_time) => (Some(verified_time), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let inserted = sqlx::query!(
        "INSERT INTO publish.clarification
             (agency_id, clarification_id, revision, case_id, bundle, verified_time, refusal, traceparent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        announced.revision.agency.as_uuid(),
        announced.revision.clarification.as_uuid(),
        revision_column(announced.revision.revision),
        announced.revision.case.as_uuid(),
        announced.bundle,
        verified_time,
        refusal,
        announced.traceparent,
    )
    .execute(tx)
    .await?
    .rows_affected();
    Ok(inserted == 1)
}

/// The newest verified revision's number.
pub async fn newest(tx: &mut PgConnection, clarification: ClarificationId) -> sqlx::Result<Option<u64>> {
    let newest = sqlx::query_scalar!(
        "SELECT max(revision) FROM publish.clarification
         WHERE clarification_id = $1 AND verified_time IS NOT NULL",
        clarification.as_uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(newest.map(i64::cast_unsigned))
}

/// A kept bundle.
pub async fn kept(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
) -> sqlx::Result<Option<Kept>> {
    let row = sqlx::query!(
        r#"SELECT case_id AS "case_id: CaseId", bundle AS "bundle!", verified_time AS "verified_time!"
           FROM publish.clarification
           WHERE agency_id = $1 AND clarification_id = $2 AND revision = $3 AND verified_time IS NOT NULL"#,
        agency.as_uuid(),
        clarification.as_uuid(),
        revision_column(revision),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Kept {
        revision: Revision { agency, case: row.case_id, clarification, revision },
        bundle: row.bundle,
        verified_time: row.verified_time,
    }))
}

/// The span of a revision's announcement.
pub async fn traceparent(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> sqlx::Result<Option<String>> {
    let traceparent = sqlx::query_scalar!(
        "SELECT traceparent FROM publish.clarification WHERE clarification_id = $1 AND revision = $2",
        clarification.as_uuid(),
        revision_column(revision),
    )
    .fetch_optional(tx)
    .await?;
    Ok(traceparent.flatten())
}

//! What classification understood of each report.

use ids::{AgencyId, ClaimId, ClarificationId, ReportId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::intent::Intent;

/// One report's assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The report.
    pub report: ReportId,
    /// What it is.
    pub intent: Intent,
    /// The claim that it joined.
    pub claim: Option<ClaimId>,
    /// The published clarification that surely answers it.
    pub answered_by: Option<ClarificationId>,
}

/// Writes assignments; of two for one report the later counts, because a report can be moved.
///
/// # Errors
/// When the database is away.
pub async fn write(
    tx: &mut PgConnection,
    agency: AgencyId,
    assignments: &[Assignment],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    // One statement cannot touch a row twice, so a report's last assignment of the batch stands for it.
    let last: std::collections::BTreeMap<ReportId, &Assignment> =
        assignments.iter().map(|assignment| (assignment.report, assignment)).collect();
    let reports: Vec<Uuid> = last.keys().map(|report| report.as_uuid()).collect();
    let intents: Vec<String> = last.values().map(|one| one.intent.as_str().to_owned()).collect();
    let claims: Vec<Option<Uuid>> = last.values().map(|one| one.claim.map(ClaimId::as_uuid)).collect();
    let answered: Vec<Option<Uuid>> =
        last.values().map(|one| one.answered_by.map(ClarificationId::as_uuid)).collect();
    sqlx::query!(
        "INSERT INTO ingest.assignment (agency_id, report_id, intent, claim_id, answered_by, assigned_time)
        SELECT $1, report_id, intent, claim_id, answered_by, $6
        FROM UNNEST($2::uuid[], $3::text[], $4::uuid[], $5::uuid[])
            AS one (report_id, intent, claim_id, answered_by)
        ON CONFLICT (agency_id, report_id) DO UPDATE SET
            intent = excluded.intent, claim_id = excluded.claim_id, answered_by = excluded.answered_by,
            assigned_time = excluded.assigned_time",
        agency.as_uuid(),
        &reports,
        &intents,
        &claims as &[Option<Uuid>],
        &answered as &[Option<Uuid>],
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Those of `reports` that are assigned by now.
///
/// # Errors
/// When the database is away.
pub async fn assigned(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
) -> sqlx::Result<Vec<ReportId>> {
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    let assigned = sqlx::query_scalar!(
        "SELECT report_id FROM ingest.assignment WHERE agency_id = $1 AND report_id = ANY($2)",
        agency.as_uuid(),
        &reports,
    )
    .fetch_all(tx)
    .await?;
    Ok(assigned.into_iter().map(ReportId::from_uuid).collect())
}

/// True when anything here knows the claim.
///
/// # Errors
/// When the database is away.
pub async fn knows_claim(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM ingest.assignment WHERE agency_id = $1 AND claim_id = $2)
            OR EXISTS (SELECT 1 FROM ingest.clarification WHERE agency_id = $1 AND claim_id = $2) AS "known!""#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_one(tx)
    .await
}

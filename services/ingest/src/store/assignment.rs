//! What classification understood of each report.

use std::collections::BTreeMap;

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
    /// True where somebody may be in danger, whatever else it is.
    pub calls_for_help: bool,
    /// 0 as it was first judged, one more each time it was moved.
    pub revision: i64,
}

/// Writes assignments; of two for one report the newer counts, in whatever order they arrive.
///
/// # Errors
/// When the database is away.
pub async fn write(
    tx: &mut PgConnection,
    agency: AgencyId,
    assignments: &[Assignment],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    // One statement cannot touch a row twice, so a report's newest assignment of the batch stands for it.
    let mut newest: BTreeMap<ReportId, &Assignment> = BTreeMap::new();
    for assignment in assignments {
        let kept = newest.entry(assignment.report).or_insert(assignment);
        if kept.revision < assignment.revision {
            *kept = assignment;
        }
    }
    let reports: Vec<Uuid> = newest.keys().map(|report| report.as_uuid()).collect();
    let intents: Vec<String> = newest.values().map(|one| one.intent.as_str().to_owned()).collect();
    let claims: Vec<Option<Uuid>> = newest.values().map(|one| one.claim.map(ClaimId::as_uuid)).collect();
    let answered: Vec<Option<Uuid>> =
        newest.values().map(|one| one.answered_by.map(ClarificationId::as_uuid)).collect();
    let revisions: Vec<i64> = newest.values().map(|one| one.revision).collect();
    let calling: Vec<bool> = newest.values().map(|one| one.calls_for_help).collect();
    sqlx::query!(
        "INSERT INTO ingest.assignment AS kept
            (agency_id, report_id, intent, claim_id, answered_by, assigned_time, assignment_revision, calls_for_help)
        SELECT $1, report_id, intent, claim_id, answered_by, $6, assignment_revision, calls_for_help
        FROM UNNEST($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $7::bigint[], $8::boolean[])
            AS one (report_id, intent, claim_id, answered_by, assignment_revision, calls_for_help)
        ON CONFLICT (agency_id, report_id) DO UPDATE SET
            intent = excluded.intent, claim_id = excluded.claim_id, answered_by = excluded.answered_by,
            assigned_time = excluded.assigned_time, assignment_revision = excluded.assignment_revision,
            calls_for_help = excluded.calls_for_help
        WHERE kept.assignment_revision < excluded.assignment_revision",
        agency.as_uuid(),
        &reports,
        &intents,
        &claims as &[Option<Uuid>],
        &answered as &[Option<Uuid>],
        now,
        &revisions,
        &calling,
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

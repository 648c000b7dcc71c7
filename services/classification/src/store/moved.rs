//! Reports that a person moves from one claim to another. Reasons stay bounded: the first says what a report is, and
//! of the rest the oldest go.

use ids::{AgencyId, ClaimId, ReportId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::reports::intent_named;
use judgement::intent::Intent;
use judgement::reason::Reason;

/// A report as it is after it was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The report.
    pub report: ReportId,
    /// What it is.
    pub intent: Intent,
    /// True where somebody may be in danger.
    pub calls_for_help: bool,
    /// Its words.
    pub masked_text: String,
    /// Why it is where it is.
    pub reasons: Vec<Reason>,
    /// How often it was moved.
    pub assignment_revision: i64,
}

struct Row {
    report_id: ReportId,
    intent: String,
    calls_for_help: bool,
    masked_text: String,
    reasons: Json<Vec<Reason>>,
    assignment_revision: i64,
}

impl TryFrom<Row> for Moved {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            report: row.report_id,
            intent: intent_named(row.report_id, &row.intent)?,
            calls_for_help: row.calls_for_help,
            masked_text: row.masked_text,
            reasons: row.reasons.0,
            assignment_revision: row.assignment_revision,
        })
    }
}

/// Moves the reports of a claim to another, the oldest first, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn all_of(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    into: ClaimId,
    reason: &Reason,
    limit: i64,
) -> sqlx::Result<Vec<Moved>> {
    let rows = sqlx::query_as!(
        Row,
        r#"UPDATE classification.report
           SET claim_id = $3, assignment_revision = assignment_revision + 1,
               reasons = CASE WHEN jsonb_array_length(reasons) < 40 THEN reasons ELSE reasons - 1 END || $4::jsonb
           WHERE agency_id = $1 AND report_id IN (
               SELECT report_id FROM classification.report
               WHERE agency_id = $1 AND claim_id = $2 ORDER BY position LIMIT $5)
           RETURNING report_id AS "report_id: ReportId", intent, calls_for_help, masked_text,
                     reasons AS "reasons: Json<Vec<Reason>>", assignment_revision"#,
        agency.as_uuid(),
        claim.as_uuid(),
        into.as_uuid(),
        Json(std::slice::from_ref(reason)) as Json<&[Reason]>,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Moved::try_from).collect()
}

/// Moves those of `reports` that belong to `claim`.
///
/// # Errors
/// When the database is away.
pub async fn these(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    into: ClaimId,
    reports: &[ReportId],
    reason: &Reason,
) -> sqlx::Result<Vec<Moved>> {
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"UPDATE classification.report
           SET claim_id = $3, assignment_revision = assignment_revision + 1,
               reasons = CASE WHEN jsonb_array_length(reasons) < 40 THEN reasons ELSE reasons - 1 END || $4::jsonb
           WHERE agency_id = $1 AND claim_id = $2 AND report_id = ANY($5)
           RETURNING report_id AS "report_id: ReportId", intent, calls_for_help, masked_text,
                     reasons AS "reasons: Json<Vec<Reason>>", assignment_revision"#,
        agency.as_uuid(),
        claim.as_uuid(),
        into.as_uuid(),
        Json(std::slice::from_ref(reason)) as Json<&[Reason]>,
        &reports,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Moved::try_from).collect()
}

/// The words of a claim's first report.
///
/// # Errors
/// When the database is away.
pub async fn first_words(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT masked_text FROM classification.report
         WHERE agency_id = $1 AND claim_id = $2 ORDER BY position LIMIT 1",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_optional(tx)
    .await
}

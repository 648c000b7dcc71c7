//! Reports as they were judged.

use std::collections::HashMap;

use ids::{AgencyId, ClaimId, ClarificationId, ReportId, ReporterId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::basis::Basis;
use crate::decide::{Decided, Received};
use judgement::intent::Intent;
use judgement::reason::Reason;

/// A report as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its place in the order in which reports were judged.
    pub position: i64,
    /// The report.
    pub report: ReportId,
    /// The words.
    pub masked_text: String,
    /// What it is.
    pub intent: Intent,
    /// When it was said.
    pub said_time: OffsetDateTime,
    /// Where it was seen.
    pub seen_at: String,
    /// Why it was put where it is.
    pub reasons: Vec<Reason>,
    /// How alike it is to its claim.
    pub similarity: f32,
    /// How often it was put somewhere else.
    pub assignment_revision: i64,
    /// True where a clarification answered it.
    pub answered: bool,
    /// What it rests on, where that was kept.
    pub basis: Option<Basis>,
}

struct Row {
    position: i64,
    report_id: ReportId,
    masked_text: String,
    intent: String,
    said_time: OffsetDateTime,
    seen_at: String,
    reasons: Json<Vec<Reason>>,
    similarity: f32,
    assignment_revision: i64,
    answered: bool,
    basis: Option<Json<Basis>>,
}

/// The name of an intent in the database.
pub const fn intent_name(intent: Intent) -> &'static str {
    match intent {
        Intent::Report => "report",
        Intent::Question => "question",
        Intent::Complaint => "complaint",
        Intent::Help => "help",
        Intent::Observation => "observation",
        Intent::Other => "other",
    }
}

/// What officers call an intent.
pub const fn intent_zh(intent: Intent) -> &'static str {
    match intent {
        Intent::Report => "线索",
        Intent::Question => "咨询",
        Intent::Complaint => "诉求",
        Intent::Help => "求助",
        Intent::Observation => "异常现象",
        Intent::Other => "其他",
    }
}

/// Writes a judged batch in one statement.
///
/// # Errors
/// When the database is away.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    batch: &[Received],
    decided: &[Decided],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = batch.iter().map(|received| received.report.as_uuid()).collect();
    let reporters: Vec<Option<Uuid>> =
        batch.iter().map(|received| received.reporter.map(ReporterId::as_uuid)).collect();
    let texts: Vec<&str> = batch.iter().map(|received| received.masked_text.as_str()).collect();
    let channels: Vec<i32> = batch.iter().map(|received| received.channel).collect();
    let times: Vec<OffsetDateTime> = batch.iter().map(|received| received.said_time).collect();
    let places: Vec<&str> = batch.iter().map(|received| received.seen_at.as_str()).collect();
    let intents: Vec<&str> = decided.iter().map(|decided| intent_name(decided.intent)).collect();
    let claims: Vec<Option<Uuid>> =
        decided.iter().map(|decided| decided.claim().map(ClaimId::as_uuid)).collect();
    let clarifications: Vec<Option<Uuid>> =
        decided.iter().map(|decided| decided.clarification().map(ClarificationId::as_uuid)).collect();
    let similarities: Vec<f32> = decided.iter().map(|decided| decided.similarity).collect();
    let reasons: Vec<Json<&[Reason]>> =
        decided.iter().map(|decided| Json(decided.reasons.as_slice())).collect();
    let bases: Vec<Json<&Basis>> = decided.iter().map(|decided| Json(&decided.basis)).collect();
    let arrivals: Vec<OffsetDateTime> = batch.iter().map(|received| received.received_time).collect();
    let calling: Vec<bool> = decided.iter().map(|decided| decided.calls_for_help).collect();
    sqlx::query!(
        "INSERT INTO classification.report
            (agency_id, report_id, reporter_id, masked_text, said_time, seen_at, intent, claim_id,
             clarification_id, similarity, reasons, channel, basis, received_time, calls_for_help)
         SELECT $1, report.report_id, report.reporter_id, report.masked_text, report.said_time, report.seen_at,
                report.intent, report.claim_id, report.clarification_id, report.similarity, report.reasons,
                report.channel, report.basis, report.received_time, report.calls_for_help
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::uuid[],
                     $9::uuid[], $10::real[], $11::jsonb[], $12::integer[], $13::jsonb[], $14::timestamptz[],
                     $15::boolean[])
              WITH ORDINALITY AS report (report_id, reporter_id, masked_text, said_time, seen_at, intent,
                                         claim_id, clarification_id, similarity, reasons, channel, basis,
                                         received_time, calls_for_help, position)
         ORDER BY report.position",
        agency.as_uuid(),
        &ids,
        &reporters as &[Option<Uuid>],
        &texts as &[&str],
        &times,
        &places as &[&str],
        &intents as &[&str],
        &claims as &[Option<Uuid>],
        &clarifications as &[Option<Uuid>],
        &similarities,
        &reasons as &[Json<&[Reason]>],
        &channels,
        &bases as &[Json<&Basis>],
        &arrivals,
        &calling,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Those of `reports` that are here and have reached nothing, in the order in which they were said.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn unplaced(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
) -> sqlx::Result<Vec<Received>> {
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT report_id AS "report_id: ReportId", reporter_id AS "reporter_id: ReporterId", masked_text,
                  said_time, coalesce(received_time, said_time) AS "received_time!", seen_at, channel
           FROM classification.report
           WHERE agency_id = $1 AND report_id = ANY($2) AND claim_id IS NULL AND clarification_id IS NULL
           ORDER BY said_time, report_id"#,
        agency.as_uuid(),
        &reports,
    )
    .fetch_all(tx)
    .await?;
    let unplaced = rows.into_iter().map(|row| Received {
        report: row.report_id,
        reporter: row.reporter_id,
        masked_text: row.masked_text,
        said_time: row.said_time,
        received_time: row.received_time,
        repeats_key: false,
        seen_at: row.seen_at,
        channel: row.channel,
        traceparent: None,
    });
    Ok(unplaced.collect())
}

/// Puts a report that had reached nothing where it was judged to belong now; gives the revision of its assignment,
/// by which others know it from the first.
///
/// # Errors
/// When the database is away.
pub async fn put(
    tx: &mut PgConnection,
    agency: AgencyId,
    report: ReportId,
    decided: &Decided,
) -> sqlx::Result<u64> {
    let revision = sqlx::query_scalar!(
        "UPDATE classification.report
         SET intent = $3, claim_id = $4, clarification_id = $5, similarity = $6, reasons = $7, basis = $8,
             calls_for_help = $9, assignment_revision = assignment_revision + 1
         WHERE agency_id = $1 AND report_id = $2
         RETURNING assignment_revision",
        agency.as_uuid(),
        report.as_uuid(),
        intent_name(decided.intent),
        decided.claim().map(ClaimId::as_uuid),
        decided.clarification().map(ClarificationId::as_uuid),
        decided.similarity,
        Json(decided.reasons.as_slice()) as Json<&[Reason]>,
        Json(&decided.basis) as Json<&Basis>,
        decided.calls_for_help,
    )
    .fetch_one(tx)
    .await?;
    Ok(revision.unsigned_abs())
}

/// Says more about why a report is where it is.
///
/// # Errors
/// When the database is away.
pub async fn explain(
    tx: &mut PgConnection,
    agency: AgencyId,
    report: ReportId,
    reasons: &[Reason],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.report
         SET reasons = CASE WHEN jsonb_array_length(reasons) < 40 THEN reasons ELSE reasons - 1 - 1 END || $3::jsonb
         WHERE agency_id = $1 AND report_id = $2",
        agency.as_uuid(),
        report.as_uuid(),
        Json(reasons) as Json<&[Reason]>,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What the last report of each of `reporters` was answered with automatically; those that were not are left out.
///
/// # Errors
/// When the database is away.
pub async fn last_answered(
    tx: &mut PgConnection,
    agency: AgencyId,
    reporters: &[ReporterId],
) -> sqlx::Result<HashMap<ReporterId, ClarificationId>> {
    if reporters.is_empty() {
        return Ok(HashMap::new());
    }
    let reporters: Vec<Uuid> = reporters.iter().map(|reporter| reporter.as_uuid()).collect();
    let answered = sqlx::query!(
        r#"SELECT asked.reporter_id AS "reporter_id!: ReporterId",
                  last.clarification_id AS "clarification_id!: ClarificationId"
           FROM unnest($2::uuid[]) AS asked (reporter_id)
           CROSS JOIN LATERAL (
               SELECT clarification_id FROM classification.report
               WHERE agency_id = $1 AND reporter_id = asked.reporter_id
               ORDER BY position DESC LIMIT 1
           ) AS last
           WHERE last.clarification_id IS NOT NULL"#,
        agency.as_uuid(),
        &reporters,
    )
    .fetch_all(tx)
    .await?;
    Ok(answered.into_iter().map(|row| (row.reporter_id, row.clarification_id)).collect())
}

/// The reports of a claim, newest first, before `before`.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn of_claim(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Shown>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT position, report_id AS "report_id: ReportId", masked_text, intent, said_time, seen_at,
                  reasons AS "reasons: Json<Vec<Reason>>", similarity, assignment_revision,
                  clarification_id IS NOT NULL AS "answered!", basis AS "basis: Json<Basis>"
           FROM classification.report
           WHERE agency_id = $1 AND claim_id = $2 AND position < $3
           ORDER BY position DESC
           LIMIT $4"#,
        agency.as_uuid(),
        claim.as_uuid(),
        before.unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Shown::try_from).collect()
}

/// The reports that reached no claim, newest first, before `before`; of one intent or of all.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn without_claim(
    tx: &mut PgConnection,
    agency: AgencyId,
    intent: Option<Intent>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Shown>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT position, report_id AS "report_id: ReportId", masked_text, intent, said_time, seen_at,
                  reasons AS "reasons: Json<Vec<Reason>>", similarity, assignment_revision,
                  clarification_id IS NOT NULL AS "answered!", basis AS "basis: Json<Basis>"
           FROM classification.report
           WHERE agency_id = $1 AND claim_id IS NULL AND position < $2
             AND ($3::text IS NULL OR intent = $3)
           ORDER BY position DESC
           LIMIT $4"#,
        agency.as_uuid(),
        before.unwrap_or(i64::MAX),
        intent.map(intent_name),
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Shown::try_from).collect()
}

/// A row that no version of this service wrote.
#[derive(Debug, thiserror::Error)]
#[error("classification.report.intent of report {report} is {intent:?}")]
struct UnknownIntent {
    report: ReportId,
    intent: String,
}

/// The intent that a row names.
///
/// # Errors
/// When no version of this service wrote the row.
pub fn intent_named(report: ReportId, intent: &str) -> sqlx::Result<Intent> {
    Ok(match intent {
        "report" => Intent::Report,
        "question" => Intent::Question,
        "complaint" => Intent::Complaint,
        "help" => Intent::Help,
        "observation" => Intent::Observation,
        "other" => Intent::Other,
        _ => {
            let unknown = UnknownIntent { report, intent: intent.to_owned() };
            return Err(sqlx::Error::Decode(Box::new(unknown)));
        }
    })
}

impl TryFrom<Row> for Shown {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            position: row.position,
            report: row.report_id,
            intent: intent_named(row.report_id, &row.intent)?,
            masked_text: row.masked_text,
            said_time: row.said_time,
            seen_at: row.seen_at,
            reasons: row.reasons.0,
            similarity: row.similarity,
            assignment_revision: row.assignment_revision,
            answered: row.answered,
            basis: row.basis.map(|basis| basis.0),
        })
    }
}

/// A message as it was judged, if it is here.
///
/// # Errors
/// When the database is away or the row makes no sense.
pub async fn shown(tx: &mut PgConnection, agency: AgencyId, report: ReportId) -> sqlx::Result<Option<Shown>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT position, report_id AS "report_id: ReportId", masked_text, intent, said_time, seen_at,
                  reasons AS "reasons: Json<Vec<Reason>>", similarity, assignment_revision,
                  clarification_id IS NOT NULL AS "answered!", basis AS "basis: Json<Basis>"
           FROM classification.report WHERE agency_id = $1 AND report_id = $2"#,
        agency.as_uuid(),
        report.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(Shown::try_from).transpose()
}

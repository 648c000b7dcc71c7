//! What people said that messages are: each decision once, never changed and never taken away.

use ids::{AgencyId, ClaimId, ClarificationId, PersonId, ReportId, ReporterId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::models::DecidedClaim;
use super::reports::{intent_name, intent_named};
use crate::decide::Received;
use judgement::intent::Intent;
use judgement::reason::Reason;

/// Decisions that one training looks at: the newest.
const DECISIONS_MAX: i64 = 20_000;

/// A decision.
#[derive(Clone, Copy, Debug)]
pub struct IntentDecision {
    /// The caller's own id of it.
    pub request: Uuid,
    /// The message.
    pub report: ReportId,
    /// What it was taken for before.
    pub previous: Intent,
    /// What it is.
    pub intent: Intent,
    /// Who said so.
    pub person: PersonId,
}

/// A message as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The message.
    pub received: Received,
    /// What it is.
    pub intent: Intent,
    /// The claim that it is in.
    pub claim: Option<ClaimId>,
    /// The clarification that answers it.
    pub clarification: Option<ClarificationId>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// How often it was put somewhere else.
    pub assignment_revision: i64,
}

/// A message as it stands, if there is one. The caller holds the agency's lock.
///
/// # Errors
/// When the database is away or the row makes no sense.
pub async fn standing(
    tx: &mut PgConnection,
    agency: AgencyId,
    report: ReportId,
) -> sqlx::Result<Option<Standing>> {
    let row = sqlx::query!(
        r#"SELECT reporter_id AS "reporter_id: ReporterId", masked_text, said_time,
                  coalesce(received_time, said_time) AS "received_time!", seen_at, channel, intent,
                  claim_id AS "claim_id: ClaimId", clarification_id AS "clarification_id: ClarificationId",
                  reasons AS "reasons: Json<Vec<Reason>>", assignment_revision
           FROM classification.report WHERE agency_id = $1 AND report_id = $2"#,
        agency.as_uuid(),
        report.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Standing {
        received: Received {
            report,
            reporter: row.reporter_id,
            masked_text: row.masked_text,
            said_time: row.said_time,
            received_time: row.received_time,
            repeats_key: false,
            seen_at: row.seen_at,
            channel: row.channel,
            traceparent: None,
        },
        intent: intent_named(report, &row.intent)?,
        claim: row.claim_id,
        clarification: row.clarification_id,
        reasons: row.reasons.0,
        assignment_revision: row.assignment_revision,
    }))
}

/// What a request decided, if it did.
///
/// # Errors
/// When the database is away or the row makes no sense.
pub async fn by_request(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: Uuid,
) -> sqlx::Result<Option<(ReportId, Intent)>> {
    let row = sqlx::query!(
        r#"SELECT report_id AS "report_id: ReportId", intent
           FROM classification.intent_decision WHERE agency_id = $1 AND request_id = $2"#,
        agency.as_uuid(),
        request,
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| Ok((row.report_id, intent_named(row.report_id, &row.intent)?))).transpose()
}

/// Keeps a decision.
///
/// # Errors
/// When the database is away.
pub async fn keep(
    tx: &mut PgConnection,
    agency: AgencyId,
    decision: &IntentDecision,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.intent_decision
            (agency_id, request_id, report_id, previous_intent, intent, person_id, decide_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        agency.as_uuid(),
        decision.request,
        decision.report.as_uuid(),
        intent_name(decision.previous),
        intent_name(decision.intent),
        decision.person.as_uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What messages are by the newest decisions, oldest first: the last word about each message, and "report" for the
/// one that a claim begins with that the office clarified.
///
/// # Errors
/// When the database is away.
pub async fn decided(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<DecidedClaim>> {
    let mut decided = sqlx::query_as!(
        DecidedClaim,
        r#"WITH said AS (
               SELECT DISTINCT ON (decision.report_id) decision.report_id, decision.intent, decision.decide_time
               FROM classification.intent_decision AS decision
               WHERE decision.agency_id = $1
               ORDER BY decision.report_id, decision.position DESC
           ), confirmed AS (
               SELECT opening.report_id, opening.masked_text, claim.first_time
               FROM classification.claim AS claim
               CROSS JOIN LATERAL (
                   SELECT report.report_id, report.masked_text FROM classification.report AS report
                   WHERE report.agency_id = $1 AND report.claim_id = claim.claim_id
                   ORDER BY report.position LIMIT 1
               ) AS opening
               WHERE claim.agency_id = $1 AND EXISTS (
                   SELECT FROM classification.clarification AS clarification
                   WHERE clarification.agency_id = $1 AND clarification.claim_id = claim.claim_id
                     AND clarification.verdict <> '')
           )
           SELECT coalesce(transcript.masked_text, report.masked_text) AS "masked_text!",
                  said.intent AS "decision!", true AS "by_office!", said.decide_time AS "first_time!"
           FROM said
           JOIN classification.report AS report ON report.agency_id = $1 AND report.report_id = said.report_id
           LEFT JOIN classification.transcript AS transcript
             ON transcript.agency_id = $1 AND transcript.report_id = said.report_id
           UNION ALL
           SELECT confirmed.masked_text, 'report', true, confirmed.first_time FROM confirmed
           WHERE NOT EXISTS (SELECT FROM said WHERE said.report_id = confirmed.report_id)
           ORDER BY 4 DESC, 1
           LIMIT $2"#,
        agency.as_uuid(),
        DECISIONS_MAX,
    )
    .fetch_all(tx)
    .await?;
    decided.reverse();
    Ok(decided)
}

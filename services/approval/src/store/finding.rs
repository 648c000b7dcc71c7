//! Questions to departments and their answers.

use ids::{AgencyId, CaseId, FindingId, PersonId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, bytes, corrupt, read};
use crate::domain::case::Findings;
use crate::domain::finding::{Finding, FindingAnswer, Link};

struct Row {
    finding_id: Uuid,
    case_id: Uuid,
    department: String,
    question: String,
    ask_time: OffsetDateTime,
    due_time: OffsetDateTime,
    verdict: Option<String>,
    facts: Option<String>,
    evidence: Option<String>,
    answered_by: Option<String>,
    answer_time: Option<OffsetDateTime>,
    link_number: i32,
    code_mac: Option<Vec<u8>>,
    withdraw_time: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Finding {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let answer = match (row.verdict, row.facts, row.evidence, row.answered_by, row.answer_time) {
            (Some(verdict), Some(facts), Some(evidence), Some(answered_by), Some(answer_time)) => {
                let verdict = read("finding.verdict", row.finding_id, &verdict)?;
                Some(FindingAnswer { verdict, facts, evidence, answered_by, answer_time })
            }
            (None, None, None, None, None) => None,
            _ => return Err(corrupt("finding.answer_time", row.finding_id, "half an answer")),
        };
        Ok(Self {
            finding: FindingId::from_uuid(row.finding_id),
            case: CaseId::from_uuid(row.case_id),
            department: row.department,
            question: row.question,
            ask_time: row.ask_time,
            due_time: row.due_time,
            answer,
            link: Link {
                number: row.link_number,
                code_mac: row
                    .code_mac
                    .map(|mac| bytes("finding.code_mac", row.finding_id, &mac))
                    .transpose()?,
                withdrawn: row.withdraw_time.is_some(),
            },
        })
    }
}

/// Asks.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    finding: &Finding,
    asked_by: PersonId,
    link_secret_sha256: &[u8; 32],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.finding
             (finding_id, agency_id, case_id, department, question, asked_by, ask_time, due_time,
              link_secret_sha256, link_number, code_mac)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        finding.finding.as_uuid(),
        agency.as_uuid(),
        finding.case.as_uuid(),
        finding.department,
        finding.question,
        asked_by.as_uuid(),
        finding.ask_time,
        finding.due_time,
        link_secret_sha256,
        finding.link.number,
        finding.link.code_mac.as_ref().map(<[u8; 32]>::as_slice)
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One finding.
pub async fn get(tx: &mut PgConnection, finding: FindingId) -> Result<Option<Finding>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT finding_id, case_id, department, question, ask_time, due_time, verdict, facts, evidence,
                answered_by, answer_time, link_number, code_mac, withdraw_time
         FROM approval.finding WHERE finding_id = $1",
        finding.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    row.map(Finding::try_from).transpose()
}

/// The finding of this link.
pub async fn by_link(
    tx: &mut PgConnection,
    link_secret_sha256: &[u8; 32],
) -> Result<Option<Finding>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT finding_id, case_id, department, question, ask_time, due_time, verdict, facts, evidence,
                answered_by, answer_time, link_number, code_mac, withdraw_time
         FROM approval.finding WHERE link_secret_sha256 = $1",
        link_secret_sha256
    )
    .fetch_optional(tx)
    .await?;
    row.map(Finding::try_from).transpose()
}

/// Where a page of findings begins: behind this one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingKey {
    ask_time: OffsetDateTime,
    finding: FindingId,
}

impl FindingKey {
    /// The key of a finding.
    pub fn of(finding: &Finding) -> Self {
        Self { ask_time: finding.ask_time, finding: finding.finding }
    }
}

/// Whether a department was asked about a case.
pub async fn was_asked(tx: &mut PgConnection, case: CaseId, department: &str) -> Result<bool, StoreError> {
    let asked = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM approval.finding
                          WHERE case_id = $1 AND department = $2) AS "asked!""#,
        case.as_uuid(),
        department
    )
    .fetch_one(tx)
    .await?;
    Ok(asked)
}

/// The findings of a case, or those of one department, newest first.
pub async fn of_case(
    tx: &mut PgConnection,
    case: CaseId,
    department: Option<&str>,
    after: Option<&FindingKey>,
    limit: i64,
) -> Result<Vec<Finding>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT finding_id, case_id, department, question, ask_time, due_time, verdict, facts, evidence,
                answered_by, answer_time, link_number, code_mac, withdraw_time
         FROM approval.finding
         WHERE case_id = $1 AND ($2::timestamptz IS NULL OR (ask_time, finding_id) < ($2, $3))
           AND ($5::text IS NULL OR department = $5)
         ORDER BY ask_time DESC, finding_id DESC LIMIT $4",
        case.as_uuid(),
        after.map(|after| after.ask_time),
        after.map(|after| after.finding.as_uuid()),
        limit,
        department
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Finding::try_from).collect()
}

/// Takes the answer; false when there is one already.
pub async fn answer(
    tx: &mut PgConnection,
    finding: FindingId,
    answer: &FindingAnswer,
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.finding
         SET verdict = $2, facts = $3, evidence = $4, answered_by = $5, answer_time = $6
         WHERE finding_id = $1 AND answer_time IS NULL",
        finding.as_uuid(),
        answer.verdict.as_str(),
        answer.facts,
        answer.evidence,
        answer.answered_by,
        answer.answer_time
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// How far a case's departments are.
pub async fn standing(tx: &mut PgConnection, case: CaseId) -> Result<Findings, StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "asked!", count(answer_time) AS "answered!"
           FROM approval.finding WHERE case_id = $1"#,
        case.as_uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(match (row.asked, row.answered) {
        (0, _) => Findings::NotAsked,
        (_, 0) => Findings::Asked,
        _ => Findings::Answered,
    })
}

/// Issues a question's link anew; false when it was answered meanwhile.
pub async fn reissue(
    tx: &mut PgConnection,
    finding: &Finding,
    link_secret_sha256: &[u8; 32],
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.finding
         SET link_secret_sha256 = $2, link_number = $3, code_mac = $4, due_time = $5, code_failures = 0,
             withdraw_time = NULL
         WHERE finding_id = $1 AND answer_time IS NULL",
        finding.finding.as_uuid(),
        link_secret_sha256,
        finding.link.number,
        finding.link.code_mac.as_ref().map(<[u8; 32]>::as_slice),
        finding.due_time
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Withdraws a question's link; false when it is withdrawn or answered already.
pub async fn withdraw(
    tx: &mut PgConnection,
    finding: FindingId,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.finding SET withdraw_time = $2
         WHERE finding_id = $1 AND withdraw_time IS NULL AND answer_time IS NULL",
        finding.as_uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Counts a wrong code before anybody knows that it is one; the count with it. The row stays locked, so that many at
/// once are judged one after another. `None` when no more may be tried.
pub async fn count_code(
    tx: &mut PgConnection,
    finding: FindingId,
    failures_max: i32,
) -> Result<Option<i32>, StoreError> {
    let failures = sqlx::query_scalar!(
        "UPDATE approval.finding SET code_failures = code_failures + 1
         WHERE finding_id = $1 AND code_failures < $2 AND withdraw_time IS NULL
         RETURNING code_failures",
        finding.as_uuid(),
        failures_max
    )
    .fetch_optional(tx)
    .await?;
    Ok(failures)
}

/// Takes the count back: the code was right.
pub async fn uncount_code(tx: &mut PgConnection, finding: FindingId) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE approval.finding SET code_failures = code_failures - 1 WHERE finding_id = $1",
        finding.as_uuid()
    )
    .execute(tx)
    .await?;
    Ok(())
}

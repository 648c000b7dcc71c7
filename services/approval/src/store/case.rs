//! Cases and their history.

use ids::{AgencyId, CaseId, ClaimId, ClarificationId};
use serde::{Deserialize, Serialize};
use signoff::content::CLAIMS_MAX;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, read};
use crate::domain::case::{CaseFile, CaseState, Suspended};
use crate::domain::content::Matter;
use crate::resume_answer::Suspension;

struct Row {
    case_id: Uuid,
    code: String,
    claim_id: Option<Uuid>,
    sentence: String,
    state: String,
    state_revision: i64,
    report_count: i64,
    urgency: i32,
    order_hint: i32,
    urgent: bool,
    due_time: Option<OffsetDateTime>,
    open_time: OffsetDateTime,
    departments: Vec<String>,
    note: String,
    merged_into: Option<Uuid>,
    suspended_clarification: Option<Uuid>,
    suspension_revision: i64,
    named_until: Option<OffsetDateTime>,
    valid_until: Option<OffsetDateTime>,
}

impl TryFrom<Row> for CaseFile {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = read("case_file.state", row.case_id, &row.state)?;
        Ok(Self {
            case: CaseId::from_uuid(row.case_id),
            code: row.code,
            claim: row.claim_id.map(ClaimId::from_uuid),
            sentence: row.sentence,
            state,
            state_revision: row.state_revision,
            report_count: row.report_count,
            urgency: row.urgency,
            order_hint: row.order_hint,
            urgent: row.urgent,
            due_time: row.due_time,
            open_time: row.open_time,
            departments: row.departments,
            note: row.note,
            merged_into: row.merged_into.map(CaseId::from_uuid),
            suspended: row.suspended_clarification.map(|clarification| Suspended {
                clarification: ClarificationId::from_uuid(clarification),
                suspension_revision: row.suspension_revision,
            }),
            named_until: row.named_until,
            valid_until: row.valid_until,
        })
    }
}

/// One case.
pub async fn get(tx: &mut PgConnection, case: CaseId) -> Result<Option<CaseFile>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT case_id, code, claim_id, sentence, state, state_revision, report_count, urgency, order_hint,
                urgent, due_time, open_time, departments, note, merged_into, suspended_clarification,
                suspension_revision, named_until, valid_until
         FROM approval.case_file WHERE case_id = $1",
        case.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    row.map(CaseFile::try_from).transpose()
}

/// The case of a claim.
pub async fn of_claim(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
) -> Result<Option<CaseId>, StoreError> {
    let case = sqlx::query_scalar!(
        "SELECT case_id FROM approval.case_file WHERE agency_id = $1 AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(case.map(CaseId::from_uuid))
}

/// The case with this number.
pub async fn of_code(
    tx: &mut PgConnection,
    agency: AgencyId,
    code: &str,
) -> Result<Option<CaseId>, StoreError> {
    let case = sqlx::query_scalar!(
        "SELECT case_id FROM approval.case_file WHERE agency_id = $1 AND code = $2",
        agency.as_uuid(),
        code
    )
    .fetch_optional(tx)
    .await?;
    Ok(case.map(CaseId::from_uuid))
}

/// One case, locked: whoever changes anything about a case holds this first.
pub async fn lock(tx: &mut PgConnection, case: CaseId) -> Result<Option<CaseFile>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT case_id, code, claim_id, sentence, state, state_revision, report_count, urgency, order_hint,
                urgent, due_time, open_time, departments, note, merged_into, suspended_clarification,
                suspension_revision, named_until, valid_until
         FROM approval.case_file WHERE case_id = $1 FOR NO KEY UPDATE",
        case.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    row.map(CaseFile::try_from).transpose()
}

/// Where a page of the queue begins: behind this row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueKey {
    unfinished: bool,
    urgent: bool,
    urgency: i32,
    #[serde(default)]
    order_hint: i32,
    report_count: i64,
    case: CaseId,
}

impl From<&CaseFile> for QueueKey {
    fn from(case: &CaseFile) -> Self {
        Self {
            unfinished: !matches!(case.state, CaseState::Published | CaseState::Dismissed),
            urgent: case.urgent,
            urgency: case.urgency,
            order_hint: case.order_hint,
            report_count: case.report_count,
            case: case.case,
        }
    }
}

/// One page of the queue, or of what is one department's: unfinished work first, the urgent on top.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    department: Option<&str>,
    states: &[CaseState],
    after: Option<&QueueKey>,
    limit: i64,
) -> Result<Vec<CaseFile>, StoreError> {
    let states: Vec<String> = states.iter().map(|state| state.as_str().to_owned()).collect();
    let first = QueueKey {
        unfinished: true,
        urgent: true,
        urgency: i32::MAX,
        order_hint: i32::MAX,
        report_count: i64::MAX,
        case: CaseId::from_uuid(Uuid::max()),
    };
    let after = after.unwrap_or(&first);
    let rows = sqlx::query_as!(
        Row,
        "SELECT case_id, code, claim_id, sentence, state, state_revision, report_count, urgency, order_hint,
                urgent, due_time, open_time, departments, note, merged_into, suspended_clarification,
                suspension_revision, named_until, valid_until
         FROM approval.case_file
         WHERE agency_id = $1
           AND state = ANY($2)
           AND (unfinished, urgent, urgency, order_hint, report_count, case_id) < ($3, $4, $5, $6, $7, $8)
           AND ($10::text IS NULL OR $10 = ANY(departments)
                OR EXISTS (SELECT FROM approval.finding
                           WHERE finding.case_id = case_file.case_id AND finding.department = $10))
         ORDER BY unfinished DESC, urgent DESC, urgency DESC, order_hint DESC, report_count DESC, case_id DESC
         LIMIT $9",
        agency.as_uuid(),
        &states,
        after.unfinished,
        after.urgent,
        after.urgency,
        after.order_hint,
        after.report_count,
        after.case.as_uuid(),
        limit,
        department
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(CaseFile::try_from).collect()
}

/// Where a page of the cases whose words hold no longer begins: behind this one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ValidityKey {
    valid_until: OffsetDateTime,
    case: CaseId,
}

impl ValidityKey {
    /// The key of a case, if its words have an end.
    #[must_use]
    pub fn of(case: &CaseFile) -> Option<Self> {
        Some(Self { valid_until: case.valid_until?, case: case.case })
    }
}

/// Cases whose words hold no longer, the longest ended first. What is dismissed asks nobody for anything.
pub async fn past_validity(
    tx: &mut PgConnection,
    agency: AgencyId,
    now: OffsetDateTime,
    after: Option<&ValidityKey>,
    limit: i64,
) -> Result<Vec<CaseFile>, StoreError> {
    let (since, case) = after.map_or((OffsetDateTime::UNIX_EPOCH, CaseId::from_uuid(Uuid::nil())), |after| {
        (after.valid_until, after.case)
    });
    let rows = sqlx::query_as!(
        Row,
        "SELECT case_id, code, claim_id, sentence, state, state_revision, report_count, urgency, order_hint,
                urgent, due_time, open_time, departments, note, merged_into, suspended_clarification,
                suspension_revision, named_until, valid_until
         FROM approval.case_file
         WHERE agency_id = $1 AND valid_until < $2 AND (valid_until, case_id) > ($3, $4) AND state <> 'dismissed'
         ORDER BY valid_until, case_id
         LIMIT $5",
        agency.as_uuid(),
        now,
        since,
        case.as_uuid(),
        limit
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(CaseFile::try_from).collect()
}

/// What a locked case is about now: its sentence, its claim, and the claims of what was merged into it.
pub async fn matter(tx: &mut PgConnection, case: &CaseFile) -> Result<Matter, StoreError> {
    let claims = sqlx::query_scalar!(
        r#"WITH RECURSIVE merged (case_id, claim_id) AS (
               SELECT case_id, claim_id FROM approval.case_file WHERE case_id = $1
               UNION
               SELECT joined.case_id, joined.claim_id FROM approval.case_file AS joined
               JOIN merged ON joined.merged_into = merged.case_id
           )
           SELECT claim_id AS "claim_id!" FROM merged WHERE claim_id IS NOT NULL
           -- Its own claim always, and of the others the same ones whenever it is asked.
           ORDER BY case_id <> $1, claim_id LIMIT $2"#,
        case.case.as_uuid(),
        i64::try_from(CLAIMS_MAX).unwrap_or(i64::MAX)
    )
    .fetch_all(tx)
    .await?;
    Ok(Matter {
        sentence: case.sentence.clone(),
        claims: claims.into_iter().map(ClaimId::from_uuid).collect(),
    })
}

/// Sets the earliest of `ends` that is not settled as the end of a locked case's words.
pub async fn set_validity(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    ends: &[OffsetDateTime],
) -> Result<(), StoreError> {
    case.valid_until = sqlx::query_scalar!(
        "UPDATE approval.case_file
         SET valid_until = (SELECT min(ending) FROM unnest($2::timestamptz[]) AS ends (ending)
                            WHERE ending > coalesce(validity_settled, '-infinity'))
         WHERE case_id = $1
         RETURNING valid_until",
        case.case.as_uuid(),
        ends
    )
    .fetch_one(tx)
    .await?;
    Ok(())
}

/// Notes that what ended up to `until` is settled.
pub async fn settle_validity(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    case.state_revision = sqlx::query_scalar!(
        "UPDATE approval.case_file SET validity_settled = $2, state_revision = state_revision + 1
         WHERE case_id = $1 AND state_revision = $3
         RETURNING state_revision",
        case.case.as_uuid(),
        until,
        case.state_revision
    )
    .fetch_one(tx)
    .await?;
    Ok(())
}

/// Opens a case for a notice.
pub async fn insert_notice(
    tx: &mut PgConnection,
    agency: AgencyId,
    case: CaseId,
    code: &str,
    sentence: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.case_file (case_id, agency_id, code, sentence, state, open_time)
         VALUES ($1, $2, $3, $4, 'open', $5)",
        case.as_uuid(),
        agency.as_uuid(),
        code,
        sentence,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves a locked case, with what is to be said about it.
pub async fn move_to(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    state: CaseState,
    note: &str,
) -> Result<(), StoreError> {
    let revision = sqlx::query_scalar!(
        "UPDATE approval.case_file SET state = $2, note = $3, state_revision = state_revision + 1
         WHERE case_id = $1 AND state_revision = $4
         RETURNING state_revision",
        case.case.as_uuid(),
        state.as_str(),
        note,
        case.state_revision
    )
    .fetch_one(tx)
    .await?;
    case.state = state;
    note.clone_into(&mut case.note);
    case.state_revision = revision;
    Ok(())
}

/// Sets a locked case's response clock.
pub async fn set_urgency(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    urgent: bool,
    due_time: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    let revision = sqlx::query_scalar!(
        "UPDATE approval.case_file SET urgent = $2, due_time = $3, state_revision = state_revision + 1
         WHERE case_id = $1 AND state_revision = $4
         RETURNING state_revision",
        case.case.as_uuid(),
        urgent,
        due_time,
        case.state_revision
    )
    .fetch_one(tx)
    .await?;
    case.urgent = urgent;
    case.due_time = due_time;
    case.state_revision = revision;
    Ok(())
}

/// Points a locked case that was merged at the one that goes on.
pub async fn set_merged_into(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    into: CaseId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE approval.case_file SET merged_into = $2 WHERE case_id = $1",
        case.case.as_uuid(),
        into.as_uuid()
    )
    .execute(tx)
    .await?;
    case.merged_into = Some(into);
    Ok(())
}

/// Sets a locked case's departments for good: what the machine suggests later no longer replaces them.
pub async fn set_departments(
    tx: &mut PgConnection,
    case: &mut CaseFile,
    departments: &[String],
) -> Result<(), StoreError> {
    let revision = sqlx::query_scalar!(
        "UPDATE approval.case_file
         SET departments = $2, departments_decided = true, state_revision = state_revision + 1
         WHERE case_id = $1 AND state_revision = $3
         RETURNING state_revision",
        case.case.as_uuid(),
        departments,
        case.state_revision
    )
    .fetch_one(tx)
    .await?;
    case.departments = departments.to_vec();
    case.state_revision = revision;
    Ok(())
}

/// Takes over a newer word about a locked case's automatic answer; says `false` where it is older than what is here.
pub async fn set_suspension(
    tx: &mut PgConnection,
    case: &CaseFile,
    suspension: &Suspension,
) -> Result<bool, StoreError> {
    let clarification = suspension.suspended.then(|| suspension.clarification.as_uuid());
    let set = sqlx::query_scalar!(
        "UPDATE approval.case_file
         SET suspended_clarification = CASE WHEN $4 THEN suspended_clarification ELSE $2 END,
             suspension_revision = $3, state_revision = state_revision + 1
         WHERE case_id = $1 AND suspension_revision < $3
         RETURNING state_revision",
        case.case.as_uuid(),
        clarification,
        suspension.suspension_revision,
        suspension.doubted
    )
    .fetch_optional(tx)
    .await?;
    Ok(set.is_some())
}

/// Shows at once that an officer switched the automatic answer on; classification's own word follows.
pub async fn clear_suspension(tx: &mut PgConnection, case: &mut CaseFile) -> Result<(), StoreError> {
    let revision = sqlx::query_scalar!(
        "UPDATE approval.case_file SET suspended_clarification = NULL, state_revision = state_revision + 1
         WHERE case_id = $1 AND state_revision = $2
         RETURNING state_revision",
        case.case.as_uuid(),
        case.state_revision
    )
    .fetch_one(tx)
    .await?;
    case.suspended = None;
    case.state_revision = revision;
    Ok(())
}

/// A claim as classification last described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimCounts {
    /// The claim.
    pub claim: ClaimId,
    /// Of the claim, not of the case: the newer wins.
    pub claim_state_revision: i64,
    /// What is being said.
    pub sentence: String,
    /// How many reports.
    pub report_count: i64,
    /// 0 to 100.
    pub urgency: i32,
    /// Where it stands among claims of equal urgency, 0 to 100.
    pub order_hint: i32,
    /// Suggested, best first.
    pub departments: Vec<String>,
    /// The end of the last day that the sentence names.
    pub named_until: Option<OffsetDateTime>,
}

/// The claims among these that have a case.
pub async fn claims_with_case(
    tx: &mut PgConnection,
    agency: AgencyId,
    claims: &[ClaimId],
) -> Result<Vec<ClaimId>, StoreError> {
    let claims: Vec<Uuid> = claims.iter().map(|claim| claim.as_uuid()).collect();
    let known = sqlx::query_scalar!(
        // One look into the unique index for each: all of them at once would walk every case of the agency.
        r#"SELECT kept.claim_id AS "claim_id!"
           FROM unnest($2::uuid[]) AS wanted (claim_id)
           CROSS JOIN LATERAL (SELECT claim_id FROM approval.case_file
                               WHERE agency_id = $1 AND case_file.claim_id = wanted.claim_id LIMIT 1) AS kept"#,
        agency.as_uuid(),
        &claims
    )
    .fetch_all(tx)
    .await?;
    Ok(known.into_iter().map(ClaimId::from_uuid).collect())
}

/// A case that a claim opens.
pub struct OpenedByClaim<'a> {
    /// The case.
    pub case: CaseId,
    /// Its code.
    pub code: String,
    /// Its claim.
    pub claim: &'a ClaimCounts,
}

/// Opens a case for each of these claims, in one statement. The caller holds the agency's counter and has
/// looked that none of them has a case.
pub async fn insert_for_claims(
    tx: &mut PgConnection,
    agency: AgencyId,
    opened: &[OpenedByClaim<'_>],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let cases: Vec<Uuid> = opened.iter().map(|one| one.case.as_uuid()).collect();
    let codes: Vec<String> = opened.iter().map(|one| one.code.clone()).collect();
    let claims: Vec<Uuid> = opened.iter().map(|one| one.claim.claim.as_uuid()).collect();
    let sentences: Vec<String> = opened.iter().map(|one| one.claim.sentence.clone()).collect();
    let revisions: Vec<i64> = opened.iter().map(|one| one.claim.claim_state_revision).collect();
    let counts: Vec<i64> = opened.iter().map(|one| one.claim.report_count).collect();
    let urgencies: Vec<i32> = opened.iter().map(|one| one.claim.urgency).collect();
    let hints: Vec<i32> = opened.iter().map(|one| one.claim.order_hint).collect();
    // An array of arrays must be rectangular, so the departments travel as JSON.
    let departments: Vec<serde_json::Value> =
        opened.iter().map(|one| serde_json::Value::from(one.claim.departments.clone())).collect();
    let named: Vec<Option<OffsetDateTime>> = opened.iter().map(|one| one.claim.named_until).collect();
    sqlx::query!(
        "INSERT INTO approval.case_file
             (case_id, agency_id, code, claim_id, sentence, state, claim_state_revision, report_count, urgency,
              order_hint, departments, named_until, open_time)
         SELECT case_id, $1, code, claim_id, sentence, 'open', claim_state_revision, report_count, urgency,
                order_hint, ARRAY(SELECT jsonb_array_elements_text(departments)), named_until, $12
         FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::integer[],
                     $9::integer[], $10::jsonb[], $11::timestamptz[])
              AS opened (case_id, code, claim_id, sentence, claim_state_revision, report_count, urgency,
                         order_hint, departments, named_until)",
        agency.as_uuid(),
        &cases,
        &codes,
        &claims,
        &sentences,
        &revisions,
        &counts,
        &urgencies,
        &hints,
        &departments,
        &named as &[Option<OffsetDateTime>],
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes over the counts of claims that have a case, where they are newer than what the case has.
pub async fn grow(
    tx: &mut PgConnection,
    agency: AgencyId,
    claims: &[&ClaimCounts],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = claims.iter().map(|one| one.claim.as_uuid()).collect();
    let sentences: Vec<String> = claims.iter().map(|one| one.sentence.clone()).collect();
    let revisions: Vec<i64> = claims.iter().map(|one| one.claim_state_revision).collect();
    let counts: Vec<i64> = claims.iter().map(|one| one.report_count).collect();
    let urgencies: Vec<i32> = claims.iter().map(|one| one.urgency).collect();
    let hints: Vec<i32> = claims.iter().map(|one| one.order_hint).collect();
    let departments: Vec<serde_json::Value> =
        claims.iter().map(|one| serde_json::Value::from(one.departments.clone())).collect();
    let named: Vec<Option<OffsetDateTime>> = claims.iter().map(|one| one.named_until).collect();
    sqlx::query!(
        "UPDATE approval.case_file
         SET sentence = grown.sentence, claim_state_revision = grown.claim_state_revision,
             report_count = grown.report_count, urgency = grown.urgency, order_hint = grown.order_hint,
             named_until = grown.named_until,
             departments = CASE WHEN case_file.departments_decided THEN case_file.departments
                                ELSE ARRAY(SELECT jsonb_array_elements_text(grown.departments)) END
         FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[], $7::integer[], $8::jsonb[],
                     $9::timestamptz[])
              AS grown (claim_id, sentence, claim_state_revision, report_count, urgency, order_hint, departments,
                        named_until)
         WHERE case_file.agency_id = $1
           AND case_file.claim_id = grown.claim_id
           AND case_file.claim_state_revision < grown.claim_state_revision",
        agency.as_uuid(),
        &ids,
        &sentences,
        &revisions,
        &counts,
        &urgencies,
        &hints,
        &departments,
        &named as &[Option<OffsetDateTime>]
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Something that happened to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseEvent {
    /// When.
    pub time: OffsetDateTime,
    /// Who; empty for the machine.
    pub actor: String,
    /// What, in words for an officer.
    pub what: String,
}

/// Adds to a case's history.
pub async fn append_event(
    tx: &mut PgConnection,
    agency: AgencyId,
    case: CaseId,
    event: &CaseEvent,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.case_event (agency_id, case_id, event_time, actor, what)
         VALUES ($1, $2, $3, $4, $5)",
        agency.as_uuid(),
        case.as_uuid(),
        event.time,
        event.actor,
        event.what
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds the machine's same words to the history of several cases.
pub async fn append_machine_events(
    tx: &mut PgConnection,
    agency: AgencyId,
    cases: &[CaseId],
    what: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let cases: Vec<Uuid> = cases.iter().map(|case| case.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO approval.case_event (agency_id, case_id, event_time, actor, what)
         SELECT $1, case_id, $3, '', $4 FROM unnest($2::uuid[]) AS opened (case_id)",
        agency.as_uuid(),
        &cases,
        now,
        what
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A case's history, newest first, before entry `before`, each with its number.
pub async fn events(
    tx: &mut PgConnection,
    case: CaseId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(i64, CaseEvent)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT case_event_id, event_time, actor, what FROM approval.case_event
         WHERE case_id = $1 AND ($2::bigint IS NULL OR case_event_id < $2)
         ORDER BY case_event_id DESC LIMIT $3",
        case.as_uuid(),
        before,
        limit
    )
    .fetch_all(tx)
    .await?;
    let event = |time, actor, what| CaseEvent { time, actor, what };
    Ok(rows.into_iter().map(|row| (row.case_event_id, event(row.event_time, row.actor, row.what))).collect())
}

/// Keeps the span that opened a case.
pub async fn keep_opening(tx: &mut PgConnection, case: CaseId, traceparent: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE approval.case_file SET opening_traceparent = $2 WHERE case_id = $1",
        case.as_uuid(),
        traceparent
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The span that opened a case; `None` for a case that a person opened, and outside a recorded trace.
pub async fn opening(tx: &mut PgConnection, case: CaseId) -> Result<Option<String>, StoreError> {
    let opening = sqlx::query_scalar!(
        "SELECT opening_traceparent FROM approval.case_file WHERE case_id = $1",
        case.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(opening.flatten())
}

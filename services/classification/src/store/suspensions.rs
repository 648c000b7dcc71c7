//! Automatic answers that citizens said were wrong, and those that are off because of it.

use std::collections::{BTreeSet, HashMap};

use ids::{AgencyId, ClarificationId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::suspend::WrongAnswer;

/// Whether an automatic answer is off.
#[derive(Clone, Copy, Debug)]
pub struct Suspension {
    /// Of this clarification.
    pub clarification: ClarificationId,
    /// Grows by one with every change.
    pub state_revision: i64,
    /// Whether it is off.
    pub suspended: bool,
    /// Reporters who said that it was wrong, when it was switched off.
    pub wrong: i64,
    /// Messages that it had answered.
    pub answered: i64,
}

/// What counts for and against a clarification.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// True where its automatic answer is off already.
    pub suspended: bool,
    /// Reporters who said that it was wrong.
    pub wrong: i64,
    /// Messages that it answered automatically.
    pub answered: i64,
}

/// What each of these clarifications says is being said.
///
/// # Errors
/// When the database is away.
pub async fn sentences(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarifications: &BTreeSet<ClarificationId>,
) -> sqlx::Result<HashMap<ClarificationId, String>> {
    let clarifications: Vec<Uuid> = clarifications.iter().map(|one| one.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (clarification_id) clarification_id AS "clarification_id: ClarificationId",
                  claim_sentence
           FROM classification.clarification
           WHERE agency_id = $1 AND clarification_id = ANY($2)
           ORDER BY clarification_id, revision DESC"#,
        agency.as_uuid(),
        &clarifications,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.clarification_id, row.claim_sentence)).collect())
}

/// Notes that an answer was wrong: the same reporter counts once for a clarification.
///
/// # Errors
/// When the database is away.
pub async fn add_wrong(tx: &mut PgConnection, agency: AgencyId, answer: &WrongAnswer) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.wrong_answer (agency_id, clarification_id, reporter_id, said_time)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        answer.clarification.as_uuid(),
        answer.reporter.as_uuid(),
        answer.said_time,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What counts since `since`, and since a person last said that the answer is right.
///
/// # Errors
/// When the database is away.
pub async fn count(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    since: OffsetDateTime,
) -> sqlx::Result<Counts> {
    sqlx::query_as!(
        Counts,
        r#"WITH standing AS (
               SELECT coalesce(bool_or(suspended), false) AS suspended,
                      greatest($3::timestamptz, max(counts_from)) AS since
               FROM classification.suspension WHERE agency_id = $1 AND clarification_id = $2)
           SELECT standing.suspended AS "suspended!",
                  (SELECT count(*) FROM classification.wrong_answer
                   WHERE agency_id = $1 AND clarification_id = $2 AND said_time > standing.since) AS "wrong!",
                  (SELECT count(*) FROM classification.report
                   WHERE agency_id = $1 AND clarification_id = $2 AND said_time > standing.since) AS "answered!"
           FROM standing"#,
        agency.as_uuid(),
        clarification.as_uuid(),
        since,
    )
    .fetch_one(tx)
    .await
}

/// Switches an automatic answer off.
///
/// # Errors
/// When the database is away.
pub async fn suspend(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    counts: Counts,
    now: OffsetDateTime,
) -> sqlx::Result<Suspension> {
    let state_revision = sqlx::query_scalar!(
        "INSERT INTO classification.suspension AS known
            (agency_id, clarification_id, state_revision, suspended, wrong_count, answered_count, counts_from)
         VALUES ($1, $2, 1, true, $3, $4, $5)
         ON CONFLICT (agency_id, clarification_id) DO UPDATE SET
            state_revision = known.state_revision + 1, suspended = true, wrong_count = excluded.wrong_count,
            answered_count = excluded.answered_count
         RETURNING state_revision",
        agency.as_uuid(),
        clarification.as_uuid(),
        counts.wrong,
        counts.answered,
        now,
    )
    .fetch_one(tx)
    .await?;
    Ok(Suspension {
        clarification,
        state_revision,
        suspended: true,
        wrong: counts.wrong,
        answered: counts.answered,
    })
}

/// Switches an automatic answer on again, if it is off by this revision. What was counted counts no more.
///
/// # Errors
/// When the database is away.
pub async fn resume(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    state_revision: i64,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Suspension>> {
    let resumed = sqlx::query!(
        "UPDATE classification.suspension
         SET state_revision = state_revision + 1, suspended = false, counts_from = $4
         WHERE agency_id = $1 AND clarification_id = $2 AND state_revision = $3 AND suspended
         RETURNING state_revision, wrong_count, answered_count",
        agency.as_uuid(),
        clarification.as_uuid(),
        state_revision,
        now,
    )
    .fetch_optional(tx)
    .await?;
    Ok(resumed.map(|row| Suspension {
        clarification,
        state_revision: row.state_revision,
        suspended: false,
        wrong: row.wrong_count,
        answered: row.answered_count,
    }))
}

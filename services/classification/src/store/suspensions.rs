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
    /// Whether it is on, and a person should look all the same.
    pub doubted: bool,
}

/// Somebody who said that an answer was wrong.
#[derive(Clone, Debug)]
pub struct Voice {
    /// When they said so.
    pub said_time: OffsetDateTime,
    /// When they were first heard of.
    pub known_since: Option<OffsetDateTime>,
    /// What they had asked, masked.
    pub asked: Option<String>,
}

/// What counts for and against a clarification.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// True where its automatic answer is off already.
    pub suspended: bool,
    /// True where a person was already asked to look.
    pub doubted: bool,
    /// Messages that it answered automatically.
    pub answered: i64,
    /// From when on it is counted.
    pub since: OffsetDateTime,
}

/// Voices that are weighed; far more than are needed.
const VOICES_MAX: i64 = 500;

/// Those who said since `since` that an answer was wrong, the newest first.
///
/// # Errors
/// When the database is away.
pub async fn voices(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    since: OffsetDateTime,
) -> sqlx::Result<Vec<Voice>> {
    sqlx::query_as!(
        Voice,
        "SELECT wrong.said_time,
                (SELECT said_time FROM classification.report
                 WHERE agency_id = $1 AND reporter_id = wrong.reporter_id
                 ORDER BY position LIMIT 1) AS known_since,
                (SELECT masked_text FROM classification.report
                 WHERE agency_id = $1 AND reporter_id = wrong.reporter_id AND clarification_id = $2
                 ORDER BY position DESC LIMIT 1) AS asked
         FROM classification.wrong_answer AS wrong
         WHERE wrong.agency_id = $1 AND wrong.clarification_id = $2 AND wrong.said_time > $3
         ORDER BY wrong.said_time DESC LIMIT $4",
        agency.as_uuid(),
        clarification.as_uuid(),
        since,
        VOICES_MAX,
    )
    .fetch_all(tx)
    .await
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
                      coalesce(bool_or(doubted_time > greatest($3::timestamptz, counts_from)), false) AS doubted,
                      greatest($3::timestamptz, max(counts_from)) AS since
               FROM classification.suspension WHERE agency_id = $1 AND clarification_id = $2)
           SELECT standing.suspended AS "suspended!", standing.doubted AS "doubted!", standing.since AS "since!",
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
    (wrong, answered): (i64, i64),
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
        wrong,
        answered,
        now,
    )
    .fetch_one(tx)
    .await?;
    Ok(Suspension { clarification, state_revision, suspended: true, wrong, answered, doubted: false })
}

/// Notes that a person was asked to look at an automatic answer that stays on.
///
/// # Errors
/// When the database is away.
pub async fn doubt(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    (wrong, answered): (i64, i64),
    now: OffsetDateTime,
) -> sqlx::Result<Suspension> {
    let state_revision = sqlx::query_scalar!(
        "INSERT INTO classification.suspension AS known
            (agency_id, clarification_id, state_revision, suspended, wrong_count, answered_count, counts_from,
             doubted_time)
         VALUES ($1, $2, 1, false, $3, $4, '-infinity', $5)
         ON CONFLICT (agency_id, clarification_id) DO UPDATE SET
            state_revision = known.state_revision + 1, wrong_count = excluded.wrong_count,
            answered_count = excluded.answered_count, doubted_time = excluded.doubted_time
         RETURNING state_revision",
        agency.as_uuid(),
        clarification.as_uuid(),
        wrong,
        answered,
        now,
    )
    .fetch_one(tx)
    .await?;
    Ok(Suspension { clarification, state_revision, suspended: false, wrong, answered, doubted: true })
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
        doubted: false,
    }))
}

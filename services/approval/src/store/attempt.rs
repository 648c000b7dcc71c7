//! Counted attempts. Those of no agency are read and written in any agency's transaction.

use ids::{AgencyId, PersonId};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::StoreError;
use crate::domain::attempts::Schedule;

/// Rows that are kept of attempts before any password. The oldest go first; whoever makes so many at once has too
/// many addresses to be counted by them.
const STRANGERS_MAX: i64 = 100_000;

/// No wait is one that ended long ago: attempts at once read the clock a little apart, and must not wait for
/// one another.
const LONG_AGO: Duration = Duration::days(1);

/// What is counted.
pub struct Counter {
    /// A MAC of what it is.
    pub key: [u8; 32],
    /// Whose agency's; `None` before anybody has proved to be somebody.
    pub agency: Option<AgencyId>,
    /// Whose codes.
    pub person: Option<PersonId>,
}

/// What counting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// May be tried; so many failures with this one, if it fails.
    Attempt(i32),
    /// Must not be tried before then. Nothing was counted.
    Wait(OffsetDateTime),
}

/// Counts an attempt before it is judged, so that attempts side by side cannot outrun the count. The row stays
/// locked until the transaction ends.
pub async fn count(
    tx: &mut PgConnection,
    counter: &Counter,
    schedule: &Schedule,
    now: OffsetDateTime,
) -> Result<Counted, StoreError> {
    let counted = sqlx::query_scalar!(
        "INSERT INTO approval.attempt AS known (attempt_key, agency_id, person_id, failures, wait_until, last_time)
         VALUES ($1, $2, $3, 1, $4::timestamptz + make_interval(secs => ($5::float8[])[1]), $4)
         ON CONFLICT (attempt_key) DO UPDATE SET
             failures = CASE WHEN known.last_time <= $6 THEN 1 ELSE known.failures + 1 END,
             wait_until = $4::timestamptz + make_interval(secs => ($5::float8[])[
                 CASE WHEN known.last_time <= $6 THEN 1
                      ELSE least(known.failures + 1, array_length($5::float8[], 1)) END]),
             last_time = $4
         WHERE known.wait_until <= $4
         RETURNING failures",
        &counter.key,
        counter.agency.map(|agency| agency.as_uuid()),
        counter.person.map(|person| person.as_uuid()),
        now,
        &seconds(schedule),
        now - schedule.forgotten_after
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(failures) = counted {
        return Ok(Counted::Attempt(failures));
    }
    let wait_until =
        sqlx::query_scalar!("SELECT wait_until FROM approval.attempt WHERE attempt_key = $1", &counter.key)
            .fetch_optional(tx)
            .await?;
    // Whoever unlocked it in between has let this one wait for nothing.
    Ok(Counted::Wait(wait_until.unwrap_or(now)))
}

/// Takes back an attempt that did not fail.
pub async fn take_back(
    tx: &mut PgConnection,
    counter: &Counter,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let only_one =
        sqlx::query!("DELETE FROM approval.attempt WHERE attempt_key = $1 AND failures <= 1", &counter.key)
            .execute(&mut *tx)
            .await?;
    if only_one.rows_affected() == 0 {
        sqlx::query!(
            "UPDATE approval.attempt SET failures = failures - 1, wait_until = $2 WHERE attempt_key = $1",
            &counter.key,
            now - LONG_AGO
        )
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Forgets what was counted.
pub async fn forget(tx: &mut PgConnection, counter: &Counter) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM approval.attempt WHERE attempt_key = $1", &counter.key).execute(tx).await?;
    Ok(())
}

/// Forgets every wrong code of a person.
pub async fn forget_person(tx: &mut PgConnection, person: PersonId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM approval.attempt WHERE person_id = $1", person.as_uuid()).execute(tx).await?;
    Ok(())
}

/// Removes what no longer counts: `strangers` by attempts before any password, `codes` by codes.
pub async fn delete_old(
    tx: &mut PgConnection,
    strangers: OffsetDateTime,
    codes: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM approval.attempt
         WHERE last_time <= CASE WHEN person_id IS NULL THEN $1::timestamptz ELSE $2::timestamptz END
           AND wait_until <= $3",
        strangers,
        codes,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "DELETE FROM approval.attempt
         WHERE person_id IS NULL AND last_time < (
             SELECT last_time FROM approval.attempt WHERE person_id IS NULL
             ORDER BY last_time DESC OFFSET $1 LIMIT 1)",
        STRANGERS_MAX
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "minutes")]
fn seconds(schedule: &Schedule) -> Vec<f64> {
    let wait = |seconds: i64| if seconds == 0 { -LONG_AGO.as_seconds_f64() } else { seconds as f64 };
    schedule.waits_seconds.iter().map(|seconds| wait(*seconds)).collect()
}

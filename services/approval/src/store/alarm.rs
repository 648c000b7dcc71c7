//! Calls for help that a person must see.

use ids::{AgencyId, PersonId, ReportId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, read};
use crate::domain::alarm::AlarmKind;
use crate::domain::officer::Officer;

/// A call for help, or something else that cannot wait.
pub struct Alarm {
    /// The message; an id of its own where it is about none.
    pub report: ReportId,
    /// Its masked words, or what the alarm says.
    pub masked_text: String,
    /// When it arrived.
    pub raise_time: OffsetDateTime,
    /// What it is about.
    pub kind: AlarmKind,
}

struct Row {
    report_id: Uuid,
    masked_text: String,
    raise_time: OffsetDateTime,
    kind: String,
}

/// Keeps an alarm; the same one again changes nothing.
pub async fn insert(tx: &mut PgConnection, agency: AgencyId, alarm: &Alarm) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.alarm (report_id, agency_id, masked_text, raise_time, kind)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (report_id) DO NOTHING",
        alarm.report.as_uuid(),
        agency.as_uuid(),
        alarm.masked_text,
        alarm.raise_time,
        alarm.kind.as_str()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// True where nobody has acknowledged an alarm of this kind with these very words.
pub async fn stands(
    tx: &mut PgConnection,
    officer: &Officer,
    kind: AlarmKind,
    words: &str,
) -> Result<bool, StoreError> {
    let stands = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM approval.alarm
               WHERE agency_id = $1 AND kind = $2 AND masked_text = $3 AND acknowledged_time IS NULL
           ) AS "stands!""#,
        officer.agency.as_uuid(),
        kind.as_str(),
        words
    )
    .fetch_one(tx)
    .await?;
    Ok(stands)
}

/// The newest alarms that nobody has acknowledged.
pub async fn unacknowledged(
    tx: &mut PgConnection,
    agency: AgencyId,
    limit: i64,
) -> Result<Vec<Alarm>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT report_id, masked_text, raise_time, kind FROM approval.alarm
         WHERE agency_id = $1 AND acknowledged_time IS NULL
         ORDER BY raise_time DESC LIMIT $2",
        agency.as_uuid(),
        limit
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Alarm {
                report: ReportId::from_uuid(row.report_id),
                masked_text: row.masked_text,
                raise_time: row.raise_time,
                kind: read("alarm.kind", row.report_id, &row.kind)?,
            })
        })
        .collect()
}

/// How many alarms nobody has acknowledged.
pub async fn count_unacknowledged(tx: &mut PgConnection, agency: AgencyId) -> Result<u64, StoreError> {
    let waiting = sqlx::query_scalar!(
        r#"SELECT count(*) AS "waiting!" FROM approval.alarm
           WHERE agency_id = $1 AND acknowledged_time IS NULL"#,
        agency.as_uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(waiting.unsigned_abs())
}

/// How acknowledging went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// Now.
    Now,
    /// By somebody before.
    Before,
    /// There is no such alarm.
    Unknown,
}

/// Takes note of an alarm.
pub async fn acknowledge(
    tx: &mut PgConnection,
    report: ReportId,
    person: PersonId,
    now: OffsetDateTime,
) -> Result<Acknowledged, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.alarm SET acknowledged_by = $2, acknowledged_time = $3
         WHERE report_id = $1 AND acknowledged_time IS NULL",
        report.as_uuid(),
        person.as_uuid(),
        now
    )
    .execute(&mut *tx)
    .await?;
    if updated.rows_affected() == 1 {
        return Ok(Acknowledged::Now);
    }
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM approval.alarm WHERE report_id = $1) AS "known!""#,
        report.as_uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(if known { Acknowledged::Before } else { Acknowledged::Unknown })
}

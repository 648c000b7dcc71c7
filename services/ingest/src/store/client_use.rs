//! What clients have brought.

use ids::AgencyId;
use sqlx::PgConnection;

use crate::quota::Bringing;

/// What is asked for.
pub struct Asked<'a> {
    /// The agency.
    pub agency: AgencyId,
    /// The client.
    pub client: &'a str,
    /// What it brings.
    pub bringing: Bringing,
    /// The minute, counted from 1970.
    pub minute: i64,
    /// The day, counted from 1970.
    pub day: i64,
    /// How many are wanted at once.
    pub wanted: u32,
    /// How many there may be in a minute.
    pub per_minute: u32,
    /// And on a day.
    pub per_day: u32,
}

/// What there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// So many are granted; at least one.
    Taken(u32),
    /// The minute has none left.
    MinuteIsFull,
    /// The day has none left.
    DayIsFull,
}

/// Takes up to `wanted` from the quotas of this minute and this day.
///
/// # Errors
/// When the database is away.
pub async fn take(tx: &mut PgConnection, asked: &Asked<'_>) -> sqlx::Result<Counted> {
    let taken = sqlx::query!(
        "INSERT INTO ingest.client_use AS known
            (agency_id, client_id, kind, minute, minute_count, day, day_count)
        SELECT $1, $2, $3, $4, $6, $5, $6 WHERE $7 > 0::bigint AND $8 > 0::bigint
        ON CONFLICT (agency_id, client_id, kind) DO UPDATE SET
            minute = $4, minute_count = CASE WHEN known.minute = $4 THEN known.minute_count ELSE 0 END + $6,
            day = $5, day_count = CASE WHEN known.day = $5 THEN known.day_count ELSE 0 END + $6
        WHERE (known.minute <> $4 OR known.minute_count < $7) AND (known.day <> $5 OR known.day_count < $8)
        RETURNING minute_count, day_count",
        asked.agency.as_uuid(),
        asked.client,
        asked.bringing.as_str(),
        asked.minute,
        asked.day,
        i64::from(asked.wanted),
        i64::from(asked.per_minute),
        i64::from(asked.per_day),
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(taken) = taken {
        let over = (taken.minute_count - i64::from(asked.per_minute))
            .max(taken.day_count - i64::from(asked.per_day))
            .max(0);
        let granted = i64::from(asked.wanted) - over;
        return Ok(Counted::Taken(u32::try_from(granted).unwrap_or(1).max(1)));
    }
    let day_is_full = sqlx::query_scalar!(
        r#"SELECT day = $4 AND day_count >= $5 AS "full!" FROM ingest.client_use
        WHERE agency_id = $1 AND client_id = $2 AND kind = $3"#,
        asked.agency.as_uuid(),
        asked.client,
        asked.bringing.as_str(),
        asked.day,
        i64::from(asked.per_day),
    )
    .fetch_optional(tx)
    .await?;
    Ok(if day_is_full.unwrap_or(asked.per_day == 0) { Counted::DayIsFull } else { Counted::MinuteIsFull })
}

//! How a claim spread in the last day, counted from its reports: nothing to keep in step when reports move.

use ids::{AgencyId, ClaimId};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use judgement::spread::HOURS;

/// How a claim spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hourly {
    /// Reports per hour, the oldest first; the last hour ends now.
    pub hours: Vec<u64>,
    /// Distinct channels of all its reports.
    pub channels: u64,
}

/// Counts a claim's reports of the last day by the hour, back from `now`, and its channels.
///
/// # Errors
/// When the database is away.
pub async fn hourly(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    now: OffsetDateTime,
) -> sqlx::Result<Hourly> {
    let mut hours = vec![0; HOURS];
    let day = Duration::hours(i64::try_from(HOURS).unwrap_or(24));
    let rows = sqlx::query!(
        r#"SELECT greatest(0, floor(extract(epoch FROM $3::timestamptz - said_time) / 3600))::integer AS "ago!",
                  count(*) AS "reports!"
           FROM classification.report
           WHERE agency_id = $1 AND claim_id = $2 AND said_time > $4
           GROUP BY 1"#,
        agency.as_uuid(),
        claim.as_uuid(),
        now,
        now - day,
    )
    .fetch_all(&mut *tx)
    .await?;
    for row in rows {
        let hour = usize::try_from(row.ago).ok().and_then(|ago| (HOURS - 1).checked_sub(ago));
        if let Some(hour) = hour.and_then(|hour| hours.get_mut(hour)) {
            *hour += row.reports.unsigned_abs();
        }
    }
    let channels = sqlx::query_scalar!(
        r#"SELECT count(DISTINCT channel) AS "channels!" FROM classification.report
           WHERE agency_id = $1 AND claim_id = $2 AND channel > 0"#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(Hourly { hours, channels: channels.unsigned_abs() })
}

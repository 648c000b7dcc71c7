//! Deletes what is old, a bounded piece at a time, on the relay's connection between two batches.
//!
//! An event lives in the outbox for 30 days. Until its last day there it may be sent into the stream again,
//! where it lives another 30 days, so an inbox must remember it for more than 60: a consumer that is created
//! anew meets everything that the stream still holds. Unsent events and unreplayed dead letters are never
//! deleted.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a sent event stays in the outbox, and any event in the stream.
pub const OUTBOX_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long an inbox remembers.
const INBOX_KEPT: Duration = Duration::from_secs(65 * 24 * 60 * 60);

/// Rows per table and turn.
const PIECE: i64 = 1_000;

/// The age at which the stream may have dropped an event by itself. A day early, so that a clock which is a
/// little off does not take an expiry for a loss.
pub fn expired_before(now: OffsetDateTime) -> OffsetDateTime {
    now - (OUTBOX_KEPT - DAY)
}

/// Deletes one piece of each table. Says whether there may be more.
pub async fn sweep(db: &mut PgConnection, now: OffsetDateTime) -> sqlx::Result<bool> {
    // Only the head of the table is looked at: the oldest rows are there, and a scan for what is not there
    // would grow with the table.
    let outbox = sqlx::query!(
        "DELETE FROM messaging.outbox WHERE sequence IN (
             SELECT sequence FROM (
                 SELECT sequence, sent_time FROM messaging.outbox ORDER BY sequence LIMIT $1
             ) AS head WHERE sent_time < $2)",
        PIECE,
        now - OUTBOX_KEPT,
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    let inbox = sqlx::query!(
        "DELETE FROM messaging.inbox WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM messaging.inbox WHERE seen_time < $2 LIMIT $1))",
        PIECE,
        now - INBOX_KEPT,
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    let dead_letters = sqlx::query!(
        "DELETE FROM messaging.dead_letter WHERE id IN (
             SELECT id FROM messaging.dead_letter WHERE replayed_time < $2 LIMIT $1)",
        PIECE,
        now - OUTBOX_KEPT,
    )
    .execute(&mut *db)
    .await?
    .rows_affected();
    let full = u64::try_from(PIECE).unwrap_or(u64::MAX);
    Ok(outbox == full || inbox == full || dead_letters == full)
}

//! The outbox as the relay sees it: what is unsent, what was sent and where to, what has to be sent again.
//!
//! Every statement is for the relay's own connection, which sees all agencies.

use ids::{AgencyId, EventId};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// How many events are in flight at once. Throughput stops growing at a few hundred (stack.md, section 5).
pub const BATCH_MAX: usize = 500;

/// How many bytes of payload a batch may hold, so that a backlog of large events does not fill memory.
const BATCH_BYTES_MAX: i64 = 8 * 1024 * 1024;

/// The depth is counted up to here; a longer backlog is no different to anybody.
const DEPTH_COUNTED_MAX: i64 = 100_000;

/// Rows changed per statement when much of the outbox has to be sent again: well within the statement deadline.
const UNMARK_BATCH: i64 = 10_000;

/// An event to send.
pub struct Unsent {
    pub sequence: i64,
    pub event_id: EventId,
    pub agency: AgencyId,
    pub subject: String,
    pub payload: Vec<u8>,
    pub traceparent: Option<String>,
    pub created_time: OffsetDateTime,
}

/// The oldest unsent events, in the order of the outbox.
pub async fn unsent(db: &mut PgConnection) -> sqlx::Result<Vec<Unsent>> {
    sqlx::query_as!(
        Unsent,
        r#"SELECT sequence AS "sequence!", event_id AS "event_id!: EventId", agency_id AS "agency!: AgencyId",
                  subject AS "subject!", payload AS "payload!", traceparent, created_time AS "created_time!"
           FROM (
               SELECT sequence, event_id, agency_id, subject, payload, traceparent, created_time,
                      sum(octet_length(payload)) OVER (ORDER BY sequence) - octet_length(payload) AS bytes_before
               FROM (
                   SELECT sequence, event_id, agency_id, subject, payload, traceparent, created_time
                   FROM messaging.outbox WHERE sent_time IS NULL ORDER BY sequence LIMIT $1
               ) AS oldest
           ) AS batch
           WHERE bytes_before < $2
           ORDER BY sequence"#,
        i64::try_from(BATCH_MAX).unwrap_or(i64::MAX),
        BATCH_BYTES_MAX,
    )
    .fetch_all(db)
    .await
}

/// How many events are unsent, and when the oldest became true.
pub struct Backlog {
    pub depth: u64,
    pub oldest: Option<OffsetDateTime>,
}

pub async fn backlog(db: &mut PgConnection) -> sqlx::Result<Backlog> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "depth!", min(created_time) AS oldest
           FROM (SELECT created_time FROM messaging.outbox WHERE sent_time IS NULL
                 ORDER BY sequence LIMIT $1) AS unsent"#,
        DEPTH_COUNTED_MAX,
    )
    .fetch_one(db)
    .await?;
    Ok(Backlog { depth: u64::try_from(row.depth).unwrap_or(0), oldest: row.oldest })
}

/// Where in the stream an outbox row was acknowledged.
pub struct Sent {
    pub sequence: i64,
    pub stream_sequence: i64,
}

pub async fn mark_sent(db: &mut PgConnection, sent: &[Sent], now: OffsetDateTime) -> sqlx::Result<()> {
    let sequences: Vec<i64> = sent.iter().map(|row| row.sequence).collect();
    let stream_sequences: Vec<i64> = sent.iter().map(|row| row.stream_sequence).collect();
    sqlx::query!(
        "UPDATE messaging.outbox AS row SET sent_time = $3, stream_sequence = sent.stream_sequence
         FROM unnest($1::bigint[], $2::bigint[]) AS sent (sequence, stream_sequence)
         WHERE row.sequence = sent.sequence",
        &sequences,
        &stream_sequences,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An event that the stream should hold.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub event_id: EventId,
    pub stream_sequence: i64,
}

/// The event sent last, by its place in the stream.
pub async fn newest_sent(db: &mut PgConnection) -> sqlx::Result<Option<Known>> {
    sqlx::query_as!(
        Known,
        r#"SELECT event_id AS "event_id: EventId", stream_sequence AS "stream_sequence!"
           FROM messaging.outbox WHERE stream_sequence IS NOT NULL
           ORDER BY stream_sequence DESC LIMIT 1"#,
    )
    .fetch_optional(db)
    .await
}

/// The first event sent at or after a place in the stream.
pub async fn sent_from(db: &mut PgConnection, stream_sequence: i64) -> sqlx::Result<Option<Known>> {
    sqlx::query_as!(
        Known,
        r#"SELECT event_id AS "event_id: EventId", stream_sequence AS "stream_sequence!"
           FROM messaging.outbox WHERE stream_sequence >= $1
           ORDER BY stream_sequence LIMIT 1"#,
        stream_sequence,
    )
    .fetch_optional(db)
    .await
}

/// Has everything at or after a place in the stream sent again; 1 means everything. Returns how many events.
///
/// In bounded statements, so the caller must be ready to do it again after a failure in between.
pub async fn unmark_from(db: &mut PgConnection, stream_sequence: i64) -> sqlx::Result<u64> {
    let mut total = 0;
    loop {
        let unmarked = sqlx::query!(
            "UPDATE messaging.outbox SET sent_time = NULL, stream_sequence = NULL
             WHERE sequence IN (SELECT sequence FROM messaging.outbox WHERE stream_sequence >= $1
                                ORDER BY stream_sequence DESC LIMIT $2)",
            stream_sequence,
            UNMARK_BATCH,
        )
        .execute(&mut *db)
        .await?
        .rows_affected();
        total += unmarked;
        if unmarked == 0 {
            return Ok(total);
        }
    }
}

/// Has the events at these places sent again, and those before `first` that are too young to have expired.
pub async fn unmark_holes(
    db: &mut PgConnection,
    holes: &[i64],
    first: i64,
    expired_before: OffsetDateTime,
) -> sqlx::Result<u64> {
    let mut total = 0;
    loop {
        let unmarked = sqlx::query!(
            "UPDATE messaging.outbox SET sent_time = NULL, stream_sequence = NULL
             WHERE sequence IN (
                 SELECT sequence FROM messaging.outbox
                 WHERE stream_sequence = ANY ($1) OR (stream_sequence < $2 AND sent_time > $3)
                 LIMIT $4)",
            holes,
            first,
            expired_before,
            UNMARK_BATCH,
        )
        .execute(&mut *db)
        .await?
        .rows_affected();
        total += unmarked;
        if unmarked == 0 {
            return Ok(total);
        }
    }
}

/// When the stream that this outbox was sent to was created, if it was ever sent to one.
pub async fn known_creation(db: &mut PgConnection, stream: &str) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!("SELECT created_time FROM messaging.stream_identity WHERE stream = $1", stream)
        .fetch_optional(db)
        .await
}

pub async fn remember_creation(
    db: &mut PgConnection,
    stream: &str,
    created_time: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO messaging.stream_identity (stream, created_time) VALUES ($1, $2)
         ON CONFLICT (stream) DO UPDATE SET created_time = excluded.created_time",
        stream,
        created_time,
    )
    .execute(db)
    .await?;
    Ok(())
}

//! Messages that a consumer could not understand or refused: kept whole, explained, listed and replayed.
//!
//! JetStream has no dead-letter queue, so these are rows beside the inbox. A replay does not go over the bus:
//! the stored bytes are queued for the consumer that buried them, whose pull loop applies them and marks the
//! letter replayed in one transaction. So no other consumer sees the event again, no new id is needed, it works
//! after the stream has forgotten the event, and two replicas or two requests replay it once.

use std::collections::BTreeMap;

use async_nats::{HeaderMap, HeaderName};
use ids::{AgencyId, EventId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::{envelope, inbox, tenancy};

/// A message that was taken out of a consumer's way.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Names it for [`replay`]; grows with each letter.
    pub id: i64,
    /// The consumer that could not take it.
    pub durable: String,
    /// The event, or a hash of the message when its id could not be read.
    pub event_id: EventId,
    /// `None` when not even that could be read.
    pub agency: Option<AgencyId>,
    /// Where it was sent.
    pub subject: String,
    /// Exactly as it arrived.
    pub payload: Vec<u8>,
    /// Every header with its values.
    pub headers: serde_json::Value,
    /// Why, in words.
    pub reason: String,
    /// When it was buried.
    pub first_time: OffsetDateTime,
    /// When an operator asked for a replay that has not happened yet; cleared when the replay fails.
    pub replay_requested_time: Option<OffsetDateTime>,
    /// When a replay succeeded.
    pub replayed_time: Option<OffsetDateTime>,
}

/// What came of asking for a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// The consumer will take it within seconds, if it runs.
    Queued,
    /// It succeeded before; nothing was done.
    AlreadyReplayed,
    /// There is no such letter.
    Unknown,
}

/// How many letters one list may hold.
const LIST_MAX: i64 = 500;

/// Every agency's dead letters, oldest first, after the letter `after`; `limit` is at most 500.
///
/// # Errors
/// When the database is away.
pub async fn list(pool: &PgPool, after: Option<i64>, limit: i64) -> sqlx::Result<Vec<DeadLetter>> {
    let mut tx = tenancy::all_agencies_tx(pool).await?;
    sqlx::query_as!(
        DeadLetter,
        r#"SELECT id, durable, event_id AS "event_id: EventId", agency_id AS "agency: AgencyId", subject, payload,
                  headers, reason, first_time, replay_requested_time, replayed_time
           FROM messaging.dead_letter WHERE id > $1 ORDER BY id LIMIT $2"#,
        after.unwrap_or(0),
        limit.clamp(0, LIST_MAX),
    )
    .fetch_all(&mut *tx)
    .await
}

/// Queues a dead letter for the consumer that buried it.
///
/// # Errors
/// When the database is away.
pub async fn replay(pool: &PgPool, id: i64) -> sqlx::Result<Replay> {
    let mut tx = tenancy::all_agencies_tx(pool).await?;
    let replayed = sqlx::query_scalar!(
        r#"UPDATE messaging.dead_letter
           SET replay_requested_time = CASE WHEN replayed_time IS NULL THEN now() ELSE replay_requested_time END
           WHERE id = $1
           RETURNING replayed_time IS NOT NULL AS "replayed!""#,
        id,
    )
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(match replayed {
        Some(false) => Replay::Queued,
        Some(true) => Replay::AlreadyReplayed,
        None => Replay::Unknown,
    })
}

/// A message as it came off the bus, or out of a letter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub subject: &'a str,
    pub headers: Option<&'a HeaderMap>,
    pub payload: &'a [u8],
}

/// Keeps a message as a dead letter and remembers it as seen, in one transaction: acknowledging it afterwards
/// can lose nothing. Says `false` when it was seen before.
pub(crate) async fn bury(pool: &PgPool, durable: &str, message: Raw<'_>, reason: &str) -> sqlx::Result<bool> {
    let event_id = envelope::id_of_unreadable(message.headers, message.subject, message.payload);
    let agency = envelope::agency_of_unreadable(message.headers);
    let mut tx = tenancy::all_agencies_tx(pool).await?;
    if inbox::first_sights(&mut tx, durable, agency, &[event_id]).await?.is_empty() {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO messaging.dead_letter (durable, event_id, agency_id, subject, payload, headers, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        durable,
        event_id.as_uuid(),
        agency.map(AgencyId::as_uuid),
        storable(message.subject),
        message.payload,
        to_json(message.headers),
        storable(reason),
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(true)
}

/// A letter whose replay was asked for.
pub(crate) struct Queued {
    pub id: i64,
    pub subject: String,
    pub payload: Vec<u8>,
    pub headers: HeaderMap,
}

/// The letters of `durable` that wait for their replay, a few at a time.
pub(crate) async fn queued(pool: &PgPool, durable: &str) -> sqlx::Result<Vec<Queued>> {
    let mut tx = tenancy::all_agencies_tx(pool).await?;
    let rows = sqlx::query!(
        "SELECT id, subject, payload, headers FROM messaging.dead_letter
         WHERE durable = $1 AND replay_requested_time IS NOT NULL AND replayed_time IS NULL
         ORDER BY id LIMIT 20",
        durable,
    )
    .fetch_all(&mut *tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Queued {
            id: row.id,
            subject: row.subject,
            payload: row.payload,
            headers: from_json(&row.headers),
        })
        .collect())
}

/// Marks a letter replayed in the transaction of its effect. Says `false` when another replica did it first.
/// Needs a transaction that sees all agencies: the letter may belong to none.
pub(crate) async fn mark_replayed(tx: &mut PgConnection, id: i64) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        "UPDATE messaging.dead_letter SET replayed_time = now()
         WHERE id = $1 AND replay_requested_time IS NOT NULL AND replayed_time IS NULL",
        id,
    )
    .execute(tx)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// Puts a letter back among those that wait for an operator, with the reason of the last attempt.
pub(crate) async fn refuse_replay(pool: &PgPool, id: i64, reason: &str) -> sqlx::Result<()> {
    let mut tx = tenancy::all_agencies_tx(pool).await?;
    sqlx::query!(
        "UPDATE messaging.dead_letter SET replay_requested_time = NULL, reason = $2
         WHERE id = $1 AND replayed_time IS NULL",
        id,
        storable(reason),
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

fn to_json(headers: Option<&HeaderMap>) -> serde_json::Value {
    let headers: BTreeMap<String, Vec<String>> = headers
        .into_iter()
        .flat_map(HeaderMap::iter)
        .map(|(name, values)| {
            (storable(name.as_ref()), values.iter().map(|value| storable(value.as_str())).collect())
        })
        .collect();
    serde_json::json!(headers)
}

fn from_json(value: &serde_json::Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in value.as_object().into_iter().flatten() {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        for value in values.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str) {
            headers.append(name.clone(), value);
        }
    }
    headers
}

/// PostgreSQL's text and jsonb cannot hold NUL, and a letter that cannot be stored would come back for ever.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_being_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("ce-id", "1");
        headers.append("twice", "a");
        headers.append("twice", "b");
        assert_eq!(from_json(&to_json(Some(&headers))), headers);
    }

    #[test]
    fn what_postgresql_cannot_hold_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert("name", "a\0b");
        assert_eq!(to_json(Some(&headers)), serde_json::json!({ "name": ["a\u{fffd}b"] }));
    }
}

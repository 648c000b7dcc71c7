//! Queues events in the transaction that makes them true. Sending them is the relay's job.
//!
//! Both functions take a connection, never a pool, which leaves no other transaction to be in; it must be one
//! of `database::agency_tx`, or row-level security refuses the rows. After commit, wake the relay.

use ids::{AgencyId, EventId};
use prost::Message;
use sqlx::PgConnection;
use uuid::Uuid;

/// An event encoded by the caller, for [`enqueue_all`].
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// `<service>.<entity>.<past participle>.v<major>`.
    pub subject: &'static str,
    /// The encoded protobuf message, at most 900 000 bytes.
    pub payload: Vec<u8>,
    /// The span that the event follows from; `None` outside a trace.
    pub traceparent: Option<String>,
}

/// Queues one event, which follows from the current span.
///
/// # Errors
/// When the database is away, the transaction is not `agency`'s, or the event is larger than 900 000 bytes.
pub async fn enqueue(
    tx: &mut PgConnection,
    agency: AgencyId,
    subject: &str,
    event: &impl Message,
) -> sqlx::Result<EventId> {
    let event_id = EventId::mint();
    sqlx::query!(
        "INSERT INTO messaging.outbox (event_id, agency_id, subject, payload, traceparent)
         VALUES ($1, $2, $3, $4, $5)",
        event_id.as_uuid(),
        agency.as_uuid(),
        subject,
        event.encode_to_vec(),
        telemetry::current_traceparent(),
    )
    .execute(tx)
    .await?;
    Ok(event_id)
}

/// Queues many events in one statement, in the order given.
///
/// # Errors
/// As [`enqueue`]; then none of them is queued.
pub async fn enqueue_all(tx: &mut PgConnection, agency: AgencyId, events: &[Outgoing]) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = events.iter().map(|_| EventId::mint().as_uuid()).collect();
    let subjects: Vec<&str> = events.iter().map(|event| event.subject).collect();
    let payloads: Vec<&[u8]> = events.iter().map(|event| event.payload.as_slice()).collect();
    let traceparents: Vec<Option<&str>> = events.iter().map(|event| event.traceparent.as_deref()).collect();
    sqlx::query!(
        "INSERT INTO messaging.outbox (event_id, agency_id, subject, payload, traceparent)
         SELECT event.event_id, $1, event.subject, event.payload, event.traceparent
         FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::text[])
              WITH ORDINALITY AS event (event_id, subject, payload, traceparent, position)
         ORDER BY event.position",
        agency.as_uuid(),
        &ids,
        &subjects as &[&str],
        &payloads as &[&[u8]],
        &traceparents as &[Option<&str>],
    )
    .execute(tx)
    .await?;
    Ok(())
}

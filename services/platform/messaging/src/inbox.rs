//! Remembers which events a consumer has seen, in the transaction of their effect.

use std::collections::HashSet;

use ids::{AgencyId, EventId};
use sqlx::PgConnection;
use uuid::Uuid;

/// Remembers `events` as seen by `durable` and returns those that were not seen before.
///
/// Two replicas with the same event meet on the primary key: the second waits for the first one's transaction
/// and then finds the row, or takes over if it rolled back.
pub async fn first_sights(
    tx: &mut PgConnection,
    durable: &str,
    agency: Option<AgencyId>,
    events: &[EventId],
) -> sqlx::Result<HashSet<EventId>> {
    // In one order everywhere, so that two replicas with overlapping batches wait for each other instead of
    // deadlocking.
    let mut ids: Vec<Uuid> = events.iter().map(|event| event.as_uuid()).collect();
    ids.sort_unstable();
    let first = sqlx::query_scalar!(
        r#"INSERT INTO messaging.inbox (durable, event_id, agency_id)
           SELECT $1, event_id, $2 FROM unnest($3::uuid[]) AS event (event_id)
           ON CONFLICT DO NOTHING
           RETURNING event_id AS "event_id: EventId""#,
        durable,
        agency.map(AgencyId::as_uuid),
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(first.into_iter().collect())
}

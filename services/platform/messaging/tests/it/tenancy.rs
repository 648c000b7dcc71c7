//! Row-level security keeps agencies apart in the messaging tables too.

use database::agency_tx;
use ids::AgencyId;
use messaging::outbox::{self, Outgoing};
use runtime::Lifecycle;

use crate::thing::{MADE, Thing};
use crate::world::{World, nats, payload};

#[tokio::test]
async fn an_agency_sees_and_queues_only_its_own_events() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let pool = &world.maker.pool;
    let other = AgencyId::mint();
    world.make([1]).await;

    let count = "SELECT count(*) FROM messaging.outbox";
    let mut own = agency_tx(pool, world.agency).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *own).await.unwrap(), 1);
    let mut foreign = agency_tx(pool, other).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *foreign).await.unwrap(), 0);
    assert_eq!(
        sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await.unwrap(),
        0,
        "no agency sees nothing"
    );

    let forged = outbox::enqueue(&mut foreign, world.agency, MADE, &Thing { number: 2 }).await;
    assert!(forged.unwrap_err().to_string().contains("row-level security"));
}

#[tokio::test]
async fn the_relay_carries_every_agencys_events_and_the_consumer_keeps_them_apart() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    let agencies: Vec<AgencyId> = (0..3).map(|_| AgencyId::mint()).collect();
    for (agency, numbers) in agencies.iter().zip([1..=10, 11..=20, 21..=30]) {
        let mut tx = agency_tx(&world.maker.pool, *agency).await.unwrap();
        let events: Vec<Outgoing> = numbers
            .map(|number| Outgoing { subject: MADE, payload: payload(number), traceparent: None })
            .collect();
        outbox::enqueue_all(&mut tx, *agency, &events).await.unwrap();
        tx.commit().await.unwrap();
    }
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;

    world.each_had_its_effect_once(30).await;
    let seen: Vec<(uuid::Uuid, i64)> =
        sqlx::query_as("SELECT agency_id, min(number) FROM toy.effect GROUP BY agency_id ORDER BY 2")
            .fetch_all(&world.recorder.superuser())
            .await
            .unwrap();
    let expected: Vec<_> = agencies.iter().map(|agency| agency.as_uuid()).zip([1, 11, 21]).collect();
    assert_eq!(seen, expected);
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn an_event_too_large_for_the_bus_fails_where_it_is_made() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let mut tx = agency_tx(&world.maker.pool, world.agency).await.unwrap();
    let large = Outgoing { subject: MADE, payload: vec![0; 900_001], traceparent: None };
    assert!(outbox::enqueue_all(&mut tx, world.agency, &[large]).await.is_err());
}

//! Order and number of deliveries change nothing.

use ids::EventId;
use runtime::Lifecycle;

use crate::thing::MADE;
use crate::world::{World, headers, nats, payload};

#[tokio::test]
async fn events_delivered_backwards_and_twice_have_their_effect_once() {
    const COUNT: i64 = 130;
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    let events: Vec<(i64, EventId)> = (1..=COUNT).map(|number| (number, EventId::mint())).collect();

    // Without a message id, so that JetStream's own deduplication does not help.
    for (number, event) in events.iter().rev().chain(&events) {
        world.publish(MADE, headers(*event, world.agency, MADE), payload(*number)).await;
    }
    world.record(&lifecycle).await;

    world.each_had_its_effect_once(COUNT).await;
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn two_replicas_share_the_work_and_no_event_has_two_effects() {
    const COUNT: i64 = 1_000;
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.record(&lifecycle).await;
    world.record(&lifecycle).await;
    world.make(1..=COUNT).await;
    world.relay(&lifecycle).await;

    world.each_had_its_effect_once(COUNT).await;
    lifecycle.hard().cancel();
}

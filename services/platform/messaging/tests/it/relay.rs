//! One relay at a time, and what it tells about the backlog.

use runtime::{Lifecycle, Stopped};
use std::time::Duration;
use testkit::eventually;

use crate::thing::STREAM;
use crate::world::{World, nats};

#[tokio::test]
async fn a_second_relay_waits_and_takes_over_when_the_first_is_gone() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let (first, second) = (Lifecycle::new(), Lifecycle::new());
    world.relay(&first).await;
    world.relay(&second).await;
    world.make(1..=10).await;
    world.all_sent().await;

    first.hard().cancel();
    world.make(11..=20).await;
    world.all_sent().await;

    let stream = world.jetstream().await.get_stream(STREAM).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 20);
    second.hard().cancel();
}

#[tokio::test]
async fn the_backlog_is_known_while_the_bus_is_away_and_gone_when_it_is_back() {
    let mut nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    let depth = world.relay(&lifecycle).await;

    nats.kill().await;
    world.make(1..=700).await;
    eventually("a backlog", async || (depth.unsent() == 700).then_some(())).await;
    nats.restart().await;
    world.all_sent().await;

    eventually("no backlog", async || (depth.unsent() == 0).then_some(())).await;
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn both_ends_stop_softly_when_asked() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;
    world.make(1..=100).await;
    eventually("a first effect", async || world.effects().await.first().copied()).await;

    lifecycle.stop();
    assert_eq!(lifecycle.stopped(Duration::from_secs(20)).await, Stopped::AsAsked);

    let again = Lifecycle::new();
    world.relay(&again).await;
    world.record(&again).await;
    world.each_had_its_effect_once(100).await;
    again.hard().cancel();
}

//! A process killed at each named point takes up where it was, and nothing is lost or done twice.

use crate::world::{World, died, nats};

const COUNT: usize = 120;

/// Runs both processes, the `role` first armed and killed at `point`, then started again.
async fn killed_at(role: &str, point: &str) {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let other = if role == "make" { "record" } else { "make" };

    let _other = world.start(other, COUNT, None, None);
    died(world.start(role, COUNT, Some(point), None)).await;
    let _again = world.start(role, COUNT, None, None);

    world.each_had_its_effect_once(i64::try_from(COUNT).unwrap()).await;
}

#[tokio::test]
async fn a_maker_killed_after_its_commit_loses_nothing() {
    killed_at("make", "outbox.after_commit").await;
}

#[tokio::test]
async fn a_relay_killed_before_it_publishes_loses_nothing() {
    killed_at("make", "relay.before_publish").await;
}

#[tokio::test]
async fn a_relay_killed_between_publishing_and_marking_doubles_no_effect() {
    killed_at("make", "relay.after_publish_before_mark").await;
}

#[tokio::test]
async fn a_relay_killed_after_marking_loses_nothing() {
    killed_at("make", "relay.after_mark").await;
}

#[tokio::test]
async fn a_consumer_killed_before_its_commit_loses_nothing() {
    killed_at("record", "consumer.before_commit").await;
}

#[tokio::test]
async fn a_consumer_killed_between_commit_and_acknowledgement_doubles_no_effect() {
    killed_at("record", "consumer.after_commit_before_ack").await;
}

#[tokio::test]
async fn a_consumer_killed_after_acknowledging_loses_nothing() {
    killed_at("record", "consumer.after_ack").await;
}

//! What cannot be read or is rejected is taken out of the way, explained, and replayed once it can be.

use async_nats::HeaderMap;
use ids::{AgencyId, EventId};
use messaging::dead_letters::{DeadLetter, Replay, list, replay};
use messaging::{ApplyError, Bus, BusConfig, Delivery, PullLoop, Subscriber, Unreadable};
use prost::Message;
use runtime::{Clock, Lifecycle};
use sqlx::PgConnection;
use testkit::{Nats, eventually};

use crate::thing::{MADE, NONSENSE, Recorder, SUBSCRIPTION, Thing};
use crate::world::{World, headers, nats, payload};

const NEWER: &str = "toy.thing.made.v2";

async fn world_with_stream(nats: &Nats, lifecycle: &Lifecycle) -> World {
    let world = World::on_shared_postgres(nats.url()).await;
    world.relay(lifecycle).await;
    world
}

async fn letters(world: &World, count: usize) -> Vec<DeadLetter> {
    let letters = eventually("dead letters", async || {
        let letters = list(&world.recorder.pool, None, 100).await.ok()?;
        (letters.len() >= count).then_some(letters)
    })
    .await;
    assert_eq!(letters.len(), count, "{letters:?}");
    letters
}

#[tokio::test]
async fn what_cannot_be_read_becomes_a_dead_letter_and_holds_up_nothing() {
    let nats = nats().await;
    let lifecycle = Lifecycle::new();
    let world = world_with_stream(&nats, &lifecycle).await;
    let good = || headers(EventId::mint(), world.agency, MADE);

    let without = |name: &str| {
        let mut broken = HeaderMap::new();
        for (other, values) in good().iter().filter(|(other, _)| other.to_string() != name) {
            broken.insert(other.clone(), values[0].clone());
        }
        broken
    };
    let with = |name: &str, value: &str| {
        let mut broken = good();
        broken.insert(name, value);
        broken
    };
    world.publish(NEWER, headers(EventId::mint(), world.agency, NEWER), payload(100)).await;
    world.publish(MADE, HeaderMap::new(), payload(101)).await;
    world.publish(MADE, without("ce-id"), payload(102)).await;
    world.publish(MADE, with("ce-id", "not an id"), payload(103)).await;
    world.publish(MADE, with("chengqing-agency", "somebody"), payload(104)).await;
    world.publish(MADE, with("ce-specversion", "9"), payload(105)).await;
    world.publish(MADE, with("ce-time", "yesterday"), payload(106)).await;
    world.publish(MADE, good(), vec![0xff; 40]).await;
    world.publish(MADE, good(), payload(1)).await;
    world.record(&lifecycle).await;

    world.each_had_its_effect_once(1).await;
    let letters = letters(&world, 8).await;
    assert_eq!(letters[0].subject, NEWER);
    assert_eq!(letters[0].reason, format!("{NEWER} is not known here"));
    assert_eq!(letters[0].payload, payload(100));
    assert_eq!(letters[0].agency, Some(world.agency));
    assert_eq!(letters[4].agency, None);
    assert!(letters[4].reason.contains("chengqing-agency"), "{}", letters[4].reason);
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn one_rejected_event_does_not_fail_its_neighbours() {
    let nats = nats().await;
    let lifecycle = Lifecycle::new();
    let world = world_with_stream(&nats, &lifecycle).await;
    world.make((1..=10).chain([NONSENSE]).chain(11..=20)).await;
    world.all_sent().await;
    world.record(&lifecycle).await;

    let letters = letters(&world, 1).await;
    world.each_had_its_effect_once(20).await;
    assert_eq!(letters[0].reason, format!("{NONSENSE} makes no sense"));
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn an_event_that_the_database_refuses_waits_while_its_neighbours_pass() {
    let nats = nats().await;
    let lifecycle = Lifecycle::new();
    let world = world_with_stream(&nats, &lifecycle).await;
    // The table's CHECK refuses it: a fault in the consumer, not in the event.
    world.make([1, -5, 2]).await;
    world.all_sent().await;
    world.record(&lifecycle).await;

    eventually("both neighbours", async || (world.effects().await == [1, 2]).then_some(())).await;
    assert!(list(&world.recorder.pool, None, 10).await.unwrap().is_empty());
    lifecycle.hard().cancel();
}

/// The next version of the consumer, which knows more.
struct NewerRecorder;

impl Subscriber for NewerRecorder {
    type Input = Thing;

    fn decode(&self, _agency: AgencyId, _subject: &str, payload: &[u8]) -> Result<Thing, Unreadable> {
        Thing::decode(payload).map_err(|error| Unreadable(error.to_string()))
    }

    async fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Thing>],
    ) -> Result<(), ApplyError> {
        Recorder.apply(tx, agency, batch).await
    }
}

#[tokio::test]
async fn a_dead_letter_is_replayed_once_by_a_consumer_that_understands_it() {
    let nats = nats().await;
    let lifecycle = Lifecycle::new();
    let world = world_with_stream(&nats, &lifecycle).await;
    world.publish(NEWER, headers(EventId::mint(), world.agency, NEWER), payload(1)).await;
    let older = Lifecycle::new();
    world.record(&older).await;
    let letter = letters(&world, 1).await[0].id;
    let pool = &world.recorder.pool;

    // The old version still cannot read it, and says so again.
    assert_eq!(replay(pool, letter).await.unwrap(), Replay::Queued);
    eventually("a refused replay", async || {
        list(pool, None, 1).await.ok()?[0].replay_requested_time.is_none().then_some(())
    })
    .await;
    older.hard().cancel();
    assert!(world.effects().await.is_empty());

    let bus = BusConfig::new(nats.url(), "toy", "test".into());
    for _replica in 0..2 {
        let bus = Bus::connect(&bus, "toy").await.unwrap();
        let newer = PullLoop::new(pool.clone(), bus, SUBSCRIPTION, NewerRecorder, Clock::system());
        lifecycle.spawn("newer", newer.run(lifecycle.clone()));
    }
    assert_eq!(replay(pool, letter).await.unwrap(), Replay::Queued);
    assert_eq!(replay(pool, letter).await.unwrap(), Replay::Queued);
    eventually("the replay", async || list(pool, None, 1).await.ok()?[0].replayed_time).await;

    assert_eq!(replay(pool, letter).await.unwrap(), Replay::AlreadyReplayed);
    assert_eq!(replay(pool, letter + 1).await.unwrap(), Replay::Unknown);
    assert_eq!(world.effects().await, [1]);
    lifecycle.hard().cancel();
}

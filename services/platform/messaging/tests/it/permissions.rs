//! A user of the bus reaches its own subjects and the streams that it reads, and nothing else.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream::Config;
use messaging::{Bus, BusConfig, Relay};
use runtime::{Clock, Lifecycle};
use testkit::{Nats, eventually};

use crate::thing::MADE;
use crate::world::{World, jetstream, payload, schemas};

#[tokio::test]
async fn a_service_publishes_its_own_subjects_only() {
    let nats = Nats::start().await;
    let database = testkit::postgres().await.fresh_database("ingest", &schemas()[..1]).await;
    let bus = Bus::connect(&BusConfig::new(nats.url(), "ingest", "test".into()), "ingest").await.unwrap();
    let lifecycle = Lifecycle::new();
    let relay = Relay::new(database.pool.clone(), bus, "INGEST", "ingest.>", Clock::system());
    lifecycle.spawn("relay", relay.run(lifecycle.clone()));
    let ingest = jetstream(&nats.url(), "ingest").await;
    let stream = eventually("the stream", async || ingest.get_stream("INGEST").await.ok()).await;

    let toy = jetstream(&nats.url(), "toy").await;
    let forged =
        toy.publish_with_headers("ingest.report.received.v1", HeaderMap::new(), payload(1).into()).await;
    assert!(forged.unwrap().await.is_err());
    let stream_of_another =
        Config { name: "INGEST".into(), subjects: vec!["toy.>".into()], ..Config::default() };
    assert!(toy.update_stream(stream_of_another).await.is_err());
    assert!(toy.delete_stream("INGEST").await.is_err());
    assert_eq!(stream.get_info().await.unwrap().state.messages, 0);
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn a_service_reads_no_stream_that_is_not_for_it() {
    let nats = Nats::start().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.make([1]).await;
    world.all_sent().await;

    let ingest = jetstream(&nats.url(), "ingest").await;
    let stream = ingest.get_stream("TOY").await.unwrap();
    assert!(stream.get_raw_message(1).await.is_err());
    let consumer = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("ingest-on-thing-made".into()),
        ..Default::default()
    };
    assert!(stream.create_consumer(consumer).await.is_err());

    // Plain subscriptions, to the subject or to another service's inboxes, are refused too.
    let client = ingest.client();
    for subject in [MADE, "_INBOX_toy.>"] {
        let mut overheard = client.subscribe(subject).await.unwrap();
        client.flush().await.unwrap();
        world.make([2]).await;
        world.all_sent().await;
        let heard =
            tokio::time::timeout(Duration::from_millis(200), futures::StreamExt::next(&mut overheard)).await;
        assert!(!matches!(heard, Ok(Some(_))), "{heard:?}");
    }
    lifecycle.hard().cancel();
}

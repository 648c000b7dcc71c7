//! A user of the bus reaches its own subjects and its own consumers, and nothing else; it administers nothing. Each
//! way in which one service spoke with another's voice, or took what was sent to another, is tried here.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::stream::{Config, Republish};
use messaging::Administrator;
use messaging::rights::ADMINISTRATOR;
use runtime::Lifecycle;
use testkit::eventually;
use tokio::sync::mpsc;

use crate::thing::{MADE, STREAM, SUBSCRIPTION, TOY};
use crate::world::{INGEST, World, jetstream, nats, payload};

/// Somebody with the password of ingest, and with whatever subject they like.
struct Intruder {
    client: async_nats::Client,
    refusals: mpsc::UnboundedReceiver<String>,
}

impl Intruder {
    async fn at(url: &str) -> Self {
        let (refused, refusals) = mpsc::unbounded_channel();
        let client = async_nats::ConnectOptions::with_user_and_password("ingest".into(), "test".into())
            .custom_inbox_prefix("_INBOX_ingest")
            .event_callback(move |event| {
                let _heard = refused.send(event.to_string());
                async {}
            })
            .connect(url)
            .await
            .unwrap();
        Self { client, refusals }
    }

    /// Publishes, and expects that the server says no.
    async fn is_refused(&mut self, subject: &str, payload: &str) {
        self.client.publish(subject.to_owned(), payload.to_owned().into()).await.unwrap();
        self.client.flush().await.unwrap();
        let hearing = async {
            loop {
                let said = self.refusals.recv().await.unwrap();
                if said.contains("Permissions Violation for Publish") && said.contains(subject) {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(5), hearing).await.expect(subject);
    }
}

#[tokio::test]
async fn a_service_publishes_its_own_subjects_only() {
    let nats = nats().await;
    let mut ingest = Intruder::at(&nats.url()).await;
    ingest.is_refused(MADE, "forged").await;

    let toy = jetstream(&nats.url(), "toy").await;
    let forged =
        toy.publish_with_headers("ingest.report.received.v1", HeaderMap::new(), payload(1).into()).await;
    assert!(forged.unwrap().await.is_err());
    let stream = jetstream(&nats.url(), "ingest").await.get_stream("INGEST").await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 0);
}

#[tokio::test]
async fn a_service_reads_no_stream_and_overhears_no_message_that_is_not_for_it() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.make([1]).await;
    world.all_sent().await;

    let mut ingest = Intruder::at(&nats.url()).await;
    for api in ["STREAM.INFO.TOY", "STREAM.MSG.GET.TOY", "DIRECT.GET.TOY", "CONSUMER.NAMES.TOY"] {
        ingest.is_refused(&format!("$JS.API.{api}"), r#"{"seq":1}"#).await;
    }
    // Plain subscriptions, to the subject or to another service's inboxes, are refused too.
    let client = jetstream(&nats.url(), "ingest").await.client();
    for subject in [MADE, "_INBOX_toy.>", "_INBOX_administrator.>", "$JS.>", ">"] {
        let mut overheard = client.subscribe(subject).await.unwrap();
        client.flush().await.unwrap();
        world.make([2]).await;
        world.all_sent().await;
        let heard =
            tokio::time::timeout(Duration::from_millis(200), futures::StreamExt::next(&mut overheard)).await;
        assert!(!matches!(heard, Ok(Some(_))), "{subject}: {heard:?}");
    }
    lifecycle.hard().cancel();
}

/// A stream's settings copy a subject to another, by the server's own hand.
#[tokio::test]
async fn a_service_cannot_have_the_server_speak_for_another() {
    let nats = nats().await;
    let mut ingest = Intruder::at(&nats.url()).await;
    let copying = r#"{"name":"INGEST","subjects":["ingest.>"],"storage":"file","retention":"limits",
        "republish":{"src":"ingest.forge","dest":"toy.thing.made.v1"}}"#;
    for api in ["UPDATE.INGEST", "CREATE.INGEST", "UPDATE.TOY", "CREATE.FORGED"] {
        ingest.is_refused(&format!("$JS.API.STREAM.{api}"), copying).await;
    }
    for api in
        ["DELETE.INGEST", "DELETE.TOY", "PURGE.INGEST", "PURGE.TOY", "MSG.DELETE.INGEST", "RESTORE.TOY"]
    {
        ingest.is_refused(&format!("$JS.API.STREAM.{api}"), "").await;
    }
    // A consumer's can deliver to any subject.
    let pushing = r#"{"stream_name":"INGEST","config":{"durable_name":"evil","name":"evil",
        "deliver_subject":"toy.thing.made.v1","ack_policy":"none","deliver_policy":"all"},"action":""}"#;
    for api in ["CREATE.INGEST.evil", "CREATE.INGEST", "DURABLE.CREATE.INGEST.evil"] {
        ingest.is_refused(&format!("$JS.API.CONSUMER.{api}"), pushing).await;
    }

    ingest.client.publish("ingest.forge", "forged".into()).await.unwrap();
    ingest.client.flush().await.unwrap();
    let toy = jetstream(&nats.url(), "toy").await;
    assert_eq!(toy.get_stream(STREAM).await.unwrap().cached_info().state.messages, 0);
}

/// A consumer's messages go to whoever asks, and are gone when anybody acknowledges.
#[tokio::test]
async fn a_service_swallows_nothing_that_was_sent_to_another() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.make([1]).await;
    world.all_sent().await;

    let mut ingest = Intruder::at(&nats.url()).await;
    let durable = SUBSCRIPTION.durable;
    ingest.is_refused(&format!("$JS.API.CONSUMER.MSG.NEXT.TOY.{durable}"), r#"{"batch":1}"#).await;
    ingest.is_refused(&format!("$JS.ACK.TOY.{durable}.1.1.1.1760000000000000000.0"), "+ACK").await;
    ingest.is_refused(&format!("$JS.API.CONSUMER.INFO.TOY.{durable}"), "").await;

    world.record(&lifecycle).await;
    world.each_had_its_effect_once(1).await;
    lifecycle.hard().cancel();
}

/// What a consumer leaves out, its service never hears.
#[tokio::test]
async fn a_service_changes_nothing_of_what_another_hears() {
    let nats = nats().await;
    let mut ingest = Intruder::at(&nats.url()).await;
    for durable in [SUBSCRIPTION.durable, INGEST.receives[0].durable] {
        let deaf = format!(
            r#"{{"stream_name":"TOY","config":{{"durable_name":"{durable}","name":"{durable}","ack_policy":"explicit",
            "deliver_policy":"all","filter_subjects":["toy.nothing"]}},"action":"update"}}"#
        );
        ingest.is_refused(&format!("$JS.API.CONSUMER.CREATE.TOY.{durable}"), &deaf).await;
        ingest.is_refused(&format!("$JS.API.CONSUMER.DURABLE.CREATE.TOY.{durable}"), &deaf).await;
        ingest.is_refused(&format!("$JS.API.CONSUMER.DELETE.TOY.{durable}"), "").await;
        ingest.is_refused(&format!("$JS.API.CONSUMER.PAUSE.TOY.{durable}"), "{}").await;
    }
    let toy = jetstream(&nats.url(), "toy").await;
    let consumer = toy.get_consumer_from_stream::<pull::Config, _, _>(SUBSCRIPTION.durable, STREAM).await;
    let config = consumer.unwrap().cached_info().config.clone();
    assert!(config.filter_subject == "toy.>" || config.filter_subjects == ["toy.>"], "{config:?}");
}

/// A server sends its answer to whatever subject the question names. None is an event: what is not written as one, for
/// that very subject, is put aside.
#[tokio::test]
async fn an_answer_that_is_sent_to_anothers_subject_has_no_effect() {
    let nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;
    let ingest = Intruder::at(&nats.url()).await;
    let own = crate::world::headers(ids::EventId::mint(), world.agency, MADE);
    ingest.client.publish_with_reply_and_headers("ingest.forge", MADE, own, payload(7).into()).await.unwrap();
    let question = r#"{"seq":1}"#;
    ingest.client.publish_with_reply("$JS.API.STREAM.MSG.GET.INGEST", MADE, question.into()).await.unwrap();
    ingest.client.flush().await.unwrap();

    world.make([1]).await;
    world.each_had_its_effect_once(1).await;
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn the_administrator_sets_right_whatever_differs_and_sends_and_reads_nothing() {
    let nats = nats().await;
    let administrator = jetstream(&nats.url(), ADMINISTRATOR).await;
    let forging = administrator.publish(MADE, payload(1).into()).await.unwrap();
    assert!(forging.await.is_err());
    let stream = administrator.get_stream(STREAM).await.unwrap();
    assert!(stream.get_raw_message(1).await.is_err());
    assert!(administrator.delete_stream(STREAM).await.is_err());

    let republish = Republish { source: "toy.>".into(), destination: "copy.>".into(), headers_only: false };
    let copying = Config { republish: Some(republish), ..stream.cached_info().config.clone() };
    administrator.update_stream(copying).await.unwrap();
    let deaf = pull::Config {
        durable_name: Some(SUBSCRIPTION.durable.into()),
        filter_subjects: vec!["toy.nothing".into()],
        ..pull::Config::default()
    };
    administrator.create_consumer_on_stream(deaf, STREAM).await.unwrap();

    let another = Administrator::connect(&nats.url(), "test".into(), 1, &[TOY, INGEST]).await.unwrap();
    another.make().await.unwrap();
    eventually("a stream that copies nothing", async || {
        administrator.get_stream(STREAM).await.ok()?.cached_info().config.republish.is_none().then_some(())
    })
    .await;
    let hears = administrator.get_consumer_from_stream::<pull::Config, _, _>(SUBSCRIPTION.durable, STREAM);
    let config = hears.await.unwrap().cached_info().config.clone();
    assert!(config.filter_subject == "toy.>" || config.filter_subjects == ["toy.>"], "{config:?}");
}

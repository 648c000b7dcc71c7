//! A producer's and a consumer's database, a NATS server, and both ends of the toy service: as processes to
//! kill, or in this process.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, context::Context};
use database::Schema;
use ids::{AgencyId, EventId};
use messaging::{Bus, BusConfig, Depth, Member, PullLoop, Relay, Subscription, outbox};
use prost::Message;
use runtime::{Clock, Lifecycle};
use secrecy::ExposeSecret;
use testkit::{Nats, TestDatabase, eventually};
use tokio::process::{Child, Command};

use crate::thing::{MADE, Recorder, STREAM, SUBSCRIPTION, TOY, Thing};

/// What the toy's databases hold.
pub fn schemas() -> [Schema; 2] {
    static TOY: sqlx::migrate::Migrator = sqlx::migrate!("examples/toy/migrations");
    [Schema { name: "messaging", migrator: messaging::migrator() }, Schema { name: "toy", migrator: &TOY }]
}

/// Another service on the bus, which fills a stream of its own and receives what the toy says too.
pub const INGEST: Member = Member {
    service: "ingest",
    stream: "INGEST",
    subjects: "ingest.>",
    receives: &[Subscription {
        stream: STREAM,
        durable: "ingest-on-thing-made",
        subjects: &[MADE],
        batch_max: 10,
    }],
};

/// A bus with both.
pub async fn nats() -> Nats {
    Nats::start(&[TOY, INGEST]).await
}

/// Both ends of one toy service.
pub struct World {
    pub maker: TestDatabase,
    pub recorder: TestDatabase,
    pub nats_url: String,
    pub agency: AgencyId,
}

impl World {
    /// Two databases on the shared server.
    pub async fn on_shared_postgres(nats_url: String) -> Self {
        let postgres = testkit::postgres().await;
        let maker = postgres.fresh_database("toy", &schemas()).await;
        let recorder = postgres.fresh_database("toy", &schemas()).await;
        Self { maker, recorder, nats_url, agency: AgencyId::mint() }
    }

    /// Starts `toy make` or `toy record` as a process, killed at `crash_point` if one is named.
    pub fn start(&self, role: &str, count: usize, crash_point: Option<&str>, otlp: Option<&str>) -> Child {
        let database = if role == "make" { &self.maker } else { &self.recorder };
        let mut command = Command::new(toy());
        command
            .args([role, database.url.expose_secret(), &self.nats_url])
            .args([self.agency.to_string(), count.to_string()])
            .args(otlp)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(point) = crash_point {
            command.env("CHENGQING_CRASH_AT", point);
        }
        command.spawn().unwrap()
    }

    /// Runs the relay in this process until the lifecycle stops.
    pub async fn relay(&self, lifecycle: &Lifecycle) -> Depth {
        self.relay_by(lifecycle, Clock::system()).await
    }

    pub async fn relay_by(&self, lifecycle: &Lifecycle, clock: Clock) -> Depth {
        let relay = Relay::new(self.maker.pool.clone(), self.bus().await, STREAM, clock);
        let depth = relay.depth();
        lifecycle.spawn("relay", relay.run(lifecycle.clone()));
        depth
    }

    /// Runs the consumer in this process until the lifecycle stops.
    pub async fn record(&self, lifecycle: &Lifecycle) {
        let (pool, bus) = (self.recorder.pool.clone(), self.bus().await);
        let receiving = PullLoop::new(pool, bus, SUBSCRIPTION, Recorder, Clock::system());
        lifecycle.spawn("record", receiving.run(lifecycle.clone()));
    }

    /// Makes things with these numbers, without waking any relay.
    pub async fn make(&self, numbers: impl IntoIterator<Item = i64>) {
        let mut tx = database::agency_tx(&self.maker.pool, self.agency).await.unwrap();
        for number in numbers {
            outbox::enqueue(&mut tx, self.agency, MADE, &Thing { number }).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn bus(&self) -> Bus {
        Bus::connect(&BusConfig::new(self.nats_url.as_str(), "toy", "test".into()), "toy").await.unwrap()
    }

    /// The bus as another program of the toy's user sees it.
    pub async fn jetstream(&self) -> Context {
        jetstream(&self.nats_url, "toy").await
    }

    /// The numbers that had an effect, in no order, as often as they had one.
    pub async fn effects(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT number FROM toy.effect ORDER BY number")
            .fetch_all(&self.recorder.superuser())
            .await
            .unwrap()
    }

    /// Waits until the outbox is empty.
    pub async fn all_sent(&self) {
        let database = self.maker.superuser();
        eventually("an empty outbox", async || {
            let unsent: Result<i64, _> =
                sqlx::query_scalar("SELECT count(*) FROM messaging.outbox WHERE sent_time IS NULL")
                    .fetch_one(&database)
                    .await;
            (unsent.ok()? == 0).then_some(())
        })
        .await;
    }

    /// Waits until nothing is under way any more: nothing unsent, nothing undelivered, nothing unacknowledged.
    pub async fn settled(&self) {
        self.all_sent().await;
        let jetstream = self.jetstream().await;
        eventually("a consumer with nothing to do", async || {
            let stream = jetstream.get_stream(STREAM).await.ok()?;
            let info = stream.consumer_info(SUBSCRIPTION.durable).await.ok()?;
            (info.num_pending == 0 && info.num_ack_pending == 0).then_some(())
        })
        .await;
    }

    /// Waits until everything came to rest, then expects that each number up to `count` had its effect once.
    pub async fn each_had_its_effect_once(&self, count: i64) {
        eventually("every effect", async || {
            (self.effects().await.len() >= usize::try_from(count).unwrap()).then_some(())
        })
        .await;
        self.settled().await;
        assert_eq!(self.effects().await, (1..=count).collect::<Vec<_>>());
    }

    /// Publishes bytes of any kind as the toy's user and waits for the acknowledgement.
    pub async fn publish(&self, subject: &'static str, headers: HeaderMap, payload: Vec<u8>) {
        let jetstream = self.jetstream().await;
        jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap().await.unwrap();
    }
}

/// Connects as a service's user.
pub async fn jetstream(url: &str, user: &str) -> Context {
    let options = async_nats::ConnectOptions::with_user_and_password(user.into(), "test".into())
        .custom_inbox_prefix(format!("_INBOX_{user}"));
    let mut context = jetstream::new(options.connect(url).await.unwrap());
    context.set_timeout(Duration::from_secs(2));
    context
}

/// Waits for a process that must have died by SIGKILL.
pub async fn died(mut process: Child) {
    let status = tokio::time::timeout(Duration::from_secs(60), process.wait())
        .await
        .expect("the process reaches its crash point")
        .unwrap();
    assert_eq!(status.signal(), Some(9), "{status}");
}

/// The headers of an event, written out here as another implementation would.
pub fn headers(event: EventId, agency: AgencyId, subject: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("ce-id", event.to_string());
    headers.insert("ce-source", "/chengqing/toy");
    headers.insert("ce-type", subject);
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-time", "2026-11-22T08:00:00.5Z");
    headers.insert("ce-datacontenttype", "application/protobuf");
    headers.insert("chengqing-agency", agency.to_string());
    headers
}

pub fn payload(number: i64) -> Vec<u8> {
    Thing { number }.encode_to_vec()
}

/// The example that cargo builds beside this test.
fn toy() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/toy")
}

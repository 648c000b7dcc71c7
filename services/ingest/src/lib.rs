//! ingest: accepts what citizens, hotline staff and partners bring, and answers for the office's automatic
//! answers.
//!
//! It promises that what it acknowledged is durable (G1), that every word it gives by itself was signed and has
//! been verified here (G2), that each message has one answer and each reporter hears of a published revision
//! once (G8), and that a halt stops whatever is not out yet (G11). It owns messages, reports and reporters:
//! who somebody is never leaves it. It does not judge what a message means; that is classification's.
//!
//! Points at which a test can kill the process:
//!
//! | point | what is then true |
//! | --- | --- |
//! | `ingest.accept.before_commit` | nothing was acknowledged, nothing is kept |
//! | `ingest.accept.after_commit` | reports and events are durable, nobody was told |
//! | `ingest.callback.before_answer` | the reply is decided, the platform did not hear it |
//! | `ingest.media.before_commit` | a picture or voice was fetched and looked at, nothing of it is kept |
//! | `ingest.media.after_commit` | it is kept sealed, and what was seen in it is queued |
//! | `ingest.notice.before_commit` | a platform's notice is neither kept nor acknowledged |
//! | `ingest.notice.after_commit` | it is kept and queued, not acknowledged |
//! | `ingest.deliver.after_attempt_committed` | attempts are committed, no call was made |
//! | `ingest.deliver.after_call_before_outcome` | the platform may have taken an answer, no outcome is kept |
//! | `ingest.deliver.after_outcome` | an outcome is kept |
//! | `ingest.transcribe.before_commit` | what an officer wrote down is not kept and was not acknowledged |
//! | `ingest.transcribe.after_commit` | it is kept and queued, the officer was not told |
//! | `ingest.halt.before_commit` | the halt is not in force and was not acknowledged |
//! | `ingest.halt.after_commit` | the halt is in force, nobody was told |

mod accept;
mod agency;
mod answer;
mod callback;
mod config;
mod conflict;
mod consumer;
mod deed;
mod deliver;
mod domain;
mod events;
mod fetch;
mod grpc;
mod halt;
mod import_source;
mod orders;
mod picture;
mod prepare;
mod quota;
mod reader;
mod reveal;
mod side_by_side;
mod status;
mod store;
mod transcribe;
mod upkeep;
mod vault;
mod waiting;
mod words;

use std::net::SocketAddr;

use ::grpc::{Audience, TokenVerifier};
use anyhow::Context;
use contracts::ingest::v1::ingest_service_server::IngestServiceServer;
use database::Schema;
use listener::Door;
use messaging::{Bus, PullLoop, Relay, Subscriber, Subscription};
use runtime::{Clock, Lifecycle, SlowWork};
use secrecy::SecretString;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::service::Routes;

use crate::accept::{Flusher, Intake};
use crate::agency::Agencies;
use crate::answer::Answering;
use crate::callback::Callback;
use crate::consumer::{Approvals, Assignments, Pages};
use crate::deliver::Deliverer;
use crate::fetch::Fetcher;
use crate::grpc::Service;
use crate::halt::Halting;
use crate::import_source::ImportSources;
use crate::quota::{Limits, Quotas};
use crate::reader::TextReader;
use crate::reveal::Revealing;
use crate::transcribe::Transcribing;
use crate::vault::Vault;
use crate::waiting::Arrivals;
use crate::words::SignedWords;

pub use config::{AgencyConfig, CallbackMode, Config, WechatConfig};
pub use consumer::BUS;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The migrations of schema `ingest`.
#[must_use]
pub fn migrator() -> &'static Migrator {
    &MIGRATOR
}

/// Bytes of a request at most: 100 000 characters must arrive, so that they can be refused with a reason.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

fn schemas() -> [Schema; 2] {
    [
        Schema { name: "ingest", migrator: migrator() },
        Schema { name: "messaging", migrator: messaging::migrator() },
    ]
}

/// Brings this service's database up to date, as its owner.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(owner_url: &SecretString) -> anyhow::Result<()> {
    database::migrate(owner_url, "ingest", &schemas()).await
}

/// The service, connected and bound, not yet running.
pub struct App {
    pool: PgPool,
    bus: Bus,
    agencies: Agencies,
    vault: Vault,
    words: SignedWords,
    verifier: TokenVerifier,
    clock: Clock,
    relay: Relay,
    intake: Intake,
    limits: Limits,
    flusher: Flusher,
    reader: TextReader,
    grpc_listener: TcpListener,
    grpc_address: SocketAddr,
    http_listener: TcpListener,
    door: Door,
    http_address: SocketAddr,
}

impl App {
    /// Connects and binds.
    ///
    /// # Errors
    /// When the configuration cannot be used, something it needs is away, or a migration is pending.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let agencies = Agencies::new(&config.agencies).context("ingest.agencies")?;
        let vault = Vault::new(&config.master_key)?;
        let verifier = TokenVerifier::new(&config.token_public_key, Audience::Ingest, clock.clone())?;
        let pool = database::connect(&config.database)?;
        database::refuse_pending(&pool, &schemas()).await?;
        for agency in agencies.ids() {
            let mut tx = database::agency_tx(&pool, agency).await?;
            store::ensure_agency(&mut tx, agency).await?;
            tx.commit().await?;
        }
        let bus = Bus::connect(&config.bus, BUS.service).await?;
        let relay = Relay::new(pool.clone(), bus.clone(), BUS.stream, clock.clone());
        let (intake, flusher) =
            accept::open(pool.clone(), vault.clone(), relay.waker(), relay.depth(), config.backlog_max);
        let words = SignedWords::new(agencies.clone(), config.site_base_url);
        let reader = TextReader::find(config.text_reader).await;
        let grpc_listener = bind(config.grpc_listen).await?;
        let http_listener = bind(config.http_listen).await?;
        Ok(Self {
            grpc_address: grpc_listener.local_addr()?,
            http_address: http_listener.local_addr()?,
            pool,
            bus,
            agencies,
            vault,
            words,
            verifier,
            clock,
            relay,
            intake,
            limits: Limits {
                reports_per_minute: config.client_reports_per_minute,
                reports_per_day: config.client_reports_per_day,
                lines_per_day: config.client_lines_per_day,
            },
            flusher,
            reader,
            grpc_listener,
            http_listener,
            door: Door { limits: config.http_limits, trusted_proxies: config.trusted_proxies, patient: &[] },
        })
    }

    /// Where gRPC is served.
    #[must_use]
    pub const fn grpc_address(&self) -> SocketAddr {
        self.grpc_address
    }

    /// Where callbacks arrive.
    #[must_use]
    pub const fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Runs until the process stops.
    ///
    /// # Errors
    /// When a server fails.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let Self {
            pool, bus, agencies, vault, words, verifier, clock, relay, intake, flusher, reader, ..
        } = self;
        let delivery = side_by_side::Waker::default();
        let arrivals = Arrivals::default();

        let assignments =
            Assignments { clock: clock.clone(), arrivals: arrivals.clone(), delivery: delivery.clone() };
        let approvals = Approvals { clock: clock.clone(), words: words.clone(), delivery: delivery.clone() };
        let pages = Pages { clock: clock.clone(), delivery: delivery.clone() };
        let bus_side = BusSide { pool: &pool, bus: &bus, clock: &clock, lifecycle: &lifecycle };
        bus_side.listen("ingest assignments", consumer::ON_REPORT_ASSIGNED, assignments);
        bus_side.listen("ingest approvals", consumer::ON_APPROVAL, approvals);
        bus_side.listen("ingest pages", consumer::ON_PUBLICATION_CHANGED, pages);

        let waker = relay.waker();
        lifecycle.spawn("ingest relay", relay.run(lifecycle.clone()));
        lifecycle.spawn("ingest flusher", flusher.run());
        lifecycle.spawn("ingest waiters", arrivals.clone().look(pool.clone(), lifecycle.clone()));
        lifecycle.spawn(
            "ingest upkeep",
            upkeep::run(pool.clone(), agencies.clone(), clock.clone(), lifecycle.clone()),
        );
        let deliverer = Deliverer {
            pool: pool.clone(),
            agencies: agencies.clone(),
            words: words.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            waker: delivery.clone(),
            transactions: Semaphore::new(deliver::TRANSACTIONS),
        };
        lifecycle.spawn("ingest deliverer", deliverer.run(lifecycle.clone()));

        let fetcher = Fetcher {
            pool: pool.clone(),
            agencies: agencies.clone(),
            vault: vault.clone(),
            looking: SlowWork::new(fetch::AT_ONCE),
            turns: Semaphore::new(fetch::AT_ONCE),
            files: Semaphore::new(fetch::FILES_AT_ONCE),
            reader,
            relay: waker.clone(),
            clock: clock.clone(),
        };
        lifecycle.spawn("ingest fetcher", fetcher.run(lifecycle.clone()));

        let transcribing = Transcribing {
            pool: pool.clone(),
            vault: vault.clone(),
            relay: waker.clone(),
            clock: clock.clone(),
        };
        let revealing = Revealing {
            pool: pool.clone(),
            vault: vault.clone(),
            relay: waker.clone(),
            clock: clock.clone(),
        };
        let callback = Callback {
            pool: pool.clone(),
            agencies: agencies.clone(),
            vault: vault.clone(),
            intake: intake.clone(),
            arrivals,
            answering: Answering { pool: pool.clone(), words, clock: clock.clone() },
            relay: waker.clone(),
            clock: clock.clone(),
        };
        let service = Service {
            import_sources: ImportSources { pool: pool.clone(), relay: waker, clock: clock.clone() },
            halting: Halting { pool: pool.clone(), delivery, clock: clock.clone() },
            transcribing,
            revealing,
            quotas: Quotas::new(pool.clone(), self.limits),
            pool,
            agencies,
            vault,
            intake,
            clock,
        };
        let service = IngestServiceServer::new(service).max_decoding_message_size(REQUEST_BYTES_MAX);
        let soft = lifecycle.soft();
        let http = async {
            self.door.serve(self.http_listener, callback::router(callback), soft).await;
            Ok(())
        };
        let grpc = ::grpc::serve(self.grpc_listener, verifier, &lifecycle, Routes::new(service));
        tokio::try_join!(http, grpc)?;
        Ok(())
    }
}

/// What every consumer needs.
struct BusSide<'a> {
    pool: &'a PgPool,
    bus: &'a Bus,
    clock: &'a Clock,
    lifecycle: &'a Lifecycle,
}

impl BusSide<'_> {
    fn listen(&self, task: &'static str, subscription: Subscription, subscriber: impl Subscriber) {
        let pulling =
            PullLoop::new(self.pool.clone(), self.bus.clone(), subscription, subscriber, self.clock.clone());
        self.lifecycle.spawn(task, pulling.run(self.lifecycle.clone()));
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("could not listen on {address}"))
}

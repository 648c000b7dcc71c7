//! classification: what a message is, and which claim it belongs to.
//!
//! It owns claims and the index of what is known. Every received report is judged once: intent first, then,
//! for reports, a published clarification that surely answers it, an open claim that it joins, or a new claim.
//! One that reached nothing is judged again when its picture was read or an officer wrote down what it says.
//! Decisions are made in PostgreSQL under a lock per agency; the index in memory is a cache of its change log.
//! It proposes with reasons; people decide. It publishes nothing and verifies no signature: whoever says
//! something to the public does that. Its rules are files that can be read, and that an agency edits for itself.
//! The models that it learns from what the office decided order and suggest; none of them decides.

mod again;
mod basis;
mod config;
mod consumer;
mod correct;
mod decide;
mod deed;
mod doubt;
mod events;
mod grpc;
mod index_file;
mod judge_again;
mod known;
mod learn;
mod lessons;
mod models;
mod rulebook;
mod rules_grpc;
mod set_intent;
mod set_rules;
mod status;
mod store;
mod suggest;
mod suspend;
mod tell;
pub mod train;
mod train_intents;

use std::net::SocketAddr;

use anyhow::Context;
use contracts::classification::v1::classification_service_server::ClassificationServiceServer;
use contracts::classification::v1::rules_service_server::RulesServiceServer;
use database::Schema;
use messaging::{Bus, PullLoop, Relay};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tonic::service::Routes;

pub use config::Config;
pub use consumer::BUS;

/// The name of this service: its database role, its bus user, its schema.
const NAME: &str = "classification";

static MIGRATOR: Migrator = sqlx::migrate!();

/// The schemas of this service's database.
#[must_use]
pub fn schemas() -> [Schema; 2] {
    [
        Schema { name: "messaging", migrator: messaging::migrator() },
        Schema { name: NAME, migrator: &MIGRATOR },
    ]
}

/// Brings the database up to date, as its owner.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(owner_url: &SecretString) -> anyhow::Result<()> {
    database::migrate(owner_url, NAME, &schemas()).await
}

/// The service, connected and bound.
pub struct App {
    pool: PgPool,
    bus: Bus,
    listener: TcpListener,
    address: SocketAddr,
    verifier: ::grpc::TokenVerifier,
    index_files: Option<index_file::IndexFiles>,
    clock: Clock,
}

impl App {
    /// Connects and binds; serves nothing yet.
    ///
    /// # Errors
    /// When the database or the bus is away, a migration is pending, the address is taken, or the key is none.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let here = ::grpc::Audience::Classification;
        let verifier = ::grpc::TokenVerifier::new(&config.token_public_key, here, clock.clone())?;
        let pool = database::connect(&config.database)?;
        database::refuse_pending(&pool, &schemas()).await?;
        let bus = Bus::connect(&config.bus, NAME).await?;
        let index_files = config
            .index_folder
            .as_deref()
            .map(index_file::IndexFiles::new)
            .transpose()
            .context("the folder of the index could not be made")?;
        let listener = TcpListener::bind(config.grpc_listen)
            .await
            .with_context(|| format!("could not listen on {}", config.grpc_listen))?;
        let address = listener.local_addr()?;
        Ok(Self { pool, bus, listener, address, verifier, index_files, clock })
    }

    /// Where gRPC is served.
    #[must_use]
    pub const fn grpc_address(&self) -> SocketAddr {
        self.address
    }

    /// Works until the soft stop.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let Self { pool, bus, listener, verifier, index_files, clock, .. } = self;
        let relay = Relay::new(pool.clone(), bus.clone(), BUS.stream, clock.clone());
        let waker = relay.waker();
        lifecycle.spawn("classification relay", relay.run(lifecycle.clone()));

        let rulebooks = rulebook::Rulebooks::default();
        let decide = decide::Decide::by(rulebooks.clone(), index_files.clone());
        if let Some(files) = index_files {
            let keep =
                index_file::Keep { files, decide: decide.clone(), pool: pool.clone(), clock: clock.clone() };
            lifecycle.spawn("classification index file", keep.run(lifecycle.clone()));
        }

        let again = consumer::Again { decide: decide.clone(), waker: waker.clone(), clock: clock.clone() };
        let again = PullLoop::new(pool.clone(), bus.clone(), consumer::LATER, again, clock.clone());
        lifecycle.spawn("classification second looks", again.run(lifecycle.clone()));

        let reports =
            consumer::Reports { decide: decide.clone(), waker: waker.clone(), clock: clock.clone() };
        let reports = PullLoop::new(pool.clone(), bus.clone(), consumer::REPORTS, reports, clock.clone());
        lifecycle.spawn("classification reports", reports.run(lifecycle.clone()));

        let decisions = consumer::Decisions { waker: waker.clone(), clock: clock.clone() };
        let decisions =
            PullLoop::new(pool.clone(), bus.clone(), consumer::DECISIONS, decisions, clock.clone());
        lifecycle.spawn("classification decisions", decisions.run(lifecycle.clone()));

        let publications = consumer::Publications { clock: clock.clone() };
        let publications =
            PullLoop::new(pool.clone(), bus, consumer::PUBLICATIONS, publications, clock.clone());
        lifecycle.spawn("classification publications", publications.run(lifecycle.clone()));

        let suggest = suggest::Suggest { pool: pool.clone(), decide: decide.clone(), clock: clock.clone() };
        lifecycle.spawn("classification suggest", suggest.run(lifecycle.clone()));

        let tell = tell::Tell {
            pool: pool.clone(),
            waker: waker.clone(),
            rulebooks: rulebooks.clone(),
            clock: clock.clone(),
        };
        lifecycle.spawn("classification tell", tell.run(lifecycle.clone()));

        let rules = rules_grpc::Service {
            pool: pool.clone(),
            rulebooks: rulebooks.clone(),
            clock: clock.clone(),
            waker: waker.clone(),
        };
        let service = grpc::Service { pool, rulebooks, decide, waker, clock };
        let routes = Routes::new(ClassificationServiceServer::new(service))
            .add_service(RulesServiceServer::new(rules));
        ::grpc::serve(listener, verifier, &lifecycle, routes).await
    }
}

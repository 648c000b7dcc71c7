//! classification: what a message is, and which claim it belongs to.
//!
//! It owns claims and the index of what is known. Every received report is judged once: intent first, then,
//! for reports, a published clarification that surely answers it, an open claim that it joins, or a new claim.
//! One that reached nothing is judged again when its picture was read or an officer wrote down what it says.
//! Decisions are made in PostgreSQL under a lock per agency; the index in memory is a cache of its change log.
//! It proposes with reasons; people decide. It publishes nothing and verifies no signature: whoever says
//! something to the public does that. It learns nothing from texts yet: its rules are files that can be read.

mod again;
mod config;
mod consumer;
mod decide;
mod events;
mod grpc;
mod known;
mod learn;
mod status;
mod store;
mod tell;

use std::net::SocketAddr;

use anyhow::Context;
use contracts::classification::v1::classification_service_server::ClassificationServiceServer;
use database::Schema;
use messaging::{Bus, PullLoop, Relay};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tonic::service::Routes;

pub use config::Config;

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
    clock: Clock,
}

impl App {
    /// Connects and binds; serves nothing yet.
    ///
    /// # Errors
    /// When the database or the bus is away, a migration is pending, the address is taken, or the key is none.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let verifier = ::grpc::TokenVerifier::new(&config.token_public_key, clock.clone())?;
        let pool = database::connect(&config.database)?;
        database::refuse_pending(&pool, &schemas()).await?;
        let bus = Bus::connect(&config.bus, NAME).await?;
        let listener = TcpListener::bind(config.grpc_listen)
            .await
            .with_context(|| format!("could not listen on {}", config.grpc_listen))?;
        let address = listener.local_addr()?;
        Ok(Self { pool, bus, listener, address, verifier, clock })
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
        let Self { pool, bus, listener, verifier, clock, .. } = self;
        let relay =
            Relay::new(pool.clone(), bus.clone(), "CLASSIFICATION", "classification.>", clock.clone());
        let waker = relay.waker();
        lifecycle.spawn("classification relay", relay.run(lifecycle.clone()));

        let decide = decide::Decide::default();
        let again = consumer::Again { decide: decide.clone(), waker: waker.clone(), clock: clock.clone() };
        let again = PullLoop::new(pool.clone(), bus.clone(), consumer::LATER, again, clock.clone());
        lifecycle.spawn("classification second looks", again.run(lifecycle.clone()));

        let reports = consumer::Reports { decide, waker: waker.clone(), clock: clock.clone() };
        let reports = PullLoop::new(pool.clone(), bus.clone(), consumer::REPORTS, reports, clock.clone());
        lifecycle.spawn("classification reports", reports.run(lifecycle.clone()));

        let decisions =
            PullLoop::new(pool.clone(), bus.clone(), consumer::DECISIONS, consumer::Decisions, clock.clone());
        lifecycle.spawn("classification decisions", decisions.run(lifecycle.clone()));

        let publications =
            PullLoop::new(pool.clone(), bus, consumer::PUBLICATIONS, consumer::Publications, clock.clone());
        lifecycle.spawn("classification publications", publications.run(lifecycle.clone()));

        let tell = tell::Tell { pool: pool.clone(), waker, clock };
        lifecycle.spawn("classification tell", tell.run(lifecycle.clone()));

        let routes = Routes::new(ClassificationServiceServer::new(grpc::Service { pool }));
        ::grpc::serve(listener, verifier, &lifecycle, routes).await
    }
}

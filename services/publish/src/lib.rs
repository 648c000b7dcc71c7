//! publish says what was signed, exactly once per channel account, and knows what became of it.
//!
//! It verifies every statement itself, from an agency's root key that reaches it by configuration (design G2);
//! plans one publication per channel account; puts the public page up in the transaction that plans it; sends
//! through the connectors, one write at a time per account; waits for the platform's own confirmation; and
//! reconciles what is uncertain before anything else is written there (G3). Halts and revocations are durable
//! when they return and are told apart from every write by one lock (G11).
//!
//! It does not write texts, does not judge whether a text is wise, answers no citizen, and takes down nothing
//! that a platform shows: that is a person's errand, and the publications say where to go.
//!
//! Crash points, in the order in which a clarification meets them:
//! - `publish.signed.before_commit`: verified and planned, nothing committed;
//! - `publish.draft.after_attempt_committed`, `publish.draft.after_call_before_outcome`: around the WeChat draft,
//!   which nobody sees;
//! - `publish.send.after_attempt_committed`: the write is recorded and not made;
//! - `publish.send.after_call_before_outcome`: the platform has answered and nothing is recorded of it;
//! - `publish.send.after_outcome_committed`: the answer is recorded and nobody was woken;
//! - `publish.halt.after_commit`: a halt is durable and its caller has not heard.

mod agency;
mod change;
mod config;
mod consumer;
mod deed;
mod domain;
mod events;
mod evidence;
mod grpc;
mod hear_notice;
mod orders;
mod resolve;
mod sender;
mod site;
mod status;
mod stop;
mod store;
mod take_up;
mod verified;

use std::net::SocketAddr;

use ::grpc::{Audience, TokenVerifier};
use anyhow::Context;
use contracts::publish::v1::publish_service_server::PublishServiceServer;
use database::Schema;
use listener::Door;
use messaging::{Bus, PullLoop, Relay};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::agency::{Agencies, PageAddresses};
use crate::consumer::{OnApproval, OnNotice};
use crate::grpc::Api;
use crate::sender::{PageCarrier, Station, Wakes, WechatCarrier, WeiboCarrier};
use crate::site::Site;

pub use crate::config::{AgencyConfig, Config, WechatConfig, WeiboConfig};
pub use crate::consumer::BUS;
pub use crate::evidence::evidence;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The schemas of this service's database.
#[must_use]
pub fn schemas() -> [Schema; 2] {
    [
        Schema { name: "publish", migrator: &MIGRATOR },
        Schema { name: "messaging", migrator: messaging::migrator() },
    ]
}

/// Brings the database up to date, as its owner.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(owner_url: &SecretString) -> anyhow::Result<()> {
    database::migrate(owner_url, "publish", &schemas()).await
}

/// The service, connected and bound, not yet running.
pub struct App {
    config: Config,
    clock: Clock,
    pool: PgPool,
    bus: Bus,
    agencies: Agencies,
    verifier: TokenVerifier,
    grpc_listener: TcpListener,
    site_listener: TcpListener,
    http: reqwest::Client,
}

impl App {
    /// Connects to the database and the bus and binds both listeners.
    ///
    /// # Errors
    /// When the configuration cannot be used, a migration is pending, the bus is away or a port is taken.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let agencies = Agencies::new(&config)?;
        let verifier = TokenVerifier::new(&config.token_public_key, Audience::Publish, clock.clone())?;
        let pool = database::connect(&config.database)?;
        database::refuse_pending(&pool, &schemas()).await?;
        let bus = Bus::connect(&config.bus, BUS.service).await?;
        let grpc_listener = bind(config.grpc_listen).await?;
        let site_listener = bind(config.site_listen).await?;
        let http = wechat::client::http_client().context("the machine's TLS set-up cannot be read")?;
        Ok(Self { config, clock, pool, bus, agencies, verifier, grpc_listener, site_listener, http })
    }

    /// Where gRPC is served.
    #[must_use]
    pub fn grpc_address(&self) -> SocketAddr {
        self.grpc_listener.local_addr().unwrap_or(self.config.grpc_listen)
    }

    /// Where the site is served.
    #[must_use]
    pub fn site_address(&self) -> SocketAddr {
        self.site_listener.local_addr().unwrap_or(self.config.site_listen)
    }

    /// Runs until the soft stop; its tasks are `lifecycle`'s.
    ///
    /// # Errors
    /// When a part cannot start. A part that fails later stops the process through `lifecycle`.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let relay = Relay::new(self.pool.clone(), self.bus.clone(), BUS.stream, self.clock.clone());
        let waker = relay.waker();
        lifecycle.spawn("publish relay", relay.run(lifecycle.clone()));

        let wakes = Wakes::new(self.agencies.iter());
        let addresses = PageAddresses::new(self.config.site_base_url.clone());
        for agency in &self.config.agencies {
            let Some(facts) = self.agencies.get(agency.agency_id) else { continue };
            let station = Station {
                pool: self.pool.clone(),
                clock: self.clock.clone(),
                agency: facts.clone(),
                addresses: addresses.clone(),
                relay: waker.clone(),
                wakes: wakes.clone(),
            };
            spawn_senders(&station, agency, &self.http, &lifecycle);
        }

        let on_approval = OnApproval {
            agencies: self.agencies.clone(),
            addresses,
            clock: self.clock.clone(),
            wakes: wakes.clone(),
            relay: waker.clone(),
        };
        let approval = PullLoop::new(
            self.pool.clone(),
            self.bus.clone(),
            consumer::APPROVAL,
            on_approval,
            self.clock.clone(),
        );
        lifecycle.spawn("publish on approval", approval.run(lifecycle.clone()));
        let on_notice = OnNotice { clock: self.clock.clone(), wakes: wakes.clone(), relay: waker.clone() };
        let notices =
            PullLoop::new(self.pool.clone(), self.bus, consumer::NOTICES, on_notice, self.clock.clone());
        lifecycle.spawn("publish on platform notice", notices.run(lifecycle.clone()));

        let site = site::router(Site { pool: self.pool.clone(), agencies: self.agencies.clone() });
        let soft = lifecycle.soft();
        let listener = self.site_listener;
        let door = Door {
            limits: self.config.site_limits,
            trusted_proxies: self.config.trusted_proxies.clone(),
            patient: &[],
        };
        lifecycle.spawn("publish site", async move {
            door.serve(listener, site, soft).await;
            Ok(())
        });

        let api = Api { pool: self.pool, agencies: self.agencies, clock: self.clock, wakes, relay: waker };
        let routes = Routes::new(PublishServiceServer::new(api));
        ::grpc::serve(self.grpc_listener, self.verifier, &lifecycle, routes).await
    }
}

fn spawn_senders(station: &Station, config: &AgencyConfig, http: &reqwest::Client, lifecycle: &Lifecycle) {
    let page = PageCarrier::new(station.clone());
    lifecycle.spawn("publish page sender", sender::run(station.clone(), page, lifecycle.clone()));
    for account in &config.wechat {
        let client = wechat::client::Client::new(
            http.clone(),
            account.base_url.clone(),
            account.app_id.clone(),
            account.app_secret.clone(),
        );
        let carrier =
            WechatCarrier::new(station.clone(), account.account.clone(), client, account.daily_push_quota);
        lifecycle.spawn("publish WeChat sender", sender::run(station.clone(), carrier, lifecycle.clone()));
    }
    for account in &config.weibo {
        let client =
            weibo::client::Client::new(http.clone(), account.base_url.clone(), account.access_token.clone());
        let carrier = WeiboCarrier::new(
            station.clone(),
            account.account.clone(),
            client,
            account.uid,
            account.operator_ip,
        );
        lifecycle.spawn("publish microblog sender", sender::run(station.clone(), carrier, lifecycle.clone()));
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on; is it taken?"))
}

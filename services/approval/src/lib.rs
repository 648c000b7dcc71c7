//! Approval owns people, cases, findings, clarifications, reviews, sign-offs, policy and the audit trail.
//!
//! It promises: nobody's word reaches the public without at least three people's signatures over exactly those
//! bytes, no role excepted; an edit voids every review; what it emits lets anyone verify that without its
//! database; whoever changed what is in a trail that cannot be rewritten unnoticed. It does not decide what a
//! message is (classification), does not send anything (publish, ingest) and never sees a citizen's name.
//!
//! Points at which a test may kill the process (`runtime::crash_point!`), each at the edge of a transaction:
//! `approval.consumer.before_commit`, `approval.consumer.after_commit`,
//! `approval.publication_consumer.before_commit`, `approval.publication_consumer.after_commit`,
//! `approval.open_notice.before_commit`, `approval.request_finding.before_commit`,
//! `approval.answer_finding.before_commit`, `approval.save_draft.before_commit`,
//! `approval.save_draft.after_commit`, `approval.sign.before_commit`, `approval.sign.after_commit`,
//! `approval.revoke.before_commit`, `approval.revoke.after_commit`, `approval.dismiss.before_commit`,
//! `approval.dismiss.after_commit`, `approval.correct.before_commit`, `approval.correct.after_commit`,
//! `approval.resume_answer.before_commit`, `approval.resume_answer.after_commit`, `approval.halt.before_commit`,
//! `approval.halt.after_commit`, `approval.lift.before_commit`, `approval.lift.after_commit`.

mod alarms;
mod answer_finding;
mod audit;
pub mod clients;
mod config;
mod consumer;
mod correct_claims;
mod deeds;
mod desk;
mod dismiss_case;
pub mod domain;
mod events;
mod evidence;
mod finding_links;
mod follow_claims;
mod follow_messages;
mod follow_publications;
mod give_order;
mod grpc;
mod issue_token;
mod lift_halt;
mod list_audit;
mod one_time_code;
mod open_notice;
mod order_halt;
mod password;
mod people;
pub mod provision;
mod read_cases;
mod request_finding;
mod resume_answer;
mod return_draft;
mod revoke_clarification;
mod save_draft;
mod secrets;
mod sessions;
mod set_urgency;
mod sign_in;
mod sign_step;
mod signatory;
mod status;
mod store;
pub mod upkeep;
mod validity;

use std::net::SocketAddr;

use ::grpc::{Audience, TokenIssuer, TokenVerifier};
use anyhow::Context;
use database::Schema;
use messaging::{Bus, PullLoop, Relay};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;

pub use config::Config;
pub use consumer::BUS;
pub use evidence::trail_of;

use crate::consumer::{OnClassification, OnDeedDone, OnPublicationChanged};
use crate::desk::Desk;
use crate::password::Stretching;
use crate::secrets::Pepper;

/// The service's own migrations.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// The name of the service: of its schema, its role and its user on the bus.
const SERVICE: &str = "approval";

fn schemas() -> [Schema; 2] {
    // Its own comes first: it makes the role that the other is granted to.
    [
        Schema { name: SERVICE, migrator: &MIGRATOR },
        Schema { name: "messaging", migrator: messaging::migrator() },
    ]
}

/// Brings the database up to date, as its owner.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(owner_url: &SecretString) -> anyhow::Result<()> {
    database::migrate(owner_url, SERVICE, &schemas()).await
}

/// The service, connected and bound, not yet at work.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    verifier: TokenVerifier,
    desk: Desk,
    relay: Relay,
    on_classification: PullLoop<OnClassification>,
    on_publication_changed: PullLoop<OnPublicationChanged>,
    on_deeds: [(&'static str, PullLoop<OnDeedDone>); 3],
}

impl App {
    /// Connects and binds; addresses are known afterwards.
    ///
    /// # Errors
    /// When something that it needs is away, a migration is pending, or the configuration cannot be used.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let pepper = Pepper::new(&config.pepper).context("approval.pepper")?;
        let issuer = TokenIssuer::new(&config.token_seed, clock.clone()).context("approval.token_seed")?;
        let public_key = ::grpc::public_key(&config.token_seed)?;
        let verifier = TokenVerifier::new(&public_key, Audience::Approval, clock.clone())?;
        let pool = database::connect(&config.database)?;
        database::refuse_pending(&pool, &schemas()).await?;
        let bus = Bus::connect(&config.bus, SERVICE).await?;
        let relay = Relay::new(pool.clone(), bus.clone(), BUS.stream, clock.clone());
        let on_classification = PullLoop::new(
            pool.clone(),
            bus.clone(),
            consumer::CLASSIFICATION,
            OnClassification { clock: clock.clone() },
            clock.clone(),
        );
        let on_deeds = [
            ("approval on ingest's deeds", consumer::INGEST_DEEDS),
            ("approval on classification's deeds", consumer::CLASSIFICATION_DEEDS),
            ("approval on publish's deeds", consumer::PUBLISH_DEEDS),
        ]
        .map(|(name, deeds)| {
            (name, PullLoop::new(pool.clone(), bus.clone(), deeds, OnDeedDone, clock.clone()))
        });
        let on_publication_changed = PullLoop::new(
            pool.clone(),
            bus,
            consumer::PUBLISH,
            OnPublicationChanged { clock: clock.clone() },
            clock.clone(),
        );
        let listener = TcpListener::bind(config.grpc_listen)
            .await
            .with_context(|| format!("approval cannot listen on {}", config.grpc_listen))?;
        let address = listener.local_addr()?;
        let desk = Desk {
            pool,
            clock,
            waker: relay.waker(),
            issuer,
            pepper,
            stretching: Stretching::new(),
            decoy: signoff::sealed::decoy().into(),
        };
        Ok(Self {
            listener,
            address,
            verifier,
            desk,
            relay,
            on_classification,
            on_publication_changed,
            on_deeds,
        })
    }

    /// Where gRPC listens.
    #[must_use]
    pub const fn grpc_address(&self) -> SocketAddr {
        self.address
    }

    /// Works until the soft stop.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        lifecycle.spawn("approval relay", self.relay.run(lifecycle.clone()));
        lifecycle.spawn("approval on classification", self.on_classification.run(lifecycle.clone()));
        lifecycle
            .spawn("approval on publication changed", self.on_publication_changed.run(lifecycle.clone()));
        for (name, on_deeds) in self.on_deeds {
            lifecycle.spawn(name, on_deeds.run(lifecycle.clone()));
        }
        lifecycle.spawn(
            "approval upkeep",
            upkeep::run(self.desk.pool.clone(), self.desk.clock.clone(), lifecycle.clone()),
        );
        ::grpc::serve(self.listener, self.verifier, &lifecycle, grpc::routes(&self.desk)).await
    }
}

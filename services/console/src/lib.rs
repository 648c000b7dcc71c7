//! The staff's web front: server-rendered pages over the other services' gRPC, as the signed-in person.
//!
//! It holds no data and decides nothing: no database, no bus, and nothing in memory but tokens of a minute's
//! life. What a person may do is decided by the service that is asked; a page only leaves out what would be
//! refused anyway.

mod article;
mod assets;
mod clients;
mod csrf;
mod form;
mod frame;
mod headers;
mod language;
mod origin;
mod pages;
mod problem;
mod session;
mod show;
mod traces;
mod upload;
mod views;
mod wording;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::DefaultBodyLimit;
use axum::{Extension, Router};
use listener::Door;
use runtime::{Clock, Lifecycle, SlowWork};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::net::TcpListener;
use url::Url;

use clients::Clients;
use csrf::FormKey;
use session::Sessions;

pub use listener::{Limits, Network};

/// What the console must know.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen for HTTP.
    pub listen: SocketAddr,
    /// The address that people type, without a trailing slash; departments' links begin with it. With `https`
    /// the cookies are `Secure` and bound to this very host, and browsers are told to come by https only.
    pub public_base_url: Url,
    /// 64 hex digits that tie forms to their browsers, the same for every replica. Needed with an `https` address;
    /// without one, a key is drawn at each start and forms that were open then must be sent again.
    #[serde(default)]
    pub form_key: Option<SecretString>,
    /// The proxies that stand before the console, as addresses or networks such as `10.0.0.0/8`. What they say in
    /// `X-Forwarded-For` is where a browser calls from; without them it is where the connection comes from.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// How long browsers are waited for, and how many connections there may be.
    #[serde(default)]
    pub limits: Limits,
    /// Whether everything here is invented and nothing goes out, which every page then says.
    #[serde(default)]
    pub demonstration: bool,
    /// Where approval answers gRPC.
    pub approval_url: String,
    /// Where ingest answers gRPC.
    pub ingest_url: String,
    /// Where classification answers gRPC.
    pub classification_url: String,
    /// Where publish answers gRPC.
    pub publish_url: String,
}

/// What every page stands on.
struct Console {
    clients: Clients,
    sessions: Sessions,
    clock: Clock,
    public_base_url: Url,
    form_key: FormKey,
    trusted_proxies: Vec<Network>,
    /// Where files are read.
    reading: SlowWork,
}

impl Console {
    /// True when people reach the console by https, so that cookies must not leave by http.
    fn secure(&self) -> bool {
        self.public_base_url.scheme() == "https"
    }
}

/// The console, bound and ready to run.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
    router: Router,
}

/// Files that are read at once: each may take a second and a hundred megabytes.
const FILES_AT_ONCE: usize = 2;

/// The largest form is a draft: some 20 000 Chinese characters, percent-encoded.
const BODY_BYTES_MAX: usize = 512 * 1024;

impl App {
    /// Binds. The services are connected to when they are first asked, so the order of starting does not matter.
    ///
    /// # Errors
    /// When the address is taken or a service's URL cannot be read.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let secure = config.public_base_url.scheme() == "https";
        let form_key = match &config.form_key {
            Some(key) => FormKey::read(key)?,
            None if secure => anyhow::bail!(
                "console.form_key is missing: 64 hex digits, the same for every replica (openssl rand -hex 32)"
            ),
            None => FormKey::draw(),
        };
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("console cannot listen on {}", config.listen))?;
        let address = listener.local_addr().context("console's address is unknown")?;
        let door = Door {
            limits: config.limits,
            trusted_proxies: config.trusted_proxies.clone(),
            patient: pages::PATIENT,
        };
        let console = Arc::new(Console {
            clients: Clients::connect(&config)?,
            sessions: Sessions::default(),
            clock,
            public_base_url: config.public_base_url,
            form_key,
            trusted_proxies: config.trusted_proxies,
            reading: SlowWork::new(FILES_AT_ONCE),
        });
        let router = pages::router()
            .layer(axum::middleware::from_fn_with_state(secure, headers::protect))
            .layer(axum::middleware::from_fn(traces::record))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(Extension(session::Demonstration(config.demonstration)))
            .with_state(console);
        Ok(Self { listener, address, door, router })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the soft stop, then finishes the requests it holds.
    ///
    /// # Errors
    /// Never: a listener that cannot accept tries again.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, "console listens on {}", self.address);
        self.door.serve(self.listener, self.router, lifecycle.soft()).await;
        Ok(())
    }
}

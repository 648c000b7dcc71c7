//! The connection to NATS: who we are there, which server we accept, and when the connection came back.
//!
//! Knows nothing of outbox or inbox. Each service connects as its own user with its own inbox prefix, so that
//! the server's permissions can keep services out of each other's subjects.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::connection::State;
use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{ConnectErrorKind, ConnectOptions, Event};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::watch;

/// Where the bus is and who we are there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusConfig {
    /// `nats://host:port`; several servers of one cluster are separated by commas.
    pub url: String,
    /// The service's own user, which may publish only its own subjects.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

impl BusConfig {
    /// A user of the bus at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>, user: impl Into<String>, password: SecretString) -> Self {
        Self { url: url.into(), user: user.into(), password }
    }
}

/// A connection that is kept up. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    service: &'static str,
    connections: watch::Receiver<u64>,
}

/// How long start-up waits for the bus before it gives up with a clear error.
const CONNECT_PATIENCE: Duration = Duration::from_secs(30);

/// Pause between attempts to connect for the first time.
const CONNECT_RETRY: Duration = Duration::from_millis(250);

/// Longest pause between attempts to reconnect: one process's retries cost a server nothing.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Deadline of every request, publish acknowledgements included. A healthy server answers in milliseconds, a
/// cluster that elects a leader in a few seconds.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);

/// The oldest server accepted: older ones silently ignore stream and consumer settings that we rely on.
const OLDEST_SERVER: (i64, i64) = (2, 15);

impl Bus {
    /// Connects as the service's user.
    ///
    /// # Errors
    /// When no server answers within 30 s, the user is refused, or the server is older than 2.15.
    pub async fn connect(config: &BusConfig, service: &'static str) -> anyhow::Result<Self> {
        let (connected, connections) = watch::channel(0);
        let options = options(config, service, Arc::new(connected));
        let client = first_connection(config, options).await?;
        if !client.is_server_compatible(OLDEST_SERVER.0, OLDEST_SERVER.1, 0) {
            bail!(
                "the NATS server at {} is {}, but {}.{} or newer is needed",
                config.url,
                client.server_info().version,
                OLDEST_SERVER.0,
                OLDEST_SERVER.1
            );
        }
        let jetstream = ContextBuilder::new()
            .timeout(REQUEST_DEADLINE)
            .ack_timeout(REQUEST_DEADLINE)
            // The relay limits what is in flight itself; this only has to be no lower than its batch.
            .max_ack_inflight(crate::queue::BATCH_MAX * 4)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Self { client, jetstream, service, connections })
    }

    pub(crate) const fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    pub(crate) const fn service(&self) -> &'static str {
        self.service
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Changes each time the connection comes up. Whoever stands on the server's state looks again then.
    pub(crate) fn connections(&self) -> watch::Receiver<u64> {
        self.connections.clone()
    }
}

fn options(config: &BusConfig, service: &str, connected: Arc<watch::Sender<u64>>) -> ConnectOptions {
    ConnectOptions::with_user_and_password(config.user.clone(), config.password.expose_secret().to_owned())
        .name(format!("chengqing-{service}"))
        .custom_inbox_prefix(format!("_INBOX_{}", config.user))
        .request_timeout(Some(REQUEST_DEADLINE))
        .reconnect_delay_callback(|attempts| {
            RECONNECT_PAUSE_MAX
                .min(Duration::from_millis(50) * u32::try_from(attempts).unwrap_or(u32::MAX).min(20))
        })
        .event_callback(move |event| {
            let connected = Arc::clone(&connected);
            async move { note(&connected, &event) }
        })
}

/// A refused publish or subscription is only ever reported here: the call itself succeeds.
fn note(connected: &watch::Sender<u64>, event: &Event) {
    match event {
        Event::Connected => {
            connected.send_modify(|connections| *connections += 1);
            tracing::info!("connected to the bus");
        }
        Event::ServerError(error) => tracing::error!(%error, "the bus refused something"),
        Event::ClientError(error) => tracing::warn!(%error, "trouble with the connection to the bus"),
        // Reconnecting is never given up, so it closes only with the process that has let go of it.
        Event::Closed => tracing::debug!("bus: {event}"),
        Event::Disconnected | Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) => {
            tracing::warn!("bus: {event}");
        }
    }
}

async fn first_connection(config: &BusConfig, options: ConnectOptions) -> anyhow::Result<async_nats::Client> {
    let addresses: Vec<&str> = config.url.split(',').collect();
    let attempts = async {
        loop {
            match options.clone().connect(addresses.as_slice()).await {
                Ok(client) => return Ok(client),
                Err(error) => match error.kind() {
                    ConnectErrorKind::ServerParse
                    | ConnectErrorKind::Authentication
                    | ConnectErrorKind::AuthorizationViolation
                    | ConnectErrorKind::Tls => return Err(error),
                    ConnectErrorKind::Dns
                    | ConnectErrorKind::TimedOut
                    | ConnectErrorKind::Io
                    | ConnectErrorKind::MaxReconnects => {
                        tracing::debug!(%error, "the bus does not answer yet");
                        tokio::time::sleep(CONNECT_RETRY).await;
                    }
                },
            }
        }
    };
    tokio::time::timeout(CONNECT_PATIENCE, attempts)
        .await
        .with_context(|| format!("no NATS server answered at {} within 30 s", config.url))?
        .with_context(|| format!("could not connect to the NATS server at {} as {}", config.url, config.user))
}

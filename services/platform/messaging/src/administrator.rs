//! Makes every stream and consumer and sets right what differs: in the migration step, and again when the bus lost
//! its store while the services run.
//!
//! It sees no event. Services cannot do this themselves (`rights`), they only wait for it.

use std::time::Duration;

use anyhow::Context as _;
use runtime::Lifecycle;
use secrecy::SecretString;

use crate::backoff::{self, Backoff};
use crate::bus::{Bus, BusConfig};
use crate::consumer::{self, ConsumerError};
use crate::member::Member;
use crate::rights::ADMINISTRATOR;
use crate::stream::{self, StreamError};

/// How often everything is looked at while nothing looks wrong; a new connection is a reason to look at once.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The administrator of one bus, connected.
pub struct Administrator {
    bus: Bus,
    members: Vec<Member>,
    replicas: usize,
}

/// Why the bus is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum AdministratorError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
}

impl AdministratorError {
    /// Waiting does not mend a server that ignores what it is told.
    const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Stream(StreamError::SettingIgnored(..)) | Self::Consumer(ConsumerError::SettingIgnored(..))
        )
    }
}

impl Administrator {
    /// Connects as the administrator of `members`, whose streams are kept by `replicas` servers each: 1, or 3 in a
    /// cluster of three.
    ///
    /// # Errors
    /// When no server answers within 30 s, the password is refused, or the server is older than 2.15.
    pub async fn connect(
        url: &str,
        password: SecretString,
        replicas: usize,
        members: &[Member],
    ) -> anyhow::Result<Self> {
        let config = BusConfig::new(url, ADMINISTRATOR, password);
        let bus = Bus::connect(&config, ADMINISTRATOR).await?;
        Ok(Self { bus, members: members.to_vec(), replicas })
    }

    /// Makes what is missing and sets right what differs. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the bus is away, or its server ignores a setting.
    pub async fn make(&self) -> anyhow::Result<()> {
        self.set_right().await.context("the bus could not be made as the services need it")
    }

    async fn set_right(&self) -> Result<(), AdministratorError> {
        // All streams first: a consumer needs another member's.
        for member in &self.members {
            stream::ensure(self.bus.jetstream(), &stream::config(member, self.replicas)).await?;
        }
        for subscription in self.members.iter().flat_map(|member| member.receives) {
            consumer::ensure(self.bus.jetstream(), subscription).await?;
        }
        Ok(())
    }

    /// Keeps everything as it must be until the soft stop.
    ///
    /// # Errors
    /// When the server does not take a setting.
    pub async fn keep(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
        let working = async {
            let mut backoff = Backoff::new();
            let mut connections = self.bus.connections();
            while !soft.is_cancelled() {
                // Marked as seen before looking: a connection that comes up meanwhile is another reason to look.
                connections.mark_unchanged();
                let pause = match self.set_right().await {
                    Ok(()) => {
                        backoff.reset();
                        LOOK_EVERY
                    }
                    Err(error) if error.is_final() => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(%error, "the streams and consumers could not be looked at");
                        backoff.advance()
                    }
                };
                tokio::select! {
                    () = backoff::wait(pause, &soft) => {}
                    _ = connections.changed() => {}
                }
            }
            Ok(())
        };
        tokio::select! {
            () = hard.cancelled() => Ok(()),
            kept = working => kept,
        }
    }
}

//! Receives events: pulls batches, applies each event once, and settles every message.
//!
//! A batch is applied in one transaction per agency together with its inbox rows, then acknowledged. A plain
//! acknowledgement is enough: one that gets lost brings the message back, and its inbox row says that it is
//! done; waiting for the server's confirmation would cost a round trip and prove nothing more. While the
//! database is away messages are handed back with a delay and no more are pulled, for as long as it takes. What
//! cannot be read, or is rejected, becomes a dead letter. The loop orders nothing and publishes nothing.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::{MessagesError, Stream};
use async_nats::jetstream::{AckKind, Message};
use futures::{FutureExt, StreamExt};
use runtime::{Clock, Lifecycle};
use sqlx::PgPool;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use crate::backoff::{self, Backoff};
use crate::batch::{Database, settle_one};
use crate::bus::Bus;
use crate::consumer::{self, ConsumerError};
use crate::subscriber::{Subscriber, Subscription};

/// How often queued replays are looked for.
const REPLAY_POLL: Duration = Duration::from_secs(2);

/// Receives the events of one subscription.
pub struct PullLoop<S> {
    pub(crate) pool: PgPool,
    bus: Bus,
    pub(crate) subscription: Subscription,
    pub(crate) subscriber: S,
    pub(crate) clock: Clock,
}

/// Why a connection to the consumer ended.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    #[error("pulling failed: {0}")]
    Pull(MessagesError),
    #[error("pulling ended")]
    Ended,
    #[error("the database is away")]
    DatabaseAway,
}

impl<S: Subscriber> PullLoop<S> {
    /// Prepares to receive `subscription` into the database of `pool`.
    #[must_use]
    pub const fn new(
        pool: PgPool,
        bus: Bus,
        subscription: Subscription,
        subscriber: S,
        clock: Clock,
    ) -> Self {
        Self { pool, bus, subscription, subscriber, clock }
    }

    /// Receives until the soft stop, finishes the batch it holds, and gives back what it has not begun. While the
    /// consumer is not there, because nobody made it yet or the server lost it, it is waited for.
    ///
    /// # Errors
    /// Never: whatever is away comes back.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
        tokio::select! {
            () = hard.cancelled() => Ok(()),
            () = self.work(&soft) => Ok(()),
        }
    }

    async fn work(&self, soft: &CancellationToken) {
        let durable = self.subscription.durable;
        let mut backoff = Backoff::new();
        while !soft.is_cancelled() {
            match self.session(soft, &mut backoff).await {
                Ok(()) => continue,
                Err(SessionError::DatabaseAway) => {
                    self.wait_for_database(soft, &mut backoff).await;
                    continue;
                }
                Err(error) => tracing::warn!(durable, %error, "{durable} looks for its consumer again"),
            }
            backoff::wait(backoff.advance(), soft).await;
        }
    }

    /// Pulls nothing until the database answers: messages wait better on the server than in a buffer here,
    /// where the server would count each silence as a failed attempt.
    async fn wait_for_database(&self, soft: &CancellationToken, backoff: &mut Backoff) {
        while !soft.is_cancelled() {
            backoff::wait(backoff.advance(), soft).await;
            if sqlx::query("SELECT 1").execute(&self.pool).await.is_ok() {
                return;
            }
        }
    }

    /// Works with one handle on the consumer, until it fails, the database is away, or the connection to the
    /// bus was a new one.
    async fn session(&self, soft: &CancellationToken, backoff: &mut Backoff) -> Result<(), SessionError> {
        let mut connections = self.bus.connections();
        connections.mark_unchanged();
        let stream = tokio::select! {
            () = soft.cancelled() => return Ok(()),
            opened = consumer::open(self.bus.jetstream(), &self.subscription) => opened?,
        };
        let mut chunks = stream.ready_chunks(self.subscription.batch_max);
        let mut replays = interval_at(Instant::now() + REPLAY_POLL, REPLAY_POLL);
        loop {
            // Every branch is safe to drop: messages stay in the stream's buffer until they are taken.
            let chunk = tokio::select! {
                biased;
                () = soft.cancelled() => {
                    give_back(chunks.into_inner(), None).await;
                    return Ok(());
                }
                _ = replays.tick() => {
                    self.replay_queued().await;
                    // Counted from now: while the database is away looking takes longer than the pause, and
                    // messages must have their turn.
                    replays.reset();
                    continue;
                }
                chunk = chunks.next() => chunk.ok_or(SessionError::Ended)?,
                // The server may have lost the consumer with its store, and pulling would not say so for long.
                _ = connections.changed() => return Ok(()),
            };
            let (messages, failure) = sort_out(chunk);
            if !messages.is_empty() {
                match self.take(&messages, backoff).await {
                    Database::Here => backoff.reset(),
                    Database::Away => {
                        give_back(chunks.into_inner(), Some(backoff.current())).await;
                        return Err(SessionError::DatabaseAway);
                    }
                }
            }
            if let Some(failure) = failure {
                return Err(SessionError::Pull(failure));
            }
        }
    }
}

/// Parts the messages of a chunk from the failure that ended it.
fn sort_out(chunk: Vec<Result<Message, MessagesError>>) -> (Vec<Message>, Option<MessagesError>) {
    let mut messages = Vec::with_capacity(chunk.len());
    let mut failure = None;
    for pulled in chunk {
        match pulled {
            Ok(message) => messages.push(message),
            Err(error) => failure = Some(error),
        }
    }
    (messages, failure)
}

/// Returns what was pulled and not begun, at once or after a delay, so that another replica can have it.
async fn give_back(mut stream: Stream, delay: Option<Duration>) {
    while let Some(Some(Ok(message))) = stream.next().now_or_never() {
        settle_one(&message, AckKind::Nak(delay)).await;
    }
}

//! Sends what the outbox holds, and marks what JetStream acknowledged.
//!
//! One relay is at work per service: it holds an advisory lock in a session of its own and loses it with that
//! session; the others wait for it. It is woken in-process after a commit and looks every 200 ms anyway, so a
//! wake-up that is lost costs 200 ms and no NOTIFY slows the commits down. It never gives up: while the bus or
//! the database is away it keeps trying, and the outbox keeps the events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use runtime::{Clock, Lifecycle, crash_point};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::backoff::{self, Backoff};
use crate::bus::Bus;
use crate::term::{DATABASE_DEADLINE, More, RelayError, Term};
use crate::{queue, tenancy};

/// How often a relay that waits for the lock tries again: how long a takeover takes at most.
const TAKEOVER_POLL: Duration = Duration::from_secs(1);

/// Sends one service's events.
pub struct Relay {
    pool: PgPool,
    pub(crate) bus: Bus,
    pub(crate) stream: &'static str,
    pub(crate) clock: Clock,
    waker: Waker,
    pub(crate) depth: Depth,
}

/// Wakes the relay. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Call after the commit of a transaction that queued events. Never blocks.
    pub fn wake(&self) {
        crash_point!("outbox.after_commit");
        self.0.notify_one();
    }
}

/// Says how long the outbox is, for back-pressure: a service that accepts faster than its relay sends must slow
/// its callers down before the backlog, not after. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Depth(Arc<AtomicU64>);

impl Depth {
    /// Events committed but not yet on the bus, as of about a second ago; counted up to 100 000.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, unsent: u64) {
        self.0.store(unsent, Ordering::Relaxed);
    }
}

impl Relay {
    /// Prepares the relay of the service that owns `pool` and fills `stream` (`INGEST`).
    #[must_use]
    pub fn new(pool: PgPool, bus: Bus, stream: &'static str, clock: Clock) -> Self {
        let waker = Waker(Arc::new(Notify::new()));
        Self { pool, bus, stream, clock, waker, depth: Depth(Arc::default()) }
    }

    /// What wakes this relay.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// How long the outbox is.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.depth.clone()
    }

    /// Waits for the next wake-up.
    pub(crate) async fn woken(&self) {
        self.waker.0.notified().await;
    }

    /// Sends until the soft stop, finishing the batch in flight. What is unsent then stays for the next start.
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
        let mut backoff = Backoff::new();
        while !soft.is_cancelled() {
            let Err(error) = self.term(soft, &mut backoff).await else { return };
            tracing::warn!(error = &error as &dyn std::error::Error, "the relay starts over");
            backoff::wait(backoff.advance(), soft).await;
        }
    }

    /// One term as the relay at work: from getting the lock to losing it.
    async fn term(&self, soft: &CancellationToken, backoff: &mut Backoff) -> Result<(), RelayError> {
        // By statistics of a quieter hour, the unsent would be collected and sorted anew for every batch.
        let plans = [("enable_bitmapscan", "off")];
        let options = (*self.pool.connect_options()).clone().options(plans);
        let connecting = PgConnection::connect_with(&options);
        let mut db = tokio::time::timeout(DATABASE_DEADLINE, connecting).await??;
        tenancy::widen_session(&mut db).await?;
        if !self.take_lock(&mut db, soft).await? {
            return Ok(());
        }
        let mut term = Term::begin(self, db);
        while !soft.is_cancelled() {
            match term.turn().await {
                Ok(More::Yes) => backoff.reset(),
                Ok(More::No) => {
                    backoff.reset();
                    term.rest(soft).await;
                }
                Err(RelayError::Bus(reason)) => {
                    tracing::warn!(reason, "the relay cannot reach the bus");
                    term.count().await?;
                    backoff::wait(backoff.advance(), soft).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for the lock. Says `false` when it was stopped before it had it.
    async fn take_lock(&self, db: &mut PgConnection, soft: &CancellationToken) -> Result<bool, RelayError> {
        while !soft.is_cancelled() {
            let taken = sqlx::query_scalar!(
                r#"SELECT pg_try_advisory_lock(hashtextextended('messaging.relay.' || $1, 0)) AS "taken!""#,
                self.stream,
            )
            .fetch_one(&mut *db)
            .await?;
            if taken {
                return Ok(true);
            }
            // This process's callers need the depth too, though another one's relay sends.
            let backlog = queue::backlog(db).await?;
            self.depth.set(backlog.depth);
            backoff::wait(TAKEOVER_POLL, soft).await;
        }
        Ok(false)
    }
}

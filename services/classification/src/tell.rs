//! Tells others that claims have grown: at most once a second per claim, whatever the number of reports and
//! replicas.
//!
//! Which claims have grown is a row's flag, not a task's memory, so a crash loses no news and replicas share
//! the work. A claim that stopped growing is told about once more within the second, with its final counts.

use std::time::Duration;

use ids::AgencyId;
use messaging::{Waker, outbox};
use runtime::{Clock, Lifecycle};
use sqlx::PgPool;

use crate::events;
use crate::rulebook::Rulebooks;
use crate::store::claims::{self, Told};
use judgement::urgency::urgency;

/// A claim is told about at most once in this time.
const QUIET: Duration = Duration::from_secs(1);

/// How often the flags are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Claims told about in one transaction.
const CLAIMS_MAX: i64 = 200;

/// Tells others about grown claims.
pub struct Tell {
    /// This service's database.
    pub pool: PgPool,
    /// Sends what was told.
    pub waker: Waker,
    /// Scores the spread.
    pub rulebooks: Rulebooks,
    /// Measures the quiet time.
    pub clock: Clock,
}

impl Tell {
    /// Works until the soft stop. A database that is away is waited for.
    ///
    /// # Errors
    /// Never; the signature is that of every task.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let soft = lifecycle.soft();
        while !soft.is_cancelled() {
            if let Err(error) = self.tell_all().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not tell that claims have grown"
                );
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
        }
        Ok(())
    }

    async fn tell_all(&self) -> sqlx::Result<()> {
        for agency in claims::agencies(&self.pool).await? {
            while self.tell(agency).await? == CLAIMS_MAX {}
        }
        Ok(())
    }

    /// Tells about one page of an agency's claims; returns how many.
    async fn tell(&self, agency: AgencyId) -> sqlx::Result<i64> {
        let now = self.clock.now();
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let mut grown = claims::grown(&mut tx, agency, now - QUIET, CLAIMS_MAX).await?;
        if grown.is_empty() {
            return Ok(0);
        }
        let current = self.rulebooks.current(&mut tx, agency).await?;
        let signals = &current.rulebook.urgency;
        for claim in &mut grown {
            claim.state_revision += 1;
            claim.urgency = urgency(claim.urgency_of_words.iter().chain(&signals.of_spread(claim.spread)));
        }
        let told: Vec<Told> =
            grown.iter().map(|claim| Told { claim: claim.claim, urgency: claim.urgency }).collect();
        claims::mark_told(&mut tx, agency, &told, now).await?;
        let events: Vec<_> = grown.iter().map(|claim| events::grew(agency, claim, signals)).collect();
        outbox::enqueue_all(&mut tx, agency, &events).await?;
        tx.commit().await?;
        self.waker.wake();
        Ok(i64::try_from(grown.len()).unwrap_or(CLAIMS_MAX))
    }
}

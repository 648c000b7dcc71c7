//! Lets a callback wait for classification's word about its message, for a second or two.
//!
//! The consumer wakes the waiters of its own process at once. Assignments that another replica consumed are
//! found by one query for all waiters, so that waiting costs the same however many wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::{AgencyId, ReportId};
use runtime::Lifecycle;
use sqlx::PgPool;
use tokio::sync::oneshot;

use crate::store::assignment;

/// How often assignments that others consumed are looked for, while anybody waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

type Waiters = HashMap<ReportId, (AgencyId, Vec<oneshot::Sender<()>>)>;

/// Who waits for which report. Cheap to clone.
#[derive(Clone, Default)]
pub struct Arrivals {
    waiters: Arc<Mutex<Waiters>>,
}

impl Arrivals {
    /// Resolves once `report` is assigned.
    #[must_use]
    pub fn expect(&self, agency: AgencyId, report: ReportId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.entry(report).or_insert_with(|| (agency, Vec::new())).1.push(sender);
        receiver
    }

    /// Wakes whoever waits for these reports.
    pub fn arrived(&self, reports: impl IntoIterator<Item = ReportId>) {
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        for report in reports {
            for sender in waiters.remove(&report).into_iter().flat_map(|(_, senders)| senders) {
                // The waiter may have run out of time.
                let _gone = sender.send(());
            }
        }
    }

    /// Looks for assignments until the process stops.
    ///
    /// # Errors
    /// Never: while the database is away, waiters run out of time and get their receipt.
    pub async fn look(self, pool: PgPool, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let hard = lifecycle.hard();
        let soft = lifecycle.soft();
        loop {
            // Goes on through the soft stop while callbacks still wait.
            if hard.is_cancelled() || soft.is_cancelled() && self.expected().is_empty() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
            for (agency, reports) in self.expected() {
                match find(&pool, agency, &reports).await {
                    Ok(assigned) => self.arrived(assigned),
                    Err(error) => tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "could not look for assignments"
                    ),
                }
            }
        }
    }

    fn expected(&self) -> BTreeMap<AgencyId, Vec<ReportId>> {
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.retain(|_, (_, senders)| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        let mut expected: BTreeMap<AgencyId, Vec<ReportId>> = BTreeMap::new();
        for (report, (agency, _)) in waiters.iter() {
            expected.entry(*agency).or_default().push(*report);
        }
        expected
    }
}

async fn find(pool: &PgPool, agency: AgencyId, reports: &[ReportId]) -> sqlx::Result<Vec<ReportId>> {
    let mut tx = database::agency_tx(pool, agency).await?;
    let assigned = assignment::assigned(&mut tx, agency, reports).await?;
    tx.commit().await?;
    Ok(assigned)
}

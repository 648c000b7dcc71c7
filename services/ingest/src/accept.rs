//! Durable accept (design G1): a report is acknowledged only after its row and its event are committed.
//!
//! Reports that arrive while a commit is under way share the next one. There is no artificial wait: a lone
//! report is written at once, and under load the batches grow by themselves. One bad row never fails its
//! neighbours: the batch is halved until it stands alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use grpc::Caller;
use ids::AgencyId;
use messaging::outbox::{self, Outgoing};
use messaging::{Depth, Waker};
use runtime::crash_point;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use crate::deed::{Action, Deed};
use crate::events;
use crate::store::report::{self, Accepted, NewReport, Standing, WriteError};
use crate::vault::Vault;

/// Reports that wait to be written at most. Beyond that callers are refused at once rather than kept waiting.
const QUEUE_MAX: usize = 4096;

/// Reports per transaction at most.
const BATCH_MAX: usize = 512;

/// How often a batch that collided with another is tried again.
const COLLISIONS_MAX: u32 = 5;

/// How long an import waits before it looks again whether the backlog has shrunk.
const BACKLOG_PAUSE: Duration = Duration::from_millis(50);

/// Why a report was not accepted. Nothing of it is kept, or it is found again under its request or record id.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AcceptError {
    /// More arrives than can be written.
    #[error("too many reports are waiting to be written")]
    QueueFull,
    /// More was accepted than could be passed on.
    #[error("{0} events are waiting to be passed on")]
    Backlog(u64),
    /// The database refused this very report.
    #[error("the database does not take this report")]
    Refused(#[source] Arc<WriteError>),
    /// The database is away.
    #[error("reports cannot be written now")]
    Unavailable(#[source] Arc<WriteError>),
    /// The process is stopping.
    #[error("the service is stopping")]
    Stopping,
}

/// A report on its way in.
pub struct Incoming {
    /// Its agency.
    pub agency: AgencyId,
    /// The report.
    pub report: NewReport,
    /// Whether classification hears of it; false for a word that only asks for what is known.
    pub announced: bool,
    /// The officer who brings it, of which the audit trail tells; `None` for whoever else writes.
    pub brought_by: Option<Caller>,
}

struct Waiting {
    incoming: Incoming,
    traceparent: Option<String>,
    reply: oneshot::Sender<Result<Accepted, AcceptError>>,
}

/// Where reports go in. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
    depth: Depth,
    backlog_max: u64,
}

/// Writes what goes in, a transaction at a time: two at once make smaller batches and were slower. Ends when every
/// [`Intake`] is gone.
pub struct Flusher {
    queue: mpsc::Receiver<Waiting>,
    pool: PgPool,
    vault: Vault,
    relay: Waker,
}

/// An intake and its flusher.
#[must_use]
pub fn open(pool: PgPool, vault: Vault, relay: Waker, depth: Depth, backlog_max: u64) -> (Intake, Flusher) {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let flusher = Flusher { queue: receiver, pool, vault, relay };
    (Intake { queue: sender, depth, backlog_max }, flusher)
}

impl Intake {
    /// Accepts a report, or refuses at once when too much is waiting.
    ///
    /// # Errors
    /// When it is not durable.
    pub async fn accept(&self, incoming: Incoming) -> Result<Accepted, AcceptError> {
        let unsent = self.depth.unsent();
        if unsent > self.backlog_max {
            return Err(AcceptError::Backlog(unsent));
        }
        let (waiting, reply) = waiting(incoming);
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AcceptError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => AcceptError::Stopping,
        })?;
        reply.await.unwrap_or(Err(AcceptError::Stopping))
    }

    /// Accepts a report of an import: waits while too much is waiting, which slows the sender down.
    ///
    /// # Errors
    /// When it is not durable.
    pub async fn accept_patiently(&self, incoming: Incoming) -> Result<Accepted, AcceptError> {
        while self.depth.unsent() > self.backlog_max {
            tokio::time::sleep(BACKLOG_PAUSE).await;
        }
        let (waiting, reply) = waiting(incoming);
        self.queue.send(waiting).await.map_err(|_| AcceptError::Stopping)?;
        reply.await.unwrap_or(Err(AcceptError::Stopping))
    }
}

fn waiting(incoming: Incoming) -> (Waiting, oneshot::Receiver<Result<Accepted, AcceptError>>) {
    let (reply, answer) = oneshot::channel();
    (Waiting { incoming, traceparent: telemetry::current_traceparent(), reply }, answer)
}

impl Flusher {
    /// Writes batches until nothing can come in any more.
    ///
    /// # Errors
    /// Never; a batch that cannot be written is its callers' to hear of.
    pub async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            let received = self.queue.recv_many(&mut batch, BATCH_MAX).await;
            if received == 0 {
                return Ok(());
            }
            let mut by_agency: BTreeMap<AgencyId, Vec<Waiting>> = BTreeMap::new();
            for waiting in batch {
                by_agency.entry(waiting.incoming.agency).or_default().push(waiting);
            }
            for (agency, batch) in by_agency {
                self.flush(agency, batch).await;
            }
            self.relay.wake();
        }
    }

    async fn flush(&self, agency: AgencyId, batch: Vec<Waiting>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            // A caller that gave up asks again with the same id, or does not want it.
            part.retain(|waiting| !waiting.reply.is_closed());
            if part.is_empty() {
                continue;
            }
            match self.write(agency, &part).await {
                Ok(accepted) => {
                    for (waiting, accepted) in part.into_iter().zip(accepted) {
                        // The caller may have given up meanwhile; the report is durable all the same.
                        let _gone = waiting.reply.send(Ok(accepted));
                    }
                }
                Err(error) if error.is_data() && part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(error) => {
                    let refused = error.is_data();
                    let error = Arc::new(error);
                    for waiting in part {
                        let error = Arc::clone(&error);
                        let error = if refused {
                            AcceptError::Refused(error)
                        } else {
                            AcceptError::Unavailable(error)
                        };
                        let _gone = waiting.reply.send(Err(error));
                    }
                }
            }
        }
    }

    async fn write(&self, agency: AgencyId, part: &[Waiting]) -> Result<Vec<Accepted>, WriteError> {
        let mut collisions = 0;
        loop {
            match self.write_once(agency, part).await {
                Err(error) if error.is_collision() && collisions < COLLISIONS_MAX => collisions += 1,
                ended => return ended,
            }
        }
    }

    /// One transaction: reporters, reports, events.
    async fn write_once(&self, agency: AgencyId, part: &[Waiting]) -> Result<Vec<Accepted>, WriteError> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let reports: Vec<&NewReport> = part.iter().map(|waiting| &waiting.incoming.report).collect();
        let accepted = report::write(&mut tx, agency, &self.vault, &reports).await?;
        let mut events: Vec<Outgoing> = part
            .iter()
            .zip(&accepted)
            .filter(|(waiting, accepted)| waiting.incoming.announced && accepted.standing == Standing::New)
            .map(|(waiting, accepted)| {
                events::report_received(
                    agency,
                    &waiting.incoming.report,
                    accepted.reporter_id,
                    waiting.traceparent.clone(),
                )
            })
            .collect();
        for (waiting, accepted) in part.iter().zip(&accepted) {
            if let Some(caller) = &waiting.incoming.brought_by
                && accepted.standing == Standing::New
            {
                let subjects = [("report", accepted.report_id.to_string())];
                let time = waiting.incoming.report.received_time;
                let action = Action::ReportSubmitted;
                events.push(Deed { caller, action, subjects: &subjects, reason: "", time }.outgoing());
            }
        }
        outbox::enqueue_all(&mut tx, agency, &events).await?;
        crash_point!("ingest.accept.before_commit");
        tx.commit().await?;
        crash_point!("ingest.accept.after_commit");
        Ok(accepted)
    }
}

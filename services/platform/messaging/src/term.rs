//! A relay's work while it holds the lock: look at the stream, send a batch, mark it, clean up, rest.
//!
//! Getting and losing the lock, and what is done about failures, is in `relay`.

use std::time::Duration;

use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use futures::future::join_all;
use runtime::crash_point;
use sqlx::PgConnection;
use telemetry::attribute;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::envelope::Envelope;
use crate::loss::{self, LookError};
use crate::queue::{self, BATCH_MAX, Sent, Unsent};
use crate::relay::Relay;
use crate::{housekeeping, metrics, spans};

/// How often the outbox is looked at when nobody wakes the relay.
const POLL: Duration = Duration::from_millis(200);

/// How often the stream is compared with the outbox while nothing looks wrong.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How often a long backlog is counted.
const COUNT_EVERY: Duration = Duration::from_millis(500);

/// How often old rows are looked for when the last look found few.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Deadline for reading or marking one batch, and for connecting.
pub const DATABASE_DEADLINE: Duration = Duration::from_secs(20);

/// Why a relay stopped what it was doing.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The lock is lost with the session: start over.
    #[error("the database is away")]
    Database(#[from] sqlx::Error),
    #[error("the database did not answer within {} s", DATABASE_DEADLINE.as_secs())]
    DatabaseSilent(#[from] tokio::time::error::Elapsed),
    /// The session is kept: only the bus has to come back.
    #[error("the bus is not there as it must be: {0}")]
    Bus(String),
}

impl From<LookError> for RelayError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Database(error) => Self::Database(error),
            LookError::Stream(error) => Self::Bus(error.to_string()),
            LookError::Unread(reason) => Self::Bus(reason),
        }
    }
}

/// Whether there may be more to do right away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum More {
    Yes,
    No,
}

/// What the relay at work keeps between turns.
pub struct Term<'a> {
    relay: &'a Relay,
    db: PgConnection,
    connections: watch::Receiver<u64>,
    /// When the stream has to be compared next; now, after anything suspicious.
    look_due: Instant,
    count_due: Instant,
    /// By the time of day, because it is ages in days that are looked for.
    sweep_due: OffsetDateTime,
    /// The highest place in the stream that an event is known to have.
    highest: i64,
}

impl<'a> Term<'a> {
    pub fn begin(relay: &'a Relay, db: PgConnection) -> Self {
        let now = Instant::now();
        let connections = relay.bus.connections();
        let sweep_due = relay.clock.now() + SWEEP_EVERY;
        Self { relay, db, connections, look_due: now, count_due: now, sweep_due, highest: 0 }
    }

    /// Looks at the stream if it is time to, sends one batch, and deletes a little of what is old.
    pub async fn turn(&mut self) -> Result<More, RelayError> {
        if !self.relay.bus.is_connected() {
            self.look_due = Instant::now();
            return Err(RelayError::Bus("not connected".into()));
        }
        if self.connections.has_changed().unwrap_or(false) || self.look_due <= Instant::now() {
            self.look().await?;
        }
        let sent = self.send_batch().await;
        if sent.is_err() {
            // A refused publish is often the first sign that the stream is gone.
            self.look_due = Instant::now();
        }
        let more = sent?;
        self.sweep().await?;
        Ok(more)
    }

    async fn look(&mut self) -> Result<(), RelayError> {
        // Marked as seen before looking: a connection that comes up meanwhile is another reason to look.
        self.connections.borrow_and_update();
        // And a look that fails is still due.
        self.look_due = Instant::now();
        let now = self.relay.clock.now();
        self.highest = loss::look(&mut self.db, &self.relay.bus, self.relay.stream, now).await?;
        self.look_due = Instant::now() + LOOK_EVERY;
        Ok(())
    }

    /// Waits until there may be something to do.
    pub async fn rest(&mut self, soft: &CancellationToken) {
        tokio::select! {
            () = soft.cancelled() => {}
            () = self.relay.woken() => {}
            _ = self.connections.changed() => {
                // `changed` marks it as seen, so the reason to look is kept here.
                self.look_due = Instant::now();
            }
            () = tokio::time::sleep(POLL) => {}
        }
    }

    /// Sends one batch. No transaction is open while the bus is waited for.
    async fn send_batch(&mut self) -> Result<More, RelayError> {
        let batch = tokio::time::timeout(DATABASE_DEADLINE, queue::unsent(&mut self.db)).await??;
        if batch.is_empty() {
            self.publish_depth(0, None);
            return Ok(More::No);
        }
        let full = batch.len() == BATCH_MAX;
        crash_point!("relay.before_publish");
        let outcome = self.publish(batch).await;
        if !outcome.sent.is_empty() {
            crash_point!("relay.after_publish_before_mark");
            self.mark(&outcome).await?;
            crash_point!("relay.after_mark");
        }
        if full {
            self.count_if_due().await?;
        } else {
            self.publish_depth(u64::try_from(outcome.failed).unwrap_or(u64::MAX), None);
        }
        match outcome.failure {
            Some(failure) => {
                Err(RelayError::Bus(format!("{} events were not acknowledged: {failure}", outcome.failed)))
            }
            // A short batch may have been cut by its bytes, so only an empty one proves that nothing is left.
            None => Ok(More::Yes),
        }
    }

    /// Sends all of a batch before it waits for the first acknowledgement.
    async fn publish(&self, batch: Vec<Unsent>) -> Outcome {
        let mut in_flight = Vec::with_capacity(batch.len());
        let mut outcome = Outcome::default();
        for event in batch {
            let sequence = event.sequence;
            let (span, published) = self.send(event).await;
            match published {
                Ok(acknowledgement) => in_flight.push(async move { (sequence, span, acknowledgement.await) }),
                Err(error) => outcome.fail(&span, &error),
            }
        }
        // Each waits for its own acknowledgement with the context's deadline.
        for (sequence, span, acknowledged) in join_all(in_flight).await {
            match acknowledged {
                Ok(ack) => {
                    let stream_sequence = i64::try_from(ack.sequence).unwrap_or(i64::MAX);
                    outcome.acknowledge(Sent { sequence, stream_sequence }, ack.duplicate);
                }
                Err(error) => outcome.fail(&span, &error),
            }
        }
        outcome
    }

    async fn send(&self, event: Unsent) -> (Option<Span>, Result<PublishAckFuture, PublishError>) {
        let span = event.traceparent.as_deref().map(|parent| spans::send(&event, parent));
        let traceparent = span.as_ref().and_then(|span| span.in_scope(telemetry::current_traceparent));
        let envelope = Envelope {
            event_id: event.event_id,
            agency: event.agency,
            time: event.created_time,
            traceparent: traceparent.or(event.traceparent),
        };
        let headers = match envelope.write(self.relay.bus.service(), &event.subject) {
            Ok(headers) => headers,
            Err(error) => return (span, Err(unwritable(error))),
        };
        let message = PublishMessage::build().headers(headers).payload(event.payload.into());
        let published = self.relay.bus.jetstream().send_publish(event.subject, message).await;
        (span, published)
    }

    /// Marks what was acknowledged, and unmarks what turns out to be lost: a place that is given out a second
    /// time was rolled back in between, with everything behind it.
    async fn mark(&mut self, outcome: &Outcome) -> Result<(), RelayError> {
        let marking = async {
            if let Some(lowest) = outcome.lowest_new_place
                && lowest <= self.highest
            {
                self.highest = 0;
                let again = queue::unmark_from(&mut self.db, lowest).await?;
                tracing::error!(
                    stream = self.relay.stream,
                    events = again,
                    "stream {} gave out place {lowest} again: sending {again} events again",
                    self.relay.stream
                );
                metrics::get().refilled.add(again, &[]);
            }
            queue::mark_sent(&mut self.db, &outcome.sent, self.relay.clock.now()).await
        };
        tokio::time::timeout(DATABASE_DEADLINE, marking).await??;
        self.highest = self.highest.max(outcome.highest_place.unwrap_or(0));
        Ok(())
    }

    async fn sweep(&mut self) -> Result<(), RelayError> {
        let now = self.relay.clock.now();
        if self.sweep_due <= now {
            let more = housekeeping::sweep(&mut self.db, now).await?;
            self.sweep_due = now + if more { POLL } else { SWEEP_EVERY };
        }
        Ok(())
    }

    async fn count_if_due(&mut self) -> Result<(), RelayError> {
        if self.count_due <= Instant::now() { self.count().await } else { Ok(()) }
    }

    pub async fn count(&mut self) -> Result<(), RelayError> {
        let backlog = tokio::time::timeout(DATABASE_DEADLINE, queue::backlog(&mut self.db)).await??;
        self.publish_depth(backlog.depth, backlog.oldest);
        self.count_due = Instant::now() + COUNT_EVERY;
        Ok(())
    }

    fn publish_depth(&self, depth: u64, oldest: Option<OffsetDateTime>) {
        self.relay.depth.set(depth);
        metrics::get().depth.record(depth, &[]);
        let age = oldest.map_or(0.0, |oldest| (self.relay.clock.now() - oldest).as_seconds_f64());
        metrics::get().oldest_unsent.record(age, &[]);
    }
}

/// What became of a batch.
#[derive(Default)]
struct Outcome {
    sent: Vec<Sent>,
    failed: usize,
    /// The first failure; the others are most likely the same.
    failure: Option<String>,
    lowest_new_place: Option<i64>,
    highest_place: Option<i64>,
}

impl Outcome {
    fn fail(&mut self, span: &Option<Span>, error: &PublishError) {
        if let Some(span) = span {
            span.record(attribute::ERROR_TYPE, error.kind().to_string());
            span.record("otel.status_code", "ERROR");
        }
        self.failed += 1;
        self.failure.get_or_insert_with(|| error.to_string());
    }

    /// A duplicate names the place that it has had all along, so only the others say what was given out now.
    fn acknowledge(&mut self, sent: Sent, duplicate: bool) {
        let place = sent.stream_sequence;
        self.sent.push(sent);
        self.highest_place = self.highest_place.max(Some(place));
        if !duplicate {
            self.lowest_new_place = Some(self.lowest_new_place.map_or(place, |lowest| lowest.min(place)));
        }
    }
}

fn unwritable(error: time::error::Format) -> PublishError {
    PublishError::with_source(PublishErrorKind::Other, error)
}

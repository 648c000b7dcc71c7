//! What a service implements to receive events, and what it is given. No transport here.

use std::future::Future;

use ids::{AgencyId, EventId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use tracing::Span;

/// Which events a service receives, as which durable consumer.
#[derive(Debug, Clone, Copy)]
pub struct Subscription {
    /// The producer's stream: `INGEST`.
    pub stream: &'static str,
    /// The consumer's name, unique in the stream: `classification-on-report-received`. Replicas share it.
    pub durable: &'static str,
    /// The subjects to receive; none overlaps another.
    pub subjects: &'static [&'static str],
    /// How many events one transaction takes at most.
    pub batch_max: usize,
}

/// Acts on events, in its own tables only.
pub trait Subscriber: Send + Sync + 'static {
    /// What an event says, in the service's own words.
    type Input: Send + Sync;

    /// Reads an event that came in `agency`'s name. It must depend on nothing but its arguments: what is refused
    /// becomes a dead letter.
    ///
    /// # Errors
    /// When the bytes are not what the subject promises or speak for another agency, or the subject is of a version
    /// not known here.
    fn decode(&self, agency: AgencyId, subject: &str, payload: &[u8]) -> Result<Self::Input, Unreadable>;

    /// Writes the effect of events never seen before, in the transaction that also remembers them as seen. All
    /// are `agency`'s, each is there once, in the order of the stream.
    ///
    /// It runs again for the same events when the transaction did not commit, so it must have no effect
    /// outside of `tx`.
    fn apply(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        batch: &[Delivery<Self::Input>],
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;

    /// Called after the commit, for waking whoever waits: the relay, a request. A crash may skip it, so nothing
    /// may depend on it.
    fn committed(&self, _agency: AgencyId, _batch: &[Delivery<Self::Input>]) {}
}

/// Why a message cannot be read, in words that name fields and never quote content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// One event as it arrived.
#[derive(Debug)]
pub struct Delivery<T> {
    /// Names the event, however often it arrives.
    pub event_id: EventId,
    /// What it says.
    pub input: T,
    /// The span in which this event is processed: a child of the one that sent it.
    pub span: Span,
    /// That span for an event that follows from this one (`outbox::Outgoing`).
    pub traceparent: Option<String>,
    /// When the event became true at its producer.
    pub sent_time: OffsetDateTime,
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Tried again for as long as it takes.
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
    /// An event makes no sense here and never will. The batch is redone one by one, and the culprit becomes a
    /// dead letter with this reason.
    #[error("the event was rejected: {0}")]
    Rejected(String),
}

//! Receives events: pulls batches, applies each event once, and settles every message.
//!
//! A batch is applied in one transaction per agency together with its inbox rows, then acknowledged. A plain
//! acknowledgement is enough: one that gets lost brings the message back, and its inbox row says that it is
//! done; waiting for the server's confirmation would cost a round trip and prove nothing more. While the
//! database is away messages are handed back with a delay and no more are pulled, for as long as it takes. What cannot be read, or is
//! rejected, becomes a dead letter. The loop orders nothing and publishes nothing.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::{MessagesError, Stream};
use async_nats::jetstream::{AckKind, Message};
use database::agency_tx;
use futures::{FutureExt, StreamExt};
use ids::AgencyId;
use opentelemetry::KeyValue;
use runtime::{Clock, Lifecycle, crash_point};
use sqlx::PgPool;
use telemetry::attribute;
use time::OffsetDateTime;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::backoff::{self, Backoff};
use crate::bus::Bus;
use crate::consumer::{self, ConsumerError, PROGRESS_EVERY};
use crate::dead_letters::{self, Queued, Raw};
use crate::envelope::Envelope;
use crate::subscriber::{ApplyError, Delivery, Subscriber, Subscription, Unreadable};
use crate::{inbox, metrics, tenancy};

/// How often queued replays are looked for.
const REPLAY_POLL: Duration = Duration::from_secs(2);

/// When an event returns that the database refuses by itself while its neighbours pass: a fault in our code,
/// which a new version or a person has to mend, so not in a hurry.
const REFUSED_DELAY: Duration = Duration::from_secs(30);

/// Receives the events of one subscription.
pub struct PullLoop<S> {
    pool: PgPool,
    bus: Bus,
    subscription: Subscription,
    subscriber: S,
    clock: Clock,
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

/// Whether the database took what it was given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Database {
    Here,
    Away,
}

/// The messages of one agency in one batch.
struct Group<'a, I> {
    /// Every message, with what it carries; an event that came twice is there twice.
    messages: Vec<(ids::EventId, &'a Message)>,
    /// Every event once, in the order of the stream.
    deliveries: Vec<Delivery<I>>,
}

impl<I> Default for Group<'_, I> {
    fn default() -> Self {
        Self { messages: Vec::new(), deliveries: Vec::new() }
    }
}

impl<S: Subscriber> PullLoop<S> {
    /// Prepares to receive `subscription` into the database of `pool`.
    #[must_use]
    pub const fn new(pool: PgPool, bus: Bus, subscription: Subscription, subscriber: S, clock: Clock) -> Self {
        Self { pool, bus, subscription, subscriber, clock }
    }

    /// Receives until the soft stop, finishes the batch it holds, and gives back what it has not begun. Creates
    /// the consumer, and creates it again when the server lost it.
    ///
    /// # Errors
    /// When the server does not take a setting of the consumer.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
        tokio::select! {
            () = hard.cancelled() => Ok(()),
            outcome = self.work(&soft) => Ok(outcome?),
        }
    }

    async fn work(&self, soft: &CancellationToken) -> Result<(), ConsumerError> {
        let durable = self.subscription.durable;
        let mut backoff = Backoff::new();
        while !soft.is_cancelled() {
            match self.session(soft, &mut backoff).await {
                Ok(()) => continue,
                Err(SessionError::DatabaseAway) => {
                    self.wait_for_database(soft, &mut backoff).await;
                    continue;
                }
                Err(SessionError::Consumer(refused @ ConsumerError::SettingIgnored(..))) => return Err(refused),
                Err(SessionError::Consumer(ConsumerError::NoStream(stream))) => {
                    tracing::debug!(durable, "{durable} waits for stream {stream}");
                }
                Err(error) => tracing::warn!(durable, %error, "{durable} looks for its consumer again"),
            }
            backoff::wait(backoff.advance(), soft).await;
        }
        Ok(())
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

    /// Applies and settles what was pulled, telling the server all along that it is worked on.
    async fn take(&self, messages: &[Message], backoff: &Backoff) -> Database {
        let mut settling = pin!(self.settle(messages, backoff));
        let mut progress = interval_at(Instant::now() + PROGRESS_EVERY, PROGRESS_EVERY);
        loop {
            tokio::select! {
                database = &mut settling => return database,
                _ = progress.tick() => acknowledge(messages, || AckKind::Progress).await,
            }
        }
    }

    async fn settle(&self, messages: &[Message], backoff: &Backoff) -> Database {
        let mut groups = BTreeMap::<AgencyId, Group<'_, S::Input>>::new();
        let mut oldest = None;
        let mut database = Database::Here;
        for message in messages {
            match self.read(raw(message)) {
                Ok((agency, delivery)) => {
                    oldest = Some(oldest.map_or(delivery.sent_time, |oldest| delivery.sent_time.min(oldest)));
                    let group = groups.entry(agency).or_default();
                    let twice = group.messages.iter().any(|(seen, _)| *seen == delivery.event_id);
                    group.messages.push((delivery.event_id, message));
                    if !twice {
                        group.deliveries.push(delivery);
                    }
                }
                Err(Unreadable(reason)) => {
                    if self.bury(message, &reason, backoff).await == Database::Away {
                        database = Database::Away;
                    }
                }
            }
        }
        self.note_age(oldest);
        for (agency, group) in groups {
            if self.apply_group(agency, group, backoff).await == Database::Away {
                database = Database::Away;
            }
        }
        if database == Database::Here {
            self.note_age(None);
        }
        database
    }

    fn read(&self, message: Raw<'_>) -> Result<(AgencyId, Delivery<S::Input>), Unreadable> {
        let envelope = Envelope::read(message.headers, message.subject)?;
        let input = self.subscriber.decode(message.subject, message.payload)?;
        let span = self.process_span(message.subject, &envelope);
        let traceparent = span.in_scope(telemetry::current_traceparent).or(envelope.traceparent);
        let delivery =
            Delivery { event_id: envelope.event_id, input, span, traceparent, sent_time: envelope.time };
        Ok((envelope.agency, delivery))
    }

    /// Applies one agency's part of a batch in one transaction; one event at a time if that is refused, so that
    /// no event holds up its neighbours.
    async fn apply_group(&self, agency: AgencyId, mut group: Group<'_, S::Input>, backoff: &Backoff) -> Database {
        match self.commit(agency, &mut group.deliveries).await {
            Ok(()) => {
                for (_, message) in &group.messages {
                    settle_one(message, AckKind::Ack).await;
                }
                self.count("applied", group.deliveries.len());
                crash_point!("consumer.after_ack");
                Database::Here
            }
            Err(error) if group.deliveries.len() > 1 && may_be_one_event(&error) => {
                self.apply_one_by_one(agency, group, backoff).await
            }
            Err(error) => {
                let [delivery] = group.deliveries.as_slice() else {
                    return self.hand_back(&group, &error, backoff.current()).await;
                };
                match &error {
                    ApplyError::Rejected(reason) => self.bury_group(&group, reason, backoff).await,
                    ApplyError::Database(_) if may_be_one_event(&error) => {
                        fail(&delivery.span, &error);
                        let _here = self.hand_back(&group, &error, REFUSED_DELAY).await;
                        Database::Here
                    }
                    ApplyError::Database(_) => self.hand_back(&group, &error, backoff.current()).await,
                }
            }
        }
    }

    async fn apply_one_by_one(&self, agency: AgencyId, group: Group<'_, S::Input>, backoff: &Backoff) -> Database {
        let mut database = Database::Here;
        for delivery in group.deliveries {
            let of_this = |(event, _): &&(ids::EventId, &_)| *event == delivery.event_id;
            let messages = group.messages.iter().filter(of_this).copied().collect();
            let alone = Group { messages, deliveries: vec![delivery] };
            // Boxed, because an event alone is never taken apart again, which the compiler cannot know.
            if Box::pin(self.apply_group(agency, alone, backoff)).await == Database::Away {
                database = Database::Away;
            }
        }
        database
    }

    /// Commits the effect of the events not seen before, together with their inbox rows.
    async fn commit(&self, agency: AgencyId, deliveries: &mut [Delivery<S::Input>]) -> Result<(), ApplyError> {
        let events: Vec<_> = deliveries.iter().map(|delivery| delivery.event_id).collect();
        let mut tx = agency_tx(&self.pool, agency).await?;
        let first = inbox::first_sights(&mut tx, self.subscription.durable, Some(agency), &events).await?;
        if first.is_empty() {
            return Ok(());
        }
        // A stable sort: those seen for the first time come first, still in the order of the stream.
        deliveries.sort_by_key(|delivery| !first.contains(&delivery.event_id));
        let fresh = &deliveries[..first.len()];
        let span = self.apply_span(agency, fresh);
        self.subscriber.apply(&mut tx, agency, fresh).instrument(span).await?;
        crash_point!("consumer.before_commit");
        tx.commit().await?;
        self.subscriber.committed(agency, fresh);
        crash_point!("consumer.after_commit_before_ack");
        Ok(())
    }

    /// Takes a message that can never be applied out of the way.
    async fn bury(&self, message: &Message, reason: &str, backoff: &Backoff) -> Database {
        let durable = self.subscription.durable;
        match dead_letters::bury(&self.pool, durable, raw(message), reason).await {
            Ok(first) => {
                if first {
                    let subject = message.subject.as_str();
                    tracing::error!(durable, subject, reason, "{durable} made a dead letter: {reason}");
                    self.count("dead_letter", 1);
                }
                settle_one(message, AckKind::Ack).await;
                Database::Here
            }
            Err(error) => {
                tracing::warn!(
                    durable,
                    error = &error as &dyn Error,
                    "{durable} could not keep a dead letter and will try again"
                );
                settle_one(message, AckKind::Nak(Some(backoff.current()))).await;
                Database::Away
            }
        }
    }

    async fn bury_group(&self, group: &Group<'_, S::Input>, reason: &str, backoff: &Backoff) -> Database {
        let mut database = Database::Here;
        for (_, message) in &group.messages {
            if self.bury(message, reason, backoff).await == Database::Away {
                database = Database::Away;
            }
        }
        database
    }

    /// Gives messages back for a later attempt: one line in the log, however many they are.
    async fn hand_back(&self, group: &Group<'_, S::Input>, error: &ApplyError, delay: Duration) -> Database {
        let durable = self.subscription.durable;
        tracing::warn!(
            durable,
            events = group.deliveries.len(),
            first_event = %group.messages[0].0,
            error = error as &dyn Error,
            "{durable} could not apply events and will try again"
        );
        for (_, message) in &group.messages {
            settle_one(message, AckKind::Nak(Some(delay))).await;
        }
        self.count("retried", group.deliveries.len());
        Database::Away
    }

    /// Applies the dead letters that an operator queued for this consumer.
    async fn replay_queued(&self) {
        let durable = self.subscription.durable;
        let replaying = async {
            for letter in dead_letters::queued(&self.pool, durable).await? {
                self.replay(&letter).await?;
            }
            Ok(())
        };
        if let Err(error) = replaying.await {
            let error: sqlx::Error = error;
            tracing::debug!(durable, error = &error as &dyn Error, "{durable} could not look for replays");
        }
    }

    async fn replay(&self, letter: &Queued) -> sqlx::Result<()> {
        let durable = self.subscription.durable;
        let outcome = match self.read(letter.raw()) {
            Ok((agency, delivery)) => self.commit_replay(letter.id, agency, delivery).await,
            Err(Unreadable(reason)) => Err(ApplyError::Rejected(reason)),
        };
        match outcome {
            Ok(()) => {
                tracing::info!(durable, letter = letter.id, "{durable} replayed dead letter {}", letter.id);
                Ok(())
            }
            Err(ApplyError::Rejected(reason)) => dead_letters::refuse_replay(&self.pool, letter.id, &reason).await,
            Err(ref error @ ApplyError::Database(ref cause)) if may_be_one_event(error) => {
                dead_letters::refuse_replay(&self.pool, letter.id, &format!("the database refused: {cause}")).await
            }
            Err(ApplyError::Database(error)) => Err(error),
        }
    }

    /// The letter's inbox row exists since its burial; the mark on the letter is what makes this happen once.
    async fn commit_replay(
        &self,
        letter: i64,
        agency: AgencyId,
        delivery: Delivery<S::Input>,
    ) -> Result<(), ApplyError> {
        let mut tx = tenancy::all_agencies_tx(&self.pool).await?;
        if !dead_letters::mark_replayed(&mut tx, letter).await? {
            return Ok(());
        }
        tenancy::narrow(&mut tx, agency).await?;
        let batch = [delivery];
        let span = self.apply_span(agency, &batch);
        self.subscriber.apply(&mut tx, agency, &batch).instrument(span).await?;
        tx.commit().await?;
        self.subscriber.committed(agency, &batch);
        Ok(())
    }

    /// The CONSUMER span of one message, below the span that sent it.
    fn process_span(&self, subject: &str, envelope: &Envelope) -> Span {
        let span = tracing::info_span!(
            parent: None,
            "process",
            otel.name = format!("process {subject}"),
            otel.kind = "consumer",
            otel.status_code = tracing::field::Empty,
            { attribute::ERROR_TYPE } = tracing::field::Empty,
            { attribute::CASE_ID } = tracing::field::Empty,
            { attribute::CLAIM_ID } = tracing::field::Empty,
            { attribute::MESSAGING_SYSTEM } = "nats",
            { attribute::MESSAGING_OPERATION_NAME } = "process",
            { attribute::MESSAGING_OPERATION_TYPE } = "process",
            { attribute::MESSAGING_DESTINATION_NAME } = subject,
            { attribute::MESSAGING_CONSUMER_GROUP_NAME } = self.subscription.durable,
            { attribute::MESSAGING_MESSAGE_ID } = %envelope.event_id,
            { attribute::AGENCY_ID } = %envelope.agency,
        );
        if let Some(parent) = &envelope.traceparent {
            telemetry::set_parent(&span, parent);
        }
        span
    }

    /// The span of one transaction. It is below the message when there is one; many messages that meet here are
    /// linked instead, and each keeps its own trace.
    fn apply_span(&self, agency: AgencyId, batch: &[Delivery<S::Input>]) -> Span {
        let parent = if let [only] = batch { only.span.id() } else { None };
        let span = tracing::info_span!(
            parent: parent,
            "apply",
            otel.name = format!("apply {}", self.subscription.durable),
            { attribute::MESSAGING_SYSTEM } = "nats",
            { attribute::MESSAGING_CONSUMER_GROUP_NAME } = self.subscription.durable,
            { attribute::MESSAGING_BATCH_MESSAGE_COUNT } = batch.len(),
            { attribute::AGENCY_ID } = %agency,
        );
        if batch.len() > 1 {
            for traceparent in batch.iter().filter_map(|delivery| delivery.traceparent.as_deref()) {
                telemetry::link(&span, traceparent);
            }
        }
        span
    }

    fn note_age(&self, oldest: Option<OffsetDateTime>) {
        let age = oldest.map_or(0.0, |oldest| (self.clock.now() - oldest).as_seconds_f64());
        let durable = KeyValue::new(attribute::MESSAGING_CONSUMER_GROUP_NAME, self.subscription.durable);
        metrics::get().oldest_unprocessed.record(age, &[durable]);
    }

    fn count(&self, outcome: &'static str, events: usize) {
        let durable = KeyValue::new(attribute::MESSAGING_CONSUMER_GROUP_NAME, self.subscription.durable);
        let outcome = KeyValue::new("chengqing.outcome", outcome);
        metrics::get().processed.add(u64::try_from(events).unwrap_or(u64::MAX), &[durable, outcome]);
    }
}

impl Queued {
    const fn raw(&self) -> Raw<'_> {
        Raw { subject: self.subject.as_str(), headers: Some(&self.headers), payload: self.payload.as_slice() }
    }
}

fn raw(message: &Message) -> Raw<'_> {
    Raw { subject: &message.subject, headers: message.headers.as_ref(), payload: &message.payload }
}

/// Whether trying each event alone may find the one that the batch failed for. A database that is away fails
/// them all alike.
fn may_be_one_event(error: &ApplyError) -> bool {
    match error {
        ApplyError::Rejected(_) => true,
        ApplyError::Database(sqlx::Error::Database(refusal)) => {
            // Of PostgreSQL's classes of errors: data, constraints, rolled back (deadlocks), syntax and rights.
            refusal.code().is_some_and(|code| ["22", "23", "40", "42"].iter().any(|class| code.starts_with(class)))
        }
        ApplyError::Database(
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::RowNotFound,
        ) => true,
        ApplyError::Database(_) => false,
    }
}

fn fail(span: &Span, error: &ApplyError) {
    span.record("otel.status_code", "ERROR");
    span.record(attribute::ERROR_TYPE, error.to_string());
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

async fn acknowledge(messages: &[Message], kind: impl Fn() -> AckKind) {
    for message in messages {
        settle_one(message, kind()).await;
    }
}

async fn settle_one(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        // The message comes back, and the inbox knows whether it is done.
        tracing::debug!(%error, "a message could not be settled");
    }
}

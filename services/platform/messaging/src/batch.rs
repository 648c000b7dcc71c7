//! What the pull loop does with a batch: parts it by agency, applies each part once, settles every message.

use std::collections::BTreeMap;
use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use database::agency_tx;
use ids::{AgencyId, EventId};
use opentelemetry::KeyValue;
use runtime::crash_point;
use telemetry::attribute;
use time::OffsetDateTime;
use tokio::time::{Instant, interval_at};
use tracing::{Instrument, Span};

use crate::backoff::Backoff;
use crate::consumer::PROGRESS_EVERY;
use crate::dead_letters::{self, Raw};
use crate::envelope::Envelope;
use crate::pull_loop::PullLoop;
use crate::subscriber::{ApplyError, Delivery, Subscriber, Unreadable};
use crate::{inbox, metrics, spans};

/// When an event returns that the database refuses by itself while its neighbours pass: a fault in our code,
/// which a new version or a person has to mend, so not in a hurry.
const REFUSED_DELAY: Duration = Duration::from_secs(30);

/// Whether the database took what it was given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Here,
    Away,
}

/// The messages of one agency in one batch.
struct Group<'a, I> {
    /// Every message, with what it carries; an event that came twice is there twice.
    messages: Vec<(EventId, &'a Message)>,
    /// Every event once, in the order of the stream.
    deliveries: Vec<Delivery<I>>,
}

impl<I> Default for Group<'_, I> {
    fn default() -> Self {
        Self { messages: Vec::new(), deliveries: Vec::new() }
    }
}

impl<S: Subscriber> PullLoop<S> {
    /// Applies and settles what was pulled, telling the server all along that it is worked on.
    pub(crate) async fn take(&self, messages: &[Message], backoff: &Backoff) -> Database {
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

    pub(crate) fn read(&self, message: Raw<'_>) -> Result<(AgencyId, Delivery<S::Input>), Unreadable> {
        let envelope = Envelope::read(message.headers, message.subject)?;
        let input = self.subscriber.decode(envelope.agency, message.subject, message.payload)?;
        let span = spans::process(self.subscription.durable, message.subject, &envelope);
        let traceparent = span.in_scope(telemetry::current_traceparent).or(envelope.traceparent);
        let delivery =
            Delivery { event_id: envelope.event_id, input, span, traceparent, sent_time: envelope.time };
        Ok((envelope.agency, delivery))
    }

    /// Applies one agency's part of a batch in one transaction; one event at a time if that is refused, so that
    /// no event holds up its neighbours.
    async fn apply_group(
        &self,
        agency: AgencyId,
        mut group: Group<'_, S::Input>,
        backoff: &Backoff,
    ) -> Database {
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
                        let delay = if was_rolled_back(&error) { backoff.current() } else { REFUSED_DELAY };
                        let _here = self.hand_back(&group, &error, delay).await;
                        Database::Here
                    }
                    ApplyError::Database(_) => self.hand_back(&group, &error, backoff.current()).await,
                }
            }
        }
    }

    async fn apply_one_by_one(
        &self,
        agency: AgencyId,
        group: Group<'_, S::Input>,
        backoff: &Backoff,
    ) -> Database {
        let mut database = Database::Here;
        for delivery in group.deliveries {
            let of_this = |(event, _): &&(EventId, &_)| *event == delivery.event_id;
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
    async fn commit(
        &self,
        agency: AgencyId,
        deliveries: &mut [Delivery<S::Input>],
    ) -> Result<(), ApplyError> {
        let events: Vec<_> = deliveries.iter().map(|delivery| delivery.event_id).collect();
        let mut tx = agency_tx(&self.pool, agency).await?;
        let first = inbox::first_sights(&mut tx, self.subscription.durable, Some(agency), &events).await?;
        if first.is_empty() {
            return Ok(());
        }
        // A stable sort: those seen for the first time come first, still in the order of the stream.
        deliveries.sort_by_key(|delivery| !first.contains(&delivery.event_id));
        let fresh = &deliveries[..first.len()];
        let span = spans::apply(self.subscription.durable, agency, fresh);
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

fn raw(message: &Message) -> Raw<'_> {
    Raw { subject: &message.subject, headers: message.headers.as_ref(), payload: &message.payload }
}

/// Whether trying each event alone may find the one that the batch failed for. A database that is away fails
/// them all alike.
pub fn may_be_one_event(error: &ApplyError) -> bool {
    match error {
        ApplyError::Rejected(_) => true,
        ApplyError::Database(sqlx::Error::Database(refusal)) => {
            // Of PostgreSQL's classes of errors: data, constraints, rolled back (deadlocks), syntax and rights.
            refusal
                .code()
                .is_some_and(|code| ["22", "23", "40", "42"].iter().any(|class| code.starts_with(class)))
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

/// Whether the database chose this transaction to end a deadlock or a conflict: nothing is wrong with the event.
fn was_rolled_back(error: &ApplyError) -> bool {
    let ApplyError::Database(sqlx::Error::Database(refusal)) = error else { return false };
    refusal.code().is_some_and(|code| code.starts_with("40"))
}

fn fail(span: &Span, error: &ApplyError) {
    span.record("otel.status_code", "ERROR");
    span.record(attribute::ERROR_TYPE, error.to_string());
}

async fn acknowledge(messages: &[Message], kind: impl Fn() -> AckKind) {
    for message in messages {
        settle_one(message, kind()).await;
    }
}

pub async fn settle_one(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        // The message comes back, and the inbox knows whether it is done.
        tracing::debug!(%error, "a message could not be settled");
    }
}

//! The durable consumer on the server: its settings and their reasons.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::{Config, Stream};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::{self, ErrorCode};

use crate::subscriber::Subscription;

/// How soon a message returns whose holder fell silent. Short, because whoever works longer says so
/// ([`PROGRESS_EVERY`]): what waits longer than this is held by a process that died.
pub const ACK_WAIT: Duration = Duration::from_secs(5);

/// How often a process tells the server that it still works on what it holds.
pub const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// The waits for the first, second, third and every further silence. They grow because a message whose holder
/// dies each time may be what kills it. A negative acknowledgement names its own delay and ignores these.
const SILENCE: [Duration; 4] =
    [ACK_WAIT, Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60)];

/// Deliveries are never used up: a database that is away for a weekend costs no message. What can never be
/// understood is taken out as a dead letter instead.
const UNLIMITED: i64 = -1;

/// Messages handed out and not yet acknowledged, over all replicas: five full batches. More would only wait in
/// memory, fewer would starve a second replica; while a database is away this is also how much is held back and
/// retried, rather than everything.
const ACK_PENDING_BATCHES: usize = 5;

/// How long one request for messages stays open on the server.
const PULL_EXPIRES: Duration = Duration::from_secs(30);

/// A server with nothing to deliver says so this often; two missed, and the consumer is looked for again.
const PULL_HEARTBEAT: Duration = Duration::from_secs(5);

/// Why there is nothing to pull from.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// Its producer has not created it yet, or is about to create it again after a loss.
    #[error("stream {0} does not exist yet")]
    NoStream(&'static str),
    #[error("the consumer could not be reached: {0}")]
    Away(String),
    #[error("the server did not take the setting {0} of consumer {1}: is it older than 2.15?")]
    SettingIgnored(&'static str, &'static str),
}

/// Creates the consumer or brings it up to date, and begins to pull.
pub async fn open(
    jetstream: &jetstream::Context,
    subscription: &Subscription,
) -> Result<Stream, ConsumerError> {
    // Asked for by name first, because a missing stream is normal before its producer's first start.
    let stream = jetstream.get_stream(subscription.stream).await.map_err(|error| match error.kind() {
        GetStreamErrorKind::JetStream(answer) if answer.error_code() == ErrorCode::STREAM_NOT_FOUND => {
            ConsumerError::NoStream(subscription.stream)
        }
        _ => away(error),
    })?;
    let wanted = config(subscription);
    let consumer: Consumer<Config> = stream.create_consumer(wanted.clone()).await.map_err(away)?;
    let info = consumer.cached_info();
    if let Some(setting) = difference(&info.config, &wanted) {
        return Err(ConsumerError::SettingIgnored(setting, subscription.durable));
    }
    consumer
        .stream()
        .max_messages_per_batch(subscription.batch_max)
        .expires(PULL_EXPIRES)
        .heartbeat(PULL_HEARTBEAT)
        .messages()
        .await
        .map_err(away)
}

fn config(subscription: &Subscription) -> Config {
    Config {
        durable_name: Some(subscription.durable.to_owned()),
        // Events sent before the consumer existed count too, and after a loss everything comes again.
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        backoff: SILENCE.to_vec(),
        max_deliver: UNLIMITED,
        max_ack_pending: i64::try_from(subscription.batch_max * ACK_PENDING_BATCHES).unwrap_or(i64::MAX),
        filter_subjects: subscription.subjects.iter().map(|&subject| subject.to_owned()).collect(),
        ..Config::default()
    }
}

/// The first setting that differs, of those that are asked for.
fn difference(found: &jetstream::consumer::Config, wanted: &Config) -> Option<&'static str> {
    // A single filter may come back in the older field.
    let mut subjects = found.filter_subjects.clone();
    if !found.filter_subject.is_empty() {
        subjects.push(found.filter_subject.clone());
    }
    [
        ("filter_subjects", subjects == wanted.filter_subjects),
        ("ack_wait", found.ack_wait == wanted.ack_wait),
        ("backoff", found.backoff == wanted.backoff),
        ("max_deliver", found.max_deliver == wanted.max_deliver),
        ("max_ack_pending", found.max_ack_pending == wanted.max_ack_pending),
    ]
    .into_iter()
    .find_map(|(setting, same)| (!same).then_some(setting))
}

fn away(error: impl std::fmt::Display) -> ConsumerError {
    ConsumerError::Away(error.to_string())
}

//! The durable consumer on the server: its settings and their reasons, making it so, and finding it.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::{Config, Stream};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::stream::ConsumerErrorKind;
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
    /// The administrator has not made it yet, or is about to make it again after a loss.
    #[error("consumer {1} of stream {0} does not exist: `chengqing bus make` makes it")]
    NotMade(&'static str, &'static str),
    /// It receives what another version of this service receives. Pulling from it would bury what is not known
    /// here, or miss what is.
    #[error(
        "consumer {0} receives other subjects than this version does: `chengqing bus make` sets it right"
    )]
    OtherSubjects(&'static str),
    #[error("the consumer could not be reached: {0}")]
    Away(String),
    #[error("the server did not take the setting {0} of consumer {1}: is it older than 2.15?")]
    SettingIgnored(&'static str, &'static str),
}

/// Finds the consumer that the administrator made, and begins to pull.
pub async fn open(
    jetstream: &jetstream::Context,
    subscription: &Subscription,
) -> Result<Stream, ConsumerError> {
    let consumer = find(jetstream, subscription).await?;
    let wanted = config(subscription);
    if subjects(&consumer.cached_info().config) != wanted.filter_subjects {
        return Err(ConsumerError::OtherSubjects(subscription.durable));
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

/// Finds the consumer, or makes it, or brings its settings up to date. The stream must exist.
pub async fn ensure(
    jetstream: &jetstream::Context,
    subscription: &Subscription,
) -> Result<(), ConsumerError> {
    let wanted = config(subscription);
    let setting = match find(jetstream, subscription).await {
        Ok(consumer) => match difference(&consumer.cached_info().config, &wanted) {
            Some(setting) => setting,
            None => return Ok(()),
        },
        Err(ConsumerError::NotMade(..)) => "existence",
        Err(error) => return Err(error),
    };
    tracing::info!(durable = subscription.durable, setting, "making {} as it must be", subscription.durable);
    let made =
        jetstream.create_consumer_on_stream(wanted.clone(), subscription.stream).await.map_err(away)?;
    match difference(&made.cached_info().config, &wanted) {
        Some(setting) => Err(ConsumerError::SettingIgnored(setting, subscription.durable)),
        None => Ok(()),
    }
}

async fn find(
    jetstream: &jetstream::Context,
    subscription: &Subscription,
) -> Result<Consumer<Config>, ConsumerError> {
    let found = jetstream.get_consumer_from_stream(subscription.durable, subscription.stream).await;
    found.map_err(|error| match error.kind() {
        ConsumerErrorKind::JetStream(answer)
            if [ErrorCode::CONSUMER_NOT_FOUND, ErrorCode::STREAM_NOT_FOUND]
                .contains(&answer.error_code()) =>
        {
            ConsumerError::NotMade(subscription.stream, subscription.durable)
        }
        _ => away(error),
    })
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

/// What a consumer receives. A single filter may come back in the older field.
fn subjects(found: &jetstream::consumer::Config) -> Vec<String> {
    let single = (!found.filter_subject.is_empty()).then(|| found.filter_subject.clone());
    found.filter_subjects.iter().cloned().chain(single).collect()
}

/// The first setting that differs, of those that are asked for.
fn difference(found: &jetstream::consumer::Config, wanted: &Config) -> Option<&'static str> {
    [
        ("filter_subjects", subjects(found) == wanted.filter_subjects),
        ("ack_wait", found.ack_wait == wanted.ack_wait),
        ("backoff", found.backoff == wanted.backoff),
        ("max_deliver", found.max_deliver == wanted.max_deliver),
        ("headers_only", found.headers_only == wanted.headers_only),
        ("max_ack_pending", found.max_ack_pending == wanted.max_ack_pending),
    ]
    .into_iter()
    .find_map(|(setting, same)| (!same).then_some(setting))
}

fn away(error: impl std::fmt::Display) -> ConsumerError {
    ConsumerError::Away(error.to_string())
}

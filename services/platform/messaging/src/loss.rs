//! Notices that a stream lost something, and has exactly that sent again.
//!
//! JetStream acknowledges before it flushes, and a store can vanish whole. What identifies an event is its id:
//! stream sequences are given out again after a loss. The outbox remembers where each event was acknowledged,
//! and what the stream holds there is compared with it:
//!
//! - another creation time: another stream, so everything is sent again;
//! - the newest place holds something else or nothing: the tail is lost from a place that is searched for;
//! - messages missing at the head or inside, which only age may remove: those are sent again;
//! - a random sample that does not match: the comparison itself cannot be trusted, so everything is sent again.
//!
//! A message that was removed from a running server may be acknowledged as a duplicate for two more minutes
//! without being stored; the looks after that find it missing still, and then it is taken.
//!
//! A consumer that already had an event finds it in its inbox. The relay must run this before it publishes
//! anything after a start or a reconnection, so that old and new events never share a place unnoticed; what
//! slips through between is caught by the relay when an acknowledgement names a place that was taken.

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::stream::{Info, LastRawMessageErrorKind, Stream};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::bus::Bus;
use crate::housekeeping;
use crate::queue::{self, Known};
use crate::stream::{self, StreamError};

/// How many events are compared at random on each look.
const SAMPLES: usize = 4;

/// Why a look at the stream did not come to an end. All of it can be done again.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("the stream could not be read: {0}")]
    Unread(String),
    #[error("the outbox could not be read")]
    Database(#[from] sqlx::Error),
}

/// Compares outbox and stream, and unmarks what the stream lost. Returns the highest place known to be taken.
pub async fn look(
    db: &mut PgConnection,
    bus: &Bus,
    name: &str,
    now: OffsetDateTime,
) -> Result<i64, LookError> {
    let stream = stream::find(bus.jetstream(), name).await?;
    let info = stream.cached_info().clone();
    let created = whole_microseconds(info.created);
    let known = queue::known_creation(db, name).await?;
    if known != Some(created) {
        // The identity is remembered last, so that a crash in between repeats the whole of it.
        let again = queue::unmark_from(db, 0).await?;
        queue::remember_creation(db, name, created).await?;
        report(name, "is not the one that was sent to", again);
    } else if let Some(lost_from) = lost_tail(db, &stream, &info).await? {
        let again = queue::unmark_from(db, lost_from).await?;
        report(name, "lost its newest messages", again);
    } else {
        let again = refill_holes(db, &stream, &info, now).await?;
        report(name, "lost messages", again);
        if !samples_match(db, &stream, &info).await? {
            let again = queue::unmark_from(db, 0).await?;
            report(name, "holds other messages than were sent", again);
        }
    }
    Ok(queue::newest_sent(db).await?.map_or(0, |newest| newest.stream_sequence))
}

fn report(stream: &str, finding: &'static str, again: u64) {
    if again > 0 {
        crate::metrics::get().refilled.add(again, &[]);
        tracing::error!(stream, events = again, "stream {stream} {finding}: sending {again} events again");
    }
}

/// The place from which on everything has to be sent again, if the newest event is not where it was
/// acknowledged.
async fn lost_tail(db: &mut PgConnection, stream: &Stream, info: &Info) -> Result<Option<i64>, LookError> {
    let Some(newest) = queue::newest_sent(db).await? else { return Ok(None) };
    if newest.stream_sequence < place(info.state.first_sequence) || holds(stream, newest).await? {
        return Ok(None);
    }
    // What a stream loses at its end it loses from one place on: everything below is intact.
    let mut intact_below = place(info.state.first_sequence);
    let mut lost_from = newest.stream_sequence;
    while intact_below < lost_from {
        let middle = intact_below + (lost_from - intact_below) / 2;
        match queue::sent_from(db, middle).await? {
            Some(known) if known.stream_sequence < lost_from && holds(stream, known).await? => {
                intact_below = known.stream_sequence + 1;
            }
            Some(_) | None => lost_from = middle,
        }
    }
    Ok(Some(lost_from))
}

async fn refill_holes(
    db: &mut PgConnection,
    stream: &Stream,
    info: &Info,
    now: OffsetDateTime,
) -> Result<u64, LookError> {
    let mut holes = Vec::new();
    if info.state.deleted_count.unwrap_or(0) > 0 {
        let detail = stream.info_builder().with_deleted(true).fetch().await.map_err(unread)?;
        holes.extend(detail.info.state.deleted.unwrap_or_default().into_iter().map(place));
    }
    let first = place(info.state.first_sequence);
    Ok(queue::unmark_holes(db, &holes, first, housekeeping::expired_before(now)).await?)
}

async fn samples_match(db: &mut PgConnection, stream: &Stream, info: &Info) -> Result<bool, LookError> {
    let (first, last) = (place(info.state.first_sequence), place(info.state.last_sequence));
    if first > last {
        return Ok(true);
    }
    for _ in 0..SAMPLES {
        let from = rand::random_range(first..=last);
        if let Some(known) = queue::sent_from(db, from).await?
            && !holds(stream, known).await?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Asks the stream's leader, because a replica that lags would look like a loss.
async fn holds(stream: &Stream, known: Known) -> Result<bool, LookError> {
    let Ok(sequence) = u64::try_from(known.stream_sequence) else { return Ok(false) };
    match stream.get_raw_message(sequence).await {
        Ok(message) => {
            let id = message.headers.get(NATS_MESSAGE_ID).map(async_nats::HeaderValue::as_str);
            Ok(id == Some(known.event_id.to_string().as_str()))
        }
        Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(false),
        Err(error) => Err(unread(error)),
    }
}

/// Sequences are counted from 1 and never reach the sign bit.
fn place(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// What a `timestamptz` can hold.
fn whole_microseconds(instant: OffsetDateTime) -> OffsetDateTime {
    instant.replace_microsecond(instant.microsecond()).unwrap_or(instant)
}

fn unread(error: impl std::fmt::Display) -> LookError {
    LookError::Unread(error.to_string())
}

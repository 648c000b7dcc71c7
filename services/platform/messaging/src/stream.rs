//! The producer's stream: what it must be like, making it so, and finding it.
//!
//! Servers drop settings that they do not know without a word, so what comes back is compared with what was
//! asked for. So is what nobody asked for and what would let one service speak with another's voice: copies from
//! subject to subject and from stream to stream.

use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, ErrorCode};

use crate::housekeeping::OUTBOX_KEPT;
use crate::member::Member;

/// JetStream forgets a message id after this long; enough for a relay that died between publish and mark.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// What the server calls no limit.
const UNLIMITED: i64 = -1;

/// The settings of a service's stream.
pub fn config(member: &Member, replicas: usize) -> Config {
    Config {
        name: member.stream.to_owned(),
        subjects: vec![member.subjects.to_owned()],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        storage: StorageType::File,
        num_replicas: replicas,
        max_messages: UNLIMITED,
        max_bytes: UNLIMITED,
        max_messages_per_subject: UNLIMITED,
        max_message_size: -1,
        max_consumers: -1,
        max_age: OUTBOX_KEPT,
        duplicate_window: DUPLICATE_WINDOW,
        allow_direct: true,
        ..Config::default()
    }
}

/// Why the stream is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("stream {0} does not exist: `chengqing bus make` makes it")]
    NotMade(String),
    #[error("the stream could not be reached: {0}")]
    Away(String),
    #[error("the server did not take the setting {0} of stream {1}: is it older than 2.15?")]
    SettingIgnored(&'static str, String),
}

/// Finds a stream that the administrator made.
pub async fn find(jetstream: &jetstream::Context, name: &str) -> Result<Stream, StreamError> {
    jetstream.get_stream(name).await.map_err(|error| match error.kind() {
        GetStreamErrorKind::JetStream(answer) if answer.error_code() == ErrorCode::STREAM_NOT_FOUND => {
            StreamError::NotMade(name.to_owned())
        }
        _ => away(error),
    })
}

/// Finds the stream, or makes it, or brings its settings up to date.
pub async fn ensure(jetstream: &jetstream::Context, wanted: &Config) -> Result<(), StreamError> {
    let stream = match find(jetstream, &wanted.name).await {
        Ok(stream) => stream,
        Err(StreamError::NotMade(name)) => {
            tracing::info!(stream = name, "creating stream {name}");
            jetstream.create_stream(wanted).await.map_err(away)?
        }
        Err(error) => return Err(error),
    };
    let Some(setting) = difference(&stream.cached_info().config, wanted) else { return Ok(()) };
    tracing::warn!(stream = wanted.name, setting, "setting {setting} of stream {} right", wanted.name);
    let info = jetstream.update_stream(wanted).await.map_err(away)?;
    match difference(&info.config, wanted) {
        Some(setting) => Err(StreamError::SettingIgnored(setting, wanted.name.clone())),
        None => Ok(()),
    }
}

/// The first setting that is not as it must be.
fn difference(found: &Config, wanted: &Config) -> Option<&'static str> {
    [
        ("subjects", found.subjects == wanted.subjects),
        ("retention", found.retention == wanted.retention),
        ("discard", found.discard == wanted.discard),
        ("storage", found.storage == wanted.storage),
        ("num_replicas", found.num_replicas == wanted.num_replicas),
        ("max_msgs", found.max_messages == wanted.max_messages),
        ("max_bytes", found.max_bytes == wanted.max_bytes),
        ("max_msgs_per_subject", found.max_messages_per_subject == wanted.max_messages_per_subject),
        ("max_msg_size", found.max_message_size == wanted.max_message_size),
        ("max_consumers", found.max_consumers == wanted.max_consumers),
        ("max_age", found.max_age == wanted.max_age),
        ("duplicate_window", found.duplicate_window == wanted.duplicate_window),
        ("allow_direct", found.allow_direct == wanted.allow_direct),
        ("no_ack", found.no_ack == wanted.no_ack),
        ("sealed", found.sealed == wanted.sealed),
        // Copies, in and out.
        ("republish", found.republish == wanted.republish),
        ("sources", found.sources.as_deref().unwrap_or_default().is_empty()),
        ("mirror", found.mirror == wanted.mirror),
        ("subject_transform", found.subject_transform == wanted.subject_transform),
        // Headers by which a message removes or makes others.
        ("allow_rollup_hdrs", found.allow_rollup == wanted.allow_rollup),
        ("allow_msg_ttl", found.allow_message_ttl == wanted.allow_message_ttl),
        ("allow_msg_schedules", found.allow_message_schedules == wanted.allow_message_schedules),
    ]
    .into_iter()
    .find_map(|(setting, same)| (!same).then_some(setting))
}

fn away(error: impl std::fmt::Display) -> StreamError {
    StreamError::Away(error.to_string())
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::stream::{Republish, Source, SubjectTransform};

    use super::*;

    const MEMBER: Member = Member { service: "toy", stream: "TOY", subjects: "toy.>", receives: &[] };

    #[test]
    fn a_setting_that_the_server_dropped_is_named() {
        let wanted = config(&MEMBER, 1);
        let found = Config { allow_direct: false, ..wanted.clone() };
        assert_eq!(difference(&found, &wanted), Some("allow_direct"));
        assert_eq!(difference(&wanted, &wanted), None);
    }

    #[test]
    fn a_copy_that_nobody_asked_for_is_named() {
        let wanted = config(&MEMBER, 1);
        let copy = || Source { name: "OTHER".into(), ..Source::default() };
        let republish = Republish { source: "toy.a".into(), destination: "b".into(), headers_only: false };
        let transform = SubjectTransform { source: "toy.a".into(), destination: "b".into() };
        let copying = [
            ("republish", Config { republish: Some(republish), ..wanted.clone() }),
            ("sources", Config { sources: Some(vec![copy()]), ..wanted.clone() }),
            ("mirror", Config { mirror: Some(copy()), ..wanted.clone() }),
            ("subject_transform", Config { subject_transform: Some(transform), ..wanted.clone() }),
            ("allow_msg_schedules", Config { allow_message_schedules: true, ..wanted.clone() }),
        ];
        for (setting, found) in copying {
            assert_eq!(difference(&found, &wanted), Some(setting));
        }
    }
}

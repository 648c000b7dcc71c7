//! The producer's stream: what it must be like, and making it so.
//!
//! Servers drop settings that they do not know without a word, so what comes back is compared with what was
//! asked for.

use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, Info, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, ErrorCode};

use crate::bus::Bus;
use crate::housekeeping::OUTBOX_KEPT;

/// JetStream forgets a message id after this long; enough for a relay that died between publish and mark.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// The settings of a service's stream.
pub fn config(bus: &Bus, name: &str, subjects: &str) -> Config {
    Config {
        name: name.to_owned(),
        subjects: vec![subjects.to_owned()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: bus.stream_replicas(),
        max_age: OUTBOX_KEPT,
        duplicate_window: DUPLICATE_WINDOW,
        allow_direct: true,
        ..Config::default()
    }
}

/// Why the stream is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("the stream could not be reached: {0}")]
    Away(String),
    #[error("the server did not take the setting {0} of stream {1}: is it older than 2.15?")]
    SettingIgnored(&'static str, String),
}

/// Finds the stream, or creates it, or brings its settings up to date.
pub async fn ensure(jetstream: &jetstream::Context, wanted: &Config) -> Result<(Stream, Info), StreamError> {
    let stream = match jetstream.get_stream(&wanted.name).await {
        Ok(stream) => stream,
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(answer) if answer.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                tracing::info!(stream = wanted.name, "creating stream {}", wanted.name);
                jetstream.create_stream(wanted).await.map_err(away)?
            }
            _ => return Err(away(error)),
        },
    };
    let mut info = stream.cached_info().clone();
    if difference(&info.config, wanted).is_some() {
        info = jetstream.update_stream(wanted).await.map_err(away)?;
    }
    match difference(&info.config, wanted) {
        Some(setting) => Err(StreamError::SettingIgnored(setting, wanted.name.clone())),
        None => Ok((stream, info)),
    }
}

/// The first setting that differs, of those that are asked for.
fn difference(found: &Config, wanted: &Config) -> Option<&'static str> {
    [
        ("subjects", found.subjects == wanted.subjects),
        ("retention", found.retention == wanted.retention),
        ("storage", found.storage == wanted.storage),
        ("num_replicas", found.num_replicas == wanted.num_replicas),
        ("max_age", found.max_age == wanted.max_age),
        ("duplicate_window", found.duplicate_window == wanted.duplicate_window),
        ("allow_direct", found.allow_direct == wanted.allow_direct),
    ]
    .into_iter()
    .find_map(|(setting, same)| (!same).then_some(setting))
}

fn away(error: impl std::fmt::Display) -> StreamError {
    StreamError::Away(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_the_server_dropped_is_named() {
        let wanted = Config { allow_direct: true, max_age: OUTBOX_KEPT, ..Config::default() };
        let found = Config { allow_direct: false, ..wanted.clone() };
        assert_eq!(difference(&found, &wanted), Some("allow_direct"));
        assert_eq!(difference(&wanted, &wanted), None);
    }
}

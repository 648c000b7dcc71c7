//! Reads configuration: one TOML file with a section per service, and environment variables over it.
//!
//! `CHENGQING_INGEST__DATABASE__URL` sets `url` in `[ingest.database]`, which is how secrets reach a
//! container. Nothing else in the project reads the environment.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::de::DeserializeOwned;

/// What is wrong with a configuration, naming the field and where it came from.
#[derive(Debug, thiserror::Error)]
#[error("the configuration of [{section}] cannot be used")]
pub struct ConfigError {
    section: String,
    source: Box<figment::Error>,
}

/// Reads one service's section.
///
/// # Errors
/// When a field is missing, unknown or of the wrong kind.
pub fn load<T: DeserializeOwned>(file: Option<&Path>, section: &str) -> Result<T, ConfigError> {
    let mut figment = Figment::new();
    if let Some(file) = file {
        figment = figment.merge(Toml::file_exact(file));
    }
    figment
        .merge(Env::prefixed("CHENGQING_").split("__"))
        .extract_inner(section)
        .map_err(|source| ConfigError { section: section.to_owned(), source: Box::new(source) })
}

//! What approval must be told.

use std::net::SocketAddr;

use database::DatabaseConfig;
use messaging::BusConfig;
use secrecy::SecretString;
use serde::Deserialize;

/// Approval's configuration. Its agencies are rows of its database, made by the operator's ceremony.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where gRPC listens; port 0 takes a free one.
    pub grpc_listen: SocketAddr,
    /// This service's own database.
    pub database: DatabaseConfig,
    /// The bus.
    pub bus: BusConfig,
    /// 64 hex digits: the seed of the Ed25519 key that signs caller tokens. Every service gets the public half.
    pub token_seed: SecretString,
    /// 64 hex digits, kept outside the database and its backups: without it nothing that is sealed in the
    /// database can be opened, whatever passwords are known.
    pub pepper: SecretString,
}

//! What this service is told at start. Reading it is `runtime::config`'s job.

use std::net::SocketAddr;
use std::path::PathBuf;

use database::DatabaseConfig;
use messaging::BusConfig;
use serde::Deserialize;

/// The section `[classification]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where gRPC is served.
    pub grpc_listen: SocketAddr,
    /// This service's own database.
    pub database: DatabaseConfig,
    /// The bus.
    pub bus: BusConfig,
    /// A folder of this replica's own in which the index is kept between starts. Without one, every start reads the
    /// whole log of what is known.
    pub index_folder: Option<PathBuf>,
    /// The key that callers' tokens are checked with, in hex.
    pub token_public_key: String,
}

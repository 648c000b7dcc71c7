//! A service's own PostgreSQL database: connecting, one agency's transaction, migrations.
//!
//! Tenancy is in the connection: [`agency_tx`] names the agency for one transaction and row-level security,
//! forced on every table, does the rest. Nothing here knows a table by name.

mod migration;

use std::time::Duration;

use anyhow::Context;
use ids::AgencyId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool, Postgres, Transaction};

pub use migration::{Schema, migrate, refuse_pending};

/// Where a service's database is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://role:password@host:port/database`; the role owns nothing.
    pub url: SecretString,
    /// Connections at most; default 10.
    #[serde(default = "connections_max")]
    pub connections_max: u32,
}

const fn connections_max() -> u32 {
    10
}

/// How long a caller waits for a connection before it hears that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A statement that runs longer than this is cut off by the server: every remote call has a deadline.
const STATEMENT_TIMEOUT: &str = "15s";

/// How long an idle connection is believed to be alive without asking.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Prepares a pool. Connects lazily, so that a service starts while its database is still away.
///
/// # Errors
/// When the URL is not one.
pub fn connect(config: &DatabaseConfig) -> anyhow::Result<PgPool> {
    let options: PgConnectOptions =
        config.url.expose_secret().parse().context("database.url is not a PostgreSQL URL")?;
    let options = options.options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        // A transaction left open by a lost client must not hold its agency's locks for ever.
        ("idle_in_transaction_session_timeout", "30s"),
        ("lock_timeout", "10s"),
        // Every statement of a service is a short walk along an index. A plan kept from when a table was still
        // small would read all of it once it is large; and what is short needs no compiling.
        ("plan_cache_mode", "force_custom_plan"),
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(config.connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A connection that was in use a moment ago need not be tried before it is used.
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

/// Begins a transaction that sees and writes only `agency`'s rows.
///
/// # Errors
/// When the database is away.
pub async fn agency_tx(pool: &PgPool, agency: AgencyId) -> sqlx::Result<Transaction<'static, Postgres>> {
    // One round trip instead of two, in every transaction of the suite. Safe: an agency's id is a UUID.
    pool.begin_with(AssertSqlSafe(format!("BEGIN; SET LOCAL chengqing.agency = '{agency}'"))).await
}

//! Work that spans agencies: the relay sends for all of them, operators look at all dead letters, and a letter
//! without a readable agency belongs to none. Everything else runs in `database::agency_tx`.

use ids::AgencyId;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// Begins a transaction that sees every agency's rows, in schema `messaging` only: other schemas' policies
/// compare with a UUID and refuse this setting.
pub async fn all_agencies_tx(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let mut tx = pool.begin().await?;
    sqlx::query!("SELECT set_config('chengqing.agency', '*', true)").fetch_one(&mut *tx).await?;
    Ok(tx)
}

/// Narrows the rest of a transaction to one agency.
pub async fn narrow(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!("SELECT set_config('chengqing.agency', $1, true)", agency.to_string()).fetch_one(tx).await?;
    Ok(())
}

/// Lets a connection that this crate owns see every agency's rows until it is closed.
pub async fn widen_session(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT set_config('chengqing.agency', '*', false)").fetch_one(connection).await?;
    Ok(())
}

//! The right to send on an account: an advisory lock of a database session of its own. It goes with the session,
//! so a killed process holds nothing, and no clock is involved.
//!
//! It only saves work. That two writes are never under way at once is a unique index on begun attempts, which
//! holds even when a session dies unnoticed.

use ids::AgencyId;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use crate::domain::channel::Account;

/// The right, as long as its session lives.
pub struct AccountLock(PgConnection);

impl AccountLock {
    /// Finds out whether the session still lives.
    pub async fn check(&mut self) -> sqlx::Result<()> {
        self.0.ping().await
    }
}

/// Takes the right if nobody has it.
pub async fn acquire(
    pool: &PgPool,
    agency: AgencyId,
    account: &Account,
) -> sqlx::Result<Option<AccountLock>> {
    let mut session = pool.connect_options().connect().await?;
    let name = format!("publish.sender.{agency}.{}.{}", account.channel.as_str(), account.slug);
    let held =
        sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS "held!""#, name)
            .fetch_one(&mut session)
            .await?;
    Ok(held.then_some(AccountLock(session)))
}

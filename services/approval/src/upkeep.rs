//! Removes what has ended by itself: sessions with the keys that are sealed in them, and counts of attempts that
//! no longer count.

use std::time::Duration;

use database::agency_tx;
use runtime::{Clock, Lifecycle};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::domain::attempts::{CODES, SIGN_IN};
use crate::issue_token::live;
use crate::store;

const EVERY: Duration = Duration::from_secs(60);

/// Runs until the process stops.
///
/// # Errors
/// Never: while the database is away it waits.
pub async fn run(pool: PgPool, clock: Clock, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let soft = lifecycle.soft();
    while !soft.is_cancelled() {
        if let Err(error) = tidy(&pool, clock.now()).await {
            tracing::warn!(
                error = &*error as &dyn std::error::Error,
                "sessions that have ended cannot be removed now"
            );
        }
        tokio::select! {
            () = clock.sleep(EVERY) => {}
            () = soft.cancelled() => {}
        }
    }
    Ok(())
}

/// Removes what has ended at `now`.
///
/// # Errors
/// When the database is away.
pub async fn tidy(pool: &PgPool, now: OffsetDateTime) -> anyhow::Result<()> {
    for agency in store::person::agencies(pool).await? {
        let mut tx = agency_tx(pool, agency).await?;
        store::session::delete_ended(&mut tx, agency, &live(now)).await?;
        let (strangers, codes) = (now - SIGN_IN.forgotten_after, now - CODES.forgotten_after);
        store::attempt::delete_old(&mut tx, strangers, codes, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

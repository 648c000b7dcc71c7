//! Forgets what has become meaningless: callbacks whose timestamps are outside the window anyway, and those that nobody
//! could read for half a year.

use std::time::Duration;

use runtime::{Clock, Lifecycle};
use sqlx::PgPool;

use crate::agency::Agencies;
use crate::store::callback;

const EVERY: Duration = Duration::from_secs(60);

/// How long a callback is kept that could not be read.
const UNREADABLE_KEPT: time::Duration = time::Duration::days(180);

/// Runs until the process stops.
///
/// # Errors
/// Never: while the database is away it waits.
pub async fn run(pool: PgPool, agencies: Agencies, clock: Clock, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let soft = lifecycle.soft();
    loop {
        tokio::select! {
            () = clock.sleep(EVERY) => {}
            () = soft.cancelled() => return Ok(()),
        }
        for agency in agencies.ids() {
            let forgotten = async {
                let mut tx = database::agency_tx(&pool, agency).await?;
                callback::forget_seen(&mut tx, agency, clock.now()).await?;
                callback::forget_unreadable(&mut tx, agency, clock.now() - UNREADABLE_KEPT).await?;
                tx.commit().await
            };
            if let Err(error) = forgotten.await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old callbacks cannot be forgotten now"
                );
            }
        }
    }
}

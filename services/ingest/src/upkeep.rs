//! Forgets what has become meaningless: callbacks whose timestamps are outside the window anyway.

use std::time::Duration;

use runtime::{Clock, Lifecycle};
use sqlx::PgPool;

use crate::agency::Agencies;
use crate::store::callback;

const EVERY: Duration = Duration::from_secs(60);

/// Runs until the process stops.
///
/// # Errors
/// Never: while the database is away it waits.
pub async fn run(pool: PgPool, agencies: Agencies, clock: Clock, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let soft = lifecycle.soft();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = soft.cancelled() => return Ok(()),
        }
        for agency in agencies.ids() {
            let forgotten = async {
                let mut tx = database::agency_tx(&pool, agency).await?;
                callback::forget_seen(&mut tx, agency, clock.now()).await?;
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

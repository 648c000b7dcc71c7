//! What officers say of the files that they import: kept per source, so that it is said once.

use grpc::Caller;
use ids::AgencyId;
use messaging::Waker;
use runtime::Clock;
use sqlx::PgPool;

use crate::deed::{Action, Deed};
use crate::domain::import_source::Source;
use crate::store::import_source::{self, Kept};

/// Sources of an agency at most.
pub const SOURCES_MAX: i64 = 200;

/// Keeps and lists sources.
pub struct ImportSources {
    /// The database.
    pub pool: PgPool,
    /// Woken when something was set.
    pub relay: Waker,
    /// The time.
    pub clock: Clock,
}

impl ImportSources {
    /// Keeps a source in place of what was said of it before; false when there are too many.
    ///
    /// # Errors
    /// When it is not durable.
    pub async fn set(&self, caller: &Caller, source: &Source) -> sqlx::Result<bool> {
        let (agency, time) = (caller.agency, self.clock.now());
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let kept = import_source::set(&mut tx, agency, source, &caller.actor(), time, SOURCES_MAX).await?;
        if kept {
            let subjects = [("import_source", source.name.clone())];
            let action = Action::ImportSourceSet;
            Deed { caller, action, subjects: &subjects, reason: "", time }.record(&mut tx).await?;
        }
        tx.commit().await?;
        self.relay.wake();
        Ok(kept)
    }

    /// Sources in the order of their names, behind `after`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self, agency: AgencyId, after: Option<&str>, limit: i64) -> sqlx::Result<Vec<Kept>> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        import_source::list(&mut tx, agency, after, limit).await
    }
}

//! Stops automatic answers at once, and lets them go on (design G11).
//!
//! A halt waits for the decisions under way and keeps new ones out while it commits: whatever was not already
//! out by then does not go out.

use grpc::Caller;
use ids::{AgencyId, ClarificationId};
use runtime::{Clock, crash_point};
use sqlx::PgPool;
use uuid::Uuid;

use crate::deed::{Action, Deed};
use crate::deliver::DeliveryWaker;
use crate::store::halt::{Counts, Order, Use};
use crate::store::{self, clarification, halt};

/// Halts and resumes. Cheap to clone.
#[derive(Clone)]
pub struct Halting {
    /// The database.
    pub pool: PgPool,
    /// Sends what goes on.
    pub delivery: DeliveryWaker,
    /// The time.
    pub clock: Clock,
}

/// What a halt was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halted {
    /// What it found.
    pub counts: Counts,
    /// False when this service does not know the clarification.
    pub known: bool,
}

/// Why nothing was halted or resumed.
#[derive(Debug, thiserror::Error)]
pub enum HaltingError {
    /// The request's id was used for something else.
    #[error("the request id was used for another request")]
    RequestReused,
    /// The database is away.
    #[error("the database did not take a halt or a resumption")]
    Database(#[from] sqlx::Error),
}

impl Halting {
    /// Orders a halt; returns after it is durable.
    ///
    /// A halt of a clarification that is not known here is recorded all the same: it may have been signed a
    /// moment ago and be on its way.
    ///
    /// # Errors
    /// When its id is another request's, or the database is away.
    pub async fn halt(&self, caller: &Caller, order: &Order) -> Result<Halted, HaltingError> {
        let agency = caller.agency;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        store::change_rules(&mut tx, agency).await?;
        let used = halt::use_of(&mut tx, agency, order.halt.as_uuid()).await?;
        if used.is_some_and(|used| used != Use::Halt(order.clarification)) {
            return Err(HaltingError::RequestReused);
        }
        // The first time only: a halt that came as approval's event is in the trail already.
        if used.is_none() {
            let halt = [("halt", order.halt.to_string())];
            let subjects: Vec<_> = halt.into_iter().chain(scope(order.clarification)).collect();
            let (action, time) = (Action::AnswersHalted, order.order_time);
            Deed { caller, action, subjects: &subjects, reason: &order.reason, time }.record(&mut tx).await?;
        }
        let counts = halt::order(&mut tx, agency, order).await?;
        let known = match order.clarification {
            Some(clarification) => clarification::is_known(&mut tx, agency, clarification).await?,
            None => true,
        };
        crash_point!("ingest.halt.before_commit");
        tx.commit().await?;
        crash_point!("ingest.halt.after_commit");
        Ok(Halted { counts, known })
    }

    /// Why all automatic answers of the agency are stopped now; `None` while they go on.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn standing(&self, agency: AgencyId) -> sqlx::Result<Option<String>> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        halt::standing_in_the_way(&mut tx, agency, None).await
    }

    /// Lifts the halts of this scope; false when this service does not know the clarification.
    ///
    /// # Errors
    /// When its id is another request's, or the database is away.
    pub async fn resume(
        &self,
        caller: &Caller,
        request: Uuid,
        clarification: Option<ClarificationId>,
    ) -> Result<bool, HaltingError> {
        let (agency, time) = (caller.agency, self.clock.now());
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        if let Some(clarification) = clarification
            && !clarification::is_known(&mut tx, agency, clarification).await?
        {
            return Ok(false);
        }
        store::change_rules(&mut tx, agency).await?;
        let used = halt::use_of(&mut tx, agency, request).await?;
        if used.is_some_and(|used| used != Use::Resumption(clarification)) {
            return Err(HaltingError::RequestReused);
        }
        if halt::lift(&mut tx, agency, request, clarification, &caller.actor(), time).await? {
            let (action, subjects) = (Action::AnswersResumed, scope(clarification));
            Deed { caller, action, subjects: subjects.as_slice(), reason: "", time }.record(&mut tx).await?;
        }
        tx.commit().await?;
        self.delivery.wake();
        Ok(true)
    }
}

/// What stops or goes on, as the trail names it.
fn scope(clarification: Option<ClarificationId>) -> Option<(&'static str, String)> {
    clarification.map(|clarification| ("clarification", clarification.to_string()))
}

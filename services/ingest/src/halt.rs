//! Stops automatic answers at once, and lets them go on (design G11).
//!
//! A halt waits for the decisions under way and keeps new ones out while it commits: whatever was not already
//! out by then does not go out.

use grpc::Caller;
use ids::AgencyId;
use runtime::{Clock, crash_point};
use signoff::verify::Trust;
use sqlx::{PgConnection, PgPool};
use time::Duration;

use crate::deed::{Action, Deed};
use crate::domain::halt::Scope;
use crate::orders::{self, ResumeError};
use crate::store::halt::{Counts, InForce, Order};
use crate::store::order::{self as lifts, Refused};
use crate::store::{self, clarification, halt};

/// Halts and resumes. Cheap to clone.
#[derive(Clone)]
pub struct Halting {
    /// The database.
    pub pool: PgPool,
    /// Sends what goes on.
    pub delivery: crate::side_by_side::Waker,
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

/// What is stopped now.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Why all automatic answers are stopped; `None` while they go on.
    pub everything: Option<String>,
    /// The halts in force.
    pub halts: Vec<InForce>,
    /// Orders that did not count.
    pub refused: Vec<Refused>,
}

/// Halts in force that are listed.
const HALTS_SHOWN_MAX: i64 = 200;

/// Orders that did not count are listed for so long.
const REFUSED_SHOWN_FOR: Duration = Duration::days(30);

/// And so many of them.
const REFUSED_SHOWN_MAX: i64 = 20;

/// Why nothing was halted.
#[derive(Debug, thiserror::Error)]
pub enum HaltingError {
    /// The request's id was used for something else.
    #[error("the request id was used for another request, or for a halt that is over")]
    RequestReused,
    /// The database is away.
    #[error("the database did not take a halt")]
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
        if self.is_of_something_else(&mut tx, agency, order).await? {
            return Err(HaltingError::RequestReused);
        }
        // The first time only: a halt that came as approval's event is in the trail already.
        if halt::known(&mut tx, agency, order.halt, order.scope).await?.is_none() {
            let halt = [("halt", order.halt.to_string())];
            let subjects: Vec<_> = halt.into_iter().chain(named(order.scope)).collect();
            let (action, time) = (Action::AnswersHalted, order.order_time);
            Deed { caller, action, subjects: &subjects, reason: &order.reason, time }.record(&mut tx).await?;
        }
        let counts = halt::order(&mut tx, agency, order).await?;
        let known = match order.scope.clarification() {
            Some(clarification) => clarification::is_known(&mut tx, agency, clarification).await?,
            None => true,
        };
        crash_point!("ingest.halt.before_commit");
        tx.commit().await?;
        crash_point!("ingest.halt.after_commit");
        Ok(Halted { counts, known })
    }

    /// Whether a request's id is something else's, or a halt's that is over: whoever sends a form of yesterday again
    /// must not believe that it stops anything.
    async fn is_of_something_else(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        order: &Order,
    ) -> sqlx::Result<bool> {
        let known = halt::known(tx, agency, order.halt, order.scope).await?;
        Ok(known.is_some_and(|known| known.is_over || !known.is_of_scope)
            || lifts::lift_of(tx, agency, order.halt, order.scope).await?.is_some()
            || lifts::is_lift(tx, agency, order.halt.as_uuid()).await?)
    }

    /// What is stopped now, and which orders did not count.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn standing(&self, agency: AgencyId) -> sqlx::Result<Standing> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let since = self.clock.now() - REFUSED_SHOWN_FOR;
        Ok(Standing {
            everything: halt::standing_in_the_way(&mut tx, agency, None).await?,
            halts: halt::in_force(&mut tx, agency, HALTS_SHOWN_MAX).await?,
            refused: lifts::refused(&mut tx, agency, since, REFUSED_SHOWN_MAX).await?,
        })
    }

    /// Ends the halts that a lead's order names.
    ///
    /// # Errors
    /// When the order does not count, or the database is away.
    pub async fn resume(&self, trust: &Trust, signed_order: &[u8]) -> Result<(), ResumeError> {
        let mut tx = database::agency_tx(&self.pool, trust.agency).await?;
        store::change_rules(&mut tx, trust.agency).await?;
        let resumed = orders::resume(&mut tx, trust, signed_order, self.clock.now()).await;
        if let Err(away @ ResumeError::Database(_)) = resumed {
            return Err(away);
        }
        // Also where it does not count: people are to see that one came. The deed itself, who let go on and why, is in
        // the trail since the order was given.
        tx.commit().await?;
        self.delivery.wake();
        resumed
    }
}

/// What stops or goes on, as the trail names it.
fn named(scope: Scope) -> Option<(&'static str, String)> {
    scope.clarification().map(|clarification| ("clarification", clarification.to_string()))
}

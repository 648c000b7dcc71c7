//! What every use case stands on. The use cases themselves are methods of [`Desk`], one file each.

use std::sync::Arc;

use database::agency_tx;
use grpc::TokenIssuer;
use ids::{AgencyId, CaseId};
use messaging::Waker;
use runtime::Clock;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use time::{Duration, OffsetDateTime};

use crate::domain::audit::Entry;
use crate::domain::case::CaseFile;
use crate::domain::officer::Officer;
use crate::password::Stretching;
use crate::secrets::Pepper;
use crate::store::case::CaseEvent;
use crate::store::{self, StoreError};

/// The office's desk: its rows, its clock, its secrets.
#[derive(Clone)]
pub struct Desk {
    /// The service's database.
    pub pool: PgPool,
    /// The time of day.
    pub clock: Clock,
    /// Wakes the relay after a commit that made an event true.
    pub waker: Waker,
    /// Signs caller tokens.
    pub issuer: TokenIssuer,
    /// The key outside the database.
    pub pepper: Pepper,
    /// Where passwords are stretched.
    pub stretching: Stretching,
    /// A box that nobody's password opens, tried where nobody has the name.
    pub decoy: Arc<[u8]>,
}

impl Desk {
    /// The time of day, in whole microseconds as the database keeps it: what is answered now is what is read
    /// later.
    pub fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now - Duration::nanoseconds(i64::from(now.nanosecond() % 1_000))
    }

    /// Begins a transaction that sees `agency`'s rows alone.
    pub async fn begin(&self, agency: AgencyId) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(agency_tx(&self.pool, agency).await?)
    }
}

/// Commits, or says that the database did not.
pub async fn commit(tx: Transaction<'static, Postgres>) -> Result<(), StoreError> {
    Ok(tx.commit().await?)
}

/// Adds an officer's deed to a case's history.
pub async fn tell(
    tx: &mut PgConnection,
    officer: &Officer,
    case: CaseId,
    now: OffsetDateTime,
    what: String,
) -> Result<(), StoreError> {
    let event = CaseEvent { time: now, actor: officer.display_name.clone(), what };
    store::case::append_event(tx, officer.agency, case, &event).await
}

/// An entry of the audit trail about an officer's deed.
pub fn deed(officer: &Officer, now: OffsetDateTime, action: &'static str, subject: String) -> Entry {
    Entry { time: now, actor: officer.display_name.clone(), action, subject }
}

/// A case as the audit trail names it.
pub fn named(case: &CaseFile) -> String {
    format!("case {} {}", case.code, case.case)
}

/// Puts the case's id on the current span, so that a trace is found by its case.
pub fn trace_case(case: CaseId) {
    tracing::Span::current().record(telemetry::attribute::CASE_ID, tracing::field::display(case));
}

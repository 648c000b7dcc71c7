//! Setting a case's response clock and urgency.

use ids::CaseId;
use time::Duration;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::{CaseFile, CaseState};
use crate::domain::officer::Officer;
use crate::store::{self, StoreError};

/// What an officer decides about a case's hurry.
pub struct SetUrgency {
    /// The case.
    pub case: CaseId,
    /// The state that the officer saw.
    pub expected_revision: i64,
    /// Urgent or not.
    pub urgent: bool,
    /// How long until the office must have answered; `None` leaves the clock as it is.
    pub due_in: Option<Duration>,
}

/// Why nothing was set.
#[derive(Debug, thiserror::Error)]
pub enum SetUrgencyError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// Somebody changed the case in the meantime.
    #[error("the case changed in the meantime")]
    Stale,
    /// A dismissed case burns no more.
    #[error("the case is dismissed")]
    Dismissed,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Sets the response clock and the urgency.
    ///
    /// # Errors
    /// When the case is not there, changed or is dismissed.
    pub async fn set_urgency(
        &self,
        officer: &Officer,
        command: &SetUrgency,
    ) -> Result<CaseFile, SetUrgencyError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(SetUrgencyError::NoCase)?;
        if case.state_revision != command.expected_revision {
            return Err(SetUrgencyError::Stale);
        }
        if case.state == CaseState::Dismissed {
            return Err(SetUrgencyError::Dismissed);
        }
        let due_time = command.due_in.map(|due_in| now + due_in).or(case.due_time);
        store::case::set_urgency(&mut tx, &mut case, command.urgent, due_time).await?;
        let urgency = if command.urgent { "设为紧急" } else { "取消紧急" };
        let clock = command
            .due_in
            .map(|due_in| format!("，限{}分钟内回应", due_in.whole_minutes()))
            .unwrap_or_default();
        tell(&mut tx, officer, case.case, now, format!("{urgency}{clock}。")).await?;
        let entry = deed(officer, now, "case.urgency_set", named(&case));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        commit(tx).await?;
        Ok(case)
    }
}

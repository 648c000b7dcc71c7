//! Until when a case's signed words hold, and what the office decides once they do not: the desk asks to renew them,
//! until a new revision is signed or an officer closes the matter.

use contracts::Event;
use contracts::approval::v1::CaseDismissed;
use ids::{AgencyId, CaseId};
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::CaseFile;
use crate::domain::draft::Kind;
use crate::domain::officer::Officer;
use crate::events;
use crate::store::case::ValidityKey;
use crate::store::{self, StoreError};

/// Words that are not to be renewed.
pub struct CloseExpired {
    /// The case.
    pub case: CaseId,
    /// The state that the officer saw.
    pub expected_revision: i64,
    /// Why; never empty.
    pub reason: String,
}

/// Why the desk goes on asking.
#[derive(Debug, thiserror::Error)]
pub enum CloseExpiredError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// Somebody changed the case in the meantime.
    #[error("the case changed in the meantime")]
    Stale,
    /// Its words still hold, or have no end.
    #[error("the validity of the case's words has not ended")]
    NotEnded,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// One page of the cases whose words hold no longer, the longest ended first, and where the next begins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_past_validity(
        &self,
        agency: AgencyId,
        after: Option<&ValidityKey>,
        size: i64,
    ) -> Result<(Vec<CaseFile>, Option<ValidityKey>), StoreError> {
        let mut tx = self.begin(agency).await?;
        let mut cases = store::case::past_validity(&mut tx, agency, self.now(), after, size + 1).await?;
        commit(tx).await?;
        let more = i64::try_from(cases.len()).is_ok_and(|found| found > size);
        if more {
            cases.pop();
        }
        let next = cases.last().filter(|_| more).and_then(ValidityKey::of);
        Ok((cases, next))
    }

    /// Decides that words whose validity has ended are not renewed.
    ///
    /// # Errors
    /// When the case changed, or nothing of it has ended.
    pub async fn close_expired(
        &self,
        officer: &Officer,
        command: &CloseExpired,
    ) -> Result<CaseFile, CloseExpiredError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(CloseExpiredError::NoCase)?;
        if case.state_revision != command.expected_revision {
            return Err(CloseExpiredError::Stale);
        }
        let ended = case.valid_until.filter(|end| *end < now).ok_or(CloseExpiredError::NotEnded)?;
        store::case::settle_validity(&mut tx, &mut case, ended).await?;
        follow(&mut tx, &mut case).await?;
        let what = format!("适用期已过，不再续期：{}", command.reason);
        tell(&mut tx, officer, case.case, now, what).await?;
        // To classification it is as if the case were dismissed: its claim gathers nobody any more, so that whoever
        // asks again opens a case that the office sees.
        let event = events::case_dismissed(officer.agency, &case);
        outbox::enqueue(&mut tx, officer.agency, CaseDismissed::SUBJECT, &event)
            .await
            .map_err(StoreError::from)?;
        let entry = deed(officer, now, "case.expiry_closed", named(&case));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        commit(tx).await?;
        self.waker.wake();
        Ok(case)
    }
}

/// Sets the end that a locked case's signed words have now. A holding statement counts only as long as nothing else
/// is signed.
pub async fn follow(tx: &mut PgConnection, case: &mut CaseFile) -> Result<(), StoreError> {
    let signed = store::clarification::signed_of_case(tx, case.case).await?;
    let concluded = signed.iter().any(|one| one.kind != Kind::Holding);
    let ends = signed
        .iter()
        .filter(|one| !concluded || one.kind != Kind::Holding)
        .filter(|one| one.valid_until != 0)
        .filter_map(|one| OffsetDateTime::from_unix_timestamp(one.valid_until).ok());
    let ends: Vec<OffsetDateTime> = ends.collect();
    store::case::set_validity(tx, case, &ends).await
}

//! The queue, and one case with everything about it.

use ids::{AgencyId, CaseId, ClaimId};
use sqlx::PgConnection;

use crate::desk::{Desk, commit, trace_case};
use crate::domain::case::{CaseFile, CaseState};
use crate::domain::finding::Finding;
use crate::domain::revision::{Revision, Step};
use crate::store::case::{CaseEvent, QueueKey};
use crate::store::{self, StoreError};

/// Entries of a case's history that are shown.
const EVENTS_MAX: i64 = 500;

/// A revision with what was signed.
pub struct SignedRevision {
    /// The revision.
    pub revision: Revision,
    /// Its steps, in the order of the chain.
    pub steps: Vec<Step>,
}

/// How a case is asked for.
pub enum WantedCase {
    /// By its id.
    Id(CaseId),
    /// By the claim that it is about.
    OfClaim(ClaimId),
    /// By the number that people use.
    Code(String),
}

/// One case with everything about it.
pub struct WholeCase {
    /// The case.
    pub case: CaseFile,
    /// Oldest first.
    pub findings: Vec<Finding>,
    /// Newest first.
    pub revisions: Vec<SignedRevision>,
    /// Oldest first.
    pub events: Vec<CaseEvent>,
}

/// Every state that is shown when nobody asks for certain ones: all but the dismissed.
pub const NOT_DISMISSED: [CaseState; 9] = [
    CaseState::Open,
    CaseState::Checking,
    CaseState::Found,
    CaseState::Drafting,
    CaseState::InReview,
    CaseState::Signed,
    CaseState::Published,
    CaseState::NeedsPerson,
    CaseState::Halted,
];

impl Desk {
    /// One page of the queue, and where the next begins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_cases(
        &self,
        agency: AgencyId,
        states: &[CaseState],
        after: Option<&QueueKey>,
        size: i64,
    ) -> Result<(Vec<CaseFile>, Option<QueueKey>), StoreError> {
        let mut tx = self.begin(agency).await?;
        let states = if states.is_empty() { &NOT_DISMISSED } else { states };
        let mut cases = store::case::list(&mut tx, agency, states, after, size + 1).await?;
        commit(tx).await?;
        let more = i64::try_from(cases.len()).is_ok_and(|found| found > size);
        if more {
            cases.pop();
        }
        let next = cases.last().filter(|_| more).map(QueueKey::from);
        Ok((cases, next))
    }

    /// One case with everything about it; `None` when it is not this agency's.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn get_case(
        &self,
        agency: AgencyId,
        wanted: &WantedCase,
    ) -> Result<Option<WholeCase>, StoreError> {
        let mut tx = self.begin(agency).await?;
        let case = match wanted {
            WantedCase::Id(case) => Some(*case),
            WantedCase::OfClaim(claim) => store::case::of_claim(&mut tx, agency, *claim).await?,
            WantedCase::Code(code) => store::case::of_code(&mut tx, agency, code).await?,
        };
        let Some(case) = case else { return Ok(None) };
        trace_case(case);
        let Some(file) = store::case::get(&mut tx, case).await? else { return Ok(None) };
        let findings = store::finding::of_case(&mut tx, case).await?;
        let revisions = store::clarification::of_case(&mut tx, case).await?;
        let revisions = with_steps(&mut tx, revisions).await?;
        let events = store::case::events(&mut tx, case, EVENTS_MAX).await?;
        commit(tx).await?;
        Ok(Some(WholeCase { case: file, findings, revisions, events }))
    }
}

/// Puts the signed steps beside their revisions.
pub async fn with_steps(
    tx: &mut PgConnection,
    revisions: Vec<Revision>,
) -> Result<Vec<SignedRevision>, StoreError> {
    let mut clarifications: Vec<_> = revisions.iter().map(|one| one.place.clarification).collect();
    clarifications.sort_unstable();
    clarifications.dedup();
    let steps = store::clarification::steps(tx, &clarifications).await?;
    Ok(revisions
        .into_iter()
        .map(|revision| {
            let own = steps.iter().filter(|(clarification, number, _)| {
                *clarification == revision.place.clarification && *number == revision.place.revision
            });
            let steps = own.map(|(_, _, step)| step.clone()).collect();
            SignedRevision { revision, steps }
        })
        .collect())
}

//! The queue, and one case: its newest revision whole, the rest in pages. Whatever may be long is paged, so that no
//! case grows until nobody can open it.

use ids::{AgencyId, CaseId, ClaimId, ClarificationId};
use signoff::policy::Policy;
use sqlx::PgConnection;

use crate::desk::{Desk, commit, trace_case};
use crate::domain::case::{CaseFile, CaseState};
use crate::domain::finding::Finding;
use crate::domain::officer::{Officer, Role};
use crate::domain::revision::{Revision, Step};
use crate::store::case::{CaseEvent, QueueKey};
use crate::store::finding::FindingKey;
use crate::store::head::{Head, RevisionKey};
use crate::store::{self, StoreError};

/// Entries of a case's history that come with it.
pub const EVENTS_WITH_CASE: i64 = 50;
/// Revisions that come with their case, the newest of them whole.
pub const REVISIONS_WITH_CASE: i64 = 20;
/// Findings that come with their case.
pub const FINDINGS_WITH_CASE: i64 = 8;
/// Findings of a page: each may have eight thousand characters.
pub const FINDINGS_OF_PAGE: i64 = 40;

/// A revision with what was signed.
pub struct SignedRevision {
    /// The revision.
    pub revision: Revision,
    /// Its steps, in the order of the chain.
    pub steps: Vec<Step>,
    /// Which roles may take the next one by the policy in force.
    pub next_roles: Vec<Role>,
}

/// A revision as a list shows it, with what was signed.
pub struct SignedHead {
    /// The revision.
    pub head: Head,
    /// Its steps, in the order of the chain.
    pub steps: Vec<Step>,
}

/// One page of something, and where the next begins.
pub struct Page<T, K> {
    /// Newest first.
    pub rows: Vec<T>,
    /// Behind the last row, when there are more.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Of `rows`, which were asked for with one more than `size`.
    fn of(mut rows: Vec<T>, size: i64, key: impl Fn(&T) -> K) -> Self {
        let more = i64::try_from(rows.len()).is_ok_and(|found| found > size);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, next }
    }
}

/// Which cases somebody sees.
pub enum Sight {
    /// All of the agency's.
    All,
    /// Those of one department, and of those what it is asked.
    Department(String),
}

impl Sight {
    /// The department, for whoever sees only that.
    #[must_use]
    pub fn department(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Department(department) => Some(department),
        }
    }
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

/// One case with the newest of everything about it.
pub struct WholeCase {
    /// The case.
    pub case: CaseFile,
    /// Its findings.
    pub findings: Page<Finding, FindingKey>,
    /// Its newest revision.
    pub newest: Option<SignedRevision>,
    /// Its revisions, that one among them.
    pub heads: Page<SignedHead, RevisionKey>,
    /// Its history.
    pub events: Page<CaseEvent, i64>,
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
    /// What this person sees. Who checks for a department sees that department's; without one, nothing.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sight(&self, officer: &Officer) -> Result<Sight, StoreError> {
        if officer.role != Role::Checker {
            return Ok(Sight::All);
        }
        let mut tx = self.begin(officer.agency).await?;
        let department = store::person::department(&mut tx, officer.person).await?;
        commit(tx).await?;
        Ok(Sight::Department(department.unwrap_or_default()))
    }

    /// One page of the queue, and where the next begins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_cases(
        &self,
        agency: AgencyId,
        sight: &Sight,
        states: &[CaseState],
        after: Option<&QueueKey>,
        size: i64,
    ) -> Result<(Vec<CaseFile>, Option<QueueKey>), StoreError> {
        let mut tx = self.begin(agency).await?;
        let states = if states.is_empty() { &NOT_DISMISSED } else { states };
        let mut cases =
            store::case::list(&mut tx, agency, sight.department(), states, after, size + 1).await?;
        commit(tx).await?;
        let more = i64::try_from(cases.len()).is_ok_and(|found| found > size);
        if more {
            cases.pop();
        }
        let next = cases.last().filter(|_| more).map(QueueKey::from);
        Ok((cases, next))
    }

    /// One case with the newest of everything about it; `None` when it is not this agency's.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn get_case(
        &self,
        agency: AgencyId,
        sight: &Sight,
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
        let findings = findings(&mut tx, sight, case, None, FINDINGS_WITH_CASE).await?;
        if let Some(department) = sight.department() {
            if !sees(&mut tx, department, &file).await? {
                return Ok(None);
            }
            let heads = Page { rows: Vec::new(), next: None };
            let events = Page { rows: Vec::new(), next: None };
            commit(tx).await?;
            return Ok(Some(WholeCase { case: file, findings, newest: None, heads, events }));
        }
        let heads = heads(&mut tx, case, None, None, REVISIONS_WITH_CASE).await?;
        let newest = match heads.rows.first() {
            Some(first) => {
                let place = first.head.place;
                whole(&mut tx, place.clarification, place.revision).await?
            }
            None => None,
        };
        let events = events(&mut tx, case, None, EVENTS_WITH_CASE).await?;
        commit(tx).await?;
        Ok(Some(WholeCase { case: file, findings, newest, heads, events }))
    }

    /// One revision of a case, whole; `None` when there is none. Without a clarification the one that was last signed
    /// off, else the one that was last saved; revision 0 is the newest.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn get_revision(
        &self,
        agency: AgencyId,
        case: CaseId,
        clarification: Option<ClarificationId>,
        revision: u64,
    ) -> Result<Option<SignedRevision>, StoreError> {
        trace_case(case);
        let mut tx = self.begin(agency).await?;
        let clarification = match clarification {
            Some(clarification) => Some(clarification),
            None => store::head::furthest(&mut tx, case).await?,
        };
        let Some(clarification) = clarification else { return Ok(None) };
        let found = store::head::number(&mut tx, case, clarification, revision).await?;
        let Some(revision) = found else { return Ok(None) };
        let found = whole(&mut tx, clarification, revision).await?;
        commit(tx).await?;
        Ok(found)
    }

    /// One page of the revisions of a case; `None` when there is no such case.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_revisions(
        &self,
        agency: AgencyId,
        case: CaseId,
        clarification: Option<ClarificationId>,
        after: Option<&RevisionKey>,
        size: i64,
    ) -> Result<Option<Page<SignedHead, RevisionKey>>, StoreError> {
        let mut tx = self.begin(agency).await?;
        if store::case::get(&mut tx, case).await?.is_none() {
            return Ok(None);
        }
        let page = heads(&mut tx, case, clarification, after, size).await?;
        commit(tx).await?;
        Ok(Some(page))
    }

    /// One page of the findings of a case; `None` when there is no such case.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_findings(
        &self,
        agency: AgencyId,
        sight: &Sight,
        case: CaseId,
        after: Option<&FindingKey>,
        size: i64,
    ) -> Result<Option<Page<Finding, FindingKey>>, StoreError> {
        let mut tx = self.begin(agency).await?;
        let Some(file) = store::case::get(&mut tx, case).await? else { return Ok(None) };
        if let Some(department) = sight.department()
            && !sees(&mut tx, department, &file).await?
        {
            return Ok(None);
        }
        let page = findings(&mut tx, sight, case, after, size.min(FINDINGS_OF_PAGE)).await?;
        commit(tx).await?;
        Ok(Some(page))
    }

    /// One page of the history of a case; `None` when there is no such case.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_case_events(
        &self,
        agency: AgencyId,
        case: CaseId,
        before: Option<i64>,
        size: i64,
    ) -> Result<Option<Page<CaseEvent, i64>>, StoreError> {
        let mut tx = self.begin(agency).await?;
        if store::case::get(&mut tx, case).await?.is_none() {
            return Ok(None);
        }
        let page = events(&mut tx, case, before, size).await?;
        commit(tx).await?;
        Ok(Some(page))
    }
}

/// Whether a case is a department's: it is named for it, or was asked about it.
async fn sees(tx: &mut PgConnection, department: &str, case: &CaseFile) -> Result<bool, StoreError> {
    if case.departments.iter().any(|named| named == department) {
        return Ok(true);
    }
    store::finding::was_asked(tx, case.case, department).await
}

async fn findings(
    tx: &mut PgConnection,
    sight: &Sight,
    case: CaseId,
    after: Option<&FindingKey>,
    size: i64,
) -> Result<Page<Finding, FindingKey>, StoreError> {
    let rows = store::finding::of_case(tx, case, sight.department(), after, size + 1).await?;
    Ok(Page::of(rows, size, FindingKey::of))
}

async fn events(
    tx: &mut PgConnection,
    case: CaseId,
    before: Option<i64>,
    size: i64,
) -> Result<Page<CaseEvent, i64>, StoreError> {
    let rows = store::case::events(tx, case, before, size + 1).await?;
    let page = Page::of(rows, size, |(number, _)| *number);
    Ok(Page { rows: page.rows.into_iter().map(|(_, event)| event).collect(), next: page.next })
}

async fn heads(
    tx: &mut PgConnection,
    case: CaseId,
    clarification: Option<ClarificationId>,
    after: Option<&RevisionKey>,
    size: i64,
) -> Result<Page<SignedHead, RevisionKey>, StoreError> {
    let rows = store::head::of_case(tx, case, clarification, after, size + 1).await?;
    let page = Page::of(rows, size, RevisionKey::of);
    let places: Vec<_> =
        page.rows.iter().map(|head| (head.place.clarification, head.place.revision)).collect();
    let steps = store::clarification::steps(tx, &places).await?;
    let own = |head: &Head| {
        let of_head = steps.iter().filter(|(clarification, number, _)| {
            *clarification == head.place.clarification && *number == head.place.revision
        });
        of_head.map(|(_, _, step)| step.clone()).collect()
    };
    let rows = page.rows.into_iter().map(|head| SignedHead { steps: own(&head), head }).collect();
    Ok(Page { rows, next: page.next })
}

async fn whole(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> Result<Option<SignedRevision>, StoreError> {
    let Some(revision) = store::clarification::revision(tx, clarification, revision).await? else {
        return Ok(None);
    };
    with_steps(tx, revision).await.map(Some)
}

/// Puts the signed steps beside their revision.
pub async fn with_steps(tx: &mut PgConnection, revision: Revision) -> Result<SignedRevision, StoreError> {
    let place = (revision.place.clarification, revision.place.revision);
    let steps = store::clarification::steps(tx, &[place]).await?;
    let steps = steps.into_iter().map(|(_, _, step)| step).collect();
    let policy = store::key::policy(tx, revision.place.agency).await?;
    // A policy that cannot be read lets nobody sign; signing itself says so.
    let terms = policy.and_then(|policy| Policy::decode(&policy.document).ok());
    let next = revision.state.next_step();
    let step = terms.iter().flat_map(|terms| &terms.steps).find(|step| Some(step.purpose) == next);
    let next_roles =
        step.map(|step| step.roles.iter().filter_map(|role| role.parse().ok()).collect()).unwrap_or_default();
    Ok(SignedRevision { revision, steps, next_roles })
}

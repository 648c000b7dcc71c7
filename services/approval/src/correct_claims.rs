//! Putting right what belongs together: merging a case into another, splitting reports off, re-routing.
//!
//! Decided here by one officer, because nothing goes public by it, and applied by classification, which owns
//! claims. An agency's corrections are numbered without a gap under its counter, so that they take effect there in
//! the order in which they were decided, however they arrive.

use contracts::Event;
use contracts::approval::v1::ClaimCorrected;
use ids::{AgencyId, CaseId, ClaimId, ReportId};
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::dismiss_case::{DismissCase, DismissCaseError};
use crate::domain::case::{CaseCommand, CaseFile, CaseRefusal, CaseState};
use crate::domain::draft::Kind;
use crate::domain::officer::Officer;
use crate::events;
use crate::store::case::{ClaimCounts, OpenedByClaim};
use crate::store::correction::Correction;
use crate::store::replay::{Claimed, Request, Subject};
use crate::store::{self, StoreError};

/// A case to be merged into another.
pub struct MergeCases {
    /// The caller's own id of this request.
    pub request: Uuid,
    /// The case that closes.
    pub case: CaseId,
    /// The state that the officer saw of it.
    pub expected_revision: i64,
    /// The case that goes on.
    pub into: CaseId,
    /// The officer knows that reporters are sent what the other case has signed.
    pub answers_reporters: bool,
    /// As in `DismissCase`, for the holding statement of the case that closes.
    pub session_secret: String,
}

/// Reports to be taken out of a case.
pub struct SplitCase {
    /// The caller's own id of this request.
    pub request: Uuid,
    /// The case whose claim they belong to.
    pub case: CaseId,
    /// The state that the officer saw of it.
    pub expected_revision: i64,
    /// The reports; never none.
    pub reports: Vec<ReportId>,
    /// What they say.
    pub sentence: String,
}

/// Departments for a case.
pub struct RerouteCase {
    /// The case.
    pub case: CaseId,
    /// The state that the officer saw.
    pub expected_revision: i64,
    /// The departments, best first; never none.
    pub departments: Vec<String>,
}

/// Why nothing was corrected.
#[derive(Debug, thiserror::Error)]
pub enum CorrectError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// Somebody changed the case in the meantime.
    #[error("the case changed in the meantime")]
    Stale,
    /// A notice has no reports.
    #[error("the case answers no claim")]
    NoClaim,
    /// A case is not merged into itself.
    #[error("both are the same case")]
    SameCase,
    /// The case that would go on is closed.
    #[error("the case that would go on is closed")]
    IntoDismissed,
    /// Something of the closing case is signed and out or on its way.
    #[error("something signed is out or on its way")]
    Signed,
    /// Reporters would be sent a signed clarification, and the officer has not said so.
    #[error("reporters would be answered and the officer has not confirmed it")]
    AnswersReporters,
    /// A claim keeps at least one report.
    #[error("no report would be left")]
    NothingLeft,
    /// The id was used for another request.
    #[error("the request id was used for another request")]
    RequestReused,
    /// The agency is not in this database.
    #[error("the agency is not in this database")]
    UnknownAgency,
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DismissCaseError> for CorrectError {
    fn from(error: DismissCaseError) -> Self {
        match error {
            DismissCaseError::NoCase => Self::NoCase,
            DismissCaseError::Stale => Self::Stale,
            DismissCaseError::Signed => Self::Signed,
            DismissCaseError::Case(refusal) => Self::Case(refusal),
            DismissCaseError::Store(error) => Self::Store(error),
        }
    }
}

impl Desk {
    /// Merges a case into another; gives both.
    ///
    /// # Errors
    /// When either changed or does not allow it.
    pub async fn merge_cases(
        &self,
        officer: &Officer,
        command: &MergeCases,
    ) -> Result<(CaseFile, CaseFile), CorrectError> {
        trace_case(command.case);
        if command.case == command.into {
            return Err(CorrectError::SameCase);
        }
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let asked = (command.case, command.into, command.answers_reporters);
        let request = Request::new(command.request, "merge_cases", &asked);
        let subject = Subject { id: command.case.as_uuid(), revision: 0 };
        if before(&mut tx, officer.agency, &request, subject).await?.is_some() {
            return pair(&mut tx, command.case, command.into).await;
        }
        store::agency::lock_counter(&mut tx, officer.agency).await?;
        let (mut case, mut into) = lock_both(&mut tx, command.case, command.into).await?;
        if case.state_revision != command.expected_revision {
            return Err(CorrectError::Stale);
        }
        let (claim, into_claim) = case.claim.zip(into.claim).ok_or(CorrectError::NoClaim)?;
        if into.state == CaseState::Dismissed {
            return Err(CorrectError::IntoDismissed);
        }
        let state = case.state.apply(CaseCommand::Dismiss)?;
        let answers = store::clarification::signed_of_case(&mut tx, into.case).await?;
        if !command.answers_reporters && answers.iter().any(|one| one.kind != Kind::Holding) {
            return Err(CorrectError::AnswersReporters);
        }
        let note = format!("已并入工单{}。", into.code);
        let closing = DismissCase {
            case: case.case,
            expected_revision: case.state_revision,
            reason: note.clone(),
            session_secret: command.session_secret.clone(),
        };
        self.revoke_holding_statements(&mut tx, officer, &case, &closing, now).await?;
        store::case::move_to(&mut tx, &mut case, state, &note).await?;
        store::case::set_merged_into(&mut tx, &mut case, into.case).await?;
        let said = into.note.clone();
        let state = into.state;
        store::case::move_to(&mut tx, &mut into, state, &said).await?;
        tell(&mut tx, officer, case.case, now, format!("并入工单{}。", into.code)).await?;
        tell(&mut tx, officer, into.case, now, format!("工单{}并入本工单。", case.code)).await?;
        let decided = Decided { kind: "merge", case: &case, other: Some(into.case) };
        let number = number(&mut tx, officer, &decided, now).await?;
        let event = events::claims_merged(officer.agency, number, now, claim, into_claim);
        emit(&mut tx, officer.agency, &event).await?;
        let entry = deed(officer, now, "case.merged", format!("{} into {}", named(&case), named(&into)));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        runtime::crash_point!("approval.correct.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.correct.after_commit");
        Ok((case, into))
    }

    /// Takes reports out of a case's claim; gives the case and the new one.
    ///
    /// # Errors
    /// When the case changed or does not allow it.
    pub async fn split_case(
        &self,
        officer: &Officer,
        command: &SplitCase,
    ) -> Result<(CaseFile, CaseFile), CorrectError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let asked = (command.case, &command.reports, &command.sentence);
        let request = Request::new(command.request, "split_case", &asked);
        let new_case = CaseId::mint();
        let subject = Subject { id: new_case.as_uuid(), revision: 0 };
        if let Some(subject) = before(&mut tx, officer.agency, &request, subject).await? {
            return pair(&mut tx, command.case, CaseId::from_uuid(subject.id)).await;
        }
        store::agency::lock_counter(&mut tx, officer.agency).await?;
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(CorrectError::NoCase)?;
        if case.state_revision != command.expected_revision {
            return Err(CorrectError::Stale);
        }
        let claim = case.claim.ok_or(CorrectError::NoClaim)?;
        let state = case.state;
        if state == CaseState::Dismissed {
            return Err(CaseRefusal { state }.into());
        }
        let taken = i64::try_from(command.reports.len()).unwrap_or(i64::MAX);
        if taken >= case.report_count {
            return Err(CorrectError::NothingLeft);
        }
        let codes = store::agency::take_case_codes(&mut tx, officer.agency, 1).await?;
        let code = codes.and_then(|mut codes| codes.pop()).ok_or(CorrectError::UnknownAgency)?;
        let counts = ClaimCounts {
            claim: ClaimId::mint(),
            claim_state_revision: 0,
            sentence: command.sentence.clone(),
            report_count: taken,
            urgency: case.urgency,
            order_hint: case.order_hint,
            departments: case.departments.clone(),
            named_until: None,
        };
        let opened = OpenedByClaim { case: new_case, code, claim: &counts };
        store::case::insert_for_claims(&mut tx, officer.agency, &[opened], now).await?;
        let split = store::case::get(&mut tx, new_case).await?.ok_or(CorrectError::NoCase)?;
        let note = case.note.clone();
        store::case::move_to(&mut tx, &mut case, state, &note).await?;
        let what = format!("拆出{taken}条线索，另立工单{}。", split.code);
        tell(&mut tx, officer, case.case, now, what).await?;
        tell(&mut tx, officer, split.case, now, format!("由工单{}拆出{taken}条线索。", case.code)).await?;
        let decided = Decided { kind: "split", case: &case, other: Some(split.case) };
        let number = number(&mut tx, officer, &decided, now).await?;
        let event = events::claim_split(officer.agency, number, now, claim, counts.claim, command);
        emit(&mut tx, officer.agency, &event).await?;
        let entry = deed(officer, now, "case.split", format!("{} off {}", named(&split), named(&case)));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        runtime::crash_point!("approval.correct.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.correct.after_commit");
        Ok((case, split))
    }

    /// Says which departments a case is for.
    ///
    /// # Errors
    /// When the case changed or does not allow it.
    pub async fn reroute_case(
        &self,
        officer: &Officer,
        command: &RerouteCase,
    ) -> Result<CaseFile, CorrectError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        store::agency::lock_counter(&mut tx, officer.agency).await?;
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(CorrectError::NoCase)?;
        if case.state_revision != command.expected_revision {
            return Err(CorrectError::Stale);
        }
        if case.state == CaseState::Dismissed {
            return Err(CaseRefusal { state: case.state }.into());
        }
        store::case::set_departments(&mut tx, &mut case, &command.departments).await?;
        let what = format!("改派：{}。", command.departments.join("、"));
        tell(&mut tx, officer, case.case, now, what).await?;
        if let Some(claim) = case.claim {
            let decided = Decided { kind: "reroute", case: &case, other: None };
            let number = number(&mut tx, officer, &decided, now).await?;
            let event = events::claim_rerouted(officer, number, now, claim, &command.departments);
            emit(&mut tx, officer.agency, &event).await?;
        }
        let entry = deed(officer, now, "case.rerouted", named(&case));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        runtime::crash_point!("approval.correct.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.correct.after_commit");
        Ok(case)
    }
}

/// What the request made before; `None` where it is new.
async fn before(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: &Request,
    subject: Subject,
) -> Result<Option<Subject>, CorrectError> {
    match store::replay::claim(tx, agency, request, subject).await? {
        Claimed::New => Ok(None),
        Claimed::Before(subject) => Ok(Some(subject)),
        Claimed::Mismatch => Err(CorrectError::RequestReused),
    }
}

async fn pair(
    tx: &mut PgConnection,
    one: CaseId,
    other: CaseId,
) -> Result<(CaseFile, CaseFile), CorrectError> {
    let one = store::case::get(tx, one).await?.ok_or(CorrectError::NoCase)?;
    let other = store::case::get(tx, other).await?.ok_or(CorrectError::NoCase)?;
    Ok((one, other))
}

/// Locks both in the order of their claims, as the growth of claims does.
async fn lock_both(
    tx: &mut PgConnection,
    one: CaseId,
    other: CaseId,
) -> Result<(CaseFile, CaseFile), CorrectError> {
    let (first, second) = pair(tx, one, other).await?;
    let swapped = second.claim < first.claim;
    let (first, second) = if swapped { (other, one) } else { (one, other) };
    let first = store::case::lock(tx, first).await?.ok_or(CorrectError::NoCase)?;
    let second = store::case::lock(tx, second).await?.ok_or(CorrectError::NoCase)?;
    Ok(if swapped { (second, first) } else { (first, second) })
}

struct Decided<'a> {
    kind: &'static str,
    case: &'a CaseFile,
    other: Option<CaseId>,
}

/// Takes the next number for a correction and keeps it. The caller holds the agency's counter.
async fn number(
    tx: &mut PgConnection,
    officer: &Officer,
    decided: &Decided<'_>,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let correction = Correction {
        kind: decided.kind,
        case: decided.case.case,
        other: decided.other,
        person: officer.person,
        time: now,
    };
    store::correction::insert(tx, officer.agency, &correction).await
}

async fn emit(tx: &mut PgConnection, agency: AgencyId, event: &ClaimCorrected) -> Result<(), StoreError> {
    outbox::enqueue(tx, agency, ClaimCorrected::SUBJECT, event).await?;
    Ok(())
}

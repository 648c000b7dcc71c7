//! Returning a revision to its drafter, with a reason.

use ids::ClarificationId;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::{CaseCommand, CaseRefusal};
use crate::domain::officer::Officer;
use crate::domain::revision::{RevisionCommand, RevisionRefusal};
use crate::read_cases::{SignedRevision, with_steps};
use crate::store::{self, StoreError};

/// A revision to be returned, or to be revoked.
pub struct WithReason {
    /// The clarification.
    pub clarification: ClarificationId,
    /// The revision that the person saw.
    pub revision: u64,
    /// Why; never empty.
    pub reason: String,
}

/// Why nothing was returned.
#[derive(Debug, thiserror::Error)]
pub enum ReturnDraftError {
    /// There is no such revision in this agency.
    #[error("no such revision")]
    NoRevision,
    /// A newer revision was saved in the meantime.
    #[error("a newer revision was saved in the meantime")]
    Stale,
    /// The revision does not allow it.
    #[error(transparent)]
    Revision(#[from] RevisionRefusal),
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Returns the newest revision to its drafter.
    ///
    /// # Errors
    /// When it is not in review.
    pub async fn return_draft(
        &self,
        officer: &Officer,
        command: &WithReason,
    ) -> Result<SignedRevision, ReturnDraftError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let case = store::clarification::case_of(&mut tx, command.clarification).await?;
        let case = case.ok_or(ReturnDraftError::NoRevision)?;
        trace_case(case);
        let mut case = store::case::lock(&mut tx, case).await?.ok_or(ReturnDraftError::NoRevision)?;
        let clarification = store::clarification::lock(&mut tx, command.clarification).await?;
        let clarification = clarification.ok_or(ReturnDraftError::NoRevision)?;
        let revision =
            store::clarification::revision(&mut tx, command.clarification, command.revision).await?;
        let mut revision = revision.ok_or(ReturnDraftError::NoRevision)?;
        if clarification.latest_revision.cast_unsigned() != command.revision {
            return Err(ReturnDraftError::Stale);
        }
        let next = revision.state.apply(RevisionCommand::Return)?;
        let state = case.state.apply(CaseCommand::ReturnDraft)?;
        store::clarification::move_to(&mut tx, &mut revision, next, &command.reason).await?;
        store::case::move_to(&mut tx, &mut case, state, "").await?;
        let what = format!("退回第{}稿：{}", command.revision, command.reason);
        tell(&mut tx, officer, case.case, now, what).await?;
        let subject = format!(
            "clarification {} revision {} of {}",
            command.clarification,
            command.revision,
            named(&case)
        );
        let entry = deed(officer, now, "draft.returned", subject);
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        let returned = with_steps(&mut tx, revision).await?;
        commit(tx).await?;
        Ok(returned)
    }
}

//! Revoking a signed clarification: what is not out yet never goes out.

use contracts::Event;
use contracts::approval::v1::ClarificationRevoked;
use messaging::outbox;
use signoff::order::Command;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::{CaseCommand, CaseRefusal};
use crate::domain::officer::Officer;
use crate::domain::revision::{RevisionCommand, RevisionRefusal};
use crate::events;
use crate::give_order::{NotGiven, ToGive};
use crate::read_cases::{SignedRevision, with_steps};
use crate::return_draft::WithReason;
use crate::store::{self, StoreError};
use crate::validity;

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// There is no such revision in this agency.
    #[error("no such revision")]
    NoRevision,
    /// The revision does not allow it.
    #[error(transparent)]
    Revision(#[from] RevisionRefusal),
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The order could not be signed.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Revokes a signed revision.
    ///
    /// # Errors
    /// When it is not signed.
    pub async fn revoke_clarification(
        &self,
        officer: &Officer,
        command: &WithReason,
        session_secret: &str,
    ) -> Result<SignedRevision, RevokeError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let case = store::clarification::case_of(&mut tx, command.clarification).await?;
        let case = case.ok_or(RevokeError::NoRevision)?;
        trace_case(case);
        let mut case = store::case::lock(&mut tx, case).await?.ok_or(RevokeError::NoRevision)?;
        store::clarification::lock(&mut tx, command.clarification).await?;
        let revision =
            store::clarification::revision(&mut tx, command.clarification, command.revision).await?;
        let mut revision = revision.ok_or(RevokeError::NoRevision)?;
        let next = revision.state.apply(RevisionCommand::Revoke)?;
        let state = case.state.apply(CaseCommand::Halt)?;
        let reason = revision.return_reason.clone();
        store::clarification::move_to(&mut tx, &mut revision, next, &reason).await?;
        let note = format!("已撤销签发：{}", command.reason);
        store::case::move_to(&mut tx, &mut case, state, &note).await?;
        validity::follow(&mut tx, &mut case).await?;
        tell(
            &mut tx,
            officer,
            case.case,
            now,
            format!("撤销第{}稿的签发：{}", command.revision, command.reason),
        )
        .await?;
        let order = ToGive {
            id: Uuid::now_v7(),
            command: Command::Revoke { clarification: command.clarification, revision: command.revision },
            reason: &command.reason,
        };
        let signed_order = self.give_order(&mut tx, officer, session_secret, order, now).await?;
        let event = events::clarification_revoked(revision.place, &command.reason, signed_order);
        outbox::enqueue(&mut tx, officer.agency, ClarificationRevoked::SUBJECT, &event)
            .await
            .map_err(StoreError::from)?;
        let subject = format!(
            "clarification {} revision {} of {}",
            command.clarification,
            command.revision,
            named(&case)
        );
        let entry = deed(officer, now, "clarification.revoked", subject);
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        let revoked = with_steps(&mut tx, revision).await?;
        runtime::crash_point!("approval.revoke.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.revoke.after_commit");
        Ok(revoked)
    }
}

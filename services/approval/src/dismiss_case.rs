//! Closing a case without a clarification.

use contracts::Event;
use contracts::approval::v1::{CaseDismissed, ClarificationRevoked};
use ids::CaseId;
use messaging::outbox;
use signoff::order::Command;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::{CaseCommand, CaseFile, CaseRefusal};
use crate::domain::draft::Kind;
use crate::domain::officer::Officer;
use crate::domain::revision::RevisionCommand;
use crate::events;
use crate::give_order::ToGive;
use crate::store::{self, StoreError};

/// A case to be closed.
pub struct DismissCase {
    /// The case.
    pub case: CaseId,
    /// The state that the officer saw.
    pub expected_revision: i64,
    /// Why; never empty.
    pub reason: String,
    /// Opens the key that signs the revocation of a holding statement. Without it that is told unsigned.
    pub session_secret: String,
}

/// Why the case stays open.
#[derive(Debug, thiserror::Error)]
pub enum DismissCaseError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// Somebody changed the case in the meantime.
    #[error("the case changed in the meantime")]
    Stale,
    /// Something signed is out or on its way.
    #[error("something signed is out or on its way")]
    Signed,
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Closes a case without a clarification.
    ///
    /// # Errors
    /// When the case changed, or something signed is out or on its way.
    pub async fn dismiss_case(
        &self,
        officer: &Officer,
        command: &DismissCase,
    ) -> Result<CaseFile, DismissCaseError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(DismissCaseError::NoCase)?;
        if case.state_revision != command.expected_revision {
            return Err(DismissCaseError::Stale);
        }
        let state = case.state.apply(CaseCommand::Dismiss)?;
        self.revoke_holding_statements(&mut tx, officer, &case, command, now).await?;
        store::case::move_to(&mut tx, &mut case, state, &command.reason).await?;
        tell(&mut tx, officer, case.case, now, format!("关闭工单：{}", command.reason)).await?;
        let event = events::case_dismissed(officer.agency, &case);
        outbox::enqueue(&mut tx, officer.agency, CaseDismissed::SUBJECT, &event)
            .await
            .map_err(StoreError::from)?;
        let entry = deed(officer, now, "case.dismissed", named(&case));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        runtime::crash_point!("approval.dismiss.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.dismiss.after_commit");
        Ok(case)
    }

    /// Nobody is being told any more that a dismissed case is under investigation. Anything else that is signed
    /// keeps the case from being dismissed.
    ///
    /// # Errors
    /// When something else is signed.
    pub async fn revoke_holding_statements(
        &self,
        tx: &mut PgConnection,
        officer: &Officer,
        case: &CaseFile,
        command: &DismissCase,
        now: OffsetDateTime,
    ) -> Result<(), DismissCaseError> {
        let signed = store::clarification::signed_of_case(tx, case.case).await?;
        if signed.iter().any(|one| one.kind != Kind::Holding) {
            return Err(DismissCaseError::Signed);
        }
        for holding in signed {
            store::clarification::lock(tx, holding.clarification).await?;
            let revision =
                store::clarification::revision(tx, holding.clarification, holding.revision).await?;
            if let Some(mut revision) = revision
                && let Ok(next) = revision.state.apply(RevisionCommand::Revoke)
            {
                store::clarification::move_to(tx, &mut revision, next, "").await?;
                let place = revision.place;
                let order = ToGive {
                    id: Uuid::now_v7(),
                    command: Command::Revoke { clarification: place.clarification, revision: place.revision },
                    reason: &command.reason,
                };
                // It has no page to take down, and is silent either way.
                let signed_order = self
                    .give_order_if_possible(tx, officer, &command.session_secret, order, now)
                    .await?
                    .unwrap_or_default();
                let event = events::clarification_revoked(place, &command.reason, signed_order);
                outbox::enqueue(tx, place.agency, ClarificationRevoked::SUBJECT, &event)
                    .await
                    .map_err(StoreError::from)?;
            }
        }
        Ok(())
    }
}

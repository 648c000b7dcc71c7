//! Recording a halt and telling every service. Any officer on duty may, and it happens at once; the review
//! comes afterwards (G11). The officer's key signs it where it opens; where it does not, it stops all the same.

use contracts::Event;
use contracts::approval::v1::HaltOrdered;
use ids::{ClarificationId, HaltId};
use messaging::outbox;
use signoff::order::Command;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::{Desk, commit, deed, tell, trace_case};
use crate::domain::case::CaseCommand;
use crate::domain::halt::HaltScope;
use crate::domain::officer::Officer;
use crate::domain::revision::RevisionCommand;
use crate::events;
use crate::give_order::ToGive;
use crate::store::{self, StoreError};

/// What an officer stops.
pub struct OrderHalt {
    /// The request's id, and the halt's.
    pub halt: HaltId,
    /// What stops.
    pub scope: HaltScope,
    /// Why, in the officer's words; may be empty, because stopping must not wait for words.
    pub reason: String,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum OrderHaltError {
    /// There is no such clarification in this agency.
    #[error("no such clarification")]
    NoClarification,
    /// The request's id was used for another scope, or its halt is over.
    #[error("this request id was used for another halt, or for one that is over")]
    RequestReused,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Records a halt and queues its event; the same one again changes nothing. Gives the signed order, where it
    /// could be signed.
    ///
    /// # Errors
    /// When the clarification is not this agency's.
    pub async fn order_halt(
        &self,
        officer: &Officer,
        command: &OrderHalt,
        session_secret: &str,
    ) -> Result<Option<Vec<u8>>, OrderHaltError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        // Looked up before anything is written: the lock on the case comes first, as everywhere.
        if let HaltScope::Clarification(clarification) = &command.scope {
            self.halt_case(&mut tx, officer, command, *clarification, now).await?;
        }
        // Whoever sends a form of yesterday again must not believe that it stops anything.
        if store::halt::is_over(&mut tx, officer.agency, command.halt).await? {
            return Err(OrderHaltError::RequestReused);
        }
        let order = ToGive {
            id: command.halt.as_uuid(),
            command: Command::Halt(command.scope.signed()),
            reason: &command.reason,
        };
        let signed_order = self.give_order_if_possible(&mut tx, officer, session_secret, order, now).await?;
        let recorded = store::halt::insert(&mut tx, officer, command, signed_order.as_deref(), now).await?;
        if !recorded {
            let before = store::halt::recorded(&mut tx, officer.agency, command.halt).await?;
            let (scope, target) = command.scope.parts();
            // Dropping the transaction undoes what was done to the case a second time.
            return match before {
                Some(known) if known.scope == scope && known.target == target => Ok(known.signed_order),
                _ => Err(OrderHaltError::RequestReused),
            };
        }
        let event = events::halt_ordered(officer, command, signed_order.as_deref(), now);
        outbox::enqueue(&mut tx, officer.agency, HaltOrdered::SUBJECT, &event)
            .await
            .map_err(StoreError::from)?;
        let (scope, target) = command.scope.parts();
        let subject = format!("halt {} of {scope} {target}", command.halt);
        let unsigned = if signed_order.is_some() { "" } else { ", unsigned" };
        let entry = deed(officer, now, "halt.ordered", format!("{}{unsigned}", subject.trim_end()));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        runtime::crash_point!("approval.halt.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.halt.after_commit");
        Ok(signed_order)
    }

    /// The case stops, and a revision that is in review goes back: what was halted is signed only as a new
    /// revision, from the beginning.
    async fn halt_case(
        &self,
        tx: &mut PgConnection,
        officer: &Officer,
        command: &OrderHalt,
        clarification: ClarificationId,
        now: OffsetDateTime,
    ) -> Result<(), OrderHaltError> {
        let case = store::clarification::case_of(tx, clarification).await?;
        let case = case.ok_or(OrderHaltError::NoClarification)?;
        trace_case(case);
        let mut case = store::case::lock(tx, case).await?.ok_or(OrderHaltError::NoClarification)?;
        let locked = store::clarification::lock(tx, clarification).await?;
        let latest = locked.ok_or(OrderHaltError::NoClarification)?.latest_revision.cast_unsigned();
        let note = format!("停发：{}", command.reason);
        let revision = store::clarification::revision(tx, clarification, latest).await?;
        if let Some(mut revision) = revision
            && let Ok(next) = revision.state.apply(RevisionCommand::Return)
        {
            store::clarification::move_to(tx, &mut revision, next, &note).await?;
        }
        // A dismissed case stays dismissed; the halt is recorded all the same.
        if let Ok(state) = case.state.apply(CaseCommand::Halt) {
            store::case::move_to(tx, &mut case, state, &note).await?;
        }
        tell(tx, officer, case.case, now, note).await?;
        Ok(())
    }
}

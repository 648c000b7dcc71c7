//! Ending halts. Stopping is open to every officer; starting again is a decision of the leads, with a reason, in the
//! trail and signed. What was stopped altogether goes on by the signer's word alone.

use std::collections::BTreeSet;

use contracts::Event;
use contracts::approval::v1::HaltLifted;
use ids::HaltId;
use masking::mask;
use messaging::outbox;
use signoff::order::{Command, HALTS_MAX};
use signoff::verify_order::roles_for;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, tell, trace_case};
use crate::domain::halt::HaltScope;
use crate::domain::officer::Officer;
use crate::events;
use crate::give_order::{NotGiven, ToGive};
use crate::store::halt::NewLift;
use crate::store::{self, StoreError};

/// Halts to be ended.
pub struct LiftHalt {
    /// The request's id, and the order's.
    pub lift: Uuid,
    /// What goes on.
    pub scope: HaltScope,
    /// Halts that publish or ingest have in force; approval adds those that it knows.
    pub halts: BTreeSet<HaltId>,
    /// Why; never empty.
    pub reason: String,
}

/// Halts that were ended.
pub struct Lifted {
    /// The order, as it travels.
    pub signed_order: Vec<u8>,
    /// What it ends.
    pub halts: Vec<HaltId>,
}

/// Why nothing goes on.
#[derive(Debug, thiserror::Error)]
pub enum LiftHaltError {
    /// There is no such clarification in this agency.
    #[error("no such clarification")]
    NoClarification,
    /// What was stopped altogether is the signer's to let go on.
    #[error("everything goes on by the signer's word alone")]
    SignersAlone,
    /// Nothing of this scope is stopped.
    #[error("nothing of this scope is stopped")]
    NothingHalted,
    /// A named halt is one of another scope.
    #[error("a named halt is one of another scope")]
    OtherScope,
    /// The request's id was used for something else.
    #[error("this request id was used for another resumption")]
    RequestReused,
    /// The order could not be signed.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Signs the order that ends these halts, and tells every service; the same one again changes nothing.
    ///
    /// # Errors
    /// When the officer may not, nothing is stopped, or the order cannot be signed. Then nothing is changed.
    pub async fn lift_halt(
        &self,
        officer: &Officer,
        command: &LiftHalt,
        session_secret: &str,
    ) -> Result<Lifted, LiftHaltError> {
        let now = self.now();
        let agency = officer.agency;
        let mut tx = self.begin(agency).await?;
        let mut case = None;
        if let HaltScope::Clarification(clarification) = &command.scope {
            let about = store::clarification::case_of(&mut tx, *clarification).await?;
            let about = about.ok_or(LiftHaltError::NoClarification)?;
            trace_case(about);
            case = store::case::lock(&mut tx, about).await?;
        }
        if let Some(before) = store::halt::lift(&mut tx, agency, command.lift).await? {
            let same = before.scope == command.scope && before.reason == command.reason;
            return if same { Ok(before.lifted) } else { Err(LiftHaltError::RequestReused) };
        }
        // A halt's id names the halt, and no resumption.
        if store::halt::recorded(&mut tx, agency, HaltId::from_uuid(command.lift)).await?.is_some() {
            return Err(LiftHaltError::RequestReused);
        }
        if store::halt::any_of_other_scope(&mut tx, agency, &command.halts, &command.scope).await? {
            return Err(LiftHaltError::OtherScope);
        }
        let mut halts = command.halts.clone();
        let room = HALTS_MAX.saturating_sub(halts.len());
        halts.extend(store::halt::in_force(&mut tx, agency, &command.scope, room).await?);
        if halts.is_empty() {
            return Err(LiftHaltError::NothingHalted);
        }
        let order = Command::Lift { scope: command.scope.signed(), halts: halts.clone(), expires_at_ms: 0 };
        if !roles_for(&order).contains(&officer.role.as_str()) {
            return Err(LiftHaltError::SignersAlone);
        }
        let order = ToGive { id: command.lift, command: order, reason: &command.reason };
        let signed_order = self.give_order(&mut tx, officer, session_secret, order, now).await?;
        let lifted = Lifted { signed_order, halts: halts.into_iter().collect() };
        let new =
            NewLift { lift: command.lift, scope: &command.scope, reason: &command.reason, lifted: &lifted };
        if !store::halt::insert_lift(&mut tx, officer, &new, now).await? {
            return Err(LiftHaltError::RequestReused);
        }
        let event = events::halt_lifted(agency, command.lift, &lifted.signed_order);
        outbox::enqueue(&mut tx, agency, HaltLifted::SUBJECT, &event).await.map_err(StoreError::from)?;
        let (scope, target) = command.scope.parts();
        let about = format!("{scope} {target}");
        // The trail is for ever: what the officer quotes of a citizen must not get into it.
        let subject = format!("lift {} of {}: {}", command.lift, about.trim_end(), mask(&command.reason));
        audit::record(&mut tx, agency, &[deed(officer, now, "halt.lifted", subject)]).await?;
        if let Some(case) = case {
            tell(&mut tx, officer, case.case, now, format!("恢复：{}", command.reason)).await?;
        }
        runtime::crash_point!("approval.lift.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.lift.after_commit");
        Ok(lifted)
    }
}

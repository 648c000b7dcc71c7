//! Stopping: a halt by any officer on duty, and the revocation of a signed clarification (design G11). Both are
//! durable when they return, and both are told apart from a write by the agency's gate: what began before is
//! "already out", what did not begin never will.

use ids::{AgencyId, ClarificationId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::agency::Agency;
use crate::change::{ChangeError, change};
use crate::domain::channel::Channel;
use crate::domain::publication::{Command, State};
use crate::store::halt::{Effect, Order};
use crate::{orders, store};

/// A revocation as the bus tells of it.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Of which clarification.
    pub clarification: ClarificationId,
    /// Up to which revision.
    pub revision: u64,
    /// Why.
    pub reason: String,
    /// The order with the papers behind it; may be missing, or worth nothing.
    pub signed_order: Vec<u8>,
}

/// Carries out a halt. The agency's gate is closed. The same halt again gives the first answer, and brings what is
/// known of its signature; one that a resumption has named already has nothing to stop.
///
/// # Errors
/// When the database refuses.
pub async fn halt(
    tx: &mut PgConnection,
    agency: AgencyId,
    order: &Order,
    now: OffsetDateTime,
) -> Result<Effect, ChangeError> {
    match store::halt::known(tx, order.id).await? {
        Some(known) if known.scope == order.scope => {
            store::halt::note_signing(tx, order).await?;
            return Ok(known.effect);
        }
        // Whoever told us of something narrower under this id must not have disarmed it: it stops under an id of ours.
        Some(known) => {
            let id = HaltId::mint();
            tracing::error!(
                "halt {} came of {} and then of {}: the second is obeyed as halt {id}",
                order.id,
                known.scope,
                order.scope
            );
            return stop_covered(tx, agency, &Order { id, ..order.clone() }, now).await;
        }
        None => {}
    }
    if let Some(lift) = store::order::lift_of(tx, order.id, &order.scope).await? {
        let effect = Effect::default();
        store::halt::insert(tx, agency, order, &effect, Some(lift), now).await?;
        return Ok(effect);
    }
    stop_covered(tx, agency, order, now).await
}

async fn stop_covered(
    tx: &mut PgConnection,
    agency: AgencyId,
    order: &Order,
    now: OffsetDateTime,
) -> Result<Effect, ChangeError> {
    let mut effect = Effect::default();
    let covered =
        store::publication::lock_for_halt(tx, order.scope.clarification(), order.scope.account()).await?;
    for publication in covered {
        let id = publication.id.as_uuid();
        let stop = Command::Stop { reason: format!("停发：{}", order.reason) };
        match change(tx, publication, stop, now).await?.state {
            State::Halted => effect.stopped.push(id),
            State::Planned
            | State::Sending
            | State::Uncertain
            | State::Accepted
            | State::Confirmed
            | State::Failed
            | State::Refused
            | State::Withdrawn
            | State::NeedsPerson => effect.already_out.push(id),
        }
    }
    store::halt::insert(tx, agency, order, &effect, None, now).await?;
    Ok(effect)
}

/// Takes a signed clarification back, up to a revision: stops what is planned and, where the order counts, takes our
/// page down. What the platforms already show is theirs; the publications say where. A revocation that does not count
/// may be anybody's word: nothing more goes out by it, and the public is told nothing.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(
    tx: &mut PgConnection,
    agency: &Agency,
    revocation: &Revocation,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    let Revocation { clarification, revision, reason, signed_order } = revocation;
    let judged = orders::judge_revocation(agency, *clarification, *revision, signed_order, now);
    let counting = judged.is_ok().then_some(signed_order.as_slice());
    store::halt::revoke(tx, agency.id, *clarification, *revision, reason, counting).await?;
    let said = if counting.is_some() { "已撤销签发" } else { "收到未签名的撤销，先停发" };
    let what = format!("{said}：{reason}");
    for publication in store::publication::lock_up_to(tx, *clarification, *revision).await? {
        let is_public_page =
            publication.account.channel == Channel::Page && publication.state == State::Confirmed;
        let reason = what.clone();
        let command = if is_public_page && counting.is_some() {
            Command::Withdraw { reason }
        } else {
            Command::Stop { reason }
        };
        change(tx, publication, command, now).await?;
    }
    if let Err(refused) = judged {
        let what = format!("辟谣稿{clarification}第{revision}稿的撤销，未发出的已停，公开页没有撤下");
        orders::keep_refused(tx, agency, "revoke", &what, &refused, signed_order, now).await?;
    }
    Ok(())
}

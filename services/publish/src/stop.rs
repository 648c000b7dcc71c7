//! Stopping: a halt by any officer on duty, and the revocation of a signed clarification (design G11). Both are
//! durable when they return, and both are told apart from a write by the agency's gate: what began before is
//! "already out", what did not begin never will.

use ids::{AgencyId, ClarificationId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::change::{ChangeError, change};
use crate::domain::channel::Channel;
use crate::domain::publication::{Command, State};
use crate::store;
use crate::store::halt::{Effect, Order};

/// Carries out a halt. The agency's gate is closed. The same halt again gives the first answer.
///
/// # Errors
/// When the database refuses.
pub async fn halt(
    tx: &mut PgConnection,
    agency: AgencyId,
    order: &Order,
    now: OffsetDateTime,
) -> Result<Effect, ChangeError> {
    if let Some(effect) = store::halt::effect(tx, order.id).await? {
        return Ok(effect);
    }
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
    store::halt::insert(tx, agency, order, &effect, now).await?;
    Ok(effect)
}

/// Takes a signed clarification back, up to a revision: stops what is planned and takes our page down. What the
/// platforms already show is theirs; the publications say where.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
    reason: &str,
    now: OffsetDateTime,
) -> Result<(), ChangeError> {
    store::halt::revoke(tx, agency, clarification, revision, reason).await?;
    for publication in store::publication::lock_up_to(tx, clarification, revision).await? {
        let reason = format!("已撤销签发：{reason}");
        let is_public_page =
            publication.account.channel == Channel::Page && publication.state == State::Confirmed;
        let command = if is_public_page { Command::Withdraw { reason } } else { Command::Stop { reason } };
        change(tx, publication, command, now).await?;
    }
    Ok(())
}

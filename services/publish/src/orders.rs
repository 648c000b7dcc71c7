//! Officers' signed orders, judged from the root key alone. A halt is obeyed first and judged then; a revocation that
//! does not count stops and takes nothing down; a resumption is judged first and then obeyed.

use grpc::brief;
use ids::{ClarificationId, HaltId};
use signoff::order::{Command, OrderScope};
use signoff::verify_order::{OrderRefused, VerifiedOrder, verify_encoded_order};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::agency::Agency;
use crate::domain::halt::{Scope, Signing};
use crate::store;
use crate::store::halt::Order;
use crate::store::order::{Lift, Refused};

/// A halt as the bus tells of it, with what its order is worth. The words are the order's own where it counts.
#[must_use]
pub fn halt(
    agency: &Agency,
    id: HaltId,
    scope: Scope,
    reason: &str,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> Order {
    let judged = verify_encoded_order(signed_order, &agency.trust, now).and_then(|verified| {
        let same = verified.order.id == id.as_uuid()
            && matches!(&verified.order.command, Command::Halt(ordered) if scope.is(ordered));
        if same { Ok(verified) } else { Err(OrderRefused::Other) }
    });
    match judged {
        Ok(VerifiedOrder { order, display_name }) => Order {
            id,
            scope,
            reason: brief(&order.reason),
            ordered_by: brief(&display_name),
            signing: Signing::Signed(signed_order.to_vec()),
        },
        Err(refused) => {
            let error = &refused as &dyn std::error::Error;
            tracing::warn!(error, "halt {id} is obeyed although it counts as unsigned");
            Order {
                id,
                scope,
                reason: reason.to_owned(),
                ordered_by: String::new(),
                signing: Signing::Unsigned(refused.zh()),
            }
        }
    }
}

/// Says whether an order takes back this revision.
///
/// # Errors
/// Why it does not.
pub fn judge_revocation(
    agency: &Agency,
    clarification: ClarificationId,
    revision: u64,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> Result<(), OrderRefused> {
    let verified = verify_encoded_order(signed_order, &agency.trust, now)?;
    let same = verified.order.command == Command::Revoke { clarification, revision };
    if same { Ok(()) } else { Err(OrderRefused::Other) }
}

/// Why nothing goes on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The order does not count. It was kept, and the transaction is to be committed.
    #[error("the order does not count")]
    Refused(#[from] OrderRefused),
    /// The database refused.
    #[error("a resumption could not be recorded")]
    Database(#[from] sqlx::Error),
}

/// Ends the halts that a lead's order names. The agency's gate is closed. The same order again changes nothing, so an
/// old one never ends a newer halt.
///
/// # Errors
/// When the order does not count; then nothing goes on, and people can see that one came.
pub async fn resume(
    tx: &mut PgConnection,
    agency: &Agency,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> Result<(), ResumeError> {
    let judged = verify_encoded_order(signed_order, &agency.trust, now).and_then(lift);
    let lift = match judged {
        Ok(Some(lift)) => lift,
        // Answers are ingest's.
        Ok(None) => return Ok(()),
        Err(refused) => {
            keep_refused(tx, agency, "lift", "恢复没有执行", &refused, signed_order, now).await?;
            return Err(refused.into());
        }
    };
    if store::order::lift(tx, agency.id, &lift, signed_order, now).await? {
        tracing::info!("{} halts of {} are lifted by order {}", lift.halts.len(), lift.scope, lift.id);
    }
    Ok(())
}

/// Keeps an order that did not count; `what` says what follows from that.
///
/// # Errors
/// When the database refuses.
pub async fn keep_refused(
    tx: &mut PgConnection,
    agency: &Agency,
    command: &'static str,
    what: &str,
    refused: &OrderRefused,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    tracing::error!(error = refused as &dyn std::error::Error, "an order to {command} does not count");
    let refused = Refused {
        command: command.to_owned(),
        reason: refused.reason().to_owned(),
        detail: format!("{what}：{}", refused.zh()),
        refuse_time: now,
    };
    store::order::refuse(tx, agency.id, &refused, signed_order).await
}

/// The resumption that an order is; `None` where it is of nothing that goes out here.
fn lift(verified: VerifiedOrder) -> Result<Option<Lift>, OrderRefused> {
    let VerifiedOrder { order, display_name } = verified;
    let Command::Lift { scope, halts, .. } = order.command else { return Err(OrderRefused::Other) };
    // No account is called so, and the database takes no such name.
    if matches!(&scope, OrderScope::Account(account) if account.chars().any(char::is_control)) {
        return Err(OrderRefused::Other);
    }
    let given = OffsetDateTime::from_unix_timestamp_nanos(i128::from(order.given_at_ms) * 1_000_000);
    Ok(Scope::of(&scope).map(|scope| Lift {
        id: order.id,
        scope,
        halts: halts.into_iter().map(HaltId::as_uuid).collect(),
        reason: brief(&order.reason),
        person: order.person,
        ordered_by: brief(&display_name),
        // Within seconds of our own clock, or it would not have verified.
        order_time: given.unwrap_or(OffsetDateTime::UNIX_EPOCH),
    }))
}

//! Officers' signed orders, judged from the root key alone. A halt is obeyed first and judged then; a resumption is
//! judged first and then obeyed. A revocation silences whether it counts or not: this service takes nothing down.

use grpc::brief;
use ids::HaltId;
use signoff::order::Command;
use signoff::verify::Trust;
use signoff::verify_order::{OrderRefused, VerifiedOrder, verify_encoded_order};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::halt::{Scope, Signing};
use crate::domain::reply::Revision;
use crate::store::halt::Order;
use crate::store::order::{self, Lift, Refused};

/// A halt as the bus tells of it.
#[derive(Clone, Debug)]
pub struct Halted {
    /// Itself.
    pub halt: HaltId,
    /// What stops.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who ordered it, as the event names them.
    pub person: String,
    /// When, as the event says.
    pub order_time: Option<OffsetDateTime>,
    /// The order with the papers behind it; may be missing, or worth nothing.
    pub signed_order: Vec<u8>,
}

/// What is done about a halt, with what its order is worth. The words are the order's own where it counts.
#[must_use]
pub fn halt(trust: &Trust, halted: &Halted, now: OffsetDateTime) -> Order {
    let Halted { halt, scope, .. } = *halted;
    let judged = verify_encoded_order(&halted.signed_order, trust, now).and_then(|verified| {
        let same = verified.order.id == halt.as_uuid()
            && matches!(&verified.order.command, Command::Halt(ordered) if Scope::of(ordered) == Some(scope));
        if same { Ok(verified) } else { Err(OrderRefused::Other) }
    });
    let order_time = halted.order_time.unwrap_or(now);
    match judged {
        Ok(VerifiedOrder { order, display_name }) => Order {
            halt,
            scope,
            reason: brief(&order.reason),
            ordered_by: brief(&display_name),
            order_time,
            signing: Signing::Signed(halted.signed_order.clone()),
        },
        Err(refused) => {
            let error = &refused as &dyn std::error::Error;
            tracing::warn!(error, "halt {halt} is obeyed although it counts as unsigned");
            Order {
                halt,
                scope,
                reason: halted.reason.clone(),
                ordered_by: halted.person.clone(),
                order_time,
                signing: Signing::Unsigned(refused.zh()),
            }
        }
    }
}

/// The order by which this revision is taken back, where it counts; otherwise it is kept for people to see.
///
/// # Errors
/// When the database is away.
pub async fn revocation<'a>(
    tx: &mut PgConnection,
    trust: &Trust,
    revision: Revision,
    signed_order: &'a [u8],
    now: OffsetDateTime,
) -> sqlx::Result<Option<&'a [u8]>> {
    let Revision { clarification, revision } = revision;
    let judged = verify_encoded_order(signed_order, trust, now).and_then(|verified| {
        let same = verified.order.command == Command::Revoke { clarification, revision };
        if same { Ok(()) } else { Err(OrderRefused::Other) }
    });
    let Err(refused) = judged else { return Ok(Some(signed_order)) };
    let what = format!("辟谣稿{clarification}第{revision}稿的撤销，答复已停");
    keep_refused(tx, trust, "revoke", &what, &refused, signed_order, now).await?;
    Ok(None)
}

/// Why nothing goes on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The order does not count. It was kept, and the transaction is to be committed.
    #[error("the order does not count")]
    Refused(#[from] OrderRefused),
    /// The database is away.
    #[error("a resumption could not be recorded")]
    Database(#[from] sqlx::Error),
}

/// Ends the halts that a lead's order names. The caller holds `store::change_rules`. The same order again changes
/// nothing, so an old one never ends a newer halt.
///
/// # Errors
/// When the order does not count; then nothing goes on, and people can see that one came.
pub async fn resume(
    tx: &mut PgConnection,
    trust: &Trust,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> Result<(), ResumeError> {
    let lift = match verify_encoded_order(signed_order, trust, now).and_then(lift) {
        Ok(Some(lift)) => lift,
        // An account is publish's.
        Ok(None) => return Ok(()),
        Err(refused) => {
            keep_refused(tx, trust, "lift", "恢复没有执行", &refused, signed_order, now).await?;
            return Err(refused.into());
        }
    };
    if order::lift(tx, trust.agency, &lift, signed_order, now).await? {
        tracing::info!("{} halts of {} are lifted by order {}", lift.halts.len(), lift.scope, lift.id);
    }
    Ok(())
}

async fn keep_refused(
    tx: &mut PgConnection,
    trust: &Trust,
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
    order::refuse(tx, trust.agency, &refused, signed_order).await
}

/// The resumption that an order is; `None` where this service has no part in it.
fn lift(verified: VerifiedOrder) -> Result<Option<Lift>, OrderRefused> {
    let VerifiedOrder { order, display_name } = verified;
    let Command::Lift { scope, halts, .. } = order.command else { return Err(OrderRefused::Other) };
    let given = OffsetDateTime::from_unix_timestamp_nanos(i128::from(order.given_at_ms) * 1_000_000);
    Ok(Scope::of(&scope).map(|scope| Lift {
        id: order.id,
        scope,
        halts: halts.into_iter().map(HaltId::as_uuid).collect(),
        reason: brief(&order.reason),
        person: order.person,
        ordered_by: brief(&display_name),
        // Within the policy's lifetime of our own clock, or it would not have verified.
        order_time: given.unwrap_or(OffsetDateTime::UNIX_EPOCH),
    }))
}

//! Officers' orders beside the halts that they are about: resumptions that verified, and orders that did not count.

use ids::{AgencyId, HaltId, PersonId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::halt::Scope;

/// A resumption that verified.
#[derive(Clone, Debug)]
pub struct Lift {
    /// Itself.
    pub id: Uuid,
    /// What goes on.
    pub scope: Scope,
    /// The halts that it ends.
    pub halts: Vec<Uuid>,
    /// Why.
    pub reason: String,
    /// Who gave it.
    pub person: PersonId,
    /// Their name, as enrolled.
    pub ordered_by: String,
    /// When it was given.
    pub order_time: OffsetDateTime,
}

/// Keeps a resumption and ends the halts of exactly its scope that it names; false when it is known already, and then
/// nothing changes.
pub async fn lift(
    tx: &mut PgConnection,
    agency: AgencyId,
    lift: &Lift,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let kept = sqlx::query!(
        "INSERT INTO publish.lift
             (agency_id, lift_id, scope, halts, reason, person_id, ordered_by, order_time, signed_order)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        lift.id,
        lift.scope.to_string(),
        &lift.halts,
        lift.reason,
        lift.person.as_uuid(),
        lift.ordered_by,
        lift.order_time,
        signed_order,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if kept == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE publish.halt SET resume_time = $5, lift_id = $6
         WHERE halt_id = ANY($1) AND resume_time IS NULL AND scope = $2
           AND clarification_id IS NOT DISTINCT FROM $3 AND account IS NOT DISTINCT FROM $4",
        &lift.halts,
        lift.scope.as_str(),
        lift.scope.clarification().map(ids::ClarificationId::as_uuid),
        lift.scope.account(),
        now,
        lift.id,
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// The resumption that names this halt of this scope, if there is one.
pub async fn lift_of(tx: &mut PgConnection, halt: HaltId, scope: &Scope) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "SELECT lift_id FROM publish.lift WHERE $1 = ANY(halts) AND scope = $2 LIMIT 1",
        halt.as_uuid(),
        scope.to_string(),
    )
    .fetch_optional(tx)
    .await
}

/// An order that did not count.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What it claimed to be: "lift" or "revoke".
    pub command: String,
    /// UPPER_SNAKE.
    pub reason: String,
    /// In words for an officer.
    pub detail: String,
    /// When it came.
    pub refuse_time: OffsetDateTime,
}

/// Bytes of an order that did not count that are kept at most: those of any that could.
const KEPT_BYTES_MAX: usize = signoff::order::SIGNED_BYTES_MAX;

/// Keeps an order that did not count, for people to see.
pub async fn refuse(
    tx: &mut PgConnection,
    agency: AgencyId,
    refused: &Refused,
    signed_order: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO publish.refused_order
             (agency_id, refused_id, command, reason, detail, refuse_time, signed_order)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        agency.as_uuid(),
        Uuid::now_v7(),
        refused.command,
        refused.reason,
        refused.detail,
        refused.refuse_time,
        &signed_order[..signed_order.len().min(KEPT_BYTES_MAX)],
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The newest orders that did not count, since an instant.
pub async fn refused(tx: &mut PgConnection, since: OffsetDateTime, limit: i64) -> sqlx::Result<Vec<Refused>> {
    sqlx::query_as!(
        Refused,
        "SELECT command, reason, detail, refuse_time FROM publish.refused_order
         WHERE refuse_time > $1 ORDER BY refuse_time DESC, refused_id DESC LIMIT $2",
        since,
        limit,
    )
    .fetch_all(tx)
    .await
}

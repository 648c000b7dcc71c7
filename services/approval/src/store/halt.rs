//! Halts that officers ordered, and the resumptions that ended them.

use std::collections::BTreeSet;

use ids::{AgencyId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, corrupt};
use crate::domain::halt::HaltScope;
use crate::domain::officer::Officer;
use crate::lift_halt::Lifted;
use crate::order_halt::OrderHalt;

/// Records a halt, with its signed order where there is one; false when the same one was recorded before.
pub async fn insert(
    tx: &mut PgConnection,
    officer: &Officer,
    halt: &OrderHalt,
    signed_order: Option<&[u8]>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let (scope, target) = halt.scope.parts();
    let inserted = sqlx::query!(
        "INSERT INTO approval.halt
             (agency_id, halt_id, scope, target, reason, ordered_by, order_time, signed_order)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        officer.agency.as_uuid(),
        halt.halt.as_uuid(),
        scope,
        target,
        halt.reason,
        officer.person.as_uuid(),
        now,
        signed_order
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A halt that was recorded before.
pub struct Recorded {
    /// What it stops, as rows hold it.
    pub scope: String,
    /// As above.
    pub target: String,
    /// Its signed order, where it has one.
    pub signed_order: Option<Vec<u8>>,
}

/// A recorded halt.
pub async fn recorded(
    tx: &mut PgConnection,
    agency: AgencyId,
    halt: HaltId,
) -> Result<Option<Recorded>, StoreError> {
    let row = sqlx::query_as!(
        Recorded,
        "SELECT scope, target, signed_order FROM approval.halt WHERE agency_id = $1 AND halt_id = $2",
        agency.as_uuid(),
        halt.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(row)
}

/// Whether a resumption has named this halt, or is named so itself.
pub async fn is_over(tx: &mut PgConnection, agency: AgencyId, halt: HaltId) -> Result<bool, StoreError> {
    let over = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM approval.lifted_halt WHERE agency_id = $1 AND halt_id = $2)
            OR EXISTS (SELECT 1 FROM approval.lift WHERE agency_id = $1 AND lift_id = $2) AS "over!""#,
        agency.as_uuid(),
        halt.as_uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(over)
}

/// The newest halts of exactly this scope that no resumption has named.
pub async fn in_force(
    tx: &mut PgConnection,
    agency: AgencyId,
    scope: &HaltScope,
    limit: usize,
) -> Result<Vec<HaltId>, StoreError> {
    let (scope, target) = scope.parts();
    let halts = sqlx::query_scalar!(
        r#"SELECT halt_id AS "halt_id: HaltId" FROM approval.halt h
           WHERE agency_id = $1 AND scope = $2 AND target = $3
             AND NOT EXISTS (SELECT 1 FROM approval.lifted_halt l
                             WHERE l.agency_id = h.agency_id AND l.halt_id = h.halt_id)
           ORDER BY order_time DESC LIMIT $4"#,
        agency.as_uuid(),
        scope,
        target,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(tx)
    .await?;
    Ok(halts)
}

/// Whether any of these is recorded as a halt of another scope.
pub async fn any_of_other_scope(
    tx: &mut PgConnection,
    agency: AgencyId,
    halts: &BTreeSet<HaltId>,
    scope: &HaltScope,
) -> Result<bool, StoreError> {
    let halts: Vec<Uuid> = halts.iter().map(|halt| halt.as_uuid()).collect();
    let (scope, target) = scope.parts();
    let other = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM approval.halt
                          WHERE agency_id = $1 AND halt_id = ANY($2)
                            AND (scope <> $3 OR target <> $4)) AS "other!""#,
        agency.as_uuid(),
        &halts,
        scope,
        target
    )
    .fetch_one(tx)
    .await?;
    Ok(other)
}

/// A resumption that is new.
pub struct NewLift<'a> {
    /// Its id.
    pub lift: Uuid,
    /// What goes on.
    pub scope: &'a HaltScope,
    /// Why.
    pub reason: &'a str,
    /// The order, and what it ends.
    pub lifted: &'a Lifted,
}

/// Records a resumption; false when one of this id was recorded before.
pub async fn insert_lift(
    tx: &mut PgConnection,
    officer: &Officer,
    new: &NewLift<'_>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let (scope, target) = new.scope.parts();
    let inserted = sqlx::query!(
        "INSERT INTO approval.lift
             (agency_id, lift_id, scope, target, reason, ordered_by, order_time, signed_order)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        officer.agency.as_uuid(),
        new.lift,
        scope,
        target,
        new.reason,
        officer.person.as_uuid(),
        now,
        new.lifted.signed_order
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    let halts: Vec<Uuid> = new.lifted.halts.iter().map(|halt| halt.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO approval.lifted_halt (agency_id, lift_id, halt_id) SELECT $1, $2, unnest($3::uuid[])",
        officer.agency.as_uuid(),
        new.lift,
        &halts
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// A resumption that was recorded before.
pub struct RecordedLift {
    /// What goes on.
    pub scope: HaltScope,
    /// Why.
    pub reason: String,
    /// The order, and what it ends.
    pub lifted: Lifted,
}

/// A recorded resumption.
pub async fn lift(
    tx: &mut PgConnection,
    agency: AgencyId,
    lift: Uuid,
) -> Result<Option<RecordedLift>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT scope, target, reason, signed_order,
                  ARRAY(SELECT halt_id FROM approval.lifted_halt h
                        WHERE h.agency_id = l.agency_id AND h.lift_id = l.lift_id) AS "halts!"
           FROM approval.lift l WHERE agency_id = $1 AND lift_id = $2"#,
        agency.as_uuid(),
        lift
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        let scope = HaltScope::of_parts(&row.scope, &row.target)
            .ok_or_else(|| corrupt("lift.scope", lift, "no scope that we know"))?;
        let halts = row.halts.into_iter().map(HaltId::from_uuid).collect();
        let lifted = Lifted { signed_order: row.signed_order, halts };
        Ok(RecordedLift { scope, reason: row.reason, lifted })
    })
    .transpose()
}

//! Officers' orders beside the halts that they are about: resumptions that verified, and orders that did not count.

use ids::{AgencyId, ClarificationId, HaltId, PersonId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::answer::{Event, State};
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

/// Keeps a resumption, ends the halts of exactly its scope that it names, and lets what they stopped wait again,
/// except where another halt still stands. False when it is known already, and then nothing changes.
///
/// # Errors
/// When the database is away.
pub async fn lift(
    tx: &mut PgConnection,
    agency: AgencyId,
    lift: &Lift,
    signed_order: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let clarification = lift.scope.clarification().map(ClarificationId::as_uuid);
    let kept = sqlx::query!(
        "INSERT INTO ingest.resumption (
            agency_id, request_id, clarification_id, ordered_by, order_time, scope, halts, reason, person_id,
            signed_order
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        lift.id,
        clarification,
        lift.ordered_by,
        lift.order_time,
        lift.scope.to_string(),
        &lift.halts,
        lift.reason,
        lift.person.as_uuid(),
        signed_order,
    )
    .execute(&mut *tx)
    .await?;
    if kept.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE ingest.halt SET end_time = $4, lift_id = $5
        WHERE agency_id = $1 AND halt_id = ANY($2) AND end_time IS NULL
            AND clarification_id IS NOT DISTINCT FROM $3 AND (scope IS NULL OR scope = $6)",
        agency.as_uuid(),
        &lift.halts,
        clarification,
        now,
        lift.id,
        lift.scope.as_str(),
    )
    .execute(&mut *tx)
    .await?;
    // A revoked or replaced revision goes back to waiting too, and is stopped again when its turn comes.
    sqlx::query!(
        "UPDATE ingest.answer a SET state = 'pending', reason = '', next_attempt_time = $3, changed_time = $3
        WHERE a.agency_id = $1 AND ($2::uuid IS NULL OR a.clarification_id = $2) AND a.state = ANY($4)
            AND NOT EXISTS (
                SELECT 1 FROM ingest.halt h
                WHERE h.agency_id = a.agency_id AND h.end_time IS NULL
                    AND (h.clarification_id IS NULL OR h.clarification_id = a.clarification_id)
            )",
        agency.as_uuid(),
        clarification,
        now,
        &State::changed_by(Event::Resume),
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// The resumption that names this halt of this scope, if there is one.
///
/// # Errors
/// When the database is away.
pub async fn lift_of(
    tx: &mut PgConnection,
    agency: AgencyId,
    halt: HaltId,
    scope: Scope,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "SELECT request_id FROM ingest.resumption
        WHERE agency_id = $1 AND $2 = ANY(halts) AND scope = $3 LIMIT 1",
        agency.as_uuid(),
        halt.as_uuid(),
        scope.to_string(),
    )
    .fetch_optional(tx)
    .await
}

/// Whether a resumption has this id.
///
/// # Errors
/// When the database is away.
pub async fn is_lift(tx: &mut PgConnection, agency: AgencyId, id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
            SELECT 1 FROM ingest.resumption WHERE agency_id = $1 AND request_id = $2
        ) AS "known!""#,
        agency.as_uuid(),
        id,
    )
    .fetch_one(tx)
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
///
/// # Errors
/// When the database is away.
pub async fn refuse(
    tx: &mut PgConnection,
    agency: AgencyId,
    refused: &Refused,
    signed_order: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.refused_order
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
///
/// # Errors
/// When the database is away.
pub async fn refused(
    tx: &mut PgConnection,
    agency: AgencyId,
    since: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Refused>> {
    sqlx::query_as!(
        Refused,
        "SELECT command, reason, detail, refuse_time FROM ingest.refused_order
        WHERE agency_id = $1 AND refuse_time > $2 ORDER BY refuse_time DESC, refused_id DESC LIMIT $3",
        agency.as_uuid(),
        since,
        limit,
    )
    .fetch_all(tx)
    .await
}

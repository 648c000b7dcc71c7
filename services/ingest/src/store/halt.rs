//! Halts of automatic answers: begun, lifted, and asked about right before any word goes out.

use ids::{AgencyId, ClarificationId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::order::lift_of;
use crate::domain::answer::{Event, State};
use crate::domain::halt::{Scope, Signing};

/// An order to stop.
#[derive(Clone, Debug)]
pub struct Order {
    /// The halt.
    pub halt: HaltId,
    /// What stops.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who ordered it, by name where one is known.
    pub ordered_by: String,
    /// When.
    pub order_time: OffsetDateTime,
    /// Whether its officer has signed it.
    pub signing: Signing,
}

/// What a halt found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answers that were stopped before they went out.
    pub stopped: u64,
    /// Answers that had already gone out.
    pub already_out: u64,
}

/// A halt that is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whether it is of the scope that was asked about. One from before scopes were kept is of every scope that has its
    /// clarification.
    pub is_of_scope: bool,
    /// Whether it is over.
    pub is_over: bool,
    /// What it found.
    pub counts: Counts,
}

/// A halt that is known already, seen from `scope`.
///
/// # Errors
/// When the database is away.
pub async fn known(
    tx: &mut PgConnection,
    agency: AgencyId,
    halt: HaltId,
    scope: Scope,
) -> sqlx::Result<Option<Known>> {
    let row = sqlx::query!(
        r#"SELECT (scope IS NULL OR scope = $3) AND clarification_id IS NOT DISTINCT FROM $4 AS "is_of_scope!",
            end_time IS NOT NULL AS "is_over!", stopped, already_out
        FROM ingest.halt WHERE agency_id = $1 AND halt_id = $2"#,
        agency.as_uuid(),
        halt.as_uuid(),
        scope.as_str(),
        scope.clarification().map(ClarificationId::as_uuid),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Known {
        is_of_scope: row.is_of_scope,
        is_over: row.is_over,
        counts: Counts { stopped: row.stopped.cast_unsigned(), already_out: row.already_out.cast_unsigned() },
    }))
}

/// Records a halt and stops what waits. Replays the first answer of a halt that is already here, with what is now
/// known of its signature; one that a resumption has named already has nothing to stop. The caller holds
/// `store::change_rules`, so no attempt is being begun meanwhile.
///
/// # Errors
/// When the database is away.
pub async fn order(tx: &mut PgConnection, agency: AgencyId, order: &Order) -> sqlx::Result<Counts> {
    match known(tx, agency, order.halt, order.scope).await? {
        Some(known) if known.is_of_scope => {
            note_signing(tx, agency, order).await?;
            return Ok(known.counts);
        }
        // Whoever told us of something narrower under this id must not have disarmed it: it stops under an id of ours.
        Some(_) => {
            let halt = HaltId::mint();
            tracing::error!(
                "halt {} came of two scopes: {} is obeyed as halt {halt}",
                order.halt,
                order.scope
            );
            return stop(tx, agency, &Order { halt, ..order.clone() }).await;
        }
        None => {}
    }
    if let Some(lift) = lift_of(tx, agency, order.halt, order.scope).await? {
        insert(tx, agency, order, Counts::default(), Some(lift)).await?;
        return Ok(Counts::default());
    }
    stop(tx, agency, order).await
}

async fn stop(tx: &mut PgConnection, agency: AgencyId, order: &Order) -> sqlx::Result<Counts> {
    let clarification = order.scope.clarification();
    let reason = halted(&order.reason);
    let stopped = stop_pending(tx, agency, clarification, None, &reason, order.order_time).await?;
    let already_out = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM ingest.answer
        WHERE agency_id = $1 AND ($2::uuid IS NULL OR clarification_id = $2)
            AND state IN ('sending', 'sent', 'replied', 'unknown')"#,
        agency.as_uuid(),
        clarification.map(ClarificationId::as_uuid),
    )
    .fetch_one(&mut *tx)
    .await?;
    let counts = Counts { stopped, already_out: already_out.cast_unsigned() };
    insert(tx, agency, order, counts, None).await?;
    Ok(counts)
}

async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    order: &Order,
    counts: Counts,
    lift: Option<Uuid>,
) -> sqlx::Result<()> {
    let (signed_order, unsigned_reason) = signing_columns(&order.signing);
    sqlx::query!(
        "INSERT INTO ingest.halt (
            agency_id, halt_id, clarification_id, reason, ordered_by, order_time, stopped, already_out, scope,
            signing, signed_order, unsigned_reason, lift_id, end_time
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            CASE WHEN $13::uuid IS NOT NULL THEN $6::timestamptz END)",
        agency.as_uuid(),
        order.halt.as_uuid(),
        order.scope.clarification().map(ClarificationId::as_uuid),
        order.reason,
        order.ordered_by,
        order.order_time,
        counts.stopped.cast_signed(),
        counts.already_out.cast_signed(),
        order.scope.as_str(),
        order.signing.as_str(),
        signed_order,
        unsigned_reason,
        lift,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes what is known of a halt's signature beside a halt that is here already. What is signed stays signed.
async fn note_signing(tx: &mut PgConnection, agency: AgencyId, order: &Order) -> sqlx::Result<()> {
    let (signed_order, unsigned_reason) = signing_columns(&order.signing);
    sqlx::query!(
        "UPDATE ingest.halt
        SET signing = $3, signed_order = $4, unsigned_reason = $5,
            reason = CASE WHEN $3 = 'signed' THEN $6 ELSE reason END,
            ordered_by = CASE WHEN $3 = 'signed' THEN $7 ELSE ordered_by END
        WHERE agency_id = $1 AND halt_id = $2 AND $3 <> 'told'
            AND (signing = 'told' OR signing = 'unsigned' AND $3 = 'signed')",
        agency.as_uuid(),
        order.halt.as_uuid(),
        order.signing.as_str(),
        signed_order,
        unsigned_reason,
        order.reason,
        order.ordered_by,
    )
    .execute(tx)
    .await?;
    Ok(())
}

const fn signing_columns(signing: &Signing) -> (Option<&[u8]>, &str) {
    match signing {
        Signing::Told => (None, ""),
        Signing::Signed(order) => (Some(order.as_slice()), ""),
        Signing::Unsigned(reason) => (None, reason.as_str()),
    }
}

/// A halt in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// Itself.
    pub halt: HaltId,
    /// What it stops: `Scope::as_str`; `None` in a halt from before that was kept.
    pub scope: Option<String>,
    /// The clarification, if that is what it stops.
    pub clarification: Option<ClarificationId>,
    /// Why.
    pub reason: String,
    /// Who ordered it, by name.
    pub ordered_by: String,
    /// When.
    pub order_time: OffsetDateTime,
    /// Whether its officer has signed it: `Signing::as_str`.
    pub signing: String,
    /// Why it counts as unsigned.
    pub unsigned_reason: String,
}

/// The newest halts in force.
///
/// # Errors
/// When the database is away.
pub async fn in_force(tx: &mut PgConnection, agency: AgencyId, limit: i64) -> sqlx::Result<Vec<InForce>> {
    sqlx::query_as!(
        InForce,
        r#"SELECT halt_id AS "halt: HaltId", scope, clarification_id AS "clarification: ClarificationId", reason,
            ordered_by, order_time, signing, unsigned_reason
        FROM ingest.halt WHERE agency_id = $1 AND end_time IS NULL ORDER BY order_time DESC LIMIT $2"#,
        agency.as_uuid(),
        limit,
    )
    .fetch_all(tx)
    .await
}

/// Stops the answers that wait: those of one clarification, perhaps only up to a revision, or all of the agency.
///
/// # Errors
/// When the database is away.
pub async fn stop_pending(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: Option<ClarificationId>,
    up_to_revision: Option<u64>,
    reason: &str,
    now: OffsetDateTime,
) -> sqlx::Result<u64> {
    let stopped = sqlx::query!(
        "UPDATE ingest.answer SET state = 'halted', reason = $3, changed_time = $4
        WHERE agency_id = $1 AND ($2::uuid IS NULL OR clarification_id = $2) AND state = ANY($5)
            AND ($6::bigint IS NULL OR revision <= $6)",
        agency.as_uuid(),
        clarification.map(ClarificationId::as_uuid),
        reason,
        now,
        &State::changed_by(Event::Stop),
        up_to_revision.map(u64::cast_signed),
    )
    .execute(tx)
    .await?;
    Ok(stopped.rows_affected())
}

/// Why words of this clarification may not go out now; `None` lets them. `clarification` is `None` for words
/// that belong to none.
///
/// # Errors
/// When the database is away.
pub async fn standing_in_the_way(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: Option<ClarificationId>,
) -> sqlx::Result<Option<String>> {
    let reason = sqlx::query_scalar!(
        "SELECT reason FROM ingest.halt
        WHERE agency_id = $1 AND end_time IS NULL AND (clarification_id IS NULL OR clarification_id = $2)
        LIMIT 1",
        agency.as_uuid(),
        clarification.map(ClarificationId::as_uuid),
    )
    .fetch_optional(tx)
    .await?;
    Ok(reason.map(|reason| halted(&reason)))
}

fn halted(reason: &str) -> String {
    format!("已停发：{reason}")
}

//! Halts of automatic answers: begun, lifted, and asked about right before any word goes out.

use ids::{AgencyId, ClarificationId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::answer::{Event, State};

/// An order to stop.
#[derive(Clone, Debug)]
pub struct Order {
    /// The halt.
    pub halt: HaltId,
    /// What stops; `None` is every automatic answer of the agency.
    pub clarification: Option<ClarificationId>,
    /// Why.
    pub reason: String,
    /// Who ordered it, as the caller's token or the event names them.
    pub ordered_by: String,
    /// When.
    pub order_time: OffsetDateTime,
}

/// What a halt found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answers that were stopped before they went out.
    pub stopped: u64,
    /// Answers that had already gone out.
    pub already_out: u64,
}

/// What a request of this id was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A halt of this scope.
    Halt(Option<ClarificationId>),
    /// A resumption of this scope.
    Resumption(Option<ClarificationId>),
}

/// What a request of this id was for, if it was here before. The caller holds `store::change_rules`.
///
/// # Errors
/// When the database is away.
pub async fn use_of(tx: &mut PgConnection, agency: AgencyId, request: Uuid) -> sqlx::Result<Option<Use>> {
    let row = sqlx::query!(
        r#"SELECT true AS "is_halt!", clarification_id FROM ingest.halt WHERE agency_id = $1 AND halt_id = $2
        UNION ALL
        SELECT false, clarification_id FROM ingest.resumption WHERE agency_id = $1 AND request_id = $2
        LIMIT 1"#,
        agency.as_uuid(),
        request,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        let clarification = row.clarification_id.map(ClarificationId::from_uuid);
        if row.is_halt { Use::Halt(clarification) } else { Use::Resumption(clarification) }
    }))
}

/// Records a halt and stops what waits. Replays the first answer of a halt that is already here, lifted or not.
/// The caller holds `store::change_rules`, so no attempt is being begun meanwhile.
///
/// # Errors
/// When the database is away.
pub async fn order(tx: &mut PgConnection, agency: AgencyId, order: &Order) -> sqlx::Result<Counts> {
    let before = sqlx::query!(
        "SELECT stopped, already_out FROM ingest.halt WHERE agency_id = $1 AND halt_id = $2",
        agency.as_uuid(),
        order.halt.as_uuid(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(before) = before {
        return Ok(Counts {
            stopped: before.stopped.cast_unsigned(),
            already_out: before.already_out.cast_unsigned(),
        });
    }
    let clarification = order.clarification.map(ClarificationId::as_uuid);
    let reason = halted(&order.reason);
    let stopped = stop_pending(tx, agency, order.clarification, None, &reason, order.order_time).await?;
    let already_out = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM ingest.answer
        WHERE agency_id = $1 AND ($2::uuid IS NULL OR clarification_id = $2)
            AND state IN ('sending', 'sent', 'replied', 'unknown')"#,
        agency.as_uuid(),
        clarification,
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO ingest.halt
            (agency_id, halt_id, clarification_id, reason, ordered_by, order_time, stopped, already_out)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        agency.as_uuid(),
        order.halt.as_uuid(),
        clarification,
        order.reason,
        order.ordered_by,
        order.order_time,
        stopped.cast_signed(),
        already_out,
    )
    .execute(tx)
    .await?;
    Ok(Counts { stopped, already_out: already_out.cast_unsigned() })
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

/// Lifts every halt with this scope and lets what they stopped wait again, except where another halt still
/// stands. False when this request was carried out before: then nothing changes, so that a replay never lifts
/// a later halt.
///
/// # Errors
/// When the database is away.
pub async fn lift(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: Uuid,
    clarification: Option<ClarificationId>,
    ordered_by: &str,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let clarification = clarification.map(ClarificationId::as_uuid);
    let first = sqlx::query!(
        "INSERT INTO ingest.resumption (agency_id, request_id, clarification_id, ordered_by, order_time)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        request,
        clarification,
        ordered_by,
        now,
    )
    .execute(&mut *tx)
    .await?;
    if first.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE ingest.halt SET end_time = $3
        WHERE agency_id = $1 AND clarification_id IS NOT DISTINCT FROM $2 AND end_time IS NULL",
        agency.as_uuid(),
        clarification,
        now,
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

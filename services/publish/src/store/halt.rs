//! Halts and revocations. A halt stays in force, for what comes after it too, until a lead's order ends it.

use ids::{AgencyId, ClarificationId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CorruptRow, revision_column};
use crate::domain::halt::{Scope, Signing};

/// A halt as it is ordered.
#[derive(Clone, Debug)]
pub struct Order {
    /// Itself; the same whether it comes directly or as an event.
    pub id: HaltId,
    /// What stops.
    pub scope: Scope,
    /// Why, in the officer's words.
    pub reason: String,
    /// Who ordered it, by name; empty where nobody knows.
    pub ordered_by: String,
    /// Whether its officer has signed it.
    pub signing: Signing,
}

/// What a halt did, as its first answer said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Publications that were stopped before they went out.
    pub stopped: Vec<Uuid>,
    /// Publications for which it was too late, or nobody can know.
    pub already_out: Vec<Uuid>,
}

/// A halt that is known already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it stops.
    pub scope: Scope,
    /// Whether it is over.
    pub is_over: bool,
    /// What it did.
    pub effect: Effect,
}

/// A halt in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// Itself.
    pub id: HaltId,
    /// What it stops.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who ordered it, by name; empty where nobody knows.
    pub ordered_by: String,
    /// When it was heard of.
    pub order_time: OffsetDateTime,
    /// Whether its officer has signed it: `Signing::as_str`.
    pub signing: String,
    /// Why it counts as unsigned.
    pub unsigned_reason: String,
}

fn scope_of(
    halt: HaltId,
    scope: &str,
    clarification: Option<ClarificationId>,
    account: Option<String>,
) -> sqlx::Result<Scope> {
    match (scope, clarification, account) {
        ("clarification", Some(clarification), _) => Ok(Scope::Clarification(clarification)),
        ("account", _, Some(account)) => Ok(Scope::Account(account)),
        ("everything", None, None) => Ok(Scope::Everything),
        _ => Err(CorruptRow { table: "publish.halt", column: "scope", key: halt.to_string() }.into()),
    }
}

/// A halt that is known already.
pub async fn known(tx: &mut PgConnection, halt: HaltId) -> sqlx::Result<Option<Known>> {
    let row = sqlx::query!(
        r#"SELECT scope, clarification_id AS "clarification_id: ClarificationId", account,
                  resume_time IS NOT NULL AS "is_over!", stopped, already_out
           FROM publish.halt WHERE halt_id = $1"#,
        halt.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(Known {
            scope: scope_of(halt, &row.scope, row.clarification_id, row.account)?,
            is_over: row.is_over,
            effect: Effect { stopped: row.stopped, already_out: row.already_out },
        })
    })
    .transpose()
}

/// Records a halt: in force, or over from the beginning where a resumption that named it was here before.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    order: &Order,
    effect: &Effect,
    lift: Option<Uuid>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let (signed_order, unsigned_reason) = signing_columns(&order.signing);
    sqlx::query!(
        "INSERT INTO publish.halt
             (agency_id, halt_id, scope, clarification_id, account, reason, order_time, stopped, already_out,
              ordered_by, signing, signed_order, unsigned_reason, lift_id, resume_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                 CASE WHEN $14::uuid IS NOT NULL THEN $7::timestamptz END)",
        agency.as_uuid(),
        order.id.as_uuid(),
        order.scope.as_str(),
        order.scope.clarification().map(ClarificationId::as_uuid),
        order.scope.account(),
        order.reason,
        now,
        &effect.stopped,
        &effect.already_out,
        order.ordered_by,
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
pub async fn note_signing(tx: &mut PgConnection, order: &Order) -> sqlx::Result<()> {
    let (signed_order, unsigned_reason) = signing_columns(&order.signing);
    sqlx::query!(
        "UPDATE publish.halt
         SET signing = $2, signed_order = $3, unsigned_reason = $4,
             reason = CASE WHEN $2 = 'signed' THEN $5 ELSE reason END,
             ordered_by = CASE WHEN $2 = 'signed' THEN $6 ELSE ordered_by END
         WHERE halt_id = $1 AND (signing = 'told' OR signing = 'unsigned' AND $2 = 'signed') AND $2 <> 'told'",
        order.id.as_uuid(),
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

/// The halts in force, newest first. Nobody keeps more than a few; the bound only keeps the answer finite.
pub async fn in_force(tx: &mut PgConnection) -> sqlx::Result<Vec<InForce>> {
    let rows = sqlx::query!(
        r#"SELECT halt_id AS "halt_id: HaltId", scope, clarification_id AS "clarification_id: ClarificationId",
                  account, reason, ordered_by, order_time, signing, unsigned_reason
           FROM publish.halt WHERE resume_time IS NULL ORDER BY order_time DESC LIMIT 10000"#,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(InForce {
                id: row.halt_id,
                scope: scope_of(row.halt_id, &row.scope, row.clarification_id, row.account)?,
                reason: row.reason,
                ordered_by: row.ordered_by,
                order_time: row.order_time,
                signing: row.signing,
                unsigned_reason: row.unsigned_reason,
            })
        })
        .collect()
}

/// Remembers that a clarification must not go out any more, up to a revision, and by which order where it counts.
pub async fn revoke(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
    reason: &str,
    signed_order: Option<&[u8]>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO publish.revocation AS known
             (agency_id, clarification_id, revision, reason, signed_revision, signed_order)
         VALUES ($1, $2, $3, $4, CASE WHEN $5::bytea IS NOT NULL THEN $3::bigint END, $5)
         ON CONFLICT (agency_id, clarification_id) DO UPDATE SET
             revision = greatest(known.revision, $3),
             reason = CASE WHEN $3 > known.revision OR $3 = known.revision AND $5 IS NOT NULL
                           THEN $4 ELSE known.reason END,
             signed_order = CASE WHEN $5 IS NOT NULL AND $3 >= coalesce(known.signed_revision, 0)
                                 THEN $5 ELSE known.signed_order END,
             signed_revision = CASE WHEN $5 IS NOT NULL THEN greatest(known.signed_revision, $3)
                                    ELSE known.signed_revision END",
        agency.as_uuid(),
        clarification.as_uuid(),
        revision_column(revision),
        reason,
        signed_order,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Why a revision must not go out any more, if so.
pub async fn revoked(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT reason FROM publish.revocation WHERE clarification_id = $1 AND revision >= $2",
        clarification.as_uuid(),
        revision_column(revision),
    )
    .fetch_optional(tx)
    .await
}

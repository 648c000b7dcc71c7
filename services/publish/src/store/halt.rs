//! Halts and revocations. A halt stays in force, for what comes after it too, until somebody resumes.

use ids::{AgencyId, ClarificationId, HaltId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CorruptRow, revision_column};
use crate::domain::halt::Scope;

/// A halt as it is ordered.
#[derive(Clone, Debug)]
pub struct Order {
    /// Itself; the same whether it comes directly or as an event.
    pub id: HaltId,
    /// What stops.
    pub scope: Scope,
    /// Why, in the officer's words.
    pub reason: String,
}

/// What a halt did, as its first answer said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Publications that were stopped before they went out.
    pub stopped: Vec<Uuid>,
    /// Publications for which it was too late, or nobody can know.
    pub already_out: Vec<Uuid>,
}

/// A halt in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// What it stops.
    pub scope: Scope,
    /// Why.
    pub reason: String,
}

/// What a halt that is known already did.
pub async fn effect(tx: &mut PgConnection, halt: HaltId) -> sqlx::Result<Option<Effect>> {
    sqlx::query_as!(
        Effect,
        "SELECT stopped, already_out FROM publish.halt WHERE halt_id = $1",
        halt.as_uuid(),
    )
    .fetch_optional(tx)
    .await
}

/// Puts a halt in force.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    order: &Order,
    effect: &Effect,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO publish.halt
             (agency_id, halt_id, scope, clarification_id, account, reason, order_time, stopped, already_out)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        agency.as_uuid(),
        order.id.as_uuid(),
        order.scope.as_str(),
        order.scope.clarification().map(ClarificationId::as_uuid),
        order.scope.account(),
        order.reason,
        now,
        &effect.stopped,
        &effect.already_out,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the halts of exactly this scope.
pub async fn resume(tx: &mut PgConnection, scope: &Scope, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.halt SET resume_time = $4
         WHERE resume_time IS NULL AND scope = $1 AND clarification_id IS NOT DISTINCT FROM $2
           AND account IS NOT DISTINCT FROM $3",
        scope.as_str(),
        scope.clarification().map(ClarificationId::as_uuid),
        scope.account(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The halts in force. Nobody keeps more than a few; the bound only keeps the answer finite.
pub async fn in_force(tx: &mut PgConnection) -> sqlx::Result<Vec<InForce>> {
    let rows = sqlx::query!(
        r#"SELECT halt_id, scope, clarification_id AS "clarification_id: ClarificationId", account, reason
           FROM publish.halt WHERE resume_time IS NULL ORDER BY order_time LIMIT 10000"#,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let scope = match (row.scope.as_str(), row.clarification_id, row.account) {
                ("clarification", Some(clarification), _) => Scope::Clarification(clarification),
                ("account", _, Some(account)) => Scope::Account(account),
                ("everything", None, None) => Scope::Everything,
                _ => {
                    let key = row.halt_id.to_string();
                    return Err(CorruptRow { table: "publish.halt", column: "scope", key }.into());
                }
            };
            Ok(InForce { scope, reason: row.reason })
        })
        .collect()
}

/// Remembers that a clarification must not go out any more, up to a revision.
pub async fn revoke(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: u64,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO publish.revocation AS known (agency_id, clarification_id, revision, reason)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (agency_id, clarification_id) DO UPDATE SET revision = $3, reason = $4 WHERE known.revision < $3",
        agency.as_uuid(),
        clarification.as_uuid(),
        revision_column(revision),
        reason,
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

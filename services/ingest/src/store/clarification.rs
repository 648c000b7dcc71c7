//! Signed clarifications: what was verified, what was refused, what was revoked, and which pages are up.

use ids::{AgencyId, CaseId, ClaimId, ClarificationId, EventId, PublicationId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::reply::Revision;

/// A verified clarification as it is kept. Only `bundle` is believed; the rest chooses rows.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The clarification and its revision.
    pub revision: Revision,
    /// Its case.
    pub case: CaseId,
    /// Its claim.
    pub claim: Option<ClaimId>,
    /// The content's kind.
    pub kind: String,
    /// The content's response level.
    pub response_level: String,
    /// Whether sure matches may be answered with it.
    pub automatic_answer: bool,
    /// The encoded `signoff::bundle::Bundle`.
    pub bundle: Vec<u8>,
    /// When it was verified and accepted.
    pub accepted_time: OffsetDateTime,
}

/// A public page's state, as far as answers depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// Not up, or not any more because it failed.
    NotYet,
    /// Up.
    Confirmed,
    /// Taken down.
    Withdrawn,
}

impl PageState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Confirmed => "confirmed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Keeps a verified clarification; false when that revision is already kept.
///
/// # Errors
/// When the database is away.
pub async fn keep(tx: &mut PgConnection, agency: AgencyId, kept: &Kept) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "INSERT INTO ingest.clarification (
            agency_id, clarification_id, revision, case_id, claim_id, kind, response_level, automatic_answer,
            bundle, accepted_time
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        kept.revision.clarification.as_uuid(),
        kept.revision.revision.cast_signed(),
        kept.case.as_uuid(),
        kept.claim.map(ClaimId::as_uuid),
        kept.kind,
        kept.response_level,
        kept.automatic_answer,
        kept.bundle,
        kept.accepted_time,
    )
    .execute(tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// What claimed to be signed and does not verify.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The event that brought it.
    pub event: EventId,
    /// What it claimed to be.
    pub revision: Revision,
    /// UPPER_SNAKE.
    pub reason: &'static str,
    /// In Chinese.
    pub detail: String,
}

/// Records what did not verify.
///
/// # Errors
/// When the database is away.
pub async fn refuse(
    tx: &mut PgConnection,
    agency: AgencyId,
    refusal: &Refusal,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.refused_clarification (
            agency_id, event_id, clarification_id, revision, reason, detail, refused_time
        ) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        refusal.event.as_uuid(),
        refusal.revision.clarification.as_uuid(),
        refusal.revision.revision.cast_signed(),
        refusal.reason,
        refusal.detail,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Revokes a revision and every earlier one, whether they are here yet or not; by which order, where one counts.
///
/// # Errors
/// When the database is away.
pub async fn revoke(
    tx: &mut PgConnection,
    agency: AgencyId,
    revoked: Revision,
    reason: &str,
    signed_order: Option<&[u8]>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.revocation AS kept (agency_id, clarification_id, revision, reason, signed_order)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (agency_id, clarification_id) DO UPDATE SET
            revision = excluded.revision, reason = excluded.reason, signed_order = excluded.signed_order
        WHERE kept.revision < excluded.revision
            OR kept.revision = excluded.revision AND excluded.signed_order IS NOT NULL",
        agency.as_uuid(),
        revoked.clarification.as_uuid(),
        revoked.revision.cast_signed(),
        reason,
        signed_order,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Records a page's state; an older one than is known changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn record_page(
    tx: &mut PgConnection,
    agency: AgencyId,
    publication: PublicationId,
    of: Revision,
    state: PageState,
    state_revision: u64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.page AS kept
            (agency_id, publication_id, clarification_id, revision, state, state_revision)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (agency_id, publication_id) DO UPDATE SET
            state = excluded.state, state_revision = excluded.state_revision
        WHERE kept.state_revision < excluded.state_revision",
        agency.as_uuid(),
        publication.as_uuid(),
        of.clarification.as_uuid(),
        of.revision.cast_signed(),
        state.as_str(),
        state_revision.cast_signed(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One kept revision, unless it is revoked.
///
/// # Errors
/// When the database is away.
pub async fn get(tx: &mut PgConnection, agency: AgencyId, revision: Revision) -> sqlx::Result<Option<Kept>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT clarification_id, revision, case_id, claim_id, kind, response_level, automatic_answer, bundle,
            accepted_time
        FROM ingest.clarification c
        WHERE agency_id = $1 AND clarification_id = $2 AND revision = $3
            AND NOT EXISTS (
                SELECT 1 FROM ingest.revocation r
                WHERE r.agency_id = c.agency_id AND r.clarification_id = c.clarification_id
                    AND r.revision >= c.revision
            )",
        agency.as_uuid(),
        revision.clarification.as_uuid(),
        revision.revision.cast_signed(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Kept::from))
}

/// The standing replies in force: the ones signed last.
///
/// # Errors
/// When the database is away.
pub async fn standing_replies(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Option<Kept>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT clarification_id, revision, case_id, claim_id, kind, response_level, automatic_answer, bundle,
            accepted_time
        FROM ingest.clarification c
        WHERE agency_id = $1 AND kind = 'standing_replies'
            AND NOT EXISTS (
                SELECT 1 FROM ingest.revocation r
                WHERE r.agency_id = c.agency_id AND r.clarification_id = c.clarification_id
                    AND r.revision >= c.revision
            )
        ORDER BY accepted_time DESC, revision DESC LIMIT 1",
        agency.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Kept::from))
}

/// The newest revision of a clarification that the public may be told now.
///
/// # Errors
/// When the database is away.
pub async fn live(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
) -> sqlx::Result<Option<u64>> {
    let revision = sqlx::query_scalar!(
        r#"SELECT revision AS "revision!" FROM ingest.live_clarification
        WHERE agency_id = $1 AND clarification_id = $2"#,
        agency.as_uuid(),
        clarification.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(revision.map(i64::cast_unsigned))
}

/// True when this service knows the clarification in any revision.
///
/// # Errors
/// When the database is away.
pub async fn is_known(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
            SELECT 1 FROM ingest.clarification WHERE agency_id = $1 AND clarification_id = $2
        ) AS "known!""#,
        agency.as_uuid(),
        clarification.as_uuid(),
    )
    .fetch_one(tx)
    .await
}

struct Row {
    clarification_id: uuid::Uuid,
    revision: i64,
    case_id: uuid::Uuid,
    claim_id: Option<uuid::Uuid>,
    kind: String,
    response_level: String,
    automatic_answer: bool,
    bundle: Vec<u8>,
    accepted_time: OffsetDateTime,
}

impl From<Row> for Kept {
    fn from(row: Row) -> Self {
        Self {
            revision: Revision {
                clarification: ClarificationId::from_uuid(row.clarification_id),
                revision: row.revision.cast_unsigned(),
            },
            case: CaseId::from_uuid(row.case_id),
            claim: row.claim_id.map(ClaimId::from_uuid),
            kind: row.kind,
            response_level: row.response_level,
            automatic_answer: row.automatic_answer,
            bundle: row.bundle,
            accepted_time: row.accepted_time,
        }
    }
}

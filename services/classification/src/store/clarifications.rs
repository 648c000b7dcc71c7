//! Signed clarifications, their pages and revocations: facts that arrive in any order, and what follows.

use ids::{AgencyId, ClaimId, ClarificationId, PublicationId};
use judgement::days::Days;
use sqlx::PgConnection;
use time::Date;

use crate::known::Published;

/// A signed revision, as far as matching needs it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: i64,
    /// Its kind, as the signed content names it.
    pub kind: String,
    /// What the office found, as the signed content names it; empty where it says nothing.
    pub verdict: String,
    /// Who shall hear it, as the signed content names it.
    pub response_level: String,
    /// What matching needs; its days are read when it is added.
    pub published: Published,
    /// The claim's sentence as it was signed.
    pub sentence_as_signed: String,
    /// The day, in Beijing, on which it was signed.
    pub signed_on: Date,
}

/// Where a clarification's page stands.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page's publication.
    pub publication: PublicationId,
    /// Its clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: i64,
    /// True while it can be read.
    pub is_public: bool,
    /// Grows with every change.
    pub state_revision: i64,
}

/// Remembers a signed revision. Its relative days are those of its claim's words, for a notice those of its
/// signature.
///
/// # Errors
/// When the database is away.
pub async fn add_signed(tx: &mut PgConnection, agency: AgencyId, signed: &Signed) -> sqlx::Result<()> {
    let said_on = match signed.published.claim {
        Some(claim) => said_on(tx, agency, claim).await?,
        None => None,
    };
    let days = Days::of(&signed.sentence_as_signed, said_on.unwrap_or(signed.signed_on));
    sqlx::query!(
        "INSERT INTO classification.clarification
            (agency_id, clarification_id, revision, claim_id, kind, response_level, automatic_answer,
             claim_sentence, title, verdict, valid_until, days)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        signed.clarification.as_uuid(),
        signed.revision,
        signed.published.claim.map(ClaimId::as_uuid),
        signed.kind,
        signed.response_level,
        signed.published.automatic_answer,
        signed.published.claim_sentence,
        signed.published.title,
        signed.verdict,
        signed.published.valid_until,
        days.to_string(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn said_on(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<Option<Date>> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(said_on, (first_time AT TIME ZONE 'Asia/Shanghai')::date) AS "said_on!"
           FROM classification.claim WHERE agency_id = $1 AND claim_id = $2"#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_optional(tx)
    .await
}

/// Remembers that a clarification is revoked up to a revision.
///
/// # Errors
/// When the database is away.
pub async fn revoke(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.revocation AS known (agency_id, clarification_id, revision)
         VALUES ($1, $2, $3)
         ON CONFLICT (agency_id, clarification_id)
         DO UPDATE SET revision = greatest(known.revision, excluded.revision)",
        agency.as_uuid(),
        clarification.as_uuid(),
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Remembers where a page stands; an older word about it changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn set_page(tx: &mut PgConnection, agency: AgencyId, page: &Page) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.page AS known
            (agency_id, publication_id, clarification_id, revision, is_public, state_revision)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (agency_id, publication_id)
         DO UPDATE SET is_public = excluded.is_public, state_revision = excluded.state_revision
         WHERE known.state_revision < excluded.state_revision",
        agency.as_uuid(),
        page.publication.as_uuid(),
        page.clarification.as_uuid(),
        page.revision,
        page.is_public,
        page.state_revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The newest revision of a clarification that may answer askers now: signed, not revoked, of a kind that
/// answers, and public. One for askers only has no page and counts from its signature.
///
/// # Errors
/// When the database is away.
pub async fn answering(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
) -> sqlx::Result<Option<(i64, Published)>> {
    let row = sqlx::query!(
        r#"SELECT signed.revision, signed.claim_id AS "claim_id: ClaimId", signed.automatic_answer,
                  signed.claim_sentence, signed.title, signed.valid_until, signed.days,
                  EXISTS (SELECT FROM classification.suspension
                          WHERE suspension.agency_id = $1 AND suspension.clarification_id = $2
                            AND suspension.suspended) AS "suspended!"
           FROM classification.clarification AS signed
           WHERE signed.agency_id = $1 AND signed.clarification_id = $2
             AND signed.kind IN ('clarification', 'response', 'notice')
             AND NOT EXISTS (
                 SELECT FROM classification.revocation AS revoked
                 WHERE revoked.agency_id = $1 AND revoked.clarification_id = $2
                   AND revoked.revision >= signed.revision)
             AND (signed.response_level = 'answer_only' OR EXISTS (
                 SELECT FROM classification.page
                 WHERE page.agency_id = $1 AND page.clarification_id = $2
                   AND page.revision = signed.revision AND page.is_public))
           ORDER BY signed.revision DESC
           LIMIT 1"#,
        agency.as_uuid(),
        clarification.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        let published = Published {
            claim: row.claim_id,
            automatic_answer: row.automatic_answer,
            suspended: row.suspended,
            valid_until: row.valid_until,
            claim_sentence: row.claim_sentence,
            title: row.title,
            days: row.days.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        };
        Ok((row.revision, published))
    })
    .transpose()
}

/// The revision that the index knows now.
///
/// # Errors
/// When the database is away.
pub async fn known_revision(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "SELECT revision FROM classification.known_clarification WHERE agency_id = $1 AND clarification_id = $2",
        agency.as_uuid(),
        clarification.as_uuid(),
    )
    .fetch_optional(tx)
    .await
}

/// Notes which revision the index knows; `None`: it knows none.
///
/// # Errors
/// When the database is away.
pub async fn set_known_revision(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    revision: Option<i64>,
) -> sqlx::Result<()> {
    match revision {
        Some(revision) => {
            sqlx::query!(
                "INSERT INTO classification.known_clarification (agency_id, clarification_id, revision)
             VALUES ($1, $2, $3)
             ON CONFLICT (agency_id, clarification_id) DO UPDATE SET revision = excluded.revision",
                agency.as_uuid(),
                clarification.as_uuid(),
                revision,
            )
            .execute(tx)
            .await?
        }
        None => sqlx::query!(
            "DELETE FROM classification.known_clarification WHERE agency_id = $1 AND clarification_id = $2",
            agency.as_uuid(),
            clarification.as_uuid(),
        )
        .execute(tx)
        .await?,
    };
    Ok(())
}

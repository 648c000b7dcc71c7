//! Which claims were reported with which web address.

use std::collections::HashMap;

use ids::{AgencyId, ClaimId};
use judgement::link::Link;
use sqlx::PgConnection;
use uuid::Uuid;

/// Claims of one address that are looked at. More than one already says nothing.
const CLAIMS_MAX: i64 = 50;

/// Claims by address, each with the words that the address first came with.
pub type Known = HashMap<String, HashMap<ClaimId, String>>;

/// The claims that were reported with these addresses, in this version's form or an earlier one's.
///
/// # Errors
/// When the database is away.
pub async fn of(tx: &mut PgConnection, agency: AgencyId, links: &[&Link]) -> sqlx::Result<Known> {
    let mut known = Known::new();
    if links.is_empty() {
        return Ok(known);
    }
    let links: Vec<&str> = links.iter().flat_map(|link| link.forms()).collect();
    let rows = sqlx::query!(
        r#"SELECT kept.link, kept.claim_id AS "claim_id: ClaimId", kept.words
           FROM unnest($2::text[]) AS asked (link)
           CROSS JOIN LATERAL (
               SELECT link, claim_id, words FROM classification.link
               WHERE agency_id = $1 AND link.link = asked.link
               ORDER BY claim_id DESC LIMIT $3
           ) AS kept"#,
        agency.as_uuid(),
        &links as &[&str],
        CLAIMS_MAX,
    )
    .fetch_all(tx)
    .await?;
    for row in rows {
        known.entry(row.link).or_default().insert(row.claim_id, row.words);
    }
    Ok(known)
}

/// Notes that a claim was reported with an address.
#[derive(Clone, Debug)]
pub struct Noted {
    /// The address.
    pub link: Link,
    /// The claim.
    pub claim: ClaimId,
    /// The words beside it, normalised.
    pub words: String,
}

/// Writes them; what is noted already stays as it is.
///
/// # Errors
/// When the database is away.
pub async fn note(tx: &mut PgConnection, agency: AgencyId, noted: &[Noted]) -> sqlx::Result<()> {
    if noted.is_empty() {
        return Ok(());
    }
    let links: Vec<&str> = noted.iter().map(|noted| noted.link.as_str()).collect();
    let claims: Vec<Uuid> = noted.iter().map(|noted| noted.claim.as_uuid()).collect();
    let words: Vec<&str> = noted.iter().map(|noted| noted.words.as_str()).collect();
    sqlx::query!(
        "INSERT INTO classification.link (agency_id, link, claim_id, words)
         SELECT $1, noted.link, noted.claim_id, noted.words
         FROM unnest($2::text[], $3::uuid[], $4::text[]) AS noted (link, claim_id, words)
         ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        &links as &[&str],
        &claims,
        &words as &[&str],
    )
    .execute(tx)
    .await?;
    Ok(())
}

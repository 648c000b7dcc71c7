//! The log of changes to what is known: appended under the agency's lock, read by every replica.

use ids::{AgencyId, ClaimId, ClarificationId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::known::{Change, Published};

struct Row {
    change_id: i64,
    kind: String,
    claim_id: Option<ClaimId>,
    clarification_id: Option<ClarificationId>,
    texts: Vec<String>,
    automatic_answer: bool,
    suspended: bool,
    days: String,
    valid_until: i64,
}

/// The changes after number `after`, oldest first, at most `limit`.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn after(
    tx: &mut PgConnection,
    agency: AgencyId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Change)>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT change_id, kind, claim_id AS "claim_id: ClaimId",
                  clarification_id AS "clarification_id: ClarificationId", texts, automatic_answer,
                  suspended, valid_until, days
           FROM classification.index_change
           WHERE agency_id = $1 AND change_id > $2
           ORDER BY change_id
           LIMIT $3"#,
        agency.as_uuid(),
        after,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(|row| Ok((row.change_id, Change::try_from(row)?))).collect()
}

/// The clarifications that were known after change number `until`.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn clarifications_until(
    tx: &mut PgConnection,
    agency: AgencyId,
    until: i64,
) -> sqlx::Result<Vec<(ClarificationId, Published)>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT DISTINCT ON (clarification_id) change_id, kind, claim_id AS "claim_id: ClaimId",
                  clarification_id AS "clarification_id: ClarificationId", texts, automatic_answer, suspended,
                  valid_until, days
           FROM classification.index_change
           WHERE agency_id = $1 AND clarification_id IS NOT NULL AND change_id <= $2
           ORDER BY clarification_id, change_id DESC"#,
        agency.as_uuid(),
        until,
    )
    .fetch_all(tx)
    .await?;
    let known = rows.into_iter().map(|row| match Change::try_from(row)? {
        Change::ClarificationKnown(clarification, published) => Ok(Some((clarification, published))),
        _ => Ok(None),
    });
    known.filter_map(Result::transpose).collect()
}

/// Appends changes in the order given. The caller holds the agency's lock.
///
/// # Errors
/// When the database is away.
pub async fn append(tx: &mut PgConnection, agency: AgencyId, changes: &[Change]) -> sqlx::Result<()> {
    let mut claims: Vec<(&'static str, Uuid, &str)> = Vec::new();
    for change in changes {
        match change {
            Change::ClaimOpened(claim, text) => claims.push(("claim_opened", claim.as_uuid(), text)),
            Change::AliasAdded(claim, text) => claims.push(("alias_added", claim.as_uuid(), text)),
            Change::ClaimClosed(claim) => claims.push(("claim_closed", claim.as_uuid(), "")),
            Change::ClarificationKnown(clarification, published) => {
                append_known(tx, agency, *clarification, published).await?;
            }
            Change::ClarificationRemoved(clarification) => append_removed(tx, agency, *clarification).await?,
        }
    }
    if claims.is_empty() {
        return Ok(());
    }
    let kinds: Vec<&str> = claims.iter().map(|&(kind, _, _)| kind).collect();
    let ids: Vec<Uuid> = claims.iter().map(|&(_, claim, _)| claim).collect();
    let texts: Vec<&str> = claims.iter().map(|&(_, _, text)| text).collect();
    sqlx::query!(
        "INSERT INTO classification.index_change (agency_id, kind, claim_id, texts)
         SELECT $1, change.kind, change.claim_id, ARRAY[change.text]
         FROM unnest($2::text[], $3::uuid[], $4::text[])
              WITH ORDINALITY AS change (kind, claim_id, text, position)
         ORDER BY change.position",
        agency.as_uuid(),
        &kinds as &[&str],
        &ids,
        &texts as &[&str],
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn append_known(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    published: &Published,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.index_change
            (agency_id, kind, claim_id, clarification_id, texts, automatic_answer, suspended, valid_until, days)
         VALUES ($1, 'clarification_known', $2, $3, ARRAY[$4::text, $5::text], $6, $7, $8, $9)",
        agency.as_uuid(),
        published.claim.map(ClaimId::as_uuid),
        clarification.as_uuid(),
        published.claim_sentence,
        published.title,
        published.automatic_answer,
        published.suspended,
        published.valid_until,
        published.days.to_string(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn append_removed(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.index_change (agency_id, kind, clarification_id)
         VALUES ($1, 'clarification_removed', $2)",
        agency.as_uuid(),
        clarification.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The texts that a claim is known by now, the first first. After it was closed there are none.
///
/// # Errors
/// When the database is away.
pub async fn texts_of(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"SELECT texts[1] AS "text!" FROM classification.index_change
           WHERE agency_id = $1 AND claim_id = $2 AND kind IN ('claim_opened', 'alias_added')
             AND texts[1] IS NOT NULL
             AND change_id > coalesce((SELECT max(change_id) FROM classification.index_change
                                       WHERE agency_id = $1 AND claim_id = $2 AND kind = 'claim_closed'), 0)
           ORDER BY change_id
           LIMIT 100"#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_all(tx)
    .await
}

/// A row that no version of this service wrote.
#[derive(Debug, thiserror::Error)]
#[error("classification.index_change.kind of change {change_id} is {kind:?} and lacks what that needs")]
struct Senseless {
    change_id: i64,
    kind: String,
}

impl TryFrom<Row> for Change {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let mut texts = row.texts.into_iter();
        let (first, second) = (texts.next(), texts.next());
        match (row.kind.as_str(), row.claim_id, row.clarification_id, first, second) {
            ("claim_opened", Some(claim), _, Some(text), _) => Ok(Self::ClaimOpened(claim, text)),
            ("alias_added", Some(claim), _, Some(text), _) => Ok(Self::AliasAdded(claim, text)),
            ("claim_closed", Some(claim), ..) => Ok(Self::ClaimClosed(claim)),
            ("clarification_known", claim, Some(clarification), Some(claim_sentence), Some(title)) => {
                let days = row.days.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                let Row { automatic_answer, suspended, valid_until, .. } = row;
                let published = Published {
                    claim,
                    automatic_answer,
                    suspended,
                    valid_until,
                    claim_sentence,
                    title,
                    days,
                };
                Ok(Self::ClarificationKnown(clarification, published))
            }
            ("clarification_removed", _, Some(clarification), ..) => {
                Ok(Self::ClarificationRemoved(clarification))
            }
            _ => {
                let senseless = Senseless { change_id: row.change_id, kind: row.kind };
                Err(sqlx::Error::Decode(Box::new(senseless)))
            }
        }
    }
}

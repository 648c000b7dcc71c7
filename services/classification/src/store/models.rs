//! What the office decided about claims, and the models trained on it.

use ids::AgencyId;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::train::{Figures, Kind, State};

/// Decisions that one training looks at: the newest.
const DECISIONS_MAX: i64 = 20_000;
/// Versions that are listed: the newest.
const VERSIONS_MAX: i64 = 200;

/// What the office decided about a claim, a verdict or a department; or about a message, an intent.
#[derive(Clone, Debug)]
pub struct DecidedClaim {
    /// The masked words of the message, or of the report that the claim begins with.
    pub masked_text: String,
    /// What was decided, as it was written down.
    pub decision: String,
    /// False where nobody decided: what the rules suggested stands as it was.
    pub by_office: bool,
    /// When the claim was first said, or the message's intent decided.
    pub first_time: OffsetDateTime,
}

/// A trained model without its weights.
#[derive(Clone, Debug)]
pub struct Version {
    /// Counts up from 1.
    pub version: i32,
    /// Where it stands.
    pub state: State,
    /// When it was trained.
    pub trained_time: OffsetDateTime,
    /// On how many of the office's own decisions.
    pub own_count: i64,
    /// On how many other rows: of a labelled folder, or what the rules suppose.
    pub other_count: i64,
    /// What was measured on held-out decisions.
    pub figures: Figures,
}

struct Row {
    version: i32,
    state: String,
    trained_time: OffsetDateTime,
    own_count: i64,
    other_count: i64,
    figures: Json<Figures>,
}

/// A row that no version of this service wrote.
#[derive(Debug, thiserror::Error)]
#[error("classification.model.state of version {version} is {state:?}")]
struct UnknownState {
    version: i32,
    state: String,
}

impl TryFrom<Row> for Version {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let known = State::ALL.into_iter().find(|state| state.name() == row.state);
        let Some(state) = known else {
            let unknown = UnknownState { version: row.version, state: row.state };
            return Err(sqlx::Error::Decode(Box::new(unknown)));
        };
        Ok(Self {
            version: row.version,
            state,
            trained_time: row.trained_time,
            own_count: row.own_count,
            other_count: row.other_count,
            figures: row.figures.0,
        })
    }
}

/// What the office found about the newest claims that it finished, oldest first: the verdict of the newest signed
/// revision, or "dismissed".
///
/// # Errors
/// When the database is away.
pub async fn verdicts(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<DecidedClaim>> {
    let mut decided = sqlx::query_as!(
        DecidedClaim,
        r#"SELECT opening.masked_text, coalesce(nullif(signed.verdict, ''), 'dismissed') AS "decision!",
                  true AS "by_office!", claim.first_time
           FROM classification.claim AS claim
           LEFT JOIN LATERAL (
               SELECT clarification.verdict FROM classification.clarification AS clarification
               WHERE clarification.agency_id = $1 AND clarification.claim_id = claim.claim_id
               ORDER BY clarification.revision DESC LIMIT 1
           ) AS signed ON true
           CROSS JOIN LATERAL (
               SELECT report.masked_text FROM classification.report AS report
               WHERE report.agency_id = $1 AND report.claim_id = claim.claim_id
               ORDER BY report.position LIMIT 1
           ) AS opening
           WHERE claim.agency_id = $1 AND (claim.state = 'dismissed' OR signed.verdict <> '')
           ORDER BY claim.first_time DESC, claim.claim_id
           LIMIT $2"#,
        agency.as_uuid(),
        DECISIONS_MAX,
    )
    .fetch_all(tx)
    .await?;
    decided.reverse();
    Ok(decided)
}

/// Which department the newest claims went to first, oldest first: as an officer re-routed them, or as suggested.
///
/// # Errors
/// When the database is away.
pub async fn departments(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<DecidedClaim>> {
    let mut decided = sqlx::query_as!(
        DecidedClaim,
        r#"SELECT opening.masked_text, claim.departments ->> 0 AS "decision!",
                  EXISTS (
                      SELECT 1 FROM classification.correction AS correction
                      WHERE correction.agency_id = $1 AND correction.claim_id = claim.claim_id
                        AND correction.kind = 'reroute' AND correction.applied
                  ) AS "by_office!",
                  claim.first_time
           FROM classification.claim AS claim
           CROSS JOIN LATERAL (
               SELECT report.masked_text FROM classification.report AS report
               WHERE report.agency_id = $1 AND report.claim_id = claim.claim_id
               ORDER BY report.position LIMIT 1
           ) AS opening
           WHERE claim.agency_id = $1 AND claim.departments ->> 0 IS NOT NULL
           ORDER BY claim.first_time DESC, claim.claim_id
           LIMIT $2"#,
        agency.as_uuid(),
        DECISIONS_MAX,
    )
    .fetch_all(tx)
    .await?;
    decided.reverse();
    Ok(decided)
}

/// The versions that are active, one of each kind at most.
///
/// # Errors
/// When the database is away.
pub async fn active(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<(String, i32)>> {
    let rows = sqlx::query!(
        "SELECT kind, version FROM classification.model WHERE agency_id = $1 AND state = 'active'",
        agency.as_uuid(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.version)).collect())
}

/// The weights of a version.
///
/// # Errors
/// When the database is away or there is no such version.
pub async fn weights(
    tx: &mut PgConnection,
    agency: AgencyId,
    kind: Kind,
    version: i32,
) -> sqlx::Result<Vec<u8>> {
    sqlx::query_scalar!(
        "SELECT weights FROM classification.model WHERE agency_id = $1 AND kind = $2 AND version = $3",
        agency.as_uuid(),
        kind.name(),
        version,
    )
    .fetch_one(tx)
    .await
}

/// The newest versions of a kind, newest first.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn versions(tx: &mut PgConnection, agency: AgencyId, kind: Kind) -> sqlx::Result<Vec<Version>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT version, state, trained_time, own_count, other_count, figures AS "figures: Json<Figures>"
           FROM classification.model
           WHERE agency_id = $1 AND kind = $2
           ORDER BY version DESC
           LIMIT $3"#,
        agency.as_uuid(),
        kind.name(),
        VERSIONS_MAX,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// Writes a new version down. The caller holds the agency's lock and has retired the active one, if this shall be
/// active.
///
/// # Errors
/// When the database is away.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    kind: Kind,
    version: &Version,
    weights: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.model
            (agency_id, kind, version, state, trained_time, own_count, other_count, figures, weights)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        agency.as_uuid(),
        kind.name(),
        version.version,
        version.state.name(),
        version.trained_time,
        version.own_count,
        version.other_count,
        Json(&version.figures) as _,
        weights,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Puts a version into a state. The caller holds the agency's lock.
///
/// # Errors
/// When the database is away.
pub async fn set_state(
    tx: &mut PgConnection,
    agency: AgencyId,
    kind: Kind,
    version: i32,
    state: State,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.model SET state = $4 WHERE agency_id = $1 AND kind = $2 AND version = $3",
        agency.as_uuid(),
        kind.name(),
        version,
        state.name(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

//! What the office decided about claims, and the models trained on it.

use ids::{AgencyId, ClaimId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::train::{Figures, State};

/// Decisions that one training looks at: the newest.
const DECISIONS_MAX: i64 = 20_000;
/// Versions that are listed: the newest.
const VERSIONS_MAX: i64 = 200;

/// A claim and what the office said of it in the end.
#[derive(Clone, Debug)]
pub struct DecidedClaim {
    /// The claim.
    pub claim: ClaimId,
    /// The masked words of the report that opened it.
    pub masked_text: String,
    /// What the office said, as it was written down.
    pub decision: String,
    /// When the claim was first said.
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
    /// On how many rows of a labelled folder.
    pub lent_count: i64,
    /// What was measured on held-out decisions.
    pub figures: Figures,
}

struct Row {
    version: i32,
    state: String,
    trained_time: OffsetDateTime,
    own_count: i64,
    lent_count: i64,
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
        let state = match row.state.as_str() {
            "active" => State::Active,
            "retired" => State::Retired,
            "refused" => State::Refused,
            _ => {
                let unknown = UnknownState { version: row.version, state: row.state };
                return Err(sqlx::Error::Decode(Box::new(unknown)));
            }
        };
        Ok(Self {
            version: row.version,
            state,
            trained_time: row.trained_time,
            own_count: row.own_count,
            lent_count: row.lent_count,
            figures: row.figures.0,
        })
    }
}

/// Remembers what the office said of a claim; an older word about it changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn decide(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    decision: &str,
    revision: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.claim_decision AS known (agency_id, claim_id, decision, revision)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (agency_id, claim_id)
         DO UPDATE SET decision = excluded.decision, revision = excluded.revision
         WHERE excluded.revision > known.revision",
        agency.as_uuid(),
        claim.as_uuid(),
        decision,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The newest decisions about claims that citizens' reports opened, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn decisions(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<DecidedClaim>> {
    let mut decided = sqlx::query_as!(
        DecidedClaim,
        r#"SELECT claim.claim_id AS "claim: ClaimId", opening.masked_text, decision.decision, claim.first_time
           FROM classification.claim_decision AS decision
           JOIN classification.claim AS claim USING (agency_id, claim_id)
           CROSS JOIN LATERAL (
               SELECT report.masked_text FROM classification.report AS report
               WHERE report.agency_id = $1 AND report.claim_id = claim.claim_id
               ORDER BY report.position LIMIT 1
           ) AS opening
           WHERE decision.agency_id = $1
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

/// The version that is active; `None` where there is none.
///
/// # Errors
/// When the database is away.
pub async fn active_version(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "SELECT version FROM classification.model
         WHERE agency_id = $1 AND kind = 'likelihood' AND state = 'active'",
        agency.as_uuid(),
    )
    .fetch_optional(tx)
    .await
}

/// The weights of a version.
///
/// # Errors
/// When the database is away or there is no such version.
pub async fn weights(tx: &mut PgConnection, agency: AgencyId, version: i32) -> sqlx::Result<Vec<u8>> {
    sqlx::query_scalar!(
        "SELECT weights FROM classification.model
         WHERE agency_id = $1 AND kind = 'likelihood' AND version = $2",
        agency.as_uuid(),
        version,
    )
    .fetch_one(tx)
    .await
}

/// The newest versions, newest first.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn versions(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<Version>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT version, state, trained_time, own_count, lent_count, figures AS "figures: Json<Figures>"
           FROM classification.model
           WHERE agency_id = $1 AND kind = 'likelihood'
           ORDER BY version DESC
           LIMIT $2"#,
        agency.as_uuid(),
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
    version: &Version,
    weights: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.model
            (agency_id, kind, version, state, trained_time, own_count, lent_count, figures, weights)
         VALUES ($1, 'likelihood', $2, $3, $4, $5, $6, $7, $8)",
        agency.as_uuid(),
        version.version,
        version.state.name(),
        version.trained_time,
        version.own_count,
        version.lent_count,
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
    version: i32,
    state: State,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.model SET state = $3
         WHERE agency_id = $1 AND kind = 'likelihood' AND version = $2",
        agency.as_uuid(),
        version,
        state.name(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

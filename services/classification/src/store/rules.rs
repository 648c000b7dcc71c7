//! The versions of an agency's rules: added one after another under its lock, never changed.

use ids::{AgencyId, PersonId};
use judgement::rulebook::Kind;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A version without its text.
#[derive(Clone, Debug)]
pub struct Version {
    /// 1 for the first.
    pub version: i64,
    /// Who saved it.
    pub author_name: String,
    /// When.
    pub saved_time: OffsetDateTime,
    /// The version whose text was taken again.
    pub restored_version: Option<i64>,
}

/// A version to be added.
pub struct Addition<'a> {
    /// Which rules.
    pub kind: Kind,
    /// Its number.
    pub version: i64,
    /// The whole file.
    pub text: &'a str,
    /// Who saves it.
    pub author: PersonId,
    /// The author's name now.
    pub author_name: &'a str,
    /// The version whose text is taken again.
    pub restored_version: Option<i64>,
    /// The caller's own id of the change.
    pub request: Uuid,
    /// When.
    pub now: OffsetDateTime,
}

/// What a request did before.
pub struct Before {
    /// Which rules it changed.
    pub kind: String,
    /// With which text.
    pub text: String,
    /// Whether it restored a version, and which.
    pub restored_version: Option<i64>,
    /// The version that it made.
    pub version: i64,
}

/// The number of each kind's newest version; kinds without one are left out.
///
/// # Errors
/// When the database is away.
pub async fn newest(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT kind.name AS "name!", newest.version
           FROM unnest(ARRAY['intent', 'urgency', 'routing']) AS kind (name)
           CROSS JOIN LATERAL (
               SELECT version FROM classification.rules_version
               WHERE agency_id = $1 AND kind = kind.name
               ORDER BY version DESC LIMIT 1
           ) AS newest"#,
        agency.as_uuid(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.version)).collect())
}

/// One version with its text.
///
/// # Errors
/// When the database is away.
pub async fn get(
    tx: &mut PgConnection,
    agency: AgencyId,
    kind: Kind,
    version: i64,
) -> sqlx::Result<Option<(Version, String)>> {
    let row = sqlx::query!(
        "SELECT version, author_name, saved_time, restored_version, text FROM classification.rules_version
         WHERE agency_id = $1 AND kind = $2 AND version = $3",
        agency.as_uuid(),
        kind.name(),
        version,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        let version = Version {
            version: row.version,
            author_name: row.author_name,
            saved_time: row.saved_time,
            restored_version: row.restored_version,
        };
        (version, row.text)
    }))
}

/// The versions of a kind before `before`, newest first.
///
/// # Errors
/// When the database is away.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    kind: Kind,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Version>> {
    sqlx::query_as!(
        Version,
        "SELECT version, author_name, saved_time, restored_version FROM classification.rules_version
         WHERE agency_id = $1 AND kind = $2 AND version < $3
         ORDER BY version DESC LIMIT $4",
        agency.as_uuid(),
        kind.name(),
        before.unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(tx)
    .await
}

/// What a request of this id did, if it was carried out before.
///
/// # Errors
/// When the database is away.
pub async fn by_request(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: Uuid,
) -> sqlx::Result<Option<Before>> {
    sqlx::query_as!(
        Before,
        "SELECT kind, text, restored_version, version FROM classification.rules_version
         WHERE agency_id = $1 AND request_id = $2",
        agency.as_uuid(),
        request,
    )
    .fetch_optional(tx)
    .await
}

/// Adds a version. The caller holds the agency's lock and has seen which number is the next.
///
/// # Errors
/// When the database is away.
pub async fn add(tx: &mut PgConnection, agency: AgencyId, addition: &Addition<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.rules_version
            (agency_id, kind, version, text, author_id, author_name, saved_time, restored_version, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        agency.as_uuid(),
        addition.kind.name(),
        addition.version,
        addition.text,
        addition.author.as_uuid(),
        addition.author_name,
        addition.now,
        addition.restored_version,
        addition.request,
    )
    .execute(tx)
    .await?;
    Ok(())
}

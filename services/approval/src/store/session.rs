//! Sessions: known by the hash of their secret.

use ids::{AgencyId, PersonId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, read};
use crate::domain::officer::{Officer, Role};

/// A session that has not ended.
pub struct Session {
    /// Whose it is.
    pub officer: Officer,
    /// The agency's name.
    pub agency_name: String,
    /// The person's key seed, under the session's secret.
    pub seed_sealed: Vec<u8>,
    /// How many others of the same person have not ended.
    pub other_sessions: i64,
}

/// Which sessions have not ended.
pub struct Live {
    /// Used after this.
    pub idle_since: OffsetDateTime,
    /// Begun after this.
    pub signed_in_since: OffsetDateTime,
    /// The time of day.
    pub now: OffsetDateTime,
}

/// A session that begins.
pub struct NewSession<'a> {
    /// Of its secret.
    pub secret_sha256: [u8; 32],
    /// The person's key seed, under the session's secret.
    pub seed_sealed: &'a [u8],
    /// Where the browser calls from, for its owner to see.
    pub client_address: &'a str,
    /// What the browser is, for its owner to see.
    pub browser: &'a str,
}

/// Begins a session.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    person: PersonId,
    session: &NewSession<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.session
             (secret_sha256, agency_id, person_id, seed_sealed, sign_in_time, last_used_time,
              client_address, browser)
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7)",
        &session.secret_sha256,
        agency.as_uuid(),
        person.as_uuid(),
        session.seed_sealed,
        now,
        session.client_address,
        session.browser
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The session of this secret; `None` when there is none, or it has ended. Counts as used now, unless nobody is
/// known to sit before it.
pub async fn use_live(
    tx: &mut PgConnection,
    agency: AgencyId,
    secret_sha256: &[u8; 32],
    live: &Live,
    unattended: bool,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query!(
        r#"UPDATE approval.session
         SET last_used_time = CASE WHEN $5 THEN session.last_used_time ELSE $4 END
         FROM approval.person, approval.agency
         WHERE session.secret_sha256 = $1 AND session.last_used_time > $2 AND session.sign_in_time > $3
           AND person.person_id = session.person_id AND agency.agency_id = session.agency_id
         RETURNING session.person_id, session.seed_sealed, person.display_name, person.role,
                   agency.name AS agency_name,
                   (SELECT count(*) FROM approval.session AS other
                    WHERE other.person_id = session.person_id AND other.secret_sha256 <> $1
                      AND other.last_used_time > $2 AND other.sign_in_time > $3) AS "other_sessions!""#,
        secret_sha256,
        live.idle_since,
        live.signed_in_since,
        live.now,
        unattended
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(Session {
            officer: Officer {
                agency,
                person: PersonId::from_uuid(row.person_id),
                role: read::<Role>("person.role", row.person_id, &row.role)?,
                display_name: row.display_name,
            },
            agency_name: row.agency_name,
            seed_sealed: row.seed_sealed,
            other_sessions: row.other_sessions,
        })
    })
    .transpose()
}

/// A session as its owner sees it.
pub struct Listed {
    /// The session; not its secret.
    pub session: Uuid,
    /// When it began.
    pub sign_in_time: OffsetDateTime,
    /// When it was last used.
    pub last_used_time: OffsetDateTime,
    /// Where the browser called from.
    pub client_address: String,
    /// What the browser is.
    pub browser: String,
    /// Whether its secret is the one that was asked with.
    pub is_this: bool,
}

/// The newest sessions of a person that have not ended.
pub async fn list(
    tx: &mut PgConnection,
    person: PersonId,
    secret_sha256: &[u8; 32],
    live: &Live,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let sessions = sqlx::query_as!(
        Listed,
        r#"SELECT session_id AS session, sign_in_time, last_used_time, client_address, browser,
                  secret_sha256 = $2 AS "is_this!"
           FROM approval.session
           WHERE person_id = $1 AND last_used_time > $3 AND sign_in_time > $4
           ORDER BY sign_in_time DESC, session_id LIMIT $5"#,
        person.as_uuid(),
        secret_sha256,
        live.idle_since,
        live.signed_in_since,
        limit
    )
    .fetch_all(tx)
    .await?;
    Ok(sessions)
}

/// Ends one session of a person; false when there is none.
pub async fn delete_one(tx: &mut PgConnection, person: PersonId, session: Uuid) -> Result<bool, StoreError> {
    let deleted = sqlx::query!(
        "DELETE FROM approval.session WHERE session_id = $1 AND person_id = $2",
        session,
        person.as_uuid()
    )
    .execute(tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Ends a session; the person's name when there was one.
pub async fn delete(tx: &mut PgConnection, secret_sha256: &[u8; 32]) -> Result<Option<String>, StoreError> {
    let name = sqlx::query_scalar!(
        "DELETE FROM approval.session USING approval.person
         WHERE session.secret_sha256 = $1 AND person.person_id = session.person_id
         RETURNING person.display_name",
        secret_sha256
    )
    .fetch_optional(tx)
    .await?;
    Ok(name)
}

/// Forgets sessions that have ended, so that their sealed keys do not lie about. `agency` is the transaction's.
pub async fn delete_ended(tx: &mut PgConnection, agency: AgencyId, live: &Live) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM approval.session
         WHERE agency_id = $1 AND (last_used_time <= $2 OR sign_in_time <= $3)",
        agency.as_uuid(),
        live.idle_since,
        live.signed_in_since
    )
    .execute(tx)
    .await?;
    Ok(())
}

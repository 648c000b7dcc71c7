//! Sessions: known by the hash of their secret.

use ids::{AgencyId, PersonId};
use sqlx::PgConnection;
use time::OffsetDateTime;

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
}

/// Begins a session.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    person: PersonId,
    secret_sha256: &[u8; 32],
    seed_sealed: &[u8],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.session
             (secret_sha256, agency_id, person_id, seed_sealed, sign_in_time, last_used_time)
         VALUES ($1, $2, $3, $4, $5, $5)",
        secret_sha256,
        agency.as_uuid(),
        person.as_uuid(),
        seed_sealed,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The session of this secret, used now; `None` when there is none, or it was last used before `idle_since`
/// or begun before `signed_in_since`.
pub async fn use_live(
    tx: &mut PgConnection,
    agency: AgencyId,
    secret_sha256: &[u8; 32],
    idle_since: OffsetDateTime,
    signed_in_since: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query!(
        "UPDATE approval.session SET last_used_time = $4
         FROM approval.person, approval.agency
         WHERE session.secret_sha256 = $1 AND session.last_used_time > $2 AND session.sign_in_time > $3
           AND person.person_id = session.person_id AND agency.agency_id = session.agency_id
         RETURNING session.person_id, session.seed_sealed, person.display_name, person.role,
                   agency.name AS agency_name",
        secret_sha256,
        idle_since,
        signed_in_since,
        now
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
        })
    })
    .transpose()
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

/// Forgets a person's sessions that have ended, so that their sealed keys do not lie about.
pub async fn delete_ended(
    tx: &mut PgConnection,
    person: PersonId,
    idle_since: OffsetDateTime,
    signed_in_since: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM approval.session
         WHERE person_id = $1 AND (last_used_time <= $2 OR sign_in_time <= $3)",
        person.as_uuid(),
        idle_since,
        signed_in_since
    )
    .execute(tx)
    .await?;
    Ok(())
}

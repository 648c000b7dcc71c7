//! People, clients, and the count of their failed attempts.

use ids::{AgencyId, PersonId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::{StoreError, bytes, read};
use crate::domain::officer::{Officer, Role};

/// A person with what they prove themselves by.
pub struct Person {
    /// Who it is.
    pub officer: Officer,
    /// Of the password.
    pub password_hash: String,
    /// Of the authenticator.
    pub totp_secret_sealed: Vec<u8>,
}

/// What kind of name is used to sign in.
#[derive(Clone, Copy)]
pub enum NameKind {
    /// A person's login.
    Person,
    /// A client's id.
    Client,
}

impl NameKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Client => "client",
        }
    }
}

/// The agency that a sign-in name belongs to. The only question asked before an agency is known.
pub async fn agency_of_name(
    pool: &PgPool,
    kind: NameKind,
    name: &str,
) -> Result<Option<AgencyId>, StoreError> {
    // The database takes no NUL, so nobody is called that.
    if name.contains('\0') {
        return Ok(None);
    }
    let agency = sqlx::query_scalar!(
        "SELECT agency_id FROM approval.sign_in_name WHERE kind = $1 AND name = $2",
        kind.as_str(),
        name
    )
    .fetch_optional(pool)
    .await?;
    Ok(agency.map(AgencyId::from_uuid))
}

/// Claims a sign-in name for the agency; false when another agency has it.
pub async fn claim_name(
    tx: &mut PgConnection,
    agency: AgencyId,
    kind: NameKind,
    name: &str,
) -> Result<bool, StoreError> {
    sqlx::query!(
        "INSERT INTO approval.sign_in_name (kind, name, agency_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        kind.as_str(),
        name,
        agency.as_uuid()
    )
    .execute(&mut *tx)
    .await?;
    let owner = sqlx::query_scalar!(
        "SELECT agency_id FROM approval.sign_in_name WHERE kind = $1 AND name = $2",
        kind.as_str(),
        name
    )
    .fetch_one(tx)
    .await?;
    Ok(owner == agency.as_uuid())
}

/// The person with this login.
pub async fn by_login(
    tx: &mut PgConnection,
    agency: AgencyId,
    login: &str,
) -> Result<Option<Person>, StoreError> {
    let row = sqlx::query!(
        "SELECT person_id, display_name, role, password_hash, totp_secret_sealed
         FROM approval.person WHERE login = $1",
        login
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(Person {
            officer: Officer {
                agency,
                person: PersonId::from_uuid(row.person_id),
                role: read::<Role>("person.role", row.person_id, &row.role)?,
                display_name: row.display_name,
            },
            password_hash: row.password_hash,
            totp_secret_sealed: row.totp_secret_sealed,
        })
    })
    .transpose()
}

/// A person's sealed authenticator secret, with the row locked and the attempts not used up; `None` while
/// the person is locked out.
pub async fn lock_for_code(
    tx: &mut PgConnection,
    person: PersonId,
    now: OffsetDateTime,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed = sqlx::query_scalar!(
        "SELECT totp_secret_sealed FROM approval.person
         WHERE person_id = $1 AND (locked_until IS NULL OR locked_until <= $2)
         FOR NO KEY UPDATE",
        person.as_uuid(),
        now
    )
    .fetch_optional(tx)
    .await?;
    Ok(sealed)
}

/// Counts an attempt before it is judged, so that attempts side by side cannot outrun the count. The one
/// that reaches `attempts_max` locks the person out until `locked_until`, unless it succeeds. `None` while
/// the person is locked out.
pub async fn count_attempt(
    tx: &mut PgConnection,
    person: PersonId,
    now: OffsetDateTime,
    attempts_max: i32,
    locked_until: OffsetDateTime,
) -> Result<Option<i32>, StoreError> {
    let attempts = sqlx::query_scalar!(
        "UPDATE approval.person
         SET failed_attempts = CASE WHEN locked_until IS NULL THEN failed_attempts + 1 ELSE 1 END,
             locked_until = CASE WHEN locked_until IS NULL AND failed_attempts + 1 >= $3 THEN $4::timestamptz END
         WHERE person_id = $1 AND (locked_until IS NULL OR locked_until <= $2)
         RETURNING failed_attempts",
        person.as_uuid(),
        now,
        attempts_max,
        locked_until
    )
    .fetch_optional(tx)
    .await?;
    Ok(attempts)
}

/// Uses up the step of a one-time code and forgets failed attempts; false when that step or a later one was
/// used before.
pub async fn use_step(tx: &mut PgConnection, person: PersonId, step: i64) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.person SET totp_last_step = $2, failed_attempts = 0, locked_until = NULL
         WHERE person_id = $1 AND totp_last_step < $2",
        person.as_uuid(),
        step
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// The SHA-256 of a client's secret.
pub async fn client_secret_sha256(
    tx: &mut PgConnection,
    client: &str,
) -> Result<Option<[u8; 32]>, StoreError> {
    let stored =
        sqlx::query_scalar!("SELECT secret_sha256 FROM approval.client WHERE client_id = $1", client)
            .fetch_optional(tx)
            .await?;
    stored.map(|stored| bytes("client.secret_sha256", client, &stored)).transpose()
}

/// A new person, for the operator's ceremony.
pub async fn insert(tx: &mut PgConnection, login: &str, person: &Person) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.person
             (person_id, agency_id, login, display_name, role, password_hash, totp_secret_sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        person.officer.person.as_uuid(),
        person.officer.agency.as_uuid(),
        login,
        person.officer.display_name,
        person.officer.role.as_str(),
        person.password_hash,
        person.totp_secret_sealed
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A new client, for the operator's ceremony. Changes nothing when it is there already.
pub async fn insert_client(
    tx: &mut PgConnection,
    agency: AgencyId,
    client: &str,
    secret_sha256: &[u8; 32],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.client (client_id, agency_id, secret_sha256) VALUES ($1, $2, $3)
         ON CONFLICT (client_id) DO NOTHING",
        client,
        agency.as_uuid(),
        secret_sha256
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a person is called.
pub async fn display_name(tx: &mut PgConnection, person: PersonId) -> Result<Option<String>, StoreError> {
    let name = sqlx::query_scalar!(
        "SELECT display_name FROM approval.person WHERE person_id = $1",
        person.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(name)
}

//! People and clients.

use ids::{AgencyId, KeyId, PersonId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::session::Live;
use super::{StoreError, bytes, read};
use crate::domain::officer::{Officer, Role};

/// A person with what they prove themselves by.
pub struct Person {
    /// Who it is.
    pub officer: Officer,
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

/// The agency whose rows answer for somebody who signs in with this login. A name that nobody has belongs to the
/// agency of the first name there is, so that it is looked for and told of in the same way. `None` where there
/// are no people at all.
pub async fn agency_of_login(pool: &PgPool, login: &str) -> Result<Option<AgencyId>, StoreError> {
    let login = login.replace('\0', "\u{fffd}");
    let agency = sqlx::query_scalar!(
        "SELECT agency_id FROM approval.sign_in_name WHERE kind = 'person'
         ORDER BY (name = $1) DESC, name LIMIT 1",
        login
    )
    .fetch_optional(pool)
    .await?;
    Ok(agency.map(AgencyId::from_uuid))
}

/// Every agency that has people.
pub async fn agencies(pool: &PgPool) -> Result<Vec<AgencyId>, StoreError> {
    let agencies =
        sqlx::query_scalar!("SELECT DISTINCT agency_id FROM approval.sign_in_name WHERE kind = 'person'")
            .fetch_all(pool)
            .await?;
    Ok(agencies.into_iter().map(AgencyId::from_uuid).collect())
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
        "SELECT person_id, display_name, role, totp_secret_sealed
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
            totp_secret_sealed: row.totp_secret_sealed,
        })
    })
    .transpose()
}

/// What somebody who signs in must match.
pub struct Credentials {
    /// Who it is.
    pub officer: Officer,
    /// Of the authenticator.
    pub totp_secret_sealed: Vec<u8>,
    /// The person's key.
    pub key: KeyId,
    /// Its seed, sealed under the password.
    pub seed_sealed: Vec<u8>,
}

/// What the person with this login must match.
pub async fn credentials(
    tx: &mut PgConnection,
    agency: AgencyId,
    login: &str,
) -> Result<Option<Credentials>, StoreError> {
    // The database takes no NUL, so nobody is called that; the question is asked all the same.
    let login = login.replace('\0', "\u{fffd}");
    let row = sqlx::query!(
        "SELECT person.person_id, display_name, role, totp_secret_sealed, key_id, seed_sealed
         FROM approval.person JOIN approval.signing_key ON signing_key.person_id = person.person_id
         WHERE login = $1",
        login
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(Credentials {
            officer: Officer {
                agency,
                person: PersonId::from_uuid(row.person_id),
                role: read::<Role>("person.role", row.person_id, &row.role)?,
                display_name: row.display_name,
            },
            totp_secret_sealed: row.totp_secret_sealed,
            key: KeyId::from_uuid(row.key_id),
            seed_sealed: row.seed_sealed,
        })
    })
    .transpose()
}

/// A person's sealed authenticator secret.
pub async fn totp_secret_sealed(
    tx: &mut PgConnection,
    person: PersonId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed = sqlx::query_scalar!(
        "SELECT totp_secret_sealed FROM approval.person WHERE person_id = $1",
        person.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(sealed)
}

/// Which attempt uses a code, so that the same one may be sent twice.
pub struct CodeUse<'a> {
    /// The attempt; `None` where none is the same as another.
    pub attempt: Option<&'a [u8; 32]>,
    /// When.
    pub now: OffsetDateTime,
    /// The same attempt later than this uses the code again.
    pub same_since: OffsetDateTime,
}

/// Uses up the step of a one-time code; false when that step or a later one was used before, unless the newest
/// was used a moment ago by the same attempt.
pub async fn use_step(
    tx: &mut PgConnection,
    person: PersonId,
    step: i64,
    using: &CodeUse<'_>,
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.person SET totp_last_step = $2, last_attempt = $3, last_attempt_time = $4
         WHERE person_id = $1
           AND (totp_last_step < $2
                OR (totp_last_step = $2 AND last_attempt = $3 AND last_attempt_time > $5))",
        person.as_uuid(),
        step,
        using.attempt.map(<[u8; 32]>::as_slice),
        using.now,
        using.same_since
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// A person as an administrator sees them.
pub struct Listed {
    /// Who it is.
    pub officer: Officer,
    /// The sign-in name.
    pub login: String,
    /// Until when wrong codes keep somebody waiting who gives this person's password.
    pub locked_until: Option<OffsetDateTime>,
    /// Sessions that have not ended.
    pub sessions: i64,
}

/// One page of an agency's people, by sign-in name.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    after: &str,
    limit: i64,
    live: &Live,
) -> Result<Vec<Listed>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT person_id, display_name, role, login,
                  (SELECT max(wait_until) FROM approval.attempt
                   WHERE attempt.person_id = person.person_id AND wait_until > $6) AS locked_until,
                  (SELECT count(*) FROM approval.session
                   WHERE session.person_id = person.person_id
                     AND last_used_time > $4 AND sign_in_time > $5) AS "sessions!"
           FROM approval.person WHERE agency_id = $1 AND login > $2 ORDER BY login LIMIT $3"#,
        agency.as_uuid(),
        after,
        limit,
        live.idle_since,
        live.signed_in_since,
        live.now
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Listed {
                officer: Officer {
                    agency,
                    person: PersonId::from_uuid(row.person_id),
                    role: read::<Role>("person.role", row.person_id, &row.role)?,
                    display_name: row.display_name,
                },
                login: row.login,
                locked_until: row.locked_until,
                sessions: row.sessions,
            })
        })
        .collect()
}

/// The SHA-256 of a client's secret; `None` where it was revoked.
pub async fn client_secret_sha256(
    tx: &mut PgConnection,
    client: &str,
) -> Result<Option<[u8; 32]>, StoreError> {
    let stored = sqlx::query_scalar!(
        "SELECT secret_sha256 FROM approval.client WHERE client_id = $1 AND revoked_time IS NULL",
        client
    )
    .fetch_optional(tx)
    .await?;
    stored.map(|stored| bytes("client.secret_sha256", client, &stored)).transpose()
}

/// The department that a person checks for; `None` when there is no such person.
pub async fn department(tx: &mut PgConnection, person: PersonId) -> Result<Option<String>, StoreError> {
    let department =
        sqlx::query_scalar!("SELECT department FROM approval.person WHERE person_id = $1", person.as_uuid())
            .fetch_optional(tx)
            .await?;
    Ok(department)
}

/// Gives a person of an office that was founded before there were departments theirs; for the operator's ceremony.
pub async fn set_department(
    tx: &mut PgConnection,
    person: PersonId,
    department: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE approval.person SET department = $2 WHERE person_id = $1 AND department = ''",
        person.as_uuid(),
        department
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A new person, for the operator's ceremony.
pub async fn insert(
    tx: &mut PgConnection,
    login: &str,
    department: &str,
    person: &Person,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.person
             (person_id, agency_id, login, display_name, role, totp_secret_sealed, department)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        person.officer.person.as_uuid(),
        person.officer.agency.as_uuid(),
        login,
        person.officer.display_name,
        person.officer.role.as_str(),
        person.totp_secret_sealed,
        department
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A new client, for the operator's ceremony.
pub async fn insert_client(
    tx: &mut PgConnection,
    agency: AgencyId,
    client: &str,
    secret_sha256: &[u8; 32],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.client (client_id, agency_id, secret_sha256) VALUES ($1, $2, $3)",
        client,
        agency.as_uuid(),
        secret_sha256
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A client as the ceremony finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownClient {
    /// Of its secret.
    pub secret_sha256: [u8; 32],
    /// Whether that was revoked.
    pub is_revoked: bool,
}

/// A client that is there.
pub async fn client(tx: &mut PgConnection, client: &str) -> Result<Option<KnownClient>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT secret_sha256, revoked_time IS NOT NULL AS "is_revoked!"
           FROM approval.client WHERE client_id = $1"#,
        client
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        let secret_sha256 = bytes("client.secret_sha256", client, &row.secret_sha256)?;
        Ok(KnownClient { secret_sha256, is_revoked: row.is_revoked })
    })
    .transpose()
}

/// Revokes a client's secret, or gives the client another one; false when there is no such client.
pub async fn change_client(
    tx: &mut PgConnection,
    client: &str,
    secret_sha256: Option<&[u8; 32]>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.client
         SET secret_sha256 = coalesce($2, secret_sha256),
             revoked_time = CASE WHEN $2::bytea IS NULL THEN coalesce(revoked_time, $3) END
         WHERE client_id = $1",
        client,
        secret_sha256.map(<[u8; 32]>::as_slice),
        now
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
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

//! Signing keys with their enrolments, and the policy in force.

use ids::{AgencyId, KeyId, PersonId};
use signoff::bundle::{Signature, Signed};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{StoreError, bytes};

/// A person's key, as it is kept.
pub struct KeptKey {
    /// The key.
    pub key: KeyId,
    /// Its seed, under its person's password and the pepper.
    pub seed_sealed: Vec<u8>,
}

/// The key of a person.
pub async fn of_person(tx: &mut PgConnection, person: PersonId) -> Result<Option<KeptKey>, StoreError> {
    let row = sqlx::query!(
        "SELECT key_id, seed_sealed FROM approval.signing_key WHERE person_id = $1",
        person.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| KeptKey { key: KeyId::from_uuid(row.key_id), seed_sealed: row.seed_sealed }))
}

/// The enrolments of these keys, each once.
pub async fn enrolments(tx: &mut PgConnection, keys: &[KeyId]) -> Result<Vec<Signed>, StoreError> {
    let keys: Vec<Uuid> = keys.iter().map(|key| key.as_uuid()).collect();
    let rows = sqlx::query!(
        "SELECT key_id, enrolment, enrolment_signature FROM approval.signing_key
         WHERE key_id = ANY($1) ORDER BY key_id",
        &keys
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let signature = bytes("signing_key.enrolment_signature", row.key_id, &row.enrolment_signature)?;
            Ok(Signed {
                document: row.enrolment,
                signatures: vec![Signature { key: None, bytes: signature }],
            })
        })
        .collect()
}

/// The enrolments of the agency's administrators whose keys are none of `known`.
pub async fn enrolments_of_administrators(
    tx: &mut PgConnection,
    agency: AgencyId,
    known: &[KeyId],
) -> Result<Vec<Signed>, StoreError> {
    let known: Vec<Uuid> = known.iter().map(|key| key.as_uuid()).collect();
    let keys = sqlx::query_scalar!(
        "SELECT signing_key.key_id FROM approval.signing_key
         JOIN approval.person ON person.person_id = signing_key.person_id
         WHERE signing_key.agency_id = $1 AND person.role = 'administrator'
           AND NOT signing_key.key_id = ANY($2)
         ORDER BY signing_key.key_id LIMIT 16",
        agency.as_uuid(),
        &known
    )
    .fetch_all(&mut *tx)
    .await?;
    let keys: Vec<KeyId> = keys.into_iter().map(KeyId::from_uuid).collect();
    enrolments(tx, &keys).await
}

/// The policy in force, with the administrators' signatures.
pub async fn policy(tx: &mut PgConnection, agency: AgencyId) -> Result<Option<Signed>, StoreError> {
    let row = sqlx::query!(
        "SELECT version, document, first_key_id, first_signature, second_key_id, second_signature
         FROM approval.policy WHERE agency_id = $1 ORDER BY version DESC LIMIT 1",
        agency.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        let first = bytes("policy.first_signature", row.version, &row.first_signature)?;
        let second = bytes("policy.second_signature", row.version, &row.second_signature)?;
        Ok(Signed {
            document: row.document,
            signatures: vec![
                Signature { key: Some(KeyId::from_uuid(row.first_key_id)), bytes: first },
                Signature { key: Some(KeyId::from_uuid(row.second_key_id)), bytes: second },
            ],
        })
    })
    .transpose()
}

/// A key that is new, for the operator's ceremony.
pub struct NewKey<'a> {
    /// The key.
    pub key: KeyId,
    /// Whose.
    pub person: PersonId,
    /// Its public half.
    pub public_key: [u8; 32],
    /// Its seed, sealed.
    pub seed_sealed: &'a [u8],
    /// Its enrolment, signed by the root key.
    pub enrolment: &'a [u8],
    /// That signature.
    pub enrolment_signature: [u8; 64],
}

/// Keeps a new key.
pub async fn insert(tx: &mut PgConnection, agency: AgencyId, new: &NewKey<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.signing_key
             (key_id, agency_id, person_id, public_key, seed_sealed, enrolment, enrolment_signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.key.as_uuid(),
        agency.as_uuid(),
        new.person.as_uuid(),
        &new.public_key,
        new.seed_sealed,
        new.enrolment,
        &new.enrolment_signature
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Puts a policy in force.
pub async fn insert_policy(
    tx: &mut PgConnection,
    agency: AgencyId,
    version: i64,
    document: &[u8],
    first: (KeyId, [u8; 64]),
    second: (KeyId, [u8; 64]),
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.policy
             (agency_id, version, document, first_key_id, first_signature, second_key_id, second_signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        agency.as_uuid(),
        version,
        document,
        first.0.as_uuid(),
        &first.1,
        second.0.as_uuid(),
        &second.1
    )
    .execute(tx)
    .await?;
    Ok(())
}

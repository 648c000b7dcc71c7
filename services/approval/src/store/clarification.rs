//! Clarifications, their revisions and signed steps.

use ids::{AgencyId, CaseId, ClarificationId, KeyId, PersonId};
use signoff::content::Content;
use signoff::statement::Purpose;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, bytes, corrupt, read};
use crate::domain::content::Place;
use crate::domain::draft::{Draft, Kind};
use crate::domain::revision::{Named, Revision, RevisionState, Step};

/// A clarification, as whoever changes it needs it.
pub struct Clarification {
    /// Its case.
    pub case: CaseId,
    /// Its newest revision.
    pub latest_revision: i64,
}

/// The case of a clarification, which is locked before the clarification itself.
pub async fn case_of(
    tx: &mut PgConnection,
    clarification: ClarificationId,
) -> Result<Option<CaseId>, StoreError> {
    let case = sqlx::query_scalar!(
        "SELECT case_id FROM approval.clarification WHERE clarification_id = $1",
        clarification.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(case.map(CaseId::from_uuid))
}

/// A clarification, locked: revisions are assigned under this.
pub async fn lock(
    tx: &mut PgConnection,
    clarification: ClarificationId,
) -> Result<Option<Clarification>, StoreError> {
    let row = sqlx::query!(
        "SELECT case_id, latest_revision FROM approval.clarification WHERE clarification_id = $1
         FOR NO KEY UPDATE",
        clarification.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Clarification {
        case: CaseId::from_uuid(row.case_id),
        latest_revision: row.latest_revision,
    }))
}

/// Starts a clarification with its first revision to come.
pub async fn insert(tx: &mut PgConnection, place: Place, kind: Kind) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.clarification (clarification_id, agency_id, case_id, kind, latest_revision)
         VALUES ($1, $2, $3, $4, 1)",
        place.clarification.as_uuid(),
        place.agency.as_uuid(),
        place.case.as_uuid(),
        kind.as_str()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Assigns the next revision of a locked clarification.
pub async fn advance(tx: &mut PgConnection, place: Place, kind: Kind) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE approval.clarification SET latest_revision = $2, kind = $3 WHERE clarification_id = $1",
        place.clarification.as_uuid(),
        number(place.revision),
        kind.as_str()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a new revision says.
pub struct NewRevision<'a> {
    /// Which revision of what.
    pub place: Place,
    /// The boxes.
    pub draft: &'a Draft,
    /// The canonical content.
    pub content: &'a [u8],
    /// Its hash.
    pub content_hash: [u8; 32],
    /// Who saves it.
    pub drafter: PersonId,
    /// When.
    pub save_time: OffsetDateTime,
    /// How often its case had been merged and split.
    pub corrections: i64,
}

/// Keeps a new revision.
pub async fn insert_revision(tx: &mut PgConnection, new: &NewRevision<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.revision
             (agency_id, clarification_id, revision, draft, content, content_hash, drafter_id, save_time,
              corrections, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'draft')",
        new.place.agency.as_uuid(),
        new.place.clarification.as_uuid(),
        number(new.place.revision),
        Json(new.draft) as _,
        new.content,
        &new.content_hash,
        new.drafter.as_uuid(),
        new.save_time,
        new.corrections
    )
    .execute(tx)
    .await?;
    Ok(())
}

struct Row {
    agency_id: Uuid,
    case_id: Uuid,
    clarification_id: Uuid,
    revision: i64,
    draft: Json<Draft>,
    content: Vec<u8>,
    content_hash: Vec<u8>,
    drafter_id: Uuid,
    drafter_name: String,
    drafter_role: String,
    save_time: OffsetDateTime,
    state: String,
    return_reason: String,
    corrections: i64,
}

impl TryFrom<Row> for Revision {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = format!("{}/{}", row.clarification_id, row.revision);
        Ok(Self {
            place: Place {
                agency: AgencyId::from_uuid(row.agency_id),
                case: CaseId::from_uuid(row.case_id),
                clarification: ClarificationId::from_uuid(row.clarification_id),
                // Checked to be positive by the table.
                revision: row.revision.cast_unsigned(),
            },
            draft: row.draft.0,
            content_hash: bytes("revision.content_hash", &key, &row.content_hash)?,
            content: row.content,
            drafter: Named {
                person: PersonId::from_uuid(row.drafter_id),
                display_name: row.drafter_name,
                role: read("person.role", row.drafter_id, &row.drafter_role)?,
            },
            save_time: row.save_time,
            state: read("revision.state", &key, &row.state)?,
            return_reason: row.return_reason,
            corrections: row.corrections,
        })
    }
}

/// One revision.
pub async fn revision(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> Result<Option<Revision>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT revision.agency_id, clarification.case_id, revision.clarification_id, revision.revision,
                  revision.draft AS "draft: Json<Draft>", revision.content, revision.content_hash,
                  revision.drafter_id, person.display_name AS drafter_name, person.role AS drafter_role,
                  revision.save_time, revision.state, revision.return_reason, revision.corrections
           FROM approval.revision
           JOIN approval.clarification ON clarification.clarification_id = revision.clarification_id
           JOIN approval.person ON person.person_id = revision.drafter_id
           WHERE revision.clarification_id = $1 AND revision.revision = $2"#,
        clarification.as_uuid(),
        number(revision)
    )
    .fetch_optional(tx)
    .await?;
    row.map(Revision::try_from).transpose()
}

/// Moves a revision whose clarification is locked.
pub async fn move_to(
    tx: &mut PgConnection,
    revision: &mut Revision,
    state: RevisionState,
    return_reason: &str,
) -> Result<(), StoreError> {
    let updated = sqlx::query!(
        "UPDATE approval.revision SET state = $3, return_reason = $4
         WHERE clarification_id = $1 AND revision = $2 AND state = $5",
        revision.place.clarification.as_uuid(),
        number(revision.place.revision),
        state.as_str(),
        return_reason,
        revision.state.as_str()
    )
    .execute(tx)
    .await?;
    if updated.rows_affected() != 1 {
        // The clarification's lock forbids it; better to stop than to guess.
        return Err(StoreError::Database(sqlx::Error::RowNotFound));
    }
    revision.state = state;
    return_reason.clone_into(&mut revision.return_reason);
    Ok(())
}

/// A newer revision was signed off: the ones before it that still counted as signed do no more.
pub async fn supersede_signed_before(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE approval.revision SET state = 'superseded'
         WHERE clarification_id = $1 AND revision < $2 AND state = 'signed'",
        clarification.as_uuid(),
        number(revision)
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A revision that is signed off and neither superseded nor revoked.
pub struct SignedRevision {
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its revision.
    pub revision: u64,
    /// What kind of word it is, as it was signed: the clarification itself may have gone on as another kind.
    pub kind: Kind,
    /// The last Unix second at which it holds, as it was signed; 0 = no end.
    pub valid_until: i64,
}

/// The signed revisions of a case.
pub async fn signed_of_case(tx: &mut PgConnection, case: CaseId) -> Result<Vec<SignedRevision>, StoreError> {
    let rows = sqlx::query!(
        "SELECT revision.clarification_id, revision.revision, revision.content
         FROM approval.revision
         JOIN approval.clarification ON clarification.clarification_id = revision.clarification_id
         WHERE clarification.case_id = $1 AND revision.state = 'signed'",
        case.as_uuid()
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = format!("{}/{}", row.clarification_id, row.revision);
            let content =
                Content::decode(&row.content).map_err(|error| corrupt("revision.content", &key, error))?;
            Ok(SignedRevision {
                clarification: ClarificationId::from_uuid(row.clarification_id),
                revision: row.revision.cast_unsigned(),
                kind: read("revision.content", &key, &content.kind)?,
                valid_until: content.valid_until,
            })
        })
        .collect()
}

/// Keeps a signed step.
pub async fn insert_step(
    tx: &mut PgConnection,
    place: Place,
    step: &Step,
    gates: &[String],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval.step
             (agency_id, clarification_id, revision, purpose, person_id, key_id, statement, signature, sign_time,
              gates)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        place.agency.as_uuid(),
        place.clarification.as_uuid(),
        number(place.revision),
        step.purpose.as_str(),
        step.signer.person.as_uuid(),
        step.key.as_uuid(),
        step.statement,
        &step.signature,
        step.sign_time,
        gates
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The signed steps of these revisions, in the order of the chain.
pub async fn steps(
    tx: &mut PgConnection,
    revisions: &[(ClarificationId, u64)],
) -> Result<Vec<(ClarificationId, u64, Step)>, StoreError> {
    let clarifications: Vec<Uuid> = revisions.iter().map(|(one, _)| one.as_uuid()).collect();
    let numbers: Vec<i64> = revisions.iter().map(|(_, revision)| number(*revision)).collect();
    let rows = sqlx::query!(
        "SELECT step.clarification_id, step.revision, step.purpose, step.person_id, person.display_name,
                person.role, step.key_id, step.statement, step.signature, step.sign_time
         FROM approval.step
         JOIN approval.person ON person.person_id = step.person_id
         JOIN unnest($1::uuid[], $2::bigint[]) AS wanted (clarification_id, revision)
              ON wanted.clarification_id = step.clarification_id AND wanted.revision = step.revision",
        &clarifications,
        &numbers
    )
    .fetch_all(tx)
    .await?;
    let mut steps = Vec::with_capacity(rows.len());
    for row in rows {
        let key = format!("{}/{}/{}", row.clarification_id, row.revision, row.purpose);
        let step = Step {
            purpose: read::<Purpose>("step.purpose", &key, &row.purpose)?,
            signer: Named {
                person: PersonId::from_uuid(row.person_id),
                display_name: row.display_name,
                role: read("person.role", row.person_id, &row.role)?,
            },
            key: KeyId::from_uuid(row.key_id),
            statement: row.statement,
            signature: bytes("step.signature", &key, &row.signature)?,
            sign_time: row.sign_time,
        };
        steps.push((ClarificationId::from_uuid(row.clarification_id), row.revision.cast_unsigned(), step));
    }
    steps.sort_by_key(|(_, _, step)| step.purpose);
    Ok(steps)
}

/// A revision number as the database counts. What a caller invents above the range finds nothing.
pub fn number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

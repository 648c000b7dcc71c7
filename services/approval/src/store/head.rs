//! Revisions as lists show them: without the boxes and without the signed bytes, which are long.

use ids::{AgencyId, CaseId, ClarificationId, PersonId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{StoreError, bytes, clarification, read};
use crate::domain::content::Place;
use crate::domain::draft::{Kind, ResponseLevel, Verdict};
use crate::domain::revision::{Named, RevisionState};

/// A revision as a list shows it. What it says of the words is as they were typed; nobody signs a head.
pub struct Head {
    /// Which revision of what.
    pub place: Place,
    /// The title, cut.
    pub title: String,
    /// What kind of word it is.
    pub kind: Kind,
    /// Who shall hear it.
    pub response_level: Option<ResponseLevel>,
    /// The verdict that it states.
    pub verdict: Option<Verdict>,
    /// The last Unix second at which the words hold.
    pub valid_until: Option<i64>,
    /// The content hash, as stored.
    pub content_hash: [u8; 32],
    /// Who saved it.
    pub drafter: Named,
    /// When it was saved.
    pub save_time: OffsetDateTime,
    /// Where it stands.
    pub state: RevisionState,
    /// Why it was returned; empty otherwise.
    pub return_reason: String,
}

/// Where a page of revisions begins: behind this one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevisionKey {
    save_time: OffsetDateTime,
    clarification: ClarificationId,
    revision: u64,
}

impl RevisionKey {
    /// The key of a revision.
    pub fn of(head: &Head) -> Self {
        Self {
            save_time: head.save_time,
            clarification: head.place.clarification,
            revision: head.place.revision,
        }
    }
}

/// The revisions of a case, or of one of its clarifications, newest first.
pub async fn of_case(
    tx: &mut PgConnection,
    case: CaseId,
    clarification: Option<ClarificationId>,
    after: Option<&RevisionKey>,
    limit: i64,
) -> Result<Vec<Head>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT revision.agency_id, revision.clarification_id, revision.revision,
                  left(revision.draft ->> 'title', 200) AS "title!", revision.draft ->> 'kind' AS "kind!",
                  revision.draft ->> 'response_level' AS response_level, revision.draft ->> 'verdict' AS verdict,
                  (revision.draft ->> 'valid_until')::bigint AS valid_until, revision.content_hash,
                  revision.drafter_id, person.display_name, person.role, revision.save_time, revision.state,
                  revision.return_reason
           FROM approval.revision
           JOIN approval.clarification ON clarification.clarification_id = revision.clarification_id
           JOIN approval.person ON person.person_id = revision.drafter_id
           WHERE clarification.case_id = $1
             AND ($2::uuid IS NULL OR clarification.clarification_id = $2)
             AND ($3::timestamptz IS NULL
                  OR (revision.save_time, revision.clarification_id, revision.revision) < ($3, $4, $5))
           ORDER BY revision.save_time DESC, revision.clarification_id DESC, revision.revision DESC
           LIMIT $6"#,
        case.as_uuid(),
        clarification.map(|one| one.as_uuid()),
        after.map(|after| after.save_time),
        after.map(|after| after.clarification.as_uuid()),
        after.map(|after| clarification::number(after.revision)),
        limit
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = format!("{}/{}", row.clarification_id, row.revision);
            Ok(Head {
                place: Place {
                    agency: AgencyId::from_uuid(row.agency_id),
                    case,
                    clarification: ClarificationId::from_uuid(row.clarification_id),
                    // Checked to be positive by the table.
                    revision: row.revision.cast_unsigned(),
                },
                title: row.title,
                kind: read("revision.draft.kind", &key, &row.kind)?,
                response_level: row
                    .response_level
                    .map(|level| read("revision.draft.response_level", &key, &level))
                    .transpose()?,
                verdict: row
                    .verdict
                    .map(|verdict| read("revision.draft.verdict", &key, &verdict))
                    .transpose()?,
                valid_until: row.valid_until,
                content_hash: bytes("revision.content_hash", &key, &row.content_hash)?,
                drafter: Named {
                    person: PersonId::from_uuid(row.drafter_id),
                    display_name: row.display_name,
                    role: read("person.role", row.drafter_id, &row.role)?,
                },
                save_time: row.save_time,
                state: read("revision.state", &key, &row.state)?,
                return_reason: row.return_reason,
            })
        })
        .collect()
}

/// The clarification of a case that was last signed off, else the one that was last saved.
pub async fn furthest(tx: &mut PgConnection, case: CaseId) -> Result<Option<ClarificationId>, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT revision.clarification_id
         FROM approval.revision
         JOIN approval.clarification ON clarification.clarification_id = revision.clarification_id
         LEFT JOIN approval.step ON step.clarification_id = revision.clarification_id
              AND step.revision = revision.revision AND step.purpose = 'signed'
         WHERE clarification.case_id = $1
         ORDER BY step.sign_time DESC NULLS LAST, revision.save_time DESC
         LIMIT 1",
        case.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(found.map(ClarificationId::from_uuid))
}

/// The number of a revision that is there: `revision`, or the newest for 0.
pub async fn number(
    tx: &mut PgConnection,
    case: CaseId,
    clarification: ClarificationId,
    revision: u64,
) -> Result<Option<u64>, StoreError> {
    let latest = sqlx::query_scalar!(
        "SELECT latest_revision FROM approval.clarification WHERE clarification_id = $1 AND case_id = $2",
        clarification.as_uuid(),
        case.as_uuid()
    )
    .fetch_optional(tx)
    .await?;
    Ok(latest.map(|latest| if revision == 0 { latest.cast_unsigned() } else { revision }))
}

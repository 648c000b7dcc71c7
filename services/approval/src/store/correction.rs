//! What officers put right, in the order in which they decided it.

use ids::{AgencyId, CaseId, PersonId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;

/// A decision about what belongs together.
pub struct Correction {
    /// merge, split or reroute.
    pub kind: &'static str,
    /// The case.
    pub case: CaseId,
    /// The case that a merge goes into, or that a split makes.
    pub other: Option<CaseId>,
    /// Who decided.
    pub person: PersonId,
    /// When.
    pub time: OffsetDateTime,
}

/// How often a case has been merged or split, on either side.
pub async fn count_of(tx: &mut PgConnection, case: CaseId) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM approval.correction
           WHERE kind IN ('merge', 'split') AND (case_id = $1 OR other_case_id = $1)"#,
        case.as_uuid()
    )
    .fetch_one(tx)
    .await?;
    Ok(count)
}

/// Keeps a correction under the agency's next number. The caller holds the agency's counter, so no number is taken
/// twice or left out.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    correction: &Correction,
) -> Result<u64, StoreError> {
    let number = sqlx::query_scalar!(
        "INSERT INTO approval.correction
             (agency_id, correction, kind, case_id, other_case_id, decided_by, decide_time)
         SELECT $1, 1 + coalesce(max(correction), 0), $2, $3, $4, $5, $6
         FROM approval.correction WHERE agency_id = $1
         RETURNING correction",
        agency.as_uuid(),
        correction.kind,
        correction.case.as_uuid(),
        correction.other.map(CaseId::as_uuid),
        correction.person.as_uuid(),
        correction.time
    )
    .fetch_one(tx)
    .await?;
    Ok(number.unsigned_abs())
}

//! What officers decided about claims, in the order that approval numbered.

use ids::{AgencyId, ClaimId, PersonId, ReportId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::correct::{Correction, Decision};

struct Row {
    correction: i64,
    kind: String,
    claim_id: ClaimId,
    other_claim_id: Option<ClaimId>,
    report_ids: Vec<Uuid>,
    sentence: String,
    departments: Vec<String>,
    person_id: Option<PersonId>,
    decide_time: OffsetDateTime,
}

/// Keeps a correction; the same number a second time changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn keep(tx: &mut PgConnection, agency: AgencyId, correction: &Correction) -> sqlx::Result<()> {
    let (kind, claim, other, reports, sentence, departments): (_, _, _, &[ReportId], _, &[String]) =
        match &correction.decision {
            Decision::Merge { claim, into } => ("merge", *claim, Some(*into), &[], "", &[]),
            Decision::Split { claim, new, reports, sentence } => {
                ("split", *claim, Some(*new), reports, sentence.as_str(), &[])
            }
            Decision::Reroute { claim, departments, .. } => ("reroute", *claim, None, &[], "", departments),
        };
    let person = match &correction.decision {
        Decision::Reroute { person, .. } => person.map(PersonId::as_uuid),
        Decision::Merge { .. } | Decision::Split { .. } => None,
    };
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO classification.correction
            (agency_id, correction, kind, claim_id, other_claim_id, report_ids, sentence, departments, decide_time,
             person_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        correction.number,
        kind,
        claim.as_uuid(),
        other.map(ClaimId::as_uuid),
        &reports,
        sentence,
        departments,
        correction.time,
        person,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The correction whose turn it is, if it is here already.
///
/// # Errors
/// When the database is away or a row makes no sense.
pub async fn next(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Option<Correction>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT correction, kind, claim_id AS "claim_id: ClaimId", other_claim_id AS "other_claim_id: ClaimId",
                  report_ids, sentence, departments, person_id AS "person_id: PersonId", decide_time
           FROM classification.correction
           WHERE agency_id = $1 AND NOT applied
             AND correction = 1 + coalesce((SELECT max(correction) FROM classification.correction
                                            WHERE agency_id = $1 AND applied), 0)"#,
        agency.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(Correction::try_from).transpose()
}

/// Notes that a correction took effect.
///
/// # Errors
/// When the database is away.
pub async fn mark_applied(tx: &mut PgConnection, agency: AgencyId, number: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.correction SET applied = true WHERE agency_id = $1 AND correction = $2",
        agency.as_uuid(),
        number,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A row that no version of this service wrote.
#[derive(Debug, thiserror::Error)]
#[error("classification.correction {correction} is a {kind:?} and lacks what that needs")]
struct Senseless {
    correction: i64,
    kind: String,
}

impl TryFrom<Row> for Correction {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let claim = row.claim_id;
        let decision = match (row.kind.as_str(), row.other_claim_id) {
            ("merge", Some(into)) => Decision::Merge { claim, into },
            ("split", Some(new)) => Decision::Split {
                claim,
                new,
                reports: row.report_ids.into_iter().map(ReportId::from_uuid).collect(),
                sentence: row.sentence,
            },
            ("reroute", _) => {
                Decision::Reroute { claim, departments: row.departments, person: row.person_id }
            }
            _ => {
                let senseless = Senseless { correction: row.correction, kind: row.kind };
                return Err(sqlx::Error::Decode(Box::new(senseless)));
            }
        };
        Ok(Self { number: row.correction, time: row.decide_time, decision })
    }
}

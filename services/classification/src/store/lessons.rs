//! Which officers sent claims about a subject to which department: a small table, the newest of an agency.

use std::collections::HashMap;

use ids::{AgencyId, ClaimId, PersonId};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Lessons that are kept of an agency; the oldest go first.
const LESSONS_MAX: i64 = 2_000;
/// So many officers must have said the same.
const PEOPLE_MIN: i64 = 2;

/// What officers agree on about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The department.
    pub department: String,
    /// How many officers sent such claims there.
    pub people: i64,
}

/// What officers agree on, by subject word.
pub type Lessons = HashMap<String, Agreed>;

/// What is said of a claim now, in place of what was said before. The caller holds the agency's lock.
///
/// # Errors
/// When the database is away.
pub async fn learn(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    subjects: &[String],
    taught: Option<(&str, PersonId)>,
    time: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM classification.reroute_lesson WHERE agency_id = $1 AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(&mut *tx)
    .await?;
    let Some((department, person)) = taught else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO classification.reroute_lesson
            (agency_id, claim_id, subject, department, person_id, decide_time)
         SELECT $1, $2, subject, $4, $5, $6 FROM unnest($3::text[]) AS about (subject)",
        agency.as_uuid(),
        claim.as_uuid(),
        subjects,
        department,
        person.as_uuid(),
        time,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "DELETE FROM classification.reroute_lesson WHERE agency_id = $1 AND decide_time < (
             SELECT decide_time FROM classification.reroute_lesson
             WHERE agency_id = $1 ORDER BY decide_time DESC OFFSET $2 LIMIT 1)",
        agency.as_uuid(),
        LESSONS_MAX - 1,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What officers agree on: of each subject the department that most of them chose, of equal ones the latest.
///
/// # Errors
/// When the database is away.
pub async fn agreed(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Lessons> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (subject) subject, department, count(DISTINCT person_id) AS "people!"
           FROM classification.reroute_lesson
           WHERE agency_id = $1
           GROUP BY subject, department
           HAVING count(DISTINCT person_id) >= $2
           ORDER BY subject, count(DISTINCT person_id) DESC, max(decide_time) DESC, department"#,
        agency.as_uuid(),
        PEOPLE_MIN,
    )
    .fetch_all(tx)
    .await?;
    let agreed =
        rows.into_iter().map(|row| (row.subject, Agreed { department: row.department, people: row.people }));
    Ok(agreed.collect())
}

//! What was put to a person about claims, and what was decided about it.

use ids::{AgencyId, ClaimId, PersonId, ReportId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use judgement::reason::Reason;

/// A claim that waits to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// The claim.
    pub claim: ClaimId,
}

/// One of a claim's newest reports.
#[derive(Clone, Debug)]
pub struct Later {
    /// The report.
    pub report: ReportId,
    /// Its words.
    pub masked_text: String,
}

/// Something to be put to a person.
#[derive(Clone, Debug)]
pub enum Suggested {
    /// Two claims may be one.
    Merge {
        /// The claim whose id is the lower.
        claim: ClaimId,
        /// The other one.
        other: ClaimId,
        /// How alike they are.
        similarity: f32,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// A claim may be two.
    Split {
        /// The claim.
        claim: ClaimId,
        /// How alike its newest reports are to its opening words.
        similarity: f32,
        /// Why.
        reasons: Vec<Reason>,
        /// The words of the first report that may be apart.
        text: String,
        /// The reports that may be apart.
        reports: Vec<ReportId>,
    },
}

/// True where any open claim waits to be compared.
///
/// # Errors
/// When the database is away.
pub async fn any_to_compare(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM classification.claim WHERE agency_id = $1 AND compare) AS "any!""#,
        agency.as_uuid(),
    )
    .fetch_one(tx)
    .await
}

/// Claims that wait to be compared.
///
/// # Errors
/// When the database is away.
pub async fn to_compare(tx: &mut PgConnection, agency: AgencyId, limit: i64) -> sqlx::Result<Vec<Compared>> {
    sqlx::query_as!(
        Compared,
        r#"SELECT claim_id AS "claim: ClaimId" FROM classification.claim
           WHERE agency_id = $1 AND compare ORDER BY claim_id LIMIT $2"#,
        agency.as_uuid(),
        limit,
    )
    .fetch_all(tx)
    .await
}

/// Notes that these claims were compared as they stand.
///
/// # Errors
/// When the database is away.
pub async fn mark_compared(tx: &mut PgConnection, agency: AgencyId, claims: &[ClaimId]) -> sqlx::Result<()> {
    let claims: Vec<Uuid> = claims.iter().map(|claim| claim.as_uuid()).collect();
    sqlx::query!(
        "UPDATE classification.claim SET compare = false WHERE agency_id = $1 AND claim_id = ANY($2)",
        agency.as_uuid(),
        &claims,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A claim's newest reports.
///
/// # Errors
/// When the database is away.
pub async fn later_reports(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    limit: i64,
) -> sqlx::Result<Vec<Later>> {
    sqlx::query_as!(
        Later,
        r#"SELECT report_id AS "report: ReportId", masked_text FROM classification.report
           WHERE agency_id = $1 AND claim_id = $2 ORDER BY position DESC LIMIT $3"#,
        agency.as_uuid(),
        claim.as_uuid(),
        limit,
    )
    .fetch_all(tx)
    .await
}

/// Puts something to a person. What was put before stays as it was decided; while nobody has decided, the nearest
/// likeness stands.
///
/// # Errors
/// When the database is away.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    suggested: &Suggested,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let (kind, claim, other, similarity, reasons, text, reports): (_, _, _, _, _, _, &[ReportId]) =
        match suggested {
            Suggested::Merge { claim, other, similarity, reasons } => {
                ("merge", claim, other, *similarity, reasons, "", &[])
            }
            Suggested::Split { claim, similarity, reasons, text, reports } => {
                ("split", claim, claim, *similarity, reasons, text.as_str(), reports)
            }
        };
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO classification.suggestion AS known
            (agency_id, suggestion_id, kind, claim_id, other_claim_id, similarity, reasons, report_ids, apart_text,
             suggest_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (agency_id, kind, claim_id, other_claim_id) DO UPDATE SET
            similarity = excluded.similarity, reasons = excluded.reasons, report_ids = excluded.report_ids,
            apart_text = excluded.apart_text
         WHERE known.state = 'open' AND (known.kind = 'split' OR known.similarity < excluded.similarity)",
        agency.as_uuid(),
        Uuid::now_v7(),
        kind,
        claim.as_uuid(),
        other.as_uuid(),
        similarity,
        Json(reasons) as Json<&Vec<Reason>>,
        &reports,
        text,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A suggestion as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its place in the order in which suggestions were made.
    pub position: i64,
    /// The suggestion.
    pub suggestion: Uuid,
    /// True for a merge, false for a split.
    pub merges: bool,
    /// The claim.
    pub claim: ClaimId,
    /// Its sentence.
    pub sentence: String,
    /// Its reports.
    pub report_count: i64,
    /// The other claim; the same one for a split.
    pub other: ClaimId,
    /// Its sentence.
    pub other_sentence: String,
    /// Its reports.
    pub other_report_count: i64,
    /// How alike they are.
    pub similarity: f32,
    /// Why.
    pub reasons: Json<Vec<Reason>>,
    /// The reports that may be apart.
    pub report_ids: Vec<Uuid>,
    /// The words of the first of them.
    pub apart_text: String,
    /// When it was made.
    pub suggest_time: OffsetDateTime,
}

/// Suggestions that nobody has decided, about claims that are open, newest first, before `before`.
///
/// # Errors
/// When the database is away.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    about: Option<ClaimId>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Shown>> {
    sqlx::query_as!(
        Shown,
        r#"SELECT made.position, made.suggestion_id AS suggestion, made.kind = 'merge' AS "merges!",
                  made.claim_id AS "claim: ClaimId", claim.sentence, claim.report_count,
                  made.other_claim_id AS "other: ClaimId", other.sentence AS other_sentence,
                  other.report_count AS other_report_count, made.similarity,
                  made.reasons AS "reasons: Json<Vec<Reason>>", made.report_ids, made.apart_text,
                  made.suggest_time
           FROM classification.suggestion AS made
           JOIN classification.claim AS claim
             ON claim.agency_id = made.agency_id AND claim.claim_id = made.claim_id AND claim.state = 'open'
           JOIN classification.claim AS other
             ON other.agency_id = made.agency_id AND other.claim_id = made.other_claim_id AND other.state = 'open'
           WHERE made.agency_id = $1 AND made.state = 'open' AND made.position < $3
             AND ($2::uuid IS NULL OR made.claim_id = $2 OR made.other_claim_id = $2)
           ORDER BY made.position DESC
           LIMIT $4"#,
        agency.as_uuid(),
        about.map(ClaimId::as_uuid),
        before.unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(tx)
    .await
}

/// Declines a suggestion; says `false` where there is none. Declining twice changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn decline(
    tx: &mut PgConnection,
    agency: AgencyId,
    suggestion: Uuid,
    by: Option<PersonId>,
    now: OffsetDateTime,
) -> sqlx::Result<Option<bool>> {
    let declined = sqlx::query!(
        "UPDATE classification.suggestion SET state = 'declined', decided_by = $3, decide_time = $4
         WHERE agency_id = $1 AND suggestion_id = $2 AND state = 'open'",
        agency.as_uuid(),
        suggestion,
        by.map(PersonId::as_uuid),
        now,
    )
    .execute(&mut *tx)
    .await?;
    let there = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM classification.suggestion
                          WHERE agency_id = $1 AND suggestion_id = $2) AS "there!""#,
        agency.as_uuid(),
        suggestion,
    )
    .fetch_one(tx)
    .await?;
    Ok(there.then_some(declined.rows_affected() == 1))
}

/// Notes that an officer merged these two.
///
/// # Errors
/// When the database is away.
pub async fn accept_merge(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    into: ClaimId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.suggestion SET state = 'accepted', decide_time = $4
         WHERE agency_id = $1 AND kind = 'merge' AND claim_id = $2 AND other_claim_id = $3",
        agency.as_uuid(),
        claim.min(into).as_uuid(),
        claim.max(into).as_uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that an officer split this one.
///
/// # Errors
/// When the database is away.
pub async fn accept_split(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.suggestion SET state = 'accepted', decide_time = $3
         WHERE agency_id = $1 AND kind = 'split' AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

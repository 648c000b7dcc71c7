//! Claims, their counts, and which of them others have not been told about.

use std::collections::HashSet;

use ids::{AgencyId, ClaimId, ReporterId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use judgement::reason::Reason;
use judgement::urgency::Spread;

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The claim.
    pub claim: ClaimId,
    /// The sentence that stands for it.
    pub sentence: String,
    /// Its counts.
    pub spread: Spread,
    /// When the first report was said.
    pub first_time: OffsetDateTime,
    /// When the latest was said.
    pub last_time: OffsetDateTime,
    /// The day, in Beijing, on which the words that opened it were said.
    pub said_on: Date,
    /// Suggested departments, best first.
    pub departments: Vec<String>,
    /// 0 to 100.
    pub urgency: u32,
    /// Where it stands among those of equal urgency, 0 to 100; `None` without a model.
    pub order_hint: Option<u32>,
    /// What its words say about urgency.
    pub urgency_of_words: Vec<Reason>,
    /// Why these departments.
    pub routing: Vec<Reason>,
    /// The last claim.grew; 0 before the first.
    pub state_revision: u64,
}

/// What the words of the opening report say about a claim.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The sentence that stands for it.
    pub sentence: String,
    /// Suggested departments, best first.
    pub departments: Vec<String>,
    /// Why these departments.
    pub routing: Vec<Reason>,
    /// What its words say about urgency.
    pub urgency_of_words: Vec<Reason>,
    /// Where it stands among those of equal urgency.
    pub order_hint: Option<u32>,
    /// The day, in Beijing, on which the words were said.
    pub said_on: Date,
    /// The span that opening follows from.
    pub traceparent: Option<String>,
}

/// By how much a claim grew.
#[derive(Clone, Copy, Debug)]
pub struct Grown {
    /// Reports more.
    pub reports: u64,
    /// Distinct reporters more.
    pub reporters: u64,
    /// Distinct places more.
    pub places: u64,
    /// The earliest of these reports.
    pub first_time: OffsetDateTime,
    /// The latest of these reports.
    pub last_time: OffsetDateTime,
}

impl Grown {
    /// Not yet, as of `time`.
    pub const fn at(time: OffsetDateTime) -> Self {
        Self { reports: 0, reporters: 0, places: 0, first_time: time, last_time: time }
    }

    /// By one report.
    pub fn add_report(&mut self, said_time: OffsetDateTime) {
        self.reports += 1;
        self.first_time = self.first_time.min(said_time);
        self.last_time = self.last_time.max(said_time);
    }
}

/// A claim that others were just told has grown.
#[derive(Clone, Debug)]
pub struct Told {
    /// The claim.
    pub claim: ClaimId,
    /// Its urgency as told.
    pub urgency: u32,
}

struct Row {
    claim_id: ClaimId,
    sentence: String,
    report_count: i64,
    reporter_count: i64,
    place_count: i64,
    first_time: OffsetDateTime,
    last_time: OffsetDateTime,
    said_on: Date,
    departments: Json<Vec<String>>,
    urgency: i32,
    order_hint: Option<i16>,
    urgency_of_words: Json<Vec<Reason>>,
    routing: Json<Vec<Reason>>,
    state_revision: i64,
}

impl From<Row> for Claim {
    fn from(row: Row) -> Self {
        // Constraints keep every count and the urgency at 0 or above.
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        Self {
            claim: row.claim_id,
            sentence: row.sentence,
            spread: Spread {
                reports: count(row.report_count),
                reporters: count(row.reporter_count),
                places: count(row.place_count),
            },
            first_time: row.first_time,
            last_time: row.last_time,
            said_on: row.said_on,
            departments: row.departments.0,
            urgency: u32::try_from(row.urgency).unwrap_or(0),
            order_hint: row.order_hint.and_then(|hint| u32::try_from(hint).ok()),
            urgency_of_words: row.urgency_of_words.0,
            routing: row.routing.0,
            state_revision: count(row.state_revision),
        }
    }
}

/// A count for the database; what does not fit was never counted.
fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Notes that there is this agency.
///
/// # Errors
/// When the database is away.
pub async fn remember_agency(tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.agency (agency_id) VALUES ($1) ON CONFLICT DO NOTHING",
        agency.as_uuid()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Every agency that ever had a report.
///
/// # Errors
/// When the database is away.
pub async fn agencies(pool: &PgPool) -> sqlx::Result<Vec<AgencyId>> {
    sqlx::query_scalar!(
        r#"SELECT agency_id AS "agency_id: AgencyId" FROM classification.agency ORDER BY agency_id LIMIT 10000"#
    )
    .fetch_all(pool)
    .await
}

/// Notes who reported which claim; returns the claim once per pair that is new.
///
/// # Errors
/// When the database is away.
pub async fn add_reporters(
    tx: &mut PgConnection,
    agency: AgencyId,
    pairs: &HashSet<(ClaimId, ReporterId)>,
) -> sqlx::Result<Vec<ClaimId>> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let (claims, reporters): (Vec<Uuid>, Vec<Uuid>) =
        pairs.iter().map(|(claim, reporter)| (claim.as_uuid(), reporter.as_uuid())).unzip();
    sqlx::query_scalar!(
        r#"INSERT INTO classification.claim_reporter (agency_id, claim_id, reporter_id)
           SELECT $1, pair.claim_id, pair.reporter_id
           FROM unnest($2::uuid[], $3::uuid[]) AS pair (claim_id, reporter_id)
           ON CONFLICT DO NOTHING
           RETURNING claim_id AS "claim_id: ClaimId""#,
        agency.as_uuid(),
        &claims,
        &reporters,
    )
    .fetch_all(tx)
    .await
}

/// Notes where which claim was seen; returns the claim once per pair that is new.
///
/// # Errors
/// When the database is away.
pub async fn add_places(
    tx: &mut PgConnection,
    agency: AgencyId,
    pairs: &HashSet<(ClaimId, String)>,
) -> sqlx::Result<Vec<ClaimId>> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let (claims, places): (Vec<Uuid>, Vec<&str>) =
        pairs.iter().map(|(claim, place)| (claim.as_uuid(), place.as_str())).unzip();
    sqlx::query_scalar!(
        r#"INSERT INTO classification.claim_place (agency_id, claim_id, place)
           SELECT $1, pair.claim_id, pair.place
           FROM unnest($2::uuid[], $3::text[]) AS pair (claim_id, place)
           ON CONFLICT DO NOTHING
           RETURNING claim_id AS "claim_id: ClaimId""#,
        agency.as_uuid(),
        &claims,
        &places as &[&str],
    )
    .fetch_all(tx)
    .await
}

/// Writes newly opened claims; opening them is telling others.
///
/// # Errors
/// When the database is away.
pub async fn insert(
    tx: &mut PgConnection,
    agency: AgencyId,
    opened: &[Claim],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    if opened.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = opened.iter().map(|claim| claim.claim.as_uuid()).collect();
    let sentences: Vec<&str> = opened.iter().map(|claim| claim.sentence.as_str()).collect();
    let reports: Vec<i64> = opened.iter().map(|claim| bigint(claim.spread.reports)).collect();
    let reporters: Vec<i64> = opened.iter().map(|claim| bigint(claim.spread.reporters)).collect();
    let places: Vec<i64> = opened.iter().map(|claim| bigint(claim.spread.places)).collect();
    let firsts: Vec<OffsetDateTime> = opened.iter().map(|claim| claim.first_time).collect();
    let lasts: Vec<OffsetDateTime> = opened.iter().map(|claim| claim.last_time).collect();
    let said_on: Vec<Date> = opened.iter().map(|claim| claim.said_on).collect();
    let departments: Vec<Json<&[String]>> =
        opened.iter().map(|claim| Json(claim.departments.as_slice())).collect();
    let of_words: Vec<Json<&[Reason]>> =
        opened.iter().map(|claim| Json(claim.urgency_of_words.as_slice())).collect();
    let routing: Vec<Json<&[Reason]>> = opened.iter().map(|claim| Json(claim.routing.as_slice())).collect();
    // At most 100.
    let urgencies: Vec<i32> = opened.iter().map(|claim| claim.urgency.cast_signed()).collect();
    let hints: Vec<Option<i16>> =
        opened.iter().map(|claim| claim.order_hint.and_then(|hint| i16::try_from(hint).ok())).collect();
    sqlx::query!(
        "INSERT INTO classification.claim
            (agency_id, claim_id, sentence, report_count, reporter_count, place_count, first_time, last_time,
             departments, urgency_of_words, routing, urgency, order_hint, said_on, told_time)
         SELECT $1, claim.claim_id, claim.sentence, claim.report_count, claim.reporter_count, claim.place_count,
                claim.first_time, claim.last_time, claim.departments, claim.urgency_of_words, claim.routing,
                claim.urgency, claim.order_hint, claim.said_on, $15
         FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[],
                     $8::timestamptz[], $9::jsonb[], $10::jsonb[], $11::jsonb[], $12::integer[],
                     $13::smallint[], $14::date[])
              AS claim (claim_id, sentence, report_count, reporter_count, place_count, first_time, last_time,
                        departments, urgency_of_words, routing, urgency, order_hint, said_on)",
        agency.as_uuid(),
        &ids,
        &sentences as &[&str],
        &reports,
        &reporters,
        &places,
        &firsts,
        &lasts,
        &departments as &[Json<&[String]>],
        &of_words as &[Json<&[Reason]>],
        &routing as &[Json<&[Reason]>],
        &urgencies,
        &hints as &[Option<i16>],
        &said_on,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds to the counts of claims and leaves it to the sweep to tell others.
///
/// # Errors
/// When the database is away.
pub async fn grow(tx: &mut PgConnection, agency: AgencyId, grown: &[(ClaimId, Grown)]) -> sqlx::Result<()> {
    if grown.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = grown.iter().map(|(claim, _)| claim.as_uuid()).collect();
    let reports: Vec<i64> = grown.iter().map(|(_, grown)| bigint(grown.reports)).collect();
    let reporters: Vec<i64> = grown.iter().map(|(_, grown)| bigint(grown.reporters)).collect();
    let places: Vec<i64> = grown.iter().map(|(_, grown)| bigint(grown.places)).collect();
    let firsts: Vec<OffsetDateTime> = grown.iter().map(|(_, grown)| grown.first_time).collect();
    let lasts: Vec<OffsetDateTime> = grown.iter().map(|(_, grown)| grown.last_time).collect();
    sqlx::query!(
        "UPDATE classification.claim AS claim
         SET report_count = claim.report_count + more.reports,
             reporter_count = claim.reporter_count + more.reporters,
             place_count = claim.place_count + more.places,
             first_time = least(claim.first_time, more.first_time),
             last_time = greatest(claim.last_time, more.last_time),
             grew = true,
             compare = true
         FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[])
              AS more (claim_id, reports, reporters, places, first_time, last_time)
         WHERE claim.agency_id = $1 AND claim.claim_id = more.claim_id",
        agency.as_uuid(),
        &ids,
        &reports,
        &reporters,
        &places,
        &firsts,
        &lasts,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Claims that grew and that others were last told about before `told_before`, the longest unsaid first, locked
/// for this transaction. Those that another replica is just telling about are left to it.
///
/// # Errors
/// When the database is away.
pub async fn grown(
    tx: &mut PgConnection,
    agency: AgencyId,
    told_before: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Claim>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT claim_id AS "claim_id: ClaimId", sentence, report_count, reporter_count, place_count,
                  first_time, last_time, coalesce(said_on, (first_time AT TIME ZONE 'Asia/Shanghai')::date) AS "said_on!",
                  departments AS "departments: Json<Vec<String>>", urgency, order_hint,
                  urgency_of_words AS "urgency_of_words: Json<Vec<Reason>>",
                  routing AS "routing: Json<Vec<Reason>>", state_revision
           FROM classification.claim
           WHERE agency_id = $1 AND grew AND told_time <= $2
           ORDER BY told_time
           LIMIT $3
           FOR UPDATE SKIP LOCKED"#,
        agency.as_uuid(),
        told_before,
        limit,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(Claim::from).collect())
}

/// Notes that others are told about these claims as they stand.
///
/// # Errors
/// When the database is away.
pub async fn mark_told(
    tx: &mut PgConnection,
    agency: AgencyId,
    told: &[Told],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = told.iter().map(|told| told.claim.as_uuid()).collect();
    let urgencies: Vec<i32> = told.iter().map(|told| told.urgency.cast_signed()).collect();
    sqlx::query!(
        "UPDATE classification.claim AS claim
         SET urgency = told.urgency, state_revision = claim.state_revision + 1, told_time = $4, grew = false
         FROM unnest($2::uuid[], $3::integer[]) AS told (claim_id, urgency)
         WHERE claim.agency_id = $1 AND claim.claim_id = told.claim_id",
        agency.as_uuid(),
        &ids,
        &urgencies,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One claim.
///
/// # Errors
/// When the database is away.
pub async fn get(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<Option<Claim>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT claim_id AS "claim_id: ClaimId", sentence, report_count, reporter_count, place_count,
                  first_time, last_time, coalesce(said_on, (first_time AT TIME ZONE 'Asia/Shanghai')::date) AS "said_on!",
                  departments AS "departments: Json<Vec<String>>", urgency, order_hint,
                  urgency_of_words AS "urgency_of_words: Json<Vec<Reason>>",
                  routing AS "routing: Json<Vec<Reason>>", state_revision
           FROM classification.claim
           WHERE agency_id = $1 AND claim_id = $2"#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Claim::from))
}

/// Dismisses a claim; says `false` where there is none that is open.
///
/// # Errors
/// When the database is away.
pub async fn dismiss(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<bool> {
    let dismissed = sqlx::query!(
        "UPDATE classification.claim SET state = 'dismissed'
         WHERE agency_id = $1 AND claim_id = $2 AND state = 'open'",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(dismissed.rows_affected() == 1)
}

/// Notes that the case of a claim was dismissed, whether the claim is here already or not.
///
/// # Errors
/// When the database is away.
pub async fn remember_dismissed(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.dismissed_claim (agency_id, claim_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// True where the case of a claim was dismissed.
///
/// # Errors
/// When the database is away.
pub async fn was_dismissed(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM classification.dismissed_claim
                          WHERE agency_id = $1 AND claim_id = $2) AS "dismissed!""#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_one(tx)
    .await
}

/// True for a claim that gathers reports.
///
/// # Errors
/// When the database is away.
pub async fn is_open(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM classification.claim
                          WHERE agency_id = $1 AND claim_id = $2 AND state = 'open') AS "open!""#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_one(tx)
    .await
}

/// Ends a claim in favour of another; says `false` where it gathered nothing any more.
///
/// # Errors
/// When the database is away.
pub async fn merge(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    into: ClaimId,
) -> sqlx::Result<bool> {
    let merged = sqlx::query!(
        "UPDATE classification.claim SET state = 'merged', merged_into = $3
         WHERE agency_id = $1 AND claim_id = $2 AND state = 'open'",
        agency.as_uuid(),
        claim.as_uuid(),
        into.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(merged.rows_affected() == 1)
}

/// Counts a claim anew from its reports, and leaves it to the sweep to tell others.
///
/// # Errors
/// When the database is away.
pub async fn recount(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM classification.claim_reporter WHERE agency_id = $1 AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "DELETE FROM classification.claim_place WHERE agency_id = $1 AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(&mut *tx)
    .await?;
    let reporters = sqlx::query!(
        "INSERT INTO classification.claim_reporter (agency_id, claim_id, reporter_id)
         SELECT DISTINCT $1::uuid, $2::uuid, reporter_id FROM classification.report
         WHERE agency_id = $1 AND claim_id = $2 AND reporter_id IS NOT NULL",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(&mut *tx)
    .await?;
    let places = sqlx::query!(
        "INSERT INTO classification.claim_place (agency_id, claim_id, place)
         SELECT DISTINCT $1::uuid, $2::uuid, btrim(seen_at, E' \\t\\n\\r　') FROM classification.report
         WHERE agency_id = $1 AND claim_id = $2 AND btrim(seen_at, E' \\t\\n\\r　') <> ''",
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE classification.claim AS claim
         SET report_count = counted.reports, reporter_count = $3, place_count = $4,
             first_time = coalesce(counted.first_time, claim.first_time),
             last_time = coalesce(counted.last_time, claim.last_time),
             grew = true, compare = true
         FROM (SELECT count(*) AS reports, min(said_time) AS first_time, max(said_time) AS last_time
               FROM classification.report WHERE agency_id = $1 AND claim_id = $2) AS counted
         WHERE claim.agency_id = $1 AND claim.claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
        bigint(reporters.rows_affected()),
        bigint(places.rows_affected()),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Sets a claim's departments for the reason given.
///
/// # Errors
/// When the database is away.
pub async fn reroute(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    departments: &[String],
    reason: &Reason,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE classification.claim SET departments = $3, routing = $4, grew = true
         WHERE agency_id = $1 AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
        Json(departments) as Json<&[String]>,
        Json(std::slice::from_ref(reason)) as Json<&[Reason]>,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Sets the sentence that stands for a claim; says `false` where there is no such claim.
///
/// # Errors
/// When the database is away.
pub async fn set_sentence(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    sentence: &str,
) -> sqlx::Result<bool> {
    let set = sqlx::query!(
        "UPDATE classification.claim SET sentence = $3, grew = true WHERE agency_id = $1 AND claim_id = $2",
        agency.as_uuid(),
        claim.as_uuid(),
        sentence,
    )
    .execute(tx)
    .await?;
    Ok(set.rows_affected() == 1)
}

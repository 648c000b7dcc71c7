//! What ingest saw in pictures, and what officers wrote down of messages without words.

use ids::{AgencyId, ClaimId, ReportId};
use judgement::picture::Hash;
use sqlx::PgConnection;
use uuid::Uuid;

/// Pictures that share a part of their hash and are compared. Some three in a hundred of all pictures do; the newest
/// are looked at.
const COMPARED_MAX: i64 = 5_000;

/// What was seen in a report's picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The report.
    pub report: ReportId,
    /// `None` for an even picture.
    pub hash: Option<Hash>,
    /// Equal for equal files; `None` for pictures from before it was told.
    pub file_key: Option<Vec<u8>>,
    /// What a machine read in it.
    pub masked_text: String,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// What read it.
    pub reader: String,
    /// Why nothing was read.
    pub unread_reason: String,
}

/// What an officer wrote down.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The report.
    pub report: ReportId,
    /// The newer counts.
    pub revision: i64,
    /// The words.
    pub masked_text: String,
}

/// Keeps a picture; a second one of the same report says nothing new.
///
/// # Errors
/// When the database is away.
pub async fn keep(tx: &mut PgConnection, agency: AgencyId, picture: &Picture) -> sqlx::Result<()> {
    let kept = sqlx::query!(
        "INSERT INTO classification.picture
            (agency_id, report_id, hash, masked_text, confidence, reader, unread_reason, file_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        picture.report.as_uuid(),
        picture.hash.map(|hash| hash.0.cast_signed()),
        picture.masked_text,
        picture.confidence,
        picture.reader,
        picture.unread_reason,
        picture.file_key,
    )
    .execute(&mut *tx)
    .await?;
    let (Some(hash), 1) = (picture.hash, kept.rows_affected()) else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO classification.picture_band (agency_id, band, report_id)
         SELECT $1, band, $3 FROM unnest($2::integer[]) AS of_hash (band) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        &hash.bands(),
        picture.report.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a transcript unless a newer one is there.
///
/// # Errors
/// When the database is away.
pub async fn keep_transcript(
    tx: &mut PgConnection,
    agency: AgencyId,
    transcript: &Transcript,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO classification.transcript AS kept (agency_id, report_id, revision, masked_text)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (agency_id, report_id) DO UPDATE
         SET revision = excluded.revision, masked_text = excluded.masked_text
         WHERE kept.revision < excluded.revision",
        agency.as_uuid(),
        transcript.report.as_uuid(),
        transcript.revision,
        transcript.masked_text,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The pictures of these reports.
///
/// # Errors
/// When the database is away.
pub async fn of_reports(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
) -> sqlx::Result<Vec<Picture>> {
    if reports.is_empty() {
        return Ok(Vec::new());
    }
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT report_id AS "report_id: ReportId", hash, file_key, masked_text, confidence, reader, unread_reason
           FROM classification.picture WHERE agency_id = $1 AND report_id = ANY($2)"#,
        agency.as_uuid(),
        &reports,
    )
    .fetch_all(tx)
    .await?;
    let pictures = rows.into_iter().map(|row| Picture {
        report: row.report_id,
        hash: row.hash.map(|hash| Hash(hash.cast_unsigned())),
        file_key: row.file_key,
        masked_text: row.masked_text,
        confidence: row.confidence,
        reader: row.reader,
        unread_reason: row.unread_reason,
    });
    Ok(pictures.collect())
}

/// What officers wrote down of these reports.
///
/// # Errors
/// When the database is away.
pub async fn transcripts(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
) -> sqlx::Result<Vec<Transcript>> {
    if reports.is_empty() {
        return Ok(Vec::new());
    }
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    sqlx::query_as!(
        Transcript,
        r#"SELECT report_id AS "report: ReportId", revision, masked_text
           FROM classification.transcript WHERE agency_id = $1 AND report_id = ANY($2)"#,
        agency.as_uuid(),
        &reports,
    )
    .fetch_all(tx)
    .await
}

/// A picture that belongs to a claim.
#[derive(Clone, Debug)]
pub struct OfClaim {
    /// The claim of its report.
    pub claim: ClaimId,
    /// Its hash.
    pub hash: Hash,
    /// What was read in it.
    pub masked_text: String,
    /// How surely.
    pub confidence: f64,
}

/// The claims of which a picture is this very file.
///
/// # Errors
/// When the database is away.
pub async fn of_file(tx: &mut PgConnection, agency: AgencyId, file_key: &[u8]) -> sqlx::Result<Vec<ClaimId>> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT report.claim_id AS "claim_id!: ClaimId"
           FROM classification.picture AS picture
           JOIN classification.report AS report
             ON report.agency_id = $1 AND report.report_id = picture.report_id
           WHERE picture.agency_id = $1 AND picture.file_key = $2 AND report.claim_id IS NOT NULL
           ORDER BY 1 LIMIT $3"#,
        agency.as_uuid(),
        file_key,
        COMPARED_MAX,
    )
    .fetch_all(tx)
    .await
}

/// Pictures of claims that share a band with `hash`: all that differ from it in at most seven bits are among them.
///
/// # Errors
/// When the database is away.
pub async fn near(tx: &mut PgConnection, agency: AgencyId, hash: Hash) -> sqlx::Result<Vec<OfClaim>> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (picture.report_id) report.claim_id AS "claim_id!: ClaimId", picture.hash AS "hash!",
                  picture.masked_text, picture.confidence
           FROM classification.picture_band AS band
           JOIN classification.picture AS picture
             ON picture.agency_id = $1 AND picture.report_id = band.report_id
           JOIN classification.report AS report
             ON report.agency_id = $1 AND report.report_id = band.report_id
           WHERE band.agency_id = $1 AND band.band = ANY($2) AND report.claim_id IS NOT NULL
           ORDER BY picture.report_id DESC
           LIMIT $3"#,
        agency.as_uuid(),
        &hash.bands(),
        COMPARED_MAX,
    )
    .fetch_all(tx)
    .await?;
    let near = rows.into_iter().map(|row| OfClaim {
        claim: row.claim_id,
        hash: Hash(row.hash.cast_unsigned()),
        masked_text: row.masked_text,
        confidence: row.confidence,
    });
    Ok(near.collect())
}

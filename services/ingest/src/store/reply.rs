//! Immediate replies: what is known that could be replied, and what was decided for each message.

use ids::{AgencyId, ClarificationId, ReportId, ReporterId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::intent::Intent;
use crate::domain::reply::{Known, Revision, Source};

/// A decided reply: where the signed words are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Why they are given.
    pub source: Source,
    /// The revision that holds them.
    pub revision: Revision,
    /// For which channel they are signed.
    pub rendition: String,
    /// The receipt number that they may name.
    pub receipt_number: Option<i64>,
}

/// What was decided for a message: `None` when nothing is yet, `Some(None)` to acknowledge without words.
///
/// # Errors
/// When the database is away, or the row is not one that this service wrote.
pub async fn find(
    tx: &mut PgConnection,
    agency: AgencyId,
    message_key: &[u8],
) -> sqlx::Result<Option<Option<Decided>>> {
    let row = sqlx::query!(
        "SELECT source, clarification_id, revision, rendition, receipt_number FROM ingest.reply
        WHERE agency_id = $1 AND message_key = $2",
        agency.as_uuid(),
        message_key,
    )
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.source == "none" {
        return Ok(Some(None));
    }
    let decided = || {
        Some(Decided {
            source: Source::named(&row.source)?,
            revision: Revision {
                clarification: ClarificationId::from_uuid(row.clarification_id?),
                revision: row.revision?.cast_unsigned(),
            },
            rendition: row.rendition.clone()?,
            receipt_number: row.receipt_number,
        })
    };
    match decided() {
        Some(decided) => Ok(Some(Some(decided))),
        None => Err(sqlx::Error::Decode(format!("an ingest.reply has the source {:?}", row.source).into())),
    }
}

/// Decides the reply to a message, once; false when it is decided already.
///
/// # Errors
/// When the database is away.
pub async fn decide(
    tx: &mut PgConnection,
    agency: AgencyId,
    message_key: &[u8],
    reporter: Option<ReporterId>,
    decided: Option<&Decided>,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "INSERT INTO ingest.reply (
            agency_id, message_key, reporter_id, source, clarification_id, revision, rendition, receipt_number,
            decided_time
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        message_key,
        reporter.map(ReporterId::as_uuid),
        decided.map_or("none", |decided| decided.source.as_str()),
        decided.map(|decided| decided.revision.clarification.as_uuid()),
        decided.map(|decided| decided.revision.revision.cast_signed()),
        decided.map(|decided| decided.rendition.as_str()),
        decided.and_then(|decided| decided.receipt_number),
        now,
    )
    .execute(tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// What is known about one report: what it is answered as, once decided, and what could answer it. What calls for help is
/// answered as a call for help, whatever else it is.
///
/// # Errors
/// When the database is away, or the row holds an intent that there is not.
pub async fn known_for_report(
    tx: &mut PgConnection,
    agency: AgencyId,
    report: ReportId,
) -> sqlx::Result<(Option<Intent>, Known)> {
    let assignment = sqlx::query!(
        "SELECT intent, claim_id, answered_by, calls_for_help FROM ingest.assignment
        WHERE agency_id = $1 AND report_id = $2",
        agency.as_uuid(),
        report.as_uuid(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(assignment) = assignment else { return Ok((None, Known::default())) };
    let intent = Intent::named(&assignment.intent).ok_or_else(|| {
        sqlx::Error::Decode(
            format!("ingest.assignment {report} has the unknown intent {:?}", assignment.intent).into(),
        )
    })?;
    let sure_match = sqlx::query!(
        r#"SELECT clarification_id AS "clarification_id!", revision AS "revision!"
        FROM ingest.live_clarification
        WHERE agency_id = $1 AND clarification_id = $2 AND automatic_answer"#,
        agency.as_uuid(),
        assignment.answered_by,
    )
    .fetch_optional(&mut *tx)
    .await?
    .map(|row| revision(row.clarification_id, row.revision));
    let claims: Vec<uuid::Uuid> = assignment.claim_id.into_iter().collect();
    let clarification = newest_live(tx, agency, &claims).await?;
    let holding = newest_holding(tx, agency, &claims).await?;
    let intent = if assignment.calls_for_help { Intent::Help } else { intent };
    Ok((Some(intent), Known { sure_match, clarification, holding }))
}

/// What could answer a reporter who asks what became of the earlier messages, and the receipt number of the
/// newest of them.
///
/// # Errors
/// When the database is away.
pub async fn known_for_reporter(
    tx: &mut PgConnection,
    agency: AgencyId,
    reporter: ReporterId,
) -> sqlx::Result<(Known, Option<i64>)> {
    // A reporter's newest messages: what somebody asked a thousand messages ago is not what the word means.
    let recent = sqlx::query!(
        "SELECT r.receipt_number, a.claim_id, a.answered_by
        FROM ingest.report r
        LEFT JOIN ingest.assignment a ON a.agency_id = r.agency_id AND a.report_id = r.report_id
        WHERE r.agency_id = $1 AND r.reporter_id = $2 AND r.message_type <> 'command'
        ORDER BY r.report_id DESC LIMIT 50",
        agency.as_uuid(),
        reporter.as_uuid(),
    )
    .fetch_all(&mut *tx)
    .await?;
    let number = recent.iter().find_map(|row| row.receipt_number);
    let claims: Vec<uuid::Uuid> = recent.iter().filter_map(|row| row.claim_id).collect();
    let answered: Vec<uuid::Uuid> = recent.iter().filter_map(|row| row.answered_by).collect();
    let clarification = sqlx::query!(
        r#"SELECT l.clarification_id AS "clarification_id!", l.revision AS "revision!"
        FROM ingest.live_clarification l
        JOIN ingest.clarification c
            ON c.agency_id = l.agency_id AND c.clarification_id = l.clarification_id AND c.revision = l.revision
        WHERE l.agency_id = $1 AND (l.claim_id = ANY($2) OR l.clarification_id = ANY($3))
        ORDER BY c.accepted_time DESC LIMIT 1"#,
        agency.as_uuid(),
        &claims,
        &answered,
    )
    .fetch_optional(&mut *tx)
    .await?
    .map(|row| revision(row.clarification_id, row.revision));
    let holding = newest_holding(tx, agency, &claims).await?;
    Ok((Known { sure_match: None, clarification, holding }, number))
}

async fn newest_live(
    tx: &mut PgConnection,
    agency: AgencyId,
    claims: &[uuid::Uuid],
) -> sqlx::Result<Option<Revision>> {
    let row = sqlx::query!(
        r#"SELECT l.clarification_id AS "clarification_id!", l.revision AS "revision!"
        FROM ingest.live_clarification l
        JOIN ingest.clarification c
            ON c.agency_id = l.agency_id AND c.clarification_id = l.clarification_id AND c.revision = l.revision
        WHERE l.agency_id = $1 AND l.claim_id = ANY($2)
        ORDER BY c.accepted_time DESC LIMIT 1"#,
        agency.as_uuid(),
        claims,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| revision(row.clarification_id, row.revision)))
}

async fn newest_holding(
    tx: &mut PgConnection,
    agency: AgencyId,
    claims: &[uuid::Uuid],
) -> sqlx::Result<Option<Revision>> {
    let row = sqlx::query!(
        "SELECT clarification_id, revision FROM ingest.clarification c
        WHERE agency_id = $1 AND claim_id = ANY($2) AND kind = 'holding'
            AND NOT EXISTS (
                SELECT 1 FROM ingest.revocation r
                WHERE r.agency_id = c.agency_id AND r.clarification_id = c.clarification_id
                    AND r.revision >= c.revision
            )
        ORDER BY accepted_time DESC, revision DESC LIMIT 1",
        agency.as_uuid(),
        claims,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| revision(row.clarification_id, row.revision)))
}

fn revision(clarification: uuid::Uuid, revision: i64) -> Revision {
    Revision { clarification: ClarificationId::from_uuid(clarification), revision: revision.cast_unsigned() }
}

/// The masked words of the message that was last answered automatically, if that was the last reply to the
/// reporter with this lookup key.
///
/// # Errors
/// When the database is away.
pub async fn answered_automatically(
    tx: &mut PgConnection,
    agency: AgencyId,
    lookup_key: &[u8],
) -> sqlx::Result<Option<String>> {
    let last = sqlx::query!(
        r#"SELECT y.source, r.masked_text AS "masked_text?"
        FROM ingest.reporter p
        JOIN ingest.reply y ON y.agency_id = p.agency_id AND y.reporter_id = p.reporter_id
        LEFT JOIN ingest.report r ON r.agency_id = y.agency_id AND r.external_key = y.message_key
        WHERE p.agency_id = $1 AND p.lookup_key = $2
        ORDER BY y.decided_time DESC LIMIT 1"#,
        agency.as_uuid(),
        lookup_key,
    )
    .fetch_optional(tx)
    .await?;
    Ok(last.filter(|last| last.source == Source::Automatic.as_str()).and_then(|last| last.masked_text))
}

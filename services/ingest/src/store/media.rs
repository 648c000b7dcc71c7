//! Pictures and voices, and what officers wrote down.

use ids::{AgencyId, ReportId, ReporterId};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::domain::media::{Kind, State};

/// A message that has a picture or a voice.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The message.
    pub report: ReportId,
    /// What it has.
    pub kind: Kind,
    /// To which account it was sent.
    pub account: String,
}

/// Notes what is to be fetched, in the transaction that writes the messages.
///
/// # Errors
/// When the database is away.
pub async fn expect(
    tx: &mut PgConnection,
    agency: AgencyId,
    arrivals: &[Arrival],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    if arrivals.is_empty() {
        return Ok(());
    }
    let reports: Vec<Uuid> = arrivals.iter().map(|arrival| arrival.report.as_uuid()).collect();
    let kinds: Vec<String> = arrivals.iter().map(|arrival| arrival.kind.as_str().to_owned()).collect();
    let accounts: Vec<String> = arrivals.iter().map(|arrival| arrival.account.clone()).collect();
    sqlx::query!(
        "INSERT INTO ingest.media (agency_id, report_id, kind, account, next_attempt_time, received_time)
        SELECT $1, report_id, kind, account, $5, $5
        FROM UNNEST($2::uuid[], $3::text[], $4::text[]) AS arrival (report_id, kind, account)",
        agency.as_uuid(),
        &reports,
        &kinds,
        &accounts,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One that an attempt was begun for.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The message.
    pub report: ReportId,
    /// What it has.
    pub kind: Kind,
    /// The account that can fetch it.
    pub account: String,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// When the message arrived.
    pub received: OffsetDateTime,
    /// What opens the message.
    pub sealed: Sealed,
}

/// A message with everything that it takes to open it, but for the master key.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The message.
    pub report: ReportId,
    /// The original.
    pub original: Vec<u8>,
    /// The message's own key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Whose key wraps it; `None` for the master key.
    pub reporter: Option<ReporterId>,
    /// That key, wrapped; `None` once the person was forgotten.
    pub reporter_key: Option<Vec<u8>>,
}

/// Begins attempts for those whose turn has come and that no other replica holds: each is another's turn only
/// after `lease`.
///
/// # Errors
/// When the database is away, or a row makes no sense.
pub async fn begin(
    tx: &mut PgConnection,
    agency: AgencyId,
    now: OffsetDateTime,
    lease: Duration,
    limit: i64,
) -> sqlx::Result<Vec<Begun>> {
    let rows = sqlx::query!(
        r#"WITH due AS (
            SELECT report_id FROM ingest.media
            WHERE agency_id = $1 AND state = 'waiting' AND next_attempt_time <= $2
            ORDER BY next_attempt_time LIMIT $4
            FOR UPDATE SKIP LOCKED
        ), begun AS (
            UPDATE ingest.media m SET attempts = m.attempts + 1, next_attempt_time = $3
            FROM due WHERE m.agency_id = $1 AND m.report_id = due.report_id
            RETURNING m.report_id, m.kind, m.account, m.attempts, m.received_time
        )
        SELECT b.report_id AS "report_id!", b.kind AS "kind!", b.account AS "account!",
            b.attempts AS "attempts!", b.received_time AS "received_time!",
            r.sealed, r.wrapped_key, r.reporter_id, p.wrapped_key AS "reporter_key?"
        FROM begun b
        JOIN ingest.report r ON r.agency_id = $1 AND r.report_id = b.report_id
        LEFT JOIN ingest.reporter p ON p.agency_id = $1 AND p.reporter_id = r.reporter_id"#,
        agency.as_uuid(),
        now,
        now + lease,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let report = ReportId::from_uuid(row.report_id);
            Ok(Begun {
                report,
                kind: kind(report, &row.kind)?,
                account: row.account,
                attempt: row.attempts,
                received: row.received_time,
                sealed: Sealed {
                    report,
                    original: row.sealed,
                    wrapped_key: row.wrapped_key,
                    reporter: row.reporter_id.map(ReporterId::from_uuid),
                    reporter_key: row.reporter_key,
                },
            })
        })
        .collect()
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum End {
    /// The file is here.
    Here {
        /// `Kept` or `Unreadable`.
        state: State,
        /// What is wrong with it.
        reason: String,
        /// By its first bytes.
        content_type: &'static str,
        /// Sealed.
        sealed: Vec<u8>,
    },
    /// It will never be.
    Lost(String),
    /// Worth another attempt then.
    Later(String, OffsetDateTime),
}

/// Records how an attempt ended; false when another attempt took its place meanwhile, and then nothing is written.
///
/// # Errors
/// When the database is away.
pub async fn end(tx: &mut PgConnection, agency: AgencyId, begun: &Begun, end: &End) -> sqlx::Result<bool> {
    let (state, reason, content_type, sealed, again) = match end {
        End::Here { state, reason, content_type, sealed } => {
            (*state, reason, *content_type, Some(sealed.as_slice()), None)
        }
        End::Lost(reason) => (State::Lost, reason, "", None, None),
        End::Later(reason, again) => (State::Waiting, reason, "", None, Some(*again)),
    };
    let ended = sqlx::query!(
        "UPDATE ingest.media SET state = $4, reason = $5, content_type = $6, sealed = $7,
            next_attempt_time = coalesce($8, next_attempt_time)
        WHERE agency_id = $1 AND report_id = $2 AND attempts = $3 AND state = 'waiting'",
        agency.as_uuid(),
        begun.report.as_uuid(),
        begun.attempt,
        state.as_str(),
        reason,
        content_type,
        sealed,
        again,
    )
    .execute(tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// One as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The message.
    pub report: ReportId,
    /// What it has.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Why.
    pub reason: String,
    /// What an officer wrote down last: the words, who, when.
    pub transcript: Option<(String, String, OffsetDateTime)>,
}

/// Those of `reports` that have a picture or a voice.
///
/// # Errors
/// When the database is away, or a row makes no sense.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
) -> sqlx::Result<Vec<Listed>> {
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT m.report_id, m.kind, m.state, m.reason, t.masked_text AS "masked_text?",
            t.transcribed_by_name AS "transcribed_by_name?", t.transcribe_time AS "transcribe_time?"
        FROM ingest.media m
        LEFT JOIN LATERAL (
            SELECT masked_text, transcribed_by_name, transcribe_time FROM ingest.transcript
            WHERE agency_id = $1 AND report_id = m.report_id
            ORDER BY revision DESC LIMIT 1
        ) t ON true
        WHERE m.agency_id = $1 AND m.report_id = ANY($2)"#,
        agency.as_uuid(),
        &reports,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let report = ReportId::from_uuid(row.report_id);
            let transcript = match (row.masked_text, row.transcribed_by_name, row.transcribe_time) {
                (Some(text), Some(by), Some(time)) => Some((text, by, time)),
                _ => None,
            };
            Ok(Listed {
                report,
                kind: kind(report, &row.kind)?,
                state: State::named(&row.state).ok_or_else(|| senseless(report, "state", &row.state))?,
                reason: row.reason,
                transcript,
            })
        })
        .collect()
}

/// A file that is here, with what opens it.
#[derive(Clone, Debug)]
pub struct File {
    /// By its first bytes.
    pub content_type: String,
    /// The file, sealed under the message's own key.
    pub sealed: Vec<u8>,
    /// What opens the message.
    pub message: Sealed,
}

/// The file of a message, where one is here.
///
/// # Errors
/// When the database is away.
pub async fn file(tx: &mut PgConnection, agency: AgencyId, report: ReportId) -> sqlx::Result<Option<File>> {
    let row = sqlx::query!(
        r#"SELECT m.content_type, m.sealed AS "file!", r.sealed, r.wrapped_key, r.reporter_id,
            p.wrapped_key AS "reporter_key?"
        FROM ingest.media m
        JOIN ingest.report r ON r.agency_id = m.agency_id AND r.report_id = m.report_id
        LEFT JOIN ingest.reporter p ON p.agency_id = m.agency_id AND p.reporter_id = r.reporter_id
        WHERE m.agency_id = $1 AND m.report_id = $2 AND m.sealed IS NOT NULL"#,
        agency.as_uuid(),
        report.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| File {
        content_type: row.content_type,
        sealed: row.file,
        message: Sealed {
            report,
            original: row.sealed,
            wrapped_key: row.wrapped_key,
            reporter: row.reporter_id.map(ReporterId::from_uuid),
            reporter_key: row.reporter_key,
        },
    }))
}

/// A message without words, locked so that its transcripts are numbered one after another.
///
/// # Errors
/// When the database is away.
pub async fn lock(tx: &mut PgConnection, agency: AgencyId, report: ReportId) -> sqlx::Result<Option<Sealed>> {
    let row = sqlx::query!(
        r#"SELECT r.sealed, r.wrapped_key, r.reporter_id, p.wrapped_key AS "reporter_key?"
        FROM ingest.media m
        JOIN ingest.report r ON r.agency_id = m.agency_id AND r.report_id = m.report_id
        LEFT JOIN ingest.reporter p ON p.agency_id = m.agency_id AND p.reporter_id = r.reporter_id
        WHERE m.agency_id = $1 AND m.report_id = $2
        FOR UPDATE OF m"#,
        agency.as_uuid(),
        report.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Sealed {
        report,
        original: row.sealed,
        wrapped_key: row.wrapped_key,
        reporter: row.reporter_id.map(ReporterId::from_uuid),
        reporter_key: row.reporter_key,
    }))
}

/// What an officer wrote down.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The caller's request.
    pub request: Uuid,
    /// As typed, sealed under the message's own key.
    pub sealed: Vec<u8>,
    /// Masked.
    pub masked_text: String,
    /// Who.
    pub by: String,
    /// The name that people know them by.
    pub by_name: String,
}

/// What a request wrote down before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscribedBefore {
    /// Of which message.
    pub report: ReportId,
    /// Under which revision.
    pub revision: i64,
    /// The words, masked.
    pub masked_text: String,
}

/// What this request wrote down before.
///
/// # Errors
/// When the database is away.
pub async fn transcribed_before(
    tx: &mut PgConnection,
    agency: AgencyId,
    request: Uuid,
) -> sqlx::Result<Option<TranscribedBefore>> {
    sqlx::query_as!(
        TranscribedBefore,
        r#"SELECT report_id AS "report: ReportId", revision, masked_text
        FROM ingest.transcript WHERE agency_id = $1 AND request_id = $2"#,
        agency.as_uuid(),
        request,
    )
    .fetch_optional(tx)
    .await
}

/// Keeps a transcript under the next revision of its message, which the caller has locked.
///
/// # Errors
/// When the database is away.
pub async fn transcribe(
    tx: &mut PgConnection,
    agency: AgencyId,
    report: ReportId,
    transcript: &Transcript,
    now: OffsetDateTime,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "INSERT INTO ingest.transcript (agency_id, report_id, revision, request_id, sealed, masked_text,
            transcribed_by, transcribed_by_name, transcribe_time)
        SELECT $1, $2, coalesce(max(revision), 0) + 1, $3, $4, $5, $6, $7, $8
        FROM ingest.transcript WHERE agency_id = $1 AND report_id = $2
        RETURNING revision",
        agency.as_uuid(),
        report.as_uuid(),
        transcript.request,
        transcript.sealed,
        transcript.masked_text,
        transcript.by,
        transcript.by_name,
        now,
    )
    .fetch_one(tx)
    .await
}

fn kind(report: ReportId, name: &str) -> sqlx::Result<Kind> {
    Kind::named(name).ok_or_else(|| senseless(report, "kind", name))
}

fn senseless(report: ReportId, column: &str, value: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("ingest.media.{column} of report {report} is {value:?}").into())
}

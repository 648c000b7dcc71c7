//! Answers to everyone who asked: who is owed one, attempts and their outcomes, lists and counts.

use ids::{AgencyId, AnswerId, AttemptId, ClaimId, ClarificationId, ReportId, ReporterId};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::domain::answer::{Event, State};
use crate::domain::reply::Revision;

/// While a message may still get its immediate reply (the platform asks three times within ten seconds), the
/// same words are not sent to its reporter by themselves.
const REPLY_GRACE: Duration = Duration::seconds(15);

/// Owes an answer to every reporter of the clarification's claim, if it is live now, and stops what still waits
/// of its older revisions. The caller holds `store::change_rules`, so no report is being assigned meanwhile.
///
/// # Errors
/// When the database is away.
pub async fn owe_for_clarification(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    now: OffsetDateTime,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE ingest.answer a SET state = 'halted', reason = '已由新版代替', changed_time = $3
        FROM ingest.live_clarification l
        WHERE a.agency_id = $1 AND a.clarification_id = $2 AND a.state = ANY($4)
            AND l.agency_id = a.agency_id AND l.clarification_id = a.clarification_id
            AND l.revision > a.revision",
        agency.as_uuid(),
        clarification.as_uuid(),
        now,
        &State::changed_by(Event::Stop),
    )
    .execute(&mut *tx)
    .await?;
    let owed = sqlx::query!(
        "WITH asked AS (
            SELECT l.clarification_id, l.revision, l.claim_id, a.report_id, 'answer' AS rendition
            FROM ingest.live_clarification l
            JOIN ingest.assignment a ON a.agency_id = l.agency_id AND a.claim_id = l.claim_id
            WHERE l.agency_id = $1 AND l.clarification_id = $2
            UNION ALL
            SELECT l.clarification_id, l.revision, l.claim_id, a.report_id, 'answer.auto'
            FROM ingest.live_clarification l
            JOIN ingest.assignment a ON a.agency_id = l.agency_id AND a.answered_by = l.clarification_id
            WHERE l.agency_id = $1 AND l.clarification_id = $2 AND l.automatic_answer
        )
        INSERT INTO ingest.answer (
            agency_id, reporter_id, clarification_id, revision, claim_id, account, rendition, state, reason,
            next_attempt_time, changed_time
        )
        SELECT $1, p.reporter_id, asked.clarification_id, asked.revision, asked.claim_id, p.account,
            min(asked.rendition),
            CASE WHEN p.reachable THEN 'pending' ELSE 'unreachable' END,
            CASE WHEN p.reachable THEN '' ELSE '已取消关注' END,
            max(CASE
                WHEN r.replied_at_once AND r.received_time > $3::timestamptz - $4::interval AND y.message_key IS NULL
                THEN r.received_time + $4::interval ELSE $3
            END),
            $3
        FROM asked
        JOIN ingest.report r ON r.agency_id = $1 AND r.report_id = asked.report_id
        JOIN ingest.reporter p ON p.agency_id = $1 AND p.reporter_id = r.reporter_id
        LEFT JOIN ingest.reply y ON y.agency_id = $1 AND y.message_key = r.external_key
        WHERE p.account IS NOT NULL AND p.wrapped_key IS NOT NULL
        GROUP BY p.reporter_id, p.account, p.reachable, asked.clarification_id, asked.revision, asked.claim_id
        ON CONFLICT (agency_id, reporter_id, clarification_id, revision) DO NOTHING",
        agency.as_uuid(),
        clarification.as_uuid(),
        now,
        interval(REPLY_GRACE),
    )
    .execute(tx)
    .await?;
    Ok(owed.rows_affected())
}

/// Owes an answer to the reporters of these reports, where a live clarification answers them. The caller holds
/// `store::keep_rules`, so no clarification comes into force meanwhile.
///
/// # Errors
/// When the database is away.
pub async fn owe_for_reports(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
    now: OffsetDateTime,
) -> sqlx::Result<u64> {
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    let owed = sqlx::query!(
        "WITH asked AS (
            SELECT l.clarification_id, l.revision, l.claim_id, a.report_id, 'answer' AS rendition
            FROM ingest.assignment a
            JOIN ingest.live_clarification l ON l.agency_id = a.agency_id AND l.claim_id = a.claim_id
            WHERE a.agency_id = $1 AND a.report_id = ANY($2)
            UNION ALL
            SELECT l.clarification_id, l.revision, l.claim_id, a.report_id, 'answer.auto'
            FROM ingest.assignment a
            JOIN ingest.live_clarification l
                ON l.agency_id = a.agency_id AND l.clarification_id = a.answered_by
            WHERE a.agency_id = $1 AND a.report_id = ANY($2) AND l.automatic_answer
        )
        INSERT INTO ingest.answer (
            agency_id, reporter_id, clarification_id, revision, claim_id, account, rendition, state, reason,
            next_attempt_time, changed_time
        )
        SELECT $1, p.reporter_id, asked.clarification_id, asked.revision, asked.claim_id, p.account,
            min(asked.rendition),
            CASE WHEN p.reachable THEN 'pending' ELSE 'unreachable' END,
            CASE WHEN p.reachable THEN '' ELSE '已取消关注' END,
            max(CASE
                WHEN r.replied_at_once AND r.received_time > $3::timestamptz - $4::interval AND y.message_key IS NULL
                THEN r.received_time + $4::interval ELSE $3
            END),
            $3
        FROM asked
        JOIN ingest.report r ON r.agency_id = $1 AND r.report_id = asked.report_id
        JOIN ingest.reporter p ON p.agency_id = $1 AND p.reporter_id = r.reporter_id
        LEFT JOIN ingest.reply y ON y.agency_id = $1 AND y.message_key = r.external_key
        WHERE p.account IS NOT NULL AND p.wrapped_key IS NOT NULL
        GROUP BY p.reporter_id, p.account, p.reachable, asked.clarification_id, asked.revision, asked.claim_id
        ON CONFLICT (agency_id, reporter_id, clarification_id, revision) DO NOTHING",
        agency.as_uuid(),
        &reports,
        now,
        interval(REPLY_GRACE),
    )
    .execute(tx)
    .await?;
    Ok(owed.rows_affected())
}

/// Stops what still waits to be sent to reporters whose reports were moved away from its claim.
///
/// # Errors
/// When the database is away.
pub async fn stop_for_moved(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[ReportId],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let reports: Vec<Uuid> = reports.iter().map(|report| report.as_uuid()).collect();
    sqlx::query!(
        "UPDATE ingest.answer AS waiting SET state = 'halted', reason = '线索已移出这件网传内容', changed_time = $3
        WHERE waiting.agency_id = $1 AND waiting.state = ANY($4) AND waiting.claim_id IS NOT NULL
            AND waiting.reporter_id IN (SELECT r.reporter_id FROM ingest.report r
                WHERE r.agency_id = $1 AND r.report_id = ANY($2) AND r.reporter_id IS NOT NULL)
            AND NOT EXISTS (SELECT FROM ingest.report r
                JOIN ingest.assignment a ON a.agency_id = r.agency_id AND a.report_id = r.report_id
                WHERE r.agency_id = $1 AND r.reporter_id = waiting.reporter_id
                    AND (a.claim_id = waiting.claim_id OR a.answered_by = waiting.clarification_id))",
        agency.as_uuid(),
        &reports,
        now,
        &State::changed_by(Event::Stop),
    )
    .execute(tx)
    .await?;
    Ok(())
}

fn interval(duration: Duration) -> sqlx::postgres::types::PgInterval {
    // A few seconds in microseconds.
    let microseconds = duration.whole_seconds() * 1_000_000;
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}

/// Records that a reporter was given these words as the immediate reply, so that they are not sent again.
///
/// # Errors
/// When the database is away.
pub async fn record_reply(
    tx: &mut PgConnection,
    agency: AgencyId,
    reporter: ReporterId,
    revision: Revision,
    rendition: &str,
    account: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.answer AS kept (
            agency_id, reporter_id, clarification_id, revision, claim_id, account, rendition, state,
            next_attempt_time, changed_time
        )
        SELECT c.agency_id, $2, c.clarification_id, c.revision, c.claim_id, $5, $6, 'replied', $7, $7
        FROM ingest.clarification c
        WHERE c.agency_id = $1 AND c.clarification_id = $3 AND c.revision = $4
        ON CONFLICT (agency_id, reporter_id, clarification_id, revision) DO UPDATE SET
            state = 'replied', reason = '', changed_time = $7
        WHERE kept.state = ANY($8)",
        agency.as_uuid(),
        reporter.as_uuid(),
        revision.clarification.as_uuid(),
        revision.revision.cast_signed(),
        account,
        rendition,
        now,
        &State::changed_by(Event::Reply),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An answer whose turn has come, locked until the transaction ends.
#[derive(Clone, Debug)]
pub struct Due {
    /// The answer.
    pub answer: AnswerId,
    /// Its reporter.
    pub reporter: ReporterId,
    /// What is to be sent.
    pub revision: Revision,
    /// For which channel it must be signed.
    pub rendition: String,
    /// By which account.
    pub account: String,
    /// Attempts so far.
    pub attempts: i32,
    /// The platform's name for the reporter, sealed.
    pub identity: Vec<u8>,
    /// The key that it is sealed under, wrapped; `None` once the person was forgotten.
    pub wrapped_key: Option<Vec<u8>>,
}

/// The answers whose turn has come and that no other replica holds.
///
/// # Errors
/// When the database is away.
pub async fn due(
    tx: &mut PgConnection,
    agency: AgencyId,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Due>> {
    let rows = sqlx::query!(
        "SELECT a.answer_id, a.reporter_id, a.clarification_id, a.revision, a.rendition, a.account, a.attempts,
            p.identity, p.wrapped_key
        FROM ingest.answer a
        JOIN ingest.reporter p ON p.agency_id = a.agency_id AND p.reporter_id = a.reporter_id
        WHERE a.agency_id = $1 AND a.state = 'pending' AND a.next_attempt_time <= $2
        ORDER BY a.next_attempt_time LIMIT $3
        FOR UPDATE OF a SKIP LOCKED",
        agency.as_uuid(),
        now,
        limit,
    )
    .fetch_all(tx)
    .await?;
    let due = rows.into_iter().map(|row| Due {
        answer: AnswerId::from_uuid(row.answer_id),
        reporter: ReporterId::from_uuid(row.reporter_id),
        revision: Revision {
            clarification: ClarificationId::from_uuid(row.clarification_id),
            revision: row.revision.cast_unsigned(),
        },
        rendition: row.rendition,
        account: row.account,
        attempts: row.attempts,
        identity: row.identity,
        wrapped_key: row.wrapped_key,
    });
    Ok(due.collect())
}

/// Commits to one attempt: after this the call may be made once.
///
/// # Errors
/// When the database is away.
pub async fn begin(
    tx: &mut PgConnection,
    agency: AgencyId,
    answer: AnswerId,
    attempt: AttemptId,
    now: OffsetDateTime,
    lease_end: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH begun AS (
            UPDATE ingest.answer SET state = 'sending', attempt_id = $3, attempts = attempts + 1,
                lease_end_time = $5, changed_time = $4
            WHERE agency_id = $1 AND answer_id = $2 AND state = ANY($6)
            RETURNING answer_id
        )
        INSERT INTO ingest.attempt (agency_id, attempt_id, answer_id, begun_time, outcome)
        SELECT $1, $3, answer_id, $4, 'begun' FROM begun",
        agency.as_uuid(),
        answer.as_uuid(),
        attempt.as_uuid(),
        now,
        lease_end,
        &State::changed_by(Event::Begin),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends an answer that waits without an attempt: stopped, or refused because it can never be sent.
///
/// # Errors
/// When the database is away.
pub async fn end_unsent(
    tx: &mut PgConnection,
    agency: AgencyId,
    answer: AnswerId,
    event: Event,
    reason: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let Some(state) = State::Pending.after(event) else { return Ok(()) };
    sqlx::query!(
        "UPDATE ingest.answer SET state = $3, reason = $4, changed_time = $5
        WHERE agency_id = $1 AND answer_id = $2 AND state = 'pending'",
        agency.as_uuid(),
        answer.as_uuid(),
        state.as_str(),
        reason,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Lets an answer wait longer without an attempt.
///
/// # Errors
/// When the database is away.
pub async fn postpone(
    tx: &mut PgConnection,
    agency: AgencyId,
    answer: AnswerId,
    until: OffsetDateTime,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE ingest.answer SET next_attempt_time = $3, reason = $4
        WHERE agency_id = $1 AND answer_id = $2 AND state = 'pending'",
        agency.as_uuid(),
        answer.as_uuid(),
        until,
        reason,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform took it.
    Sent,
    /// The platform will never deliver it.
    Unreachable(String),
    /// The platform surely did not take it; worth another attempt then.
    NotNow {
        /// Why.
        reason: String,
        /// When to try again.
        again: OffsetDateTime,
    },
    /// Nobody knows.
    Unknown(String),
}

impl Outcome {
    const fn event(&self) -> Event {
        match self {
            Self::Sent => Event::Taken,
            Self::Unreachable(_) => Event::Refused,
            Self::NotNow { .. } => Event::NotNow,
            Self::Unknown(_) => Event::Lost,
        }
    }

    const fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Unreachable(_) => "unreachable",
            Self::NotNow { .. } => "not_now",
            Self::Unknown(_) => "unknown",
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Sent => "",
            Self::Unreachable(reason) | Self::NotNow { reason, .. } | Self::Unknown(reason) => reason,
        }
    }
}

/// Records how an attempt ended. The truth about an attempt that was given up for lost is recorded too.
///
/// # Errors
/// When the database is away.
pub async fn end(
    tx: &mut PgConnection,
    agency: AgencyId,
    attempt: AttemptId,
    outcome: &Outcome,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    // The state that follows is the same from every state that the event changes; see domain::answer.
    let Some(state) = State::Sending.after(outcome.event()) else { return Ok(()) };
    let again = match outcome {
        Outcome::NotNow { again, .. } => Some(*again),
        Outcome::Sent | Outcome::Unreachable(_) | Outcome::Unknown(_) => None,
    };
    sqlx::query!(
        "UPDATE ingest.answer SET state = $3, reason = $4, changed_time = $5, lease_end_time = NULL,
            next_attempt_time = coalesce($6, next_attempt_time)
        WHERE agency_id = $1 AND attempt_id = $2 AND state = ANY($7)",
        agency.as_uuid(),
        attempt.as_uuid(),
        state.as_str(),
        outcome.reason(),
        now,
        again,
        &State::changed_by(outcome.event()),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE ingest.attempt SET outcome = $3, detail = $4, ended_time = $5
        WHERE agency_id = $1 AND attempt_id = $2",
        agency.as_uuid(),
        attempt.as_uuid(),
        outcome.as_str(),
        outcome.reason(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives up for lost the attempts whose replica has not said how they ended in time.
///
/// # Errors
/// When the database is away.
pub async fn give_up_lost(tx: &mut PgConnection, agency: AgencyId, now: OffsetDateTime) -> sqlx::Result<u64> {
    let lost = sqlx::query!(
        "WITH lost AS (
            UPDATE ingest.answer SET state = 'unknown', reason = $3, changed_time = $2, lease_end_time = NULL
            WHERE agency_id = $1 AND state = ANY($4) AND lease_end_time < $2
            RETURNING attempt_id
        )
        UPDATE ingest.attempt t SET outcome = 'unknown', detail = $3, ended_time = $2
        FROM lost WHERE t.agency_id = $1 AND t.attempt_id = lost.attempt_id",
        agency.as_uuid(),
        now,
        "发送途中系统中断，不知道微信是否已收下，请人工核对",
        &State::changed_by(Event::Lost),
    )
    .execute(tx)
    .await?;
    Ok(lost.rows_affected())
}

/// An answer as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The answer.
    pub answer: AnswerId,
    /// Its reporter.
    pub reporter: ReporterId,
    /// What was or will be sent.
    pub revision: Revision,
    /// Where it stands.
    pub state: State,
    /// Why, where it did not simply arrive.
    pub reason: String,
    /// When the state last changed.
    pub changed_time: OffsetDateTime,
}

/// One page of a claim's answers.
///
/// # Errors
/// When the database is away, or a row holds a state that there is not.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: ClaimId,
    needs_person: bool,
    after: Option<AnswerId>,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        "SELECT answer_id, reporter_id, clarification_id, revision, state, reason, changed_time
        FROM ingest.answer
        WHERE agency_id = $1 AND claim_id = $2 AND ($3::uuid IS NULL OR answer_id > $3)
            AND (NOT $4 OR state IN ('unknown', 'unreachable'))
        ORDER BY answer_id LIMIT $5",
        agency.as_uuid(),
        claim.as_uuid(),
        after.map(AnswerId::as_uuid),
        needs_person,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let state = State::named(&row.state).ok_or_else(|| {
                sqlx::Error::Decode(
                    format!("ingest.answer {} has the unknown state {:?}", row.answer_id, row.state).into(),
                )
            })?;
            Ok(Listed {
                answer: AnswerId::from_uuid(row.answer_id),
                reporter: ReporterId::from_uuid(row.reporter_id),
                revision: Revision {
                    clarification: ClarificationId::from_uuid(row.clarification_id),
                    revision: row.revision.cast_unsigned(),
                },
                state,
                reason: row.reason,
                changed_time: row.changed_time,
            })
        })
        .collect()
}

/// How a claim's answers stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reporters who were sent or given an answer.
    pub answered: u64,
    /// Answers still to be sent.
    pub pending: u64,
    /// Answers of which nobody knows.
    pub unknown: u64,
    /// Answers that will not be delivered.
    pub unreachable: u64,
    /// Reporters without an account that could answer, and reports without a reporter.
    pub without_channel: u64,
}

/// Counts a claim's answers.
///
/// # Errors
/// When the database is away.
pub async fn count(tx: &mut PgConnection, agency: AgencyId, claim: ClaimId) -> sqlx::Result<Counts> {
    let answers = sqlx::query!(
        r#"SELECT
            count(DISTINCT reporter_id) FILTER (WHERE state IN ('sent', 'replied')) AS "answered!",
            count(*) FILTER (WHERE state IN ('pending', 'sending')) AS "pending!",
            count(*) FILTER (WHERE state = 'unknown') AS "unknown!",
            count(*) FILTER (WHERE state = 'unreachable') AS "unreachable!"
        FROM ingest.answer WHERE agency_id = $1 AND claim_id = $2"#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_one(&mut *tx)
    .await?;
    let without_channel = sqlx::query_scalar!(
        r#"SELECT count(DISTINCT coalesce(r.reporter_id, r.report_id)) AS "count!"
        FROM ingest.assignment a
        JOIN ingest.report r ON r.agency_id = a.agency_id AND r.report_id = a.report_id
        LEFT JOIN ingest.reporter p ON p.agency_id = r.agency_id AND p.reporter_id = r.reporter_id
        WHERE a.agency_id = $1 AND a.claim_id = $2 AND p.account IS NULL"#,
        agency.as_uuid(),
        claim.as_uuid(),
    )
    .fetch_one(tx)
    .await?;
    Ok(Counts {
        answered: answers.answered.cast_unsigned(),
        pending: answers.pending.cast_unsigned(),
        unknown: answers.unknown.cast_unsigned(),
        unreachable: answers.unreachable.cast_unsigned(),
        without_channel: without_channel.cast_unsigned(),
    })
}

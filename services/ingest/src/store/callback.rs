//! What the platforms' callbacks leave besides reports: which were acted on, which could not be read, notices
//! passed on, and who follows the account.

use ids::AgencyId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// One signed callback.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Of its time, nonce and signature.
    pub key: &'a [u8],
    /// Of its body.
    pub body_key: &'a [u8],
    /// When its time is out of the window anyway.
    pub forget_time: OffsetDateTime,
}

/// Whether a signed callback was acted on before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// No.
    First,
    /// It was.
    Again,
    /// One with this signature was, and had another body.
    OtherBody,
}

/// Whether a callback with this key was acted on before.
///
/// # Errors
/// When the database is away.
pub async fn sight(
    tx: &mut PgConnection,
    agency: AgencyId,
    seen_key: &[u8],
    body_key: &[u8],
) -> sqlx::Result<Sight> {
    let before = sqlx::query_scalar!(
        "SELECT body_key FROM ingest.callback_seen WHERE agency_id = $1 AND seen_key = $2",
        agency.as_uuid(),
        seen_key,
    )
    .fetch_optional(tx)
    .await?;
    Ok(match before {
        None => Sight::First,
        Some(Some(body)) if body != body_key => Sight::OtherBody,
        Some(_) => Sight::Again,
    })
}

/// Remembers a callback until its timestamp is out of the window anyway.
///
/// # Errors
/// When the database is away.
pub async fn remember(tx: &mut PgConnection, agency: AgencyId, seen: &Seen<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO ingest.callback_seen (agency_id, seen_key, forget_time, body_key) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        seen.key,
        seen.forget_time,
        seen.body_key,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets the callbacks whose timestamps are out of the window.
///
/// # Errors
/// When the database is away.
pub async fn forget_seen(tx: &mut PgConnection, agency: AgencyId, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM ingest.callback_seen WHERE agency_id = $1 AND forget_time < $2",
        agency.as_uuid(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An authentic callback that could not be read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Its id.
    pub id: Uuid,
    /// The account that it came to.
    pub account: String,
    /// Why it could not be read.
    pub reason: String,
}

impl Unreadable {
    /// Names one more of them.
    #[must_use]
    pub fn new(account: String, reason: String) -> Self {
        Self { id: Uuid::now_v7(), account, reason }
    }
}

/// Callbacks of an agency that could not be read and are kept, at most. Each may have a megabyte.
const UNREADABLE_MAX: i64 = 200;

/// Keeps an authentic callback that could not be read; false when there are too many of them already.
///
/// # Errors
/// When the database is away.
pub async fn keep_unreadable(
    tx: &mut PgConnection,
    agency: AgencyId,
    unreadable: &Unreadable,
    sealed: &[u8],
    wrapped_key: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "INSERT INTO ingest.unreadable_callback
            (agency_id, unreadable_id, account, sealed, wrapped_key, reason, received_time)
        SELECT $1, $2, $3, $4, $5, $6, $7
        WHERE (SELECT count(*) FROM ingest.unreadable_callback WHERE agency_id = $1) < $8",
        agency.as_uuid(),
        unreadable.id,
        unreadable.account,
        sealed,
        wrapped_key,
        unreadable.reason,
        now,
        UNREADABLE_MAX,
    )
    .execute(tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Forgets the callbacks that could not be read and came before `before`.
///
/// # Errors
/// When the database is away.
pub async fn forget_unreadable(
    tx: &mut PgConnection,
    agency: AgencyId,
    before: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM ingest.unreadable_callback WHERE agency_id = $1 AND received_time < $2",
        agency.as_uuid(),
        before,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Records a platform's notice; false when it was passed on before.
///
/// # Errors
/// When the database is away.
pub async fn record_notice(
    tx: &mut PgConnection,
    agency: AgencyId,
    notice_key: &[u8],
    account: &str,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "INSERT INTO ingest.platform_notice (agency_id, notice_key, account, received_time)
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        notice_key,
        account,
        now,
    )
    .execute(tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Records whether a reporter can be reached. Nothing is written for somebody who never wrote. Answers that
/// wait for somebody who left end here: the platform forbids even trying.
///
/// # Errors
/// When the database is away.
pub async fn set_reachable(
    tx: &mut PgConnection,
    agency: AgencyId,
    lookup_key: &[u8],
    reachable: bool,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH changed AS (
            UPDATE ingest.reporter SET reachable = $3
            WHERE agency_id = $1 AND lookup_key = $2 AND reachable <> $3 RETURNING reporter_id
        )
        UPDATE ingest.answer a SET state = 'unreachable', reason = '已取消关注', changed_time = $4
        FROM changed
        WHERE a.agency_id = $1 AND a.reporter_id = changed.reporter_id AND a.state = 'pending' AND NOT $3",
        agency.as_uuid(),
        lookup_key,
        reachable,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

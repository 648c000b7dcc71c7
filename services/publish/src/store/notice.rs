//! What platforms called back to say.

use ids::AgencyId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::domain::wechat::Notice;

/// Keeps a notice; false where another one about the same job is kept that says something else. The first one stays.
pub async fn keep(
    tx: &mut PgConnection,
    agency: AgencyId,
    account: &str,
    notice: &Notice,
    received_time: OffsetDateTime,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "INSERT INTO publish.platform_notice
             (agency_id, account, msg_id, status, total_count, sent_count, error_count, article_url, received_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        agency.as_uuid(),
        account,
        notice.msg_id,
        notice.status,
        notice.total_count,
        notice.sent_count,
        notice.error_count,
        notice.article_url,
        received_time,
    )
    .execute(&mut *tx)
    .await?;
    if written.rows_affected() == 1 {
        return Ok(true);
    }
    Ok(of_job(tx, account, notice.msg_id).await?.is_none_or(|first| first == *notice))
}

/// What is known about a job's end.
pub async fn of_job(tx: &mut PgConnection, account: &str, msg_id: i64) -> sqlx::Result<Option<Notice>> {
    sqlx::query_as!(
        Notice,
        "SELECT msg_id, status, total_count, sent_count, error_count, article_url
         FROM publish.platform_notice WHERE account = $1 AND msg_id = $2",
        account,
        msg_id,
    )
    .fetch_optional(tx)
    .await
}

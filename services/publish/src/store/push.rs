//! Mass sends: key, draft and job of a WeChat publication, and the quota that they used.

use ids::PublicationId;
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use crate::domain::publication::Publication;
use crate::domain::wechat::{Job, client_msg_id};

/// One mass send.
#[derive(Clone, Debug)]
pub struct Push {
    /// The platform's idempotency key.
    pub client_msg_id: String,
    /// The draft, once made.
    pub draft_media_id: Option<String>,
    /// When the platform may first have heard of it.
    pub first_write_time: Option<OffsetDateTime>,
    /// The job, once known.
    pub msg_id: Option<i64>,
}

/// The push of a publication, made now if there is none.
pub async fn ensure(tx: &mut PgConnection, publication: &Publication) -> sqlx::Result<Push> {
    let key = client_msg_id(
        publication.agency,
        publication.clarification,
        publication.revision,
        &publication.account.slug,
    );
    sqlx::query!(
        "INSERT INTO publish.push (publication_id, agency_id, account, client_msg_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (publication_id) DO NOTHING",
        publication.id.as_uuid(),
        publication.agency.as_uuid(),
        publication.account.slug,
        key,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query_as!(
        Push,
        "SELECT client_msg_id, draft_media_id, first_write_time, msg_id FROM publish.push WHERE publication_id = $1",
        publication.id.as_uuid(),
    )
    .fetch_one(tx)
    .await
}

/// Remembers the draft, or forgets one that is gone.
pub async fn set_draft(
    tx: &mut PgConnection,
    publication: PublicationId,
    draft_media_id: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.push SET draft_media_id = $2 WHERE publication_id = $1",
        publication.as_uuid(),
        draft_media_id,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that the platform may hear of it from now on, and that a day's quota may be used.
pub async fn note_write(
    tx: &mut PgConnection,
    publication: PublicationId,
    now: OffsetDateTime,
    day: Date,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.push
         SET first_write_time = coalesce(first_write_time, $2), quota_day = coalesce(quota_day, $3)
         WHERE publication_id = $1",
        publication.as_uuid(),
        now,
        day,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that the platform certainly took nothing: neither protection nor quota began.
pub async fn forget_write(tx: &mut PgConnection, publication: PublicationId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.push SET first_write_time = NULL, quota_day = NULL WHERE publication_id = $1",
        publication.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Remembers the job that it became.
pub async fn set_job(tx: &mut PgConnection, publication: PublicationId, job: Job) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.push SET msg_id = $2, msg_data_id = coalesce($3, msg_data_id) WHERE publication_id = $1",
        publication.as_uuid(),
        job.msg_id,
        job.msg_data_id,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The publication that a job belongs to.
pub async fn publication_of_job(
    tx: &mut PgConnection,
    account: &str,
    msg_id: i64,
) -> sqlx::Result<Option<PublicationId>> {
    sqlx::query_scalar!(
        r#"SELECT publication_id AS "publication_id: PublicationId" FROM publish.push
           WHERE account = $1 AND msg_id = $2 LIMIT 1"#,
        account,
        msg_id,
    )
    .fetch_optional(tx)
    .await
}

/// How many pushes used, or may have used, a day's quota of an account.
pub async fn used(tx: &mut PgConnection, account: &str, day: Date) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM publish.push WHERE account = $1 AND quota_day = $2"#,
        account,
        day,
    )
    .fetch_one(tx)
    .await
}

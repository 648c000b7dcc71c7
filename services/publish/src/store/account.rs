//! What is remembered about an account: the cover picture that it already has.

use ids::AgencyId;
use sqlx::PgConnection;

/// The cover's material id, if the account has the picture.
pub async fn cover(
    tx: &mut PgConnection,
    account: &str,
    picture_hash: &[u8; 32],
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT media_id FROM publish.cover WHERE account = $1 AND picture_hash = $2",
        account,
        picture_hash.as_slice(),
    )
    .fetch_optional(tx)
    .await
}

/// Remembers the cover's material id.
pub async fn set_cover(
    tx: &mut PgConnection,
    agency: AgencyId,
    account: &str,
    picture_hash: &[u8; 32],
    media_id: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO publish.cover (agency_id, account, picture_hash, media_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (agency_id, account, picture_hash) DO UPDATE SET media_id = $4",
        agency.as_uuid(),
        account,
        picture_hash.as_slice(),
        media_id,
    )
    .execute(tx)
    .await?;
    Ok(())
}

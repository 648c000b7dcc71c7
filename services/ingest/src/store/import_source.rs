//! Where files of reports come from.

use ids::AgencyId;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::domain::import_source::{Column, Source};
use crate::domain::report::Channel;

/// A source as it is kept.
pub struct Kept {
    /// The source.
    pub source: Source,
    /// Who said so last.
    pub set_by: String,
    /// When.
    pub set_time: OffsetDateTime,
}

/// Sources in the order of their names, behind `after`.
///
/// # Errors
/// When the database is away, or a row is not one that this service wrote.
pub async fn list(
    tx: &mut PgConnection,
    agency: AgencyId,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<Kept>> {
    let rows = sqlx::query!(
        r#"SELECT name, columns AS "columns: Json<Vec<Column>>", channel, set_by, set_time
        FROM ingest.import_source WHERE agency_id = $1 AND ($2::text IS NULL OR name > $2)
        ORDER BY name LIMIT $3"#,
        agency.as_uuid(),
        after,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let channel = Channel::named(&row.channel).ok_or_else(|| {
                sqlx::Error::Decode(
                    format!("ingest.import_source {} has the channel {:?}", row.name, row.channel).into(),
                )
            })?;
            Ok(Kept {
                source: Source { name: row.name, columns: row.columns.0, channel },
                set_by: row.set_by,
                set_time: row.set_time,
            })
        })
        .collect()
}

/// Keeps a source; false when it is new and there are `max` already.
///
/// # Errors
/// When the database is away.
pub async fn set(
    tx: &mut PgConnection,
    agency: AgencyId,
    source: &Source,
    by: &str,
    now: OffsetDateTime,
    max: i64,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "INSERT INTO ingest.import_source (agency_id, name, columns, channel, set_by, set_time)
        SELECT $1, $2, $3, $4, $5, $6
        WHERE EXISTS (SELECT FROM ingest.import_source WHERE agency_id = $1 AND name = $2)
            OR (SELECT count(*) FROM ingest.import_source WHERE agency_id = $1) < $7::bigint
        ON CONFLICT (agency_id, name) DO UPDATE SET
            columns = excluded.columns, channel = excluded.channel, set_by = excluded.set_by,
            set_time = excluded.set_time",
        agency.as_uuid(),
        source.name,
        Json(&source.columns) as _,
        source.channel.as_str(),
        by,
        now,
        max,
    )
    .execute(tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

//! Publications. A row changes only through `save`, which `change` calls with the event beside it.

use ids::{AgencyId, CaseId, ClarificationId, PublicationId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CorruptRow, revision_column};
use crate::domain::channel::{Account, Channel};
use crate::domain::publication::{Publication, State};

struct Row {
    publication_id: PublicationId,
    agency_id: AgencyId,
    sequence: i64,
    case_id: CaseId,
    clarification_id: ClarificationId,
    revision: i64,
    channel: String,
    account: String,
    title: String,
    state: String,
    reason: String,
    url: String,
    platform_id: String,
    stopped: String,
    state_revision: i64,
    planned_time: OffsetDateTime,
    changed_time: OffsetDateTime,
    due_time: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Publication {
    type Error = CorruptRow;

    fn try_from(row: Row) -> Result<Self, CorruptRow> {
        let corrupt =
            |column| CorruptRow { table: "publish.publication", column, key: row.publication_id.to_string() };
        Ok(Self {
            id: row.publication_id,
            agency: row.agency_id,
            case: row.case_id,
            clarification: row.clarification_id,
            revision: row.revision.cast_unsigned(),
            account: Account {
                channel: row.channel.parse::<Channel>().map_err(|_| corrupt("channel"))?,
                slug: row.account,
            },
            title: row.title,
            state: row.state.parse::<State>().map_err(|_| corrupt("state"))?,
            reason: row.reason,
            url: row.url,
            platform_id: row.platform_id,
            stopped: row.stopped,
            state_revision: row.state_revision.cast_unsigned(),
            planned_time: row.planned_time,
            changed_time: row.changed_time,
            due_time: row.due_time,
        })
    }
}

fn read(row: Option<Row>) -> sqlx::Result<Option<Publication>> {
    row.map(|row| Publication::try_from(row).map_err(Into::into)).transpose()
}

fn read_all(rows: Vec<Row>) -> sqlx::Result<Vec<Publication>> {
    rows.into_iter().map(|row| Publication::try_from(row).map_err(Into::into)).collect()
}

/// Adds a publication.
pub async fn insert(tx: &mut PgConnection, publication: &Publication) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO publish.publication
             (publication_id, agency_id, case_id, clarification_id, revision, channel, account, title, state, reason,
              url, platform_id, stopped, state_revision, planned_time, changed_time, due_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        publication.id.as_uuid(),
        publication.agency.as_uuid(),
        publication.case.as_uuid(),
        publication.clarification.as_uuid(),
        revision_column(publication.revision),
        publication.account.channel.as_str(),
        publication.account.slug,
        publication.title,
        publication.state.as_str(),
        publication.reason,
        publication.url,
        publication.platform_id,
        publication.stopped,
        revision_column(publication.state_revision),
        publication.planned_time,
        publication.changed_time,
        publication.due_time,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes what changed; the row must still be at `state_revision_before`.
pub async fn save(
    tx: &mut PgConnection,
    publication: &Publication,
    state_revision_before: u64,
) -> sqlx::Result<()> {
    let updated = sqlx::query!(
        "UPDATE publish.publication
         SET state = $3, reason = $4, url = $5, platform_id = $6, stopped = $7, state_revision = $8,
             changed_time = $9, due_time = $10
         WHERE publication_id = $1 AND state_revision = $2",
        publication.id.as_uuid(),
        revision_column(state_revision_before),
        publication.state.as_str(),
        publication.reason,
        publication.url,
        publication.platform_id,
        publication.stopped,
        revision_column(publication.state_revision),
        publication.changed_time,
        publication.due_time,
    )
    .execute(tx)
    .await?
    .rows_affected();
    // Every caller holds the row's lock, so that nobody can have changed it.
    if updated == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Sets when the sender has to look again, without any change that others hear of.
pub async fn set_due(
    tx: &mut PgConnection,
    publication: PublicationId,
    due_time: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.publication SET due_time = $2 WHERE publication_id = $1",
        publication.as_uuid(),
        due_time,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks one publication.
pub async fn lock(tx: &mut PgConnection, publication: PublicationId) -> sqlx::Result<Option<Publication>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT publication_id AS "publication_id: _", agency_id AS "agency_id: _", sequence,
                  case_id AS "case_id: _", clarification_id AS "clarification_id: _", revision, channel, account,
                  title, state, reason, url, platform_id, stopped, state_revision, planned_time, changed_time, due_time
           FROM publish.publication WHERE publication_id = $1 FOR UPDATE"#,
        publication.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    read(row)
}

/// What an account's sender has to do now: what is uncertain first, because nothing new is written before that
/// is settled, then what is planned, in the order of planning, then what waits for its confirmation.
pub async fn next(
    tx: &mut PgConnection,
    account: &Account,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Publication>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT publication_id AS "publication_id: _", agency_id AS "agency_id: _", sequence,
                  case_id AS "case_id: _", clarification_id AS "clarification_id: _", revision, channel, account,
                  title, state, reason, url, platform_id, stopped, state_revision, planned_time, changed_time, due_time
           FROM publish.publication
           WHERE channel = $1 AND account = $2 AND due_time <= $3
             AND (state <> 'planned' OR NOT EXISTS (
                 SELECT FROM publish.publication AS open
                 WHERE open.channel = $1 AND open.account = $2 AND open.state IN ('sending', 'uncertain')))
           ORDER BY state = 'uncertain' DESC, state = 'planned' DESC, sequence LIMIT 1"#,
        account.channel.as_str(),
        account.slug,
        now,
    )
    .fetch_optional(tx)
    .await?;
    read(row)
}

/// When an account's sender has to look next; `None` when nothing is open.
pub async fn next_due(
    tx: &mut PgConnection,
    account: &Account,
    now: OffsetDateTime,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        "SELECT min(due_time) FROM publish.publication WHERE channel = $1 AND account = $2 AND due_time > $3",
        account.channel.as_str(),
        account.slug,
        now,
    )
    .fetch_one(tx)
    .await
}

/// Locks every publication of a clarification, up to a revision.
pub async fn lock_up_to(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> sqlx::Result<Vec<Publication>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT publication_id AS "publication_id: _", agency_id AS "agency_id: _", sequence,
                  case_id AS "case_id: _", clarification_id AS "clarification_id: _", revision, channel, account,
                  title, state, reason, url, platform_id, stopped, state_revision, planned_time, changed_time, due_time
           FROM publish.publication WHERE clarification_id = $1 AND revision <= $2
           ORDER BY sequence LIMIT 1000 FOR UPDATE"#,
        clarification.as_uuid(),
        revision_column(revision),
    )
    .fetch_all(tx)
    .await?;
    read_all(rows)
}

/// Locks what a halt has to answer for: everything that is not at an end, and what is out, the newest first. An
/// agency has few open publications; the bound only keeps years of finished ones out of an answer.
pub async fn lock_for_halt(
    tx: &mut PgConnection,
    clarification: Option<ClarificationId>,
    account: Option<&str>,
) -> sqlx::Result<Vec<Publication>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT publication_id AS "publication_id: _", agency_id AS "agency_id: _", sequence,
                  case_id AS "case_id: _", clarification_id AS "clarification_id: _", revision, channel, account,
                  title, state, reason, url, platform_id, stopped, state_revision, planned_time, changed_time, due_time
           FROM publish.publication
           WHERE state IN ('planned', 'sending', 'uncertain', 'accepted', 'confirmed', 'needs_person')
             AND ($1::uuid IS NULL OR clarification_id = $1) AND ($2::text IS NULL OR account = $2)
           ORDER BY state IN ('planned', 'sending', 'uncertain') DESC, sequence DESC LIMIT 1000 FOR UPDATE"#,
        clarification.map(ClarificationId::as_uuid),
        account,
    )
    .fetch_all(tx)
    .await?;
    read_all(rows)
}

/// Reads some publications, in the order of planning.
pub async fn read_many(tx: &mut PgConnection, publications: &[Uuid]) -> sqlx::Result<Vec<Publication>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT publication_id AS "publication_id: _", agency_id AS "agency_id: _", sequence,
                  case_id AS "case_id: _", clarification_id AS "clarification_id: _", revision, channel, account,
                  title, state, reason, url, platform_id, stopped, state_revision, planned_time, changed_time, due_time
           FROM publish.publication WHERE publication_id = ANY($1) ORDER BY sequence LIMIT 1000"#,
        publications,
    )
    .fetch_all(tx)
    .await?;
    read_all(rows)
}

/// One page of publications, newest first, with the sequence to go on from.
pub async fn list(
    tx: &mut PgConnection,
    case: Option<CaseId>,
    before: Option<i64>,
    size: i64,
) -> sqlx::Result<Vec<(i64, Publication)>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT publication_id AS "publication_id: _", agency_id AS "agency_id: _", sequence,
                  case_id AS "case_id: _", clarification_id AS "clarification_id: _", revision, channel, account,
                  title, state, reason, url, platform_id, stopped, state_revision, planned_time, changed_time, due_time
           FROM publish.publication
           WHERE ($1::uuid IS NULL OR case_id = $1) AND ($2::bigint IS NULL OR sequence < $2)
           ORDER BY sequence DESC LIMIT $3"#,
        case.map(CaseId::as_uuid),
        before,
        size,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(|row| Ok((row.sequence, Publication::try_from(row)?))).collect()
}

/// The state of the same revision's page.
pub async fn page_state(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
) -> sqlx::Result<Option<State>> {
    let state = sqlx::query_scalar!(
        "SELECT state FROM publish.publication
         WHERE clarification_id = $1 AND revision = $2 AND channel = 'page'",
        clarification.as_uuid(),
        revision_column(revision),
    )
    .fetch_optional(tx)
    .await?;
    state
        .map(|state| {
            let corrupt = || CorruptRow {
                table: "publish.publication",
                column: "state",
                key: clarification.to_string(),
            };
            state.parse().map_err(|_| corrupt().into())
        })
        .transpose()
}

/// Lets the microblog posts that wait for this revision's WeChat push go now.
pub async fn release_microblog(
    tx: &mut PgConnection,
    clarification: ClarificationId,
    revision: u64,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE publish.publication SET due_time = $3
         WHERE clarification_id = $1 AND revision = $2 AND channel = 'weibo' AND state = 'planned'
           AND due_time > $3
           -- One that the platform itself put off keeps its own time.
           AND NOT EXISTS (SELECT FROM publish.attempt
               WHERE attempt.publication_id = publication.publication_id)",
        clarification.as_uuid(),
        revision_column(revision),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The platform ids that other publications of an account have, the newest first.
pub async fn platform_ids(
    tx: &mut PgConnection,
    account: &Account,
    except: PublicationId,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT platform_id FROM publish.publication
         WHERE channel = $1 AND account = $2 AND publication_id <> $3 AND platform_id <> ''
         ORDER BY sequence DESC LIMIT 50",
        account.channel.as_str(),
        account.slug,
        except.as_uuid(),
    )
    .fetch_all(tx)
    .await
}

/// A revision whose page is public, for the site.
#[derive(Clone, Copy, Debug)]
pub struct PublicRevision {
    /// The clarification.
    pub clarification: ClarificationId,
    /// Its newest public revision.
    pub revision: u64,
    /// The place in the list.
    pub sequence: i64,
    /// When it became public.
    pub public_time: OffsetDateTime,
}

/// The newest public revision of each clarification, newest first.
pub async fn public_revisions(
    tx: &mut PgConnection,
    before: Option<i64>,
    size: i64,
) -> sqlx::Result<Vec<PublicRevision>> {
    let rows = sqlx::query!(
        r#"SELECT clarification_id AS "clarification_id: ClarificationId", revision, sequence, changed_time
           FROM publish.publication AS page
           WHERE channel = 'page' AND state = 'confirmed' AND ($1::bigint IS NULL OR sequence < $1)
             AND NOT EXISTS (SELECT FROM publish.publication AS newer
                 WHERE newer.clarification_id = page.clarification_id AND newer.channel = 'page'
                   AND newer.state = 'confirmed' AND newer.revision > page.revision)
           ORDER BY sequence DESC LIMIT $2"#,
        before,
        size,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| PublicRevision {
            clarification: row.clarification_id,
            revision: row.revision.cast_unsigned(),
            sequence: row.sequence,
            public_time: row.changed_time,
        })
        .collect())
}

/// What the site shows for one clarification.
#[derive(Clone, Copy, Debug)]
pub enum PublicState {
    /// This revision, public since.
    Public(u64, OffsetDateTime),
    /// It was public and is not any more.
    Withdrawn,
}

/// How a clarification's page stands, if it ever was public.
pub async fn public_state(
    tx: &mut PgConnection,
    clarification: ClarificationId,
) -> sqlx::Result<Option<PublicState>> {
    let row = sqlx::query!(
        "SELECT revision, state, changed_time FROM publish.publication
         WHERE clarification_id = $1 AND channel = 'page' AND state IN ('confirmed', 'withdrawn')
         ORDER BY state = 'confirmed' DESC, revision DESC LIMIT 1",
        clarification.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        if row.state == State::Confirmed.as_str() {
            PublicState::Public(row.revision.cast_unsigned(), row.changed_time)
        } else {
            PublicState::Withdrawn
        }
    }))
}

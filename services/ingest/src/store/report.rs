//! Reports and their reporters: written many at a time, because one commit costs what hundreds of rows do.

use std::collections::{BTreeMap, HashMap, HashSet};

use ids::{AgencyId, ClaimId, ReportId, ReporterId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::domain::media::Kind;
use crate::domain::receipt::ReceiptNumber;
use crate::domain::report::Channel;
use crate::store::media::{self, Arrival};
use crate::vault::{Key, Purpose, Unopened, Vault};

/// A report that is ready to be written.
pub struct NewReport {
    /// Its id, unless it turns out to be a duplicate.
    pub report_id: ReportId,
    /// The caller's request.
    pub request_id: Option<Uuid>,
    /// By which a second one is recognised.
    pub external_key: Option<[u8; 32]>,
    /// Equal for what says the same; tells a second one from another thing under the same key.
    pub content_key: [u8; 32],
    /// True where the platform gave it the key of another message.
    pub repeats_key: bool,
    /// How it came in.
    pub channel: Channel,
    /// "text", or the platform's kind of a message without words.
    pub message_type: String,
    /// Who sent it.
    pub reporter: Option<Teller>,
    /// The reporter waits for an immediate reply, and gets a receipt number.
    pub replied_at_once: bool,
    /// The words, masked.
    pub masked_text: String,
    /// Where it was seen, masked.
    pub seen_at: String,
    /// The original, sealed under `key`.
    pub sealed: Vec<u8>,
    /// The report's own key.
    pub key: Key,
    /// When it was said.
    pub said_time: OffsetDateTime,
    /// When it arrived.
    pub received_time: OffsetDateTime,
}

/// A reporter as far as a report tells.
pub struct Teller {
    /// By which a known reporter is recognised.
    pub lookup_key: [u8; 32],
    /// The platform's or the desk's name for the person; kept only sealed.
    pub name: Zeroizing<String>,
    /// The account that can answer.
    pub account: Option<String>,
    /// The client that names the person, where a client does. It may have an account answer those only whom nobody
    /// else named first.
    pub brought_by: Option<String>,
}

/// What became of one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The id under which it is kept.
    pub report_id: ReportId,
    /// Its reporter.
    pub reporter_id: Option<ReporterId>,
    /// Whether it was new.
    pub standing: Standing,
    /// Its receipt number, where it has one.
    pub receipt_number: Option<i64>,
}

/// Whether a report was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is kept now.
    New,
    /// The same was kept before.
    Duplicate,
    /// Something else was kept before under its record's id or its message's key; nothing of this one is kept.
    OtherRecord,
    /// Something else was kept before under its request's id; nothing of this one is kept.
    OtherRequest,
}

/// Why reports could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The database refused or is away.
    #[error("the database did not take the reports")]
    Database(#[from] sqlx::Error),
    /// A row that cannot be what this service wrote.
    #[error("row ingest.reporter {reporter_id} has no key that can be opened")]
    Corrupt {
        /// The row.
        reporter_id: Uuid,
        /// Why.
        source: Unopened,
    },
    /// A client names somebody, to be answered by an account, who wrote to it or was named by another.
    #[error("report {0} names a reporter whom this client did not bring")]
    NotBrought(ReportId),
    /// The unique index named a row that is not there.
    #[error("report {0} conflicts with a row that cannot be found")]
    Vanished(ReportId),
}

impl WriteError {
    /// True when the data is to blame, so that the same batch without the culprit would go through.
    #[must_use]
    pub fn is_data(&self) -> bool {
        match self {
            // Class 22 is data exceptions, 23 integrity violations, P0 raised by a trigger.
            Self::Database(sqlx::Error::Database(error)) => error
                .code()
                .is_some_and(|code| ["22", "23", "P0"].iter().any(|class| code.starts_with(class))),
            Self::Database(sqlx::Error::Encode(_))
            | Self::Corrupt { .. }
            | Self::NotBrought(_)
            | Self::Vanished(_) => true,
            Self::Database(_) => false,
        }
    }

    /// True when another transaction got in the way and the same again will go through.
    #[must_use]
    pub fn is_collision(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code == "40P01" || code == "40001")
            }
            Self::Database(_) | Self::Corrupt { .. } | Self::NotBrought(_) | Self::Vanished(_) => false,
        }
    }
}

/// Writes the reports that are new and finds the ones that are not. The answers are in the reports' order.
///
/// # Errors
/// When any row cannot be written: then none is.
pub async fn write(
    tx: &mut PgConnection,
    agency: AgencyId,
    vault: &Vault,
    reports: &[&NewReport],
) -> Result<Vec<Accepted>, WriteError> {
    let reporters = write_reporters(tx, agency, vault, reports).await?;
    refuse_strangers_reporters(reports, &reporters)?;
    let numbers = take_receipt_numbers(tx, agency, reports).await?;

    let rows = reports.len();
    let mut report_ids = Vec::with_capacity(rows);
    let mut request_ids = Vec::with_capacity(rows);
    let mut external_keys = Vec::with_capacity(rows);
    let mut content_keys = Vec::with_capacity(rows);
    let mut channels = Vec::with_capacity(rows);
    let mut message_types = Vec::with_capacity(rows);
    let mut reporter_ids = Vec::with_capacity(rows);
    let mut replied = Vec::with_capacity(rows);
    let mut masked_texts = Vec::with_capacity(rows);
    let mut seen_ats = Vec::with_capacity(rows);
    let mut sealed = Vec::with_capacity(rows);
    let mut wrapped_keys = Vec::with_capacity(rows);
    let mut said_times = Vec::with_capacity(rows);
    let mut received_times = Vec::with_capacity(rows);
    for report in reports {
        let owner = report.report_id.as_uuid();
        let reporter = report.reporter.as_ref().and_then(|reporter| reporters.get(&reporter.lookup_key));
        let wrapping = reporter.map_or_else(|| vault.master(), |known| &known.key);
        report_ids.push(owner);
        request_ids.push(report.request_id);
        external_keys.push(report.external_key.map(Vec::from));
        content_keys.push(Vec::from(report.content_key));
        channels.push(report.channel.as_str().to_owned());
        message_types.push(report.message_type.clone());
        reporter_ids.push(reporter.map(|known| known.reporter.as_uuid()));
        replied.push(report.replied_at_once);
        masked_texts.push(report.masked_text.clone());
        seen_ats.push(report.seen_at.clone());
        sealed.push(report.sealed.clone());
        wrapped_keys.push(wrapping.wrap(Purpose::ReportKey, owner, &report.key));
        said_times.push(report.said_time);
        received_times.push(report.received_time);
    }
    let written: HashSet<Uuid> = sqlx::query_scalar!(
        r#"INSERT INTO ingest.report (
            agency_id, report_id, request_id, external_key, channel, message_type, reporter_id, replied_at_once,
            masked_text, seen_at, sealed, wrapped_key, said_time, received_time, receipt_number, content_key
        )
        SELECT $1, * FROM UNNEST(
            $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::uuid[], $8::boolean[],
            $9::text[], $10::text[], $11::bytea[], $12::bytea[], $13::timestamptz[], $14::timestamptz[],
            $15::bigint[], $16::bytea[]
        )
        ON CONFLICT DO NOTHING
        RETURNING report_id"#,
        agency.as_uuid(),
        &report_ids,
        &request_ids as &[Option<Uuid>],
        &external_keys as &[Option<Vec<u8>>],
        &channels,
        &message_types,
        &reporter_ids as &[Option<Uuid>],
        &replied,
        &masked_texts,
        &seen_ats,
        &sealed,
        &wrapped_keys,
        &said_times,
        &received_times,
        &numbers as &[Option<i64>],
        &content_keys,
    )
    .fetch_all(&mut *tx)
    .await?
    .into_iter()
    .collect();

    media::expect(tx, agency, &arrivals(reports, &written), reports[0].received_time).await?;

    let before = if written.len() == reports.len() {
        Vec::new()
    } else {
        find_before(tx, agency, reports, &written).await?
    };
    reports
        .iter()
        .zip(reporter_ids)
        .zip(numbers)
        .map(|((report, reporter_id), receipt_number)| {
            if written.contains(&report.report_id.as_uuid()) {
                return Ok(Accepted {
                    report_id: report.report_id,
                    reporter_id: reporter_id.map(ReporterId::from_uuid),
                    standing: Standing::New,
                    receipt_number,
                });
            }
            standing(&before, report).ok_or(WriteError::Vanished(report.report_id))
        })
        .collect()
}

/// Those of the reports that were written now and have a picture or a voice, with the account that can fetch it.
fn arrivals(reports: &[&NewReport], written: &HashSet<Uuid>) -> Vec<Arrival> {
    let new = reports.iter().filter(|report| written.contains(&report.report_id.as_uuid()));
    new.filter_map(|report| {
        let kind = Kind::of_message(&report.message_type)?;
        let account = report.reporter.as_ref()?.account.clone()?;
        Some(Arrival { report: report.report_id, kind, account })
    })
    .collect()
}

/// Reporters by lookup key.
type Reporters = HashMap<[u8; 32], KnownReporter>;

struct KnownReporter {
    reporter: ReporterId,
    /// Its reports are wrapped under this.
    key: Key,
    /// The client that named the person first.
    brought_by: Option<String>,
}

/// A client that could name anybody would have the office's account write to whomever it likes.
fn refuse_strangers_reporters(reports: &[&NewReport], reporters: &Reporters) -> Result<(), WriteError> {
    for report in reports {
        let Some(teller) = &report.reporter else { continue };
        let (Some(client), Some(_)) = (&teller.brought_by, &teller.account) else { continue };
        let known = reporters.get(&teller.lookup_key);
        if known.is_none_or(|known| known.brought_by.as_ref() != Some(client)) {
            return Err(WriteError::NotBrought(report.report_id));
        }
    }
    Ok(())
}

/// Every reporter of the batch. Most are known: only who is not, or can now be answered by another account, is
/// written.
async fn write_reporters(
    tx: &mut PgConnection,
    agency: AgencyId,
    vault: &Vault,
    reports: &[&NewReport],
) -> Result<Reporters, WriteError> {
    // One row per person, in one order everywhere, so that two batches cannot wait for each other in a circle.
    let mut tellers: BTreeMap<[u8; 32], &Teller> = reports
        .iter()
        .filter_map(|report| report.reporter.as_ref())
        .map(|teller| (teller.lookup_key, teller))
        .collect();
    let mut reporters = HashMap::with_capacity(tellers.len());
    if tellers.is_empty() {
        return Ok(reporters);
    }
    let lookup_keys: Vec<Vec<u8>> = tellers.keys().map(|key| key.to_vec()).collect();
    let known = sqlx::query_as!(
        KeptReporter,
        // One look into the unique index for each: a plan for all of them at once, made while there were few
        // reporters, would read every reporter of the agency.
        r#"SELECT kept.reporter_id AS "reporter_id!", kept.lookup_key AS "lookup_key!",
            kept.wrapped_key AS "wrapped_key!", kept.account, kept.brought_by
        FROM unnest($2::bytea[]) AS wanted (lookup_key)
        CROSS JOIN LATERAL (
            SELECT reporter_id, lookup_key, wrapped_key, account, brought_by FROM ingest.reporter
            WHERE agency_id = $1 AND reporter.lookup_key = wanted.lookup_key LIMIT 1
        ) AS kept"#,
        agency.as_uuid(),
        &lookup_keys,
    )
    .fetch_all(&mut *tx)
    .await?;
    for kept in &known {
        let (lookup_key, opened) = kept.open(vault)?;
        let said_account = tellers.get(&lookup_key).and_then(|teller| teller.account.as_ref());
        if said_account.is_none() || said_account == kept.account.as_ref() {
            tellers.remove(&lookup_key);
            reporters.insert(lookup_key, opened);
        }
    }
    if !tellers.is_empty() {
        for kept in insert_reporters(tx, agency, vault, &tellers, reports[0].received_time).await? {
            let (lookup_key, opened) = kept.open(vault)?;
            reporters.insert(lookup_key, opened);
        }
    }
    Ok(reporters)
}

/// A reporter's row.
struct KeptReporter {
    reporter_id: Uuid,
    lookup_key: Vec<u8>,
    wrapped_key: Vec<u8>,
    account: Option<String>,
    brought_by: Option<String>,
}

impl KeptReporter {
    fn open(&self, vault: &Vault) -> Result<([u8; 32], KnownReporter), WriteError> {
        let corrupt = |source| WriteError::Corrupt { reporter_id: self.reporter_id, source };
        let lookup_key = self.lookup_key.as_slice().try_into().map_err(|_| corrupt(Unopened))?;
        let master = vault.master();
        let key =
            master.unwrap_key(Purpose::ReporterKey, self.reporter_id, &self.wrapped_key).map_err(corrupt)?;
        let reporter = ReporterId::from_uuid(self.reporter_id);
        Ok((lookup_key, KnownReporter { reporter, key, brought_by: self.brought_by.clone() }))
    }
}

/// Writes reporters with new pseudonyms and keys; who became known meanwhile keeps the old ones.
async fn insert_reporters(
    tx: &mut PgConnection,
    agency: AgencyId,
    vault: &Vault,
    tellers: &BTreeMap<[u8; 32], &Teller>,
    now: OffsetDateTime,
) -> Result<Vec<KeptReporter>, WriteError> {
    let rows = tellers.len();
    let mut reporter_ids = Vec::with_capacity(rows);
    let mut lookup_keys = Vec::with_capacity(rows);
    let mut wrapped_keys = Vec::with_capacity(rows);
    let mut identities = Vec::with_capacity(rows);
    let mut accounts = Vec::with_capacity(rows);
    let mut brought_by = Vec::with_capacity(rows);
    for (lookup_key, teller) in tellers {
        let owner = ReporterId::mint().as_uuid();
        let key = Key::random();
        reporter_ids.push(owner);
        lookup_keys.push(lookup_key.to_vec());
        wrapped_keys.push(vault.master().wrap(Purpose::ReporterKey, owner, &key));
        identities.push(key.seal(Purpose::Identity, owner, teller.name.as_bytes()));
        accounts.push(teller.account.clone());
        brought_by.push(teller.brought_by.clone());
    }
    let kept = sqlx::query_as!(
        KeptReporter,
        r#"INSERT INTO ingest.reporter AS kept
            (agency_id, reporter_id, lookup_key, wrapped_key, identity, account, brought_by, created_time)
        SELECT $1, *, $8
        FROM UNNEST($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::text[])
        ON CONFLICT (agency_id, lookup_key) DO UPDATE SET account = coalesce(excluded.account, kept.account)
        RETURNING reporter_id, lookup_key AS "lookup_key!", wrapped_key AS "wrapped_key!", account, brought_by"#,
        agency.as_uuid(),
        &reporter_ids,
        &lookup_keys,
        &wrapped_keys,
        &identities,
        &accounts as &[Option<String>],
        &brought_by as &[Option<String>],
        now,
    )
    .fetch_all(tx)
    .await?;
    Ok(kept)
}

/// The message that a receipt was given for.
#[derive(Debug)]
pub struct Receipted {
    /// Its report.
    pub report: ReportId,
    /// The words, masked.
    pub masked_text: String,
    /// When it arrived.
    pub received_time: OffsetDateTime,
    /// The claim that it belongs to, as far as it is judged.
    pub claim: Option<ClaimId>,
}

/// Finds a message by its receipt's number.
///
/// # Errors
/// When the database is away.
pub async fn by_receipt(
    tx: &mut PgConnection,
    agency: AgencyId,
    receipt: ReceiptNumber,
) -> sqlx::Result<Option<Receipted>> {
    let row = sqlx::query!(
        r#"SELECT r.report_id, r.masked_text, r.received_time, a.claim_id AS "claim_id?"
        FROM ingest.report r LEFT JOIN ingest.assignment a USING (agency_id, report_id)
        WHERE r.agency_id = $1 AND r.receipt_number = $2"#,
        agency.as_uuid(),
        receipt.get(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Receipted {
        report: ReportId::from_uuid(row.report_id),
        masked_text: row.masked_text,
        received_time: row.received_time,
        claim: row.claim_id.map(ClaimId::from_uuid),
    }))
}

/// Receipt numbers for the reports whose reporters wait. A duplicate's number is never used: gaps are fine.
async fn take_receipt_numbers(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[&NewReport],
) -> Result<Vec<Option<i64>>, WriteError> {
    let wanted = reports.iter().filter(|report| report.replied_at_once).count();
    if wanted == 0 {
        return Ok(vec![None; reports.len()]);
    }
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    let last = sqlx::query_scalar!(
        "INSERT INTO ingest.agency (agency_id, receipt_last) VALUES ($1, $2)
        ON CONFLICT (agency_id) DO UPDATE SET receipt_last = agency.receipt_last + $2
        RETURNING receipt_last",
        agency.as_uuid(),
        wanted,
    )
    .fetch_one(tx)
    .await?;
    let mut next = last - wanted;
    Ok(reports
        .iter()
        .map(|report| {
            report.replied_at_once.then(|| {
                next += 1;
                next
            })
        })
        .collect())
}

/// A report that was there before.
struct Kept {
    request_id: Option<Uuid>,
    external_key: Option<Vec<u8>>,
    content_key: Option<Vec<u8>>,
    accepted: Accepted,
}

impl Kept {
    fn is_request_of(&self, report: &NewReport) -> bool {
        report.request_id.is_some() && report.request_id == self.request_id
    }

    fn is_record_of(&self, report: &NewReport) -> bool {
        report.external_key.as_ref().is_some_and(|key| self.external_key.as_deref() == Some(key))
    }

    /// What was kept before contents were told apart is taken for the same.
    fn says(&self, report: &NewReport) -> bool {
        self.content_key.as_ref().is_none_or(|content| *content == report.content_key)
    }
}

/// What became of a report that was not written; `None` where nothing stands in its way.
fn standing(before: &[Kept], report: &NewReport) -> Option<Accepted> {
    let request = before.iter().find(|kept| kept.is_request_of(report));
    let record = before.iter().find(|kept| kept.is_record_of(report));
    let (kept, other) = match (request, record) {
        (Some(kept), _) => (kept, Standing::OtherRequest),
        (None, Some(kept)) => (kept, Standing::OtherRecord),
        (None, None) => return None,
    };
    let standing = if kept.says(report) { Standing::Duplicate } else { other };
    Some(Accepted { standing, ..kept.accepted })
}

async fn find_before(
    tx: &mut PgConnection,
    agency: AgencyId,
    reports: &[&NewReport],
    written: &HashSet<Uuid>,
) -> Result<Vec<Kept>, WriteError> {
    let missing: Vec<&NewReport> =
        reports.iter().copied().filter(|report| !written.contains(&report.report_id.as_uuid())).collect();
    let request_ids: Vec<Uuid> = missing.iter().filter_map(|report| report.request_id).collect();
    let external_keys: Vec<Vec<u8>> =
        missing.iter().filter_map(|report| report.external_key.map(Vec::from)).collect();
    let rows = sqlx::query!(
        r#"SELECT report_id AS "report_id!", request_id, external_key, content_key, reporter_id, receipt_number
        FROM ingest.report WHERE agency_id = $1 AND request_id = ANY($2)
        UNION
        SELECT report_id, request_id, external_key, content_key, reporter_id, receipt_number
        FROM ingest.report WHERE agency_id = $1 AND external_key = ANY($3)"#,
        agency.as_uuid(),
        &request_ids,
        &external_keys,
    )
    .fetch_all(tx)
    .await?;
    let kept = rows.into_iter().map(|row| Kept {
        request_id: row.request_id,
        external_key: row.external_key,
        content_key: row.content_key,
        accepted: Accepted {
            report_id: ReportId::from_uuid(row.report_id),
            reporter_id: row.reporter_id.map(ReporterId::from_uuid),
            standing: Standing::Duplicate,
            receipt_number: row.receipt_number,
        },
    });
    Ok(kept.collect())
}

/// A message as it was received, sealed, with what opens it; `None` when there is no such message.
///
/// # Errors
/// When the database is away.
pub async fn sealed(
    tx: &mut PgConnection,
    agency: AgencyId,
    report: ReportId,
) -> sqlx::Result<Option<media::Sealed>> {
    let row = sqlx::query!(
        r#"SELECT r.sealed, r.wrapped_key, r.reporter_id, p.wrapped_key AS "reporter_key?"
        FROM ingest.report r
        LEFT JOIN ingest.reporter p ON p.agency_id = r.agency_id AND p.reporter_id = r.reporter_id
        WHERE r.agency_id = $1 AND r.report_id = $2"#,
        agency.as_uuid(),
        report.as_uuid(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| media::Sealed {
        report,
        original: row.sealed,
        wrapped_key: row.wrapped_key,
        reporter: row.reporter_id.map(ReporterId::from_uuid),
        reporter_key: row.reporter_key,
    }))
}

//! Fetches the pictures and voices of messages from the platform, looks at pictures and has their words read.
//!
//! All of it happens after the message was committed and answered, never on the way there. Replicas share the
//! work by row locks and leases: an attempt is counted before the platform is called, and only the attempt that
//! was counted last can write how it ended, together with the event that says so. Fetching twice does no harm, so
//! an attempt whose replica died is simply made again.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use ids::{AgencyId, ReportId};
use masking::mask;
use messaging::outbox;
use runtime::{Clock, Lifecycle, SlowWork, crash_point};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tracing::Instrument;
use wechat::download::Download;
use wechat::error::CallError;

use crate::agency::Agencies;
use crate::domain::media::{BYTES_MAX, Kind, State, UNKNOWN_TYPE, content_type, next_attempt};
use crate::events::{self, PictureSeen};
use crate::picture::{Look, PictureError, look_at};
use crate::reader::TextReader;
use crate::side_by_side::{Waker, side_by_side};
use crate::store::media::{self, Begun, End, Sealed};
use crate::vault::{Key, Purpose, Unopened, Vault};

/// Pictures that are looked at at once: each keeps a core busy.
pub const AT_ONCE: usize = 2;

/// Files of one agency under way at once.
const OF_AGENCY_AT_ONCE: u32 = 2;

/// Files under way at once: each may hold its bytes and its pixels.
pub const FILES_AT_ONCE: usize = 10;

/// Decoders of attempts that were given up may still be at work; so many attempts wait for them.
const WAITING_MAX: usize = 8;

/// One fetch takes no longer.
const FETCH_DEADLINE: Duration = Duration::from_secs(30);

/// A replica that has not written how an attempt ended by then is taken for dead: the fetch, the decoding, the
/// reading, and time to write.
const LEASE: time::Duration = time::Duration::minutes(3);

/// How often the table is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Fetches and looks.
pub struct Fetcher {
    /// The database.
    pub pool: PgPool,
    /// The configured agencies and their accounts.
    pub agencies: Agencies,
    /// Opens messages and seals files.
    pub vault: Vault,
    /// Where pictures are decoded: no more at once than are fetched at once, whoever still waits for them.
    pub looking: SlowWork,
    /// Whose pictures are looked at and read.
    pub turns: Semaphore,
    /// The files that may be under way.
    pub files: Semaphore,
    /// Reads the words in pictures.
    pub reader: TextReader,
    /// Woken when a picture was read.
    pub relay: messaging::Waker,
    /// The time.
    pub clock: Clock,
}

/// What an attempt came to, and what there is to tell of it.
struct Ended {
    end: End,
    seen: Option<PictureSeen>,
}

/// Where the original says what the platform calls the file.
#[derive(Deserialize)]
struct Original {
    details: Details,
}

#[derive(Deserialize)]
struct Details {
    media_id: String,
}

impl Fetcher {
    /// Fetches until the process stops.
    ///
    /// # Errors
    /// Never: while the database or the platform is away it waits.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let agencies = self.agencies.ids().collect();
        let this = Arc::new(self);
        let look = |agency| {
            let this = Arc::clone(&this);
            async move { this.fetch_some(agency).await }
        };
        let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
        tokio::select! {
            () = side_by_side(agencies, Waker::default(), LOOK_EVERY, soft, look) => {}
            () = hard.cancelled() => {}
        }
        Ok(())
    }

    /// Fetches the next few files of one agency; says whether there may be more now.
    async fn fetch_some(&self, agency: AgencyId) -> bool {
        self.try_fetch(agency).await.unwrap_or_else(|error| {
            tracing::warn!(
                %agency,
                error = &error as &dyn std::error::Error,
                "pictures and voices cannot be fetched now"
            );
            false
        })
    }

    async fn try_fetch(&self, agency: AgencyId) -> sqlx::Result<bool> {
        // Before the attempts are counted: their lease is not to pass while they wait. In line, so that it is every
        // agency's turn. The semaphore is never closed.
        let _places = self.files.acquire_many(OF_AGENCY_AT_ONCE).await;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let begun =
            media::begin(&mut tx, agency, self.clock.now(), LEASE, i64::from(OF_AGENCY_AT_ONCE)).await?;
        tx.commit().await?;
        let more = !begun.is_empty();
        let attempts = begun.into_iter().map(|begun| {
            let span = tracing::info_span!(
                parent: None,
                "media",
                otel.name = "fetch media",
                { telemetry::attribute::AGENCY_ID } = %agency,
            );
            self.attempt(agency, begun).instrument(span)
        });
        join_all(attempts).await.into_iter().collect::<sqlx::Result<()>>()?;
        Ok(more)
    }

    /// One attempt, from the platform to the row and the event.
    async fn attempt(&self, agency: AgencyId, begun: Begun) -> sqlx::Result<()> {
        let Ended { end, seen } = self.fetch(agency, &begun).await;
        crash_point!("ingest.media.before_commit");
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        if !media::end(&mut tx, agency, &begun, &end).await? {
            // Somebody else took this replica for dead and has fetched it.
            return Ok(());
        }
        if let Some(seen) = &seen {
            let event = events::picture_read(agency, begun.report, seen);
            outbox::enqueue(&mut tx, agency, events::PICTURE_READ, &event).await?;
        }
        tx.commit().await?;
        crash_point!("ingest.media.after_commit");
        self.relay.wake();
        match &end {
            End::Here { reason, .. } if reason.is_empty() => {}
            End::Here { reason, .. } | End::Lost(reason) | End::Later(reason, _) => {
                tracing::info!(report = %begun.report, reason, "a picture or voice was not simply fetched");
            }
        }
        Ok(())
    }

    async fn fetch(&self, agency: AgencyId, begun: &Begun) -> Ended {
        let lost = |reason: &str| Ended { end: End::Lost(reason.to_owned()), seen: None };
        let Ok((key, media_id)) = open(&self.vault, &begun.sealed) else {
            return lost("留言人的资料已删除或无法解读");
        };
        let Some(account) = self.agencies.account_of(agency, &begun.account) else {
            return lost("收到留言的账号已不在配置中");
        };
        let bytes = match account.client.media_get(&media_id, BYTES_MAX, FETCH_DEADLINE).await {
            Ok(Download::Whole(bytes)) => bytes,
            Ok(Download::TooLong) => return lost("文件超过10 MB，没有取回"),
            Err(error) => return Ended { end: self.not_fetched(begun, &error), seen: None },
        };
        let kind = content_type(&bytes);
        let (state, reason, seen) = match begun.kind {
            Kind::Voice if bytes.is_empty() => (State::Unreadable, "微信给出的文件是空的", None),
            Kind::Voice if kind.starts_with("audio/") => (State::Kept, "", None),
            Kind::Voice => (State::Unreadable, "微信给出的不是可识别的语音文件", None),
            Kind::Picture => match self.look(agency, bytes.clone()).await {
                Ok(seen) => (State::Kept, "", Some(seen)),
                Err(error) => {
                    tracing::info!(
                        report = %begun.report,
                        error = &error as &dyn std::error::Error,
                        "a picture cannot be looked at"
                    );
                    (State::Unreadable, error.zh(), None)
                }
            },
        };
        // Only what proved to be a picture is ever shown as one.
        let content_type = if state == State::Kept { kind } else { UNKNOWN_TYPE };
        let sealed = key.seal(Purpose::Media, begun.report.as_uuid(), &bytes);
        Ended { end: End::Here { state, reason: reason.to_owned(), content_type, sealed }, seen }
    }

    async fn look(&self, agency: AgencyId, bytes: bytes::Bytes) -> Result<PictureSeen, PictureError> {
        let file_key = self.vault.lookup_key(agency, "file", &hex::encode(Sha256::digest(&bytes)));
        let _turn = self.turns.acquire().await;
        let looked = self.looking.run(WAITING_MAX, move || look_at(&bytes)).await;
        // A decoder that panicked has met a file that it cannot read.
        let Look { hash, page } =
            looked.unwrap_or_else(|panicked| Err(PictureError::Broken(panicked.to_string())))?;
        Ok(match self.reader.read(page).await {
            Ok(words) => PictureSeen {
                file_key,
                hash,
                masked_text: mask(&words.text),
                confidence: words.confidence,
                reader: self.reader.name().to_owned(),
                unread_reason: String::new(),
            },
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "a picture's words were not read");
                PictureSeen {
                    file_key,
                    hash,
                    masked_text: String::new(),
                    confidence: 0.0,
                    reader: String::new(),
                    unread_reason: error.zh().to_owned(),
                }
            }
        })
    }

    fn not_fetched(&self, begun: &Begun, error: &CallError) -> End {
        let code = error.code().map_or_else(String::new, |code| format!("（微信代码 {code}）"));
        if matches!(error, CallError::Refused { .. }) {
            return End::Lost(format!("微信已不再提供这个文件{code}"));
        }
        match next_attempt(begun.attempt, begun.received, self.clock.now()) {
            Some(again) => End::Later(format!("暂时取不到，稍后再试{code}"), again),
            None => End::Lost(format!("三天内没有取到，微信已不再保留{code}")),
        }
    }
}

/// The key of a message, and what the platform calls its file.
fn open(vault: &Vault, sealed: &Sealed) -> Result<(Key, String), Unopened> {
    let key = report_key(vault, sealed)?;
    let original = key.open(Purpose::Original, sealed.report.as_uuid(), &sealed.original)?;
    let original: Original = serde_json::from_slice(&original).map_err(|_| Unopened)?;
    Ok((key, original.details.media_id))
}

/// The key of a message.
///
/// # Errors
/// When its reporter was forgotten, or the master key is another one.
pub fn report_key(vault: &Vault, sealed: &Sealed) -> Result<Key, Unopened> {
    let report: ReportId = sealed.report;
    let wrapping = match sealed.reporter {
        None => vault.master().clone(),
        Some(reporter) => {
            let wrapped = sealed.reporter_key.as_deref().ok_or(Unopened)?;
            vault.master().unwrap_key(Purpose::ReporterKey, reporter.as_uuid(), wrapped)?
        }
    };
    wrapping.unwrap_key(Purpose::ReportKey, report.as_uuid(), &sealed.wrapped_key)
}

//! How much a client may bring: reports a minute and a day, lines of imports a day. Officers are not counted.
//!
//! What was brought is counted in the database, for all replicas together; each takes a few at a time, so that
//! counting costs next to nothing. What a replica took and did not need is lost to the client for that minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ids::AgencyId;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::store::client_use;

const MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Days begin at midnight in China.
const ZONE_SECONDS: i64 = 8 * 60 * 60;
/// A replica takes this part of a minute's quota at once.
const PARTS: u32 = 40;
/// And no more than this.
const TAKEN_MAX: u32 = 500;

/// What is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bringing {
    /// One report.
    Report,
    /// One line of an import.
    Import,
}

impl Bringing {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Import => "import",
        }
    }
}

/// Why something is not taken.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// The minute's quota is used up.
    #[error("{max} a minute were brought; wait {wait} seconds")]
    Minute {
        /// How many there may be.
        max: u32,
        /// Seconds until the next minute.
        wait: i64,
    },
    /// The day's quota is used up.
    #[error("{max} a day were brought; wait {wait} seconds")]
    Day {
        /// How many there may be.
        max: u32,
        /// Seconds until the next day.
        wait: i64,
    },
    /// The rows.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// How much may be brought.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reports a minute.
    pub reports_per_minute: u32,
    /// Reports a day.
    pub reports_per_day: u32,
    /// Lines of imports a day.
    pub lines_per_day: u32,
}

impl Limits {
    const fn of(self, bringing: Bringing) -> (u32, u32) {
        match bringing {
            Bringing::Report => (self.reports_per_minute, self.reports_per_day),
            // An import comes as fast as it can be written; its own pace bounds it within a day.
            Bringing::Import => (u32::MAX, self.lines_per_day),
        }
    }
}

/// What clients may still bring. Cheap to clone.
#[derive(Clone)]
pub struct Quotas {
    pool: PgPool,
    limits: Limits,
    taken: Arc<Mutex<AllTaken>>,
}

/// By agency, client and what it brings.
type AllTaken = HashMap<(AgencyId, String, Bringing), Taken>;

/// What this replica has taken for a client.
struct Taken {
    minute: i64,
    left: u32,
}

impl Quotas {
    /// Nothing is taken yet.
    #[must_use]
    pub fn new(pool: PgPool, limits: Limits) -> Self {
        Self { pool, limits, taken: Arc::default() }
    }

    /// Takes one from a client's quota.
    ///
    /// # Errors
    /// When it is used up, or the database is away.
    pub async fn take(
        &self,
        agency: AgencyId,
        client: &str,
        bringing: Bringing,
        now: OffsetDateTime,
    ) -> Result<(), QuotaError> {
        let seconds = now.unix_timestamp();
        let minute = seconds.div_euclid(MINUTE_SECONDS);
        let key = (agency, client.to_owned(), bringing);
        if let Some(taken) = self.lock().get_mut(&key)
            && taken.minute == minute
            && taken.left > 0
        {
            taken.left -= 1;
            return Ok(());
        }
        let (per_minute, per_day) = self.limits.of(bringing);
        let wanted = (per_minute.min(per_day) / PARTS).clamp(1, TAKEN_MAX);
        let day = (seconds + ZONE_SECONDS).div_euclid(DAY_SECONDS);
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let asked = client_use::Asked { agency, client, bringing, minute, day, wanted, per_minute, per_day };
        let counted = client_use::take(&mut tx, &asked).await?;
        tx.commit().await?;
        match counted {
            client_use::Counted::Taken(granted) => {
                let left = granted.saturating_sub(1);
                self.lock().insert(key, Taken { minute, left });
                Ok(())
            }
            client_use::Counted::DayIsFull => Err(QuotaError::Day {
                max: per_day,
                wait: DAY_SECONDS - (seconds + ZONE_SECONDS).rem_euclid(DAY_SECONDS),
            }),
            client_use::Counted::MinuteIsFull => Err(QuotaError::Minute {
                max: per_minute,
                wait: MINUTE_SECONDS - seconds.rem_euclid(MINUTE_SECONDS),
            }),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, AllTaken> {
        // Numbers have no half-written state that a panic elsewhere could have left.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

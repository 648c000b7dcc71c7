//! Calls for help, and what else cannot wait: shown until somebody takes note.

use ids::{AgencyId, ReportId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::{Desk, commit, deed};
use crate::domain::alarm::AlarmKind;
use crate::domain::officer::Officer;
use crate::store::alarm::{Acknowledged, Alarm};
use crate::store::{self, StoreError};

/// Alarms that are shown at once.
const SHOWN_MAX: i64 = 50;

/// Why an alarm was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// There is no such alarm in this agency.
    #[error("no such alarm")]
    NoAlarm,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells the office that somebody guesses this person's codes; once until somebody takes note.
pub async fn raise_locked_out(
    tx: &mut PgConnection,
    officer: &Officer,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let words = format!(
        "{}的动态码连续输错，输错的那一处已锁定10分钟。如果不是本人所为，口令可能已泄露，请联系本人和管理员。",
        officer.display_name
    );
    let kind = AlarmKind::LockedOut;
    if store::alarm::stands(tx, officer, kind, &words).await? {
        return Ok(());
    }
    let alarm = Alarm { report: ReportId::mint(), masked_text: words, raise_time: now, kind };
    store::alarm::insert(tx, officer.agency, &alarm).await
}

impl Desk {
    /// The newest alarms that nobody has acknowledged, and how many there are in all.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_alarms(&self, agency: AgencyId) -> Result<(Vec<Alarm>, u64), StoreError> {
        let mut tx = self.begin(agency).await?;
        let alarms = store::alarm::unacknowledged(&mut tx, agency, SHOWN_MAX).await?;
        let waiting = store::alarm::count_unacknowledged(&mut tx, agency).await?;
        commit(tx).await?;
        Ok((alarms, waiting))
    }

    /// Takes note of an alarm; again is as good.
    ///
    /// # Errors
    /// When there is no such alarm.
    pub async fn acknowledge_alarm(
        &self,
        officer: &Officer,
        report: ReportId,
    ) -> Result<(), AcknowledgeError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        match store::alarm::acknowledge(&mut tx, report, officer.person, now).await? {
            Acknowledged::Unknown => return Err(AcknowledgeError::NoAlarm),
            Acknowledged::Before => return Ok(()),
            Acknowledged::Now => {}
        }
        let entry = deed(officer, now, "alarm.acknowledged", format!("report {report}"));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        Ok(commit(tx).await?)
    }
}

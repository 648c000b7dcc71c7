//! Everyone who asked is answered (design G8): sends each owed answer once, as a customer-service message.
//!
//! An attempt is committed before its call, so that at most one call is ever made for it. A call without a
//! known outcome, and an attempt whose replica died, end as unknown and are a person's: the platform has no key
//! by which a repetition would be harmless. Replicas share the work by row locks and leases.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use ids::{AgencyId, AttemptId, CaseId};
use runtime::{Clock, Lifecycle, crash_point};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tracing::Instrument;
use wechat::error::{CallError, Wait};

use crate::agency::{Account, Agencies};
use crate::domain::answer::Event;
use crate::domain::reply::Source;
use crate::side_by_side::{Waker, side_by_side};
use crate::store::answer::{self, Due, Outcome};
use crate::store::{self, clarification, halt};
use crate::vault::{Purpose, Vault};
use crate::words::{SignedWords, Silence};

/// Calls under way at once, per agency.
const BATCH: i64 = 16;

/// A call that has not ended by then has an unknown outcome.
const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// A replica that has not recorded an outcome by then is taken for dead: the call's deadline and time to write.
const LEASE: time::Duration = time::Duration::seconds(30);

/// How often the table is looked at without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Transactions at once, of all agencies together: the database is there for citizens' messages first.
pub const TRANSACTIONS: usize = 4;

/// How often writing an outcome is tried before the lease is left to run out, and after what pause.
const RECORD_TRIES: u32 = 5;
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// Sends answers.
pub struct Deliverer {
    /// The database.
    pub pool: PgPool,
    /// The configured agencies and their accounts.
    pub agencies: Agencies,
    /// The signed words.
    pub words: SignedWords,
    /// Opens the platform's names of reporters.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// By whom it is woken.
    pub waker: Waker,
    /// Those of its transactions that may be open.
    pub transactions: Semaphore,
}

/// One committed attempt.
struct Attempt {
    id: AttemptId,
    case: CaseId,
    account: Arc<Account>,
    open_id: String,
    text: String,
    attempts: i32,
}

impl Deliverer {
    /// Delivers until the process stops.
    ///
    /// # Errors
    /// Never: while the database is away it waits.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let (agencies, waker) = (self.agencies.ids().collect(), self.waker.clone());
        let this = Arc::new(self);
        let look = |agency| {
            let this = Arc::clone(&this);
            async move { this.deliver_some(agency).await }
        };
        side_by_side(agencies, waker, LOOK_EVERY, lifecycle.soft(), look).await;
        Ok(())
    }

    /// Delivers the next few answers of one agency; says whether more may be due now.
    async fn deliver_some(&self, agency: AgencyId) -> bool {
        self.try_deliver(agency).await.unwrap_or_else(|error| {
            tracing::warn!(
                %agency,
                error = &error as &dyn std::error::Error,
                "answers cannot be delivered now"
            );
            false
        })
    }

    async fn try_deliver(&self, agency: AgencyId) -> sqlx::Result<bool> {
        self.give_up_lost(agency).await?;
        let (looked_at, attempts) = self.begin(agency).await?;
        if looked_at == 0 {
            return Ok(false);
        }
        crash_point!("ingest.deliver.after_attempt_committed");
        join_all(attempts.into_iter().map(|attempt| {
            let span = tracing::info_span!(
                parent: None,
                "answer",
                otel.name = "custom_send",
                otel.kind = "client",
                { telemetry::attribute::AGENCY_ID } = %agency,
                { telemetry::attribute::CASE_ID } = %attempt.case,
            );
            self.send(agency, attempt).instrument(span)
        }))
        .await;
        Ok(true)
    }

    /// In a transaction of its own: whatever becomes of the next attempts, people hear of the lost ones.
    async fn give_up_lost(&self, agency: AgencyId) -> sqlx::Result<()> {
        let _turn = self.transactions.acquire().await;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let lost = answer::give_up_lost(&mut tx, agency, self.clock.now()).await?;
        tx.commit().await?;
        if lost > 0 {
            tracing::warn!(%agency, lost, "attempts ended without an outcome; a person has to look");
        }
        Ok(())
    }

    /// Commits to the next attempts: from here on each may be called once, and no halt stops it any more.
    async fn begin(&self, agency: AgencyId) -> sqlx::Result<(usize, Vec<Attempt>)> {
        let now = self.clock.now();
        // The semaphore is never closed.
        let _turn = self.transactions.acquire().await;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        store::keep_rules(&mut tx, agency).await?;
        let due = answer::due(&mut tx, agency, now, BATCH).await?;
        let mut attempts = Vec::with_capacity(due.len());
        for one in &due {
            match self.prepare(&mut tx, agency, one, now).await? {
                Prepared::Ready { case, account, open_id, text } => {
                    let id = AttemptId::mint();
                    answer::begin(&mut tx, agency, one.answer, id, now, now + LEASE).await?;
                    attempts.push(Attempt { id, case, account, open_id, text, attempts: one.attempts });
                }
                Prepared::Ended(event, reason) => {
                    answer::end_unsent(&mut tx, agency, one.answer, event, &reason, now).await?;
                }
                Prepared::Later(until, reason) => {
                    answer::postpone(&mut tx, agency, one.answer, until, &reason).await?;
                }
            }
        }
        tx.commit().await?;
        Ok((due.len(), attempts))
    }

    async fn prepare(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        due: &Due,
        now: OffsetDateTime,
    ) -> sqlx::Result<Prepared> {
        let clarification = due.revision.clarification;
        if let Some(reason) = halt::standing_in_the_way(tx, agency, Some(clarification)).await? {
            return Ok(Prepared::Ended(Event::Stop, reason));
        }
        let gone = || Prepared::Ended(Event::Stop, "该稿已撤销、撤稿或由新版代替".to_owned());
        if clarification::live(tx, agency, clarification).await? != Some(due.revision.revision) {
            return Ok(gone());
        }
        let Some(kept) = clarification::get(tx, agency, due.revision).await? else { return Ok(gone()) };
        let source = if due.rendition == "answer.auto" { Source::Automatic } else { Source::Clarification };
        let renditions = [due.rendition.as_str(), "answer"];
        let text = match self.words.speak(agency, &kept, source, &renditions, None, now) {
            Ok(spoken) => spoken.text,
            Err(Silence::NotBefore(until)) => {
                return Ok(Prepared::Later(until, "未到稿件的发布时间".to_owned()));
            }
            Err(Silence::Over) => {
                return Ok(Prepared::Ended(Event::Stop, "稿件的适用期已过，续期后再答复".to_owned()));
            }
            Err(Silence::OtherUse | Silence::NoReceiptNumber) => {
                return Ok(Prepared::Ended(Event::Stop, "该稿没有可用于答复的稿样".to_owned()));
            }
            Err(Silence::Unusable(unusable)) => {
                tracing::error!(
                    %clarification,
                    error = &unusable as &dyn std::error::Error,
                    "an answer's words do not verify and are not sent"
                );
                return Ok(Prepared::Ended(Event::Stop, format!("签发核对不通过：{}", unusable.zh())));
            }
        };
        let Some(account) = self.agencies.account_of(agency, &due.account) else {
            return Ok(Prepared::Ended(Event::Refused, "答复账号已不在配置中".to_owned()));
        };
        let Some(open_id) = self.open_identity(due) else {
            return Ok(Prepared::Ended(Event::Refused, "留言人的资料已删除或无法解读".to_owned()));
        };
        Ok(Prepared::Ready { case: kept.case, account: Arc::clone(account), open_id, text })
    }

    fn open_identity(&self, due: &Due) -> Option<String> {
        let owner = due.reporter.as_uuid();
        let key = self
            .vault
            .master()
            .unwrap_key(Purpose::ReporterKey, owner, due.wrapped_key.as_deref()?)
            .and_then(|key| key.open(Purpose::Identity, owner, &due.identity));
        match key {
            Ok(identity) => String::from_utf8(identity.to_vec()).ok(),
            Err(error) => {
                tracing::error!(
                    reporter = %due.reporter,
                    error = &error as &dyn std::error::Error,
                    "a reporter's identity cannot be opened; is this the right master key?"
                );
                None
            }
        }
    }

    async fn send(&self, agency: AgencyId, attempt: Attempt) {
        let called =
            attempt.account.client.custom_send_text(&attempt.open_id, &attempt.text, CALL_DEADLINE).await;
        crash_point!("ingest.deliver.after_call_before_outcome");
        let outcome = match called {
            Ok(()) => Outcome::Sent,
            Err(error) => {
                tracing::info!(
                    attempt = %attempt.id,
                    code = error.code(),
                    reason = error.reason(),
                    "an answer was not simply taken"
                );
                outcome(&error, attempt.attempts, self.clock.now())
            }
        };
        for _ in 0..RECORD_TRIES {
            match self.record(agency, attempt.id, &outcome).await {
                Ok(()) => {
                    crash_point!("ingest.deliver.after_outcome");
                    return;
                }
                Err(error) => {
                    tracing::warn!(
                        attempt = %attempt.id,
                        error = &error as &dyn std::error::Error,
                        "an outcome cannot be recorded yet"
                    );
                    tokio::time::sleep(RECORD_AGAIN).await;
                }
            }
        }
        // The lease runs out and the answer becomes a person's, which is what an unrecorded outcome is.
    }

    async fn record(&self, agency: AgencyId, attempt: AttemptId, outcome: &Outcome) -> sqlx::Result<()> {
        let _turn = self.transactions.acquire().await;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        answer::end(&mut tx, agency, attempt, outcome, self.clock.now()).await?;
        tx.commit().await
    }
}

/// What the last look at an answer found.
enum Prepared {
    Ready { case: CaseId, account: Arc<Account>, open_id: String, text: String },
    Ended(Event, String),
    Later(OffsetDateTime, String),
}

/// What the platform's refusal means for the answer.
fn outcome(error: &CallError, attempts: i32, now: OffsetDateTime) -> Outcome {
    let code = error.code().map_or_else(String::new, |code| format!("（微信代码 {code}）"));
    match error {
        CallError::Refused { .. } if error.recipient_unreachable() => {
            Outcome::Unreachable(format!("微信不再允许主动联系此人：超过48小时、条数用完或已取消关注{code}"))
        }
        CallError::Refused { .. } => Outcome::Unreachable(format!("微信不接受这条消息{code}")),
        CallError::NotNow { wait, .. } => {
            let first = match wait {
                Wait::Moments => time::Duration::seconds(30),
                Wait::Minutes => time::Duration::minutes(2),
                Wait::NextDay => time::Duration::hours(1),
            };
            // Doubles up to an hour: the window of 48 hours leaves room for many attempts.
            let doubled = first * 2i32.pow(u32::try_from(attempts).unwrap_or(0).min(6));
            let again = now + doubled.min(time::Duration::hours(1));
            Outcome::NotNow { reason: format!("微信暂时不收，稍后再发{code}"), again }
        }
        CallError::Credentials { .. } => Outcome::NotNow {
            reason: format!("账号凭据或权限有问题，请运维处理{code}"),
            again: now + time::Duration::minutes(5),
        },
        CallError::Unknown { .. } => Outcome::Unknown(format!("不知道微信是否已收下，请人工核对{code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wechat::error::UnknownCause;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn refused(code: i64) -> CallError {
        CallError::Refused { code, message: String::new() }
    }

    #[test]
    fn a_closed_window_is_unreachable_and_a_lost_answer_is_unknown() {
        for code in [45015, 45047, 43004, 40003, 48002] {
            assert!(matches!(outcome(&refused(code), 0, NOW), Outcome::Unreachable(_)), "{code}");
        }
        for cause in [
            UnknownCause::Deadline,
            UnknownCause::Connection("reset".into()),
            UnknownCause::HttpStatus(502),
            UnknownCause::PlatformBusy { code: -1, message: String::new() },
        ] {
            assert!(matches!(outcome(&CallError::Unknown { cause }, 0, NOW), Outcome::Unknown(_)));
        }
    }

    #[test]
    fn a_busy_platform_is_asked_again_later_and_later() {
        let busy = CallError::NotNow { code: Some(45011), message: String::new(), wait: Wait::Minutes };
        let waits: Vec<_> = [0, 1, 4, 100]
            .map(|attempts| match outcome(&busy, attempts, NOW) {
                Outcome::NotNow { again, .. } => (again - NOW).whole_minutes(),
                other => panic!("{other:?}"),
            })
            .into();
        assert_eq!(waits, [2, 4, 32, 60]);
    }
}

//! Automatic answers that citizens said were wrong: classification switches them off, an officer switches them on.

use contracts::Event;
use contracts::approval::v1::AnswerResumed;
use ids::{AgencyId, CaseId, ClarificationId, ReportId};
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::alarm::AlarmKind;
use crate::domain::audit::Entry;
use crate::domain::case::CaseFile;
use crate::domain::officer::Officer;
use crate::events;
use crate::store::alarm::Alarm;
use crate::store::case::CaseEvent;
use crate::store::{self, StoreError};

/// An automatic answer to be switched on again.
pub struct ResumeAnswer {
    /// The case of its clarification.
    pub case: CaseId,
    /// The state that the officer saw.
    pub expected_revision: i64,
    /// Why it is right after all; never empty.
    pub reason: String,
}

/// Why it stays off.
#[derive(Debug, thiserror::Error)]
pub enum ResumeAnswerError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// Somebody changed the case in the meantime.
    #[error("the case changed in the meantime")]
    Stale,
    /// Nothing of the case is switched off.
    #[error("no automatic answer of the case is switched off")]
    NotSuspended,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Switches the automatic answer of a case's clarification on again.
    ///
    /// # Errors
    /// When the case changed, or nothing of it is switched off.
    pub async fn resume_answer(
        &self,
        officer: &Officer,
        command: &ResumeAnswer,
    ) -> Result<CaseFile, ResumeAnswerError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(ResumeAnswerError::NoCase)?;
        if case.state_revision != command.expected_revision {
            return Err(ResumeAnswerError::Stale);
        }
        let suspended = case.suspended.ok_or(ResumeAnswerError::NotSuspended)?;
        store::case::clear_suspension(&mut tx, &mut case).await?;
        tell(&mut tx, officer, case.case, now, format!("恢复自动答复：{}", command.reason)).await?;
        let event =
            events::answer_resumed(officer.agency, suspended.clarification, suspended.suspension_revision);
        outbox::enqueue(&mut tx, officer.agency, AnswerResumed::SUBJECT, &event)
            .await
            .map_err(StoreError::from)?;
        let entry = deed(officer, now, "answer.resumed", named(&case));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        runtime::crash_point!("approval.resume_answer.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.resume_answer.after_commit");
        Ok(case)
    }
}

/// What classification says about an automatic answer: the newer wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Of this clarification.
    pub clarification: ClarificationId,
    /// Grows with every word about it.
    pub suspension_revision: i64,
    /// Whether it is off.
    pub suspended: bool,
    /// Reporters who said that it was wrong.
    pub wrong: u64,
    /// Messages that it had answered.
    pub answered: u64,
    /// Whether it is on, and a person should look all the same.
    pub doubted: bool,
}

/// Takes over what classification says. A clarification that is not here is none of this agency's cases.
pub async fn follow(
    tx: &mut PgConnection,
    agency: AgencyId,
    suspension: &Suspension,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let Some(case) = store::clarification::case_of(tx, suspension.clarification).await? else {
        return Ok(());
    };
    let Some(case) = store::case::lock(tx, case).await? else { return Ok(()) };
    let news = store::case::set_suspension(tx, &case, suspension).await?;
    if !news || !(suspension.suspended || suspension.doubted) {
        return Ok(());
    }
    let (wrong, answered) = (suspension.wrong, suspension.answered);
    let what = if suspension.suspended {
        format!(
            "自动答复已停用：近7天自动答复{answered}次，{wrong}人回复“不是”。相似的留言将另立工单，请人判断。"
        )
    } else {
        format!(
            "近7天自动答复{answered}次，{wrong}人回复“不是”，多为新关注或同样的话，自动答复没有停用。请人看看答得对不对。"
        )
    };
    let event = CaseEvent { time: now, actor: String::new(), what };
    store::case::append_event(tx, agency, case.case, &event).await?;
    let alarm = Alarm {
        report: ReportId::mint(),
        masked_text: format!("工单{}：{}", case.code, event.what),
        raise_time: now,
        kind: AlarmKind::AnswerSuspended,
    };
    store::alarm::insert(tx, agency, &alarm).await?;
    let entry = Entry {
        time: now,
        actor: audit::SYSTEM.to_owned(),
        action: if suspension.suspended { "answer.suspended" } else { "answer.doubted" },
        subject: named(&case),
    };
    audit::record(tx, agency, &[entry]).await
}

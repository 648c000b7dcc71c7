//! What callers hear when something is refused or fails.

use grpc::Refusal;
use tonic::{Code, Status};

use crate::accept::AcceptError;
use crate::domain::report::FieldError;
use crate::halt::HaltingError;
use crate::orders::ResumeError;
use crate::quota::QuotaError;
use crate::reveal::{CAUSE_CHARACTERS_MAX, RevealError};
use crate::store::report::WriteError;
use crate::transcribe::TranscribeError;

impl From<FieldError> for Status {
    fn from(error: FieldError) -> Self {
        Refusal::invalid(error.field, error.zh, error.en).into()
    }
}

impl From<AcceptError> for Status {
    fn from(error: AcceptError) -> Self {
        match &error {
            AcceptError::QueueFull => busy().into(),
            AcceptError::Backlog(waiting) => busy().with("backlog", waiting).into(),
            AcceptError::Refused(cause) if matches!(**cause, WriteError::NotBrought(_)) => {
                Self::from(not_brought())
            }
            AcceptError::Refused(cause) => Refusal::internal(cause.as_ref()).into(),
            AcceptError::Unavailable(cause) => Refusal::unavailable(cause.as_ref()).into(),
            AcceptError::Stopping => Refusal::unavailable(&error).into(),
        }
    }
}

impl From<HaltingError> for Status {
    fn from(error: HaltingError) -> Self {
        match error {
            HaltingError::RequestReused => Refusal::precondition(
                "REQUEST_ID_REUSED",
                "这个请求编号已用于另一个操作，这次没有执行。请刷新页面后重试。",
                "This request id was used for another request, and nothing was done now; take a new one.",
            )
            .into(),
            HaltingError::Database(error) => database_failed(&error),
        }
    }
}

impl From<RevealError> for Status {
    fn from(error: RevealError) -> Self {
        match error {
            RevealError::Cause(0) => Refusal::invalid(
                "cause",
                "请写明为什么要看原文；事由会记入审计。",
                "Say why the original must be read; the audit trail keeps it.",
            )
            .into(),
            RevealError::Cause(characters) => Refusal::invalid(
                "cause",
                format!("事由有 {characters} 字，超过上限 {CAUSE_CHARACTERS_MAX} 字；请缩短。"),
                format!("The cause has {characters} characters, over {CAUSE_CHARACTERS_MAX}; shorten it."),
            )
            .into(),
            RevealError::Unknown => Refusal::not_found("message").into(),
            RevealError::Forgotten => Refusal::precondition(
                "MESSAGE_FORGOTTEN",
                "留言人的资料已删除，原文不能再打开。",
                "The reporter was forgotten; the original can no longer be opened.",
            )
            .into(),
            RevealError::Database(error) => database_failed(&error),
        }
    }
}

impl From<ResumeError> for Status {
    fn from(error: ResumeError) -> Self {
        match error {
            ResumeError::Refused(refused) => Refusal::new(
                Code::PermissionDenied,
                "ORDER_REFUSED",
                format!("没有恢复：{}。恢复须由值班员或终审人在“停发”页重新下达。", refused.zh()),
                format!("Nothing goes on: {refused}. A lead has to order it anew on the page for halts."),
            )
            .with("refused", refused.reason())
            .into(),
            ResumeError::Database(error) => database_failed(&error),
        }
    }
}

impl From<TranscribeError> for Status {
    fn from(error: TranscribeError) -> Self {
        match error {
            TranscribeError::Text(error) => error.into(),
            TranscribeError::Unknown => Refusal::not_found("message").into(),
            TranscribeError::OtherRequest => Refusal::invalid(
                "request_id",
                "这个编号已用于另一条留言或另一份听写，这次没有写下；请重新打开页面再写。",
                "request_id was used for another message or other words, and nothing was written down now; open the \
                 page again.",
            )
            .into(),
            TranscribeError::Forgotten => Refusal::precondition(
                "MESSAGE_FORGOTTEN",
                "留言人的资料已删除，这条留言不能再听写。",
                "The reporter was forgotten; this message can no longer be written down.",
            )
            .into(),
            TranscribeError::Database(error) => database_failed(&error),
        }
    }
}

/// What a client hears that names somebody else's reporter.
pub fn not_brought() -> FieldError {
    FieldError {
        field: "reporter",
        zh: "这个留言人不是由本系统带来的，不能指定账号答复；请去掉 answer_account。".to_owned(),
        en: "this reporter was not brought by this client, so no account answers for it; leave answer_account out."
            .to_owned(),
    }
}

impl From<QuotaError> for Status {
    fn from(error: QuotaError) -> Self {
        let (en, zh, wait) = match &error {
            QuotaError::Minute { max, wait } => ("minute", "每分钟", (max, wait)),
            QuotaError::Day { max, wait } => ("day", "每天", (max, wait)),
            QuotaError::Database(error) => return database_failed(error),
        };
        let (max, wait) = wait;
        Refusal::new(
            Code::ResourceExhausted,
            "CLIENT_QUOTA",
            format!(
                "本系统{zh}最多提交 {max} 条，已用完；请在 {wait} 秒后用同一个编号重试，或联系管理员调整额度。"
            ),
            format!(
                "This client may bring {max} reports a {en} and has; try again in {wait} seconds with the same \
                 request_id, or ask the administrator for a larger quota."
            ),
        )
        .with("retry_after_seconds", wait)
        .into()
    }
}

fn busy() -> Refusal {
    Refusal::new(
        Code::ResourceExhausted,
        "TOO_MANY_REPORTS",
        "系统正忙，线索没有收下，请稍后用同一个编号重试。",
        "More reports arrive than can be passed on; this one was not accepted. Try again shortly with the same request_id.",
    )
}

/// A database error of a request.
pub fn database_failed(error: &sqlx::Error) -> Status {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => Refusal::unavailable(error).into(),
        _ => Refusal::internal(error).into(),
    }
}

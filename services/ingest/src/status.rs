//! What callers hear when something is refused or fails.

use grpc::Refusal;
use tonic::{Code, Status};

use crate::accept::AcceptError;
use crate::domain::report::FieldError;
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
            AcceptError::Refused(cause) => Refusal::internal(cause.as_ref()).into(),
            AcceptError::Unavailable(cause) => Refusal::unavailable(cause.as_ref()).into(),
            AcceptError::Stopping => Refusal::unavailable(&error).into(),
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
                "这个编号已用于另一条留言；请重新打开页面再写。",
                "request_id was used for another message; open the page again.",
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

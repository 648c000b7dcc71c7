//! Use-case errors as callers see them.

use grpc::Refusal;
use signoff::verify_order::OrderRefused;
use tonic::{Code, Status};

use crate::change::ChangeError;
use crate::resolve::ResolveError;

/// A failed change is ours to mend: the caller did nothing wrong.
impl From<ChangeError> for Status {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Database(error) => database(&error),
            ChangeError::Invalid(_) => Refusal::internal(&error).into(),
        }
    }
}

impl From<ResolveError> for Status {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::NotFound(_) => Refusal::not_found("publication").into(),
            ResolveError::Changed => Refusal::changed(
                "这条发布的状态刚刚变了，请刷新后再核对。",
                "The publication has changed since you looked; reload it and look again.",
            )
            .into(),
            ResolveError::RequestReused => request_reused(),
            ResolveError::NotUncertain(state) => Refusal::precondition(
                "PUBLICATION_NOT_UNCERTAIN",
                "这条发布的结果已经明确，无需人工核对。",
                "The outcome of this publication is known; there is nothing to resolve.",
            )
            .with("state", state)
            .into(),
            ResolveError::Change(error) => error.into(),
        }
    }
}

/// A resumption that does not count.
#[must_use]
pub fn order_refused(refused: &OrderRefused) -> Status {
    Refusal::new(
        Code::PermissionDenied,
        "ORDER_REFUSED",
        format!("没有恢复：{}。恢复须由值班员或终审人在“停发”页重新下达。", refused.zh()),
        format!("Nothing goes on: {refused}. A lead has to order it anew on the page for halts."),
    )
    .with("refused", refused.reason())
    .into()
}

/// One request id never means two things.
#[must_use]
pub fn request_reused() -> Status {
    Refusal::precondition(
        "REQUEST_ID_REUSED",
        "这个请求编号已用于另一个操作，这次没有执行。请刷新页面后重试。",
        "This request id was used for another request, and nothing was done now; take a new one.",
    )
    .into()
}

/// A database that is away is tried again by the caller; one that refuses is a bug of ours.
#[must_use]
pub fn database(error: &sqlx::Error) -> Status {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Refusal::unavailable(error).into()
        }
        _ => Refusal::internal(error).into(),
    }
}

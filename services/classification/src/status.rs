//! What a caller hears when a question cannot be answered or a change cannot be made.

use grpc::Refusal;
use judgement::rules_file::RulesError;
use tonic::{Code, Status};

use crate::set_intent::SetIntentError;
use crate::set_rules::SetRulesError;

/// A database's failure: away for the moment, or our fault.
pub fn failed(error: &sqlx::Error) -> Status {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Refusal::unavailable(error).into()
        }
        _ => Refusal::internal(error).into(),
    }
}

/// Rules that cannot be used: a violation for each fault, in the order of the message's lines.
pub fn rules_unusable(error: &RulesError) -> Status {
    let refusal = Refusal::new(Code::InvalidArgument, "RULES_UNUSABLE", error.zh(), error.en());
    let refusal = error
        .faults
        .iter()
        .fold(refusal, |refusal, fault| refusal.violated(format!("text:{}", fault.line), fault.en.clone()));
    refusal.with("faults", error.faults.len()).into()
}

impl From<SetRulesError> for Status {
    fn from(error: SetRulesError) -> Self {
        match error {
            SetRulesError::Stale { expected, in_force } => Refusal::changed(
                "规则在您编辑时已被同事改过，没有保存；请对照最新一版重新修改。",
                "A colleague changed the rules while you were editing, so nothing was saved; make your change in the newest version.",
            )
            .with("expected_version", expected)
            .with("version", in_force)
            .into(),
            SetRulesError::Unusable(error) => rules_unusable(&error),
            SetRulesError::NoSuchVersion(_) => Refusal::not_found("version of the rules").into(),
            SetRulesError::RequestReused => Refusal::precondition(
                "REQUEST_ID_REUSED",
                "这个请求编号已用于另一次修改，请重新打开页面再试。",
                "This request id was used for another change; reload the page and try again.",
            )
            .into(),
            SetRulesError::Store(error) => failed(&error),
        }
    }
}

impl From<SetIntentError> for Status {
    fn from(error: SetIntentError) -> Self {
        match error {
            SetIntentError::NoReport => Refusal::not_found("message").into(),
            SetIntentError::Stale => Refusal::changed(
                "这条留言刚刚被移动或改判过，没有保存；请看最新情况再决定。",
                "The message was moved or corrected meanwhile, so nothing was saved; look at how it stands and decide again.",
            )
            .into(),
            SetIntentError::Answered => Refusal::precondition(
                "ALREADY_ANSWERED",
                "这条留言已由辟谣稿自动答复，不能再改判；答复有误请在工单上停用自动答复。",
                "A clarification has answered this message automatically, so it cannot be corrected; if the answer was wrong, stop the automatic answer.",
            )
            .into(),
            SetIntentError::NoWords => Refusal::precondition(
                "NO_WORDS",
                "这条留言没有可以判断的文字；请先听写图片或语音的内容，再改判为线索。",
                "This message has no words to judge; write down what its picture or voice says first.",
            )
            .into(),
            SetIntentError::RequestReused => Refusal::precondition(
                "REQUEST_ID_REUSED",
                "这个请求编号已用于另一次修改，请重新打开页面再试。",
                "This request id was used for another change; reload the page and try again.",
            )
            .into(),
            SetIntentError::Store(error) => failed(&error),
        }
    }
}

//! What each use case's errors are to a caller: a code, a reason, and words that say what to do.

use grpc::Refusal;
use time::Duration;
use tonic::{Code, Status};

use crate::alarms::AcknowledgeError;
use crate::answer_finding::AnswerFindingError;
use crate::correct_claims::CorrectError;
use crate::dismiss_case::DismissCaseError;
use crate::domain::case::{CaseRefusal, CaseState};
use crate::domain::chain::ChainRefusal;
use crate::domain::revision::{RevisionRefusal, RevisionState};
use crate::finding_links::LinkError;
use crate::give_order::NotGiven;
use crate::issue_token::IssueTokenError;
use crate::lift_halt::LiftHaltError;
use crate::open_notice::OpenNoticeError;
use crate::order_halt::OrderHaltError;
use crate::people::UnlockError;
use crate::request_finding::RequestFindingError;
use crate::resume_answer::ResumeAnswerError;
use crate::return_draft::ReturnDraftError;
use crate::revoke_clarification::RevokeError;
use crate::save_draft::SaveDraftError;
use crate::sessions::EndSessionError;
use crate::set_urgency::SetUrgencyError;
use crate::sign_in::SignInError;
use crate::sign_step::SignStepError;
use crate::signatory::NoKey;
use crate::store::StoreError;
use crate::validity::CloseExpiredError;

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        let away = matches!(
            &error,
            StoreError::Database(
                sqlx::Error::Io(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::Tls(_)
            )
        );
        if away { Refusal::unavailable(&error).into() } else { Refusal::internal(&error).into() }
    }
}

impl From<SignInError> for Status {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused => Refusal::new(
                Code::Unauthenticated,
                "SIGN_IN_REFUSED",
                "登录名、口令或动态码不对，或动态码已用过，或多次失败后暂时锁定（10分钟）。请等下一个动态码再试。",
                "The name, password or code is wrong, the code was used before, or too many attempts failed and \
                 you are locked out for ten minutes; try again with the next code.",
            )
            .into(),
            SignInError::Wait(wait) => {
                let seconds = seconds(wait);
                Refusal::new(
                    Code::ResourceExhausted,
                    "SIGN_IN_MUST_WAIT",
                    format!("从您这里登录失败的次数太多，请在{seconds}秒后再试。已登录的同事和账号本身不受影响。"),
                    format!(
                        "Too many sign-ins failed from where you are; try again in {seconds} seconds. Nobody's \
                         account is locked by this."
                    ),
                )
                .with("retry_after_seconds", seconds)
                .into()
            }
            SignInError::Busy => Refusal::new(
                Code::ResourceExhausted,
                "SIGN_IN_BUSY",
                "同时登录的太多，暂时排不上，请过几秒再试。",
                "Too many are signing in at this moment; try again in a few seconds.",
            )
            .with("retry_after_seconds", 5)
            .into(),
            SignInError::Store(error) => error.into(),
            broken @ (SignInError::Sealed(_) | SignInError::CutOff(_)) => Refusal::internal(&broken).into(),
        }
    }
}

impl From<IssueTokenError> for Status {
    fn from(error: IssueTokenError) -> Self {
        match error {
            IssueTokenError::NoSession => no_session().into(),
            IssueTokenError::UnknownClient => Refusal::new(
                Code::Unauthenticated,
                "CLIENT_REFUSED",
                "客户端编号或密钥不对。",
                "The client id or its secret is wrong.",
            )
            .into(),
            IssueTokenError::Store(error) => error.into(),
            broken @ IssueTokenError::Unsigned(_) => Refusal::internal(&broken).into(),
        }
    }
}

impl From<EndSessionError> for Status {
    fn from(error: EndSessionError) -> Self {
        match error {
            EndSessionError::NoSession => Refusal::not_found("session").into(),
            EndSessionError::Store(error) => error.into(),
        }
    }
}

impl From<UnlockError> for Status {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::NoPerson => Refusal::not_found("person").into(),
            UnlockError::Store(error) => error.into(),
        }
    }
}

impl From<OpenNoticeError> for Status {
    fn from(error: OpenNoticeError) -> Self {
        match error {
            OpenNoticeError::RequestReused => request_reused().into(),
            OpenNoticeError::Store(error) => error.into(),
            broken @ OpenNoticeError::UnknownAgency => Refusal::internal(&broken).into(),
        }
    }
}

impl From<SetUrgencyError> for Status {
    fn from(error: SetUrgencyError) -> Self {
        match error {
            SetUrgencyError::NoCase => Refusal::not_found("case").into(),
            SetUrgencyError::Stale => case_changed().into(),
            SetUrgencyError::Dismissed => refuse_case(CaseRefusal { state: CaseState::Dismissed }).into(),
            SetUrgencyError::Store(error) => error.into(),
        }
    }
}

impl From<RequestFindingError> for Status {
    fn from(error: RequestFindingError) -> Self {
        match error {
            RequestFindingError::NoCase => Refusal::not_found("case").into(),
            RequestFindingError::RequestReused => request_reused().into(),
            RequestFindingError::Case(refusal) => refuse_case(refusal).into(),
            RequestFindingError::Store(error) => error.into(),
        }
    }
}

impl From<LinkError> for Status {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NoFinding => Refusal::not_found("finding").into(),
            LinkError::Answered => Refusal::precondition(
                "FINDING_ANSWERED",
                "部门已经反馈，链接不再需要；如需更正，请重新发起核查。",
                "The department has answered, so no link is needed; to have the answer corrected, ask again.",
            )
            .into(),
            LinkError::Closed => refuse_case(CaseRefusal { state: CaseState::Dismissed }).into(),
            LinkError::RequestReused => RequestFindingError::RequestReused.into(),
            LinkError::Store(error) => error.into(),
        }
    }
}

impl From<AnswerFindingError> for Status {
    fn from(error: AnswerFindingError) -> Self {
        match error {
            AnswerFindingError::NoLink => Refusal::not_found("finding").into(),
            AnswerFindingError::Answered => Refusal::precondition(
                "FINDING_ANSWERED",
                "这个核查已经反馈过，不能再次提交；如需更正，请联系发函单位重新发起核查。",
                "This question was answered before; to correct the answer, have the office ask again.",
            )
            .into(),
            AnswerFindingError::Ended => Refusal::precondition(
                "LINK_ENDED",
                "这个链接已经失效（过期、作废，或工单已关闭）。请联系发链接给您的新闻办值班人员重发。",
                "This link has ended: it expired, was withdrawn, or its case is closed. Ask the press office's duty officer for a new one.",
            )
            .into(),
            AnswerFindingError::WrongCode(left) => Refusal::invalid(
                "code",
                format!("验证码不对，还可以试{left}次。验证码由新闻办值班人员电话告知。"),
                format!("The code is wrong; {left} tries are left. The press office tells it by phone."),
            )
            .with("left", left)
            .into(),
            AnswerFindingError::Case(refusal) => refuse_case(refusal).into(),
            AnswerFindingError::Store(error) => error.into(),
        }
    }
}

impl From<SaveDraftError> for Status {
    fn from(error: SaveDraftError) -> Self {
        match error {
            SaveDraftError::NoCase => Refusal::not_found("case").into(),
            SaveDraftError::NoClarification => Refusal::not_found("clarification").into(),
            SaveDraftError::Stale => revision_changed().into(),
            SaveDraftError::CannotBeKept | SaveDraftError::Unwritable(_) => Refusal::invalid(
                "draft",
                "稿件太长，无法保存：每一栏最多4000字。",
                "The draft is too long to be kept: 4,000 characters per box at most.",
            )
            .into(),
            SaveDraftError::RequestReused => request_reused().into(),
            SaveDraftError::Case(refusal) => refuse_case(refusal).into(),
            SaveDraftError::Store(error) => error.into(),
        }
    }
}

impl From<SignStepError> for Status {
    fn from(error: SignStepError) -> Self {
        match error {
            SignStepError::NoRevision => Refusal::not_found("revision").into(),
            SignStepError::Stale => revision_changed().into(),
            SignStepError::MovedOn(moved_on) => Refusal::precondition(
                "CASE_MOVED_ON",
                format!("不能签：{}。", moved_on.zh()),
                format!("Not signed. {}", moved_on.en()),
            )
            .into(),
            SignStepError::Case(refusal) => refuse_case(refusal).into(),
            SignStepError::Chain(refusal) => refuse_step(&refusal).into(),
            SignStepError::Problems(problems) => Refusal::precondition(
                "DRAFT_HAS_PROBLEMS",
                format!("稿件还不能送审：{}", problems.join("")),
                "The draft cannot be signed yet: it has problems that the preview lists.",
            )
            .with("problems", problems.len())
            .into(),
            SignStepError::Tampered { tampering, .. } => Refusal::precondition(
                "CONTENT_ALTERED",
                format!("不能签：{}。已转人工，请联系管理员核对数据库。", tampering.zh()),
                format!("Not signed: {tampering}. The case now needs a person."),
            )
            .into(),
            SignStepError::NoSession => no_session().into(),
            SignStepError::WrongCode { left } if left > 0 => Refusal::new(
                Code::PermissionDenied,
                "CODE_REFUSED",
                format!("动态码不对或已经用过，请等下一个动态码再试；再错{left}次，10分钟内不能签发。"),
                format!(
                    "The one-time code is wrong or was used before; wait for the next one. After {left} more you \
                     cannot sign for ten minutes."
                ),
            )
            .with("left", left)
            .into(),
            SignStepError::WrongCode { .. } => codes_wait(Duration::minutes(10)).into(),
            SignStepError::CodesWait(wait) => codes_wait(wait).into(),
            SignStepError::Store(error) => error.into(),
            broken @ (SignStepError::Sealed(_) | SignStepError::Unwritable(_)) => {
                Refusal::internal(&broken).into()
            }
        }
    }
}

impl From<ReturnDraftError> for Status {
    fn from(error: ReturnDraftError) -> Self {
        match error {
            ReturnDraftError::NoRevision => Refusal::not_found("revision").into(),
            ReturnDraftError::Stale => revision_changed().into(),
            ReturnDraftError::Revision(refusal) => refuse_revision(refusal).into(),
            ReturnDraftError::Case(refusal) => refuse_case(refusal).into(),
            ReturnDraftError::Store(error) => error.into(),
        }
    }
}

impl From<RevokeError> for Status {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NoRevision => Refusal::not_found("revision").into(),
            RevokeError::Revision(refusal) => refuse_revision(refusal).into(),
            RevokeError::Case(refusal) => refuse_case(refusal).into(),
            RevokeError::NotGiven(not_given) => not_given.into(),
            RevokeError::Store(error) => error.into(),
        }
    }
}

impl From<DismissCaseError> for Status {
    fn from(error: DismissCaseError) -> Self {
        match error {
            DismissCaseError::NoCase => Refusal::not_found("case").into(),
            DismissCaseError::Stale => case_changed().into(),
            DismissCaseError::Signed => Refusal::precondition(
                "CASE_HAS_SIGNED_CLARIFICATION",
                "这个工单有已签发的稿件，不能关闭；需要先撤销签发。",
                "Something signed is out or on its way; revoke it before closing the case.",
            )
            .into(),
            DismissCaseError::Case(refusal) => refuse_case(refusal).into(),
            DismissCaseError::Store(error) => error.into(),
        }
    }
}

impl From<CorrectError> for Status {
    fn from(error: CorrectError) -> Self {
        match error {
            CorrectError::NoCase => Refusal::not_found("case").into(),
            CorrectError::Stale => case_changed().into(),
            CorrectError::NoClaim => Refusal::precondition(
                "CASE_HAS_NO_CLAIM",
                "通报工单没有线索，不能合并或拆分。",
                "A notice has no reports to merge or split.",
            )
            .into(),
            CorrectError::SameCase => Refusal::invalid(
                "into_case_id",
                "不能并入自己，请选择另一个工单。",
                "A case cannot be merged into itself; choose another one.",
            )
            .into(),
            CorrectError::IntoDismissed => Refusal::precondition(
                "TARGET_DISMISSED",
                "要并入的工单已经关闭，请选择未关闭的工单。",
                "The case to merge into is closed; choose one that is open.",
            )
            .into(),
            CorrectError::Signed => Refusal::precondition(
                "CASE_HAS_SIGNED_CLARIFICATION",
                "这个工单有已签发的稿件，不能并入别的工单；可以反过来，把另一个工单并入它。",
                "Something of this case is signed; merge the other case into this one instead.",
            )
            .into(),
            CorrectError::AnswersReporters => Refusal::precondition(
                "MERGE_ANSWERS_REPORTERS",
                "要并入的工单已有签发的稿件：合并后，本工单的留言人都会收到它。请确认后再合并。",
                "The other case has a signed clarification: after the merge every reporter of this one is sent it. \
                 Confirm that first.",
            )
            .into(),
            CorrectError::NothingLeft => Refusal::precondition(
                "NO_REPORT_LEFT",
                "不能把全部线索都拆出去，至少要留下一条。",
                "Not every report can be taken out; leave at least one.",
            )
            .into(),
            CorrectError::RequestReused => request_reused().into(),
            CorrectError::Case(refusal @ CaseRefusal { state: CaseState::Signed | CaseState::Published }) => {
                Refusal::precondition(
                    "CASE_STATE",
                    "工单已签发或已发布，不能并入别的工单；可以反过来，把另一个工单并入它。",
                    "A signed or published case is not merged away; merge the other case into it instead.",
                )
                .with("state", refusal.state.as_str())
                .into()
            }
            CorrectError::Case(refusal) => refuse_case(refusal).into(),
            CorrectError::Store(error) => error.into(),
            broken @ CorrectError::UnknownAgency => Refusal::internal(&broken).into(),
        }
    }
}

impl From<ResumeAnswerError> for Status {
    fn from(error: ResumeAnswerError) -> Self {
        match error {
            ResumeAnswerError::NoCase => Refusal::not_found("case").into(),
            ResumeAnswerError::Stale => case_changed().into(),
            ResumeAnswerError::NotSuspended => Refusal::precondition(
                "ANSWER_NOT_SUSPENDED",
                "这个工单的自动答复没有停用。",
                "No automatic answer of this case is switched off.",
            )
            .into(),
            ResumeAnswerError::Store(error) => error.into(),
        }
    }
}

impl From<CloseExpiredError> for Status {
    fn from(error: CloseExpiredError) -> Self {
        match error {
            CloseExpiredError::NoCase => Refusal::not_found("case").into(),
            CloseExpiredError::Stale => case_changed().into(),
            CloseExpiredError::NotEnded => Refusal::precondition(
                "VALIDITY_NOT_ENDED",
                "这个工单签发的内容仍在适用期内，或没有设适用期。",
                "The signed words of this case still hold, or have no end.",
            )
            .into(),
            CloseExpiredError::Store(error) => error.into(),
        }
    }
}

impl From<NotGiven> for Status {
    fn from(not_given: NotGiven) -> Self {
        match not_given {
            NotGiven::NoKey(NoKey::NoSession) => no_session().into(),
            NotGiven::Refused(refused) => Refusal::precondition(
                "ORDER_REFUSED",
                format!("指令没有下达：{}。请联系管理员；如需先停住，请用“停发”。", refused.zh()),
                format!("The order was not given: {refused}. Call an administrator; a halt stops at once."),
            )
            .with("refused", refused.reason())
            .into(),
            NotGiven::Store(error) => error.into(),
            broken @ (NotGiven::NoKey(_) | NotGiven::NoPapers | NotGiven::Unwritable(_)) => {
                Refusal::internal(&broken).into()
            }
        }
    }
}

impl From<LiftHaltError> for Status {
    fn from(error: LiftHaltError) -> Self {
        match error {
            LiftHaltError::NoClarification => Refusal::not_found("clarification").into(),
            LiftHaltError::SignersAlone => Refusal::new(
                Code::PermissionDenied,
                "SIGNER_NEEDED",
                "全部停发只能由终审人恢复，请终审人来办。",
                "What was stopped altogether goes on by the signer's word alone; ask the signer.",
            )
            .into(),
            LiftHaltError::NothingHalted => Refusal::precondition(
                "NOTHING_HALTED",
                "这个范围没有停发，无需恢复。如果是因为更大的范围停发，请恢复那个范围。",
                "Nothing of this scope is stopped. If a wider halt stands in the way, let that one go on.",
            )
            .into(),
            LiftHaltError::OtherScope => invalid_halts().into(),
            LiftHaltError::RequestReused => request_reused().into(),
            LiftHaltError::NotGiven(not_given) => not_given.into(),
            LiftHaltError::Store(error) => error.into(),
        }
    }
}

impl From<OrderHaltError> for Status {
    fn from(error: OrderHaltError) -> Self {
        match error {
            OrderHaltError::NoClarification => Refusal::not_found("clarification").into(),
            OrderHaltError::RequestReused => request_reused().into(),
            OrderHaltError::Store(error) => error.into(),
        }
    }
}

impl From<AcknowledgeError> for Status {
    fn from(error: AcknowledgeError) -> Self {
        match error {
            AcknowledgeError::NoAlarm => Refusal::not_found("alarm").into(),
            AcknowledgeError::Store(error) => error.into(),
        }
    }
}

fn no_session() -> Refusal {
    Refusal::new(
        Code::Unauthenticated,
        "SESSION_ENDED",
        "登录已过期，请重新登录。",
        "Your session has ended; sign in again.",
    )
}

/// What is true: it is this session that waits, and not for what strangers tried.
fn codes_wait(wait: Duration) -> Refusal {
    let minutes = (wait.whole_seconds().max(1) + 59) / 60;
    Refusal::new(
        Code::PermissionDenied,
        "CODE_REFUSED",
        format!(
            "您这次登录里动态码连续输错，已锁定签发，请在{minutes}分钟后再签。停发和退回不受影响；管理员可以在“人员”页解锁。"
        ),
        format!(
            "The codes given in this session were wrong too often, so it cannot sign for {minutes} more minutes. \
             Stopping and returning still work; an administrator can unlock you on the page “People”."
        ),
    )
    .with("retry_after_seconds", wait.whole_seconds().max(1))
}

fn seconds(wait: Duration) -> i64 {
    // A part of a second is waited too.
    wait.whole_seconds().max(0) + 1
}

fn request_reused() -> Refusal {
    Refusal::precondition(
        "REQUEST_ID_REUSED",
        "这个请求编号已用于另一个操作，请刷新页面后重试。",
        "This request id was used for another request; take a new one.",
    )
}

fn invalid_halts() -> Refusal {
    Refusal::invalid(
        "halt_ids",
        "所列的停发不属于这个范围，请刷新页面后重试。",
        "halt_ids names a halt of another scope; look again before you go on.",
    )
}

fn case_changed() -> Refusal {
    Refusal::changed(
        "工单刚刚被别人改过，请刷新后再操作。",
        "Somebody changed the case in the meantime; look again before you go on.",
    )
}

fn revision_changed() -> Refusal {
    Refusal::changed(
        "稿件已有新的修订，或与您看到的不一致，请刷新后再操作。",
        "A newer revision was saved, or this is not what you saw; look again before you go on.",
    )
}

fn refuse_case(refusal: CaseRefusal) -> Refusal {
    let state = refusal.state;
    let zh = match state {
        CaseState::Dismissed => "工单已关闭，不能再操作。",
        CaseState::Open
        | CaseState::Checking
        | CaseState::Found
        | CaseState::Drafting
        | CaseState::InReview
        | CaseState::Signed
        | CaseState::Published
        | CaseState::NeedsPerson
        | CaseState::Halted => "工单在当前状态下不能这样操作。",
    };
    Refusal::precondition("CASE_STATE", zh, format!("A case that is {} does not allow this.", state.as_str()))
        .with("state", state.as_str())
}

fn refuse_revision(refusal: RevisionRefusal) -> Refusal {
    let state = refusal.state;
    let zh = match state {
        RevisionState::Draft => "稿件还没有送审。",
        RevisionState::Drafted | RevisionState::FirstReviewed | RevisionState::SecondReviewed => {
            "稿件还在审核中，轮不到这一步。"
        }
        RevisionState::Signed => "稿件已经签发。",
        RevisionState::Returned => "稿件已退回，请修改后重新送审。",
        RevisionState::Superseded => "稿件已被新的修订取代。",
        RevisionState::Revoked => "稿件的签发已撤销。",
    };
    Refusal::precondition(
        "REVISION_STATE",
        zh,
        format!("A revision that is {} does not allow this.", state.as_str()),
    )
    .with("state", state.as_str())
}

fn refuse_step(refusal: &ChainRefusal) -> Refusal {
    match refusal {
        ChainRefusal::OutOfTurn(refusal) => refuse_revision(*refusal),
        ChainRefusal::NotInPolicy(purpose) => Refusal::precondition(
            "STEP_NOT_IN_POLICY",
            "现行签发规则没有这一步。",
            "The policy in force has no such step.",
        )
        .with("purpose", purpose.as_str()),
        ChainRefusal::Role { role, purpose } => Refusal::new(
            Code::PermissionDenied,
            "ROLE_MAY_NOT_SIGN",
            format!("您的角色不能做“{}”。", purpose.zh()),
            format!("Your role may not sign “{}”.", purpose.as_str()),
        )
        .with("role", role.as_str())
        .with("purpose", purpose.as_str()),
        ChainRefusal::NotTheDrafter => Refusal::new(
            Code::PermissionDenied,
            "NOT_THE_DRAFTER",
            "只有保存这一稿的人能签名送审。",
            "Only the person who saved this revision signs it as drafted.",
        ),
        ChainRefusal::SamePerson(purpose) => Refusal::new(
            Code::PermissionDenied,
            "SAME_PERSON",
            format!("您已经签过“{}”，这一步必须由另一个人签。", purpose.zh()),
            format!("You already signed “{}”; this step needs another person.", purpose.as_str()),
        )
        .with("purpose", purpose.as_str()),
        ChainRefusal::GatesOpen => Refusal::precondition(
            "GATES_OPEN",
            "请逐项确认政治关、法律关、保密关、文字关。",
            "Confirm all four gates first: political, legal, secrecy, text.",
        ),
    }
}

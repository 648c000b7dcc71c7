//! Requests to commands.

use std::collections::{BTreeMap, BTreeSet};

use contracts::approval::v1 as pb;
use grpc::{Audience, Caller, Refusal, brief, parse_id};
use ids::ReportId;
use masking::{find_official, mask_official};
use signoff::statement::Purpose;
use time::Duration;
use tonic::{Code, Status};

use crate::answer_finding::AnswerFinding;
use crate::correct_claims::{MergeCases, RerouteCase, SplitCase};
use crate::dismiss_case::DismissCase;
use crate::domain::case::CaseState;
use crate::domain::draft::{BOX_CHARACTERS_MAX, Draft, Kind, ResponseLevel, Verdict};
use crate::domain::finding::{ANSWER_CHARACTERS_MAX, DUE_IN};
use crate::domain::halt::HaltScope;
use crate::domain::officer::{Officer, Role};
use crate::finding_links::ReissueLink;
use crate::lift_halt::LiftHalt;
use crate::open_notice::OpenNotice;
use crate::order_halt::OrderHalt;
use crate::read_cases::WantedCase;
use crate::request_finding::RequestFinding;
use crate::resume_answer::ResumeAnswer;
use crate::return_draft::WithReason;
use crate::save_draft::SaveDraft;
use crate::set_urgency::SetUrgency;
use crate::sign_step::{Presence, SignStep};
use crate::validity::CloseExpired;

/// Characters of a reason, a name, a question: whatever an officer writes in one line or a few.
const WORDS_MAX: usize = 1_000;

/// Characters of a claim's sentence.
const SENTENCE_MAX: usize = 200;

/// Reports taken out at once.
const REPORTS_MAX: usize = 200;

/// Departments of one case.
const DEPARTMENTS_MAX: usize = 5;

/// The officer behind a token.
pub fn officer(caller: &Caller) -> Result<Officer, Status> {
    let role = match caller.role {
        grpc::Role::DutyOfficer => Some(Role::DutyOfficer),
        grpc::Role::Checker => Some(Role::Checker),
        grpc::Role::Drafter => Some(Role::Drafter),
        grpc::Role::Reviewer => Some(Role::Reviewer),
        grpc::Role::Signer => Some(Role::Signer),
        grpc::Role::Administrator => Some(Role::Administrator),
        grpc::Role::Auditor => Some(Role::Auditor),
        grpc::Role::Client | grpc::Role::Service => None,
    };
    let (Some(role), Some(person)) = (role, caller.person) else {
        return Err(Refusal::new(
            Code::PermissionDenied,
            "NOT_A_PERSON",
            "这一步只能由本人登录后操作。",
            "Only a person who has signed in may do this.",
        )
        .into());
    };
    Ok(Officer { agency: caller.agency, person, role, display_name: caller.display_name.clone() })
}

/// Text that must be there, without the blanks around it.
fn words(field: &'static str, text: &str, characters_max: usize) -> Result<String, Status> {
    let text = text.trim();
    let characters = text.chars().count();
    if characters == 0 {
        return Err(Refusal::invalid(
            field,
            format!("{field} 不能为空。"),
            format!("{field} must not be empty."),
        )
        .into());
    }
    if characters > characters_max || text.contains('\0') {
        return Err(Refusal::invalid(
            field,
            format!("{field} 最多{characters_max}字，且不能含空字符。"),
            format!("{field} must be at most {characters_max} characters, without NUL."),
        )
        .into());
    }
    Ok(text.to_owned())
}

/// An id that may be left out.
pub fn optional_id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<T>, Status> {
    (!text.is_empty()).then(|| parse_id(field, text)).transpose()
}

/// Text from outside: characters that nobody sees come along when it is copied, and are left out.
fn from_outside(field: &'static str, text: &str, characters_max: usize) -> Result<String, Status> {
    words(field, &lookalike::cleaned(text), characters_max)
}

/// What is being said, in an officer's words: departments are shown it and it is signed, so it points at nobody.
fn sentence(text: &str, characters_max: usize) -> Result<String, Status> {
    let text = from_outside("sentence", text, characters_max)?;
    let Some(found) = find_official(&text).into_iter().next() else { return Ok(text) };
    let written = &text[found.range];
    Err(Refusal::invalid(
        "sentence",
        format!("网传内容里有{}“{written}”，请删去或换个说法。", found.kind.zh()),
        format!("The sentence holds {} (“{written}”); take it out or say it otherwise.", found.kind.en()),
    )
    .into())
}

fn invalid(field: &'static str, zh: &str, en: &str) -> Status {
    Refusal::invalid(field, zh, en).into()
}

/// Whom tokens are asked for; nobody named means this service.
pub fn audiences(names: &[String]) -> Result<Vec<Audience>, Status> {
    if names.is_empty() {
        return Ok(vec![Audience::Approval]);
    }
    let mut audiences: Vec<Audience> = Vec::new();
    for name in names {
        let audience = name.parse().ok().filter(|audience| !audiences.contains(audience));
        audiences.push(audience.ok_or_else(|| {
            let zh = "audiences 只能是 approval、ingest、classification、publish，各一次。";
            let en = "audiences may be approval, ingest, classification and publish, each once.";
            invalid("audiences", zh, en)
        })?);
    }
    Ok(audiences)
}

fn due_in(duration: prost_types::Duration) -> Result<Duration, Status> {
    let due_in = Duration::new(duration.seconds, duration.nanos);
    if DUE_IN.contains(&due_in) {
        return Ok(due_in);
    }
    Err(invalid("due_in", "时限须在1分钟到30天之间。", "due_in must be between one minute and thirty days."))
}

fn state_revision(expected: u64) -> Result<i64, Status> {
    i64::try_from(expected).map_err(|_| {
        invalid("expected_revision", "expected_revision 超出范围。", "expected_revision is out of range.")
    })
}

impl TryFrom<pb::OpenNoticeRequest> for OpenNotice {
    type Error = Status;

    fn try_from(request: pb::OpenNoticeRequest) -> Result<Self, Status> {
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            sentence: sentence(&request.sentence, WORDS_MAX)?,
        })
    }
}

impl TryFrom<pb::SetUrgencyRequest> for SetUrgency {
    type Error = Status;

    fn try_from(request: pb::SetUrgencyRequest) -> Result<Self, Status> {
        Ok(Self {
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            urgent: request.urgent,
            due_in: request.due_in.map(due_in).transpose()?,
        })
    }
}

impl TryFrom<pb::RequestFindingRequest> for RequestFinding {
    type Error = Status;

    fn try_from(request: pb::RequestFindingRequest) -> Result<Self, Status> {
        let due = request.due_in.ok_or_else(|| {
            invalid("due_in", "请给出时限。", "due_in says how long the department has; it must be there.")
        })?;
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            case: parse_id("case_id", &request.case_id)?,
            department: words("department", &request.department, 100)?,
            question: words("question", &request.question, WORDS_MAX)?,
            due_in: due_in(due)?,
        })
    }
}

impl TryFrom<pb::ReissueFindingLinkRequest> for ReissueLink {
    type Error = Status;

    fn try_from(request: pb::ReissueFindingLinkRequest) -> Result<Self, Status> {
        let due = request.due_in.ok_or_else(|| {
            invalid("due_in", "请给出时限。", "due_in says how long the department has; it must be there.")
        })?;
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            finding: parse_id("finding_id", &request.finding_id)?,
            due_in: due_in(due)?,
        })
    }
}

impl TryFrom<pb::AnswerFindingRequest> for AnswerFinding {
    type Error = Status;

    fn try_from(request: pb::AnswerFindingRequest) -> Result<Self, Status> {
        let verdict =
            verdict(request.verdict()).filter(|verdict| *verdict != Verdict::Pending).ok_or_else(|| {
                invalid("verdict", "请选择核查结论。", "verdict must be a finding, and not “pending”.")
            })?;
        Ok(Self {
            verdict,
            facts: mask_official(&from_outside("facts", &request.facts, ANSWER_CHARACTERS_MAX)?),
            evidence: mask_official(&from_outside("evidence", &request.evidence, ANSWER_CHARACTERS_MAX)?),
            answered_by: from_outside("answered_by", &request.answered_by, 100)?,
        })
    }
}

/// The finding of a checker who has signed in: the answerer's name is the token's.
pub fn given_finding(request: pb::GiveFindingRequest, officer: &Officer) -> Result<AnswerFinding, Status> {
    AnswerFinding::try_from(pb::AnswerFindingRequest {
        verdict: request.verdict,
        facts: request.facts,
        evidence: request.evidence,
        answered_by: officer.display_name.clone(),
        ..Default::default()
    })
}

impl TryFrom<pb::SaveDraftRequest> for SaveDraft {
    type Error = Status;

    fn try_from(request: pb::SaveDraftRequest) -> Result<Self, Status> {
        let clarification = optional_id("clarification_id", &request.clarification_id)?;
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            case: parse_id("case_id", &request.case_id)?,
            clarification,
            expected_revision: request.expected_revision,
            draft: draft(request.draft)?,
        })
    }
}

/// The boxes, as a drafter fills them in; half-filled ones too.
pub fn draft(draft: Option<pb::Draft>) -> Result<Draft, Status> {
    let draft = draft.ok_or_else(|| invalid("draft", "请填写稿件。", "draft must be there."))?;
    let kind = match draft.kind() {
        pb::ClarificationKind::Unspecified => {
            return Err(invalid("draft.kind", "请选择稿件类型。", "draft.kind must be chosen."));
        }
        pb::ClarificationKind::Clarification => Kind::Clarification,
        pb::ClarificationKind::Response => Kind::Response,
        pb::ClarificationKind::Holding => Kind::Holding,
        pb::ClarificationKind::Notice => Kind::Notice,
        pb::ClarificationKind::StandingReplies => Kind::StandingReplies,
    };
    let response_level = match draft.response_level() {
        pb::ResponseLevel::Unspecified => None,
        pb::ResponseLevel::AnswerOnly => Some(ResponseLevel::AnswerOnly),
        pb::ResponseLevel::Publish => Some(ResponseLevel::Publish),
        pb::ResponseLevel::Microblog => Some(ResponseLevel::Microblog),
        pb::ResponseLevel::MassPush => Some(ResponseLevel::MassPush),
        pb::ResponseLevel::Everything => Some(ResponseLevel::Everything),
    };
    let verdict = verdict(draft.verdict());
    let draft = Draft {
        title: draft.title,
        summary: draft.summary,
        claim: draft.claim,
        check: draft.check,
        conclusion: draft.conclusion,
        basis: draft.basis,
        advice: draft.advice,
        post: draft.post,
        kind,
        response_level,
        verdict,
        automatic_answer: draft.automatic_answer,
        standing_replies: draft.standing_replies.into_iter().collect::<BTreeMap<_, _>>(),
        valid_until: draft.valid_until_time.map(|time| time.seconds),
    };
    if !draft.can_be_kept() {
        return Err(Refusal::invalid(
            "draft",
            format!("每一栏最多{BOX_CHARACTERS_MAX}字，且不能含空字符；适用期须是一个有效的时间。"),
            format!(
                "Every box holds {BOX_CHARACTERS_MAX} characters at most, and no NUL; the end of validity is an \
                 instant."
            ),
        )
        .into());
    }
    Ok(draft)
}

fn verdict(verdict: pb::Verdict) -> Option<Verdict> {
    match verdict {
        pb::Verdict::Unspecified => None,
        pb::Verdict::False => Some(Verdict::False),
        pb::Verdict::PartlyFalse => Some(Verdict::PartlyFalse),
        pb::Verdict::Misleading => Some(Verdict::Misleading),
        pb::Verdict::Outdated => Some(Verdict::Outdated),
        pb::Verdict::Unsubstantiated => Some(Verdict::Unsubstantiated),
        pb::Verdict::True => Some(Verdict::True),
        pb::Verdict::Pending => Some(Verdict::Pending),
    }
}

/// A step, and what proves that its person is there.
pub fn sign_step(request: pb::SignStepRequest) -> Result<(SignStep, Presence), Status> {
    let mut content_hash = [0; 32];
    hex::decode_to_slice(&request.content_hash, &mut content_hash).map_err(|_| {
        invalid("content_hash", "校验码应为64位十六进制。", "content_hash must be 64 hex digits.")
    })?;
    let purpose: Purpose = request.purpose.parse().map_err(|_| {
        invalid(
            "purpose",
            "没有这一步。",
            "purpose must be drafted, first_reviewed, second_reviewed or signed.",
        )
    })?;
    let command =
        SignStep {
            clarification: parse_id("clarification_id", &request.clarification_id)?,
            revision: request.revision,
            content_hash,
            purpose,
            gates: request.gates.iter().map(|gate| gate.parse()).collect::<Result<_, _>>().map_err(|_| {
                invalid("gates", "没有这一关。", "gates are political, legal, secrecy and text.")
            })?,
        };
    Ok((command, Presence { session_secret: request.session_secret, code: request.totp_code }))
}

impl TryFrom<pb::ReturnDraftRequest> for WithReason {
    type Error = Status;

    fn try_from(request: pb::ReturnDraftRequest) -> Result<Self, Status> {
        Ok(Self {
            clarification: parse_id("clarification_id", &request.clarification_id)?,
            revision: request.revision,
            reason: words("reason", &request.reason, WORDS_MAX)?,
        })
    }
}

impl TryFrom<pb::RevokeClarificationRequest> for WithReason {
    type Error = Status;

    fn try_from(request: pb::RevokeClarificationRequest) -> Result<Self, Status> {
        Ok(Self {
            clarification: parse_id("clarification_id", &request.clarification_id)?,
            revision: request.revision,
            reason: words("reason", &request.reason, WORDS_MAX)?,
        })
    }
}

impl TryFrom<pb::DismissCaseRequest> for DismissCase {
    type Error = Status;

    fn try_from(request: pb::DismissCaseRequest) -> Result<Self, Status> {
        Ok(Self {
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            reason: words("reason", &request.reason, WORDS_MAX)?,
            session_secret: request.session_secret,
        })
    }
}

/// Which case is asked for, by exactly one of its names.
pub fn wanted_case(request: &pb::GetCaseRequest) -> Result<WantedCase, Status> {
    match (request.case_id.as_str(), request.claim_id.as_str(), request.code.trim()) {
        (case, "", "") => Ok(WantedCase::Id(parse_id("case_id", case)?)),
        ("", claim, "") => Ok(WantedCase::OfClaim(parse_id("claim_id", claim)?)),
        ("", "", code) => Ok(WantedCase::Code(words("code", code, 40)?)),
        _ => Err(invalid(
            "case_id",
            "请只用一种方式指明工单。",
            "Name the case by exactly one of case_id, claim_id and code.",
        )),
    }
}

impl TryFrom<pb::MergeCasesRequest> for MergeCases {
    type Error = Status;

    fn try_from(request: pb::MergeCasesRequest) -> Result<Self, Status> {
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            into: parse_id("into_case_id", &request.into_case_id)?,
            answers_reporters: request.answers_reporters,
            session_secret: request.session_secret,
        })
    }
}

impl TryFrom<pb::SplitCaseRequest> for SplitCase {
    type Error = Status;

    fn try_from(request: pb::SplitCaseRequest) -> Result<Self, Status> {
        let reports: BTreeSet<ReportId> = request
            .report_ids
            .iter()
            .map(|report| parse_id("report_ids", report))
            .collect::<Result<_, _>>()?;
        if reports.is_empty() || reports.len() > REPORTS_MAX {
            return Err(Refusal::invalid(
                "report_ids",
                format!("请选择要拆出的线索，一次最多{REPORTS_MAX}条。"),
                format!("Choose the reports to be taken out, {REPORTS_MAX} at most."),
            )
            .into());
        }
        Ok(Self {
            request: parse_id("request_id", &request.request_id)?,
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            reports: reports.into_iter().collect(),
            sentence: sentence(&request.sentence, SENTENCE_MAX)?,
        })
    }
}

impl TryFrom<pb::RerouteCaseRequest> for RerouteCase {
    type Error = Status;

    fn try_from(request: pb::RerouteCaseRequest) -> Result<Self, Status> {
        if request.departments.is_empty() || request.departments.len() > DEPARTMENTS_MAX {
            return Err(Refusal::invalid(
                "departments",
                format!("请填写承办部门，最多{DEPARTMENTS_MAX}个。"),
                format!("Name the departments, {DEPARTMENTS_MAX} at most."),
            )
            .into());
        }
        Ok(Self {
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            departments: request
                .departments
                .iter()
                .map(|department| words("departments", department, 100))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<pb::ResumeAutomaticAnswerRequest> for ResumeAnswer {
    type Error = Status;

    fn try_from(request: pb::ResumeAutomaticAnswerRequest) -> Result<Self, Status> {
        Ok(Self {
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            reason: words("reason", &request.reason, WORDS_MAX)?,
        })
    }
}

impl TryFrom<pb::CloseExpiredRequest> for CloseExpired {
    type Error = Status;

    fn try_from(request: pb::CloseExpiredRequest) -> Result<Self, Status> {
        Ok(Self {
            case: parse_id("case_id", &request.case_id)?,
            expected_revision: state_revision(request.expected_revision)?,
            reason: words("reason", &request.reason, WORDS_MAX)?,
        })
    }
}

impl TryFrom<pb::OrderHaltRequest> for OrderHalt {
    type Error = Status;

    fn try_from(request: pb::OrderHaltRequest) -> Result<Self, Status> {
        let scope = halt_scope(request.scope)?;
        // Stopping is faster than speaking: no reason is needed, and a long one is cut rather than refused.
        Ok(Self { halt: parse_id("request_id", &request.request_id)?, scope, reason: brief(&request.reason) })
    }
}

/// Halts that one request names.
const HALTS_NAMED_MAX: usize = 200;

impl TryFrom<pb::LiftHaltRequest> for LiftHalt {
    type Error = Status;

    fn try_from(request: pb::LiftHaltRequest) -> Result<Self, Status> {
        if request.halt_ids.len() > HALTS_NAMED_MAX {
            return Err(invalid(
                "halt_ids",
                "一次最多恢复200个停发，请分次恢复。",
                "halt_ids names more than 200 halts; end them in several requests.",
            ));
        }
        let halts = request.halt_ids.iter().map(|halt| parse_id("halt_ids", halt));
        Ok(Self {
            lift: parse_id("request_id", &request.request_id)?,
            scope: halt_scope(request.scope)?,
            halts: halts.collect::<Result<_, _>>()?,
            reason: words("reason", &request.reason, WORDS_MAX)?,
        })
    }
}

fn halt_scope(scope: Option<pb::HaltScope>) -> Result<HaltScope, Status> {
    use pb::halt_scope::Scope;

    Ok(match scope.and_then(|scope| scope.scope) {
        Some(Scope::ClarificationId(clarification)) => {
            HaltScope::Clarification(parse_id("scope.clarification_id", &clarification)?)
        }
        Some(Scope::Account(account)) => HaltScope::Account(words("scope.account", &account, 100)?),
        Some(Scope::AutomaticAnswers(true)) => HaltScope::AutomaticAnswers,
        Some(Scope::Everything(true)) => HaltScope::Everything,
        Some(Scope::AutomaticAnswers(false) | Scope::Everything(false)) | None => {
            return Err(invalid(
                "scope",
                "请选择停发或恢复的范围。",
                "scope must name what stops or goes on.",
            ));
        }
    })
}

/// The states that a list is asked for.
pub fn case_states(states: impl Iterator<Item = pb::case::State>) -> Result<Vec<CaseState>, Status> {
    use pb::case::State;
    states
        .map(|state| match state {
            State::Unspecified => {
                Err(invalid("states", "没有这种工单状态。", "states must name states of a case."))
            }
            State::Open => Ok(CaseState::Open),
            State::Checking => Ok(CaseState::Checking),
            State::Found => Ok(CaseState::Found),
            State::Drafting => Ok(CaseState::Drafting),
            State::InReview => Ok(CaseState::InReview),
            State::Signed => Ok(CaseState::Signed),
            State::Published => Ok(CaseState::Published),
            State::NeedsPerson => Ok(CaseState::NeedsPerson),
            State::Dismissed => Ok(CaseState::Dismissed),
            State::Halted => Ok(CaseState::Halted),
        })
        .collect()
}

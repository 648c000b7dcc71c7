//! Tenants, and G10: with another agency's ids every RPC finds nothing; nobody calls without a token or beyond
//! the role; a service reaches its own database and publishes its own subjects, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use approval::domain::officer::Role as Post;
use approval::provision::{PersonPlan, Provision, Provisioned, provision};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::approval::v1 as approval_pb;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::approval::v1::approval_service_client::ApprovalServiceClient;
use contracts::classification::v1 as classification_pb;
use contracts::classification::v1::classification_service_client::ClassificationServiceClient;
use contracts::classification::v1::rules_service_client::RulesServiceClient;
use contracts::ingest::v1 as ingest_pb;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::publish::v1 as publish_pb;
use contracts::publish::v1::publish_service_client::PublishServiceClient;
use grpc::{Audience, Caller, Role, TokenIssuer};
use ids::{AgencyId, PersonId};
use runtime::Clock;
use secrecy::SecretString;
use sqlx::Row;
use suite::import::Destination;
use suite::installation::SERVICES;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::halt::{halt, resume};
use crate::inside::{as_service, bus_options, connect, superuser};
use crate::office::Office;

/// What an RPC has to say to somebody of another agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foreign {
    /// The ids that it is given are none of the caller's agency.
    NotFound,
    /// A list without entries; NOT_FOUND is as good.
    Nothing,
    /// It is given no id, and shows and changes the caller's own agency alone.
    Own,
    /// Its own argument is the authority, and a wrong one is refused.
    Credential,
    /// Something goes on by the order that it is given and by nothing else: a stranger's own role does not help, and
    /// neither does another agency's order.
    SignedOrder,
    /// A halt may come before the clarification that it stops, so a service may record one that it cannot
    /// judge yet; it has nothing to stop, and says so.
    StopsNothing,
}

/// One RPC: who may call it, and what a stranger hears.
struct Rpc {
    name: &'static str,
    foreign: Foreign,
    /// Empty where no token is needed.
    roles: &'static [Role],
}

const fn rpc(name: &'static str, foreign: Foreign, roles: &'static [Role]) -> Rpc {
    Rpc { name, foreign, roles }
}

const ROLES: [Role; 9] = [
    Role::DutyOfficer,
    Role::Checker,
    Role::Drafter,
    Role::Reviewer,
    Role::Signer,
    Role::Administrator,
    Role::Auditor,
    Role::Client,
    Role::Service,
];

// Written out here and not taken from `grpc::rights`, so that a right that is given away there is seen here.
const LEADS: &[Role] = &[Role::DutyOfficer, Role::Signer];
/// Who sets what is urgent; the other rules are an administrator's, which classification's own tests hold.
const URGENCY_SETTERS: &[Role] = &[Role::DutyOfficer, Role::Signer, Role::Administrator];
const ASKERS: &[Role] = &[Role::DutyOfficer, Role::Drafter, Role::Signer];
/// On duty in the press office: no checker, who is another department's.
const ON_DUTY: &[Role] = &[Role::DutyOfficer, Role::Drafter, Role::Reviewer, Role::Signer];
const STAFF: &[Role] =
    &[Role::DutyOfficer, Role::Drafter, Role::Reviewer, Role::Signer, Role::Administrator, Role::Auditor];
const SUBMITTERS: &[Role] = &[Role::DutyOfficer, Role::Client];
const IMPORTERS: &[Role] = &[Role::Client, Role::DutyOfficer, Role::Signer];
const READERS: &[Role] = &[
    Role::DutyOfficer,
    Role::Drafter,
    Role::Reviewer,
    Role::Signer,
    Role::Administrator,
    Role::Auditor,
    Role::Service,
];

const RPCS: &[Rpc] = &[
    rpc("AccessService/SignIn", Foreign::Credential, &[]),
    rpc("AccessService/IssueToken", Foreign::Credential, &[]),
    rpc("AccessService/IssueClientToken", Foreign::Credential, &[]),
    rpc("AccessService/SignOut", Foreign::Own, &[]),
    rpc("ApprovalService/ListCases", Foreign::Nothing, Role::PEOPLE),
    rpc("ApprovalService/GetCase", Foreign::NotFound, Role::PEOPLE),
    rpc("ApprovalService/GetRevision", Foreign::NotFound, STAFF),
    rpc("ApprovalService/ListRevisions", Foreign::NotFound, STAFF),
    rpc("ApprovalService/ListFindings", Foreign::NotFound, Role::PEOPLE),
    rpc("ApprovalService/ListCaseEvents", Foreign::NotFound, STAFF),
    rpc("ApprovalService/OpenNotice", Foreign::Own, ASKERS),
    rpc("ApprovalService/SetUrgency", Foreign::NotFound, LEADS),
    rpc("ApprovalService/RequestFinding", Foreign::NotFound, ASKERS),
    rpc("ApprovalService/ReissueFindingLink", Foreign::NotFound, ASKERS),
    rpc("ApprovalService/WithdrawFindingLink", Foreign::NotFound, ASKERS),
    rpc("ApprovalService/GetFindingRequest", Foreign::NotFound, &[]),
    rpc("ApprovalService/AnswerFinding", Foreign::NotFound, &[]),
    rpc("ApprovalService/GiveFinding", Foreign::NotFound, &[Role::Checker]),
    rpc("ApprovalService/PreviewDraft", Foreign::Own, ON_DUTY),
    rpc("ApprovalService/SaveDraft", Foreign::NotFound, &[Role::Drafter]),
    rpc("ApprovalService/SignStep", Foreign::NotFound, STAFF),
    rpc("ApprovalService/ReturnDraft", Foreign::NotFound, &[Role::Reviewer, Role::Signer]),
    rpc("ApprovalService/DismissCase", Foreign::NotFound, LEADS),
    rpc("ApprovalService/MergeCases", Foreign::NotFound, LEADS),
    rpc("ApprovalService/SplitCase", Foreign::NotFound, LEADS),
    rpc("ApprovalService/RerouteCase", Foreign::NotFound, LEADS),
    rpc("ApprovalService/CloseExpired", Foreign::NotFound, LEADS),
    rpc("ApprovalService/ResumeAutomaticAnswer", Foreign::NotFound, LEADS),
    rpc("ApprovalService/RevokeClarification", Foreign::NotFound, LEADS),
    rpc("ApprovalService/OrderHalt", Foreign::NotFound, ON_DUTY),
    rpc("ApprovalService/LiftHalt", Foreign::NotFound, LEADS),
    rpc("ApprovalService/ListAlarms", Foreign::Nothing, STAFF),
    rpc("ApprovalService/AcknowledgeAlarm", Foreign::NotFound, ON_DUTY),
    rpc("ApprovalService/ListSessions", Foreign::Nothing, Role::PEOPLE),
    rpc("ApprovalService/EndSession", Foreign::NotFound, Role::PEOPLE),
    rpc("ApprovalService/ListPeople", Foreign::Own, &[Role::Administrator]),
    rpc("ApprovalService/UnlockPerson", Foreign::NotFound, &[Role::Administrator]),
    rpc("ApprovalService/ListAudit", Foreign::Own, &[Role::Auditor, Role::Administrator]),
    rpc("IngestService/SubmitReport", Foreign::Own, SUBMITTERS),
    rpc("IngestService/ImportReports", Foreign::Own, IMPORTERS),
    rpc("IngestService/ListImportSources", Foreign::Nothing, IMPORTERS),
    rpc("IngestService/SetImportSource", Foreign::Own, LEADS),
    rpc("IngestService/ListAnswers", Foreign::Nothing, STAFF),
    rpc("IngestService/HaltAnswers", Foreign::StopsNothing, ON_DUTY),
    rpc("IngestService/ResumeAnswers", Foreign::SignedOrder, LEADS),
    rpc("IngestService/FindReceipt", Foreign::NotFound, ON_DUTY),
    rpc("IngestService/ListMedia", Foreign::Nothing, STAFF),
    rpc("IngestService/GetMedia", Foreign::NotFound, ON_DUTY),
    rpc("IngestService/RevealOriginal", Foreign::NotFound, ON_DUTY),
    rpc("IngestService/TranscribeMessage", Foreign::NotFound, ON_DUTY),
    rpc("IngestService/GetAnswersHalt", Foreign::Own, STAFF),
    rpc("ClassificationService/GetClaim", Foreign::NotFound, STAFF),
    rpc("ClassificationService/ListClaimReports", Foreign::Nothing, STAFF),
    rpc("ClassificationService/ListOtherMessages", Foreign::Nothing, STAFF),
    rpc("RulesService/GetRulesVersion", Foreign::NotFound, STAFF),
    rpc("RulesService/RestoreRulesVersion", Foreign::NotFound, URGENCY_SETTERS),
    rpc("RulesService/SetRules", Foreign::Own, URGENCY_SETTERS),
    rpc("RulesService/GetRulebook", Foreign::Own, STAFF),
    rpc("RulesService/ListRulesVersions", Foreign::Own, STAFF),
    rpc("RulesService/TryMessage", Foreign::Own, STAFF),
    rpc("ClassificationService/ListSuggestions", Foreign::Nothing, STAFF),
    rpc("ClassificationService/DeclineSuggestion", Foreign::NotFound, LEADS),
    rpc("ClassificationService/SetClaimSentence", Foreign::NotFound, ASKERS),
    rpc("ClassificationService/SetMessageIntent", Foreign::NotFound, LEADS),
    rpc("ClassificationService/JudgeAgain", Foreign::NotFound, STAFF),
    rpc("PublishService/ListPublications", Foreign::Nothing, READERS),
    rpc("PublishService/ListAccounts", Foreign::Own, READERS),
    rpc("PublishService/Halt", Foreign::StopsNothing, ON_DUTY),
    rpc("PublishService/Resume", Foreign::SignedOrder, LEADS),
    rpc("PublishService/ResolveUncertain", Foreign::NotFound, ON_DUTY),
];

/// A table that forgot an RPC would hold for ever.
#[test]
fn the_table_names_every_rpc_of_the_contracts() {
    let mut contracts = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("proto"), &mut contracts);
    let table: BTreeSet<String> = RPCS.iter().map(|rpc| rpc.name.to_owned()).collect();
    assert_eq!(contracts, table);
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            let mut service = String::new();
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                if let Some(rest) = line.strip_prefix("service ") {
                    rest.trim_end_matches([' ', '{']).clone_into(&mut service);
                }
                if let Some((name, _)) =
                    line.trim().strip_prefix("rpc ").and_then(|rest| rest.split_once('('))
                {
                    found.insert(format!("{service}/{name}"));
                }
            }
        }
    }
}

/// What the first agency owns, and a stranger knows the ids of.
struct Things {
    case: String,
    claim: String,
    clarification: String,
    publication: String,
    /// A message that called for help.
    alarm: String,
    /// What may belong together with the claim.
    suggestion: String,
    /// What a department was asked.
    finding: String,
    /// Of a finding's link, with the stranger's agency written into it.
    link_secret: String,
    /// Of a session, with the stranger's agency written into it.
    session_secret: String,
    /// That session, and whose it is.
    session: String,
    person: String,
    /// A request id and a record's id that the first agency used.
    request: String,
    external: String,
    /// The urgency rules that the program was built with.
    rules: String,
    /// By which the first agency's answers went on.
    signed_order: Vec<u8>,
    /// None of these may be in anything that a stranger is shown.
    secrets: Vec<String>,
}

/// The name of every RPC.
pub fn names() -> impl Iterator<Item = &'static str> {
    RPCS.iter().map(|rpc| rpc.name)
}

/// Whether the table lets a role call an RPC.
pub fn may(rpc: &str, role: Role) -> bool {
    RPCS.iter().find(|known| known.name == rpc).unwrap().roles.contains(&role)
}

/// Every service's clients.
#[derive(Clone)]
pub struct Clients {
    pub access: AccessServiceClient<Channel>,
    pub approval: ApprovalServiceClient<Channel>,
    pub ingest: IngestServiceClient<Channel>,
    pub classification: ClassificationServiceClient<Channel>,
    pub rules: RulesServiceClient<Channel>,
    pub publish: PublishServiceClient<Channel>,
}

impl Clients {
    pub fn of(office: &Office) -> Self {
        let ports = office.installation.ports();
        let channel = |port: u16| grpc::channel(&format!("http://127.0.0.1:{port}")).unwrap();
        Self {
            access: AccessServiceClient::new(channel(ports.approval)),
            approval: ApprovalServiceClient::new(channel(ports.approval)),
            ingest: IngestServiceClient::new(channel(ports.ingest)),
            classification: ClassificationServiceClient::new(channel(ports.classification)),
            rules: RulesServiceClient::new(channel(ports.classification)),
            publish: PublishServiceClient::new(channel(ports.publish)),
        }
    }
}

/// An answer, as far as this test looks at it.
struct Told {
    shown: String,
    empty: bool,
}

fn told<M: std::fmt::Debug + Default + PartialEq>(message: &M) -> Told {
    Told { shown: format!("{message:?}"), empty: *message == M::default() }
}

fn request<M>(message: M, token: Option<&str>) -> Request<M> {
    match token {
        Some(token) => grpc::with_token(message, token),
        None => grpc::without_token(message),
    }
}

fn minted() -> String {
    Uuid::now_v7().to_string()
}

/// What the first agency wrote into its rules.
const REMARK: &str = "值班室内部说明";

/// What the record says that both agencies are given.
const RECORD: &str = "体育馆门票涨到五百块一张";

fn report(things: &Things) -> ingest_pb::Report {
    ingest_pb::Report {
        text: format!("听说{RECORD}，是真的吗"),
        channel: ingest_pb::report::Channel::Partner.into(),
        external_id: things.external.clone(),
        ..Default::default()
    }
}

/// What the first agency calls its hotline.
const SOURCE: &str = "城区热线导出";

fn source() -> ingest_pb::ImportSource {
    ingest_pb::ImportSource {
        name: SOURCE.to_owned(),
        columns: vec![ingest_pb::import_source::Column {
            heading: "诉求".to_owned(),
            field: "text".to_owned(),
        }],
        channel: ingest_pb::report::Channel::Hotline.into(),
        ..Default::default()
    }
}

fn notice() -> approval_pb::Draft {
    approval_pb::Draft {
        title: "隔壁县的通报".to_owned(),
        kind: approval_pb::ClarificationKind::Notice.into(),
        ..Default::default()
    }
}

fn in_an_hour() -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds: 3600, nanos: 0 })
}

/// Calls an RPC with ids of the first agency wherever it takes any.
async fn call(clients: &Clients, rpc: &str, things: &Things, token: Option<&str>) -> Result<Told, Status> {
    /// Sends the request of an arm and keeps what came back.
    macro_rules! send {
        ($client:ident.$method:ident($message:expr)) => {
            told(&clients.clone().$client.$method(request($message, token)).await?.into_inner())
        };
    }
    let Things { case, claim, clarification, publication, .. } = things;
    let (case_id, clarification_id) = (case.clone(), clarification.clone());
    let (claim_id, reason) = (claim.clone(), "测试".to_owned());
    Ok(match rpc {
        "AccessService/SignIn" => send!(access.sign_in(approval_pb::SignInRequest {
            login: "duty".to_owned(),
            password: "wrong".to_owned(),
            totp_code: "000000".to_owned(),
            ..Default::default()
        })),
        "AccessService/IssueToken" => {
            send!(access.issue_token(approval_pb::IssueTokenRequest {
                session_secret: things.session_secret.clone(),
                ..Default::default()
            }))
        }
        "AccessService/IssueClientToken" => {
            send!(access.issue_client_token(approval_pb::IssueClientTokenRequest {
                client_id: "hotline".to_owned(),
                client_secret: "wrong".to_owned(),
            }))
        }
        "AccessService/SignOut" => send!(
            access.sign_out(approval_pb::SignOutRequest { session_secret: things.session_secret.clone() })
        ),
        "ApprovalService/ListCases" => send!(approval.list_cases(approval_pb::ListCasesRequest::default())),
        "ApprovalService/GetCase" => {
            send!(approval.get_case(approval_pb::GetCaseRequest { case_id, ..Default::default() }))
        }
        "ApprovalService/GetRevision" => {
            send!(approval.get_revision(approval_pb::GetRevisionRequest {
                case_id,
                clarification_id,
                revision: 0
            }))
        }
        "ApprovalService/ListRevisions" => send!(
            approval.list_revisions(approval_pb::ListRevisionsRequest { case_id, ..Default::default() })
        ),
        "ApprovalService/ListFindings" => {
            send!(approval.list_findings(approval_pb::ListFindingsRequest { case_id, ..Default::default() }))
        }
        "ApprovalService/ListCaseEvents" => send!(
            approval.list_case_events(approval_pb::ListCaseEventsRequest { case_id, ..Default::default() })
        ),
        "ApprovalService/OpenNotice" => send!(approval.open_notice(approval_pb::OpenNoticeRequest {
            request_id: minted(),
            sentence: "隔壁县的通报".to_owned(),
        })),
        "ApprovalService/SetUrgency" => send!(approval.set_urgency(approval_pb::SetUrgencyRequest {
            case_id,
            expected_revision: 1,
            urgent: true,
            due_in: in_an_hour(),
        })),
        "ApprovalService/RequestFinding" => {
            send!(approval.request_finding(approval_pb::RequestFindingRequest {
                request_id: minted(),
                case_id,
                department: "隔壁县应急管理局".to_owned(),
                question: "是否属实？".to_owned(),
                due_in: in_an_hour(),
            }))
        }
        "ApprovalService/GetFindingRequest" => {
            send!(approval.get_finding_request(approval_pb::GetFindingRequestRequest {
                link_secret: things.link_secret.clone(),
                code: "000000".to_owned(),
            }))
        }
        "ApprovalService/ReissueFindingLink" => {
            send!(approval.reissue_finding_link(approval_pb::ReissueFindingLinkRequest {
                request_id: minted(),
                finding_id: things.finding.clone(),
                due_in: in_an_hour(),
            }))
        }
        "ApprovalService/WithdrawFindingLink" => {
            send!(approval.withdraw_finding_link(approval_pb::WithdrawFindingLinkRequest {
                finding_id: things.finding.clone(),
            }))
        }
        "ApprovalService/AnswerFinding" => {
            send!(approval.answer_finding(approval_pb::AnswerFindingRequest {
                link_secret: things.link_secret.clone(),
                code: "000000".to_owned(),
                verdict: approval_pb::Verdict::True.into(),
                facts: "属实".to_owned(),
                evidence: "无".to_owned(),
                answered_by: "冒名者".to_owned(),
            }))
        }
        "ApprovalService/GiveFinding" => send!(approval.give_finding(approval_pb::GiveFindingRequest {
            finding_id: things.finding.clone(),
            verdict: approval_pb::Verdict::False.into(),
            facts: "没有此事".to_owned(),
            evidence: "书面答复".to_owned(),
        })),
        "ApprovalService/PreviewDraft" => {
            send!(approval.preview_draft(approval_pb::PreviewDraftRequest { draft: Some(notice()) }))
        }
        "ApprovalService/SaveDraft" => send!(approval.save_draft(approval_pb::SaveDraftRequest {
            request_id: minted(),
            case_id,
            clarification_id,
            expected_revision: 1,
            draft: Some(notice()),
        })),
        "ApprovalService/SignStep" => send!(approval.sign_step(approval_pb::SignStepRequest {
            clarification_id,
            revision: 1,
            content_hash: "0".repeat(64),
            purpose: "signed".to_owned(),
            session_secret: things.session_secret.clone(),
            totp_code: "000000".to_owned(),
            gates: ["political", "legal", "secrecy", "text"].map(str::to_owned).to_vec(),
        })),
        "ApprovalService/ReturnDraft" => {
            send!(approval.return_draft(approval_pb::ReturnDraftRequest {
                clarification_id,
                revision: 1,
                reason
            }))
        }
        "ApprovalService/DismissCase" => {
            send!(approval.dismiss_case(approval_pb::DismissCaseRequest {
                case_id,
                expected_revision: 1,
                reason,
                session_secret: things.session_secret.clone(),
            }))
        }
        "ApprovalService/MergeCases" => send!(approval.merge_cases(approval_pb::MergeCasesRequest {
            request_id: minted(),
            case_id,
            expected_revision: 1,
            into_case_id: minted(),
            answers_reporters: true,
            session_secret: things.session_secret.clone(),
        })),
        "ApprovalService/SplitCase" => send!(approval.split_case(approval_pb::SplitCaseRequest {
            request_id: minted(),
            case_id,
            expected_revision: 1,
            report_ids: vec![things.alarm.clone()],
            sentence: "隔壁县的事".to_owned(),
        })),
        "ApprovalService/RerouteCase" => send!(approval.reroute_case(approval_pb::RerouteCaseRequest {
            case_id,
            expected_revision: 1,
            departments: vec!["隔壁县应急管理局".to_owned()],
        })),
        "ApprovalService/CloseExpired" => send!(approval.close_expired(approval_pb::CloseExpiredRequest {
            case_id,
            expected_revision: 1,
            reason,
        })),
        "ApprovalService/ResumeAutomaticAnswer" => {
            send!(approval.resume_automatic_answer(approval_pb::ResumeAutomaticAnswerRequest {
                case_id,
                expected_revision: 1,
                reason,
            }))
        }
        "ApprovalService/RevokeClarification" => {
            send!(approval.revoke_clarification(approval_pb::RevokeClarificationRequest {
                clarification_id,
                revision: 1,
                reason,
                session_secret: things.session_secret.clone(),
            }))
        }
        "ApprovalService/OrderHalt" => send!(approval.order_halt(approval_pb::OrderHaltRequest {
            request_id: minted(),
            scope: Some(approval_pb::HaltScope {
                scope: Some(approval_pb::halt_scope::Scope::ClarificationId(clarification_id)),
            }),
            reason,
            session_secret: things.session_secret.clone(),
        })),
        "ApprovalService/LiftHalt" => send!(approval.lift_halt(approval_pb::LiftHaltRequest {
            request_id: minted(),
            scope: Some(approval_pb::HaltScope {
                scope: Some(approval_pb::halt_scope::Scope::ClarificationId(clarification_id)),
            }),
            reason,
            halt_ids: vec![minted()],
            session_secret: things.session_secret.clone(),
        })),
        "ApprovalService/ListAlarms" => send!(approval.list_alarms(approval_pb::ListAlarmsRequest {})),
        "ApprovalService/AcknowledgeAlarm" => {
            send!(
                approval.acknowledge_alarm(approval_pb::AcknowledgeAlarmRequest {
                    report_id: things.alarm.clone(),
                })
            )
        }
        "ApprovalService/ListSessions" => send!(approval.list_sessions(approval_pb::ListSessionsRequest {
            session_secret: things.session_secret.clone(),
        })),
        "ApprovalService/EndSession" => {
            send!(approval.end_session(approval_pb::EndSessionRequest { session_id: things.session.clone() }))
        }
        "ApprovalService/ListPeople" => {
            send!(approval.list_people(approval_pb::ListPeopleRequest::default()))
        }
        "ApprovalService/UnlockPerson" => send!(
            approval.unlock_person(approval_pb::UnlockPersonRequest { person_id: things.person.clone() })
        ),
        "ApprovalService/ListAudit" => send!(approval.list_audit(approval_pb::ListAuditRequest::default())),
        "IngestService/SubmitReport" => send!(ingest.submit_report(ingest_pb::SubmitReportRequest {
            request_id: things.request.clone(),
            report: Some(report(things)),
        })),
        "IngestService/ImportReports" => {
            let line = ingest_pb::ImportReportsRequest { line: 1, report: Some(report(things)) };
            send!(ingest.import_reports(futures::stream::iter([line])))
        }
        "IngestService/ListImportSources" => {
            send!(ingest.list_import_sources(ingest_pb::ListImportSourcesRequest::default()))
        }
        // Setting what another agency's sources are called makes one of one's own, and lists nothing of the other's.
        "IngestService/SetImportSource" => {
            send!(ingest.set_import_source(ingest_pb::SetImportSourceRequest { source: Some(source()) }))
        }
        "IngestService/ListAnswers" => {
            send!(ingest.list_answers(ingest_pb::ListAnswersRequest { claim_id, ..Default::default() }))
        }
        "IngestService/HaltAnswers" => send!(ingest.halt_answers(ingest_pb::HaltAnswersRequest {
            request_id: minted(),
            clarification_id,
            reason,
            everything: false,
        })),
        "IngestService/ResumeAnswers" => send!(ingest.resume_answers(ingest_pb::ResumeAnswersRequest {
            signed_order: things.signed_order.clone(),
            ..Default::default()
        })),
        "IngestService/FindReceipt" => {
            send!(ingest.find_receipt(ingest_pb::FindReceiptRequest { receipt: "000001B".to_owned() }))
        }
        "IngestService/ListMedia" => {
            send!(ingest.list_media(ingest_pb::ListMediaRequest { report_ids: vec![things.alarm.clone()] }))
        }
        "IngestService/GetMedia" => {
            send!(ingest.get_media(ingest_pb::GetMediaRequest { report_id: things.alarm.clone() }))
        }
        "IngestService/RevealOriginal" => {
            send!(ingest.reveal_original(ingest_pb::RevealOriginalRequest {
                report_id: things.alarm.clone(),
                cause: reason,
            }))
        }
        "IngestService/TranscribeMessage" => {
            send!(ingest.transcribe_message(ingest_pb::TranscribeMessageRequest {
                request_id: minted(),
                report_id: things.alarm.clone(),
                text: reason,
            }))
        }
        "IngestService/GetAnswersHalt" => {
            let asked = request(ingest_pb::GetAnswersHaltRequest {}, token);
            let mut answer = clients.clone().ingest.get_answers_halt(asked).await?.into_inner();
            // What the stranger stopped under the id that it was given here is its own word, told back.
            answer.halts.retain(|halt| halt.reason != reason);
            told(&answer)
        }
        "ClassificationService/GetClaim" => {
            let asked = request(classification_pb::GetClaimRequest { claim_id }, token);
            let mut claim = clients.clone().classification.get_claim(asked).await?.into_inner();
            // How it spreads is told as of now, which moves on.
            claim.spread = None;
            told(&claim)
        }
        "ClassificationService/ListClaimReports" => {
            send!(classification.list_claim_reports(classification_pb::ListClaimReportsRequest {
                claim_id,
                ..Default::default()
            }))
        }
        "ClassificationService/ListOtherMessages" => {
            send!(classification.list_other_messages(classification_pb::ListOtherMessagesRequest::default()))
        }
        "RulesService/GetRulesVersion" => {
            let kind = classification_pb::RulesKind::Urgency.into();
            send!(rules.get_rules_version(classification_pb::GetRulesVersionRequest { kind, version: 1 }))
        }
        "RulesService/RestoreRulesVersion" => {
            send!(rules.restore_rules_version(classification_pb::RestoreRulesVersionRequest {
                request_id: minted(),
                kind: classification_pb::RulesKind::Urgency.into(),
                expected_version: 0,
                version: 1,
            }))
        }
        // The same request again from every role: a change and its replays.
        "RulesService/SetRules" => send!(rules.set_rules(classification_pb::SetRulesRequest {
            request_id: things.request.clone(),
            kind: classification_pb::RulesKind::Urgency.into(),
            expected_version: 0,
            text: things.rules.clone(),
        })),
        "RulesService/GetRulebook" => {
            send!(rules.get_rulebook(classification_pb::GetRulebookRequest {}))
        }
        "RulesService/ListRulesVersions" => {
            let kind = classification_pb::RulesKind::Urgency.into();
            let list = classification_pb::ListRulesVersionsRequest { kind, ..Default::default() };
            send!(rules.list_rules_versions(list))
        }
        "RulesService/TryMessage" => send!(rules.try_message(classification_pb::TryMessageRequest {
            text: "听说隔壁县要停水".to_owned(),
            ..Default::default()
        })),
        "ClassificationService/ListSuggestions" => {
            send!(classification.list_suggestions(classification_pb::ListSuggestionsRequest {
                claim_id,
                ..Default::default()
            }))
        }
        "ClassificationService/DeclineSuggestion" => {
            send!(classification.decline_suggestion(classification_pb::DeclineSuggestionRequest {
                suggestion_id: things.suggestion.clone(),
            }))
        }
        "ClassificationService/SetClaimSentence" => {
            send!(classification.set_claim_sentence(classification_pb::SetClaimSentenceRequest {
                claim_id,
                sentence: "隔壁县的事".to_owned(),
            }))
        }
        "ClassificationService/SetMessageIntent" => {
            send!(classification.set_message_intent(classification_pb::SetMessageIntentRequest {
                request_id: minted(),
                report_id: things.alarm.clone(),
                intent: classification_pb::Intent::Help.into(),
                expected_revision: 0,
            }))
        }
        "ClassificationService/JudgeAgain" => {
            send!(
                classification
                    .judge_again(classification_pb::JudgeAgainRequest { report_id: things.alarm.clone() })
            )
        }
        "PublishService/ListPublications" => {
            send!(
                publish
                    .list_publications(publish_pb::ListPublicationsRequest { case_id, ..Default::default() })
            )
        }
        "PublishService/ListAccounts" => {
            let asked = request(publish_pb::ListAccountsRequest {}, token);
            let mut answer = clients.clone().publish.list_accounts(asked).await?.into_inner();
            answer.halts.retain(|halt| halt.reason != reason);
            told(&answer)
        }
        "PublishService/Halt" => send!(publish.halt(publish_pb::HaltRequest {
            request_id: minted(),
            scope: Some(publish_pb::halt_request::Scope::ClarificationId(clarification_id)),
            reason,
        })),
        "PublishService/Resume" => send!(publish.resume(publish_pb::ResumeRequest {
            signed_order: things.signed_order.clone(),
            ..Default::default()
        })),
        "PublishService/ResolveUncertain" => {
            send!(publish.resolve_uncertain(publish_pb::ResolveUncertainRequest {
                request_id: minted(),
                publication_id: publication.clone(),
                expected_state_revision: 1,
                is_public: true,
                note: reason,
            }))
        }
        other => panic!("no call for {other}"),
    })
}

/// A second agency in the same installation, with a person in every role.
async fn second_agency(office: &mut Office) -> (AgencyId, Provisioned) {
    let agency = AgencyId::mint();
    let secrets = office.installation.secrets();
    let people = [
        ("two-duty", Post::DutyOfficer),
        ("two-checker", Post::Checker),
        ("two-drafter", Post::Drafter),
        ("two-reviewer", Post::Reviewer),
        ("two-signer", Post::Signer),
        ("two-admin", Post::Administrator),
        ("two-admin2", Post::Administrator),
        ("two-auditor", Post::Auditor),
    ];
    let plan = Provision {
        agency,
        slug: "linxian".to_owned(),
        name: "邻县辟谣平台（演示）".to_owned(),
        code_prefix: "LX".to_owned(),
        root_seed: SecretString::from("02".repeat(32)),
        pepper: SecretString::from(secrets.pepper.clone()),
        people: people
            .iter()
            .map(|(login, role)| PersonPlan {
                login: (*login).to_owned(),
                display_name: format!("演示·{login}"),
                role: *role,
                department: if *role == Post::Checker {
                    "邻县应急管理局".to_owned()
                } else {
                    String::new()
                },
                password: secrets.people_password.clone().into(),
                totp_secret: None,
            })
            .collect(),
        clients: vec![],
        content: vec![],
    };
    let provisioned = provision(&office.installation.owner_url("approval"), plan).await.unwrap();

    // ingest and publish know their agencies by configuration.
    let file = office.installation.configuration_file();
    let mut configuration: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    let root_public_key = provisioned.root_public_key.clone();
    for (service, name) in [("ingest", None), ("publish", Some("邻县辟谣平台（演示）"))] {
        let mut facts = toml::Table::from_iter([
            ("agency_id".to_owned(), agency.to_string().into()),
            ("root_public_key".to_owned(), root_public_key.clone().into()),
        ]);
        facts.extend(name.map(|name| ("name".to_owned(), name.into())));
        configuration[service]["agencies"].as_array_mut().unwrap().push(facts.into());
    }
    std::fs::write(&file, toml::to_string(&configuration).unwrap()).unwrap();
    for service in ["ingest", "publish"] {
        office.fleet.stop(service).await.unwrap();
        office.fleet.start(service).await.unwrap();
    }
    (agency, provisioned)
}

/// Puts another agency's name on a secret that a person carries: its id is the first 16 bytes.
fn renamed(secret: &str, agency: AgencyId) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(secret).unwrap();
    bytes[..16].copy_from_slice(agency.as_uuid().as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The first agency at work: something of every kind that has an id.
async fn things(office: &mut Office, clients: &Clients, duty: &str, stranger: AgencyId) -> Things {
    let about = "城北大桥下个月要整体拆除重建";
    let citizen = office.says(&format!("听说{about}，是真的吗")).await.0;
    office.says("身份证怎么补办").await;
    office.says("救命！我们被困在三楼，着火了").await;
    let case = office.case_about(about).await;
    let seen = office.signed(&case, about, "publish").await;
    office.all_publications(&case, 1, "confirmed").await;
    office.answered(&case, 1).await;

    let finding = approval_pb::RequestFindingRequest {
        request_id: minted(),
        case_id: case.clone(),
        department: "县应急管理局".to_owned(),
        question: "是否属实？".to_owned(),
        due_in: in_an_hour(),
    };
    let mut approval_client = clients.approval.clone();
    let asked = approval_client.request_finding(grpc::with_token(finding, duty)).await.unwrap().into_inner();
    let (link_secret, finding) = (asked.link_secret, asked.finding.unwrap().finding_id);
    let signed_in = approval_pb::SignInRequest {
        login: "auditor".to_owned(),
        password: office.installation.secrets().people_password.clone(),
        totp_code: office.desk.fresh_code("auditor").await.unwrap(),
        ..Default::default()
    };
    let session_secret = clients
        .access
        .clone()
        .sign_in(grpc::without_token(signed_in))
        .await
        .unwrap()
        .into_inner()
        .session_secret;
    let row =
        sqlx::query("SELECT session_id, person_id FROM approval.session ORDER BY sign_in_time DESC LIMIT 1")
            .fetch_one(&superuser(office, "approval"))
            .await
            .unwrap();
    let (session, person): (Uuid, Uuid) = (row.get(0), row.get(1));
    let (session, person) = (session.to_string(), person.to_string());

    halt(office, "signer", &[("scope", "automatic_answers")]).await;
    resume(office, "signer", &[("scope", "automatic_answers")]).await.accepted().unwrap();
    let signed_order: Vec<u8> = sqlx::query_scalar("SELECT signed_order FROM approval.lift")
        .fetch_one(&superuser(office, "approval"))
        .await
        .unwrap();

    let mut rules_client = clients.rules.clone();
    let read = grpc::with_token(classification_pb::GetRulebookRequest {}, duty);
    let rulebook = rules_client.get_rulebook(read).await.unwrap().into_inner().rules;
    let urgency = classification_pb::RulesKind::Urgency;
    let is_urgency = |rules: &classification_pb::Rules| {
        rules.version.as_ref().is_some_and(|version| version.kind() == urgency)
    };
    let rules = rulebook.into_iter().find(is_urgency).unwrap().text;
    let request = minted();
    let own_rules = classification_pb::SetRulesRequest {
        request_id: request.clone(),
        kind: urgency.into(),
        expected_version: 0,
        text: format!("{rules}\n# {REMARK}\n"),
    };
    rules_client.set_rules(grpc::with_token(own_rules, duty)).await.unwrap();

    let approval = superuser(office, "approval");
    let of_case = |row: sqlx::postgres::PgRow| -> (Uuid, String) { (row.get(0), row.get(1)) };
    let (claim, code) = sqlx::query("SELECT claim_id, code FROM approval.case_file WHERE case_id = $1")
        .bind(case.parse::<Uuid>().unwrap())
        .map(of_case)
        .fetch_one(&approval)
        .await
        .unwrap();
    let alarm: Uuid = office
        .until("the call for help alarms", async |_| {
            sqlx::query_scalar("SELECT report_id FROM approval.alarm").fetch_optional(&approval).await.ok()?
        })
        .await;
    let publication: Uuid =
        sqlx::query_scalar("SELECT publication_id FROM publish.publication WHERE clarification_id = $1")
            .bind(seen.clarification.parse::<Uuid>().unwrap())
            .fetch_one(&superuser(office, "publish"))
            .await
            .unwrap();
    let suggestion = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO classification.suggestion
            (agency_id, suggestion_id, kind, claim_id, other_claim_id, similarity, reasons, suggest_time)
         VALUES ($1, $2, 'split', $3, $3, 0.1, '[]', now())",
    )
    .bind(office.installation.agency().as_uuid())
    .bind(suggestion)
    .bind(claim)
    .execute(&superuser(office, "classification"))
    .await
    .unwrap();
    let (request, external) = (minted(), "合作单位-0001".to_owned());
    let secrets = [
        &case,
        &claim.to_string(),
        &seen.clarification,
        &alarm.to_string(),
        &suggestion.to_string(),
        &publication.to_string(),
        &office.installation.agency().to_string(),
        &citizen.openid,
        about,
        "被困在三楼",
        // Every agency's rules know the words of it; the message is the first agency's own.
        "身份证怎么补办",
        "qinglan",
        REMARK,
        SOURCE,
    ];
    Things {
        signed_order,
        secrets: secrets.map(str::to_owned).into_iter().chain([code]).collect(),
        case,
        claim: claim.to_string(),
        clarification: seen.clarification,
        publication: publication.to_string(),
        alarm: alarm.to_string(),
        suggestion: suggestion.to_string(),
        finding,
        link_secret: renamed(&link_secret, stranger),
        session_secret: renamed(&session_secret, stranger),
        session,
        person,
        request,
        external,
        rules,
    }
}

/// What the first agency sees of itself.
async fn seen_by_itself(clients: &Clients, things: &Things, token: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for rpc in [
        "ApprovalService/ListCases",
        "ApprovalService/GetCase",
        "ApprovalService/ListAlarms",
        "IngestService/ListAnswers",
        "IngestService/ListImportSources",
        "ClassificationService/GetClaim",
        "ClassificationService/ListClaimReports",
        "ClassificationService/ListOtherMessages",
        "RulesService/GetRulebook",
        "RulesService/ListRulesVersions",
        "RulesService/GetRulesVersion",
        "ClassificationService/ListSuggestions",
        "PublishService/ListPublications",
        "PublishService/ListAccounts",
    ] {
        let told = call(clients, rpc, things, Some(token)).await.unwrap();
        assert!(!told.empty, "{rpc} shows the first agency nothing, so that this test would prove nothing");
        seen.push(told.shown);
    }
    seen
}

#[tokio::test]
async fn another_agencys_ids_find_nothing_and_nobody_calls_beyond_the_role() {
    let mut office = Office::open().await;
    let (second, provisioned) = second_agency(&mut office).await;
    let clients = Clients::of(&office);
    let seed = SecretString::from(office.installation.secrets().token_seed.clone());
    let issuer = TokenIssuer::new(&seed, Clock::steered(office.time.file().into())).unwrap();
    let person = |login: &str| {
        provisioned.people.iter().find(|person| person.login == login).map(|person| person.person)
    };
    let token = |agency: AgencyId, person: Option<PersonId>, role: Role| {
        let caller = Caller { agency, person, role, display_name: "演示".to_owned() };
        issuer.issue(&caller, &Audience::ALL, Duration::from_secs(300)).unwrap().0
    };
    let first = office.installation.agency();
    let duty: Uuid = sqlx::query_scalar("SELECT person_id FROM approval.person WHERE login = 'duty'")
        .fetch_one(&superuser(&office, "approval"))
        .await
        .unwrap();
    let duty = PersonId::from_uuid(duty);
    let things = things(&mut office, &clients, &token(first, Some(duty), Role::DutyOfficer), second).await;

    // The first agency's hotline submits a record under an id that the stranger will use too.
    let hotline = Destination::of(office.installation).token().await.unwrap();
    call(&clients, "IngestService/SubmitReport", &things, Some(&hotline)).await.unwrap();
    office.case_about(RECORD).await;
    let officer = token(first, Some(duty), Role::DutyOfficer);
    call(&clients, "IngestService/SetImportSource", &things, Some(&officer)).await.unwrap();
    let before = seen_by_itself(&clients, &things, &token(first, Some(duty), Role::DutyOfficer)).await;

    let stranger = |role: Role| {
        let login = match role {
            Role::DutyOfficer => "two-duty",
            Role::Checker => "two-checker",
            Role::Drafter => "two-drafter",
            Role::Reviewer => "two-reviewer",
            Role::Signer => "two-signer",
            Role::Administrator => "two-admin",
            Role::Auditor => "two-auditor",
            Role::Client | Role::Service => "",
        };
        token(second, person(login), role)
    };
    let other_key =
        TokenIssuer::new(&SecretString::from("03".repeat(32)), Clock::steered(office.time.file().into()));
    let foreign_token = other_key.unwrap();
    for Rpc { name, foreign, roles } in RPCS {
        let mut callers: Vec<Option<Role>> = roles.iter().copied().map(Some).collect();
        if roles.is_empty() {
            callers.push(None);
        }
        for role in callers {
            let token = role.map(stranger);
            let answer = call(&clients, name, &things, token.as_deref()).await;
            let heard = match &answer {
                Ok(told) => told.shown.clone(),
                Err(status) => format!("{status:?}"),
            };
            let secret = things.secrets.iter().find(|secret| heard.contains(&***secret));
            assert!(secret.is_none(), "{name} told {role:?} of another agency of {secret:?}: {heard}");
            let right = match (foreign, &answer) {
                (Foreign::NotFound | Foreign::Nothing | Foreign::StopsNothing, Err(status)) => {
                    status.code() == Code::NotFound
                }
                (Foreign::Nothing | Foreign::StopsNothing, Ok(told)) => told.empty,
                (Foreign::Own, Ok(_)) => true,
                (Foreign::SignedOrder, Err(status)) => {
                    grpc::reason(status).as_deref() == Some("ORDER_REFUSED")
                }
                (Foreign::Credential, Err(status)) => status.code() == Code::Unauthenticated,
                (Foreign::NotFound | Foreign::Credential | Foreign::SignedOrder, Ok(_))
                | (Foreign::Own, Err(_)) => false,
            };
            assert!(right, "{name} as {role:?} of another agency, expected {foreign:?}: {heard}");
        }
        if roles.is_empty() {
            continue;
        }
        let nobody = call(&clients, name, &things, None).await.err().map(|status| status.code());
        assert_eq!(nobody, Some(Code::Unauthenticated), "{name} without a token");
        let caller = Caller {
            agency: second,
            person: person("two-duty"),
            role: roles[0],
            display_name: "演示".to_owned(),
        };
        let (forged, _) = foreign_token.issue(&caller, &Audience::ALL, Duration::from_secs(300)).unwrap();
        let forged = call(&clients, name, &things, Some(&forged)).await.err().map(|status| status.code());
        assert_eq!(forged, Some(Code::Unauthenticated), "{name} with a token of another key");
        for role in ROLES.into_iter().filter(|role| !roles.contains(role)) {
            let refused = call(&clients, name, &things, Some(&stranger(role))).await;
            let refused = refused.err().map(|status| status.code());
            assert_eq!(refused, Some(Code::PermissionDenied), "{name} as {role:?}");
        }
    }

    // The same ids of records in two agencies are two records.
    let own =
        call(&clients, "IngestService/SubmitReport", &things, Some(&stranger(Role::Client))).await.unwrap();
    assert!(own.shown.contains("duplicate: true"), "the stranger's own record was lost: {}", own.shown);
    let ingest = superuser(&office, "ingest");
    let of = async |agency: AgencyId| -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM ingest.report WHERE agency_id = $1 AND channel = 'partner'")
            .bind(agency.as_uuid())
            .fetch_one(&ingest)
            .await
            .unwrap()
    };
    assert_eq!((of(first).await, of(second).await), (1, 1));

    let after = seen_by_itself(&clients, &things, &token(first, Some(duty), Role::DutyOfficer)).await;
    assert_eq!(before, after, "a stranger changed what the first agency sees");
}

/// Tables that belong to no agency: the migrations' own, and which stream the relay knew.
const NO_AGENCY: [&str; 2] = ["_sqlx_migrations", "stream_identity"];

/// Tables that say which agencies there are, and nothing else: the names by which people and clients sign in
/// before anybody knows whose they are, how often strangers tried (under a MAC of where from), and whom
/// classification's sweep has to look at.
const SEEN_BY_ALL: [&str; 3] = ["approval.sign_in_name", "approval.attempt", "classification.agency"];

#[tokio::test]
async fn a_service_reaches_its_own_database_and_nothing_else_in_it_than_its_agencys_rows() {
    let mut office = Office::open().await;
    office.says("听说城北大桥下个月要整体拆除重建，是真的吗").await;
    office.case_about("城北大桥下个月要整体拆除重建").await;

    for service in SERVICES {
        let secrets = office.installation.secrets().service(service);
        let role = format!("chengqing_{service}");
        for (role, password) in
            [(role.clone(), &secrets.database_password), (format!("{role}_owner"), &secrets.owner_password)]
        {
            let others = SERVICES.into_iter().filter(|other| *other != service);
            let databases = others
                .map(|other| format!("chengqing_{other}"))
                .chain(["postgres", "template1"].map(str::to_owned));
            for database in databases {
                let url = office.postgres.url(&role, password, &database);
                let refused = connect(url.into()).acquire().await;
                assert!(refused.is_err(), "{role} reaches {database}");
            }
        }

        let inside = superuser(&office, service);
        let powers: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_roles
             WHERE rolname = $1
                 AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
                      OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid))",
        )
        .bind(&role)
        .fetch_one(&inside)
        .await
        .unwrap();
        assert_eq!(powers, 0, "{role} has powers of its own or of another role");
        let owned: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = $1::regrole::oid",
        )
        .bind(&role)
        .fetch_one(&inside)
        .await
        .unwrap();
        assert_eq!(owned, 0, "{role} owns something");

        let tables = sqlx::query(
            "SELECT n.nspname, c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                 EXISTS (SELECT FROM pg_attribute a
                         WHERE a.attrelid = c.oid AND a.attname = 'agency_id' AND NOT a.attisdropped),
                 has_table_privilege($1::name, c.oid, 'SELECT')
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND n.nspname IN ($2, 'messaging')",
        )
        .bind(&role)
        .bind(service)
        .fetch_all(&inside)
        .await
        .unwrap();
        assert!(tables.len() > 5, "{service} has {} tables", tables.len());
        let as_itself = as_service(&office, service);
        for table in tables {
            let (schema, name): (&str, &str) = (table.get(0), table.get(1));
            let (fenced, of_agency, readable): (bool, bool, bool) =
                (table.get(2), table.get(3), table.get(4));
            if NO_AGENCY.contains(&name) {
                continue;
            }
            assert!(of_agency, "{schema}.{name} belongs to no agency");
            assert!(fenced, "{schema}.{name} has no row-level security, or none that binds its owner");
            if !readable || SEEN_BY_ALL.contains(&&*format!("{schema}.{name}")) {
                continue;
            }
            let mut tx = database::agency_tx(&as_itself, AgencyId::mint()).await.unwrap();
            // The names come out of the catalogue.
            let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {schema}.\"{name}\""));
            let seen: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap();
            assert_eq!(
                seen, 0,
                "{service} sees rows of {schema}.{name} on behalf of an agency that has none"
            );
        }
    }
}

#[tokio::test]
async fn a_service_publishes_its_own_subjects_only() {
    let office = Office::open().await;
    for service in SERVICES {
        let refusals = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&refusals);
        let bus = bus_options(&office, service)
            .event_callback(move |event| {
                let heard = Arc::clone(&heard);
                async move {
                    if let async_nats::Event::ServerError(error) = event {
                        heard.lock().unwrap().push(error.to_string().to_lowercase());
                    }
                }
            })
            .connect(office.nats.url())
            .await
            .unwrap();
        let own = service.to_uppercase();
        let mut forbidden: Vec<String> = contracts::SUBJECTS
            .iter()
            .filter(|subject| !subject.starts_with(&format!("{service}.")))
            .map(|subject| (*subject).to_owned())
            .collect();
        // Nor may it take streams or consumers away, its own included.
        forbidden.extend([format!("$JS.API.STREAM.DELETE.{own}"), format!("$JS.API.STREAM.PURGE.{own}")]);
        forbidden.push("$JS.API.CONSUMER.DELETE.INGEST.classification-on-report-received".to_owned());
        for subject in &forbidden {
            bus.publish(subject.clone(), "forged".into()).await.unwrap();
        }
        // And it hears nothing but what its consumers are given.
        let _overheard = bus.subscribe("ingest.>").await.unwrap();
        bus.flush().await.unwrap();
        testkit::eventually("the bus refuses", async || {
            let refusals = refusals.lock().unwrap();
            let all = forbidden
                .iter()
                .all(|subject| refusals.iter().any(|refusal| refusal.contains(&subject.to_lowercase())));
            let overhearing = refusals.iter().any(|refusal| refusal.contains("subscription"));
            (all && overhearing).then_some(())
        })
        .await;
    }
}

//! G9 beyond approval: whatever people change anywhere, or open of a citizen's originals, is in the agency's one audit
//! trail, by name and id, without a word of content.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use contracts::approval::v1 as approval_pb;
use contracts::classification::v1 as classification_pb;
use contracts::ingest::v1 as ingest_pb;
use contracts::publish::v1 as publish_pb;
use grpc::{Audience, Caller, Role, TokenIssuer, with_token, without_token};
use ids::PersonId;
use runtime::Clock;
use secrecy::SecretString;
use sqlx::PgPool;
use tonic::Request;
use uuid::Uuid;

use crate::inside::superuser;
use crate::office::Office;
use crate::tenants::{self, Clients};

/// What each RPC that changes something, or shows an original, leaves in the trail.
const TRAIL: &[(&str, &str)] = &[
    ("AccessService/SignIn", "person.signed_in"),
    ("AccessService/SignOut", "person.signed_out"),
    ("ApprovalService/OpenNotice", "case.opened"),
    ("ApprovalService/SetUrgency", "case.urgency_set"),
    ("ApprovalService/RequestFinding", "finding.requested"),
    ("ApprovalService/ReissueFindingLink", "finding.link_reissued"),
    ("ApprovalService/WithdrawFindingLink", "finding.link_withdrawn"),
    ("ApprovalService/AnswerFinding", "finding.answered"),
    ("ApprovalService/GiveFinding", "finding.answered"),
    ("ApprovalService/SaveDraft", "draft.saved"),
    ("ApprovalService/SignStep", "clarification.signed"),
    ("ApprovalService/ReturnDraft", "draft.returned"),
    ("ApprovalService/DismissCase", "case.dismissed"),
    ("ApprovalService/MergeCases", "case.merged"),
    ("ApprovalService/SplitCase", "case.split"),
    ("ApprovalService/RerouteCase", "case.rerouted"),
    ("ApprovalService/CloseExpired", "case.expiry_closed"),
    ("ApprovalService/ResumeAutomaticAnswer", "answer.resumed"),
    ("ApprovalService/RevokeClarification", "clarification.revoked"),
    ("ApprovalService/OrderHalt", "halt.ordered"),
    ("ApprovalService/LiftHalt", "halt.lifted"),
    ("ApprovalService/AcknowledgeAlarm", "alarm.acknowledged"),
    ("ApprovalService/EndSession", "person.session_ended"),
    ("ApprovalService/UnlockPerson", "person.unlocked"),
    ("IngestService/SubmitReport", "report.submitted"),
    ("IngestService/ImportReports", "reports.imported"),
    ("IngestService/SetImportSource", "import_source.set"),
    ("IngestService/HaltAnswers", "answers.halted"),
    // The deed is the lead's order, which approval keeps; the senders only carry it out.
    ("IngestService/ResumeAnswers", "halt.lifted"),
    ("IngestService/GetMedia", "message.media_seen"),
    ("IngestService/RevealOriginal", "message.original_revealed"),
    ("IngestService/TranscribeMessage", "message.transcribed"),
    ("RulesService/SetRules", "rules.set"),
    ("RulesService/RestoreRulesVersion", "rules.restored"),
    ("ClassificationService/DeclineSuggestion", "suggestion.declined"),
    ("ClassificationService/SetClaimSentence", "claim.sentence_set"),
    ("ClassificationService/SetMessageIntent", "message.intent_set"),
    ("PublishService/Halt", "publications.halted"),
    ("PublishService/Resume", "halt.lifted"),
    ("PublishService/ResolveUncertain", "publication.resolved"),
];

/// What changes nothing and shows no original.
const LOOKS: &[&str] = &[
    "AccessService/IssueToken",
    "AccessService/IssueClientToken",
    "ApprovalService/ListCases",
    "ApprovalService/GetCase",
    "ApprovalService/GetRevision",
    "ApprovalService/ListRevisions",
    "ApprovalService/ListFindings",
    "ApprovalService/ListCaseEvents",
    "ApprovalService/GetFindingRequest",
    "ApprovalService/PreviewDraft",
    "ApprovalService/ListAlarms",
    "ApprovalService/ListSessions",
    "ApprovalService/ListPeople",
    "ApprovalService/ListAudit",
    "IngestService/ListImportSources",
    "IngestService/ListAnswers",
    "IngestService/FindReceipt",
    "IngestService/ListMedia",
    "IngestService/GetAnswersHalt",
    "ClassificationService/GetClaim",
    "ClassificationService/ListClaimReports",
    "ClassificationService/ListOtherMessages",
    "ClassificationService/ListSuggestions",
    "ClassificationService/JudgeAgain",
    "RulesService/GetRulesVersion",
    "RulesService/GetRulebook",
    "RulesService/ListRulesVersions",
    "RulesService/TryMessage",
    "PublishService/ListPublications",
    "PublishService/ListAccounts",
];

/// A new RPC either names what it leaves in the trail, or is known to change nothing.
#[test]
fn every_rpc_names_its_entry_in_the_trail_or_changes_nothing() {
    let named: BTreeSet<&str> = TRAIL.iter().map(|(rpc, _)| *rpc).chain(LOOKS.iter().copied()).collect();
    let all: BTreeSet<&str> = tenants::names().collect();
    assert_eq!(named, all);
    assert_eq!(named.len(), TRAIL.len() + LOOKS.len());
}

const BRIDGE: &str = "城北大桥下个月要整体拆除重建";
const TICKETS: &str = "体育馆门票涨到五百块一张";
const WATER: &str = "自来水厂昨晚发生了严重爆炸";
const PHONE: &str = "13812345678";
const SCREENSHOT: &[u8] = include_bytes!("../../services/ingest/tests/fixtures/earthquake.png");

/// The people, as every service knows them.
struct People {
    clients: Clients,
    issuer: TokenIssuer,
    office: ids::AgencyId,
    ids: BTreeMap<&'static str, PersonId>,
}

impl People {
    async fn of(office: &Office) -> Self {
        let seed = SecretString::from(office.installation.secrets().token_seed.clone());
        let approval = superuser(office, "approval");
        let mut ids = BTreeMap::new();
        for login in ["duty", "checker", "drafter", "reviewer", "signer", "admin", "auditor"] {
            let id: Uuid = sqlx::query_scalar("SELECT person_id FROM approval.person WHERE login = $1")
                .bind(login)
                .fetch_one(&approval)
                .await
                .unwrap();
            ids.insert(login, PersonId::from_uuid(id));
        }
        Self {
            clients: Clients::of(office),
            issuer: TokenIssuer::new(&seed, Clock::steered(office.time.file().into())).unwrap(),
            office: office.installation.agency(),
            ids,
        }
    }

    fn by<M>(&self, login: &'static str, message: M) -> Request<M> {
        let role = match login {
            "duty" => Role::DutyOfficer,
            "checker" => Role::Checker,
            "drafter" => Role::Drafter,
            "reviewer" => Role::Reviewer,
            "signer" => Role::Signer,
            "admin" => Role::Administrator,
            _ => Role::Auditor,
        };
        let caller = Caller {
            agency: self.office,
            person: Some(self.ids[login]),
            role,
            display_name: format!("演示·{login}"),
        };
        with_token(message, &self.issuer.issue(&caller, &Audience::ALL, Duration::from_secs(300)).unwrap().0)
    }

    async fn case(&self, case_id: &str) -> approval_pb::Case {
        let request = approval_pb::GetCaseRequest { case_id: case_id.to_owned(), ..Default::default() };
        let mut approval = self.clients.approval.clone();
        approval.get_case(self.by("duty", request)).await.unwrap().into_inner().case.unwrap()
    }

    /// Every entry of the trail, newest first: action and subject.
    async fn trail(&self) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        let mut request = approval_pb::ListAuditRequest { page_size: 200, page_token: String::new() };
        loop {
            let mut approval = self.clients.approval.clone();
            let page = approval.list_audit(self.by("auditor", request)).await.unwrap().into_inner();
            entries.extend(page.entries.into_iter().map(|entry| (entry.action, entry.subject)));
            if page.next_page_token.is_empty() {
                return entries;
            }
            request = approval_pb::ListAuditRequest { page_size: 200, page_token: page.next_page_token };
        }
    }
}

fn minted() -> String {
    Uuid::now_v7().to_string()
}

fn reason() -> String {
    "核对后决定".to_owned()
}

async fn scalar(pool: &PgPool, query: &'static str) -> Uuid {
    testkit::eventually(query, async || sqlx::query_scalar(query).fetch_optional(pool).await.unwrap()).await
}

/// Puts a row into a state that takes long to reach otherwise.
async fn set(pool: &PgPool, query: &'static str, about: Uuid) {
    let changed = sqlx::query(query).bind(about).execute(pool).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "{query}");
}

#[tokio::test]
async fn what_people_do_in_every_service_is_in_the_one_trail() {
    let mut office = Office::open().await;
    for said in [
        format!("听说{BRIDGE}，是真的吗"),
        format!("听说{TICKETS}，是真的吗"),
        format!("听说{WATER}，是真的吗，打我电话{PHONE}"),
        format!("听说{WATER}了吗，是真的吗"),
        "身份证怎么补办".to_owned(),
        "救命！我们被困在三楼，着火了".to_owned(),
    ] {
        office.says(&said).await;
    }
    let citizen = office.outside.citizens(1).await.unwrap().pop().unwrap();
    office.outside.send_file(&citizen, "voice", b"#!AMR\n\x3c\x00\x00").await.unwrap();
    office.outside.send_file(&citizen, "image", SCREENSHOT).await.unwrap();
    let (bridge, tickets, water) =
        (office.case_about(BRIDGE).await, office.case_about(TICKETS).await, office.case_about(WATER).await);
    let people = People::of(&office).await;
    of_cases(&people, &tickets, &water).await;
    of_words(&mut office, &people, &bridge).await;
    of_findings(&people).await;
    of_messages(&office, &people, &tickets).await;
    of_halts(&mut office, &people).await;
    of_access(&mut office, &people).await;
    of_merging(&people, &tickets, &water).await;

    let expected: BTreeSet<&str> = TRAIL.iter().map(|(_, action)| *action).collect();
    let entries = office
        .until("every deed in the trail", async |_| {
            let entries = people.trail().await;
            let there: BTreeSet<&str> = entries.iter().map(|(action, _)| action.as_str()).collect();
            expected.is_subset(&there).then_some(entries)
        })
        .await;
    // By name and id, never by content; what an officer quotes of a citizen is masked.
    for (action, subject) in &entries {
        for content in [BRIDGE, TICKETS, WATER, PHONE, "补办", "新的说法"] {
            assert!(!subject.contains(content), "{action} tells {content}: {subject}");
        }
    }
}

async fn of_cases(people: &People, tickets: &str, water: &str) {
    let mut approval = people.clients.approval.clone();
    let case = people.case(tickets).await;
    let urgency = approval_pb::SetUrgencyRequest {
        case_id: tickets.to_owned(),
        expected_revision: case.state_revision,
        urgent: true,
        due_in: None,
    };
    approval.set_urgency(people.by("duty", urgency)).await.unwrap();
    let route = approval_pb::RerouteCaseRequest {
        case_id: tickets.to_owned(),
        expected_revision: case.state_revision + 1,
        departments: vec!["县文旅局".to_owned()],
    };
    approval.reroute_case(people.by("duty", route)).await.unwrap();

    // A claim's growth is told once a second.
    let grown = async || Some(people.case(water).await).filter(|case| case.report_count > 1);
    let case = testkit::eventually("two reports of one claim", grown).await;
    let listed = classification_pb::ListClaimReportsRequest { claim_id: case.claim_id, ..Default::default() };
    let mut classification = people.clients.classification.clone();
    let listed = classification.list_claim_reports(people.by("duty", listed)).await.unwrap().into_inner();
    assert!(listed.reports.len() > 1, "there is nothing to split: {listed:?}");
    let split = approval_pb::SplitCaseRequest {
        request_id: minted(),
        case_id: water.to_owned(),
        expected_revision: case.state_revision,
        report_ids: vec![listed.reports[0].report_id.clone()],
        sentence: "新的说法".to_owned(),
    };
    approval.split_case(people.by("duty", split)).await.unwrap();
}

/// Words on their way: drafted, returned, signed, out, resolved, ended, and taken back.
async fn of_words(office: &mut Office, people: &People, case: &str) {
    let mut approval = people.clients.approval.clone();
    let drafted = office.draft(case, BRIDGE, "publish").await;
    for purpose in ["drafted", "first_reviewed"] {
        office.desk.try_sign("drafter", case, &drafted.clarification, purpose).await.unwrap();
    }
    let back = approval_pb::ReturnDraftRequest {
        clarification_id: drafted.clarification.clone(),
        revision: 1,
        reason: reason(),
    };
    approval.return_draft(people.by("reviewer", back)).await.unwrap();
    let signed = office.signed(case, BRIDGE, "publish").await;
    office.all_publications(case, 1, "confirmed").await;

    let publication = scalar(
        &superuser(office, "publish"),
        "SELECT publication_id FROM publish.publication ORDER BY sequence DESC LIMIT 1",
    )
    .await;
    set(
        &superuser(office, "publish"),
        "UPDATE publish.publication SET state = 'needs_person' WHERE publication_id = $1",
        publication,
    )
    .await;
    let mut publish = people.clients.publish.clone();
    let listed = publish_pb::ListPublicationsRequest { case_id: case.to_owned(), ..Default::default() };
    let listed = publish.list_publications(people.by("duty", listed)).await.unwrap().into_inner();
    let resolve = publish_pb::ResolveUncertainRequest {
        request_id: minted(),
        publication_id: publication.to_string(),
        expected_state_revision: listed.publications[0].state_revision,
        is_public: true,
        note: reason(),
    };
    publish.resolve_uncertain(people.by("duty", resolve)).await.unwrap();

    let (inside, id) = (superuser(office, "approval"), case.parse::<Uuid>().unwrap());
    set(&inside, "UPDATE approval.case_file SET valid_until = 'epoch' WHERE case_id = $1", id).await;
    let close = approval_pb::CloseExpiredRequest {
        case_id: case.to_owned(),
        expected_revision: people.case(case).await.state_revision,
        reason: reason(),
    };
    approval.close_expired(people.by("duty", close)).await.unwrap();
    set(&inside, "UPDATE approval.case_file SET suspended_clarification = case_id WHERE case_id = $1", id)
        .await;
    let resume = approval_pb::ResumeAutomaticAnswerRequest {
        case_id: case.to_owned(),
        expected_revision: people.case(case).await.state_revision,
        reason: reason(),
    };
    approval.resume_automatic_answer(people.by("duty", resume)).await.unwrap();
    let revoke = approval_pb::RevokeClarificationRequest {
        clarification_id: signed.clarification,
        revision: signed.revision.parse().unwrap(),
        reason: reason(),
        session_secret: session_secret(office, people, "signer").await,
    };
    approval.revoke_clarification(people.by("signer", revoke)).await.unwrap();
}

async fn of_findings(people: &People) {
    let mut approval = people.clients.approval.clone();
    let notice = approval_pb::OpenNoticeRequest { request_id: minted(), sentence: "通报一则".to_owned() };
    let notice = approval.open_notice(people.by("duty", notice)).await.unwrap().into_inner().case.unwrap();
    let ask = approval_pb::RequestFindingRequest {
        request_id: minted(),
        case_id: notice.case_id.clone(),
        department: "县应急管理局".to_owned(),
        question: "是否属实？".to_owned(),
        due_in: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
    };
    let asked = approval.request_finding(people.by("duty", ask)).await.unwrap().into_inner();
    let answer = approval_pb::AnswerFindingRequest {
        link_secret: asked.link_secret,
        verdict: approval_pb::Verdict::False.into(),
        facts: "没有此事".to_owned(),
        evidence: "书面答复".to_owned(),
        answered_by: "值班科长".to_owned(),
        code: asked.link_code,
    };
    approval.answer_finding(without_token(answer)).await.unwrap();
    let again = approval_pb::RequestFindingRequest {
        request_id: minted(),
        case_id: notice.case_id.clone(),
        department: "县应急管理局".to_owned(),
        question: "再问一次。".to_owned(),
        due_in: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
    };
    let again = approval.request_finding(people.by("duty", again)).await.unwrap().into_inner();
    let finding_id = again.finding.unwrap().finding_id;
    let withdraw = approval_pb::WithdrawFindingLinkRequest { finding_id: finding_id.clone() };
    approval.withdraw_finding_link(people.by("duty", withdraw)).await.unwrap();
    let reissue = approval_pb::ReissueFindingLinkRequest {
        request_id: minted(),
        finding_id: finding_id.clone(),
        due_in: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
    };
    approval.reissue_finding_link(people.by("duty", reissue)).await.unwrap();
    let give = approval_pb::GiveFindingRequest {
        finding_id,
        verdict: approval_pb::Verdict::False.into(),
        facts: "没有此事".to_owned(),
        evidence: "书面答复".to_owned(),
    };
    approval.give_finding(people.by("checker", give)).await.unwrap();
    let dismiss = approval_pb::DismissCaseRequest {
        expected_revision: people.case(&notice.case_id).await.state_revision,
        case_id: notice.case_id,
        reason: reason(),
        session_secret: String::new(),
    };
    approval.dismiss_case(people.by("duty", dismiss)).await.unwrap();
}

/// What is said of messages, and what is opened of them.
async fn of_messages(office: &Office, people: &People, case: &str) {
    let inside = superuser(office, "ingest");
    let voice = scalar(&inside, "SELECT report_id FROM ingest.media WHERE kind = 'voice' AND state = 'kept'");
    let picture =
        scalar(&inside, "SELECT report_id FROM ingest.media WHERE kind = 'picture' AND state = 'kept'");
    let (voice, picture) = (voice.await, picture.await);
    let mut ingest = people.clients.ingest.clone();
    let see = ingest_pb::GetMediaRequest { report_id: picture.to_string() };
    ingest.get_media(people.by("duty", see)).await.unwrap();
    let asker =
        scalar(&inside, "SELECT report_id FROM ingest.report WHERE masked_text LIKE '%打我电话%'").await;
    let reveal = ingest_pb::RevealOriginalRequest {
        report_id: asker.to_string(),
        cause: format!("核对{PHONE}是否遮盖有误"),
    };
    let revealed = ingest.reveal_original(people.by("duty", reveal)).await.unwrap().into_inner();
    assert!(revealed.text.contains(PHONE), "{revealed:?}");
    let write = ingest_pb::TranscribeMessageRequest {
        request_id: minted(),
        report_id: voice.to_string(),
        text: "说城北停水三天".to_owned(),
    };
    ingest.transcribe_message(people.by("duty", write)).await.unwrap();
    let report = |external_id: &str| ingest_pb::Report {
        text: "听说县医院明天停诊".to_owned(),
        channel: ingest_pb::report::Channel::Hotline.into(),
        external_id: external_id.to_owned(),
        ..Default::default()
    };
    let submit = ingest_pb::SubmitReportRequest { request_id: minted(), report: Some(report("0001")) };
    ingest.submit_report(people.by("duty", submit)).await.unwrap();
    let line = ingest_pb::ImportReportsRequest { line: 1, report: Some(report("0002")) };
    ingest.import_reports(people.by("duty", futures::stream::iter([line]))).await.unwrap();
    let source = ingest_pb::ImportSource {
        name: "12345热线".to_owned(),
        channel: ingest_pb::report::Channel::Hotline.into(),
        ..Default::default()
    };
    let set = ingest_pb::SetImportSourceRequest { source: Some(source) };
    ingest.set_import_source(people.by("duty", set)).await.unwrap();

    let mut classification = people.clients.classification.clone();
    let other = superuser(office, "classification");
    let question =
        scalar(&other, "SELECT report_id FROM classification.report WHERE masked_text LIKE '%补办%' LIMIT 1");
    let intent = classification_pb::SetMessageIntentRequest {
        request_id: minted(),
        report_id: question.await.to_string(),
        intent: classification_pb::Intent::Complaint.into(),
        expected_revision: 0,
    };
    classification.set_message_intent(people.by("duty", intent)).await.unwrap();
    let claim_id = people.case(case).await.claim_id;
    let sentence = classification_pb::SetClaimSentenceRequest {
        claim_id: claim_id.clone(),
        sentence: "新的说法".to_owned(),
    };
    classification.set_claim_sentence(people.by("duty", sentence)).await.unwrap();
    let suggestion = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO classification.suggestion
            (agency_id, suggestion_id, kind, claim_id, other_claim_id, similarity, reasons, suggest_time)
         VALUES ($1, $2, 'split', $3, $3, 0.1, '[]', now())",
    )
    .bind(people.office.as_uuid())
    .bind(suggestion)
    .bind(claim_id.parse::<Uuid>().unwrap())
    .execute(&other)
    .await
    .unwrap();
    let decline = classification_pb::DeclineSuggestionRequest { suggestion_id: suggestion.to_string() };
    classification.decline_suggestion(people.by("duty", decline)).await.unwrap();

    let mut rules = people.clients.rules.clone();
    let urgency = classification_pb::RulesKind::Urgency;
    let read = classification_pb::GetRulebookRequest {};
    let read = rules.get_rulebook(people.by("duty", read)).await.unwrap().into_inner().rules;
    let is_urgency = |rules: &classification_pb::Rules| {
        rules.version.as_ref().is_some_and(|version| version.kind() == urgency)
    };
    let text = read.into_iter().find(is_urgency).unwrap().text;
    let change = classification_pb::SetRulesRequest {
        request_id: minted(),
        kind: urgency.into(),
        expected_version: 0,
        text: format!("{text}\n# 夜间值守\n"),
    };
    rules.set_rules(people.by("duty", change)).await.unwrap();
    let restore = classification_pb::RestoreRulesVersionRequest {
        request_id: minted(),
        kind: urgency.into(),
        expected_version: 1,
        version: 0,
    };
    rules.restore_rules_version(people.by("duty", restore)).await.unwrap();
}

/// A session of a person, whose secret opens the key that signs orders.
async fn session_secret(office: &mut Office, people: &People, login: &'static str) -> String {
    let sign_in = approval_pb::SignInRequest {
        login: login.to_owned(),
        password: office.installation.secrets().people_password.clone(),
        totp_code: office.desk.fresh_code(login).await.unwrap(),
        ..Default::default()
    };
    let mut access = people.clients.access.clone();
    access.sign_in(without_token(sign_in)).await.unwrap().into_inner().session_secret
}

/// Each service stopped by itself, as somebody past the console would; and all of it set going by the signer's order.
async fn of_halts(office: &mut Office, people: &People) {
    let everything = approval_pb::OrderHaltRequest {
        request_id: minted(),
        scope: Some(approval_pb::HaltScope {
            scope: Some(approval_pb::halt_scope::Scope::AutomaticAnswers(true)),
        }),
        reason: reason(),
        session_secret: String::new(),
    };
    people.clients.approval.clone().order_halt(people.by("drafter", everything)).await.unwrap();
    let mut publish = people.clients.publish.clone();
    let halt = publish_pb::HaltRequest {
        request_id: minted(),
        scope: Some(publish_pb::halt_request::Scope::Everything(true)),
        reason: reason(),
    };
    publish.halt(people.by("duty", halt)).await.unwrap();
    let mut ingest = people.clients.ingest.clone();
    let halt = ingest_pb::HaltAnswersRequest {
        request_id: minted(),
        clarification_id: String::new(),
        reason: format!("有人说{PHONE}打不通"),
        everything: true,
    };
    ingest.halt_answers(people.by("duty", halt)).await.unwrap();
    crate::halt::resume(office, "signer", &[("scope", "everything")]).await.accepted().unwrap();
}

async fn of_access(office: &mut Office, people: &People) {
    let mut approval = people.clients.approval.clone();
    let inside = superuser(office, "approval");
    let alarm = scalar(&inside, "SELECT report_id FROM approval.alarm WHERE kind = 'help' LIMIT 1").await;
    let acknowledge = approval_pb::AcknowledgeAlarmRequest { report_id: alarm.to_string() };
    approval.acknowledge_alarm(people.by("duty", acknowledge)).await.unwrap();
    let unlock = approval_pb::UnlockPersonRequest { person_id: people.ids["duty"].to_string() };
    approval.unlock_person(people.by("admin", unlock)).await.unwrap();
    let session: Uuid =
        sqlx::query_scalar("SELECT session_id FROM approval.session WHERE person_id = $1 LIMIT 1")
            .bind(people.ids["reviewer"].as_uuid())
            .fetch_one(&inside)
            .await
            .unwrap();
    let end = approval_pb::EndSessionRequest { session_id: session.to_string() };
    approval.end_session(people.by("reviewer", end)).await.unwrap();
    let sign_in = approval_pb::SignInRequest {
        login: "auditor".to_owned(),
        password: office.installation.secrets().people_password.clone(),
        totp_code: office.desk.fresh_code("auditor").await.unwrap(),
        ..Default::default()
    };
    let mut access = people.clients.access.clone();
    let session_secret = access.sign_in(without_token(sign_in)).await.unwrap().into_inner().session_secret;
    access.sign_out(without_token(approval_pb::SignOutRequest { session_secret })).await.unwrap();
}

/// Last, since what is merged goes nowhere any more.
async fn of_merging(people: &People, closing: &str, into: &str) {
    let merge = approval_pb::MergeCasesRequest {
        request_id: minted(),
        case_id: closing.to_owned(),
        expected_revision: people.case(closing).await.state_revision,
        into_case_id: into.to_owned(),
        answers_reporters: true,
        session_secret: String::new(),
    };
    people.clients.approval.clone().merge_cases(people.by("duty", merge)).await.unwrap();
}

//! A department's question, its link, and its answer.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::approval::v1 as pb;
use contracts::approval::v1::get_finding_request_response::State;
use grpc::{with_token, without_token};
use sha2::{Digest, Sha256};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::office::{Office, Person, assert_refused};

const HALF_AN_HOUR: prost_types::Duration = prost_types::Duration { seconds: 1_800, nanos: 0 };

async fn ask(
    office: &Office,
    person: &Person,
    request: &pb::RequestFindingRequest,
) -> pb::RequestFindingResponse {
    office.approval().request_finding(with_token(request.clone(), &person.token)).await.unwrap().into_inner()
}

fn question(case_id: &str) -> pb::RequestFindingRequest {
    pb::RequestFindingRequest {
        request_id: Uuid::now_v7().to_string(),
        case_id: case_id.into(),
        department: "县应急管理局".into(),
        question: "是否发布过地震预报？".into(),
        due_in: Some(HALF_AN_HOUR),
    }
}

fn answer(link_secret: &str, code: &str) -> pb::AnswerFindingRequest {
    pb::AnswerFindingRequest {
        link_secret: link_secret.into(),
        code: code.into(),
        verdict: pb::Verdict::False.into(),
        facts: "未收到、未发布涉及我县的地震预报。".into(),
        evidence: "书面答复（演示）".into(),
        answered_by: "值班科长".into(),
    }
}

async fn answered(office: &Office, request: pb::AnswerFindingRequest) -> Result<pb::Finding, Status> {
    let response = office.approval().answer_finding(without_token(request)).await?;
    Ok(response.into_inner().finding.unwrap())
}

async fn opened(
    office: &Office,
    link_secret: &str,
    code: &str,
) -> Result<pb::GetFindingRequestResponse, Status> {
    let request = pb::GetFindingRequestRequest { link_secret: link_secret.into(), code: code.into() };
    Ok(office.approval().get_finding_request(without_token(request)).await?.into_inner())
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// A case whose department was asked.
async fn asked(office: &Office) -> (Person, String, pb::RequestFindingResponse) {
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "明天凌晨3点地震").await;
    let asked = ask(office, &duty, &question(&case.case_id)).await;
    (duty, case.case_id, asked)
}

#[tokio::test]
async fn a_department_answers_once_by_link_and_code_and_never_without_evidence() {
    let office = Office::open().await;
    let (duty, case_id, asked) = asked(&office).await;
    let (link, code) = (asked.link_secret.as_str(), asked.link_code.as_str());
    assert_eq!(office.get_case(&duty, &case_id).await.case.unwrap().state(), pb::case::State::Checking);

    let shown = opened(&office, link, code).await.unwrap();
    assert_eq!((shown.state(), shown.sentence.as_str()), (State::Asked, "明天凌晨3点地震"));
    assert_eq!(shown.finding.unwrap().verdict(), pb::Verdict::Unspecified);

    let blank = pb::AnswerFindingRequest { evidence: "  ".into(), ..answer(link, code) };
    assert_refused(answered(&office, blank).await, Code::InvalidArgument, "INVALID_FIELD");
    let given = answered(&office, answer(link, code)).await.unwrap();
    assert_eq!(given.verdict(), pb::Verdict::False);
    // The button pressed twice is one answer; another answer is told that it came too late.
    assert_eq!(answered(&office, answer(link, code)).await.unwrap(), given);
    let other = pb::AnswerFindingRequest { facts: "另一份".into(), ..answer(link, code) };
    assert_refused(answered(&office, other).await, Code::FailedPrecondition, "FINDING_ANSWERED");

    let whole = office.get_case(&duty, &case_id).await;
    assert_eq!(whole.case.unwrap().state(), pb::case::State::Found);
    assert_eq!(whole.findings[0].evidence, "书面答复（演示）");
    // From now on the link says thanks, and shows neither facts nor names to whoever has it.
    for code in ["", code] {
        let thanks = opened(&office, link, code).await.unwrap();
        let nothing = pb::GetFindingRequestResponse { state: State::Answered.into(), ..Default::default() };
        assert_eq!(thanks, nothing);
    }
}

#[tokio::test]
async fn nothing_is_shown_before_the_code_and_five_wrong_ones_withdraw_the_link() {
    let office = Office::open().await;
    let (duty, case_id, asked) = asked(&office).await;
    let (link, code) = (asked.link_secret.as_str(), asked.link_code.as_str());
    let needed = pb::GetFindingRequestResponse { state: State::CodeNeeded.into(), ..Default::default() };
    assert_eq!(opened(&office, link, "").await.unwrap(), needed);
    let wrong = other_than(code);
    for _ in 0..2 {
        assert_refused(opened(&office, link, &wrong).await, Code::InvalidArgument, "INVALID_FIELD");
        assert_refused(answered(&office, answer(link, &wrong)).await, Code::InvalidArgument, "INVALID_FIELD");
        // The right one changes nothing about how many wrong ones there may be.
        let spoken = format!(" {} {}", &code[..3], &code[3..]);
        assert_eq!(opened(&office, link, &spoken).await.unwrap().state(), State::Asked);
    }
    assert_refused(answered(&office, answer(link, "")).await, Code::FailedPrecondition, "LINK_ENDED");
    assert_refused(opened(&office, link, code).await, Code::FailedPrecondition, "LINK_ENDED");
    assert_refused(answered(&office, answer(link, code)).await, Code::FailedPrecondition, "LINK_ENDED");
    let case = office.get_case(&duty, &case_id).await;
    assert!(case.findings[0].link_withdrawn);
    assert!(case.events.iter().any(|event| event.what.contains("多次输错验证码")), "{:?}", case.events);
}

#[tokio::test]
async fn many_guesses_at_once_are_five_guesses() {
    let office = Office::open().await;
    let (_, _, asked) = asked(&office).await;
    let wrong = other_than(&asked.link_code);
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let request =
            pb::GetFindingRequestRequest { link_secret: asked.link_secret.clone(), code: wrong.clone() };
        let mut approval = office.approval();
        guesses.spawn(async move { approval.get_finding_request(without_token(request)).await });
    }
    let refused = guesses.join_all().await;
    let judged = refused
        .iter()
        .filter(|refused| refused.as_ref().unwrap_err().code() == Code::InvalidArgument)
        .count();
    assert!(judged < 5, "{judged} guesses were judged before the link was withdrawn");
    let right = opened(&office, &asked.link_secret, &asked.link_code).await;
    assert_refused(right, Code::FailedPrecondition, "LINK_ENDED");
}

#[tokio::test]
async fn a_link_ends_with_its_deadline_with_its_case_and_when_it_is_withdrawn_and_is_issued_anew() {
    let office = Office::open().await;
    let (duty, case_id, asked) = asked(&office).await;
    let finding_id = asked.finding.as_ref().unwrap().finding_id.clone();
    // Late is still heard for an hour.
    office.clock.advance(Duration::from_secs(89 * 60));
    assert_eq!(opened(&office, &asked.link_secret, &asked.link_code).await.unwrap().state(), State::Asked);
    office.clock.advance(Duration::from_secs(2 * 60));
    let late = answered(&office, answer(&asked.link_secret, &asked.link_code)).await;
    assert_refused(late, Code::FailedPrecondition, "LINK_ENDED");

    let duty_again = office.issue_token(&duty.session_secret).await.map(|issued| issued.token);
    let duty = match duty_again {
        Ok(token) => Person { token, ..duty },
        Err(_) => office.sign_in("duty").await,
    };
    let reissue = pb::ReissueFindingLinkRequest {
        request_id: Uuid::now_v7().to_string(),
        finding_id: finding_id.clone(),
        due_in: Some(HALF_AN_HOUR),
    };
    let issue = async || {
        let request = with_token(reissue.clone(), &duty.token);
        office.approval().reissue_finding_link(request).await.unwrap().into_inner()
    };
    let anew = issue().await;
    assert_eq!(issue().await, anew, "the same request issues one link");
    assert_ne!((&anew.link_secret, &anew.link_code), (&asked.link_secret, &asked.link_code));
    assert_refused(opened(&office, &asked.link_secret, "").await, Code::NotFound, "NOT_FOUND");
    assert_eq!(opened(&office, &anew.link_secret, &anew.link_code).await.unwrap().state(), State::Asked);

    let withdraw = pb::WithdrawFindingLinkRequest { finding_id };
    for _ in 0..2 {
        let request = with_token(withdraw.clone(), &duty.token);
        assert!(
            office
                .approval()
                .withdraw_finding_link(request)
                .await
                .unwrap()
                .into_inner()
                .finding
                .unwrap()
                .link_withdrawn
        );
    }
    let gone = opened(&office, &anew.link_secret, &anew.link_code).await;
    assert_refused(gone, Code::FailedPrecondition, "LINK_ENDED");

    let second = ask(&office, &duty, &question(&case_id)).await;
    let dismiss = pb::DismissCaseRequest {
        expected_revision: office.get_case(&duty, &case_id).await.case.unwrap().state_revision,
        case_id,
        reason: "无须辟谣".into(),
        session_secret: String::new(),
    };
    office.approval().dismiss_case(with_token(dismiss, &duty.token)).await.unwrap();
    // Whatever code is given: nobody looks for the right one of a link that opens nothing.
    for code in [second.link_code.clone(), other_than(&second.link_code)] {
        let closed = answered(&office, answer(&second.link_secret, &code)).await;
        assert_refused(closed, Code::FailedPrecondition, "LINK_ENDED");
    }
    let reissue = pb::ReissueFindingLinkRequest {
        request_id: Uuid::now_v7().to_string(),
        finding_id: second.finding.unwrap().finding_id,
        due_in: Some(HALF_AN_HOUR),
    };
    let closed = office.approval().reissue_finding_link(with_token(reissue, &duty.token)).await;
    assert_refused(closed, Code::FailedPrecondition, "CASE_STATE");
}

#[tokio::test]
async fn a_link_from_before_there_were_codes_works_without_one_until_it_ends() {
    let office = Office::open().await;
    let (_, _, asked) = asked(&office).await;
    let old = [office.agency.as_uuid().as_bytes().as_slice(), &[7; 32]].concat();
    sqlx::query(
        "UPDATE approval.finding SET link_number = 0, code_mac = NULL, link_secret_sha256 = $1
         WHERE finding_id = $2",
    )
    .bind(Sha256::digest([7; 32]).as_slice())
    .bind(asked.finding.unwrap().finding_id.parse::<Uuid>().unwrap())
    .execute(&office.database.superuser())
    .await
    .unwrap();
    let old = URL_SAFE_NO_PAD.encode(old);
    assert_eq!(opened(&office, &old, "").await.unwrap().state(), State::Asked);
    office.clock.advance(Duration::from_secs(91 * 60));
    assert_refused(opened(&office, &old, "").await, Code::FailedPrecondition, "LINK_ENDED");
}

#[tokio::test]
async fn what_cannot_be_seen_is_taken_out_of_what_departments_write() {
    let office = Office::open().await;
    let (_, _, asked) = asked(&office).await;
    let hidden = pb::AnswerFindingRequest {
        facts: "甲\u{202e}乙丙\u{202c} 事实\u{7}".into(),
        evidence: "证\u{200b}据\r\n第二行".into(),
        answered_by: "科\u{2066}长".into(),
        ..answer(&asked.link_secret, &asked.link_code)
    };
    let given = answered(&office, hidden).await.unwrap();
    assert_eq!(
        (given.facts.as_str(), given.evidence.as_str(), given.answered_by.as_str()),
        ("甲乙丙 事实", "证据\n第二行", "科长")
    );
}

#[tokio::test]
async fn an_answer_comes_in_without_what_nobody_sees_and_what_points_at_a_person_and_says_so() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "县医院停诊").await;
    let asked = ask(&office, &duty, &question(&case.case_id)).await;
    let request = pb::AnswerFindingRequest {
        link_secret: asked.link_secret.clone(),
        code: asked.link_code.clone(),
        verdict: pb::Verdict::False.into(),
        facts: "\u{200B}经核查，\u{200B}县医院正常开诊。\u{200B}\r\n当事人 138-0000-0000，咨询电话 0571-88886666。\u{200D}\u{FEFF}\n家庭号👨‍👩‍👧服务照旧。"
            .into(),
        evidence: "书面答复（演示）".into(),
        answered_by: "值班科长\u{2060}".into(),
    };
    let answered = office.approval().answer_finding(without_token(request)).await.unwrap();
    let answered = answered.into_inner().finding.unwrap();
    assert_eq!(
        answered.facts,
        "经核查，县医院正常开诊。\n当事人 〔手机号〕，咨询电话 0571-88886666。\n家庭号👨‍👩‍👧服务照旧。"
    );
    assert!(answered.personal_data_removed && answered.answered_by == "值班科长", "{answered:?}");
    let whole = office.get_case(&duty, &case.case_id).await;
    assert!(whole.events.iter().any(|event| event.what.contains("个人信息已隐去")), "{:?}", whole.events);
}

#[tokio::test]
async fn what_is_being_said_points_at_nobody() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let request = pb::OpenNoticeRequest {
        request_id: Uuid::now_v7().to_string(),
        sentence: "张三\u{200B}（138，0000，0000）传县医院停诊".into(),
    };
    let refused = office.approval().open_notice(with_token(request, &duty.token)).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().contains("手机号码") || format!("{refused:?}").contains("mobile"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_same_request_asks_once_and_shows_the_same_link() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "明天凌晨3点地震").await;
    let request = question(&case.case_id);
    let first = ask(&office, &duty, &request).await;
    let again = ask(&office, &duty, &request).await;
    assert_eq!(first, again);
    assert_eq!(first.link_code.len(), 6);
    assert_eq!(office.get_case(&duty, &case.case_id).await.findings.len(), 1);
}

#[tokio::test]
async fn a_link_that_is_not_ours_shows_nothing() {
    let office = Office::open().await;
    for secret in ["", "AAAA", &"A".repeat(64), "不是链接"] {
        assert_refused(opened(&office, secret, "000000").await, Code::NotFound, "NOT_FOUND");
        assert_refused(answered(&office, answer(secret, "000000")).await, Code::NotFound, "NOT_FOUND");
    }
}

#[tokio::test]
async fn urgency_is_set_on_what_the_officer_saw() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "明天凌晨3点地震").await;
    let request = pb::SetUrgencyRequest {
        case_id: case.case_id,
        expected_revision: case.state_revision,
        urgent: true,
        due_in: Some(prost_types::Duration { seconds: 5 * 3_600, nanos: 0 }),
    };
    let set = office.approval().set_urgency(with_token(request.clone(), &duty.token)).await.unwrap();
    let set = set.into_inner().case.unwrap();
    assert!(set.urgent && set.due_time.is_some());
    let stale = office.approval().set_urgency(with_token(request, &duty.token)).await;
    assert_refused(stale, Code::Aborted, "CHANGED_MEANWHILE");
}

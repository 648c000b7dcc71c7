//! A department's question and answer.

use contracts::approval::v1 as pb;
use grpc::{with_token, without_token};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::office::{Office, Person, assert_refused};

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
        due_in: Some(prost_types::Duration { seconds: 1_800, nanos: 0 }),
    }
}

async fn answer(office: &Office, link_secret: &str, evidence: &str) -> Result<pb::Finding, Status> {
    let request = pb::AnswerFindingRequest {
        link_secret: link_secret.into(),
        verdict: pb::Verdict::False.into(),
        facts: "未收到、未发布涉及我县的地震预报。".into(),
        evidence: evidence.into(),
        answered_by: "值班科长".into(),
    };
    let response = office.approval().answer_finding(without_token(request)).await?;
    Ok(response.into_inner().finding.unwrap())
}

#[tokio::test]
async fn a_department_answers_on_its_own_link_once_and_never_without_evidence() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "明天凌晨3点地震").await;
    let asked = ask(&office, &duty, &question(&case.case_id)).await;
    assert_eq!(office.get_case(&duty, &case.case_id).await.case.unwrap().state(), pb::case::State::Checking);

    let request = pb::GetFindingRequestRequest { link_secret: asked.link_secret.clone() };
    let shown = office.approval().get_finding_request(without_token(request)).await.unwrap().into_inner();
    assert_eq!(
        (shown.sentence.as_str(), shown.finding.unwrap().verdict()),
        ("明天凌晨3点地震", pb::Verdict::Unspecified)
    );

    assert_refused(answer(&office, &asked.link_secret, "  ").await, Code::InvalidArgument, "INVALID_FIELD");
    let answered = answer(&office, &asked.link_secret, "书面答复（演示）").await.unwrap();
    assert_eq!(answered.verdict(), pb::Verdict::False);
    let twice = answer(&office, &asked.link_secret, "另一份").await;
    assert_refused(twice, Code::FailedPrecondition, "FINDING_ANSWERED");

    let whole = office.get_case(&duty, &case.case_id).await;
    assert_eq!(whole.case.unwrap().state(), pb::case::State::Found);
    assert_eq!(whole.findings[0].evidence, "书面答复（演示）");
}

#[tokio::test]
async fn an_answer_comes_in_without_what_nobody_sees_and_what_points_at_a_person_and_says_so() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "县医院停诊").await;
    let asked = ask(&office, &duty, &question(&case.case_id)).await;
    let request = pb::AnswerFindingRequest {
        link_secret: asked.link_secret.clone(),
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
    assert_eq!(office.get_case(&duty, &case.case_id).await.findings.len(), 1);
}

#[tokio::test]
async fn a_link_that_is_not_ours_shows_nothing() {
    let office = Office::open().await;
    for secret in ["", "AAAA", &"A".repeat(64), "不是链接"] {
        let request = pb::GetFindingRequestRequest { link_secret: secret.into() };
        let refused = office.approval().get_finding_request(without_token(request)).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        assert_refused(answer(&office, secret, "证据").await, Code::NotFound, "NOT_FOUND");
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

//! A case for every claim, whatever comes first and however often.

use contracts::approval::v1 as pb;
use contracts::classification::v1::{AlarmRaised, Claim, ClaimGrew, ClaimOpened, Intent, MessageCorrected};
use grpc::with_token;
use ids::{AgencyId, ClaimId, ReportId};
use prost::Message;
use testkit::eventually;
use tonic::Code;

use crate::office::{Office, Person, assert_refused};

fn claim(id: ClaimId, report_count: u64, urgency: u32) -> Option<Claim> {
    Some(Claim {
        claim_id: id.to_string(),
        sentence: "明天凌晨3点青岚县有7级地震".into(),
        report_count,
        urgency,
        departments: vec!["县应急管理局".into(), "县公安局".into()],
        named_until_time: Some(prost_types::Timestamp { seconds: 1_795_449_600, nanos: 0 }),
        ..Claim::default()
    })
}

async fn cases(office: &Office, person: &Person) -> Vec<pb::Case> {
    let request = pb::ListCasesRequest::default();
    office.approval().list_cases(with_token(request, &person.token)).await.unwrap().into_inner().cases
}

#[tokio::test]
async fn opening_and_growth_in_any_order_and_twice_make_one_case_with_the_newest_counts() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let id = ClaimId::mint();
    let agency_id = office.agency.to_string();
    let opened = ClaimOpened { agency_id: agency_id.clone(), claim: claim(id, 1, 10) };
    let grew = |state_revision, report_count| ClaimGrew {
        agency_id: agency_id.clone(),
        state_revision,
        claim: claim(id, report_count, 90),
    };
    office.classification.say(office.agency, &grew(3, 40)).await;
    office.classification.say(office.agency, &opened).await;
    office.classification.say(office.agency, &grew(2, 20)).await;
    office.classification.say(office.agency, &opened).await;
    let other = ClaimId::mint();
    let last = ClaimOpened { agency_id, claim: claim(other, 1, 5) };
    office.classification.say(office.agency, &last).await;

    let found =
        eventually("two cases", async || Some(cases(&office, &duty).await).filter(|cases| cases.len() == 2))
            .await;
    let (burning, small) = (&found[0], &found[1]);
    assert_eq!((burning.claim_id.as_str(), burning.report_count), (id.to_string().as_str(), 40));
    assert_eq!(burning.departments, ["县应急管理局", "县公安局"]);
    assert_eq!((burning.code.as_str(), small.code.as_str()), ("QL-0001", "QL-0002"));
    assert_eq!(
        burning.named_until_time.unwrap().seconds,
        1_795_449_600,
        "the draft is proposed to end with it"
    );
    assert_eq!(burning.state_revision, 1, "a claim's growth is no change that an officer must have seen");
}

#[tokio::test]
async fn an_alarm_is_shown_until_somebody_takes_note() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let report = ReportId::mint();
    let raised = AlarmRaised {
        agency_id: office.agency.to_string(),
        report_id: report.to_string(),
        masked_text: "有人掉进河里了".into(),
        raised_time: Some(grpc::timestamp(office.now())),
    };
    office.classification.say(office.agency, &raised).await;
    office.classification.say(office.agency, &raised).await;
    let alarms = async || {
        let request = with_token(pb::ListAlarmsRequest {}, &duty.token);
        let listed = office.approval().list_alarms(request).await.unwrap().into_inner();
        assert_eq!(listed.waiting_count, listed.alarms.len() as u64);
        listed.alarms
    };
    let shown = eventually("the alarm", async || Some(alarms().await).filter(|all| !all.is_empty())).await;
    assert_eq!((shown.len(), shown[0].masked_text.as_str()), (1, "有人掉进河里了"));
    for _ in 0..2 {
        let request = pb::AcknowledgeAlarmRequest { report_id: report.to_string() };
        office.approval().acknowledge_alarm(with_token(request, &duty.token)).await.unwrap();
    }
    assert!(alarms().await.is_empty());
    let request = pb::AcknowledgeAlarmRequest { report_id: ReportId::mint().to_string() };
    let unknown = office.approval().acknowledge_alarm(with_token(request, &duty.token)).await;
    assert_refused(unknown, Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn long_alarms_are_fewer_on_the_page_and_all_of_them_are_counted() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    for _alarm in 0..40 {
        let raised = AlarmRaised {
            agency_id: office.agency.to_string(),
            report_id: ReportId::mint().to_string(),
            masked_text: "𠮷".repeat(20_000),
            raised_time: Some(grpc::timestamp(office.now())),
        };
        office.classification.say(office.agency, &raised).await;
    }
    let listed = eventually("every alarm", async || {
        let request = with_token(pb::ListAlarmsRequest {}, &duty.token);
        let listed = office.approval().list_alarms(request).await.unwrap().into_inner();
        (listed.waiting_count == 40).then_some(listed)
    })
    .await;
    assert!((1..40).contains(&listed.alarms.len()), "{} alarms", listed.alarms.len());
    assert!(listed.encoded_len() < grpc::PAGE_BYTES_MAX + 100);
}

#[tokio::test]
async fn the_queue_comes_in_pages() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    for number in 0..5 {
        office.open_notice(&duty, &format!("通报{number}")).await;
    }
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            pb::ListCasesRequest { states: Vec::new(), page_size: 2, page_token, past_validity: false };
        let page = office.approval().list_cases(with_token(request, &duty.token)).await.unwrap().into_inner();
        seen.extend(page.cases.into_iter().map(|case| case.code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["QL-0001", "QL-0002", "QL-0003", "QL-0004", "QL-0005"]);
    let request = pb::ListCasesRequest { page_token: "nonsense".into(), ..Default::default() };
    let refused = office.approval().list_cases(with_token(request, &duty.token)).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_FIELD");
}

#[tokio::test]
async fn what_cannot_be_read_becomes_a_dead_letter_and_stops_nothing() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let broken = ClaimOpened { agency_id: office.agency.to_string(), claim: None };
    office.classification.say(office.agency, &broken).await;
    // It came in this agency's name and speaks for another.
    let forged =
        ClaimOpened { agency_id: AgencyId::mint().to_string(), claim: claim(ClaimId::mint(), 1, 10) };
    office.classification.say(office.agency, &forged).await;
    let mut opened =
        ClaimOpened { agency_id: office.agency.to_string(), claim: claim(ClaimId::mint(), 1, 10) };
    opened.claim.as_mut().unwrap().sentence = "地震\0吗".into();
    office.classification.say(office.agency, &opened).await;
    let case = eventually("the readable one's case", async || cases(&office, &duty).await.pop()).await;
    assert_eq!((cases(&office, &duty).await.len(), &*case.sentence), (1, "地震吗"));
    let letters = messaging::dead_letters::list(&office.database.superuser(), None, 10).await.unwrap();
    assert_eq!(letters.len(), 2);
}

#[tokio::test]
async fn a_dismissed_case_stays_closed_and_tells_classification() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, "身份证怎么补办").await;
    let request = pb::DismissCaseRequest {
        case_id: case.case_id.clone(),
        expected_revision: case.state_revision,
        reason: "不是谣言，已转办。".into(),
        session_secret: duty.session_secret.clone(),
    };
    let dismissed = office.approval().dismiss_case(with_token(request, &duty.token)).await.unwrap();
    let dismissed = dismissed.into_inner().case.unwrap();
    assert_eq!(
        (dismissed.state(), dismissed.note.as_str()),
        (pb::case::State::Dismissed, "不是谣言，已转办。")
    );
    assert_eq!(office.emitted::<pb::CaseDismissed>().await[0].case_id, case.case_id);
    assert!(cases(&office, &duty).await.is_empty());

    let drafter = office.sign_in("drafter").await;
    let refused = office.save_draft(&drafter, &case.case_id, None, crate::office::watermelon()).await;
    assert_refused(refused, Code::FailedPrecondition, "CASE_STATE");
}

#[tokio::test]
async fn what_an_officer_said_of_a_message_is_in_the_audit_trail_under_the_officers_name_once() {
    let office = Office::open().await;
    let (person, name): (uuid::Uuid, String) =
        sqlx::query_as("SELECT person_id, display_name FROM approval.person WHERE login = 'duty'")
            .fetch_one(&office.database.superuser())
            .await
            .unwrap();
    let report = ReportId::mint();
    let corrected = MessageCorrected {
        agency_id: office.agency.to_string(),
        report_id: report.to_string(),
        previous_intent: Intent::Complaint.into(),
        intent: Intent::Report.into(),
        person_id: person.to_string(),
        decide_time: Some(grpc::timestamp(office.now())),
    };
    office.classification.say(office.agency, &corrected).await;
    let auditor = office.sign_in("auditor").await;
    let entries = async || {
        let request = with_token(pb::ListAuditRequest::default(), &auditor.token);
        let mut entries = office.approval().list_audit(request).await.unwrap().into_inner().entries;
        entries.retain(|entry| entry.action == "message.intent_set");
        entries
    };
    let entries =
        eventually("the entries", async || Some(entries().await).filter(|all| !all.is_empty())).await;
    assert_eq!((entries.len(), &entries[0].actor), (1, &name));
    assert_eq!(entries[0].subject, format!("report {report} complaint -> report"));
}

#[tokio::test]
async fn among_equals_the_hint_orders_the_queue_over_pages_and_without_one_a_case_stands_in_the_middle() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    // More reports stand before fewer, unless a hint says otherwise; a hint lifts nothing over what burns more.
    for (report_count, urgency, order_hint) in
        [(9, 20, None), (1, 20, Some(90)), (50, 20, Some(10)), (3, 20, None), (1, 40, Some(0))]
    {
        let told = claim(ClaimId::mint(), report_count, urgency).map(|claim| Claim { order_hint, ..claim });
        let opened = ClaimOpened { agency_id: office.agency.to_string(), claim: told };
        office.classification.say(office.agency, &opened).await;
    }
    eventually("five cases", async || Some(cases(&office, &duty).await).filter(|cases| cases.len() == 5))
        .await;
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListCasesRequest { page_size: 2, page_token, ..Default::default() };
        let page = office.approval().list_cases(with_token(request, &duty.token)).await.unwrap().into_inner();
        listed.extend(page.cases.into_iter().map(|case| (case.urgency, case.report_count)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, [(40, 1), (20, 1), (20, 9), (20, 3), (20, 50)]);
}

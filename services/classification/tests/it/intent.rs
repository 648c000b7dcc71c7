//! What people say that messages are, and what it teaches.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what it asked for")]

use classification::train::{Kind, State, TrainError, roll_back, train};
use contracts::classification::v1 as pb;
use contracts::classification::v1::{AlarmRaised, Intent, MessageCorrected, ReportAssigned};
use contracts::ingest::v1::MessageTranscribed;
use grpc::Role;
use ids::{AgencyId, ClaimId, ReportId};
use runtime::Clock;
use tonic::{Code, Status};

use crate::desk::{Desk, Said};

const COMPLAINT: &str = "我要投诉，老桥下天天施工，桥墩裂了没人管";
const ROAD: &str = "明天全县高速公路封路三天";

/// Messages that no rule knows: of the first kind the office says questions, of the second complaints.
const ASKED: &str = "绿洲健身馆周三游泳班还收不收插班学员";
const GRUMBLED: &str = "楼上装修电钻响到深夜，小孩没法睡";

impl Desk {
    /// A citizen sends this; gives its id once it is judged.
    async fn sent(&self, text: &str) -> ReportId {
        let report = ReportId::mint();
        self.ingest_says(&self.received(report, text)).await;
        self.until_judged(report, |_| true).await;
        report
    }

    fn intent_request(&self, report: ReportId, intent: Intent, revision: u64) -> pb::SetMessageIntentRequest {
        pb::SetMessageIntentRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            report_id: report.to_string(),
            intent: intent.into(),
            expected_revision: revision,
        }
    }

    async fn sets(
        &self,
        role: Role,
        request: &pb::SetMessageIntentRequest,
    ) -> Result<Option<ClaimId>, Status> {
        let request = self.as_role(self.agency, role, request.clone());
        let answer = self.client().set_message_intent(request).await?.into_inner();
        Ok((!answer.claim_id.is_empty()).then(|| answer.claim_id.parse().unwrap()))
    }

    /// The duty officer says what a message is.
    async fn says_it_is(&self, report: ReportId, intent: Intent, revision: u64) -> Option<ClaimId> {
        self.sets(Role::DutyOfficer, &self.intent_request(report, intent, revision)).await.unwrap()
    }

    /// People have said of so many messages of each kind what they are.
    async fn decided(&self, each: i64) {
        let agency = self.agency;
        self.alter(format!(
            "WITH said AS (
                 SELECT gen_random_uuid() AS report_id, number,
                        CASE number % 3 WHEN 0 THEN 'question' WHEN 1 THEN 'complaint' ELSE 'report' END AS intent,
                        CASE number % 3
                            WHEN 0 THEN (ARRAY['绿洲健身馆', '体育馆', '少年宫', '文化站', '健身馆'])[1 + number % 5]
                                || (ARRAY['周三游泳班', '画画班', '周末舞蹈班', '游泳班'])[1 + number % 4]
                                || (ARRAY['还收不收插班学员', '还收不收学员', '收不收新学员'])[1 + number % 7 % 3]
                            WHEN 1 THEN (ARRAY['楼上', '隔壁', '楼下', '对门', '楼上邻居'])[1 + number % 5]
                                || (ARRAY['装修电钻响到深夜', '装修响到深夜', '电钻响', '半夜装修'])[1 + number % 4]
                                || (ARRAY['，小孩没法睡', '，老人没法睡', '，没法睡'])[1 + number % 7 % 3]
                            ELSE (ARRAY['大桥', '老桥', '水塔', '电视塔', '体育场'])[1 + number % 5]
                                || (ARRAY['夜里要炸掉重建', '要炸掉', '下月要炸掉', '夜里要拆'])[1 + number % 4]
                                || (ARRAY['，全城断路', '，全城停电', '，大家快走'])[1 + number % 7 % 3]
                        END || number AS words
                 FROM generate_series(1, {each} * 3) AS number
             ), messages AS (
                 INSERT INTO classification.report
                     (agency_id, report_id, masked_text, said_time, seen_at, intent, similarity, reasons)
                 SELECT '{agency}', report_id, words, now(), '', 'other', 0, '[]' FROM said
             )
             INSERT INTO classification.intent_decision
                 (agency_id, request_id, report_id, previous_intent, intent, person_id, decide_time)
             SELECT '{agency}', gen_random_uuid(), report_id, 'report', intent, gen_random_uuid(),
                    now() - interval '1 day' + number * interval '1 second'
             FROM said"
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_says_is_a_report_opens_a_claim_and_the_next_one_joins_it() {
    let desk = Desk::open(1).await;
    let report = desk.sent(COMPLAINT).await;
    let request = desk.intent_request(report, Intent::Report, 0);
    let claim = desk.sets(Role::DutyOfficer, &request).await.unwrap().expect("a report has a claim");
    let judged = desk.until_judged(report, |judged| judged.claim == Some(claim)).await;
    assert_eq!(judged.intent, "report");
    assert!(judged.signals.iter().any(|signal| signal == "office.intent"), "{judged:?}");

    let other = desk.sent(COMPLAINT).await;
    assert_eq!(
        desk.says_it_is(other, Intent::Report, 0).await,
        Some(claim),
        "the same words are the same claim"
    );
    assert_eq!(desk.claim(claim).await.report_count, 2);
    let told = desk.emitted::<ReportAssigned>().await;
    let told: Vec<_> = told.iter().filter(|told| told.report_id == report.to_string()).collect();
    assert_eq!(
        (told.len(), told[1].assignment_revision, told[1].claim_id.clone()),
        (2, 1, claim.to_string())
    );

    let corrected = desk.emitted::<MessageCorrected>().await;
    assert_eq!((corrected[0].previous_intent(), corrected[0].intent()), (Intent::Complaint, Intent::Report));
    assert!(!corrected[0].person_id.is_empty() && corrected[0].decide_time.is_some());

    // The same form again is the same decision; another with its id is refused, and so is one that saw less.
    assert_eq!(desk.sets(Role::DutyOfficer, &request).await.unwrap(), Some(claim));
    assert_eq!(desk.count("SELECT count(*) FROM classification.intent_decision").await, 2);
    let reused = pb::SetMessageIntentRequest { intent: Intent::Help.into(), ..request };
    assert_eq!(desk.sets(Role::Signer, &reused).await.unwrap_err().code(), Code::FailedPrecondition);
    let stale = desk.intent_request(report, Intent::Question, 0);
    assert_eq!(desk.sets(Role::Signer, &stale).await.unwrap_err().code(), Code::Aborted);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_report_leaves_its_claim_and_nothing_changes_for_others() {
    let desk = Desk::open(2).await;
    let (first, second) = (desk.sent(ROAD).await, desk.sent(ROAD).await);
    let claim = desk.until_judged(second, |judged| judged.claim.is_some()).await.claim.unwrap();
    assert_eq!(desk.says_it_is(first, Intent::Complaint, 0).await, None);
    let judged = desk.until_judged(first, |judged| judged.claim.is_none()).await;
    assert_eq!(judged.intent, "complaint");
    assert_eq!(desk.claim(claim).await.report_count, 1);
    let third = desk.sent(ROAD).await;
    assert_eq!(desk.until_judged(third, |_| true).await.claim, Some(claim), "one click silences nobody else");
    // Put right again, it is back where it was.
    assert_eq!(desk.says_it_is(first, Intent::Report, 1).await, Some(claim));
    assert_eq!(desk.claim(claim).await.report_count, 3);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_help_that_a_person_hears_raises_the_alarm() {
    let desk = Desk::open(1).await;
    let report = desk.sent(GRUMBLED).await;
    desk.says_it_is(report, Intent::Help, 0).await;
    let alarms = desk.emitted::<AlarmRaised>().await;
    assert_eq!((alarms.len(), alarms[0].report_id.clone()), (1, report.to_string()));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_words_waits_for_its_transcript() {
    let desk = Desk::open(1).await;
    let report = desk.sent("〔语音〕").await;
    let refused = desk.sets(Role::DutyOfficer, &desk.intent_request(report, Intent::Report, 0)).await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
    let written = MessageTranscribed {
        agency_id: desk.agency.to_string(),
        report_id: report.to_string(),
        revision: 1,
        masked_text: COMPLAINT.into(),
    };
    desk.ingest_says(&written).await;
    desk.until_judged(report, |judged| judged.intent == "complaint").await;
    assert!(desk.says_it_is(report, Intent::Report, 1).await.is_some());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_on_duty_of_its_agency_say_what_a_message_is_and_no_decision_is_rewritten() {
    let desk = Desk::open(1).await;
    let report = desk.sent(ROAD).await;
    let request = desk.intent_request(report, Intent::Question, 0);
    for role in [Role::Auditor, Role::Drafter, Role::Administrator, Role::Client] {
        assert_eq!(desk.sets(role, &request).await.unwrap_err().code(), Code::PermissionDenied, "{role:?}");
    }
    let elsewhere = desk.as_role(AgencyId::mint(), Role::DutyOfficer, request.clone());
    assert_eq!(desk.client().set_message_intent(elsewhere).await.unwrap_err().code(), Code::NotFound);
    desk.sets(Role::DutyOfficer, &request).await.unwrap();
    for statement in [
        "UPDATE classification.intent_decision SET intent = 'other'",
        "DELETE FROM classification.intent_decision",
    ] {
        let mut tx = database::agency_tx(&desk.database.pool, desk.agency).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_rule_holds_a_model_of_the_offices_decisions_speaks_and_silences_nothing() {
    let desk = Desk::open(2).await;
    let asked = format!("请看看：{ASKED}啊");
    let claim = desk.hears(&[Said::new(&asked)]).await[0].claim;
    assert!(claim.is_some(), "without a model what no rule knows is a report");

    desk.decided(60).await;
    let now = Clock::system().now();
    let version = train(&desk.database.pool, desk.agency, Kind::Intent, &[], now).await.unwrap();
    assert_eq!((version.state, version.own_count), (State::Active, 180), "{version:?}");
    assert!(version.figures.new > version.figures.before, "{version:?}");

    let grumbled = format!("{GRUMBLED}，真烦");
    let judged = desk.hears(&[Said::new(&grumbled)]).await;
    assert_eq!((judged[0].intent.as_str(), judged[0].claim), ("complaint", None), "{judged:?}");
    assert!(judged[0].signals.iter().any(|signal| signal == "intent.trained"), "{judged:?}");
    // An address is looked at, whatever the words are like.
    let passed_on = format!("楼上半夜装修，电钻响到深夜，{GRUMBLED} https://a.cn/1");
    assert_eq!(desk.hears(&[Said::new(&passed_on)]).await[0].intent, "report");
    let alarms = desk.emitted::<AlarmRaised>().await.len();
    let judged = desk
        .hears(&[
            // What is known already gathers on; what a rule hears is in no doubt; what is no report is not moved.
            Said::new(&asked),
            Said::new(&format!("听说{GRUMBLED}")),
            Said::new("大桥夜里要炸掉重建，全城断路，快走"),
            Said::new("救命，电钻响的楼上有人被困住了出不来"),
        ])
        .await;
    assert_eq!(judged[0].claim, claim, "{judged:?}");
    for judged in &judged[..3] {
        assert_eq!(judged.intent, "report", "{judged:?}");
        assert!(judged.claim.is_some());
    }
    assert_eq!(judged[3].intent, "help");
    assert_eq!(desk.emitted::<AlarmRaised>().await.len(), alarms + 1);

    assert_eq!(roll_back(&desk.database.pool, desk.agency, Kind::Intent).await.unwrap(), None);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_clicks_teach_nothing() {
    let desk = Desk::open(1).await;
    desk.decided(19).await;
    let error = train(&desk.database.pool, desk.agency, Kind::Intent, &[], Clock::system().now()).await;
    assert!(matches!(error.unwrap_err(), TrainError::TooFew(_)));
    desk.close().await;
}

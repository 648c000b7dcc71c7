//! Models that learn from what the office decided.

use std::time::Duration;

use classification::train::{Kind, State, TrainError, roll_back, train, versions};
use contracts::approval::v1::{ClaimCorrected, claim_corrected};
use contracts::classification::v1::{ClaimOpened, Reason};
use ids::{AgencyId, PersonId};
use runtime::Clock;
use time::OffsetDateTime;

use crate::desk::{Desk, Said, Words};

/// What rumors, and what other messages, were like in one season.
struct Season {
    rumor: &'static str,
    other: &'static str,
}

const FIRST: Season =
    Season { rumor: "紧急扩散！有大事，转给家人", other: "今日天气预报，晴" };
/// What the first season's model takes for the opposite of what it is.
const SECOND: Season = Season {
    rumor: "今日天气预报内部版，要变天", other: "紧急扩散！招聘启事，转给家人"
};

impl Desk {
    /// The office has finished 160 claims of a season: half were dismissed, half clarified as false.
    async fn finished(&self, season: &Season, since: OffsetDateTime) {
        let agency = self.agency;
        let Season { rumor, other } = season;
        let since = since.unix_timestamp();
        self.alter(format!(
            "WITH finished AS (
                 SELECT number, gen_random_uuid() AS claim_id, number % 2 = 0 AS rumor,
                        to_timestamp({since}) + number * interval '1 second' AS said_time
                 FROM generate_series(1, 160) AS number
             ), claims AS (
                 INSERT INTO classification.claim
                     (agency_id, claim_id, state, sentence, report_count, reporter_count, place_count, first_time,
                      last_time, departments, urgency_of_words, routing, urgency, told_time, compare)
                 SELECT '{agency}', claim_id, CASE WHEN rumor THEN 'open' ELSE 'dismissed' END, '演示', 1, 1, 0,
                        said_time, said_time, '[\"县公安局\"]', '[]', '[]', 0, said_time, false
                 FROM finished
             ), clarifications AS (
                 INSERT INTO classification.clarification
                     (agency_id, clarification_id, revision, claim_id, kind, response_level, automatic_answer,
                      claim_sentence, title, verdict)
                 SELECT '{agency}', gen_random_uuid(), 1, claim_id, 'clarification', 'everything', false, '', '',
                        'false'
                 FROM finished WHERE rumor
             )
             INSERT INTO classification.report
                 (agency_id, report_id, masked_text, said_time, seen_at, intent, claim_id, similarity, reasons)
             SELECT '{agency}', gen_random_uuid(),
                    CASE WHEN rumor THEN '{rumor}' ELSE '{other}' END || number, said_time, '', 'report', claim_id,
                    1, '[]'
             FROM finished"
        ))
        .await;
    }

    /// An officer has sent so many of the office's claims to another department than was suggested.
    async fn rerouted(&self, count: i64, department: &str) {
        let agency = self.agency;
        self.alter(format!(
            "WITH rerouted AS (
                 SELECT claim_id, row_number() OVER (ORDER BY first_time) AS number
                 FROM classification.claim WHERE state = 'dismissed' ORDER BY first_time LIMIT {count}
             ), corrections AS (
                 INSERT INTO classification.correction
                     (agency_id, correction, kind, claim_id, departments, decide_time, applied)
                 SELECT '{agency}', number, 'reroute', claim_id, ARRAY['{department}'], now(), true FROM rerouted
             )
             UPDATE classification.claim SET departments = '[\"{department}\"]'
             WHERE claim_id IN (SELECT claim_id FROM rerouted)"
        ))
        .await;
    }

    /// The hint that a newly opened claim has.
    async fn hint(&self, text: &str) -> Option<Reason> {
        let claim = self.hears(&[Said::new(text)]).await[0].claim.expect("a report reaches a claim");
        let reasons = self.claim(claim).await.reasons;
        reasons.into_iter().find(|reason| reason.signal == "likelihood")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trained_model_hints_at_once_and_without_one_there_is_no_hint() {
    let desk = Desk::open(2).await;
    let now = Clock::system().now();
    desk.finished(&FIRST, now - Duration::from_secs(3_600)).await;
    assert_eq!(desk.hint("城东小学停课两周").await, None);

    let version = train(&desk.database.pool, desk.agency, Kind::Likelihood, &[], now).await.unwrap();
    assert_eq!((version.version, version.state, version.own_count), (1, State::Active, 160));
    assert!(version.figures.new > Some(0.9), "{version:?}");

    let hint = desk.hint("紧急扩散！高速公路塌了，转给家人").await.expect("a model is active");
    assert!(hint.detail.contains("排序参考") && hint.detail.contains("第1版"), "{hint:?}");
    assert!(hint.share.abs() < 1e-9, "a hint is no part of any score: {hint:?}");
    assert!(desk.hint("今日天气预报，多云转晴").await.is_some());
    let opened: Vec<ClaimOpened> = desk.emitted().await;
    let hints: Vec<Option<u32>> =
        opened.iter().map(|opened| opened.claim.as_ref().and_then(|claim| claim.order_hint)).collect();
    assert_eq!((hints.len(), hints[0]), (3, None), "without a model a claim has no place among its equals");
    assert!(hints[1] > hints[2], "what is said as rumors were stands before what is not: {hints:?}");
    assert!(hints.iter().flatten().all(|hint| *hint <= 100));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_better_on_unseen_decisions_takes_over_and_can_be_taken_back() {
    let desk = Desk::open(1).await;
    let now = Clock::system().now();
    let pool = &desk.database.pool;
    let trained = async |now| train(pool, desk.agency, Kind::Likelihood, &[], now).await.unwrap();
    desk.finished(&FIRST, now - Duration::from_secs(3_600)).await;
    assert_eq!(trained(now).await.state, State::Active);
    // Nothing new was decided since: there is nothing to hold the two against.
    assert_eq!(trained(now).await.state, State::Refused);

    desk.finished(&SECOND, now + Duration::from_secs(60)).await;
    let better = trained(now).await;
    assert_eq!((better.version, better.state), (3, State::Active), "{better:?}");
    assert!(better.figures.new > better.figures.before, "{better:?}");
    let hint = desk.hint("今日天气预报内部版，台风要来").await.unwrap();
    assert!(hint.detail.contains("第3版"), "{hint:?}");

    assert_eq!(roll_back(pool, desk.agency, Kind::Likelihood).await.unwrap(), Some(1));
    let hint = desk.hint("紧急扩散！城西有大事").await.unwrap();
    assert!(hint.detail.contains("第1版"), "{hint:?}");
    assert_eq!(roll_back(pool, desk.agency, Kind::Likelihood).await.unwrap(), None);
    assert_eq!(desk.hint("内部消息：学校要合并").await, None);
    let error = roll_back(pool, desk.agency, Kind::Likelihood).await.unwrap_err();
    assert!(matches!(error, TrainError::NoneActive), "{error}");
    let states: Vec<State> = versions(pool, desk.agency, Kind::Likelihood)
        .await
        .unwrap()
        .into_iter()
        .map(|version| version.state)
        .collect();
    assert_eq!(states, [State::Refused; 3]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_learns_from_its_own_decisions_only() {
    let desk = Desk::open(1).await;
    let now = Clock::system().now();
    desk.finished(&FIRST, now - Duration::from_secs(3_600)).await;
    let error = train(&desk.database.pool, AgencyId::mint(), Kind::Likelihood, &[], now).await.unwrap_err();
    assert!(matches!(error, TrainError::TooFew(_)), "{error}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_go_where_officers_sent_others_like_them() {
    let desk = Desk::open(1).await;
    let now = Clock::system().now();
    desk.finished(&FIRST, now - Duration::from_secs(3_600)).await;
    desk.rerouted(80, "县融媒体中心气象台").await;

    let version = train(&desk.database.pool, desk.agency, Kind::Topics, &[], now).await.unwrap();
    assert_eq!(
        (version.state, version.own_count, version.other_count),
        (State::Active, 80, 80),
        "{version:?}"
    );
    assert!(version.figures.new > version.figures.before, "{version:?}");

    let claim = desk.hears(&[Said::new("今日天气预报第9报，晴转多云")]).await[0].claim.unwrap();
    let claim = desk.claim(claim).await;
    assert_eq!(claim.departments[0], "县融媒体中心气象台", "{claim:?}");
    assert!(claim.reasons.iter().any(|reason| reason.signal == "route.trained"), "{claim:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_kept_with_the_clarification_that_says_it() {
    let desk = Desk::open(1).await;
    desk.signs(&Words::melons()).await;
    let query = "SELECT count(*) FROM classification.clarification WHERE verdict = 'false'";
    desk.eventually_counts("signed verdicts", query, 1).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_officer_re_routed_teaches_the_department_that_the_officer_named() {
    let desk = Desk::open(1).await;
    let now = Clock::system().now();
    desk.finished(&FIRST, now - Duration::from_secs(3_600)).await;
    let claims: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT claim_id FROM classification.claim WHERE state = 'dismissed' ORDER BY first_time DESC LIMIT 80",
    )
    .fetch_all(&desk.database.superuser())
    .await
    .unwrap();
    let officer = PersonId::mint();
    let rerouted: Vec<ClaimCorrected> = (1..)
        .zip(&claims)
        .map(|(correction, claim)| ClaimCorrected {
            agency_id: desk.agency.to_string(),
            correction,
            decide_time: Some(grpc::timestamp(now)),
            decision: Some(claim_corrected::Decision::Reroute(claim_corrected::Reroute {
                claim_id: claim.to_string(),
                departments: vec!["县融媒体中心气象台".into(), "县应急管理局".into()],
                person_id: officer.to_string(),
            })),
        })
        .collect();
    desk.approval_says(&rerouted).await;
    let query = "SELECT count(*) FROM classification.correction WHERE applied";
    desk.eventually_counts("applied corrections", query, 80).await;

    let version = train(&desk.database.pool, desk.agency, Kind::Topics, &[], now).await.unwrap();
    assert_eq!((version.state, version.own_count), (State::Active, 80), "{version:?}");
    let claim = desk.hears(&[Said::new("今日天气预报第9报，晴转多云")]).await[0].claim.unwrap();
    let claim = desk.claim(claim).await;
    assert_eq!(claim.departments[0], "县融媒体中心气象台", "{claim:?}");
    assert!(claim.reasons.iter().any(|reason| reason.signal == "route.trained"), "{claim:?}");
    desk.close().await;
}

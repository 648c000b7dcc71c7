//! Stopping is faster than speaking.

use contracts::approval::v1 as approval;
use contracts::ingest::v1::answer::State;
use ids::{ClaimId, ClarificationId};
use tonic::Code;

use crate::desk::Desk;
use crate::press::Word;

async fn one_asker(desk: &Desk, claim: ClaimId) -> String {
    let citizen = desk.citizens(1).await.remove(0);
    let report = desk.reports_as(&citizen, "群里说明天地震").await;
    desk.assigned(&report, claim).await;
    citizen
}

async fn until_state(desk: &Desk, claim: ClaimId, wanted: State) {
    desk.until("the answer is there", async || {
        let listed = desk.duty_officer().await.list(claim).await.unwrap();
        listed.answers.first().is_some_and(|answer| answer.state() == wanted)
    })
    .await;
}

#[tokio::test]
async fn a_halted_clarification_is_not_sent_until_it_goes_on() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    one_asker(&desk, claim).await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    let mut officer = desk.duty_officer().await;
    let halt = uuid::Uuid::now_v7();
    let first = officer.halt(halt, Some(word.clarification)).await.unwrap();
    assert_eq!((first.stopped, first.already_out), (0, 0));
    desk.page_is_up(word.clarification, 1).await;
    until_state(&desk, claim, State::Halted).await;
    assert!(desk.delivered().await.is_empty());

    // The same order again, by request and by event, is the same halt.
    assert_eq!(officer.halt(halt, Some(word.clarification)).await.unwrap(), first);
    let resume = uuid::Uuid::now_v7();
    officer.resume(resume, Some(word.clarification)).await.unwrap();
    until_state(&desk, claim, State::Sent).await;
    assert_eq!(desk.delivered().await.len(), 1);

    // A replayed resumption lifts no later halt.
    let second = officer.halt(uuid::Uuid::now_v7(), Some(word.clarification)).await.unwrap();
    assert_eq!((second.stopped, second.already_out), (0, 1));
    officer.resume(resume, Some(word.clarification)).await.unwrap();
    let standing: i64 = desk
        .count(
            "SELECT count(*) FROM ingest.halt WHERE clarification_id = $1 AND end_time IS NULL",
            word.clarification,
        )
        .await;
    assert_eq!(standing, 1);
}

#[tokio::test]
async fn halting_everything_silences_replies_too_and_is_told() {
    let desk = Desk::open().await;
    desk.signs(&Word::standing_replies()).await;
    let citizen = &desk.citizens(1).await[0];
    let mut officer = desk.duty_officer().await;
    assert!(!officer.answers_halted().await.halted);
    officer.halt(uuid::Uuid::now_v7(), Some(ClarificationId::mint())).await.unwrap_err();
    assert!(!officer.answers_halted().await.halted, "one clarification is not everything");
    officer.halt(uuid::Uuid::now_v7(), None).await.unwrap();
    let halted = officer.answers_halted().await;
    assert_eq!((halted.halted, halted.reason.as_str()), (true, "已停发：先停一下"));
    assert_eq!(desk.writes(citizen, "网传停水").await["reply"], serde_json::Value::Null);
    officer.resume(uuid::Uuid::now_v7(), None).await.unwrap();
    assert!(!officer.answers_halted().await.halted);
    assert_eq!(desk.writes(citizen, "网传停水，是真的吗").await["reply"], "收到，编号000002C。");
}

#[tokio::test]
async fn an_order_that_comes_by_the_bus_stops_as_well_and_a_revocation_for_good() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    one_asker(&desk, claim).await;
    let word = Word::clarification(claim);
    // The revocation is here before what it revokes.
    desk.approval_says(&approval::ClarificationRevoked {
        agency_id: desk.agency.to_string(),
        case_id: word.case.to_string(),
        clarification_id: word.clarification.to_string(),
        revision: 1,
        reason: "有误".into(),
    })
    .await;
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    let halted = Word::clarification(claim);
    desk.approval_says(&approval::HaltOrdered {
        agency_id: desk.agency.to_string(),
        halt_id: uuid::Uuid::now_v7().to_string(),
        scope: Some(approval::HaltScope {
            scope: Some(approval::halt_scope::Scope::ClarificationId(halted.clarification.to_string())),
        }),
        reason: "先停".into(),
        person_id: ids::PersonId::mint().to_string(),
        order_time: None,
    })
    .await;
    desk.signs(&halted).await;
    desk.page_is_up(halted.clarification, 1).await;
    until_state(&desk, claim, State::Halted).await;
    let listed = desk.duty_officer().await.list(claim).await.unwrap();
    assert_eq!(listed.answers.len(), 1, "nobody is owed a revoked revision");
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn a_halt_of_something_unknown_is_recorded_before_it_is_reported_missing() {
    let desk = Desk::open().await;
    let word = Word::clarification(ClaimId::mint());
    let missing =
        desk.duty_officer().await.halt(uuid::Uuid::now_v7(), Some(word.clarification)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let claim = word.claim.unwrap();
    one_asker(&desk, claim).await;
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    until_state(&desk, claim, State::Halted).await;
    let unknown = desk.duty_officer().await.resume(uuid::Uuid::now_v7(), Some(ClarificationId::mint())).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn stopping_never_waits_for_words_and_long_ones_are_cut() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    for reason in [String::new(), " \n".into(), "数字\u{0}有误".into(), "停".repeat(40_000)] {
        officer.halt_because(uuid::Uuid::now_v7(), None, reason).await.unwrap();
    }
    let longest: i32 = sqlx::query_scalar("SELECT max(length(reason)) FROM ingest.halt")
        .fetch_one(&desk.superuser)
        .await
        .unwrap();
    assert_eq!(longest, 500);
}

#[tokio::test]
async fn one_request_id_never_means_two_things() {
    let desk = Desk::open().await;
    let word = Word::clarification(ClaimId::mint());
    desk.signs(&word).await;
    let mut officer = desk.duty_officer().await;
    let id = uuid::Uuid::now_v7();
    officer.halt(id, None).await.unwrap();
    officer.halt(id, None).await.unwrap();
    let narrower = officer.halt(id, Some(word.clarification)).await.unwrap_err();
    assert_eq!(grpc::reason(&narrower).as_deref(), Some("REQUEST_ID_REUSED"));
    assert!(officer.answers_halted().await.halted);
}

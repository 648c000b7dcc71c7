//! Stopping is faster than speaking.

use contracts::approval::v1 as approval;
use contracts::approval::v1::halt_scope::Scope;
use contracts::ingest::v1::AnswersHalt;
use contracts::ingest::v1::answer::State;
use contracts::ingest::v1::answers_halt::Signing;
use ids::{ClaimId, ClarificationId};
use signoff::order::{Command, OrderScope};
use tonic::Code;
use uuid::Uuid;

use crate::desk::Desk;
use crate::press::Word;

async fn one_asker(desk: &Desk, claim: ClaimId) -> String {
    let citizen = desk.citizens(1).await.remove(0);
    let report = desk.reports_as(&citizen, "群里说明天地震").await;
    desk.assigned(&report, claim).await;
    citizen
}

async fn hears_of_lift(desk: &Desk, signed_order: Vec<u8>) {
    let lift_id = Uuid::now_v7().to_string();
    let agency_id = desk.agency.to_string();
    desk.approval_says(&approval::HaltLifted { agency_id, lift_id, signed_order }).await;
}

async fn hears_of_halt(desk: &Desk, halt: Uuid, scope: Scope, signed_order: Vec<u8>) {
    desk.approval_says(&approval::HaltOrdered {
        agency_id: desk.agency.to_string(),
        halt_id: halt.to_string(),
        scope: Some(approval::HaltScope { scope: Some(scope) }),
        reason: "先停".into(),
        signed_order,
        ..Default::default()
    })
    .await;
}

/// Says something that takes effect here and waits for it, so that whatever was said before has had its effect.
async fn catches_up(desk: &Desk) {
    desk.signs(&Word::clarification(ClaimId::mint())).await;
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
    let scope = OrderScope::Clarification(word.clarification);
    let resume = desk.lift("duty_officer", scope, &[halt]);
    officer.resume(resume.clone()).await.unwrap();
    until_state(&desk, claim, State::Sent).await;
    assert_eq!(desk.delivered().await.len(), 1);

    // A replayed resumption lifts no later halt.
    let second = officer.halt(uuid::Uuid::now_v7(), Some(word.clarification)).await.unwrap();
    assert_eq!((second.stopped, second.already_out), (0, 1));
    officer.resume(resume.clone()).await.unwrap();
    hears_of_lift(&desk, resume).await;
    catches_up(&desk).await;
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
    let halt = uuid::Uuid::now_v7();
    officer.halt(halt, None).await.unwrap();
    let halted = officer.answers_halted().await;
    assert_eq!((halted.halted, halted.reason.as_str()), (true, "已停发：先停一下"));
    assert_eq!(desk.writes(citizen, "网传停水").await["reply"], serde_json::Value::Null);
    officer.resume(desk.lift("signer", OrderScope::AutomaticAnswers, &[halt])).await.unwrap();
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
        signed_order: Vec::new(),
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
        signed_order: Vec::new(),
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

#[tokio::test]
async fn answers_go_on_by_a_leads_signed_order_alone_and_what_does_not_count_is_shown() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    let halt = Uuid::now_v7();
    officer.halt_everything(halt).await;
    let everything = || OrderScope::Everything;
    let bad = [
        ("ORDER_ABSENT", Vec::new()),
        ("ORDER_UNREADABLE", b"go on".to_vec()),
        ("ORDER_ROLE_NOT_ADMITTED", desk.lift("duty_officer", everything(), &[halt])),
        ("ORDER_ROLE_NOT_ADMITTED", desk.lift("checker", OrderScope::AutomaticAnswers, &[halt])),
        ("ORDER_FOREIGN", {
            let press = crate::press::Press::new(ids::AgencyId::mint());
            let halts = [ids::HaltId::from_uuid(halt)].into();
            let expires_at_ms = (desk.clock.now().unix_timestamp() + 600) * 1000;
            let lift = Command::Lift { scope: everything(), halts, expires_at_ms };
            press.order("signer", Uuid::now_v7(), lift, desk.clock.now())
        }),
    ];
    for (reason, order) in &bad {
        let refused = officer.resume(order.clone()).await.unwrap_err();
        assert_eq!(grpc::reason(&refused).as_deref(), Some("ORDER_REFUSED"), "{reason}");
        hears_of_lift(&desk, order.clone()).await;
    }
    // Automatic answers may go on; everything does not by that.
    let narrower = desk.lift("duty_officer", OrderScope::AutomaticAnswers, &[halt]);
    officer.resume(narrower).await.unwrap();
    catches_up(&desk).await;
    let shown = officer.answers_halted().await;
    assert!(shown.halted, "a narrower order ended a halt of everything");
    assert_eq!(shown.refused_orders.len(), 2 * bad.len());
    for (reason, _) in bad {
        assert!(shown.refused_orders.iter().any(|order| order.reason == reason && order.command == "lift"));
    }
    hears_of_lift(&desk, desk.lift("signer", everything(), &[halt])).await;
    desk.until("answers go on", async || !desk.duty_officer().await.answers_halted().await.halted).await;
    let (who, why): (String, String) = sqlx::query_as(
        "SELECT r.ordered_by, r.reason FROM ingest.resumption r JOIN ingest.halt h ON h.lift_id = r.request_id",
    )
    .fetch_one(&desk.superuser)
    .await
    .unwrap();
    assert_eq!((who.as_str(), why.as_str()), ("演示·signer", "已核实"));
}

#[tokio::test]
async fn a_resumption_that_comes_before_its_halt_ends_that_and_no_other() {
    let desk = Desk::open().await;
    let [over, other] = std::array::from_fn(|_| Uuid::now_v7());
    hears_of_lift(&desk, desk.lift("signer", OrderScope::Everything, &[over])).await;
    hears_of_halt(&desk, over, Scope::Everything(true), Vec::new()).await;
    hears_of_halt(&desk, over, Scope::Everything(true), Vec::new()).await;
    catches_up(&desk).await;
    let mut officer = desk.duty_officer().await;
    assert!(!officer.answers_halted().await.halted);
    // Whoever sends the form of that halt again must not believe that it stops anything.
    let again = officer.halt(over, None).await.unwrap_err();
    assert_eq!(grpc::reason(&again).as_deref(), Some("REQUEST_ID_REUSED"));
    hears_of_halt(&desk, other, Scope::Everything(true), Vec::new()).await;
    desk.until("the other is in force", async || {
        desk.duty_officer().await.answers_halted().await.halts.len() == 1
    })
    .await;
}

#[tokio::test]
async fn a_halt_stops_signed_or_not_and_says_which() {
    let desk = Desk::open().await;
    let now = desk.clock.now();
    let [told, unsigned, right, narrowed] = std::array::from_fn(|_| Uuid::now_v7());
    let signed = |id| desk.press.order("drafter", id, Command::Halt(OrderScope::Everything), now);
    desk.duty_officer().await.halt_everything(told).await;
    hears_of_halt(&desk, unsigned, Scope::Everything(true), signed(right)).await;
    hears_of_halt(&desk, right, Scope::Everything(true), signed(right)).await;
    // Nobody disarms a halt by telling of something narrower under its id.
    let narrow = Scope::ClarificationId(ClarificationId::mint().to_string());
    hears_of_halt(&desk, narrowed, narrow, Vec::new()).await;
    hears_of_halt(&desk, narrowed, Scope::Everything(true), signed(narrowed)).await;
    let halts = async |count: usize| {
        catches_up(&desk).await;
        let halts = desk.duty_officer().await.answers_halted().await.halts;
        assert_eq!(halts.len(), count);
        halts
    };
    let of = |halts: &[AnswersHalt], id: Uuid| {
        halts.iter().find(|halt| halt.halt_id == id.to_string()).unwrap().clone()
    };
    let before = halts(5).await;
    assert_eq!(of(&before, told).signing(), Signing::Told);
    let halt = of(&before, unsigned);
    assert_eq!(
        (halt.signing(), halt.unsigned_reason.as_str()),
        (Signing::Unsigned, "签名的指令与收到的内容不一致")
    );
    let halt = of(&before, right);
    assert_eq!((halt.signing(), halt.ordered_by.as_str()), (Signing::Signed, "演示·drafter"));
    hears_of_halt(&desk, told, Scope::Everything(true), signed(told)).await;
    hears_of_halt(&desk, right, Scope::Everything(true), Vec::new()).await;
    let after = halts(5).await;
    assert!([told, right].iter().all(|id| of(&after, *id).signing() == Signing::Signed));
}

#[tokio::test]
async fn a_resumption_ends_the_halts_that_it_names_and_no_other_of_its_scope() {
    let desk = Desk::open().await;
    let mut officer = desk.duty_officer().await;
    let [named, other] = std::array::from_fn(|_| Uuid::now_v7());
    for halt in [named, other] {
        officer.halt_everything(halt).await;
    }
    officer.resume(desk.lift("signer", OrderScope::Everything, &[named])).await.unwrap();
    let shown = officer.answers_halted().await;
    assert!(shown.halted);
    let standing: Vec<&str> = shown.halts.iter().map(|halt| halt.halt_id.as_str()).collect();
    assert_eq!(standing, [other.to_string()]);
}

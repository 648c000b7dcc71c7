//! Officers' signed orders: what stops is obeyed signed or not, what goes on is a lead's signed word alone.

use contracts::approval::v1::halt_scope::Scope as OrderedScope;
use contracts::approval::v1::{ClarificationRevoked, HaltLifted, HaltOrdered, HaltScope};
use contracts::publish::v1 as pb;
use contracts::publish::v1::halt_in_force::Signing;
use contracts::publish::v1::halt_request::Scope;
use contracts::publish::v1::publication::State;
use grpc::Role;
use ids::{AgencyId, HaltId};
use signoff::content::Content;
use signoff::order::{Command, OrderScope, SignedOrder};
use testkit::eventually;
use tonic::Code;
use uuid::Uuid;

use crate::desk::Desk;
use crate::office::{Office, set_level};

async fn told_to_halt(desk: &Desk, id: HaltId, scope: Scope) -> Result<pb::HaltResponse, tonic::Status> {
    let request = pb::HaltRequest { request_id: id.to_string(), scope: Some(scope), reason: "先停".into() };
    let answer = desk.client().await.halt(desk.by(Role::DutyOfficer, request)).await?;
    Ok(answer.into_inner())
}

/// The bus says that an officer stopped everything.
async fn hears_of_halt(desk: &Desk, id: HaltId, scope: OrderedScope, signed_order: Vec<u8>) {
    desk.say(&HaltOrdered {
        agency_id: desk.office.agency.to_string(),
        halt_id: id.to_string(),
        scope: Some(HaltScope { scope: Some(scope) }),
        reason: "先停".into(),
        signed_order,
        ..Default::default()
    })
    .await;
}

async fn hears_of_lift(desk: &Desk, signed_order: Vec<u8>) {
    let agency_id = desk.office.agency.to_string();
    desk.say(&HaltLifted { agency_id, lift_id: Uuid::now_v7().to_string(), signed_order }).await;
}

async fn hears_of_revocation(desk: &Desk, content: &Content, signed_order: Vec<u8>) {
    desk.say(&ClarificationRevoked {
        agency_id: content.agency.to_string(),
        case_id: content.case.to_string(),
        clarification_id: content.clarification.to_string(),
        revision: content.revision,
        reason: "数字有误".into(),
        signed_order,
    })
    .await;
}

/// The halts in force, once there are that many.
async fn in_force(desk: &Desk, count: usize) -> Vec<pb::HaltInForce> {
    let halts = eventually("the halts to be in force", async || {
        let halts = desk.stopped().await.halts;
        (halts.len() == count).then_some(halts)
    });
    halts.await
}

/// Says something that takes effect here and waits for it, so that whatever was said before has had its effect.
async fn catches_up(desk: &Desk) {
    let mut content = desk.content();
    set_level(&mut content, "publish");
    desk.announce(&content).await;
    eventually("the announcement to be taken up", async || {
        desk.publications(&content).await.into_iter().next()
    })
    .await;
}

fn page_only(desk: &Desk) -> Content {
    let mut content = desk.content();
    set_level(&mut content, "publish");
    content
}

#[tokio::test]
async fn everything_goes_on_by_the_signers_signed_order_told_directly_or_by_the_bus() {
    for by_the_bus in [false, true] {
        let desk = Desk::open().await;
        let id = HaltId::mint();
        told_to_halt(&desk, id, Scope::Everything(true)).await.unwrap();
        let order = desk.lift("signer", OrderScope::Everything, &[id]);
        if by_the_bus {
            hears_of_lift(&desk, order.clone()).await;
        } else {
            desk.try_resume(Role::Signer, order.clone()).await.unwrap();
        }
        in_force(&desk, 0).await;
        // Both ways are one resumption.
        desk.try_resume(Role::DutyOfficer, order).await.unwrap();
        let content = page_only(&desk);
        desk.announce(&content).await;
        desk.stands(&content, "page", State::Confirmed).await;
        let (who, why): (String, String) = sqlx::query_as(
            "SELECT l.ordered_by, l.reason FROM publish.lift l JOIN publish.halt USING (lift_id)",
        )
        .fetch_one(&desk.database.superuser())
        .await
        .unwrap();
        assert_eq!((who.as_str(), why.as_str()), ("演示·signer", "已核实"));
    }
}

#[tokio::test]
async fn a_resumption_that_does_not_count_is_refused_kept_and_shown() {
    let desk = Desk::open().await;
    let id = HaltId::mint();
    told_to_halt(&desk, id, Scope::Everything(true)).await.unwrap();
    let everything = || OrderScope::Everything;
    let now = desk.clock.now();
    let lift = |expires_in: i64| Command::Lift {
        scope: everything(),
        halts: [id].into(),
        expires_at_ms: (now.unix_timestamp() + expires_in) * 1000,
    };
    let mut altered = desk.office.signed_order("signer", Uuid::now_v7(), lift(60), now);
    altered.order.signatures[0].bytes[7] ^= 1;
    let foreign = Office::open(now).order("signer", Uuid::now_v7(), lift(60), now);
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("ORDER_ABSENT", Vec::new()),
        ("ORDER_UNREADABLE", b"go on".to_vec()),
        ("ORDER_ROLE_NOT_ADMITTED", desk.lift("duty_officer", everything(), &[id])),
        ("ORDER_ROLE_NOT_ADMITTED", desk.lift("checker", everything(), &[id])),
        (
            "ORDER_ROLE_NOT_ADMITTED",
            desk.lift("drafter", OrderScope::Account("qinglan-wechat".into()), &[id]),
        ),
        ("ORDER_UNSIGNED", altered.encode().unwrap()),
        ("ORDER_FOREIGN", foreign),
        ("ORDER_EXPIRED", desk.office.order("signer", Uuid::now_v7(), lift(0), now)),
        ("ORDER_OTHER", desk.office.order("signer", id.as_uuid(), Command::Halt(everything()), now)),
    ];
    for (reason, order) in &bad {
        let refused = desk.try_resume(Role::Signer, order.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{reason}");
        assert_eq!(grpc::reason(&refused).as_deref(), Some("ORDER_REFUSED"));
        hears_of_lift(&desk, order.clone()).await;
    }
    for role in
        [Role::Checker, Role::Drafter, Role::Reviewer, Role::Administrator, Role::Auditor, Role::Client]
    {
        let order = desk.lift("signer", everything(), &[id]);
        let refused = desk.try_resume(role, order).await.unwrap_err();
        assert_eq!(grpc::reason(&refused).as_deref(), Some("ROLE_NOT_ALLOWED"), "{role:?}");
    }
    let shown = eventually("all of them to be shown", async || {
        let shown = desk.stopped().await;
        (shown.refused_orders.len() == 2 * bad.len()).then_some(shown)
    });
    let shown = shown.await;
    assert!(shown.all_halted && shown.halts.len() == 1);
    for (reason, _) in bad {
        let said = shown.refused_orders.iter().find(|refused| refused.reason == reason).unwrap();
        assert!(said.command == "lift" && said.detail.starts_with("恢复没有执行："), "{said:?}");
    }
    let content = page_only(&desk);
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Halted).await;
}

#[tokio::test]
async fn an_old_resumption_never_ends_a_newer_halt_nor_one_of_another_scope() {
    let desk = Desk::open().await;
    let [first, second, of_account] = std::array::from_fn(|_| HaltId::mint());
    told_to_halt(&desk, first, Scope::Everything(true)).await.unwrap();
    told_to_halt(&desk, of_account, Scope::Account("qinglan-wechat".into())).await.unwrap();
    let order = desk.lift("signer", OrderScope::Everything, &[first, of_account]);
    desk.try_resume(Role::Signer, order.clone()).await.unwrap();
    assert_eq!(in_force(&desk, 1).await[0].halt_id, of_account.to_string());
    told_to_halt(&desk, second, Scope::Everything(true)).await.unwrap();

    desk.try_resume(Role::Signer, order.clone()).await.unwrap();
    hears_of_lift(&desk, order).await;
    catches_up(&desk).await;

    let shown = desk.stopped().await;
    assert!(shown.all_halted, "the old order ended the newer halt");
    assert_eq!(shown.halts.len(), 2);
}

#[tokio::test]
async fn a_resumption_that_comes_before_its_halt_ends_that_and_no_other() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    content.not_before = desk.clock.now().unix_timestamp() + 3600;
    desk.announce(&content).await;
    desk.stands(&content, "weibo", State::Planned).await;
    let [over, other] = std::array::from_fn(|_| HaltId::mint());
    hears_of_lift(&desk, desk.lift("signer", OrderScope::Everything, &[over])).await;

    hears_of_halt(&desk, over, OrderedScope::Everything(true), Vec::new()).await;
    hears_of_halt(&desk, over, OrderedScope::Everything(true), Vec::new()).await;
    catches_up(&desk).await;

    assert!(desk.stopped().await.halts.is_empty());
    desk.stands(&content, "weibo", State::Planned).await;
    // Whoever sends the form of that halt again must not believe that it stops anything.
    let again = told_to_halt(&desk, over, Scope::Everything(true)).await.unwrap_err();
    assert_eq!(grpc::reason(&again).as_deref(), Some("REQUEST_ID_REUSED"));
    // Of another scope it is another halt.
    hears_of_halt(&desk, over, OrderedScope::Account("qinglan-weibo".into()), Vec::new()).await;
    hears_of_halt(&desk, other, OrderedScope::Everything(true), Vec::new()).await;
    in_force(&desk, 2).await;
    desk.stands(&content, "weibo", State::Halted).await;
}

#[tokio::test]
async fn a_halt_stops_signed_or_not_and_says_which() {
    let desk = Desk::open().await;
    let now = desk.clock.now();
    let signed = |id: HaltId, scope| desk.office.order("checker", id.as_uuid(), Command::Halt(scope), now);
    let [told, unsigned, forged, borrowed, right] = std::array::from_fn(|_| HaltId::mint());
    told_to_halt(&desk, told, Scope::Everything(true)).await.unwrap();
    let everything = || OrderedScope::Everything(true);
    hears_of_halt(&desk, unsigned, everything(), Vec::new()).await;
    let foreign = Office::open(now);
    let order = foreign.order("signer", forged.as_uuid(), Command::Halt(OrderScope::Everything), now);
    hears_of_halt(&desk, forged, everything(), order).await;
    // A genuine order of another halt.
    hears_of_halt(&desk, borrowed, everything(), signed(right, OrderScope::Everything)).await;
    hears_of_halt(&desk, right, everything(), signed(right, OrderScope::Everything)).await;

    let halts = in_force(&desk, 5).await;
    let of = |halts: &[pb::HaltInForce], id: HaltId| {
        halts.iter().find(|halt| halt.halt_id == id.to_string()).unwrap().clone()
    };
    assert_eq!(of(&halts, told).signing(), Signing::Told);
    for (id, why) in [(unsigned, "没有签名"), (forged, "另一个单位"), (borrowed, "不一致")] {
        let halt = of(&halts, id);
        assert_eq!(halt.signing(), Signing::Unsigned);
        assert!(halt.unsigned_reason.contains(why), "{halt:?}");
    }
    let halt = of(&halts, right);
    assert_eq!((halt.signing(), halt.ordered_by.as_str()), (Signing::Signed, "演示·checker"));
    assert_eq!(halt.reason, "已核实", "the words are those that were signed");

    // A signature that arrives later is taken; what does not count takes none away.
    hears_of_halt(&desk, told, everything(), signed(told, OrderScope::Everything)).await;
    hears_of_halt(&desk, unsigned, everything(), signed(unsigned, OrderScope::Everything)).await;
    hears_of_halt(&desk, right, everything(), Vec::new()).await;
    catches_up(&desk).await;
    let halts = in_force(&desk, 5).await;
    for id in [told, unsigned, right] {
        assert_eq!(of(&halts, id).signing(), Signing::Signed);
    }
    assert_eq!(of(&halts, forged).signing(), Signing::Unsigned);
}

#[tokio::test]
async fn nobody_disarms_a_halt_by_telling_of_something_narrower_under_its_id() {
    let desk = Desk::open().await;
    let id = HaltId::mint();
    hears_of_halt(&desk, id, OrderedScope::Account("nobody".into()), Vec::new()).await;
    in_force(&desk, 1).await;
    let now = desk.clock.now();
    let order = desk.office.order("signer", id.as_uuid(), Command::Halt(OrderScope::Everything), now);
    hears_of_halt(&desk, id, OrderedScope::Everything(true), order).await;
    in_force(&desk, 2).await;
    assert!(desk.stopped().await.all_halted);
    let content = page_only(&desk);
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Halted).await;
}

#[tokio::test]
async fn a_revocation_that_does_not_count_stops_and_takes_nothing_down_until_one_does() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    desk.fault(serde_json::json!({ "operation": "share", "fault": "http_500_before", "count": 1000 })).await;
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Confirmed).await;
    let mut waiting = desk.content();
    waiting.not_before = desk.clock.now().unix_timestamp() + 3600;
    desk.announce(&waiting).await;
    desk.stands(&waiting, "wechat", State::Planned).await;
    let now = desk.clock.now();
    let revoke = |content: &Content| Command::Revoke {
        clarification: content.clarification,
        revision: content.revision,
    };
    let by_drafter = desk.office.order("drafter", Uuid::now_v7(), revoke(&content), now);
    let of_another = desk.office.order("signer", Uuid::now_v7(), revoke(&waiting), now);
    let mut altered: SignedOrder = desk.office.signed_order("signer", Uuid::now_v7(), revoke(&content), now);
    altered.order.document[40] ^= 1;
    let bad = [Vec::new(), by_drafter, of_another, altered.encode().unwrap()];
    let refused = bad.len() + 1;
    for order in bad {
        hears_of_revocation(&desk, &content, order).await;
    }
    hears_of_revocation(&desk, &waiting, Vec::new()).await;

    assert!(desk.stands(&waiting, "wechat", State::Halted).await.reason.contains("未签名"));
    let shown = eventually("all of them to be shown", async || {
        let shown = desk.stopped().await.refused_orders;
        (shown.len() == refused).then_some(shown)
    });
    assert!(shown.await.iter().all(|order| order.command == "revoke" && order.detail.contains("没有撤下")));
    desk.stands(&content, "page", State::Confirmed).await;
    let address = format!("/c/{}", content.clarification);
    assert_eq!(desk.site(&address).await.0, 200, "a forged word took the page down");

    let signed = desk.office.order("duty_officer", Uuid::now_v7(), revoke(&content), now);
    hears_of_revocation(&desk, &content, signed).await;
    desk.stands(&content, "page", State::Withdrawn).await;
    assert_eq!(desk.site(&address).await.0, 410);
}

#[tokio::test]
async fn what_came_in_one_agencys_name_and_speaks_for_another_stops_nothing_and_is_a_dead_letter() {
    let desk = Desk::open().await;
    desk.say(&HaltOrdered {
        agency_id: AgencyId::mint().to_string(),
        halt_id: HaltId::mint().to_string(),
        scope: Some(HaltScope { scope: Some(OrderedScope::Everything(true)) }),
        reason: "先停".into(),
        ..Default::default()
    })
    .await;
    catches_up(&desk).await;
    in_force(&desk, 0).await;
    let letters = messaging::dead_letters::list(&desk.database.superuser(), None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
}

#[tokio::test]
async fn a_resumption_ends_the_halts_that_it_names_and_no_other_of_its_scope() {
    let desk = Desk::open().await;
    let [named, other] = std::array::from_fn(|_| HaltId::mint());
    for id in [named, other] {
        told_to_halt(&desk, id, Scope::Everything(true)).await.unwrap();
    }
    let order = desk.lift("signer", OrderScope::Everything, &[named]);
    desk.try_resume(Role::Signer, order).await.unwrap();
    assert_eq!(in_force(&desk, 1).await[0].halt_id, other.to_string());
    assert!(desk.stopped().await.all_halted);
}

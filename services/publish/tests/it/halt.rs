//! G11: stopping, at every stage.

use std::time::Duration;

use contracts::approval::v1::halt_scope::Scope as OrderedScope;
use contracts::approval::v1::{HaltOrdered, HaltScope};
use contracts::publish::v1 as pb;
use contracts::publish::v1::halt_request::Scope;
use contracts::publish::v1::publication::State;
use grpc::Role;
use ids::HaltId;
use serde_json::json;
use signoff::content::Content;
use signoff::order::OrderScope;

use crate::desk::Desk;
use crate::office::set_level;

async fn halt(desk: &Desk, id: HaltId, scope: Scope) -> pb::HaltResponse {
    let request =
        pb::HaltRequest {
            request_id: id.to_string(), scope: Some(scope), reason: "数字有误，先停".into()
        };
    desk.client().await.halt(desk.by(Role::DutyOfficer, request)).await.unwrap().into_inner()
}

/// Signed, and waiting for a window that opens in an hour.
async fn waiting(desk: &Desk) -> Content {
    let mut content = desk.content();
    content.not_before = desk.clock.now().unix_timestamp() + 3600;
    desk.announce(&content).await;
    desk.stands(&content, "weibo", State::Planned).await;
    content
}

fn channels(publications: &[pb::Publication]) -> Vec<&str> {
    let mut channels: Vec<&str> = publications.iter().map(|found| found.channel.as_str()).collect();
    channels.sort_unstable();
    channels
}

#[tokio::test]
async fn a_halt_stops_what_has_not_gone_out_and_it_stays_stopped() {
    let desk = Desk::open().await;
    let content = waiting(&desk).await;
    let id = HaltId::mint();
    let scope = || Scope::ClarificationId(content.clarification.to_string());

    let answer = halt(&desk, id, scope()).await;

    assert_eq!(channels(&answer.stopped), ["page", "wechat", "weibo"]);
    assert!(answer.already_out.is_empty());
    assert!(answer.stopped.iter().all(|stopped| stopped.state() == State::Halted));
    assert!(answer.stopped[0].reason.contains("数字有误"));
    assert_eq!(channels(&halt(&desk, id, scope()).await.stopped), ["page", "wechat", "weibo"], "replayed");

    desk.resume(OrderScope::Clarification(content.clarification), &[id]).await;
    desk.advance(Duration::from_secs(5000));
    let mut next = desk.content();
    set_level(&mut next, "microblog");
    desk.announce(&next).await;
    desk.stands(&next, "weibo", State::Confirmed).await;
    desk.stands(&content, "weibo", State::Halted).await;
    assert!(desk.log("mass_push").await.is_empty());
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

#[tokio::test]
async fn a_halt_in_force_stops_what_is_signed_after_it_whichever_way_it_came() {
    let desk = Desk::open().await;
    let id = HaltId::mint();
    let ordered = HaltOrdered {
        agency_id: desk.office.agency.to_string(),
        halt_id: id.to_string(),
        scope: Some(HaltScope { scope: Some(OrderedScope::Everything(true)) }),
        reason: "系统异常".into(),
        ..Default::default()
    };
    desk.say(&ordered).await;
    let content = desk.content();
    desk.announce(&content).await;
    for channel in ["page", "wechat", "weibo"] {
        assert!(desk.stands(&content, channel, State::Halted).await.reason.contains("系统异常"));
    }
    let accounts =
        desk.client().await.list_accounts(desk.by(Role::Reviewer, pb::ListAccountsRequest {})).await;
    let accounts = accounts.unwrap().into_inner();
    assert!(accounts.all_halted && accounts.accounts.iter().all(|account| account.halted));

    // The same halt told directly is the same halt.
    assert!(halt(&desk, id, Scope::Everything(true)).await.stopped.is_empty());
    desk.resume(OrderScope::Everything, &[id]).await;
    let mut next = desk.content();
    set_level(&mut next, "publish");
    desk.announce(&next).await;
    desk.stands(&next, "page", State::Confirmed).await;
}

#[tokio::test]
async fn an_accounts_halt_leaves_the_others_alone() {
    let desk = Desk::open().await;
    halt(&desk, HaltId::mint(), Scope::Account("qinglan-wechat".into())).await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Halted).await;
    desk.stands(&content, "page", State::Confirmed).await;
    desk.stands(&content, "weibo", State::Confirmed).await;
    assert!(desk.log("mass_push").await.is_empty());
}

#[tokio::test]
async fn what_is_out_is_said_to_be_out() {
    let desk = Desk::open().await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Accepted).await;

    let answer = halt(&desk, HaltId::mint(), Scope::Everything(true)).await;

    assert_eq!(channels(&answer.already_out), ["page", "wechat"]);
    assert_eq!(channels(&answer.stopped), ["weibo"]);
    desk.advance(Duration::from_secs(31));
    desk.stands(&content, "wechat", State::Confirmed).await;
    assert!(desk.log("weibo_post").await.is_empty());
}

#[tokio::test]
async fn an_uncertain_push_that_is_halted_is_never_repeated() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "http_500_before" })).await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Uncertain).await;

    let answer = halt(&desk, HaltId::mint(), Scope::ClarificationId(content.clarification.to_string())).await;

    assert_eq!(channels(&answer.already_out), ["page", "wechat"]);
    desk.advance(Duration::from_secs(61));
    assert!(desk.stands(&content, "wechat", State::NeedsPerson).await.reason.contains("停发"));
    assert!(desk.jobs().await.is_empty());
}

#[tokio::test]
async fn an_uncertain_post_that_is_halted_ends_halted_once_it_is_proven_absent() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "share", "fault": "http_500_before" })).await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    desk.announce(&content).await;
    desk.stands(&content, "weibo", State::Uncertain).await;
    halt(&desk, HaltId::mint(), Scope::Account("qinglan-weibo".into())).await;

    desk.advance(Duration::from_secs(181));

    desk.stands(&content, "weibo", State::Halted).await;
    assert!(desk.log("weibo_post").await.is_empty());
}

//! What people may ask and tell, and that agencies cannot see one another.

use std::time::Duration;

use contracts::publish::v1 as pb;
use contracts::publish::v1::publication::State;
use grpc::Role;
use ids::{AgencyId, HaltId};
use serde_json::json;
use tonic::Code;

use crate::desk::Desk;
use crate::office::set_level;

/// A push whose outcome only a person can find out.
async fn unresolved(desk: &Desk) -> pb::Publication {
    desk.fault(json!({ "operation": "sendall", "fault": "drop_answer" })).await;
    desk.fault(json!({ "operation": "sendall", "fault": "errcode", "code": 45028 })).await;
    let mut content = desk.content();
    set_level(&mut content, "mass_push");
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Uncertain).await;
    desk.advance(Duration::from_secs(61));
    desk.stands(&content, "wechat", State::NeedsPerson).await
}

fn resolve(publication: &pb::Publication, is_public: bool) -> pb::ResolveUncertainRequest {
    pb::ResolveUncertainRequest {
        request_id: HaltId::mint().to_string(),
        publication_id: publication.publication_id.clone(),
        expected_state_revision: publication.state_revision,
        is_public,
        note: "在公众平台后台看到".into(),
    }
}

#[tokio::test]
async fn a_persons_word_ends_what_the_machine_cannot_know() {
    let desk = Desk::open().await;
    let publication = unresolved(&desk).await;
    let mut client = desk.client().await;

    let stale = pb::ResolveUncertainRequest {
        expected_state_revision: publication.state_revision - 1,
        ..resolve(&publication, true)
    };
    let refused = client.resolve_uncertain(desk.by(Role::DutyOfficer, stale)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);

    let request = resolve(&publication, true);
    let resolved = client.resolve_uncertain(desk.by(Role::DutyOfficer, request.clone())).await.unwrap();
    let resolved = resolved.into_inner().publication.unwrap();
    assert_eq!(resolved.state(), State::Confirmed);
    assert!(resolved.reason.contains("演示·值班员") && resolved.reason.contains("后台看到"));

    let replayed = client.resolve_uncertain(desk.by(Role::DutyOfficer, request)).await.unwrap();
    assert_eq!(replayed.into_inner().publication.unwrap().state_revision, resolved.state_revision);
    let again =
        client.resolve_uncertain(desk.by(Role::DutyOfficer, resolve(&resolved, false))).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn another_agency_sees_and_changes_nothing() {
    let desk = Desk::open().await;
    let publication = unresolved(&desk).await;
    let stranger = AgencyId::mint();
    let mut client = desk.client().await;

    let list = pb::ListPublicationsRequest { case_id: publication.case_id.clone(), ..Default::default() };
    let listed = client.list_publications(desk.by_agency(stranger, Role::DutyOfficer, list)).await.unwrap();
    assert!(listed.into_inner().publications.is_empty());
    let accounts = desk.by_agency(stranger, Role::DutyOfficer, pb::ListAccountsRequest {});
    assert_eq!(client.list_accounts(accounts).await.unwrap_err().code(), Code::NotFound);
    let word = desk.by_agency(stranger, Role::DutyOfficer, resolve(&publication, true));
    assert_eq!(client.resolve_uncertain(word).await.unwrap_err().code(), Code::NotFound);
    let halt = pb::HaltRequest {
        request_id: HaltId::mint().to_string(),
        scope: Some(pb::halt_request::Scope::Everything(true)),
        reason: "停".into(),
    };
    let halted = client.halt(desk.by_agency(stranger, Role::DutyOfficer, halt)).await.unwrap().into_inner();
    assert!(halted.stopped.is_empty() && halted.already_out.is_empty());
    let mut content = desk.content();
    set_level(&mut content, "publish");
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Confirmed).await;
}

#[tokio::test]
async fn only_officers_on_duty_stop_and_resolve() {
    let desk = Desk::open().await;
    let halt = || pb::HaltRequest {
        request_id: HaltId::mint().to_string(),
        scope: Some(pb::halt_request::Scope::Everything(true)),
        reason: "停".into(),
    };
    let mut client = desk.client().await;
    for role in [Role::Administrator, Role::Auditor, Role::Client, Role::Service] {
        let refused = client.halt(desk.by(role, halt())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{role:?}");
    }
    assert_eq!(client.halt(tonic::Request::new(halt())).await.unwrap_err().code(), Code::Unauthenticated);
    for bad in [
        pb::HaltRequest { scope: None, ..halt() },
        pb::HaltRequest { request_id: "x".into(), ..halt() },
        pb::HaltRequest { scope: Some(pb::halt_request::Scope::ClarificationId("x".into())), ..halt() },
    ] {
        let refused = client.halt(desk.by(Role::Signer, bad)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(grpc::told(&refused).0.contains(|character: char| !character.is_ascii()));
    }
}

#[tokio::test]
async fn stopping_never_waits_for_words_and_long_ones_are_cut() {
    let desk = Desk::open().await;
    for reason in [String::new(), " \n".into(), "数字\u{0}有误".into(), "停".repeat(40_000)] {
        let halt = pb::HaltRequest {
            request_id: HaltId::mint().to_string(),
            scope: Some(pb::halt_request::Scope::Everything(true)),
            reason,
        };
        desk.client().await.halt(desk.by(Role::Reviewer, halt)).await.unwrap();
    }
    let longest: i32 = sqlx::query_scalar("SELECT max(length(reason)) FROM publish.halt")
        .fetch_one(&desk.database.superuser())
        .await
        .unwrap();
    assert_eq!(longest, 500);
}

#[tokio::test]
async fn one_request_id_never_means_two_things() {
    let desk = Desk::open().await;
    let publication = unresolved(&desk).await;
    let mut client = desk.client().await;
    let id = HaltId::mint().to_string();
    let halt = |scope| pb::HaltRequest { request_id: id.clone(), scope: Some(scope), reason: "停".into() };
    let everything = || pb::halt_request::Scope::Everything(true);
    let reused = |refused: tonic::Status| {
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(grpc::reason(&refused).as_deref(), Some("REQUEST_ID_REUSED"));
    };
    let word = |is_public| pb::ResolveUncertainRequest {
        request_id: id.clone(),
        ..resolve(&publication, is_public)
    };

    client.resolve_uncertain(desk.by(Role::DutyOfficer, word(true))).await.unwrap();

    reused(client.resolve_uncertain(desk.by(Role::DutyOfficer, word(false))).await.unwrap_err());
    reused(client.halt(desk.by(Role::DutyOfficer, halt(everything()))).await.unwrap_err());
    let other = HaltId::mint().to_string();
    let again = |scope| pb::HaltRequest { request_id: other.clone(), ..halt(scope) };
    client.halt(desk.by(Role::DutyOfficer, again(everything()))).await.unwrap();
    client.halt(desk.by(Role::DutyOfficer, again(everything()))).await.unwrap();
    let narrower = pb::halt_request::Scope::Account("qinglan-wechat".into());
    reused(client.halt(desk.by(Role::DutyOfficer, again(narrower))).await.unwrap_err());
}

#[tokio::test]
async fn the_quota_counts_our_own_pushes_of_the_day() {
    let desk = Desk::open().await;
    let quota = async || {
        let request = desk.by(Role::Signer, pb::ListAccountsRequest {});
        let accounts = desk.client().await.list_accounts(request).await.unwrap().into_inner().accounts;
        let slugs: Vec<String> = accounts.iter().map(|account| account.account.clone()).collect();
        assert_eq!(slugs, ["page", "qinglan-wechat", "qinglan-weibo"]);
        assert_eq!((accounts[2].quota_left, accounts[2].quota_total), (-1, -1));
        (accounts[1].quota_left, accounts[1].quota_total)
    };
    assert_eq!(quota().await, (1, 1));
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Accepted).await;
    assert_eq!(quota().await, (0, 1));
    desk.advance(Duration::from_secs(13 * 3600));
    assert_eq!(quota().await, (1, 1));
}

#[tokio::test]
async fn lists_come_in_pages_newest_first() {
    let desk = Desk::open().await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        let mut content = desk.content();
        set_level(&mut content, "publish");
        desk.announce(&content).await;
        desk.stands(&content, "page", State::Confirmed).await;
        cases.insert(0, content.case.to_string());
    }
    let mut client = desk.client().await;
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListPublicationsRequest { page_size: 2, page_token, ..Default::default() };
        let page = client.list_publications(desk.by(Role::Reviewer, request)).await.unwrap().into_inner();
        seen.extend(page.publications.into_iter().map(|found| found.case_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, cases);
}

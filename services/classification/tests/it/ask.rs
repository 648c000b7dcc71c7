//! Questions over gRPC: pages, roles, and one agency's view.

use contracts::classification::v1 as pb;
use grpc::Role;
use ids::{AgencyId, ClaimId};
use prost::Message;
use tonic::Code;

use crate::desk::{Desk, Said};
use crate::gather::EARTHQUAKE;

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_a_claim_are_listed_newest_first_page_by_page() {
    let desk = Desk::open(1).await;
    let messages: Vec<Said> = EARTHQUAKE[..5].iter().map(|text| Said::new(text)).collect();
    let claim = desk.hears(&messages).await[0].claim.unwrap();
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListClaimReportsRequest { claim_id: claim.to_string(), page_size: 2, page_token };
        let request = desk.as_role(desk.agency, Role::Auditor, request);
        let page = desk.client().list_claim_reports(request).await.unwrap().into_inner();
        assert!(page.reports.len() <= 2);
        listed.extend(page.reports.into_iter().map(|report| report.masked_text));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let newest_first: Vec<&str> = EARTHQUAKE[..5].iter().rev().copied().collect();
    assert_eq!(listed, newest_first);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_long_messages_ends_before_it_is_too_large_and_the_next_goes_on_there() {
    let desk = Desk::open(1).await;
    // As long as a message may be, of the character that costs most.
    let long = format!("{}{}", EARTHQUAKE[0], "𠮷".repeat(19_900));
    let claim = desk.hears(&[Said::new(&long)]).await[0].claim.unwrap();
    for _telling in 1..60 {
        desk.hears(&[Said::new(&long)]).await;
    }
    let mut listed = std::collections::BTreeSet::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListClaimReportsRequest { claim_id: claim.to_string(), page_size: 200, page_token };
        let request = desk.as_role(desk.agency, Role::DutyOfficer, request);
        let page = desk.client().list_claim_reports(request).await.unwrap().into_inner();
        assert!(page.encoded_len() < grpc::PAGE_BYTES_MAX + 100, "{} bytes", page.encoded_len());
        for report in page.reports {
            assert!(listed.insert(report.report_id));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed.len(), 60);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_opened_no_claim_are_listed_by_intent() {
    let desk = Desk::open(1).await;
    desk.hears(&["你好", "身份证怎么补办", "井水突然变浑了", EARTHQUAKE[0]].map(Said::new)).await;
    let listed = async |intent: pb::Intent| {
        let request = pb::ListOtherMessagesRequest { intent: intent.into(), ..Default::default() };
        let request = desk.as_role(desk.agency, Role::DutyOfficer, request);
        let page = desk.client().list_other_messages(request).await.unwrap().into_inner();
        page.messages.into_iter().map(|message| message.masked_text).collect::<Vec<_>>()
    };
    assert_eq!(listed(pb::Intent::Question).await, ["身份证怎么补办"]);
    assert_eq!(listed(pb::Intent::Observation).await, ["井水突然变浑了"]);
    assert_eq!(listed(pb::Intent::Unspecified).await, ["井水突然变浑了", "身份证怎么补办", "你好"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agency_s_claim_is_not_found() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let stranger = AgencyId::mint();
    let get = |agency, claim: ClaimId| {
        desk.as_role(agency, Role::Administrator, pb::GetClaimRequest { claim_id: claim.to_string() })
    };
    assert_eq!(desk.client().get_claim(get(stranger, claim)).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(
        desk.client().get_claim(get(desk.agency, ClaimId::mint())).await.unwrap_err().code(),
        Code::NotFound
    );
    let list = pb::ListClaimReportsRequest { claim_id: claim.to_string(), ..Default::default() };
    let list = desk.as_role(stranger, Role::DutyOfficer, list);
    assert_eq!(desk.client().list_claim_reports(list).await.unwrap_err().code(), Code::NotFound);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_strangers_may_not_ask_and_malformed_questions_say_what_is_wrong() {
    let desk = Desk::open(1).await;
    let ask = pb::ListOtherMessagesRequest::default();
    let as_client = desk.as_role(desk.agency, Role::Client, ask.clone());
    assert_eq!(
        desk.client().list_other_messages(as_client).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    assert_eq!(
        desk.client().list_other_messages(ask.clone()).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    for wrong in [
        pb::ListOtherMessagesRequest { page_size: -1, ..ask.clone() },
        pb::ListOtherMessagesRequest { page_token: "nonsense".into(), ..ask.clone() },
        pb::ListOtherMessagesRequest { intent: 99, ..ask.clone() },
    ] {
        let wrong = desk.as_role(desk.agency, Role::DutyOfficer, wrong);
        assert_eq!(desk.client().list_other_messages(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    }
    desk.close().await;
}

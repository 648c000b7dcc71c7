//! Agencies cannot see one another, and every role may do only its own.

use grpc::Role;
use ids::{AgencyId, ClaimId};
use signoff::order::OrderScope;
use tonic::Code;

use crate::desk::{ACCOUNT, Desk, hotline};
use crate::press::Word;

#[tokio::test]
async fn another_agencys_ids_are_not_found() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    let word = Word::clarification(claim);
    let citizen = &desk.citizens(1).await[0];
    let report = desk.reports_as(citizen, "明天地震？").await;
    desk.assigned(&report, claim).await;
    desk.signs(&word).await;
    assert_eq!(desk.duty_officer().await.list(claim).await.unwrap().answers.len(), 0);

    let mut stranger = desk.client(AgencyId::mint(), Role::DutyOfficer).await;
    assert_eq!(stranger.list(claim).await.unwrap_err().code(), Code::NotFound);
    let halted = stranger.halt(uuid::Uuid::now_v7(), Some(word.clarification)).await;
    assert_eq!(halted.unwrap_err().code(), Code::NotFound);
    let order = desk.lift("signer", OrderScope::Clarification(word.clarification), &[uuid::Uuid::now_v7()]);
    assert_eq!(stranger.resume(order).await.unwrap_err().code(), Code::PermissionDenied);
    let borrowed = contracts::ingest::v1::Report {
        reporter: "o".into(),
        answer_account: ACCOUNT.into(),
        ..hotline("网传停水")
    };
    assert_eq!(stranger.submit(borrowed).await.unwrap_err().code(), Code::InvalidArgument);

    // The stranger's halt did not stop anything here.
    desk.page_is_up(word.clarification, 1).await;
    desk.until("the answer is sent", async || desk.delivered().await.len() == 1).await;
}

#[tokio::test]
async fn the_same_request_of_two_agencies_is_two_reports() {
    let desk = Desk::open().await;
    let request = uuid::Uuid::now_v7();
    let ours = desk.duty_officer().await.submit_as(request, hotline("网传停水")).await.unwrap();
    let mut stranger = desk.client(AgencyId::mint(), Role::Client).await;
    let theirs = stranger.submit_as(request, hotline("网传停水")).await.unwrap();
    assert!(!ours.duplicate && !theirs.duplicate);
    assert_ne!(ours.report_id, theirs.report_id);
}

#[tokio::test]
async fn each_role_may_do_only_its_own() {
    let desk = Desk::open().await;
    for role in [Role::Drafter, Role::Reviewer, Role::Signer, Role::Administrator, Role::Auditor] {
        let refused = desk.client(desk.agency, role).await.submit(hotline("网传停水")).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied, "{role:?}");
    }
    for role in [Role::Client, Role::Auditor, Role::Administrator] {
        let refused = desk.client(desk.agency, role).await.halt(uuid::Uuid::now_v7(), None).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied, "{role:?}");
    }
    for role in
        [Role::Checker, Role::Drafter, Role::Reviewer, Role::Client, Role::Auditor, Role::Administrator]
    {
        let order = desk.lift("signer", OrderScope::Everything, &[uuid::Uuid::now_v7()]);
        let refused = desk.client(desk.agency, role).await.resume(order).await.unwrap_err();
        assert_eq!(grpc::reason(&refused).as_deref(), Some("ROLE_NOT_ALLOWED"), "{role:?}");
    }
    let listed = desk.client(desk.agency, Role::Client).await.list(ClaimId::mint()).await;
    assert_eq!(listed.unwrap_err().code(), Code::PermissionDenied);
    let mut nobody = desk.duty_officer().await;
    nobody.token = String::new();
    assert_eq!(nobody.submit(hotline("网传停水")).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn the_services_role_sees_nothing_outside_an_agencys_transaction() {
    let desk = Desk::open().await;
    desk.duty_officer().await.submit(hotline("网传停水")).await.unwrap();
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM ingest.report")
        .fetch_one(&desk.database.pool)
        .await
        .unwrap();
    assert_eq!(seen, 0);
    let mut tx = database::agency_tx(&desk.database.pool, AgencyId::mint()).await.unwrap();
    let seen: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ingest.report").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(seen, 0);
}

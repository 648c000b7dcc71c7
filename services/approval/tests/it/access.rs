//! Signing in, sessions, tokens.

use std::time::Duration;

use contracts::approval::v1 as pb;
use grpc::{with_token, without_token};
use tonic::Code;

use crate::office::{CLIENT_SECRET, Office, PASSWORD, assert_refused};

#[tokio::test]
async fn an_unknown_name_a_wrong_password_and_a_wrong_code_sound_the_same() {
    let office = Office::open().await;
    let code = office.fresh_code("duty");
    let mut refusals = Vec::new();
    for (login, password, code) in
        [("nobody", PASSWORD, code.as_str()), ("duty", "wrong", &code), ("duty", PASSWORD, "000000")]
    {
        let refused = office.try_sign_in(login, password, code).await.unwrap_err();
        refusals.push((refused.code(), refused.message().to_owned()));
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].0, Code::Unauthenticated);
}

#[tokio::test]
async fn a_code_is_good_for_one_sign_in_and_an_older_one_for_none_after_it() {
    let office = Office::open().await;
    let now = office.step_now();
    let (earlier, this) = (office.code_at("duty", now), office.code_at("duty", now + 1));
    office.try_sign_in("duty", PASSWORD, &this).await.unwrap();
    for used in [this, earlier] {
        assert_refused(
            office.try_sign_in("duty", PASSWORD, &used).await,
            Code::Unauthenticated,
            "SIGN_IN_REFUSED",
        );
    }
}

#[tokio::test]
async fn five_failures_lock_a_person_out_for_ten_minutes_however_parallel_they_are() {
    let office = Office::open().await;
    let wrong = || office.try_sign_in("duty", "wrong", "000000");
    let (a, b, c, d, e, f) = tokio::join!(wrong(), wrong(), wrong(), wrong(), wrong(), wrong());
    for refused in [a, b, c, d, e, f] {
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_REFUSED");
    }
    let code = office.fresh_code("duty");
    let locked = office.try_sign_in("duty", PASSWORD, &code).await;
    assert_refused(locked, Code::Unauthenticated, "SIGN_IN_REFUSED");
    office.clock.advance(Duration::from_secs(601));
    office.sign_in("duty").await;

    let auditor = office.sign_in("auditor").await;
    let trail =
        office.approval().list_audit(with_token(pb::ListAuditRequest::default(), &auditor.token)).await;
    let trail = trail.unwrap().into_inner().entries;
    assert_eq!(trail.iter().filter(|entry| entry.action == "person.locked_out").count(), 1);
}

#[tokio::test]
async fn a_session_ends_when_idle_or_after_twelve_hours() {
    let office = Office::open().await;
    let idle = office.sign_in("duty").await;
    office.clock.advance(Duration::from_secs(31 * 60));
    let ended = office.issue_token(&idle.session_secret).await;
    assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");

    let busy = office.sign_in("duty").await;
    for _ in 0..24 {
        office.issue_token(&busy.session_secret).await.unwrap();
        office.clock.advance(Duration::from_secs(29 * 60));
    }
    office.issue_token(&busy.session_secret).await.unwrap();
    office.clock.advance(Duration::from_secs(26 * 60));
    let ended = office.issue_token(&busy.session_secret).await;
    assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let office = Office::open().await;
    let person = office.sign_in("duty").await;
    let request = pb::SignOutRequest { session_secret: person.session_secret.clone() };
    office.access().sign_out(without_token(request)).await.unwrap();
    let ended = office.issue_token(&person.session_secret).await;
    assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
}

#[tokio::test]
async fn a_client_gets_a_token_for_its_secret_alone_and_may_do_nothing_here() {
    let office = Office::open().await;
    let token = async |client_id: &str, client_secret: &str| {
        let request =
            pb::IssueClientTokenRequest { client_id: client_id.into(), client_secret: client_secret.into() };
        office.access().issue_client_token(without_token(request)).await
    };
    assert_refused(token("hotline", "wrong").await, Code::Unauthenticated, "CLIENT_REFUSED");
    assert_refused(token("nobody", CLIENT_SECRET).await, Code::Unauthenticated, "CLIENT_REFUSED");
    let client = token("hotline", CLIENT_SECRET).await.unwrap().into_inner();
    let cases =
        office.approval().list_cases(with_token(pb::ListCasesRequest::default(), &client.token)).await;
    assert_refused(cases, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let nobody = office.approval().list_cases(without_token(pb::ListCasesRequest::default())).await;
    assert_refused(nobody, Code::Unauthenticated, "SIGN_IN_NEEDED");
}

//! Signing in, sessions, tokens.

use std::time::Duration;

use contracts::approval::v1 as pb;
use grpc::{with_token, without_token};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::office::{CLIENT_SECRET, Office, PASSWORD, assert_refused, sign_request};
use crate::statements::Statements;

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

fn from(address: &str, login: &str, password: &str, code: &str) -> pb::SignInRequest {
    pb::SignInRequest {
        login: login.into(),
        password: password.into(),
        totp_code: code.into(),
        client_address: address.into(),
        ..Default::default()
    }
}

/// Refused for where it comes from; gives the seconds to wait.
fn told_to_wait(outcome: Result<pb::SignInResponse, Status>) -> i64 {
    let refused = outcome.unwrap_err();
    assert_refused::<pb::SignInResponse>(Err(refused.clone()), Code::ResourceExhausted, "SIGN_IN_MUST_WAIT");
    let info = refused.get_details_error_info().unwrap();
    info.metadata["retry_after_seconds"].parse().unwrap()
}

/// Tries wrong passwords from an address until whoever comes from there must wait.
async fn flood(office: &Office, address: &str) {
    for _ in 0..60 {
        let tried = office.try_sign_in_as(from(address, "signer", "wrong", "000000")).await;
        assert!(tried.is_err());
    }
    told_to_wait(office.try_sign_in_as(from(address, "signer", "wrong", "000000")).await);
}

async fn trail(office: &Office) -> Vec<pb::AuditEntry> {
    let auditor = office.sign_in("auditor").await;
    let request = with_token(pb::ListAuditRequest { page_size: 200, ..Default::default() }, &auditor.token);
    office.approval().list_audit(request).await.unwrap().into_inner().entries
}

fn count(trail: &[pb::AuditEntry], action: &str) -> usize {
    trail.iter().filter(|entry| entry.action == action).count()
}

#[tokio::test]
async fn what_strangers_try_at_the_sign_in_keeps_nobody_from_signing_off_or_signing_in() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let known = from("198.51.100.7", "signer", PASSWORD, &office.fresh_code("signer"));
    let known = office.try_sign_in_as(known).await.unwrap();
    flood(&office, "203.0.113.9").await;

    // Who is signed in signs off; from elsewhere one signs in; and with a known browser from the very same address.
    chain.sign(&chain.revision().await, "signed").await.unwrap();
    let elsewhere = from("192.0.2.1", "signer", PASSWORD, &office.fresh_code("signer"));
    office.try_sign_in_as(elsewhere).await.unwrap();
    // The code is there first: the clock stands still between the flood and the sign-in.
    let same = from("203.0.113.9", "signer", PASSWORD, &office.fresh_code("signer"));
    flood(&office, "203.0.113.9").await;
    told_to_wait(office.try_sign_in_as(same.clone()).await);
    office.try_sign_in_as(pb::SignInRequest { device_token: known.device_token, ..same }).await.unwrap();
    let trail = trail(&office).await;
    assert_eq!(count(&trail, "person.locked_out"), 0);
    assert!(count(&trail, "person.attempt_refused") >= 20);
}

#[tokio::test]
async fn failures_from_one_address_wait_longer_and_longer_and_are_forgotten() {
    let office = Office::open().await;
    let wrong = || office.try_sign_in_as(from("2001:db8:1:2::1", "nobody", "wrong", "000000"));
    for _ in 0..20 {
        assert_refused(wrong().await, Code::Unauthenticated, "SIGN_IN_REFUSED");
    }
    let first = told_to_wait(wrong().await);
    // The rest of the customer's network is the same one; the one beside it is not.
    told_to_wait(office.try_sign_in_as(from("2001:db8:1:2:ffff::9", "duty", "wrong", "000000")).await);
    let beside = office.try_sign_in_as(from("2001:db8:1:3::1", "duty", "wrong", "000000")).await;
    assert_refused(beside, Code::Unauthenticated, "SIGN_IN_REFUSED");
    for _ in 0..4 {
        office.clock.advance(Duration::from_secs(20));
        assert_refused(wrong().await, Code::Unauthenticated, "SIGN_IN_REFUSED");
    }
    assert!(told_to_wait(wrong().await) > first);
    office.clock.advance(Duration::from_secs(16 * 60));
    let right = from("2001:db8:1:2::1", "duty", PASSWORD, &office.fresh_code("duty"));
    office.try_sign_in_as(right).await.unwrap();
}

#[tokio::test]
async fn right_sign_ins_are_no_failures_however_many_come_from_one_address() {
    let office = Office::open().await;
    for _ in 0..8 {
        for login in ["duty", "drafter", "reviewer"] {
            let code = office.fresh_code(login);
            office.try_sign_in_as(from("192.0.2.1", login, PASSWORD, &code)).await.unwrap();
        }
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM approval.attempt")
        .fetch_one(&office.database.superuser())
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn five_wrong_codes_after_the_right_password_must_wait_and_the_office_hears_of_it() {
    let office = Office::open().await;
    let known = from("192.0.2.1", "duty", PASSWORD, &office.fresh_code("duty"));
    let known = office.try_sign_in_as(known).await.unwrap();
    let guess = |address| office.try_sign_in_as(from(address, "duty", PASSWORD, "000000"));
    let (a, b, c, d, e, f) =
        tokio::join!(guess("::1"), guess("::2"), guess("::3"), guess("::4"), guess("::5"), guess("::6"));
    for refused in [a, b, c, d, e, f] {
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_REFUSED");
    }
    let right = from("192.0.2.8", "duty", PASSWORD, &office.fresh_code("duty"));
    assert_refused(office.try_sign_in_as(right.clone()).await, Code::Unauthenticated, "SIGN_IN_REFUSED");
    // The person's own browser is counted by itself.
    office.try_sign_in_as(pb::SignInRequest { device_token: known.device_token, ..right }).await.unwrap();

    let admin = office.sign_in("admin").await;
    let mut approval = office.approval();
    let alarms = approval.list_alarms(with_token(pb::ListAlarmsRequest {}, &admin.token)).await;
    let alarms = alarms.unwrap().into_inner().alarms;
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].kind(), pb::alarm::Kind::LockedOut);
    let people = approval.list_people(with_token(pb::ListPeopleRequest::default(), &admin.token)).await;
    let people = people.unwrap().into_inner().people;
    let locked: Vec<_> = people.iter().filter(|person| person.locked_until_time.is_some()).collect();
    assert_eq!(locked.iter().map(|person| &*person.login).collect::<Vec<_>>(), ["duty"]);

    // An administrator ends the wait; nobody else may.
    let person_id = locked[0].person.as_ref().unwrap().person_id.clone();
    let unlock = pb::UnlockPersonRequest { person_id };
    let reviewer = office.sign_in("reviewer").await;
    let refused = approval.unlock_person(with_token(unlock.clone(), &reviewer.token)).await;
    assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    approval.unlock_person(with_token(unlock, &admin.token)).await.unwrap();
    let code = office.fresh_code("duty");
    office.try_sign_in_as(from("192.0.2.8", "duty", PASSWORD, &code)).await.unwrap();

    let trail = trail(&office).await;
    assert_eq!(count(&trail, "person.locked_out"), 1);
    assert_eq!(count(&trail, "person.unlocked"), 1);
}

#[tokio::test]
async fn the_wait_after_wrong_codes_ends_by_itself_after_ten_minutes() {
    let office = Office::open().await;
    for _ in 0..5 {
        office.try_sign_in("duty", PASSWORD, "000000").await.unwrap_err();
    }
    let code = office.fresh_code("duty");
    office.try_sign_in("duty", PASSWORD, &code).await.unwrap_err();
    office.clock.advance(Duration::from_secs(601));
    office.sign_in("duty").await;
}

#[tokio::test]
async fn wrong_codes_at_the_sign_off_count_for_that_session_and_it_is_told_so() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    let try_with = async |person: &crate::office::Person, code: &str| {
        let request = sign_request(person, &revision, "signed", code);
        office.approval().sign_step(with_token(request, &person.token)).await
    };
    for left in ["4", "3", "2", "1"] {
        let refused = try_with(&chain.signer, "000000").await.unwrap_err();
        assert_eq!(refused.get_details_error_info().unwrap().metadata["left"], left);
    }
    for _ in 0..2 {
        assert_refused(try_with(&chain.signer, "000000").await, Code::PermissionDenied, "CODE_REFUSED");
    }
    let code = office.fresh_code("signer");
    let locked = try_with(&chain.signer, &code).await.unwrap_err();
    let words = locked.get_details_localized_message().unwrap().message;
    assert!(words.contains("已锁定") && words.contains("10分钟"), "{words}");

    // A new session proves the person anew and is counted by itself. Codes are read as people type them.
    let again = office.sign_in("signer").await;
    let code = office.fresh_code("signer");
    let full_width: String =
        code.chars().map(|digit| char::from_u32(u32::from(digit) + 0xfee0).unwrap()).collect();
    try_with(&again, &format!("{} {}", &full_width[..9], &full_width[9..])).await.unwrap();
    let trail = trail(&office).await;
    assert_eq!(count(&trail, "person.locked_out"), 1);
    assert_eq!(count(&trail, "person.attempt_refused"), 4);
}

#[tokio::test]
async fn the_same_sign_in_sent_twice_at_once_is_one_and_only_from_the_same_form() {
    let office = Office::open().await;
    let code = office.fresh_code("duty");
    let tap = |attempt: &str| {
        let request = from("192.0.2.1", "duty", PASSWORD, &code);
        office.try_sign_in_as(pb::SignInRequest { attempt: attempt.into(), ..request })
    };
    let (first, second) = tokio::join!(tap("one press"), tap("one press"));
    let (first, second) = (first.unwrap().session_secret, second.unwrap().session_secret);
    for secret in [&first, &second] {
        office.issue_token(secret).await.unwrap();
    }
    assert_eq!(count(&trail(&office).await, "person.attempt_refused"), 0);
    assert_refused(tap("another form").await, Code::Unauthenticated, "SIGN_IN_REFUSED");
    assert_refused(tap("").await, Code::Unauthenticated, "SIGN_IN_REFUSED");
    office.clock.advance(Duration::from_secs(11));
    assert_refused(tap("one press").await, Code::Unauthenticated, "SIGN_IN_REFUSED");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_tried_with_the_same_statements_and_told_of_like_any_other() {
    let statements = Statements::watch();
    let office = Office::open().await;
    let mut asked = Vec::new();
    for login in ["duty", "nobody", "\0", "drafter"] {
        // A first one prepares the statements.
        for round in 0..2 {
            statements.forget();
            let refused = office.try_sign_in(login, "wrong", "000000").await;
            assert_refused(refused, Code::Unauthenticated, "SIGN_IN_REFUSED");
            if round == 1 {
                asked.push(statements.of("SignIn"));
            }
        }
    }
    assert!(asked[0].len() >= 8, "{:?}", asked[0]);
    for of_other in &asked[1..] {
        assert_eq!(of_other, &asked[0]);
    }
    let trail = trail(&office).await;
    let about = |subject: &str| trail.iter().filter(|entry| entry.subject.starts_with(subject)).count();
    assert_eq!(count(&trail, "person.attempt_refused"), 8);
    assert_eq!(about("unknown name"), 4);
}

#[tokio::test]
async fn the_database_holds_no_hash_to_guess_passwords_against_without_the_pepper() {
    let office = Office::open().await;
    let hashes: Vec<String> = sqlx::query_scalar("SELECT password_hash FROM approval.person")
        .fetch_all(&office.database.superuser())
        .await
        .unwrap();
    assert!(hashes.len() == 8 && hashes.iter().all(String::is_empty));
}

#[tokio::test]
async fn a_page_that_asks_by_itself_keeps_no_session_alive() {
    let office = Office::open().await;
    let person = office.sign_in("duty").await;
    let ask = async |unattended| {
        let request = pb::IssueTokenRequest {
            session_secret: person.session_secret.clone(),
            unattended,
            ..Default::default()
        };
        office.access().issue_token(without_token(request)).await
    };
    for _ in 0..29 {
        office.clock.advance(Duration::from_secs(60));
        ask(true).await.unwrap();
    }
    office.clock.advance(Duration::from_secs(61));
    assert_refused(ask(true).await, Code::Unauthenticated, "SESSION_ENDED");
    assert_refused(ask(false).await, Code::Unauthenticated, "SESSION_ENDED");
}

#[tokio::test]
async fn sessions_that_have_ended_are_removed_with_the_keys_in_them() {
    let office = Office::open().await;
    office.sign_in("duty").await;
    office.sign_in("reviewer").await;
    office.try_sign_in("duty", "wrong", "000000").await.unwrap_err();
    let left = async |table: &str| -> i64 {
        let query = format!("SELECT count(*) FROM approval.{table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&office.database.superuser()).await.unwrap()
    };
    let pool = &office.database.pool;
    approval::upkeep::tidy(pool, office.now()).await.unwrap();
    assert_eq!((left("session").await, left("attempt").await), (2, 2));
    office.clock.advance(Duration::from_secs(31 * 60));
    let busy = office.sign_in("drafter").await;
    approval::upkeep::tidy(pool, office.now()).await.unwrap();
    assert_eq!((left("session").await, left("attempt").await), (1, 0));
    office.issue_token(&busy.session_secret).await.unwrap();
}

#[tokio::test]
async fn a_person_sees_where_they_are_signed_in_and_ends_what_they_do_not_know() {
    let office = Office::open().await;
    let here = office.sign_in("duty").await;
    let there = from("203.0.113.9", "duty", PASSWORD, &office.fresh_code("duty"));
    let there = pb::SignInRequest { browser: "Chrome · Windows".into(), ..there };
    let there = office.try_sign_in_as(there).await.unwrap();
    assert_eq!(office.issue_token(&here.session_secret).await.unwrap().other_sessions, 1);

    let mut approval = office.approval();
    let list = pb::ListSessionsRequest { session_secret: here.session_secret.clone() };
    let sessions = approval.list_sessions(with_token(list, &here.token)).await.unwrap().into_inner().sessions;
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| !session.is_this).unwrap();
    assert_eq!((&*other.client_address, &*other.browser), ("203.0.113.9", "Chrome · Windows"));

    let end = pb::EndSessionRequest { session_id: other.session_id.clone() };
    let reviewer = office.sign_in("reviewer").await;
    let refused = approval.end_session(with_token(end.clone(), &reviewer.token)).await;
    assert_refused(refused, Code::NotFound, "NOT_FOUND");
    approval.end_session(with_token(end, &here.token)).await.unwrap();
    let ended = office.issue_token(&there.session_secret).await;
    assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
    assert_eq!(office.issue_token(&here.session_secret).await.unwrap().other_sessions, 0);
    assert_eq!(count(&trail(&office).await, "person.session_ended"), 1);
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
async fn a_session_gives_a_token_for_each_service_and_each_is_good_there_alone_for_a_minute() {
    let office = Office::open().await;
    let person = office.sign_in("signer").await;
    let issue = async |audiences: &[&str]| {
        let request = pb::IssueTokenRequest {
            session_secret: person.session_secret.clone(),
            audiences: audiences.iter().map(|&audience| audience.to_owned()).collect(),
            ..Default::default()
        };
        office.access().issue_token(without_token(request)).await.map(tonic::Response::into_inner)
    };
    let cases = async |token: &str| {
        office.approval().list_cases(with_token(pb::ListCasesRequest::default(), token)).await
    };
    let issued = issue(&["ingest", "classification", "publish", "approval"]).await.unwrap();
    let [elsewhere @ .., here] = issued.tokens.as_slice() else { panic!("no token") };
    assert_eq!((elsewhere.len(), &issued.token), (3, &elsewhere[0]));
    cases(here).await.unwrap();
    for token in elsewhere {
        assert_refused(cases(token).await, Code::Unauthenticated, "SIGN_IN_NEEDED");
    }
    // Who names nobody means this service.
    cases(&issue(&[]).await.unwrap().token).await.unwrap();
    for unknown in [&["console"][..], &["approval", "approval"], &[""]] {
        assert_refused(issue(unknown).await, Code::InvalidArgument, "INVALID_FIELD");
    }

    office.clock.advance(Duration::from_secs(61));
    assert_refused(cases(here).await, Code::Unauthenticated, "SIGN_IN_NEEDED");
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
    // It is for ingest, where all of it is that a client may do.
    assert_refused(cases, Code::Unauthenticated, "SIGN_IN_NEEDED");
    let nobody = office.approval().list_cases(without_token(pb::ListCasesRequest::default())).await;
    assert_refused(nobody, Code::Unauthenticated, "SIGN_IN_NEEDED");

    // The operator revokes the secret, and later gives another one.
    let owner = &office.database.owner_url;
    approval::clients::change(owner, "hotline", None).await.unwrap();
    assert_refused(token("hotline", CLIENT_SECRET).await, Code::Unauthenticated, "CLIENT_REFUSED");
    approval::clients::change(owner, "hotline", Some(&"another secret".into())).await.unwrap();
    assert_refused(token("hotline", CLIENT_SECRET).await, Code::Unauthenticated, "CLIENT_REFUSED");
    token("hotline", "another secret").await.unwrap();
    assert!(approval::clients::change(owner, "nobody", None).await.is_err());
    let trail = trail(&office).await;
    assert_eq!((count(&trail, "client.revoked"), count(&trail, "client.renewed")), (1, 1));
}

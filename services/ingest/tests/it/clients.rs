//! What clients may bring, and whom they may have an account write to.

use contracts::ingest::v1 as pb;
use grpc::{Role, reason};
use tonic::Code;

use crate::desk::{ACCOUNT, Desk, hotline};

fn about(openid: &str) -> pb::Report {
    pb::Report { reporter: openid.into(), answer_account: ACCOUNT.into(), ..hotline("网传明天停水") }
}

#[tokio::test]
async fn a_client_has_an_account_answer_those_only_whom_it_brought() {
    let desk = Desk::open().await;
    let citizens = desk.citizens(3).await;
    let (wrote, named_by_officer, brought) = (&citizens[0], &citizens[1], &citizens[2]);
    desk.writes(wrote, "明天停水是真的吗").await;
    desk.reports_as(named_by_officer, "明天停水是真的吗").await;
    let mut client = desk.client(desk.agency, Role::Client).await;
    for somebody_elses in [wrote, named_by_officer] {
        let refused = client.submit(about(somebody_elses)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().contains("answer_account"), "{refused:?}");
        // Without the account nobody is written to, and nothing is lost.
        let unanswered = pb::Report { answer_account: String::new(), ..about(somebody_elses) };
        client.submit(unanswered).await.unwrap();
    }
    for _ in 0..2 {
        client.submit(about(brought)).await.unwrap();
    }
    let mut other = desk.client_named(desk.agency, Role::Client, "another partner").await;
    let refused = other.submit(about(brought)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    // An officer may, and whom a client brought may write to the account.
    desk.reports_as(brought, "明天停水是真的吗").await;
    desk.writes(brought, "明天停水是真的吗").await;

    let lines = [about(wrote), about(brought), hotline("网传明天停电")];
    let imported = client.import(&lines).await.unwrap();
    assert_eq!((imported.accepted, imported.refused), (2, 1));
    assert_eq!((imported.refusals[0].line, &*imported.refusals[0].field), (1, "reporter"));
}

#[tokio::test]
async fn a_client_that_brings_too_much_is_told_when_to_come_again_and_others_are_not_slowed() {
    let desk = Desk::open().await;
    let mut client = desk.client(desk.agency, Role::Client).await;
    let mut accepted = 0;
    let refused = loop {
        match client.submit(hotline(&format!("网传第{accepted}条"))).await {
            Ok(_) => accepted += 1,
            Err(refused) => break refused,
        }
    };
    // Forty a minute, or up to sixty a day where a minute ended meanwhile.
    assert!((40..=60).contains(&accepted), "{accepted}");
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::ResourceExhausted, Some("CLIENT_QUOTA"))
    );
    assert!(refused.message().contains("try again in"), "{refused:?}");

    let mut other = desk.client_named(desk.agency, Role::Client, "another partner").await;
    other.submit(hotline("网传另一条")).await.unwrap();
    desk.duty_officer().await.submit(hotline("值班员记的一条")).await.unwrap();
}

#[tokio::test]
async fn an_import_beyond_the_days_quota_ends_and_says_so() {
    let desk = Desk::open().await;
    let mut client = desk.client(desk.agency, Role::Client).await;
    let lines: Vec<pb::Report> = (0..1_001).map(|line| hotline(&format!("网传第{line}条"))).collect();
    let refused = client.import(&lines).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("CLIENT_QUOTA"), "{refused:?}");
    assert_eq!(desk.reports().await.len(), 1_000);
}

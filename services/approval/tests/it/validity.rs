//! Words have an end: it is signed, the desk asks once it has passed, and an officer renews or closes.

use std::time::Duration;

use contracts::approval::v1 as pb;
use contracts::approval::v1::{CaseDismissed, ClarificationSigned};
use grpc::with_token;
use signoff::content::Content;
use tonic::{Code, Status};

use crate::office::{Office, Person, STEPS, assert_refused, watermelon};

const HOUR: Duration = Duration::from_secs(3600);

/// The cases that the desk asks to renew or close.
async fn asked_about(office: &Office, person: &Person) -> Vec<pb::Case> {
    let request = pb::ListCasesRequest { past_validity: true, ..Default::default() };
    office.approval().list_cases(with_token(request, &person.token)).await.unwrap().into_inner().cases
}

async fn close(office: &Office, person: &Person, case: &pb::Case) -> Result<pb::Case, Status> {
    let request = pb::CloseExpiredRequest {
        case_id: case.case_id.clone(),
        expected_revision: case.state_revision,
        reason: "那一晚已经过去".into(),
    };
    let closed = office.approval().close_expired(with_token(request, &person.token)).await?;
    Ok(closed.into_inner().case.unwrap())
}

fn until(office: &Office, after: Duration) -> pb::Draft {
    pb::Draft { valid_until_time: Some(grpc::timestamp(office.now() + after)), ..watermelon() }
}

#[tokio::test]
async fn once_the_words_have_ended_the_desk_asks_until_they_are_renewed() {
    let office = Office::open().await;
    let chain = office.revision_with(0).await;
    let case = chain.case().await.case.unwrap();
    let before = chain.revision().await;
    let draft = until(&office, HOUR * 2);
    let end = draft.valid_until_time;
    let first = office.save_draft(&chain.drafter, &case.case_id, Some(&before), draft).await.unwrap();
    for (step, _) in &STEPS {
        chain.sign(&first, step).await.unwrap();
    }
    let signed = office.emitted::<ClarificationSigned>().await;
    let content = Content::decode(&signed[0].content).unwrap();
    assert_eq!(content.valid_until, end.unwrap().seconds);
    let page = content.rendition("page").unwrap();
    assert!(page.body.contains("本文适用至"), "the page says until when: {}", page.body);
    let shown = chain.case().await.case.unwrap();
    assert_eq!(shown.valid_until_time.unwrap().seconds, end.unwrap().seconds);
    assert!(asked_about(&office, &chain.signer).await.is_empty());
    assert_refused(
        close(&office, &chain.signer, &shown).await,
        Code::FailedPrecondition,
        "VALIDITY_NOT_ENDED",
    );

    office.clock.advance(HOUR * 3);
    let signer = office.sign_in("signer").await;
    let asked = asked_about(&office, &signer).await;
    assert_eq!(asked.iter().map(|case| &case.case_id).collect::<Vec<_>>(), [&case.case_id]);

    // Renewed by a new revision, it asks no more.
    let (drafter, reviewer) = (office.sign_in("drafter").await, office.sign_in("reviewer").await);
    let draft = until(&office, HOUR * 24);
    let second = office.save_draft(&drafter, &case.case_id, Some(&first), draft).await.unwrap();
    for (step, login) in STEPS {
        let person = match login {
            "reviewer" => &reviewer,
            "signer" => &signer,
            _ => &drafter,
        };
        let code = office.fresh_code(login);
        office.sign_step(person, &second, step, &code).await.unwrap();
    }
    assert!(asked_about(&office, &signer).await.is_empty());
}

#[tokio::test]
async fn an_officer_closes_what_is_not_renewed_and_nobody_is_asked_again() {
    let office = Office::open().await;
    let chain = office.revision_with(0).await;
    let case = chain.case().await.case.unwrap();
    let before = chain.revision().await;
    let draft = until(&office, HOUR);
    let revision = office.save_draft(&chain.drafter, &case.case_id, Some(&before), draft).await.unwrap();
    for (step, _) in &STEPS {
        chain.sign(&revision, step).await.unwrap();
    }
    office.clock.advance(HOUR * 2);
    let (signer, reviewer) = (office.sign_in("signer").await, office.sign_in("reviewer").await);
    let ended = asked_about(&office, &signer).await.pop().unwrap();
    assert_refused(close(&office, &reviewer, &ended).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let closed = close(&office, &signer, &ended).await.unwrap();
    assert_eq!((closed.valid_until_time, closed.state_revision), (None, ended.state_revision + 1));
    assert!(asked_about(&office, &signer).await.is_empty());
    assert_refused(close(&office, &signer, &ended).await, Code::Aborted, "CHANGED_MEANWHILE");
    // Whoever asks again opens a case of their own.
    assert_eq!(office.emitted::<CaseDismissed>().await.len(), 1);
    let auditor = office.sign_in("auditor").await;
    let trail = pb::ListAuditRequest::default();
    let trail = office.approval().list_audit(with_token(trail, &auditor.token)).await.unwrap().into_inner();
    assert!(trail.entries.iter().any(|entry| entry.action == "case.expiry_closed"));
}

#[tokio::test]
async fn an_end_that_is_no_instant_is_refused() {
    let office = Office::open().await;
    let chain = office.revision_with(0).await;
    let case = chain.case().await.case.unwrap();
    for seconds in [-1, 0, i64::MAX] {
        let end = Some(prost_types::Timestamp { seconds, nanos: 0 });
        let draft = pb::Draft { valid_until_time: end, ..watermelon() };
        let refused = office.save_draft(&chain.drafter, &case.case_id, None, draft).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_FIELD");
    }
}

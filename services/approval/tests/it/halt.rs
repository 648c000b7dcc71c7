//! G11 on this side: halting at every stage, and taking back what was signed.

use contracts::approval::v1 as pb;
use contracts::approval::v1::halt_scope::Scope;
use grpc::with_token;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::office::{Office, Person, STEPS, assert_refused};

async fn halt(office: &Office, person: &Person, id: Uuid, scope: Scope) -> Result<String, Status> {
    let request = pb::OrderHaltRequest {
        request_id: id.to_string(),
        scope: Some(pb::HaltScope { scope: Some(scope) }),
        reason: "发现新情况".into(),
    };
    let response = office.approval().order_halt(with_token(request, &person.token)).await?;
    Ok(response.into_inner().halt_id)
}

#[tokio::test]
async fn a_halt_at_every_stage_stops_the_chain() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    for (signed, step) in STEPS.iter().enumerate().skip(1) {
        let chain = office.revision_with(signed).await;
        let case = office.get_case(&duty, &chain.case().await.case.unwrap().case_id).await;
        let revision = case.revisions[0].clone();
        let scope = Scope::ClarificationId(revision.clarification_id.clone());
        halt(&office, &duty, Uuid::now_v7(), scope).await.unwrap();
        let refused = chain.sign(&revision, step.0).await;
        assert_refused(refused, Code::FailedPrecondition, "REVISION_STATE");
        let halted = office.get_case(&duty, &case.case.unwrap().case_id).await.case.unwrap();
        assert_eq!((halted.state(), halted.note.as_str()), (pb::case::State::Halted, "停发：发现新情况"));
        sqlx::raw_sql("UPDATE approval.case_file SET state = 'dismissed'")
            .execute(&office.database.superuser())
            .await
            .unwrap();
    }
    assert!(office.emitted::<pb::ClarificationSigned>().await.is_empty());
    assert_eq!(office.emitted::<pb::HaltOrdered>().await.len(), STEPS.len() - 1);
}

#[tokio::test]
async fn every_officer_may_halt_and_the_same_halt_is_ordered_once() {
    let office = Office::open().await;
    let id = Uuid::now_v7();
    for login in ["duty", "drafter", "reviewer", "signer"] {
        let person = office.sign_in(login).await;
        assert_eq!(halt(&office, &person, id, Scope::Everything(true)).await.unwrap(), id.to_string());
    }
    assert_eq!(office.emitted::<pb::HaltOrdered>().await.len(), 1);
    let duty = office.sign_in("duty").await;
    let reused = halt(&office, &duty, id, Scope::AutomaticAnswers(true)).await;
    assert_refused(reused, Code::FailedPrecondition, "REQUEST_ID_REUSED");
    // A checker is another department's, and nobody on duty in the press office.
    for login in ["auditor", "checker"] {
        let bystander = office.sign_in(login).await;
        let refused = halt(&office, &bystander, Uuid::now_v7(), Scope::Everything(true)).await;
        assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    let nothing = halt(&office, &duty, Uuid::now_v7(), Scope::Everything(false)).await;
    assert_refused(nothing, Code::InvalidArgument, "INVALID_FIELD");
}

#[tokio::test]
async fn a_signed_revision_is_revoked_once_with_a_reason() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let revision = chain.revision().await;
    let request = pb::RevokeClarificationRequest {
        clarification_id: revision.clarification_id.clone(),
        revision: 1,
        reason: "检测报告有误".into(),
    };
    let revoke = async |person: &Person| {
        office.approval().revoke_clarification(with_token(request.clone(), &person.token)).await
    };
    assert_refused(revoke(&chain.drafter).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let revoked = revoke(&chain.signer).await.unwrap().into_inner().revision.unwrap();
    assert_eq!(revoked.state(), pb::revision::State::Revoked);
    assert_refused(revoke(&chain.signer).await, Code::FailedPrecondition, "REVISION_STATE");
    let events = office.emitted::<pb::ClarificationRevoked>().await;
    assert_eq!((events.len(), events[0].reason.as_str()), (1, "检测报告有误"));
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Halted);
}

//! Another agency's ids are nobody's.

use contracts::approval::v1 as pb;
use grpc::with_token;
use sqlx::Row;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::office::{Office, assert_refused, sign_request, watermelon};

fn not_found<T: std::fmt::Debug>(outcome: Result<Response<T>, Status>) {
    assert_refused(outcome, Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn every_rpc_with_another_agencys_ids_finds_nothing() {
    let office = Office::open().await;
    office.open_another_agency().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    let case_id = chain.case().await.case.unwrap().case_id;

    let duty = office.sign_in("other-duty").await;
    let drafter = office.sign_in("other-drafter").await;
    let reviewer = office.sign_in("other-reviewer").await;
    let signer = office.sign_in("other-signer").await;
    let request_id = || Uuid::now_v7().to_string();
    let clarification_id = revision.clarification_id.clone();
    let mut rpc = office.approval();

    let wanted = pb::GetCaseRequest { case_id: case_id.clone(), ..Default::default() };
    not_found(rpc.get_case(with_token(wanted, &duty.token)).await);
    let request = pb::SetUrgencyRequest { case_id: case_id.clone(), ..Default::default() };
    not_found(rpc.set_urgency(with_token(request, &duty.token)).await);
    let request = pb::RequestFindingRequest {
        request_id: request_id(),
        case_id: case_id.clone(),
        department: "县公安局".into(),
        question: "？".into(),
        due_in: Some(prost_types::Duration { seconds: 600, nanos: 0 }),
    };
    not_found(rpc.request_finding(with_token(request, &duty.token)).await);
    let mut request = pb::SaveDraftRequest {
        request_id: request_id(),
        case_id: case_id.clone(),
        draft: Some(watermelon()),
        ..Default::default()
    };
    not_found(rpc.save_draft(with_token(request.clone(), &drafter.token)).await);
    let own = office.open_notice(&drafter, "西瓜").await;
    request.case_id = own.case_id;
    request.request_id = request_id();
    request.clarification_id = clarification_id.clone();
    request.expected_revision = 1;
    not_found(rpc.save_draft(with_token(request, &drafter.token)).await);
    let code = office.fresh_code("other-signer");
    let request = sign_request(&signer, &revision, "signed", &code);
    not_found(rpc.sign_step(with_token(request, &signer.token)).await);
    let request = pb::ReturnDraftRequest {
        clarification_id: clarification_id.clone(),
        revision: 1,
        reason: "退".into(),
    };
    not_found(rpc.return_draft(with_token(request, &reviewer.token)).await);
    let request = pb::DismissCaseRequest { case_id, reason: "关".into(), ..Default::default() };
    not_found(rpc.dismiss_case(with_token(request, &duty.token)).await);
    let request = pb::RevokeClarificationRequest {
        clarification_id: clarification_id.clone(),
        revision: 1,
        reason: "撤".into(),
        session_secret: signer.session_secret.clone(),
    };
    not_found(rpc.revoke_clarification(with_token(request, &signer.token)).await);
    let request = pb::OrderHaltRequest {
        request_id: request_id(),
        scope: Some(pb::HaltScope {
            scope: Some(pb::halt_scope::Scope::ClarificationId(clarification_id.clone())),
        }),
        session_secret: duty.session_secret.clone(),
        ..Default::default()
    };
    not_found(rpc.order_halt(with_token(request, &duty.token)).await);
    let request = pb::LiftHaltRequest {
        request_id: request_id(),
        scope: Some(pb::HaltScope { scope: Some(pb::halt_scope::Scope::ClarificationId(clarification_id)) }),
        reason: "恢复".into(),
        session_secret: signer.session_secret.clone(),
        ..Default::default()
    };
    not_found(rpc.lift_halt(with_token(request, &signer.token)).await);
    let cases = rpc.list_cases(with_token(pb::ListCasesRequest::default(), &duty.token)).await.unwrap();
    assert_eq!(cases.into_inner().cases.len(), 1, "its own notice and nothing else");
}

#[tokio::test]
async fn every_table_of_an_agency_forces_row_level_security_and_is_not_the_services_own() {
    let office = Office::open().await;
    let rows = sqlx::query(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced,
                pg_get_userbyid(relowner) AS owner
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE nspname = 'approval' AND relkind = 'r' AND relname <> '_sqlx_migrations'",
    )
    .fetch_all(&office.database.superuser())
    .await
    .unwrap();
    assert!(rows.len() > 15);
    for row in rows {
        let table: String = row.get("relname");
        assert!(row.get::<bool, _>("forced"), "{table}");
        assert_eq!(row.get::<String, _>("owner"), "chengqing_approval_owner", "{table}");
    }
}

#[tokio::test]
async fn the_service_cannot_change_what_was_saved_signed_or_audited() {
    let office = Office::open().await;
    office.revision_with(4).await;
    for forbidden in [
        "UPDATE approval.revision SET content = content",
        "UPDATE approval.revision SET draft = draft",
        "UPDATE approval.step SET signature = signature",
        "DELETE FROM approval.step",
        "UPDATE approval.audit_entry SET subject = subject",
        "DELETE FROM approval.audit_entry",
        "UPDATE approval.person SET role = role",
        "UPDATE approval.signing_key SET enrolment = enrolment",
        "INSERT INTO approval.policy SELECT * FROM approval.policy",
        "UPDATE approval.halt SET signed_order = signed_order",
        "UPDATE approval.lift SET reason = reason",
        "DELETE FROM approval.lifted_halt",
        "UPDATE approval.agency SET root_public_key = root_public_key",
    ] {
        let mut tx = database::agency_tx(&office.database.pool, office.agency).await.unwrap();
        let refused = sqlx::raw_sql(forbidden).execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{forbidden}: {refused}");
    }
}

//! G11 on this side: halting at every stage, taking back what was signed, and who may let go on.

use contracts::approval::v1 as pb;
use contracts::approval::v1::halt_scope::Scope;
use grpc::with_token;
use signoff::order::{Command, OrderScope};
use signoff::verify_order::{VerifiedOrder, verify_encoded_order};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::office::{Office, Person, STEPS, assert_refused};

fn halt_request(person: &Person, id: Uuid, scope: Scope) -> pb::OrderHaltRequest {
    pb::OrderHaltRequest {
        request_id: id.to_string(),
        scope: Some(pb::HaltScope { scope: Some(scope) }),
        reason: "发现新情况".into(),
        session_secret: person.session_secret.clone(),
    }
}

async fn halt(office: &Office, person: &Person, id: Uuid, scope: Scope) -> Result<String, Status> {
    let request = halt_request(person, id, scope);
    let response = office.approval().order_halt(with_token(request, &person.token)).await?;
    Ok(response.into_inner().halt_id)
}

fn lift_request(person: &Person, id: Uuid, scope: Scope) -> pb::LiftHaltRequest {
    pb::LiftHaltRequest {
        request_id: id.to_string(),
        scope: Some(pb::HaltScope { scope: Some(scope) }),
        reason: "已核实无误".into(),
        halt_ids: Vec::new(),
        session_secret: person.session_secret.clone(),
    }
}

async fn lift(
    office: &Office,
    person: &Person,
    request: pb::LiftHaltRequest,
) -> Result<pb::LiftHaltResponse, Status> {
    Ok(office.approval().lift_halt(with_token(request, &person.token)).await?.into_inner())
}

fn verified(office: &Office, signed_order: &[u8]) -> VerifiedOrder {
    verify_encoded_order(signed_order, &office.trust, office.now()).unwrap()
}

/// What the trail says of halts: who, what, about what.
async fn trail(office: &Office) -> Vec<(String, String, String)> {
    sqlx::query_as(
        "SELECT actor, action, subject FROM approval.audit_entry WHERE action LIKE 'halt.%' ORDER BY sequence",
    )
    .fetch_all(&office.database.superuser())
    .await
    .unwrap()
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
async fn a_halt_is_an_order_that_its_officer_has_signed() {
    let office = Office::open().await;
    for login in ["duty", "drafter", "reviewer", "signer"] {
        let person = office.sign_in(login).await;
        let id = Uuid::now_v7();
        halt(&office, &person, id, Scope::Account("qinglan-wechat".into())).await.unwrap();
        let event = office.emitted::<pb::HaltOrdered>().await.pop().unwrap();
        let order = verified(&office, &event.signed_order).order;
        assert_eq!((order.id, order.reason.as_str()), (id, "发现新情况"));
        assert_eq!(order.person.to_string(), event.person_id);
        assert_eq!(order.command, Command::Halt(OrderScope::Account("qinglan-wechat".into())));
    }
    let duty = office.sign_in("duty").await;
    let request = halt_request(&duty, Uuid::now_v7(), Scope::Everything(true));
    let told = office.approval().order_halt(with_token(request, &duty.token)).await.unwrap().into_inner();
    assert_eq!(told.signed_order, office.emitted::<pb::HaltOrdered>().await.pop().unwrap().signed_order);
}

#[tokio::test]
async fn a_halt_whose_key_does_not_open_stops_all_the_same_and_says_that_it_is_unsigned() {
    let office = Office::open().await;
    let (duty, drafter) = (office.sign_in("duty").await, office.sign_in("drafter").await);
    let unsigned = async |session_secret: String| {
        let request = pb::OrderHaltRequest {
            session_secret,
            ..halt_request(&duty, Uuid::now_v7(), Scope::Everything(true))
        };
        let told = office.approval().order_halt(with_token(request, &duty.token)).await.unwrap().into_inner();
        assert!(told.signed_order.is_empty());
        let event = office.emitted::<pb::HaltOrdered>().await.pop().unwrap();
        assert_eq!((event.halt_id, event.signed_order), (told.halt_id, Vec::new()));
        assert!(trail(&office).await.pop().unwrap().2.ends_with("of everything, unsigned"));
    };
    unsigned(String::new()).await;
    unsigned(drafter.session_secret.clone()).await;
    // Without its box, or without the policy, there is no signature; and it stops.
    for lost in ["UPDATE approval.session SET seed_sealed = '\\x00'", "DELETE FROM approval.policy"] {
        sqlx::raw_sql(lost).execute(&office.database.superuser()).await.unwrap();
        unsigned(duty.session_secret.clone()).await;
    }
}

#[tokio::test]
async fn a_signed_revision_is_revoked_once_with_a_reason_and_a_signature() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let revision = chain.revision().await;
    let revoke = async |person: &Person, session_secret: &str| {
        let request = pb::RevokeClarificationRequest {
            clarification_id: revision.clarification_id.clone(),
            revision: 1,
            reason: "检测报告有误".into(),
            session_secret: session_secret.to_owned(),
        };
        office.approval().revoke_clarification(with_token(request, &person.token)).await
    };
    let (drafter, signer) = (&chain.drafter, &chain.signer);
    let refused = revoke(drafter, &drafter.session_secret).await;
    assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let unsigned = revoke(signer, "").await;
    assert_refused(unsigned, Code::Unauthenticated, "SESSION_ENDED");
    assert!(office.emitted::<pb::ClarificationRevoked>().await.is_empty());
    let revoked = revoke(signer, &signer.session_secret).await.unwrap().into_inner().revision.unwrap();
    assert_eq!(revoked.state(), pb::revision::State::Revoked);
    let again = revoke(signer, &signer.session_secret).await;
    assert_refused(again, Code::FailedPrecondition, "REVISION_STATE");
    let events = office.emitted::<pb::ClarificationRevoked>().await;
    assert_eq!((events.len(), events[0].reason.as_str()), (1, "检测报告有误"));
    let order = verified(&office, &events[0].signed_order).order;
    let clarification = revision.clarification_id.parse().unwrap();
    assert_eq!(order.command, Command::Revoke { clarification, revision: 1 });
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Halted);
}

#[tokio::test]
async fn only_the_leads_let_go_on_and_all_of_it_the_signer_alone() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let account = || Scope::Account("qinglan-wechat".into());
    for scope in [account(), Scope::AutomaticAnswers(true), Scope::Everything(true)] {
        halt(&office, &duty, Uuid::now_v7(), scope).await.unwrap();
    }
    for login in ["checker", "drafter", "reviewer", "admin", "auditor"] {
        let person = office.sign_in(login).await;
        for scope in [account(), Scope::AutomaticAnswers(true), Scope::Everything(true)] {
            let refused = lift(&office, &person, lift_request(&person, Uuid::now_v7(), scope)).await;
            assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
    }
    let all = lift_request(&duty, Uuid::now_v7(), Scope::Everything(true));
    assert_refused(lift(&office, &duty, all).await, Code::PermissionDenied, "SIGNER_NEEDED");
    assert!(office.emitted::<pb::HaltLifted>().await.is_empty());

    let signer = office.sign_in("signer").await;
    lift(&office, &duty, lift_request(&duty, Uuid::now_v7(), account())).await.unwrap();
    let all = lift_request(&signer, Uuid::now_v7(), Scope::Everything(true));
    lift(&office, &signer, all).await.unwrap();
    let told = trail(&office).await;
    let lifted: Vec<_> = told.iter().filter(|(_, action, _)| action == "halt.lifted").collect();
    assert_eq!(lifted.len(), 2);
    assert_eq!(lifted[0].0, "演示·值班员");
    assert!(lifted[0].2.ends_with(" of account qinglan-wechat: 已核实无误"), "{}", lifted[0].2);
    assert_eq!(lifted[1].0, "演示·终审人（带班领导）");
    assert!(lifted[1].2.ends_with(" of everything: 已核实无误"), "{}", lifted[1].2);
}

#[tokio::test]
async fn a_resumption_names_the_halts_that_it_ends_and_is_given_once() {
    let office = Office::open().await;
    let signer = office.sign_in("signer").await;
    let everything = || Scope::Everything(true);
    let nothing = lift(&office, &signer, lift_request(&signer, Uuid::now_v7(), everything())).await;
    assert_refused(nothing, Code::FailedPrecondition, "NOTHING_HALTED");
    let [first, second, told_elsewhere] = std::array::from_fn(|_| Uuid::now_v7());
    halt(&office, &signer, first, everything()).await.unwrap();
    halt(&office, &signer, second, everything()).await.unwrap();
    let other = Uuid::now_v7();
    halt(&office, &signer, other, Scope::AutomaticAnswers(true)).await.unwrap();

    let blank =
        pb::LiftHaltRequest { reason: "　 ".into(), ..lift_request(&signer, Uuid::now_v7(), everything()) };
    assert_refused(lift(&office, &signer, blank).await, Code::InvalidArgument, "INVALID_FIELD");
    let unsigned = pb::LiftHaltRequest {
        session_secret: String::new(),
        ..lift_request(&signer, Uuid::now_v7(), everything())
    };
    assert_refused(lift(&office, &signer, unsigned).await, Code::Unauthenticated, "SESSION_ENDED");
    let id = Uuid::now_v7();
    let of_other_scope =
        pb::LiftHaltRequest { halt_ids: vec![other.to_string()], ..lift_request(&signer, id, everything()) };
    assert_refused(lift(&office, &signer, of_other_scope).await, Code::InvalidArgument, "INVALID_FIELD");

    let request = pb::LiftHaltRequest {
        halt_ids: vec![told_elsewhere.to_string(), first.to_string()],
        ..lift_request(&signer, id, everything())
    };
    let lifted = lift(&office, &signer, request.clone()).await.unwrap();
    let order = verified(&office, &lifted.signed_order).order;
    let mut named = [first, second, told_elsewhere].map(ids::HaltId::from_uuid);
    named.sort_unstable();
    let Command::Lift { scope, halts, .. } = order.command else { panic!("no resumption") };
    assert_eq!((scope, halts.into_iter().collect::<Vec<_>>()), (OrderScope::Everything, named.to_vec()));
    assert_eq!((order.id, order.reason.as_str()), (id, "已核实无误"));

    // The same again is the same; the same id for anything else is refused, and an ended halt does not come back.
    assert_eq!(lift(&office, &signer, request.clone()).await.unwrap().signed_order, lifted.signed_order);
    let changed = pb::LiftHaltRequest { reason: "别的原因".into(), ..request };
    assert_refused(lift(&office, &signer, changed).await, Code::FailedPrecondition, "REQUEST_ID_REUSED");
    let events = office.emitted::<pb::HaltLifted>().await;
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0].lift_id, &events[0].signed_order), (&id.to_string(), &lifted.signed_order));
    for over in [first, told_elsewhere, id] {
        let again = halt(&office, &signer, over, everything()).await;
        assert_refused(again, Code::FailedPrecondition, "REQUEST_ID_REUSED");
    }
    let nothing = lift(&office, &signer, lift_request(&signer, Uuid::now_v7(), everything())).await;
    assert_refused(nothing, Code::FailedPrecondition, "NOTHING_HALTED");
}

#[tokio::test]
async fn a_resumption_of_one_clarification_is_told_on_its_case() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    let clarification = chain.revision().await.clarification_id;
    let scope = || Scope::ClarificationId(clarification.clone());
    halt(&office, &chain.signer, Uuid::now_v7(), scope()).await.unwrap();
    lift(&office, &chain.signer, lift_request(&chain.signer, Uuid::now_v7(), scope())).await.unwrap();
    let told = chain.case().await.events;
    assert!(told.iter().any(|event| event.what.contains("恢复：已核实无误")), "{told:?}");
}

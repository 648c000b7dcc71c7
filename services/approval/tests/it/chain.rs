//! From a draft to a signed event: G6, G7, and what keeps a step from being signed.

use contracts::approval::v1 as pb;
use contracts::approval::v1::ClarificationSigned;
use grpc::with_token;
use signoff::enrolment::{ADMINISTRATOR, Enrolment};
use signoff::statement::{Gate, Statement};
use signoff::verify::verify;
use tonic::Code;
use uuid::Uuid;

use crate::office::{Office, STEPS, assert_refused, bundle, expected, sign_request, watermelon};

#[tokio::test]
async fn three_people_take_a_draft_to_an_event_that_anyone_can_verify() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;

    let events = office.emitted::<ClarificationSigned>().await;
    assert_eq!(events.len(), 1);
    let verified = verify(&bundle(&events[0]), &office.trust, &expected(&events[0]), office.now()).unwrap();
    assert_eq!(verified.chain.len(), 4);
    assert_eq!(verified.content.response_level, "everything");
    assert!(verified.content.rendition("wechat").unwrap().body.contains("检测报告（演示）"));
    let whole = chain.case().await;
    assert_eq!(whole.case.unwrap().state(), pb::case::State::Signed);
    assert_eq!(whole.revisions[0].state(), pb::revision::State::Signed);
    assert_eq!(hex::encode(verified.content_hash), whole.revisions[0].content_hash);
    let purposes: Vec<_> = whole.revisions[0].steps.iter().map(|step| step.purpose.as_str()).collect();
    assert_eq!(purposes, ["drafted", "first_reviewed", "second_reviewed", "signed"]);
}

#[tokio::test]
async fn an_edit_voids_the_reviews() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let reviewed = chain.revision().await;
    let draft = pb::Draft { advice: "请勿转发。".into(), ..watermelon() };
    let case = chain.case().await.case.unwrap();
    let edited = office.save_draft(&chain.drafter, &case.case_id, Some(&reviewed), draft).await.unwrap();

    assert_eq!((edited.revision, edited.state(), edited.steps.len()), (2, pb::revision::State::Draft, 0));
    assert_ne!(edited.content_hash, reviewed.content_hash);
    assert_refused(chain.sign(&reviewed, "signed").await, Code::Aborted, "CHANGED_MEANWHILE");
    assert_refused(chain.sign(&edited, "signed").await, Code::FailedPrecondition, "REVISION_STATE");
    assert!(office.emitted::<ClarificationSigned>().await.is_empty());
}

#[tokio::test]
async fn a_step_over_other_words_than_the_person_saw_is_refused() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let seen = chain.revision().await;
    let hash = hex::encode([7; 32]);
    let other = pb::Revision { content_hash: hash, ..seen.clone() };
    assert_refused(chain.sign(&other, "signed").await, Code::Aborted, "CHANGED_MEANWHILE");
    assert!(office.emitted::<ClarificationSigned>().await.is_empty());
}

#[tokio::test]
async fn nobody_signs_a_second_step_nor_one_that_is_not_theirs() {
    let office = Office::open().await;
    let chain = office.revision_with(2).await;
    let revision = chain.revision().await;
    let checker = office.sign_in("checker").await;
    let refused = office.sign_step(&checker, &revision, "second_reviewed", "").await;
    assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    for login in ["admin", "auditor", "duty", "signer", "drafter"] {
        let person = office.sign_in(login).await;
        let refused = office.sign_step(&person, &revision, "second_reviewed", "").await;
        assert_refused(refused, Code::PermissionDenied, "ROLE_MAY_NOT_SIGN");
    }
    for login in ["admin", "auditor"] {
        let person = office.sign_in(login).await;
        let code = office.fresh_code(login);
        let refused = office.sign_step(&person, &revision, "signed", &code).await;
        assert_refused(refused, Code::PermissionDenied, "ROLE_MAY_NOT_SIGN");
    }
}

#[tokio::test]
async fn a_reviewer_in_first_review_is_not_the_second_reviewer_too() {
    let office = Office::open().await;
    let chain = office.revision_with(1).await;
    let revision = chain.revision().await;
    let once = office.sign_step(&chain.reviewer, &revision, "first_reviewed", "").await.unwrap();
    assert_eq!(once.state(), pb::revision::State::FirstReviewed);
    let twice = office.sign_step(&chain.reviewer, &revision, "second_reviewed", "").await;
    assert_refused(twice, Code::PermissionDenied, "SAME_PERSON");
}

#[tokio::test]
async fn a_review_without_all_four_gates_is_refused() {
    let office = Office::open().await;
    let chain = office.revision_with(1).await;
    let revision = chain.revision().await;
    let mut request = sign_request(&chain.drafter, &revision, "first_reviewed", "");
    request.gates.pop();
    let refused = office.approval().sign_step(with_token(request, &chain.drafter.token)).await;
    assert_refused(refused, Code::FailedPrecondition, "GATES_OPEN");
}

#[tokio::test]
async fn a_sign_off_needs_the_signers_own_session_and_a_fresh_code() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;

    let mut borrowed = sign_request(&chain.drafter, &revision, "signed", &office.fresh_code("signer"));
    let refused = office.approval().sign_step(with_token(borrowed.clone(), &chain.signer.token)).await;
    assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
    borrowed.session_secret = "AAAA".into();
    let refused = office.approval().sign_step(with_token(borrowed, &chain.signer.token)).await;
    assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");

    for code in ["", "000000", &office.code_at("drafter", office.step_now())] {
        let refused = office.sign_step(&chain.signer, &revision, "signed", code).await;
        assert_refused(refused, Code::PermissionDenied, "CODE_REFUSED");
    }
    assert!(office.emitted::<ClarificationSigned>().await.is_empty());
    chain.sign(&revision, "signed").await.unwrap();
}

#[tokio::test]
async fn the_second_review_needs_a_fresh_code_too() {
    let office = Office::open().await;
    let chain = office.revision_with(2).await;
    let revision = chain.revision().await;
    for code in ["", "000000", &office.code_at("drafter", office.step_now())] {
        let refused = office.sign_step(&chain.reviewer, &revision, "second_reviewed", code).await;
        assert_refused(refused, Code::PermissionDenied, "CODE_REFUSED");
    }
    chain.sign(&revision, "second_reviewed").await.unwrap();
}

#[tokio::test]
async fn the_gates_are_in_the_signed_bytes_and_shown_from_there() {
    let office = Office::open().await;
    let chain = office.revision_with(4).await;
    // The column beside the statement is nobody's word.
    sqlx::raw_sql("UPDATE approval.step SET gates = '{}'")
        .execute(&office.database.superuser())
        .await
        .unwrap();
    let shown = chain.revision().await;
    let gates: Vec<usize> = shown.steps.iter().map(|step| step.gates.len()).collect();
    assert_eq!(gates, [0, 4, 4, 4]);
    let event = office.emitted::<ClarificationSigned>().await.pop().unwrap();
    let verified = verify(&bundle(&event), &office.trust, &expected(&event), office.now()).unwrap();
    assert!(verified.chain[1..].iter().all(|witness| witness.gates == Gate::ALL.into()));
    // Whoever verifies sees every administrator of the office.
    let administrators = event
        .enrolments
        .iter()
        .filter(|enrolment| Enrolment::decode(&enrolment.document).unwrap().role == ADMINISTRATOR);
    assert_eq!(administrators.count(), 2);
}

#[tokio::test]
async fn a_clock_that_runs_behind_never_signs_before_the_step_that_it_builds_on() {
    let office = Office::open().await;
    let chain = office.revision_with(1).await;
    let revision = chain.revision().await;
    // Another replica's clock was half a minute ahead.
    let file = office.clock.file().to_owned();
    let before = std::fs::read_to_string(&file).unwrap();
    office.clock.advance(std::time::Duration::from_secs(30));
    chain.sign(&revision, "first_reviewed").await.unwrap();
    std::fs::write(&file, before).unwrap();
    for (login, step) in [("reviewer", "second_reviewed"), ("signer", "signed")] {
        let code = office.code_at(login, office.step_now() + 1);
        office.sign_step(chain.person(login), &revision, step, &code).await.unwrap();
    }
    let event = office.emitted::<ClarificationSigned>().await.pop().unwrap();
    let times: Vec<i64> = event
        .statements
        .iter()
        .map(|signed| Statement::decode(&signed.document).unwrap().signed_at_ms)
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn what_follows_from_a_sign_off_is_read_from_the_signed_forms() {
    let office = Office::open().await;
    let chain = office.revision_with(0).await;
    let case = chain.case().await.case.unwrap();
    let before = chain.revision().await;
    let draft = pb::Draft { response_level: pb::ResponseLevel::AnswerOnly.into(), ..watermelon() };
    let revision = office.save_draft(&chain.drafter, &case.case_id, Some(&before), draft).await.unwrap();
    for (step, _) in STEPS {
        chain.sign(&revision, step).await.unwrap();
    }
    // Nothing of it is published, so the case is done.
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Published);
}

#[tokio::test]
async fn wrong_codes_at_the_sign_off_lock_the_signer_out() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    for _ in 0..5 {
        let refused = office.sign_step(&chain.signer, &revision, "signed", "000000").await;
        assert_refused(refused, Code::PermissionDenied, "CODE_REFUSED");
    }
    assert_refused(chain.sign(&revision, "signed").await, Code::PermissionDenied, "CODE_REFUSED");
    office.clock.advance(std::time::Duration::from_secs(601));
    let signer = office.sign_in("signer").await;
    let code = office.fresh_code("signer");
    office.sign_step(&signer, &revision, "signed", &code).await.unwrap();
}

#[tokio::test]
async fn two_sign_offs_at_once_make_one_event() {
    let office = Office::open().await;
    let chain = office.revision_with(3).await;
    let revision = chain.revision().await;
    let now = office.step_now();
    let (one, other) = (office.code_at("signer", now + 1), office.code_at("signer", now + 1));
    let (first, second) = tokio::join!(
        office.sign_step(&chain.signer, &revision, "signed", &one),
        office.sign_step(&chain.signer, &revision, "signed", &other)
    );
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|ok| **ok).count(), 1);
    assert_eq!(office.emitted::<ClarificationSigned>().await.len(), 1);
}

#[tokio::test]
async fn a_returned_revision_says_why_and_takes_no_more_steps() {
    let office = Office::open().await;
    let chain = office.revision_with(2).await;
    let revision = chain.revision().await;
    let request = |reason: &str| pb::ReturnDraftRequest {
        clarification_id: revision.clarification_id.clone(),
        revision: 1,
        reason: reason.into(),
    };
    let unreasoned = office.approval().return_draft(with_token(request(" "), &chain.reviewer.token)).await;
    assert_refused(unreasoned, Code::InvalidArgument, "INVALID_FIELD");
    let returned =
        office.approval().return_draft(with_token(request("依据写全称。"), &chain.reviewer.token)).await;
    let returned = returned.unwrap().into_inner().revision.unwrap();
    assert_eq!(
        (returned.state(), returned.return_reason.as_str()),
        (pb::revision::State::Returned, "依据写全称。")
    );
    let refused = chain.sign(&revision, "second_reviewed").await;
    assert_refused(refused, Code::FailedPrecondition, "REVISION_STATE");
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Drafting);
}

#[tokio::test]
async fn a_draft_with_problems_is_kept_and_not_signed() {
    let office = Office::open().await;
    let drafter = office.sign_in("drafter").await;
    let case = office.open_notice(&drafter, "西瓜").await;
    let draft = pb::Draft { basis: String::new(), ..watermelon() };
    let request = pb::PreviewDraftRequest { draft: Some(draft.clone()) };
    let preview = office.approval().preview_draft(with_token(request, &drafter.token)).await.unwrap();
    assert_eq!(preview.into_inner().problems, ["“依据”还没有填。"]);
    let revision = office.save_draft(&drafter, &case.case_id, None, draft).await.unwrap();
    let refused = office.sign_step(&drafter, &revision, "drafted", "").await;
    assert_refused(refused, Code::FailedPrecondition, "DRAFT_HAS_PROBLEMS");
}

#[tokio::test]
async fn saving_twice_under_one_request_saves_once_and_a_stale_save_is_refused() {
    let office = Office::open().await;
    let drafter = office.sign_in("drafter").await;
    let case = office.open_notice(&drafter, "西瓜").await;
    let request = pb::SaveDraftRequest {
        request_id: Uuid::now_v7().to_string(),
        case_id: case.case_id.clone(),
        clarification_id: String::new(),
        expected_revision: 0,
        draft: Some(watermelon()),
    };
    let save = async |request: &pb::SaveDraftRequest| {
        let response = office.approval().save_draft(with_token(request.clone(), &drafter.token)).await?;
        Ok::<_, tonic::Status>(response.into_inner().revision.unwrap())
    };
    let (first, again) = tokio::join!(save(&request), save(&request));
    assert_eq!(first.as_ref().unwrap(), again.as_ref().unwrap());
    let reused = pb::SaveDraftRequest { draft: Some(pb::Draft::default()), ..request.clone() };
    assert_refused(save(&reused).await, Code::InvalidArgument, "INVALID_FIELD");
    let reused = pb::SaveDraftRequest {
        draft: Some(pb::Draft { title: "另一个".into(), ..watermelon() }),
        ..request
    };
    assert_refused(save(&reused).await, Code::FailedPrecondition, "REQUEST_ID_REUSED");

    let first = first.unwrap();
    let (one, other) = tokio::join!(
        office.save_draft(&drafter, &case.case_id, Some(&first), watermelon()),
        office.save_draft(&drafter, &case.case_id, Some(&first), watermelon())
    );
    let outcomes = [one, other];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let stale = outcomes.into_iter().find(Result::is_err).unwrap();
    assert_refused(stale, Code::Aborted, "CHANGED_MEANWHILE");
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_with_the_field_that_is_wrong() {
    let office = Office::open().await;
    let drafter = office.sign_in("drafter").await;
    let case = office.open_notice(&drafter, "西瓜").await;
    for claim in ["长".repeat(100_000), "西\0瓜".into()] {
        let draft = pb::Draft { claim, ..watermelon() };
        let refused = office.save_draft(&drafter, &case.case_id, None, draft).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_FIELD");
    }
    let request = pb::OpenNoticeRequest { request_id: "not a uuid".into(), sentence: "西瓜".into() };
    let refused = office.approval().open_notice(with_token(request, &drafter.token)).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_FIELD");
}

#[tokio::test]
async fn a_holding_statement_goes_out_to_answer_and_leaves_the_case_to_its_findings() {
    let office = Office::open().await;
    let chain = office.revision_with(0).await;
    let case = chain.case().await.case.unwrap();
    let draft = pb::Draft {
        kind: pb::ClarificationKind::Holding.into(),
        response_level: pb::ResponseLevel::AnswerOnly.into(),
        verdict: pb::Verdict::Pending.into(),
        ..watermelon()
    };
    let revision = office.save_draft(&chain.drafter, &case.case_id, None, draft).await.unwrap();
    for (purpose, _) in crate::office::STEPS {
        chain.sign(&revision, purpose).await.unwrap();
    }
    let events = office.emitted::<ClarificationSigned>().await;
    let content = signoff::content::Content::decode(&events[0].content).unwrap();
    assert_eq!((content.kind.as_str(), content.renditions.len()), ("holding", 1));
    assert_eq!(chain.case().await.case.unwrap().state(), pb::case::State::Open);
}

//! Merging, splitting and re-routing cases, and automatic answers switched on again.

use contracts::approval::v1 as pb;
use contracts::approval::v1::claim_corrected::Decision;
use contracts::classification::v1::{Claim, ClaimGrew, ClaimOpened, SuspensionChanged};
use grpc::with_token;
use ids::{ClaimId, ReportId};
use testkit::eventually;
use tonic::Code;
use uuid::Uuid;

use crate::office::{Office, Person, STEPS, assert_refused, watermelon};

fn claim(id: ClaimId, sentence: &str, report_count: u64) -> Option<Claim> {
    Some(Claim {
        claim_id: id.to_string(),
        sentence: sentence.into(),
        report_count,
        urgency: 10,
        departments: vec!["县应急管理局".into()],
        ..Claim::default()
    })
}

fn minted() -> String {
    Uuid::now_v7().to_string()
}

impl Office {
    async fn case_of(&self, person: &Person, claim_id: ClaimId) -> Option<pb::Case> {
        let request = pb::GetCaseRequest { claim_id: claim_id.to_string(), ..Default::default() };
        let found = self.approval().get_case(with_token(request, &person.token)).await.ok()?;
        found.into_inner().case
    }

    /// A claim with so many reports, and its case.
    async fn hears_of(&self, person: &Person, sentence: &str, reports: u64) -> pb::Case {
        let id = ClaimId::mint();
        let agency_id = self.agency.to_string();
        let opened = ClaimOpened { agency_id, claim: claim(id, sentence, reports) };
        self.classification.say(self.agency, &opened).await;
        eventually("the case", async || self.case_of(person, id).await).await
    }

    async fn merge(
        &self,
        person: &Person,
        case: &pb::Case,
        into: &pb::Case,
        answers_reporters: bool,
    ) -> Result<pb::MergeCasesResponse, tonic::Status> {
        let request = pb::MergeCasesRequest {
            request_id: minted(),
            case_id: case.case_id.clone(),
            expected_revision: case.state_revision,
            into_case_id: into.case_id.clone(),
            answers_reporters,
            session_secret: person.session_secret.clone(),
        };
        let merged = self.approval().merge_cases(with_token(request, &person.token)).await;
        merged.map(tonic::Response::into_inner)
    }

    /// Takes a case through the whole chain.
    async fn signs(&self, case: &pb::Case) -> pb::Revision {
        let chain = crate::office::chain_of(self).await;
        let saved = self.save_draft(&chain.drafter, &case.case_id, None, watermelon()).await.unwrap();
        for (purpose, _) in &STEPS {
            chain.sign(&saved, purpose).await.unwrap();
        }
        saved
    }
}

#[tokio::test]
async fn a_merged_case_closes_points_at_the_other_and_classification_is_told_once() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let melons = office.hears_of(&duty, "城东市场西瓜打甜水针", 3).await;
    let fruit = office.hears_of(&duty, "城东菜场水果泡药水", 2).await;
    let request = pb::MergeCasesRequest {
        request_id: minted(),
        case_id: fruit.case_id.clone(),
        expected_revision: fruit.state_revision,
        into_case_id: melons.case_id.clone(),
        answers_reporters: false,
        session_secret: duty.session_secret.clone(),
    };
    for _ in 0..2 {
        let merged = office.approval().merge_cases(with_token(request.clone(), &duty.token)).await.unwrap();
        let pb::MergeCasesResponse { case, into } = merged.into_inner();
        let case = case.unwrap();
        assert_eq!(case.state(), pb::case::State::Dismissed);
        assert_eq!(case.merged_into_case_id, melons.case_id);
        assert_eq!(into.unwrap().case_id, melons.case_id);
    }
    let told = office.emitted::<pb::ClaimCorrected>().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].correction, 1);
    let Some(Decision::Merge(merge)) = &told[0].decision else { panic!("{told:?}") };
    assert_eq!((&merge.claim_id, &merge.into_claim_id), (&fruit.claim_id, &melons.claim_id));

    // Both stay readable, by their number too; neither is merged again, and nothing is merged into what closed.
    let request = pb::GetCaseRequest { code: fruit.code.clone(), ..Default::default() };
    let read = office.approval().get_case(with_token(request, &duty.token)).await.unwrap().into_inner();
    assert!(read.events.iter().any(|event| event.what.contains(&melons.code)), "{:?}", read.events);
    let closed = read.case.unwrap();
    assert_refused(
        office.merge(&duty, &closed, &melons, false).await,
        Code::FailedPrecondition,
        "CASE_STATE",
    );
    let road = office.hears_of(&duty, "高速封路", 1).await;
    assert_refused(
        office.merge(&duty, &road, &closed, false).await,
        Code::FailedPrecondition,
        "TARGET_DISMISSED",
    );
    assert_refused(office.merge(&duty, &road, &road, false).await, Code::InvalidArgument, "INVALID_FIELD");
    let auditor = office.sign_in("auditor").await;
    let refused = office.merge(&auditor, &road, &melons, false).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let stale = pb::Case { state_revision: 7, ..road.clone() };
    assert_eq!(office.merge(&duty, &stale, &melons, false).await.unwrap_err().code(), Code::Aborted);
    let admin = office.sign_in("admin").await;
    let request = with_token(pb::ListAuditRequest::default(), &admin.token);
    let audit = office.approval().list_audit(request).await.unwrap().into_inner().entries;
    let entry = audit.iter().find(|entry| entry.action == "case.merged").unwrap();
    assert!(entry.subject.contains(&fruit.code) && entry.subject.contains(&melons.code), "{entry:?}");
}

#[tokio::test]
async fn what_is_signed_is_not_merged_away_and_answers_reporters_only_when_an_officer_says_so() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let melons = office.hears_of(&duty, "城东市场西瓜打甜水针", 3).await;
    let fruit = office.hears_of(&duty, "城东菜场水果泡药水", 2).await;
    office.signs(&melons).await;
    let melons = office.get_case(&duty, &melons.case_id).await.case.unwrap();
    assert_refused(office.merge(&duty, &melons, &fruit, true).await, Code::FailedPrecondition, "CASE_STATE");
    assert_refused(
        office.merge(&duty, &fruit, &melons, false).await,
        Code::FailedPrecondition,
        "MERGE_ANSWERS_REPORTERS",
    );
    assert!(office.emitted::<pb::ClaimCorrected>().await.is_empty());
    office.merge(&duty, &fruit, &melons, true).await.unwrap();
    assert_eq!(office.emitted::<pb::ClaimCorrected>().await.len(), 1);
}

#[tokio::test]
async fn split_reports_get_a_case_of_their_own_at_once_and_the_claim_keeps_at_least_one() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let melons = office.hears_of(&duty, "城东市场西瓜打甜水针", 3).await;
    let request = pb::SplitCaseRequest {
        request_id: minted(),
        case_id: melons.case_id.clone(),
        expected_revision: melons.state_revision,
        report_ids: (0..2).map(|_| ReportId::mint().to_string()).collect(),
        sentence: "水果泡药水".into(),
    };
    let mut too_many = request.clone();
    too_many.report_ids.push(ReportId::mint().to_string());
    let refused = office.approval().split_case(with_token(too_many, &duty.token)).await;
    assert_refused(refused, Code::FailedPrecondition, "NO_REPORT_LEFT");
    let none = pb::SplitCaseRequest { report_ids: vec![], request_id: minted(), ..request.clone() };
    let refused = office.approval().split_case(with_token(none, &duty.token)).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_FIELD");

    let mut made = Vec::new();
    let request = pb::SplitCaseRequest { request_id: minted(), ..request };
    for _ in 0..2 {
        let split = office.approval().split_case(with_token(request.clone(), &duty.token)).await.unwrap();
        made.push(split.into_inner().split.unwrap());
    }
    assert_eq!(made[0].case_id, made[1].case_id, "a request sent twice makes one case");
    assert_eq!((made[0].code.as_str(), made[0].report_count), ("QL-0002", 2));
    let told = office.emitted::<pb::ClaimCorrected>().await;
    assert_eq!(told.len(), 1);
    let Some(Decision::Split(split)) = &told[0].decision else { panic!("{told:?}") };
    assert_eq!((&split.new_claim_id, split.report_ids.len()), (&made[0].claim_id, 2));

    // What classification says of the new claim is the same case's.
    let opened = ClaimOpened {
        agency_id: office.agency.to_string(),
        claim: claim(made[0].claim_id.parse().unwrap(), "水果泡药水", 2),
    };
    office.classification.say(office.agency, &opened).await;
    let last = office.hears_of(&duty, "高速封路", 1).await;
    assert_eq!(last.code, "QL-0003");
}

#[tokio::test]
async fn departments_that_an_officer_set_stay_whatever_the_machine_suggests_later() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let melons = office.hears_of(&duty, "城东市场西瓜打甜水针", 1).await;
    let request = pb::RerouteCaseRequest {
        case_id: melons.case_id.clone(),
        expected_revision: melons.state_revision,
        departments: vec!["县农业农村局".into(), "县市场监管局".into()],
    };
    let rerouted = office.approval().reroute_case(with_token(request.clone(), &duty.token)).await.unwrap();
    assert_eq!(rerouted.into_inner().case.unwrap().departments, request.departments);
    let told = office.emitted::<pb::ClaimCorrected>().await;
    let Some(Decision::Reroute(told)) = &told[0].decision else { panic!("{told:?}") };
    assert!(
        told.person_id.parse::<Uuid>().is_ok_and(|person| !person.is_nil()),
        "who decided is said: {told:?}"
    );
    let stale = office.approval().reroute_case(with_token(request.clone(), &duty.token)).await.unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    let grew = ClaimGrew {
        agency_id: office.agency.to_string(),
        state_revision: 1,
        claim: claim(melons.claim_id.parse().unwrap(), "西瓜打针", 2),
    };
    office.classification.say(office.agency, &grew).await;
    let case = eventually("the growth", async || {
        let case = office.get_case(&duty, &melons.case_id).await.case.unwrap();
        (case.report_count == 2).then_some(case)
    })
    .await;
    assert_eq!((case.sentence.as_str(), case.departments), ("西瓜打针", request.departments));
}

#[tokio::test]
async fn a_suspended_answer_shows_on_its_case_until_a_named_officer_switches_it_on() {
    let office = Office::open().await;
    let duty = office.sign_in("duty").await;
    let melons = office.hears_of(&duty, "城东市场西瓜打甜水针", 1).await;
    let clarification_id = office.signs(&melons).await.clarification_id;
    let changed = |state_revision, suspended| SuspensionChanged {
        doubted: false,
        agency_id: office.agency.to_string(),
        clarification_id: clarification_id.clone(),
        state_revision,
        suspended,
        wrong_count: 3,
        answered_count: 20,
    };
    office.classification.say(office.agency, &changed(1, true)).await;
    office.classification.say(office.agency, &changed(1, true)).await;
    let case = eventually("the suspension", async || {
        let case = office.get_case(&duty, &melons.case_id).await;
        (!case.case.as_ref().unwrap().suspended_clarification_id.is_empty()).then_some(case)
    })
    .await;
    let said = case.events.iter().filter(|event| event.what.contains("自动答复已停用")).count();
    assert_eq!(said, 1, "{:?}", case.events);
    // The office hears of it at once, above its queue.
    let alarms = office.approval().list_alarms(with_token(pb::ListAlarmsRequest {}, &duty.token)).await;
    let alarms = alarms.unwrap().into_inner().alarms;
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].kind(), pb::alarm::Kind::AnswerSuspended);
    assert!(alarms[0].masked_text.contains(&melons.code), "{alarms:?}");

    let request = pb::ResumeAutomaticAnswerRequest {
        case_id: melons.case_id.clone(),
        expected_revision: case.case.unwrap().state_revision,
        reason: "核对过，答复无误".into(),
    };
    let drafter = office.sign_in("drafter").await;
    let refused =
        office.approval().resume_automatic_answer(with_token(request.clone(), &drafter.token)).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    let resumed = office.approval().resume_automatic_answer(with_token(request, &duty.token)).await.unwrap();
    let resumed = resumed.into_inner().case.unwrap();
    assert_eq!(resumed.suspended_clarification_id, "");
    let told = office.emitted::<pb::AnswerResumed>().await;
    assert_eq!((told[0].clarification_id.as_str(), told[0].suspension_revision), (&*clarification_id, 1));
    let again = pb::ResumeAutomaticAnswerRequest {
        case_id: melons.case_id.clone(),
        expected_revision: resumed.state_revision,
        reason: "再次".into(),
    };
    let refused = office.approval().resume_automatic_answer(with_token(again, &duty.token)).await;
    assert_refused(refused, Code::FailedPrecondition, "ANSWER_NOT_SUSPENDED");

    // The word that it was switched off, delivered late once more, does not undo what the officer did.
    office.classification.say(office.agency, &changed(2, false)).await;
    office.classification.say(office.agency, &changed(1, true)).await;
    office.hears_of(&duty, "高速封路", 1).await;
    let case = office.get_case(&duty, &melons.case_id).await.case.unwrap();
    assert_eq!(case.suspended_clarification_id, "");
}

//! What is signed is what the case still is: a step over words about something else is refused, and says what to do.

use std::time::Duration;

use contracts::approval::v1 as pb;
use contracts::approval::v1::ClarificationSigned;
use contracts::classification::v1::{Claim, ClaimGrew, ClaimOpened};
use grpc::with_token;
use ids::ClaimId;
use signoff::content::Content;
use tonic::Code;
use uuid::Uuid;

use crate::office::{Chain, Office, STEPS, assert_refused, chain_of, watermelon};

const SAID: &str = "城西隧道今天下午塌方，埋了好几辆车";

/// A claim that the office has heard of, and its case.
async fn heard(office: &Office, chain: &Chain<'_>, claim: ClaimId, sentence: &str) -> pb::Case {
    let event = ClaimOpened { agency_id: office.agency.to_string(), claim: Some(told(claim, sentence)) };
    office.classification.say(office.agency, &event).await;
    testkit::eventually("the claim has a case", async || {
        let request = pb::GetCaseRequest { claim_id: claim.to_string(), ..Default::default() };
        let found = office.approval().get_case(with_token(request, &chain.drafter.token)).await.ok()?;
        found.into_inner().case
    })
    .await
}

fn told(claim: ClaimId, sentence: &str) -> Claim {
    Claim { claim_id: claim.to_string(), sentence: sentence.to_owned(), report_count: 3, ..Claim::default() }
}

/// An officer words the claim anew; classification tells it as it tells a claim's growth.
async fn worded(office: &Office, chain: &Chain<'_>, case: &pb::Case, state_revision: u64, sentence: &str) {
    let event = ClaimGrew {
        agency_id: office.agency.to_string(),
        claim: Some(told(case.claim_id.parse().unwrap(), sentence)),
        state_revision,
    };
    office.classification.say(office.agency, &event).await;
    testkit::eventually("the case says so", async || {
        let case = office.get_case(&chain.drafter, &case.case_id).await.case.unwrap();
        (case.sentence == sentence).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_sentence_that_was_changed_after_the_draft_is_not_signed_at_any_step() {
    let office = Office::open().await;
    let chain = chain_of(&office).await;
    let other = "城北水厂的自来水被农药污染，三十多人中毒住院";
    for (signed, (step, _)) in STEPS.iter().enumerate() {
        let case = heard(&office, &chain, ClaimId::mint(), other).await;
        // The draft is saved while the case says something else, and then the sentence is put back.
        let draft = office.save_draft(&chain.drafter, &case.case_id, None, watermelon()).await.unwrap();
        for (earlier, _) in &STEPS[..signed] {
            chain.sign(&draft, earlier).await.unwrap();
        }
        worded(&office, &chain, &case, 1, SAID).await;
        assert_refused(chain.sign(&draft, step).await, Code::FailedPrecondition, "CASE_MOVED_ON");
        // What is shown is the sentence that would be signed, whatever the case says.
        let shown = office.get_case(&chain.drafter, &case.case_id).await;
        assert_eq!(shown.case.unwrap().sentence, SAID);
        assert_eq!(shown.revisions[0].content.as_ref().unwrap().claim_sentence, other);
        // Saved again it is about what the case says, and goes on from the beginning.
        let again =
            office.save_draft(&chain.drafter, &case.case_id, Some(&draft), watermelon()).await.unwrap();
        for (step, _) in &STEPS {
            chain.sign(&again, step).await.unwrap();
        }
    }
    let signed = office.emitted::<ClarificationSigned>().await;
    assert_eq!(signed.len(), STEPS.len());
    for event in signed {
        let content = Content::decode(&event.content).unwrap();
        assert_eq!(content.claim_sentence, SAID);
        assert_eq!(content.claims, [event.claim_id.parse().unwrap()].into());
    }
}

#[tokio::test]
async fn a_case_that_was_merged_or_split_meanwhile_is_not_signed_for() {
    let office = Office::open().await;
    let chain = chain_of(&office).await;
    let (claim, joined) = (ClaimId::mint(), ClaimId::mint());
    let case = heard(&office, &chain, claim, SAID).await;
    let closing = heard(&office, &chain, joined, "西隧道塌了，好多车被埋").await;
    let draft = office.save_draft(&chain.drafter, &case.case_id, None, watermelon()).await.unwrap();
    chain.sign(&draft, "drafted").await.unwrap();

    let merge = pb::MergeCasesRequest {
        request_id: Uuid::now_v7().to_string(),
        case_id: closing.case_id.clone(),
        expected_revision: closing.state_revision,
        into_case_id: case.case_id.clone(),
        answers_reporters: false,
        session_secret: chain.signer.session_secret.clone(),
    };
    office.approval().merge_cases(with_token(merge, &chain.signer.token)).await.unwrap();
    assert_refused(chain.sign(&draft, "first_reviewed").await, Code::FailedPrecondition, "CASE_MOVED_ON");

    // Written anew it answers the claims of both.
    let again = office.save_draft(&chain.drafter, &case.case_id, Some(&draft), watermelon()).await.unwrap();
    let mut claims = again.content.as_ref().unwrap().claim_ids.clone();
    claims.sort_unstable();
    let mut both = vec![claim.to_string(), joined.to_string()];
    both.sort_unstable();
    assert_eq!(claims, both);
    chain.sign(&again, "drafted").await.unwrap();

    let now = office.get_case(&chain.drafter, &case.case_id).await.case.unwrap();
    let split = pb::SplitCaseRequest {
        request_id: Uuid::now_v7().to_string(),
        case_id: case.case_id.clone(),
        expected_revision: now.state_revision,
        report_ids: vec![Uuid::now_v7().to_string()],
        sentence: "东隧道积水".into(),
    };
    office.approval().split_case(with_token(split, &chain.signer.token)).await.unwrap();
    assert_refused(chain.sign(&again, "first_reviewed").await, Code::FailedPrecondition, "CASE_MOVED_ON");
}

#[tokio::test]
async fn a_halted_case_and_words_whose_validity_has_passed_are_not_signed() {
    let office = Office::open().await;
    let chain = office.revision_with(0).await;
    let revision = chain.revision().await;
    let halt = pb::OrderHaltRequest {
        request_id: Uuid::now_v7().to_string(),
        scope: Some(pb::HaltScope {
            scope: Some(pb::halt_scope::Scope::ClarificationId(revision.clarification_id.clone())),
        }),
        reason: "发现新情况".into(),
        session_secret: chain.signer.session_secret.clone(),
    };
    office.approval().order_halt(with_token(halt, &chain.signer.token)).await.unwrap();
    assert_refused(chain.sign(&revision, "drafted").await, Code::FailedPrecondition, "CASE_MOVED_ON");

    let case = chain.case().await.case.unwrap();
    let soon = office.now() + time::Duration::hours(1);
    let draft = pb::Draft { valid_until_time: Some(grpc::timestamp(soon)), ..watermelon() };
    let saved = office.save_draft(&chain.drafter, &case.case_id, Some(&revision), draft).await.unwrap();
    chain.sign(&saved, "drafted").await.unwrap();
    office.clock.advance(Duration::from_secs(3601));
    let drafter = office.sign_in("drafter").await;
    let late = office.sign_step(&drafter, &saved, "first_reviewed", "").await;
    assert_refused(late, Code::FailedPrecondition, "CASE_MOVED_ON");
}

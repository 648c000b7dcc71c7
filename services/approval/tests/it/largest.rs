//! The largest case that the rules allow: it opens, signs and revokes, and no answer about it comes near the size
//! that clients refuse.

use contracts::approval::v1 as pb;
use grpc::{with_token, without_token};
use prost::Message;
use uuid::Uuid;

use crate::office::{Chain, Office, Person, chain_of, watermelon};

/// Clients take four megabytes; half of that leaves room for what is yet to be added to the messages.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// The character that costs most: four bytes, and HTML has no shorter form of it.
const LONG: &str = "𠮷";

fn full_boxes(number: usize) -> pb::Draft {
    let full = format!("{number}{}", LONG.repeat(3_990));
    pb::Draft {
        title: LONG.repeat(255),
        summary: LONG.repeat(1_000),
        claim: full.clone(),
        check: full.clone(),
        conclusion: full.clone(),
        basis: full.clone(),
        advice: full.clone(),
        post: full,
        ..watermelon()
    }
}

async fn ask_and_answer(office: &Office, duty: &Person, case_id: &str) {
    let request = pb::RequestFindingRequest {
        request_id: Uuid::now_v7().to_string(),
        case_id: case_id.into(),
        department: LONG.repeat(100),
        question: LONG.repeat(1_000),
        due_in: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
    };
    let asked = office.approval().request_finding(with_token(request, &duty.token)).await.unwrap();
    let asked = asked.into_inner();
    let answer = pb::AnswerFindingRequest {
        link_secret: asked.link_secret,
        code: asked.link_code,
        verdict: pb::Verdict::False.into(),
        facts: LONG.repeat(4_000),
        evidence: LONG.repeat(4_000),
        answered_by: LONG.repeat(100),
    };
    office.approval().answer_finding(without_token(answer)).await.unwrap();
}

/// A hundred saves with full boxes, a hundred findings and five hundred events.
async fn fill(office: &Office, chain: &Chain<'_>, duty: &Person, case_id: &str) -> pb::Revision {
    let mut newest = None;
    for number in 0..100 {
        let saved = office.save_draft(&chain.drafter, case_id, newest.as_ref(), full_boxes(number)).await;
        newest = Some(saved.unwrap());
        ask_and_answer(office, duty, case_id).await;
    }
    let mut state_revision = office.get_case(duty, case_id).await.case.unwrap().state_revision;
    for _ in 0..200 {
        let request = pb::SetUrgencyRequest {
            case_id: case_id.into(),
            expected_revision: state_revision,
            urgent: true,
            due_in: None,
        };
        let set = office.approval().set_urgency(with_token(request, &duty.token)).await.unwrap();
        state_revision = set.into_inner().case.unwrap().state_revision;
    }
    newest.unwrap()
}

#[tokio::test]
async fn the_largest_case_opens_signs_and_revokes() {
    let office = Office::open().await;
    let chain = chain_of(&office).await;
    let duty = office.sign_in("duty").await;
    let case = office.open_notice(&duty, &LONG.repeat(1_000)).await;
    let full = fill(&office, &chain, &duty, &case.case_id).await;

    // The newest whole, the others as heads; nothing is left out without saying where it is.
    let opened = office.get_case(&duty, &case.case_id).await;
    assert!(opened.encoded_len() < BYTES_MAX, "{} bytes", opened.encoded_len());
    let whole: Vec<_> = opened.revisions.iter().filter(|revision| !revision.head_only).collect();
    assert_eq!((whole.len(), whole[0].revision, whole[0].altered), (1, 100, false));
    assert!(whole[0].content.is_some());
    assert_eq!(opened.revisions[1].revision, 99);
    for token in [&opened.revisions_page_token, &opened.findings_page_token, &opened.events_page_token] {
        assert!(!token.is_empty());
    }
    assert_every_page_is_there(&office, &duty, &opened).await;

    // It still signs, and is revoked.
    let signable = office.save_draft(&chain.drafter, &case.case_id, Some(&full), watermelon()).await.unwrap();
    for (purpose, _) in &crate::office::STEPS {
        let signed = chain.sign(&signable, purpose).await.unwrap();
        assert!(signed.encoded_len() < BYTES_MAX);
    }
    let revoke = pb::RevokeClarificationRequest {
        clarification_id: signable.clarification_id.clone(),
        revision: signable.revision,
        reason: LONG.repeat(1_000),
        session_secret: duty.session_secret.clone(),
    };
    let revoked = office.approval().revoke_clarification(with_token(revoke, &duty.token)).await.unwrap();
    assert_eq!(revoked.into_inner().revision.unwrap().state(), pb::revision::State::Revoked);

    // Without a clarification, the one that went furthest.
    let wanted = pb::GetRevisionRequest { case_id: case.case_id.clone(), ..Default::default() };
    let found = office.approval().get_revision(with_token(wanted, &duty.token)).await.unwrap().into_inner();
    assert!(found.encoded_len() < BYTES_MAX);
    assert_eq!(found.revision.unwrap().revision, 101);
}

/// Turns every page from where the case's own answer ends: each is small, and all of it comes exactly once.
async fn assert_every_page_is_there(office: &Office, duty: &Person, opened: &pb::GetCaseResponse) {
    let case_id = opened.case.as_ref().unwrap().case_id.clone();
    let mut numbers: Vec<u64> = opened.revisions.iter().map(|revision| revision.revision).collect();
    let mut token = opened.revisions_page_token.clone();
    while !token.is_empty() {
        let request = pb::ListRevisionsRequest {
            case_id: case_id.clone(),
            page_size: 200,
            page_token: token,
            ..Default::default()
        };
        let page = office.approval().list_revisions(with_token(request, &duty.token)).await.unwrap();
        let page = page.into_inner();
        assert!(page.encoded_len() < BYTES_MAX);
        assert!(page.revisions.iter().all(|revision| revision.head_only && revision.content.is_none()));
        numbers.extend(page.revisions.iter().map(|revision| revision.revision));
        token = page.next_page_token;
    }
    assert_eq!(numbers, (1..=100).rev().collect::<Vec<_>>());

    let mut findings: Vec<String> =
        opened.findings.iter().rev().map(|finding| finding.finding_id.clone()).collect();
    let mut token = opened.findings_page_token.clone();
    while !token.is_empty() {
        let request = pb::ListFindingsRequest { case_id: case_id.clone(), page_size: 200, page_token: token };
        let page = office.approval().list_findings(with_token(request, &duty.token)).await.unwrap();
        let page = page.into_inner();
        assert!(page.encoded_len() < BYTES_MAX, "{} bytes", page.encoded_len());
        findings.extend(page.findings.into_iter().map(|finding| finding.finding_id));
        token = page.next_page_token;
    }
    findings.dedup();
    assert_eq!(findings.len(), 100);

    let mut events = opened.events.len();
    let mut token = opened.events_page_token.clone();
    while !token.is_empty() {
        let request = pb::ListCaseEventsRequest { case_id: case_id.clone(), page_size: 0, page_token: token };
        let page = office.approval().list_case_events(with_token(request, &duty.token)).await.unwrap();
        let page = page.into_inner();
        assert!(page.encoded_len() < BYTES_MAX);
        events += page.events.len();
        token = page.next_page_token;
    }
    assert!(events >= 500, "{events} events");
}

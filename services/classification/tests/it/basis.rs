//! What judgements rest on, kept with them, and judging again.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what it asked for")]

use contracts::approval::v1::{ClaimCorrected, claim_corrected};
use contracts::classification::v1 as pb;
use grpc::Role;
use ids::{AgencyId, ClaimId};
use tonic::Code;

use crate::desk::{Desk, Said};
use crate::gather::EARTHQUAKE;

impl Desk {
    async fn reports_of(&self, claim: ClaimId) -> Vec<pb::ClassifiedReport> {
        let request = pb::ListClaimReportsRequest { claim_id: claim.to_string(), ..Default::default() };
        let request = self.as_role(self.agency, Role::DutyOfficer, request);
        self.client().list_claim_reports(request).await.unwrap().into_inner().reports
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_judgement_is_kept_with_what_it_rests_on() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let changes = desk.count("SELECT max(change_id) FROM classification.index_change").await;
    assert_eq!(desk.hears(&[Said::new(EARTHQUAKE[1])]).await[0].claim, Some(claim));
    let reports = desk.reports_of(claim).await;
    let (joined, opened) = (&reports[0], &reports[1]);

    let basis = joined.basis.as_ref().unwrap();
    assert_eq!(basis.neighbours[0].claim_id, claim.to_string());
    assert!(!basis.neighbours[0].shares.is_empty() && basis.neighbours.len() <= 3, "{basis:?}");
    assert_eq!(basis.index_change, changes.unsigned_abs());
    let words: Vec<char> = joined.masked_text.chars().collect();
    assert!(!basis.matched.is_empty());
    for range in &basis.matched {
        let run: String = words[range.start as usize..range.end as usize].iter().collect();
        assert!(basis.neighbours[0].text.contains(&run), "{run}: {basis:?}");
    }
    let versions: Vec<&str> = basis.versions.iter().map(|version| version.of.as_str()).collect();
    assert_eq!(versions, ["rules.intent", "rules.urgency", "rules.routing"]);
    assert!(opened.basis.as_ref().unwrap().neighbours.is_empty(), "nothing was known yet");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn judging_again_shows_then_and_now_and_changes_nothing() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let report = desk.reports_of(claim).await.remove(0);
    desk.dismisses(claim).await;
    let everything =
        "SELECT (SELECT count(*) FROM classification.claim) + (SELECT count(*) FROM messaging.outbox)
        + (SELECT count(*) FROM classification.index_change)
        + (SELECT sum(assignment_revision)::bigint FROM classification.report)";
    let before = desk.count(everything).await;

    let request = pb::JudgeAgainRequest { report_id: report.report_id.clone() };
    let again = desk.as_role(desk.agency, Role::Auditor, request.clone());
    let answer = desk.client().judge_again(again).await.unwrap().into_inner();
    let (stored, now) = (answer.stored.unwrap(), answer.now.unwrap());
    assert_eq!((&stored.claim_id, stored.intent()), (&claim.to_string(), pb::Intent::Report));
    assert_eq!((now.claim_id.as_str(), now.intent()), ("new", pb::Intent::Report), "its claim was closed");
    assert_eq!(stored.reasons, report.reasons);
    assert!(now.basis.unwrap().index_change > stored.basis.unwrap().index_change);
    assert_eq!(desk.count(everything).await, before);
    // What it added in memory is gone: the next one who says it opens a claim and joins none that is not there.
    let next = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    assert_eq!(desk.claim(next).await.report_count, 1);

    let elsewhere = desk.as_role(AgencyId::mint(), Role::Auditor, request);
    assert_eq!(desk.client().judge_again(elsewhere).await.unwrap_err().code(), Code::NotFound);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_do_not_grow_with_every_correction() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[Said::new(EARTHQUAKE[0]), Said::new("明天全县高速公路封路三天")]).await;
    let (claim, into) = (judged[0].claim.unwrap(), judged[1].claim.unwrap());
    desk.alter(
        "UPDATE classification.report SET reasons = (
             SELECT jsonb_agg(jsonb_build_object('signal', 's' || number, 'detail', '', 'share', 0))
             FROM generate_series(1, 40) AS number)"
            .to_owned(),
    )
    .await;
    let merge = claim_corrected::Merge { claim_id: claim.to_string(), into_claim_id: into.to_string() };
    let event = ClaimCorrected {
        agency_id: desk.agency.to_string(),
        correction: 1,
        decide_time: Some(grpc::timestamp(runtime::Clock::system().now())),
        decision: Some(claim_corrected::Decision::Merge(merge)),
    };
    desk.approval_says(&[event]).await;
    let query = "SELECT count(*) FROM classification.correction WHERE applied";
    desk.eventually_counts("applied corrections", query, 1).await;
    let reports = desk.reports_of(into).await;
    let is_moved = |report: &&pb::ClassifiedReport| {
        report.reasons.last().is_some_and(|reason| reason.signal == "office.merged")
    };
    let moved = reports.iter().find(is_moved).unwrap();
    assert_eq!(moved.reasons.len(), 40);
    assert_eq!((moved.reasons[0].signal.as_str(), moved.reasons[1].signal.as_str()), ("s1", "s3"));
    desk.close().await;
}

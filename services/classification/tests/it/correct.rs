//! What officers put right about claims, in any order of arrival.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what it asked for")]

use contracts::approval::v1::{ClaimCorrected, claim_corrected};
use contracts::classification::v1 as pb;
use contracts::classification::v1::{ClaimGrew, ReportAssigned};
use grpc::Role;
use ids::{ClaimId, ReporterId};
use testkit::eventually;

use crate::desk::{Desk, Said};

const MELONS: &str = "听说城东市场的西瓜都打了甜水针，小孩吃了住院";
const FRUIT: &str = "城东菜场卖的水果泡过药水，千万别买";
const ROAD: &str = "明天全县高速公路封路三天";

fn merge(claim: ClaimId, into: ClaimId) -> claim_corrected::Decision {
    claim_corrected::Decision::Merge(claim_corrected::Merge {
        claim_id: claim.to_string(),
        into_claim_id: into.to_string(),
    })
}

fn split(claim: ClaimId, new: ClaimId, reports: &[String]) -> claim_corrected::Decision {
    claim_corrected::Decision::Split(claim_corrected::Split {
        claim_id: claim.to_string(),
        new_claim_id: new.to_string(),
        report_ids: reports.to_vec(),
        sentence: "水果泡过药水".into(),
    })
}

impl Desk {
    fn corrected(&self, correction: u64, decision: claim_corrected::Decision) -> ClaimCorrected {
        ClaimCorrected {
            agency_id: self.agency.to_string(),
            correction,
            decide_time: Some(grpc::timestamp(runtime::Clock::system().now())),
            decision: Some(decision),
        }
    }

    /// Waits until so many corrections took effect.
    async fn applied(&self, count: i64) {
        let query = "SELECT count(*) FROM classification.correction WHERE applied";
        self.eventually_counts("applied corrections", query, count).await;
    }

    /// The ids of a claim's reports, the oldest first.
    async fn report_ids(&self, claim: ClaimId) -> Vec<String> {
        let request = pb::ListClaimReportsRequest { claim_id: claim.to_string(), ..Default::default() };
        let request = self.as_role(self.agency, Role::DutyOfficer, request);
        let listed = self.client().list_claim_reports(request).await.unwrap().into_inner();
        listed.reports.into_iter().rev().map(|report| report.report_id).collect()
    }

    /// The last word about a claim's growth that holds so many reports.
    async fn told_of(&self, claim: ClaimId, reports: u64) -> ClaimGrew {
        eventually("the claim's new counts", async || {
            let told = self.emitted::<ClaimGrew>().await;
            told.into_iter().rev().find(|grew| {
                grew.claim
                    .as_ref()
                    .is_some_and(|told| told.claim_id == claim.to_string() && told.report_count == reports)
            })
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_claims_reports_words_and_counts_belong_to_the_other() {
    let desk = Desk::open(2).await;
    let both = ReporterId::mint();
    let judged = desk
        .hears(&[
            Said::new(MELONS).by(both).seen_at("群一"),
            Said::new(MELONS).seen_at("群二"),
            Said::new(FRUIT).by(both).seen_at("群一"),
            Said::new(FRUIT),
        ])
        .await;
    let (melons, fruit) = (judged[0].claim.unwrap(), judged[2].claim.unwrap());
    assert_ne!(melons, fruit);

    let merged = desk.corrected(1, merge(fruit, melons));
    desk.approval_says(std::slice::from_ref(&merged)).await;
    desk.applied(1).await;
    let claim = desk.claim(melons).await;
    assert_eq!((claim.report_count, claim.reporter_count, claim.place_count), (4, 3, 2));
    assert_eq!(desk.claim(fruit).await.report_count, 0);
    let moved: Vec<ReportAssigned> = desk
        .emitted()
        .await
        .into_iter()
        .filter(|told: &ReportAssigned| told.assignment_revision == 1)
        .collect();
    assert_eq!(moved.len(), 2);
    for report in &moved {
        assert_eq!(report.claim_id, melons.to_string());
        assert_eq!(report.reasons.last().unwrap().signal, "office.merged");
    }
    desk.told_of(melons, 4).await;
    desk.told_of(fruit, 0).await;

    // The next one who says it says it of the claim that goes on, and a second word changes nothing.
    desk.approval_says(&[merged]).await;
    assert_eq!(desk.hears(&[Said::new(FRUIT)]).await[0].claim, Some(melons));
    assert_eq!(desk.claim(melons).await.report_count, 5);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_split_off_are_a_claim_of_their_own_and_so_are_their_words() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[Said::new(MELONS), Said::new(FRUIT), Said::new(FRUIT)]).await;
    let (melons, fruit) = (judged[0].claim.unwrap(), judged[1].claim.unwrap());
    desk.approval_says(&[desk.corrected(1, merge(fruit, melons))]).await;
    desk.applied(1).await;
    let reports = desk.report_ids(melons).await;
    let new = ClaimId::mint();
    desk.approval_says(&[desk.corrected(2, split(melons, new, &reports[1..]))]).await;
    desk.applied(2).await;

    let claim = desk.claim(new).await;
    assert_eq!((claim.report_count, claim.sentence.as_str()), (2, "水果泡过药水"));
    assert_eq!(desk.claim(melons).await.report_count, 1);
    desk.told_of(new, 2).await;
    let judged = desk.hears(&[Said::new(FRUIT), Said::new(MELONS)]).await;
    assert_eq!((judged[0].claim, judged[1].claim), (Some(new), Some(melons)));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_that_arrive_backwards_and_twice_have_the_effect_of_their_order() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[Said::new(MELONS), Said::new(FRUIT), Said::new(ROAD)]).await;
    let [melons, fruit, road] = [0, 1, 2].map(|at: usize| judged[at].claim.unwrap());
    let new = ClaimId::mint();
    let fruit_reports = desk.report_ids(fruit).await;
    let story = [
        desk.corrected(1, merge(fruit, melons)),
        desk.corrected(2, split(melons, new, &fruit_reports)),
        desk.corrected(3, merge(new, road)),
    ];
    // The office dismisses nothing here; each word comes by itself, the last first.
    for event in story.iter().rev() {
        desk.approval_says(std::slice::from_ref(event)).await;
        desk.approval_says(std::slice::from_ref(event)).await;
    }
    desk.applied(3).await;
    let counts = [melons, fruit, new, road].map(|claim| desk.claim(claim));
    let counts: Vec<u64> =
        futures::future::join_all(counts).await.into_iter().map(|claim| claim.report_count).collect();
    assert_eq!(counts, [1, 0, 0, 2]);
    assert_eq!(desk.hears(&[Said::new(FRUIT)]).await[0].claim, Some(road));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_claim_whose_case_was_dismissed_meanwhile_gathers_nothing() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[Said::new(MELONS), Said::new(MELONS)]).await;
    let melons = judged[0].claim.unwrap();
    let reports = desk.report_ids(melons).await;
    let new = ClaimId::mint();
    desk.dismissal_of(new).await;
    let query = "SELECT count(*) FROM classification.dismissed_claim";
    desk.eventually_counts("the dismissal", query, 1).await;
    desk.approval_says(&[desk.corrected(1, split(melons, new, &reports[1..]))]).await;
    desk.applied(1).await;
    let next = desk.hears(&[Said::new(MELONS)]).await[0].claim.unwrap();
    assert_ne!(next, new);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerouted_claim_says_so_and_keeps_its_departments_as_it_grows() {
    let desk = Desk::open(1).await;
    let melons = desk.hears(&[Said::new(MELONS)]).await[0].claim.unwrap();
    let departments = vec!["县农业农村局".to_owned()];
    let reroute = claim_corrected::Reroute {
        claim_id: melons.to_string(),
        departments: departments.clone(),
        person_id: String::new(),
    };
    desk.approval_says(&[desk.corrected(1, claim_corrected::Decision::Reroute(reroute))]).await;
    desk.applied(1).await;
    desk.hears(&[Said::new(MELONS)]).await;
    let told = desk.told_of(melons, 2).await.claim.unwrap();
    assert_eq!(told.departments, departments);
    assert!(told.reasons.iter().any(|reason| reason.signal == "routing.office"), "{told:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_words_a_claim_and_everyone_who_may_not_is_refused() {
    let desk = Desk::open(1).await;
    let melons = desk.hears(&[Said::new(MELONS)]).await[0].claim.unwrap();
    let request =
        pb::SetClaimSentenceRequest { claim_id: melons.to_string(), sentence: " 西瓜打针 ".into() };
    let refused = desk.as_role(desk.agency, Role::Auditor, request.clone());
    let refused = desk.client().set_claim_sentence(refused).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let asked = desk.as_role(desk.agency, Role::Drafter, request);
    desk.client().set_claim_sentence(asked).await.unwrap();
    assert_eq!(desk.claim(melons).await.sentence, "西瓜打针");
    let named = pb::SetClaimSentenceRequest {
        claim_id: melons.to_string(),
        sentence: "138，0000，0000的机主说西瓜打针".into(),
    };
    let named = desk.as_role(desk.agency, Role::Drafter, named);
    let named = desk.client().set_claim_sentence(named).await.unwrap_err();
    assert_eq!(named.code(), tonic::Code::InvalidArgument, "the sentence points at nobody");
    assert_eq!(desk.claim(melons).await.sentence, "西瓜打针");
    assert_eq!(desk.told_of(melons, 1).await.claim.unwrap().sentence, "西瓜打针");
    let request = pb::GetClaimRequest { claim_id: melons.to_string() };
    let request = desk.as_role(desk.agency, Role::DutyOfficer, request);
    let whole = desk.client().get_claim(request).await.unwrap().into_inner();
    assert_eq!(whole.variants.len(), 1);
    let spread = whole.spread.unwrap();
    assert_eq!((spread.hours.len(), spread.hours.last(), spread.channel_count), (24, Some(&1), 1));
    desk.close().await;
}

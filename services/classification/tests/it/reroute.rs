//! What officers teach at once by re-routing claims.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what it asked for")]

use contracts::approval::v1::{ClaimCorrected, claim_corrected};
use contracts::classification::v1::{Claim, Reason};
use ids::{ClaimId, PersonId};

use crate::desk::{Desk, Said};

const HERDERS: &str = "县畜牧服务中心";
const FIRST: &str = "听说南坡镇种的西瓜全被人下了农药，三个老人连夜送医院抢救";
const SECOND: &str = "网传老城超市进的一批西瓜里头爬满白色虫卵，店员擦掉再卖";
const THIRD: &str = "朋友圈都在传车站小贩的西瓜是拿塑料和色素做出来的";

impl Desk {
    async fn opens(&self, text: &str) -> ClaimId {
        self.hears(&[Said::new(text)]).await[0].claim.unwrap()
    }

    /// An officer sends a claim to a department, as the so-manieth correction.
    async fn sends(&self, correction: u64, claim: ClaimId, department: &str, officer: Option<PersonId>) {
        let event = ClaimCorrected {
            agency_id: self.agency.to_string(),
            correction,
            decide_time: Some(grpc::timestamp(runtime::Clock::system().now())),
            decision: Some(claim_corrected::Decision::Reroute(claim_corrected::Reroute {
                claim_id: claim.to_string(),
                departments: vec![department.to_owned()],
                person_id: officer.map(|officer| officer.to_string()).unwrap_or_default(),
            })),
        };
        self.approval_says(&[event]).await;
        let applied = i64::try_from(correction).unwrap();
        let query = "SELECT count(*) FROM classification.correction WHERE applied";
        self.eventually_counts("applied corrections", query, applied).await;
    }
}

fn taught(claim: &Claim) -> Option<&Reason> {
    claim.reasons.iter().find(|reason| reason.signal == "route.rerouted")
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_officers_send_one_subject_the_next_claim_about_it_is_suggested_to_go() {
    let desk = Desk::open(2).await;
    let (first, second) = (desk.opens(FIRST).await, desk.opens(SECOND).await);
    assert_ne!(first, second);
    desk.sends(1, first, HERDERS, Some(PersonId::mint())).await;
    desk.sends(2, second, HERDERS, Some(PersonId::mint())).await;
    let before = desk.claim(desk.opens("听说东关小学明天停课").await).await;
    assert_eq!(taught(&before), None, "another subject is not concerned: {before:?}");

    let claim = desk.claim(desk.opens(THIRD).await).await;
    assert_eq!((claim.departments.len(), claim.departments[0].as_str()), (2, HERDERS), "{claim:?}");
    let reason = taught(&claim).unwrap();
    assert!(reason.detail.contains("2位") && reason.detail.contains(HERDERS), "{reason:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_officer_alone_suggests_nothing_however_often_and_a_word_taken_back_does_not_count() {
    let desk = Desk::open(1).await;
    let (first, second) = (desk.opens(FIRST).await, desk.opens(SECOND).await);
    assert_ne!(first, second);
    let officer = PersonId::mint();
    desk.sends(1, first, HERDERS, Some(officer)).await;
    desk.sends(2, second, HERDERS, Some(officer)).await;
    // Another one agreed, and thought better of it; and who decided a third is not known.
    desk.sends(3, second, HERDERS, Some(PersonId::mint())).await;
    desk.sends(4, second, "县公安局", Some(PersonId::mint())).await;
    let nobodys = desk.opens("有人说快餐店切好的西瓜泡过甲醛，专门端给外地游客吃").await;
    desk.sends(5, nobodys, HERDERS, None).await;
    let claim = desk.claim(desk.opens(THIRD).await).await;
    assert_eq!(taught(&claim), None, "{claim:?}");
    assert_ne!(claim.departments[0], HERDERS);
    desk.close().await;
}

//! What may belong together or apart is put to a person, and nothing happens by itself.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what it asked for")]

use contracts::classification::v1 as pb;
use contracts::publish::v1::publication::State;
use grpc::Role;
use ids::ClaimId;
use testkit::eventually;

use crate::desk::{Desk, Said, Words};
use crate::gather::EARTHQUAKE;

/// Somewhat like the earthquake, and not enough to be told its clarification unseen.
const UNSURE: &str = "地震的事听得人今晚都不敢睡了";

impl Desk {
    async fn suggestions(&self, claim: Option<ClaimId>) -> Vec<pb::Suggestion> {
        let claim_id = claim.map(|claim| claim.to_string()).unwrap_or_default();
        let request = pb::ListSuggestionsRequest { claim_id, ..Default::default() };
        let request = self.as_role(self.agency, Role::DutyOfficer, request);
        self.client().list_suggestions(request).await.unwrap().into_inner().suggestions
    }

    /// Waits until every claim was compared as it stands.
    async fn compares(&self) {
        let query = "SELECT count(*) FROM classification.claim WHERE compare";
        self.eventually_counts("all claims compared", query, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_near_claim_is_suggested_once_and_never_again_once_declined() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let earthquake = Words { automatic_answer: false, ..Words::earthquake(claim) };
    desk.signs(&earthquake).await;
    desk.page_is(&earthquake, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    let unsure = desk.hears(&[Said::new(UNSURE)]).await[0].claim.unwrap();
    assert_ne!(unsure, claim);

    let found = eventually("the suggestion", async || desk.suggestions(Some(unsure)).await.pop()).await;
    assert_eq!(found.kind(), pb::suggestion::Kind::Merge);
    assert_eq!((&found.claim_id, &found.other_claim_id), (&claim.to_string(), &unsure.to_string()));
    assert!(found.matched_words.iter().any(|word| word.contains("地震")), "{found:?}");
    assert!(!found.reasons.is_empty());
    assert_eq!(desk.suggestions(Some(claim)).await.len(), 1, "both pages show it");
    assert_eq!(desk.claim(unsure).await.report_count, 1, "nothing is merged by itself");

    let decline = pb::DeclineSuggestionRequest { suggestion_id: found.suggestion_id };
    let refused = desk.as_role(desk.agency, Role::Drafter, decline.clone());
    let refused = desk.client().decline_suggestion(refused).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    for _ in 0..2 {
        let declined = desk.as_role(desk.agency, Role::DutyOfficer, decline.clone());
        desk.client().decline_suggestion(declined).await.unwrap();
    }
    assert!(desk.suggestions(None).await.is_empty());
    desk.hears(&[Said::new(UNSURE)]).await;
    desk.compares().await;
    assert!(desk.suggestions(None).await.is_empty());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_tellings_of_one_rumor_are_never_suggested_to_be_split_and_a_mixed_claim_is() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&EARTHQUAKE.map(Said::new)).await[0].claim.unwrap();
    desk.compares().await;
    let kinds = |found: Vec<pb::Suggestion>| found.iter().map(pb::Suggestion::kind).collect::<Vec<_>>();
    assert!(!kinds(desk.suggestions(Some(claim)).await).contains(&pb::suggestion::Kind::Split));

    // As a wrong merge leaves it: most of the newest reports are about something else.
    let melons = ["城东市场的西瓜都打了甜水针，孩子吃了住院"; 16].map(Said::new);
    let other = desk.hears(&melons).await[0].claim.unwrap();
    let moved = format!("UPDATE classification.report SET claim_id = '{claim}' WHERE claim_id = '{other}'");
    desk.alter(moved).await;
    desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    let found = eventually("the suggestion", async || {
        let found = desk.suggestions(Some(claim)).await;
        found.into_iter().find(|one| one.kind() == pb::suggestion::Kind::Split)
    })
    .await;
    assert_eq!(found.report_ids.len(), 16, "{found:?}");
    assert!(found.other_sentence.contains("西瓜"), "{found:?}");
    assert_eq!(found.other_claim_id, "");
    desk.close().await;
}

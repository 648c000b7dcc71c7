//! Signed words have an end, and are for whom they were signed: after the one nobody hears them by machine, and
//! nobody else ever does.

use std::sync::Arc;
use std::time::Duration;

use contracts::classification::v1::Intent;
use contracts::ingest::v1::answer::State;
use ids::ClaimId;
use serde_json::json;

use crate::desk::{Desk, text};
use crate::press::Word;

const HOUR: Duration = Duration::from_secs(3600);

/// A clarification of `claim` that holds for an hour.
fn for_an_hour(desk: &Desk, claim: ClaimId) -> Word {
    Word { valid_until: desk.clock.now().unix_timestamp() + 3600, ..Word::clarification(claim) }
}

async fn answers(desk: &Desk, claim: ClaimId) -> Vec<(State, String)> {
    let listed = desk.duty_officer().await.list(claim).await.unwrap();
    listed.answers.iter().map(|answer| (answer.state(), answer.reason.clone())).collect()
}

#[tokio::test]
async fn once_the_words_have_ended_a_sure_match_gets_a_receipt_and_no_answer() {
    let desk = Arc::new(Desk::open().await);
    desk.signs(&Word::standing_replies()).await;
    let claim = ClaimId::mint();
    let known = for_an_hour(&desk, claim);
    desk.signs(&known).await;
    desk.page_is_up(known.clarification, 1).await;
    let citizens = desk.citizens(2).await;

    desk.assigns_next(Intent::Report, Some(claim), Some(known.clarification)).await;
    let answered = text(&desk.writes(&citizens[0], "听说明天地震？").await["reply"]);
    assert!(answered.starts_with("您问的可能是这条"), "{answered}");

    desk.time.advance(HOUR + Duration::from_secs(1));
    desk.assigns_next(Intent::Report, Some(claim), Some(known.clarification)).await;
    let late = text(&desk.writes(&citizens[1], "听说明天地震？").await["reply"]);
    assert!(late.starts_with("收到，编号"), "{late}");
    let asked = text(&desk.writes(&citizens[0], "结果").await["reply"]);
    assert!(asked.starts_with("收到，编号"), "{asked}");

    // Nor is it sent afterwards: that it was not is on the list, with the reason.
    desk.time.advance(Duration::from_secs(60));
    desk.until("the late asker's answer has ended", async || {
        answers(&desk, claim).await.iter().any(|(state, _)| *state == State::Halted)
    })
    .await;
    let (_, reason) =
        answers(&desk, claim).await.into_iter().find(|(state, _)| *state == State::Halted).unwrap();
    assert!(reason.contains("适用期已过"), "{reason}");
    assert!(desk.delivered().await.is_empty());

    // Renewed, they are told to whoever asked meanwhile.
    let renewed = Word { valid_until: 0, ..for_an_hour(&desk, claim) };
    let renewed = Word { clarification: known.clarification, case: known.case, revision: 2, ..renewed };
    desk.signs(&renewed).await;
    desk.page_is_up(renewed.clarification, 2).await;
    desk.until("both have the renewed words", async || desk.delivered().await.len() == 2).await;
}

#[tokio::test]
async fn what_is_still_owed_when_the_words_end_is_not_sent() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    let citizen = desk.citizens(1).await.remove(0);
    let report = desk.reports_as(&citizen, "群里说明天凌晨3点地震").await;
    desk.assigned(&report, claim).await;
    let busy = json!({ "operation": "custom_send", "fault": "errcode", "code": 45011, "count": 1000 });
    desk.control("faults", busy).await;
    let word = for_an_hour(&desk, claim);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    desk.until("the platform was too busy", async || {
        let refused = "SELECT count(*) FROM ingest.attempt WHERE outcome = 'not_now' AND $1 IS NOT NULL";
        desk.count(refused, word.clarification).await > 0
    })
    .await;
    desk.time.advance(HOUR * 3);
    desk.until("the answer has ended", async || answers(&desk, claim).await[0].0 == State::Halted).await;
    assert!(answers(&desk, claim).await[0].1.contains("适用期已过"));
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn words_answer_nobody_whose_claim_was_not_signed_with_them() {
    let desk = Desk::open().await;
    let (claim, other) = (ClaimId::mint(), ClaimId::mint());
    let citizen = desk.citizens(1).await.remove(0);
    let report = desk.reports_as(&citizen, "另一件事是真的吗").await;
    desk.assigned(&report, other).await;
    // The event says another claim than the signed bytes, or none, or one where none was signed.
    let signed = Word::clarification(claim);
    let mut redirected = desk.press.sign(&signed, desk.clock.now());
    redirected.claim_id = other.to_string();
    let stripped = Word::clarification(claim);
    let mut withheld = desk.press.sign(&stripped, desk.clock.now());
    withheld.claim_id = String::new();
    let of_nobody = Word { claims: Some([].into()), ..Word::clarification(other) };
    let added = desk.press.sign(&of_nobody, desk.clock.now());
    for event in [&redirected, &withheld, &added] {
        desk.approval_says(event).await;
    }
    for word in [&signed, &stripped, &of_nobody] {
        desk.until("it is refused", async || {
            let refused = "SELECT count(*) FROM ingest.refused_clarification
                           WHERE clarification_id = $1 AND reason = 'ROW_DISAGREES'";
            desk.count(refused, word.clarification).await == 1
        })
        .await;
        desk.page_is_up(word.clarification, 1).await;
    }
    // And what is kept is not turned to another claim afterwards.
    let honest = Word::clarification(claim);
    desk.signs(&honest).await;
    sqlx::query("UPDATE ingest.clarification SET claim_id = $1")
        .bind(other.as_uuid())
        .execute(&desk.superuser)
        .await
        .unwrap();
    desk.page_is_up(honest.clarification, 1).await;
    desk.until("nothing is sent", async || {
        answers(&desk, other)
            .await
            .iter()
            .any(|(state, reason)| *state == State::Halted && reason.contains("库中记录与签发内容不一致"))
    })
    .await;
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn words_under_a_policy_that_was_replaced_are_refused() {
    let desk = Desk::open_with_policy_from(2).await;
    let word = Word::clarification(ClaimId::mint());
    desk.approval_says(&desk.press.sign(&word, desk.clock.now())).await;
    desk.until("it is refused", async || {
        let refused = "SELECT count(*) FROM ingest.refused_clarification
                       WHERE clarification_id = $1 AND reason = 'POLICY_TOO_OLD'";
        desk.count(refused, word.clarification).await == 1
    })
    .await;
}

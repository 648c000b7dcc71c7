//! Everyone who asked is answered, once; what did not arrive is a person's; unsigned words never go out.

use contracts::ingest::v1::answer::State;
use ids::ClaimId;
use serde_json::json;

use crate::desk::{Desk, hotline};
use crate::press::Word;

/// `count` reporters of one claim.
async fn askers(desk: &Desk, claim: ClaimId, count: usize) -> Vec<String> {
    let citizens = desk.citizens(count).await;
    for citizen in &citizens {
        let report = desk.reports_as(citizen, "群里说明天凌晨3点地震").await;
        desk.assigned(&report, claim).await;
    }
    citizens
}

async fn until_ended(desk: &Desk, claim: ClaimId, count: usize) -> Vec<State> {
    let mut states = Vec::new();
    desk.until("every answer has ended", async || {
        let listed = desk.duty_officer().await.list(claim).await.unwrap();
        states = listed.answers.iter().map(contracts::ingest::v1::Answer::state).collect();
        states.len() == count && !states.contains(&State::Pending)
    })
    .await;
    states
}

#[tokio::test]
async fn everyone_who_asked_is_answered_once_and_so_is_who_asks_later() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    let mut citizens = askers(&desk, claim, 5).await;
    // The same person twice, and somebody whom no machine can answer.
    let again = desk.reports_as(&citizens[0], "还是地震的事").await;
    desk.assigned(&again, claim).await;
    let note = desk.duty_officer().await.submit(hotline("来电问地震")).await.unwrap();
    desk.assigned(&note.report_id, claim).await;

    let word = Word::clarification(claim);
    desk.signs(&word).await;
    assert!(desk.delivered().await.is_empty(), "the page is not up");
    desk.page_is_up(word.clarification, 1).await;
    until_ended(&desk, claim, 5).await;
    citizens.extend(askers(&desk, claim, 1).await);
    until_ended(&desk, claim, 6).await;

    let mut told: Vec<String> = desk.delivered().await.into_iter().map(|(openid, _)| openid).collect();
    told.sort();
    citizens.sort();
    assert_eq!(told, citizens);
    let listed = desk.duty_officer().await.list(claim).await.unwrap();
    assert_eq!((listed.answered, listed.pending, listed.without_channel), (6, 0, 1));
}

#[tokio::test]
async fn the_order_of_events_does_not_matter() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    let word = Word::clarification(claim);
    desk.page_is_up(word.clarification, 1).await;
    askers(&desk, claim, 2).await;
    desk.signs(&word).await;
    assert_eq!(until_ended(&desk, claim, 2).await, [State::Sent, State::Sent]);
}

#[tokio::test]
async fn a_report_moved_to_a_clarified_claim_is_answered_once_in_whatever_order_its_words_arrive() {
    use contracts::classification::v1::Intent;

    let desk = Desk::open().await;
    let (from, to) = (ClaimId::mint(), ClaimId::mint());
    let word = Word::clarification(to);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    let citizens = desk.citizens(2).await;
    for citizen in &citizens {
        let report = desk.reports_as(citizen, "群里说明天凌晨3点地震").await;
        // The move overtakes the first word, and each comes twice.
        for (claim, revision) in [(to, 1), (from, 0), (to, 1), (from, 0)] {
            desk.assigns_again(&report, Intent::Report, Some(claim), None, revision).await;
        }
    }
    until_ended(&desk, to, 2).await;
    // The older word that came last has not taken the reports back.
    let last = desk.reports_as(&citizens[0], "还有别的事").await;
    desk.assigned(&last, ClaimId::mint()).await;
    let of_claim = "SELECT count(*) FROM ingest.assignment WHERE claim_id = $1";
    assert_eq!((desk.count_of_claim(of_claim, from).await, desk.count_of_claim(of_claim, to).await), (0, 2));
    assert_eq!(desk.delivered().await.len(), 2, "one message each");
}

#[tokio::test]
async fn what_still_waits_for_a_reporter_whose_report_was_moved_away_is_not_sent() {
    use contracts::classification::v1::Intent;

    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    let citizen = desk.citizens(1).await.remove(0);
    let report = desk.reports_as(&citizen, "群里说明天凌晨3点地震").await;
    desk.assigned(&report, claim).await;
    desk.control(
        "faults",
        json!({ "operation": "custom_send", "fault": "errcode", "code": 45011, "count": 1 }),
    )
    .await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    desk.until("the first attempt was refused", async || {
        let refused = "SELECT count(*) FROM ingest.attempt WHERE outcome = 'not_now' AND $1 IS NOT NULL";
        desk.count(refused, word.clarification).await == 1
    })
    .await;
    desk.assigns_again(&report, Intent::Report, Some(ClaimId::mint()), None, 1).await;
    assert_eq!(until_ended(&desk, claim, 1).await, [State::Halted]);
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn a_new_revision_is_told_to_everyone_again_and_never_an_old_one() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    askers(&desk, claim, 2).await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    until_ended(&desk, claim, 2).await;
    let corrected = word.revised();
    desk.signs(&corrected).await;
    desk.page_is_up(corrected.clarification, 2).await;
    assert_eq!(until_ended(&desk, claim, 4).await, [State::Sent; 4]);
    assert_eq!(desk.delivered().await.len(), 4);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_closed_window_unreachable_and_neither_is_sent_again() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    askers(&desk, claim, 2).await;
    desk.control("faults", json!({ "operation": "custom_send", "fault": "drop_answer", "count": 1 })).await;
    desk.control(
        "faults",
        json!({ "operation": "custom_send", "fault": "errcode", "code": 45015, "count": 1 }),
    )
    .await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    let mut states = until_ended(&desk, claim, 2).await;
    states.sort_unstable();
    assert_eq!(states, [State::Unknown, State::Unreachable]);
    let listed = desk.duty_officer().await.list(claim).await.unwrap();
    assert_eq!((listed.unknown, listed.unreachable), (1, 1));
    assert!(listed.answers.iter().all(|answer| !answer.reason.is_empty()));
    assert_eq!(desk.delivered().await.len(), 1);
}

#[tokio::test]
async fn a_busy_platform_is_asked_again() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    askers(&desk, claim, 1).await;
    desk.control(
        "faults",
        json!({ "operation": "custom_send", "fault": "errcode", "code": 45011, "count": 1 }),
    )
    .await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    desk.until("the first attempt was refused", async || {
        desk.count(
            "SELECT count(*) FROM ingest.attempt WHERE outcome = 'not_now' AND $1 IS NOT NULL",
            word.clarification,
        )
        .await
            == 1
    })
    .await;
    desk.time.advance(std::time::Duration::from_secs(600));
    assert_eq!(until_ended(&desk, claim, 1).await, [State::Sent]);
}

#[tokio::test]
async fn an_attempt_whose_process_died_is_a_persons() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    askers(&desk, claim, 1).await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    // As a process leaves it that died between the attempt and its outcome.
    sqlx::query(
        "INSERT INTO ingest.answer (agency_id, reporter_id, clarification_id, revision, claim_id, account,
            rendition, state, attempt_id, next_attempt_time, lease_end_time, changed_time)
        SELECT agency_id, reporter_id, $1, 1, $2, account, 'answer', 'sending', gen_random_uuid(), now(),
            now() + interval '1 second', now() FROM ingest.reporter",
    )
    .bind(word.clarification.as_uuid())
    .bind(claim.as_uuid())
    .execute(&desk.superuser)
    .await
    .unwrap();
    desk.page_is_up(word.clarification, 1).await;
    desk.time.advance(std::time::Duration::from_secs(60));
    desk.until("the attempt is given up for lost", async || {
        let listed = desk.duty_officer().await.list(claim).await.unwrap();
        listed.answers.iter().any(|answer| answer.state() == State::Unknown)
    })
    .await;
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn what_does_not_verify_is_recorded_and_never_said() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    askers(&desk, claim, 1).await;
    // Words without a page count from their signature.
    let mut word = Word { response_level: "answer_only", ..Word::clarification(claim) };
    word.renditions.retain(|(channel, _)| *channel != "page");

    let mut altered = desk.press.sign(&word, desk.clock.now());
    let last = altered.content.len() - 1;
    altered.content[last] ^= 1;
    desk.approval_says(&altered).await;
    let foreign = crate::press::Press::new(desk.agency).sign(&word, desk.clock.now());
    desk.approval_says(&foreign).await;
    let mut short = desk.press.sign(&word, desk.clock.now());
    short.statements.remove(1);
    desk.approval_says(&short).await;
    let mut replayed = desk.press.sign(&word, desk.clock.now());
    replayed.clarification_id = ids::ClarificationId::mint().to_string();
    desk.approval_says(&replayed).await;

    desk.until("all four are refused", async || {
        desk.count(
            "SELECT count(*) FROM ingest.refused_clarification WHERE $1 IS NOT NULL",
            word.clarification,
        )
        .await
            == 4
    })
    .await;
    assert!(desk.delivered().await.is_empty());
    // The genuine one still counts.
    desk.signs(&word).await;
    assert_eq!(until_ended(&desk, claim, 1).await, [State::Sent]);
}

#[tokio::test]
async fn a_byte_changed_in_the_database_is_never_said() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    askers(&desk, claim, 1).await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    sqlx::query(
        "UPDATE ingest.clarification SET bundle = set_byte(bundle, length(bundle) / 3,
            get_byte(bundle, length(bundle) / 3) # 1)",
    )
    .execute(&desk.superuser)
    .await
    .unwrap();
    desk.page_is_up(word.clarification, 1).await;
    assert_eq!(until_ended(&desk, claim, 1).await, [State::Halted]);
    let listed = desk.duty_officer().await.list(claim).await.unwrap();
    assert!(listed.answers[0].reason.starts_with("签发核对不通过"), "{}", listed.answers[0].reason);
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn who_unfollowed_is_not_written_to() {
    let desk = Desk::open().await;
    let claim = ClaimId::mint();
    let citizens = askers(&desk, claim, 1).await;
    desk.control("follow", json!({ "openid": citizens[0], "follows": false })).await;
    let word = Word::clarification(claim);
    desk.signs(&word).await;
    desk.page_is_up(word.clarification, 1).await;
    assert_eq!(until_ended(&desk, claim, 1).await, [State::Unreachable]);
    let attempts = desk.count("SELECT count(*) FROM ingest.attempt WHERE $1 IS NOT NULL", word.clarification);
    assert_eq!(attempts.await, 0);
}

//! Known clarifications answer those who ask, while they are public and not revoked.

use std::time::Duration;

use contracts::approval::v1::AnswerResumed;
use contracts::classification::v1::{ReportAssigned, SuspensionChanged};
use contracts::publish::v1::publication::State;
use ids::ReporterId;
use runtime::Clock;
use testkit::eventually;

use crate::desk::{Desk, Said, Words};
use crate::gather::EARTHQUAKE;

const MELONS: &str = "听说城东市场的西瓜都打了甜水针，小孩吃了住院，真的吗";

#[tokio::test(flavor = "multi_thread")]
async fn a_public_clarification_answers_and_only_then_in_either_order_of_events() {
    let desk = Desk::open(1).await;
    let melons = Words::melons();
    desk.page_is(&melons, State::Confirmed, 3).await;
    desk.eventually_counts("the page", "SELECT count(*) FROM classification.page", 1).await;
    let before = desk.hears(&[Said::new(MELONS)]).await;
    assert!(before[0].claim.is_some());

    desk.signs(&melons).await;
    desk.knows_clarifications(1).await;
    let after = desk.hears(&[Said::new(MELONS)]).await;
    assert_eq!(after[0].clarification, Some(melons.clarification), "{after:?}");
    assert_eq!(after[0].claim, None);
    let told = desk.emitted::<ReportAssigned>().await;
    assert_eq!(told.last().unwrap().answered_by_clarification_id, melons.clarification.to_string());

    // An older word about the page changes nothing; a newer one takes it away.
    desk.page_is(&melons, State::Sending, 2).await;
    desk.page_is(&melons, State::Withdrawn, 4).await;
    desk.knows_clarifications(0).await;
    assert!(desk.hears(&[Said::new(MELONS)]).await[0].clarification.is_none());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_clarification_answers_nobody_even_if_its_page_is_confirmed_later() {
    let desk = Desk::open(1).await;
    let melons = Words::melons();
    desk.signs(&melons).await;
    desk.page_is(&melons, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    desk.revokes(&melons).await;
    desk.knows_clarifications(0).await;
    desk.page_is(&melons, State::Confirmed, 2).await;
    let newest = "SELECT count(*) FROM classification.page WHERE state_revision = 2";
    desk.eventually_counts("the newer page", newest, 1).await;
    assert!(desk.hears(&[Said::new(MELONS)]).await[0].clarification.is_none());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_place_number_or_denial_is_never_answered_by_machine() {
    let desk = Desk::open(1).await;
    let melons = Words::melons();
    desk.signs(&melons).await;
    desk.page_is(&melons, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    for text in [
        "听说城西市场的西瓜都打了甜水针，小孩吃了住院，真的吗",
        "听说城东市场的西瓜没有打甜水针，小孩吃了没有住院",
        "西瓜打针",
    ] {
        let judged = desk.hears(&[Said::new(text)]).await;
        assert_eq!(judged[0].clarification, None, "{text}");
        assert_eq!(judged[0].intent, "report");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_another_night_is_never_answered_by_machine() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let earthquake = Words::earthquake(claim);
    desk.signs(&earthquake).await;
    desk.page_is(&earthquake, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    // The same night, told today and told tomorrow.
    for said in [
        Said::new("听说明天凌晨3点青岚县有7级地震，是真的吗"),
        Said::new("听说今天凌晨3点青岚县有7级地震，是真的吗").days_later(1),
    ] {
        let judged = desk.hears(std::slice::from_ref(&said)).await;
        assert_eq!(judged[0].clarification, Some(earthquake.clarification), "{said:?}");
    }
    for said in [
        Said::new(EARTHQUAKE[0]).days_later(1),
        Said::new(EARTHQUAKE[0]).days_later(365),
        Said::new("听说大后天凌晨3点青岚县有7级地震，是真的吗"),
        Said::new("听说1999年12月25日凌晨3点青岚县有7级地震，是真的吗"),
        Said::new("听说2090年3月凌晨3点青岚县有7级地震，是真的吗").days_later(2),
    ] {
        let judged = desk.hears(std::slice::from_ref(&said)).await;
        assert_eq!(judged[0].clarification, None, "{said:?}");
        assert_ne!(judged[0].claim, Some(claim), "who joins a clarified claim is told its answer: {said:?}");
        assert!(judged[0].signals.iter().any(|signal| signal == "match.other_day"), "{judged:?}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_says_until_when_the_day_that_it_names_lasts() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let until = desk.claim(claim).await.named_until_time.expect("tomorrow has an end");
    let ahead = until.seconds - Clock::system().now().unix_timestamp();
    assert!((86_400 - 60..=2 * 86_400).contains(&ahead), "{ahead}");
    assert_eq!((until.seconds + 8 * 3600) % 86_400, 0, "the end is midnight in Beijing");
    let melons = desk.hears(&[Said::new(MELONS)]).await[0].claim.unwrap();
    assert_eq!(desk.claim(melons).await.named_until_time, None);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_automatic_answers_are_off_the_asker_joins_the_clarified_claim() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let earthquake = Words { automatic_answer: false, ..Words::earthquake(claim) };
    desk.signs(&earthquake).await;
    desk.page_is(&earthquake, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    let judged = desk.hears(&[Said::new(EARTHQUAKE[5])]).await;
    assert_eq!((judged[0].claim, judged[0].clarification), (Some(claim), None));
    // What is only somewhat alike is not told the clarification unseen: it becomes a person's to look at.
    let unsure = desk.hears(&[Said::new("地震的事听得人今晚都不敢睡了")]).await;
    assert_ne!(unsure[0].claim, Some(claim));
    assert!(unsure[0].signals.iter().any(|signal| signal == "match.maybe_claim"), "{unsure:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_clarification_has_ended_askers_gather_at_its_claim_until_the_office_closes_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    let clock = Clock::steered(file.clone());
    let desk = Desk::keeping_an_index(folder.path().join("index"), clock.clone()).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let valid_until = clock.now().unix_timestamp() + 3600;
    let earthquake = Words { valid_until, ..Words::earthquake(claim) };
    desk.signs(&earthquake).await;
    desk.page_is(&earthquake, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    let holding = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    assert_eq!(holding[0].clarification, Some(earthquake.clarification), "{holding:?}");

    std::fs::write(&file, (3601 * 1000).to_string()).unwrap();
    for _ in 0..2 {
        let ended = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
        assert_eq!((ended[0].clarification, ended[0].claim), (None, Some(claim)), "{ended:?}");
        assert!(ended[0].signals.iter().any(|signal| signal == "match.ended"), "{ended:?}");
    }

    // Closed without renewal: whoever asks now opens a claim that the office sees, and the next one joins it.
    desk.dismisses(claim).await;
    let new = eventually("a new claim is opened", async || {
        let asked = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
        assert_eq!(asked[0].clarification, None);
        asked[0].claim.filter(|opened| *opened != claim)
    })
    .await;
    let again = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    assert_eq!((again[0].clarification, again[0].claim), (None, Some(new)), "{again:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_this_after_an_automatic_answer_hands_over_to_a_person() {
    let desk = Desk::open(1).await;
    let melons = Words::melons();
    desk.signs(&melons).await;
    desk.page_is(&melons, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    let reporter = ReporterId::mint();
    desk.hears(&[Said::new(MELONS).by(reporter)]).await;
    let judged = desk.hears(&[Said::new("不是").by(reporter), Said::new("不是")]).await;
    for judged in &judged {
        assert_eq!((judged.intent.as_str(), judged.claim), ("other", None));
    }
    let handed_over = |at: usize| judged[at].signals.iter().any(|signal| signal == "handover");
    assert!(handed_over(0), "{judged:?}");
    let about = "SELECT count(*) FROM classification.report, jsonb_array_elements(reasons) AS reason
                 WHERE reason ->> 'signal' = 'handover' AND reason ->> 'detail' LIKE '%西瓜%'";
    assert_eq!(desk.count(about).await, 1, "the person sees what was answered");
    assert!(!handed_over(1), "nobody was answered: {judged:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enough_people_who_say_not_this_switch_the_answer_off_until_an_officer_switches_it_on() {
    let desk = Desk::open(2).await;
    let asked = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let earthquake = Words::earthquake(asked);
    desk.signs(&earthquake).await;
    desk.page_is(&earthquake, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;

    // Three people who were heard of before, each in words of their own.
    let people: [ReporterId; 3] = std::array::from_fn(|_| ReporterId::mint());
    let two_days = Duration::from_secs(2 * 24 * 60 * 60);
    for person in people {
        desk.hears(&[Said::new("你们几点上班").by(person).ago(two_days)]).await;
    }
    for (at, &person) in people.iter().enumerate() {
        let text = [EARTHQUAKE[0], EARTHQUAKE[1], EARTHQUAKE[5]][at];
        let answered = desk.hears(&[Said::new(text).by(person)]).await;
        assert_eq!(answered[0].clarification, Some(earthquake.clarification), "person {at}");
        desk.hears(&[Said::new("不是").by(person)]).await;
        // Saying it again, after another answer, is still one person.
        if at == 0 {
            for _ in 0..3 {
                desk.hears(&[Said::new(EARTHQUAKE[0]).by(person), Said::new("不是").by(person)]).await;
            }
            assert!(desk.emitted::<SuspensionChanged>().await.is_empty());
        }
    }
    let told = desk.emitted::<SuspensionChanged>().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].suspended, told[0].wrong_count, told[0].answered_count), (true, 3, 6));
    assert_eq!(told[0].clarification_id, earthquake.clarification.to_string());

    // What was switched off is neither given nor sent to whoever would join its claim: a person sees it.
    let next = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    assert_eq!(next[0].clarification, None, "{next:?}");
    assert_ne!(next[0].claim, Some(asked));
    assert!(next[0].signals.iter().any(|signal| signal == "match.maybe_clarified"), "{next:?}");

    let resumed = AnswerResumed {
        agency_id: desk.agency.to_string(),
        clarification_id: earthquake.clarification.to_string(),
        suspension_revision: told[0].state_revision,
    };
    desk.approval_says(&[resumed.clone(), resumed]).await;
    let told = eventually("the answer is on again", async || {
        Some(desk.emitted::<SuspensionChanged>().await).filter(|told| told.len() == 2)
    })
    .await;
    assert!(!told[1].suspended);
    let again = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    assert_eq!(again[0].clarification, Some(earthquake.clarification), "{again:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_strangers_with_one_text_switch_nothing_off_and_the_office_hears_of_it() {
    let desk = Desk::open(1).await;
    let asked = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    let earthquake = Words::earthquake(asked);
    desk.signs(&earthquake).await;
    desk.page_is(&earthquake, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    for _ in 0..4 {
        let stranger = ReporterId::mint();
        desk.hears(&[Said::new(EARTHQUAKE[0]).by(stranger)]).await;
        desk.hears(&[Said::new("不是").by(stranger)]).await;
    }
    let told = desk.emitted::<SuspensionChanged>().await;
    assert_eq!(told.len(), 1, "once: {told:?}");
    assert_eq!((told[0].suspended, told[0].doubted, told[0].wrong_count), (false, true, 3));
    let next = desk.hears(&[Said::new(EARTHQUAKE[0])]).await;
    assert_eq!(next[0].clarification, Some(earthquake.clarification), "{next:?}");
    desk.close().await;
}

//! Platforms that fail: answers lost after acceptance, errors before it, a service that dies in the middle. At
//! most one push and one post, always (G3).

use std::time::Duration;

use contracts::publish::v1::publication::State;
use serde_json::json;

use crate::desk::Desk;
use crate::office::set_level;

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_found_out_under_the_same_key() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "drop_answer" })).await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Uncertain).await;

    desk.advance(Duration::from_secs(61));
    desk.stands(&content, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(31));

    let confirmed = desk.stands(&content, "wechat", State::Confirmed).await;
    let outcomes: Vec<&str> = confirmed.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(outcomes, ["accepted", "unknown", "accepted"]);
    assert_eq!(desk.log("mass_push").await.len(), 1);
    assert_eq!(desk.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_push_that_never_arrived_goes_out_with_the_repeated_request() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "http_500_before" })).await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Uncertain).await;
    assert!(desk.jobs().await.is_empty());

    desk.advance(Duration::from_secs(61));

    desk.stands(&content, "wechat", State::Accepted).await;
    assert_eq!(desk.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_service_that_dies_while_the_platform_answers_does_not_push_again() {
    let mut desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "delay", "delay_ms": 3000 })).await;
    let content = desk.content();
    desk.announce(&content).await;
    testkit::eventually("the platform to know the job", async || desk.jobs().await.pop()).await;

    desk.crash().await;
    desk.restart().await;

    assert!(desk.stands(&content, "wechat", State::Uncertain).await.reason.contains("系统中断"));
    desk.advance(Duration::from_secs(61));
    desk.stands(&content, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(31));
    desk.stands(&content, "wechat", State::Confirmed).await;
    desk.stands(&content, "weibo", State::Confirmed).await;
    assert_eq!(desk.log("mass_push").await.len(), 1);
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

#[tokio::test]
async fn used_up_quota_after_a_lost_answer_is_a_persons_task_and_never_a_second_push() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "drop_answer" })).await;
    desk.fault(json!({ "operation": "sendall", "fault": "errcode", "code": 45028 })).await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Uncertain).await;

    desk.advance(Duration::from_secs(61));

    assert!(desk.stands(&content, "wechat", State::NeedsPerson).await.reason.contains("45028"));
    desk.advance(Duration::from_secs(25 * 3600));
    desk.stands(&content, "weibo", State::Confirmed).await;
    assert_eq!(desk.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_found_in_the_timeline() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "share", "fault": "drop_answer" })).await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    desk.announce(&content).await;
    desk.stands(&content, "weibo", State::Uncertain).await;

    desk.advance(Duration::from_secs(6));

    let confirmed = desk.stands(&content, "weibo", State::Confirmed).await;
    assert!(!confirmed.platform_id.is_empty() && !confirmed.url.is_empty());
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

#[tokio::test]
async fn a_post_that_is_proven_absent_is_sent_once_more() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "share", "fault": "http_500_before" })).await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    desk.announce(&content).await;
    desk.stands(&content, "weibo", State::Uncertain).await;
    desk.advance(Duration::from_secs(61));
    assert!(desk.log("weibo_post").await.is_empty());

    desk.advance(Duration::from_secs(121));

    let confirmed = desk.stands(&content, "weibo", State::Confirmed).await;
    assert_eq!(confirmed.attempts.len(), 2);
    assert!(confirmed.attempts[0].detail.contains("没有发出"), "{:?}", confirmed.attempts[0]);
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

#[tokio::test]
async fn a_post_that_is_lost_twice_is_a_persons_task() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "share", "fault": "http_500_before", "count": 2 })).await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    desk.announce(&content).await;
    desk.stands(&content, "weibo", State::Uncertain).await;
    desk.advance(Duration::from_secs(181));
    testkit::eventually("the second attempt", async || {
        let found = desk.publications(&content).await;
        found.into_iter().find(|found| found.channel == "weibo" && found.attempts.len() == 2)
    })
    .await;
    desk.stands(&content, "weibo", State::Uncertain).await;

    desk.advance(Duration::from_secs(181));

    desk.stands(&content, "weibo", State::NeedsPerson).await;
    assert!(desk.log("weibo_post").await.is_empty());
}

#[tokio::test]
async fn a_refused_draft_fails_and_a_platform_that_is_busy_is_tried_again() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "draft_add", "fault": "errcode", "code": 45003 })).await;
    let mut refused = desk.content();
    set_level(&mut refused, "mass_push");
    desk.announce(&refused).await;
    assert!(desk.stands(&refused, "wechat", State::Failed).await.reason.contains("45003"));

    desk.fault(json!({ "operation": "draft_add", "fault": "drop_answer" })).await;
    let mut busy = desk.content();
    set_level(&mut busy, "mass_push");
    desk.announce(&busy).await;
    testkit::eventually("the first draft to be unknown", async || {
        let found = desk.publications(&busy).await;
        found.into_iter().find(|found| found.attempts.iter().any(|attempt| attempt.outcome == "unknown"))
    })
    .await;
    desk.advance(Duration::from_secs(6));
    desk.stands(&busy, "wechat", State::Accepted).await;
    assert_eq!(desk.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_code_in_no_list_is_tried_a_few_times_and_then_told_to_a_person() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "draft_add", "fault": "errcode", "code": 53402, "count": 300 })).await;
    let mut content = desk.content();
    set_level(&mut content, "mass_push");
    desk.announce(&content).await;
    for tries in 1..4 {
        let waiting = testkit::eventually("the next try to be refused", async || {
            let found = desk.publications(&content).await;
            found.into_iter().find(|found| {
                found.channel == "wechat"
                    && found.attempts.iter().filter(|attempt| attempt.outcome == "unknown").count() == tries
                    // The attempt ends first, and then the publication is put back with its reason.
                    && found.reason.contains("53402")
            })
        })
        .await;
        assert!(!waiting.reason.contains("没有给出"), "{}", waiting.reason);
        desk.advance(Duration::from_secs(41));
    }

    let asked = desk.stands(&content, "wechat", State::NeedsPerson).await;
    assert!(asked.reason.contains("53402") && asked.reason.contains("没有群发"), "{}", asked.reason);
    desk.advance(Duration::from_secs(24 * 3600));
    let still = desk.stands(&content, "wechat", State::NeedsPerson).await;
    assert_eq!(still.attempts.len(), 4);
    assert!(desk.jobs().await.is_empty());
}

#[tokio::test]
async fn a_code_in_no_list_after_a_mass_send_is_told_to_a_person_and_never_sent_under_another_key() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "errcode", "code": 53402, "count": 300 })).await;
    let mut content = desk.content();
    set_level(&mut content, "mass_push");
    desk.announce(&content).await;
    for repeats in 1..4 {
        testkit::eventually("the next request to be answered", async || {
            let found = desk.publications(&content).await;
            found.into_iter().find(|found| {
                found.channel == "wechat"
                    && found.attempts.iter().filter(|attempt| attempt.outcome == "unknown").count() == repeats
            })
        })
        .await;
        desk.advance(Duration::from_secs(241));
    }
    assert!(desk.stands(&content, "wechat", State::NeedsPerson).await.reason.contains("53402"));
    assert!(desk.jobs().await.is_empty());
}

#[tokio::test]
async fn a_post_that_is_answered_with_a_code_in_no_list_is_tried_once_more_and_then_told_to_a_person() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "share", "fault": "errcode", "code": 29999, "count": 300 })).await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    desk.announce(&content).await;
    assert!(desk.stands(&content, "weibo", State::Uncertain).await.reason.contains("29999"));
    desk.advance(Duration::from_secs(181));
    testkit::eventually("the second attempt", async || {
        let found = desk.publications(&content).await;
        found.into_iter().find(|found| found.channel == "weibo" && found.attempts.len() == 2)
    })
    .await;
    desk.stands(&content, "weibo", State::Uncertain).await;
    desk.advance(Duration::from_secs(181));
    assert!(desk.stands(&content, "weibo", State::NeedsPerson).await.reason.contains("29999"));
    assert!(desk.log("weibo_post").await.is_empty());
}

#[tokio::test]
async fn a_new_revision_with_the_same_words_is_not_posted_again_and_the_reason_says_so() {
    let desk = Desk::open().await;
    let mut first = desk.content();
    set_level(&mut first, "microblog");
    desk.announce(&first).await;
    desk.stands(&first, "weibo", State::Confirmed).await;

    let mut second = first.clone();
    second.revision += 1;
    second.renditions[0].title = "青岚县没有地震预报（更正）".into();
    desk.announce(&second).await;
    let looking = desk.stands(&second, "weibo", State::Uncertain).await;
    assert!(looking.reason.contains("内容相同"), "{}", looking.reason);
    desk.advance(Duration::from_secs(181));

    let asked = desk.stands(&second, "weibo", State::NeedsPerson).await;
    assert!(asked.reason.contains("20019") && asked.reason.contains("文字相同"), "{}", asked.reason);
    assert!(!asked.reason.contains("没有给出") && asked.reason.contains("修改微博正文"), "{}", asked.reason);
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

//! The ordinary way: signed, page up, pushed once, posted once, confirmed by the platforms.

use std::time::Duration;

use contracts::publish::v1::publication::State;
use serde_json::json;

use crate::desk::{Desk, SITE};
use crate::office::set_level;

#[tokio::test]
async fn a_signed_clarification_gets_one_page_one_push_and_one_post() {
    let desk = Desk::open().await;
    let content = desk.content();
    desk.announce(&content).await;

    let address = format!("{SITE}/c/{}", content.clarification);
    assert_eq!(desk.stands(&content, "page", State::Confirmed).await.url, address);
    let push = desk.stands(&content, "wechat", State::Accepted).await;
    // Nobody calls back here, so the platform is asked.
    desk.advance(Duration::from_secs(31));
    let confirmed = desk.stands(&content, "wechat", State::Confirmed).await;
    assert_eq!(confirmed.platform_id, push.platform_id);
    let post = desk.stands(&content, "weibo", State::Confirmed).await;
    assert!(post.url.starts_with("https://weibo.com/1902538057/"), "{}", post.url);

    let pushes = desk.log("mass_push").await;
    assert_eq!(pushes.len(), 1, "{pushes:?}");
    assert_eq!(pushes[0]["title"], "青岚县没有地震预报");
    let posts = desk.log("weibo_post").await;
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert_eq!(posts[0]["url"], address);
    let operations: Vec<String> = confirmed
        .attempts
        .iter()
        .map(|attempt| format!("{} {}", attempt.operation, attempt.outcome))
        .collect();
    assert_eq!(operations, ["draft_add accepted", "sendall accepted"]);

    let (status, html) = desk.site(&format!("/c/{}", content.clarification)).await;
    assert_eq!(status, 200);
    assert!(html.contains("青岚县没有地震预报") && html.contains("<p>不实。</p>"), "{html}");
    let (status, list) = desk.site("/").await;
    assert_eq!(status, 200);
    assert!(list.contains(&format!("/c/{}", content.clarification)));
}

#[tokio::test]
async fn the_page_is_up_as_soon_as_its_publication_says_so_and_other_levels_reach_no_further() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    set_level(&mut content, "publish");
    content.renditions.truncate(1);
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Confirmed).await;
    assert_eq!(desk.site(&format!("/c/{}", content.clarification)).await.0, 200);

    let mut silent = desk.content();
    set_level(&mut silent, "answer_only");
    desk.announce(&silent).await;
    let mut after = desk.content();
    set_level(&mut after, "publish");
    desk.announce(&after).await;
    desk.stands(&after, "page", State::Confirmed).await;

    assert_eq!(desk.publications(&content).await.len(), 1);
    assert!(desk.publications(&silent).await.is_empty());
    assert!(desk.log("mass_push").await.is_empty() && desk.log("weibo_post").await.is_empty());
}

#[tokio::test]
async fn a_notice_that_overtakes_the_answer_still_confirms() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "delay", "delay_ms": 2500 })).await;
    let content = desk.content();
    desk.announce(&content).await;

    let job = testkit::eventually("the platform to know the job", async || desk.jobs().await.pop()).await;
    desk.notice(job, "send success").await;
    desk.stands(&content, "wechat", State::Sending).await;

    let confirmed = desk.stands(&content, "wechat", State::Confirmed).await;
    assert_eq!(confirmed.url, "http://mp.weixin.qq.com/s?x");
    assert!(confirmed.reason.contains("1175"), "{}", confirmed.reason);
    desk.stands(&content, "weibo", State::Confirmed).await;
}

#[tokio::test]
async fn a_notice_that_comes_twice_or_after_asking_changes_nothing_but_the_missing_address() {
    let desk = Desk::open().await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(31));
    let asked = desk.stands(&content, "wechat", State::Confirmed).await;
    assert_eq!(asked.url, "");

    let job = asked.platform_id.parse().unwrap();
    desk.notice(job, "send success").await;
    let told = testkit::eventually("the address", async || {
        desk.publications(&content)
            .await
            .into_iter()
            .find(|found| found.channel == "wechat" && !found.url.is_empty())
    })
    .await;
    assert_eq!(told.state_revision, asked.state_revision + 1);
    desk.notice(job, "send success").await;
    desk.notice(job, "send fail").await;
    let mut after = desk.content();
    set_level(&mut after, "publish");
    desk.announce(&after).await;
    desk.stands(&after, "page", State::Confirmed).await;
    let unchanged = desk.stands(&content, "wechat", State::Confirmed).await;
    assert_eq!(unchanged.state_revision, told.state_revision);
}

#[tokio::test]
async fn a_review_that_refuses_the_article_fails_the_push_and_lets_the_microblog_go() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "no_confirmation" })).await;
    let content = desk.content();
    desk.announce(&content).await;
    let push = desk.stands(&content, "wechat", State::Accepted).await;

    desk.notice(push.platform_id.parse().unwrap(), "err(20008)").await;

    assert!(desk.stands(&content, "wechat", State::Failed).await.reason.contains("欺诈"));
    desk.stands(&content, "weibo", State::Confirmed).await;
}

#[tokio::test]
async fn the_microblog_waits_ten_minutes_for_wechat_and_no_longer() {
    let desk = Desk::open().await;
    desk.fault(json!({ "operation": "sendall", "fault": "no_confirmation" })).await;
    let content = desk.content();
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Accepted).await;
    assert_eq!(desk.stands(&content, "weibo", State::Planned).await.attempts.len(), 0);
    assert!(desk.log("weibo_post").await.is_empty());

    desk.advance(Duration::from_secs(601));

    desk.stands(&content, "weibo", State::Confirmed).await;
    desk.stands(&content, "wechat", State::Accepted).await;
}

#[tokio::test]
async fn a_window_is_kept_on_both_sides() {
    let desk = Desk::open().await;
    let mut later = desk.content();
    later.not_before = desk.clock.now().unix_timestamp() + 3600;
    desk.announce(&later).await;
    desk.stands(&later, "page", State::Planned).await;
    assert_eq!(desk.site(&format!("/c/{}", later.clarification)).await.0, 404);
    let mut over = desk.content();
    over.not_after = desk.clock.now().unix_timestamp() - 1;
    desk.announce(&over).await;
    for channel in ["page", "wechat", "weibo"] {
        desk.stands(&over, channel, State::Failed).await;
    }
    assert!(desk.log("mass_push").await.is_empty());

    desk.advance(Duration::from_secs(3601));

    desk.stands(&later, "page", State::Confirmed).await;
    desk.stands(&later, "wechat", State::Accepted).await;
}

#[tokio::test]
async fn a_second_push_waits_for_the_next_days_quota() {
    let desk = Desk::open().await;
    let first = desk.content();
    desk.announce(&first).await;
    desk.stands(&first, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(31));
    desk.stands(&first, "wechat", State::Confirmed).await;
    let mut second = desk.content();
    set_level(&mut second, "mass_push");
    second.claim_sentence = "城东市场西瓜打甜水针".into();
    desk.announce(&second).await;
    let waiting = testkit::eventually("the second push to wait", async || {
        let found = desk.publications(&second).await;
        found.into_iter().find(|found| found.channel == "wechat" && found.reason.contains("额度"))
    })
    .await;
    assert_eq!(waiting.state(), State::Planned);
    assert!(waiting.attempts.is_empty(), "nothing is asked of the platform for it");

    desk.advance(Duration::from_secs(13 * 3600));

    desk.stands(&second, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(31));
    desk.stands(&second, "wechat", State::Confirmed).await;
    assert_eq!(desk.log("mass_push").await.len(), 2);
}

#[tokio::test]
async fn statements_that_expire_while_a_push_waits_end_it_as_refused() {
    let mut desk = Desk::open().await;
    desk.office.lifetime_ms = 3_600_000;
    let mut content = desk.content();
    set_level(&mut content, "mass_push");
    content.not_before = desk.clock.now().unix_timestamp() + 7200;
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Planned).await;

    desk.advance(Duration::from_secs(7201));

    for channel in ["page", "wechat"] {
        assert!(desk.stands(&content, channel, State::Refused).await.reason.contains("有效期"));
    }
    assert!(desk.log("mass_push").await.is_empty());
}

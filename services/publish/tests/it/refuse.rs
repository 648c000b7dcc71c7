//! G2 and G6: whatever is altered on the way, or in our own database, nothing unsigned is said, and the case
//! hears why.

use std::time::Duration;

use contracts::publish::v1::publication::State;
use signoff::bundle::Bundle;

use crate::desk::Desk;
use crate::office::{Office, set_level};

async fn is_refused_everywhere(desk: &Desk, alter: impl FnOnce(&mut Bundle)) {
    let content = desk.content();
    let mut bundle = desk.office.sign(&content, desk.clock.now());
    alter(&mut bundle);
    desk.announce_bundle(&content, bundle).await;
    for channel in ["page", "wechat", "weibo"] {
        let refused = desk.stands(&content, channel, State::Refused).await;
        assert!(refused.reason.contains("校验未通过"), "{}", refused.reason);
        assert_eq!(refused.title, "", "nothing of an unsigned text is shown");
    }
    assert_eq!(desk.site(&format!("/c/{}", content.clarification)).await.0, 404);
}

#[tokio::test]
async fn whatever_is_altered_nothing_goes_out_and_every_channel_says_why() {
    let desk = Desk::open().await;
    is_refused_everywhere(&desk, |bundle| {
        let at = bundle.content.windows(6).position(|window| window == "不实".as_bytes()).unwrap();
        bundle.content[at..at + 6].copy_from_slice("属实".as_bytes());
    })
    .await;
    is_refused_everywhere(&desk, |bundle| bundle.statements[3].signatures[0].bytes[9] ^= 1).await;
    is_refused_everywhere(&desk, |bundle| {
        bundle.statements.pop();
    })
    .await;
    is_refused_everywhere(&desk, |bundle| *bundle.policy.document.last_mut().unwrap() ^= 1).await;
    is_refused_everywhere(&desk, |bundle| *bundle.enrolments[0].document.last_mut().unwrap() ^= 1).await;
    let other = desk.office.sign(&desk.content(), desk.clock.now());
    is_refused_everywhere(&desk, move |bundle| bundle.statements = other.statements).await;
    let foreign = Office::open(desk.clock.now());
    let forged = foreign.sign(&desk.content(), desk.clock.now());
    is_refused_everywhere(&desk, move |bundle| bundle.enrolments = forged.enrolments).await;

    let honest = desk.content();
    desk.announce(&honest).await;
    desk.stands(&honest, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(31));
    desk.stands(&honest, "weibo", State::Confirmed).await;
    assert_eq!(desk.log("mass_push").await.len(), 1);
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

#[tokio::test]
async fn a_policy_that_was_replaced_takes_nothing_out() {
    let desk = Desk::open_with_policy_from(2).await;
    let content = desk.content();
    desk.announce(&content).await;
    let refused = desk.stands(&content, "wechat", State::Refused).await;
    assert!(refused.reason.contains("审批规则是第1版"), "{}", refused.reason);
}

#[tokio::test]
async fn words_go_to_the_channels_that_they_were_signed_for_whatever_their_level_is_called() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    content.response_level = "everything".into();
    content.renditions.retain(|form| form.channel != "wechat");
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Confirmed).await;
    let channels: Vec<String> =
        desk.publications(&content).await.into_iter().map(|publication| publication.channel).collect();
    assert!(!channels.contains(&"wechat".to_owned()), "{channels:?}");
    desk.advance(Duration::from_secs(31));
    desk.stands(&content, "weibo", State::Confirmed).await;
    assert!(desk.log("mass_push").await.is_empty());
}

#[tokio::test]
async fn words_that_hold_no_longer_do_not_go_out() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    content.not_before = desk.clock.now().unix_timestamp() + 3600;
    content.valid_until = content.not_before - 60;
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Planned).await;
    desk.advance(Duration::from_secs(3601));
    for channel in ["page", "wechat", "weibo"] {
        let failed = desk.stands(&content, channel, State::Failed).await;
        assert!(failed.reason.contains("适用期已过"), "{}", failed.reason);
    }
    assert!(desk.log("mass_push").await.is_empty() && desk.log("weibo_post").await.is_empty());
}

#[tokio::test]
async fn our_own_copy_altered_after_it_verified_is_refused_before_anything_is_sent() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    content.not_before = desk.clock.now().unix_timestamp() + 3600;
    desk.announce(&content).await;
    desk.stands(&content, "wechat", State::Planned).await;

    desk.tamper("UPDATE publish.clarification SET bundle = set_byte(bundle, 700, get_byte(bundle, 700) # 1)")
        .await;
    desk.advance(Duration::from_secs(3601));

    for channel in ["page", "wechat"] {
        desk.stands(&content, channel, State::Refused).await;
    }
    desk.advance(Duration::from_secs(700));
    let weibo = testkit::eventually("the microblog to end", async || {
        let found = desk.publications(&content).await;
        found.into_iter().find(|found| found.channel == "weibo" && found.state() != State::Planned)
    })
    .await;
    assert_eq!(weibo.state(), State::Refused);
    assert!(desk.log("mass_push").await.is_empty() && desk.log("weibo_post").await.is_empty());
    assert_eq!(desk.site(&format!("/c/{}", content.clarification)).await.0, 404);
}

#[tokio::test]
async fn a_public_page_whose_copy_is_altered_is_not_shown_any_more() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    set_level(&mut content, "publish");
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Confirmed).await;

    desk.tamper("UPDATE publish.clarification SET bundle = set_byte(bundle, 700, get_byte(bundle, 700) # 1)")
        .await;

    let (status, html) = desk.site(&format!("/c/{}", content.clarification)).await;
    assert_eq!(status, 503);
    assert!(!html.contains("青岚县没有地震预报"), "{html}");
    assert!(!desk.site("/").await.1.contains("青岚县没有地震预报"));
}

#[tokio::test]
async fn the_same_announcement_again_or_a_forged_one_after_it_changes_nothing() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    set_level(&mut content, "publish");
    desk.announce(&content).await;
    let page = desk.stands(&content, "page", State::Confirmed).await;

    desk.announce(&content).await;
    let mut forged = desk.office.sign(&content, desk.clock.now());
    forged.statements.clear();
    desk.announce_bundle(&content, forged).await;
    let mut after = desk.content();
    set_level(&mut after, "publish");
    desk.announce(&after).await;
    desk.stands(&after, "page", State::Confirmed).await;

    let publications = desk.publications(&content).await;
    assert_eq!(publications.len(), 1);
    assert_eq!(publications[0].state_revision, page.state_revision);
}

//! New revisions and revocations, in any order (G5).

use std::time::Duration;

use contracts::approval::v1::ClarificationRevoked;
use contracts::publish::v1::publication::State;
use signoff::content::Content;
use signoff::order::Command;
use uuid::Uuid;

use crate::desk::Desk;
use crate::office::set_level;

async fn revoke(desk: &Desk, content: &Content) {
    let (clarification, revision) = (content.clarification, content.revision);
    let command = Command::Revoke { clarification, revision };
    let signed_order = desk.office.order("signer", Uuid::now_v7(), command, desk.clock.now());
    desk.say(&ClarificationRevoked {
        agency_id: content.agency.to_string(),
        case_id: content.case.to_string(),
        clarification_id: content.clarification.to_string(),
        revision: content.revision,
        reason: "数字有误".into(),
        signed_order,
    })
    .await;
}

fn revised(content: &Content) -> Content {
    let mut revised = content.clone();
    revised.revision += 1;
    revised.not_before = 0;
    revised.renditions[0].title = "青岚县没有地震预报（更正）".into();
    if let Some(last) = revised.renditions.last_mut() {
        last.body.push_str("（更正）");
    }
    revised
}

#[tokio::test]
async fn a_newer_revision_takes_the_place_of_what_was_still_planned() {
    let desk = Desk::open().await;
    let mut first = desk.content();
    first.not_before = desk.clock.now().unix_timestamp() + 3600;
    desk.announce(&first).await;
    desk.stands(&first, "weibo", State::Planned).await;

    let second = revised(&first);
    desk.announce(&second).await;

    for channel in ["page", "wechat", "weibo"] {
        assert!(desk.stands(&first, channel, State::Halted).await.reason.contains("第2版"));
    }
    desk.stands(&second, "wechat", State::Accepted).await;
    desk.advance(Duration::from_secs(3700));
    desk.stands(&second, "weibo", State::Confirmed).await;
    assert!(desk.site(&format!("/c/{}", second.clarification)).await.1.contains("更正"));
    assert_eq!(desk.log("mass_push").await.len(), 1);
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

#[tokio::test]
async fn an_older_revision_that_arrives_late_goes_nowhere() {
    let desk = Desk::open().await;
    let mut first = desk.content();
    set_level(&mut first, "publish");
    let second = revised(&first);
    desk.announce(&second).await;
    desk.stands(&second, "page", State::Confirmed).await;

    desk.announce(&first).await;

    desk.stands(&first, "page", State::Halted).await;
    assert!(desk.site(&format!("/c/{}", second.clarification)).await.1.contains("更正"));
}

#[tokio::test]
async fn a_page_shows_its_newest_revision_under_the_same_address() {
    let desk = Desk::open().await;
    let mut first = desk.content();
    set_level(&mut first, "publish");
    desk.announce(&first).await;
    let page = desk.stands(&first, "page", State::Confirmed).await;
    let second = revised(&first);
    desk.announce(&second).await;
    assert_eq!(desk.stands(&second, "page", State::Confirmed).await.url, page.url);

    let (status, html) = desk.site(&format!("/c/{}", first.clarification)).await;
    assert_eq!(status, 200);
    assert!(html.contains("更正") && html.contains("第2版"));
    assert_eq!(desk.site("/").await.1.matches(&first.clarification.to_string()).count(), 1);
}

#[tokio::test]
async fn a_revoked_clarification_is_taken_down_and_says_so() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    set_level(&mut content, "publish");
    desk.announce(&content).await;
    desk.stands(&content, "page", State::Confirmed).await;

    revoke(&desk, &content).await;

    assert!(desk.stands(&content, "page", State::Withdrawn).await.reason.contains("数字有误"));
    let (status, html) = desk.site(&format!("/c/{}", content.clarification)).await;
    assert_eq!(status, 410);
    assert!(html.contains("已经撤回") && !html.contains("没有地震预报"), "{html}");
    assert!(!desk.site("/").await.1.contains(&content.clarification.to_string()));
}

#[tokio::test]
async fn a_revocation_that_arrives_first_lets_nothing_out_but_a_later_revision() {
    let desk = Desk::open().await;
    let mut content = desk.content();
    set_level(&mut content, "microblog");
    revoke(&desk, &content).await;
    desk.announce(&content).await;
    for channel in ["page", "weibo"] {
        desk.stands(&content, channel, State::Halted).await;
    }
    assert_eq!(desk.site(&format!("/c/{}", content.clarification)).await.0, 404);

    let second = revised(&content);
    desk.announce(&second).await;
    desk.stands(&second, "weibo", State::Confirmed).await;
    assert_eq!(desk.log("weibo_post").await.len(), 1);
}

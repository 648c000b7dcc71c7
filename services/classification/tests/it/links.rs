//! The same web address again joins the claim that it was reported with.

use contracts::publish::v1::publication::State;

use crate::desk::{Desk, Said, Words};
use crate::gather::EARTHQUAKE;

const ARTICLE: &str = "https://mp.weixin.qq.com/s?__biz=MzA5==&mid=2247483650&idx=1&sn=ab12";
const AGAIN: &str =
    "http://mp.weixin.qq.com/s?mid=2247483650&__biz=MzA5==&idx=1&sn=ab12&scene=2&from=timeline#rd";

fn said(words: &str, link: &str) -> Said {
    Said::new(&format!("{words}\n{link}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_article_joins_whatever_the_words_and_whoever_passed_it_on() {
    let desk = Desk::open(1).await;
    let first = desk.hears(&[said(EARTHQUAKE[0], ARTICLE)]).await[0].claim.unwrap();
    let judged = desk
        .hears(&[
            said("这篇文章说的靠谱吗，看着吓人", AGAIN),
            Said::new(AGAIN),
            said("转给家里人看看", ARTICLE),
        ])
        .await;
    for judged in &judged {
        assert_eq!(judged.claim, Some(first), "{judged:?}");
        assert!(judged.signals.iter().any(|signal| signal == "match.same_link"), "{judged:?}");
    }
    assert_eq!(desk.claim(first).await.report_count, 4);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_one_batch_an_address_is_known_as_soon_as_it_was_seen() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[said(EARTHQUAKE[0], ARTICLE), said("这篇文章看着吓人，大家小心", AGAIN)]).await;
    assert_eq!(judged[0].claim, judged[1].claim);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_alone_that_nobody_reported_opens_nothing() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[Said::new(ARTICLE)]).await;
    assert_eq!((judged[0].intent.as_str(), judged[0].claim), ("other", None));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_state_other_facts_outweigh_the_address() {
    let desk = Desk::open(1).await;
    let first = desk.hears(&[said(EARTHQUAKE[0], ARTICLE)]).await[0].claim.unwrap();
    let other = desk.hears(&[said("四川今晚有9级地震，快跑", ARTICLE)]).await[0].claim;
    assert!(other.is_some_and(|claim| claim != first));
    // Known by two claims now, the address says nothing any more.
    let third = desk.hears(&[said("这篇文章说的靠谱吗，看着吓人", ARTICLE)]).await;
    assert!(third[0].signals.iter().all(|signal| signal != "match.same_link"), "{third:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_alone_puts_nobody_into_a_dismissed_or_a_clarified_claim() {
    let desk = Desk::open(1).await;
    let dismissed = desk.hears(&[said("超市的盐都被抢光了", "http://t.cn/A6xYz1")]).await[0].claim.unwrap();
    desk.dismisses(dismissed).await;
    let judged = desk.hears(&[said("这篇文章看着吓人，大家小心", "http://t.cn/A6xYz1")]).await;
    assert_ne!(judged[0].claim, Some(dismissed));

    let clarified = desk.hears(&[said(EARTHQUAKE[0], ARTICLE)]).await[0].claim.unwrap();
    let words = Words { automatic_answer: false, ..Words::earthquake(clarified) };
    desk.signs(&words).await;
    desk.page_is(&words, State::Confirmed, 1).await;
    desk.knows_clarifications(1).await;
    let judged = desk.hears(&[Said::new(ARTICLE), said("楼下的路灯换成新的了，挺亮", ARTICLE)]).await;
    for judged in judged {
        assert_ne!(judged.claim, Some(clarified), "{judged:?}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_addresses_of_videos_ask_for_words_and_never_gather() {
    let desk = Desk::open(1).await;
    let bare = [
        "https://www.douyin.com/video/7301234567890123456",
        "https://www.douyin.com/video/7309876543210987654",
        "https://m.weibo.cn/status/4971234567890123",
        "https://www.toutiao.com/article/7305555666677778888/，",
        "v.kuaishou.com/AbC12",
    ];
    let judged = desk.hears(&bare.map(Said::new)).await;
    for judged in &judged {
        assert_eq!((judged.intent.as_str(), judged.claim), ("other", None), "{judged:?}");
    }
    // Reported with words, the very video is known, on whichever of the site's pages, and no other one.
    let first = desk.hears(&[said(EARTHQUAKE[0], bare[0])]).await[0].claim.unwrap();
    let shared = "https://www.iesdouyin.com/share/video/7301234567890123456/?region=CN&mid=1";
    let judged = desk.hears(&[Said::new(shared), Said::new(bare[1])]).await;
    assert_eq!((judged[0].claim, judged[1].claim), (Some(first), None));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_is_known_by_the_form_that_an_earlier_version_kept() {
    let desk = Desk::open(1).await;
    let claim = desk.hears(&[Said::new(EARTHQUAKE[0])]).await[0].claim.unwrap();
    desk.alter(format!(
        "INSERT INTO classification.link (agency_id, link, claim_id, words)
         SELECT agency_id, 'mp.weixin.qq.com/s?__biz=MzA5==&idx=1&mid=2247483650&sn=ab12', claim_id, ''
         FROM classification.claim WHERE claim_id = '{claim}'"
    ))
    .await;
    assert_eq!(desk.hears(&[Said::new(AGAIN)]).await[0].claim, Some(claim));
    desk.close().await;
}

//! The pages, as far as a test can read them.

use serde_json::json;

use crate::{
    server::text_reply,
    stage::{SAFE_LINK, Stage, client, eventually},
};

const NASTY: &str = "<script>alert(1)</script>\"'&";

#[tokio::test]
async fn whatever_people_write_is_shown_as_text() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.server.will_answer(text_reply(NASTY));
    stage.writes(&openid, NASTY).await;
    let phone = stage.page(&format!("/phone/{openid}")).await;
    assert!(!phone.contains("<script>alert"), "{phone}");
    assert_eq!(phone.matches("alert(1)").count(), 2);
    assert!(!stage.page("/phone").await.contains("<script>alert"));
}

#[tokio::test]
async fn the_chat_gives_only_what_is_new() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.server.will_answer(text_reply("看这里 http://localhost:7082/c/1"));
    stage.writes(&openid, "在吗").await;
    let new = stage.page(&format!("/phone/{openid}/chat?after=1")).await;
    assert!(new.contains("href=\"http://localhost:7082/c/1\"") && !new.contains("在吗"), "{new}");
    assert!(stage.page(&format!("/phone/{openid}/chat?after=2")).await.is_empty());
}

#[tokio::test]
async fn the_timeline_shows_both_platforms_and_says_that_it_is_a_demonstration() {
    let stage = Stage::open().await;
    assert!(stage.page("/timeline").await.contains("还没有发布任何内容"));
    stage.send_all(&stage.draft("没有地震预报").await, "key").await;
    eventually(|| async { stage.log("mass_push").await.pop() }).await;
    stage.share(&format!("澄清 {SAFE_LINK}")).await;
    let page = stage.page("/timeline").await;
    assert!(page.contains("没有地震预报") && page.contains(SAFE_LINK) && page.contains("演示"), "{page}");
    let english = stage.page("/timeline?lang=en").await;
    assert!(english.contains("What the public sees") && english.contains("Demo"));
}

#[tokio::test]
async fn an_article_cannot_run_anything() {
    let stage = Stage::open().await;
    let cover = stage.cover().await;
    let article = json!({
        "title": NASTY,
        "content": "<p onclick=\"x()\">正文</p><script>alert(1)</script>",
        "thumb_media_id": cover,
    });
    let draft = stage.wechat("draft/add", json!({ "articles": [article] })).await;
    stage.send_all(draft["media_id"].as_str().unwrap(), "key").await;
    let entry = eventually(|| async { stage.log("mass_push").await.pop() }).await;
    let page = stage.page(entry["url"].as_str().unwrap().strip_prefix(&stage.base).unwrap()).await;
    assert!(page.contains("<p>正文</p>"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("onclick"), "{page}");
}

#[tokio::test]
async fn a_new_phone_follows_the_account_and_is_welcomed() {
    let stage = Stage::open().await;
    stage.server.will_answer(text_reply("欢迎关注"));
    let client = client();
    let page = client.post(format!("{}/phone", stage.base)).form(&[("name", "李女士")]).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("演示·李女士") && page.contains("欢迎关注"), "{page}");
    assert!(stage.server.deliveries()[0].body.contains("subscribe"));
}

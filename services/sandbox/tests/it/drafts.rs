//! Drafts, their fields' limits, and pictures.

use serde_json::{Value, json};

use crate::stage::{PIXEL, Stage};

fn article(cover: &str) -> Value {
    json!({ "title": "标题", "author": "作者", "digest": "摘要", "content": "<p>正文</p>", "thumb_media_id": cover })
}

#[tokio::test]
async fn every_field_has_its_limit_and_its_code() {
    let stage = Stage::open().await;
    let cover = stage.cover().await;
    let cases = [
        ("title", json!("澄".repeat(33)), 45_003),
        ("title", json!(""), 40_227),
        ("author", json!("作".repeat(17)), 45_110),
        ("digest", json!("摘".repeat(121)), 45_004),
        ("content", json!(""), 44_004),
        ("content", json!("x".repeat(20_000)), 45_002),
        ("thumb_media_id", json!("unknown"), 40_007),
        ("thumb_media_id", json!(""), 40_007),
    ];
    for (field, value, code) in cases {
        let mut article = article(&cover);
        article[field] = value;
        let answer = stage.wechat("draft/add", json!({ "articles": [article] })).await;
        assert_eq!(answer["errcode"], code, "{field}: {answer}");
    }
    let mut longest = article(&cover);
    longest["title"] = json!("澄".repeat(32));
    longest["digest"] = json!("摘".repeat(120));
    let answer = stage.wechat("draft/add", json!({ "articles": [longest] })).await;
    assert!(answer["media_id"].is_string() && answer.get("errcode").is_none(), "{answer}");
}

#[tokio::test]
async fn a_temporary_picture_is_no_cover() {
    let stage = Stage::open().await;
    let token = stage.token().await;
    let path = format!("/cgi-bin/media/upload?access_token={token}&type=image");
    let temporary = stage.upload(&path, "media", PIXEL).await;
    let answer = stage
        .wechat("draft/add", json!({ "articles": [article(temporary["media_id"].as_str().unwrap())] }))
        .await;
    assert_eq!(answer["errcode"], 40_007);
}

#[tokio::test]
async fn a_draft_can_be_read_changed_listed_and_deleted() {
    let stage = Stage::open().await;
    let cover = stage.cover().await;
    let media_id = stage.draft("第一稿").await;
    let mut second = article(&cover);
    second["title"] = json!("第二稿");
    let update = json!({ "media_id": media_id, "index": 0, "articles": second });
    assert_eq!(stage.wechat("draft/update", update).await["errcode"], 0);
    let read = stage.wechat("draft/get", json!({ "media_id": media_id })).await;
    assert_eq!(read["news_item"][0]["title"], "第二稿");
    let listed = stage.wechat("draft/batchget", json!({ "offset": 0, "count": 20, "no_content": 1 })).await;
    assert_eq!((&listed["total_count"], &listed["item"][0]["media_id"]), (&json!(1), &json!(media_id)));
    assert_eq!(stage.wechat("draft/delete", json!({ "media_id": media_id })).await["errcode"], 0);
    assert_eq!(stage.wechat("draft/get", json!({ "media_id": media_id })).await["errcode"], 40_007);
}

#[tokio::test]
async fn pictures_in_the_body_must_come_from_the_accounts_store() {
    let stage = Stage::open().await;
    let token = stage.token().await;
    let path = format!("/cgi-bin/media/uploadimg?access_token={token}");
    let own = stage.upload(&path, "media", PIXEL).await["url"].as_str().unwrap().to_owned();
    let mut with_pictures = article(&stage.cover().await);
    with_pictures["content"] =
        json!(format!("<p><img src=\"{own}\"><img src=\"http://elsewhere/x.png\"></p>"));
    let draft = stage.wechat("draft/add", json!({ "articles": [with_pictures] })).await;
    let read = stage.wechat("draft/get", json!({ "media_id": draft["media_id"] })).await;
    let content = read["news_item"][0]["content"].as_str().unwrap();
    assert!(content.contains(&own) && !content.contains("elsewhere"), "{content}");
    assert_eq!(stage.upload(&path, "media", b"no picture at all").await["errcode"], 40_005);
}

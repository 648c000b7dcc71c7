//! Customer-service messages and the time in which they are allowed.

use serde_json::{Value, json};

use crate::stage::{HOUR, MINUTE, Stage};

async fn send(stage: &Stage, openid: &str, content: &str) -> Value {
    let body = json!({ "touser": openid, "msgtype": "text", "text": { "content": content } });
    stage.wechat("message/custom/send", body).await["errcode"].clone()
}

#[tokio::test]
async fn a_message_allows_five_answers_in_forty_eight_hours() {
    let mut stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    assert_eq!(send(&stage, &openid, "早了").await, 45_015);
    stage.writes(&openid, "是真的吗").await;
    for _ in 0..5 {
        assert_eq!(send(&stage, &openid, "已核实").await, 0);
    }
    assert_eq!(send(&stage, &openid, "第六条").await, 45_047);
    stage.writes(&openid, "再问一次").await;
    assert_eq!(send(&stage, &openid, "已核实").await, 0, "a new message, a new allowance");
    stage.move_time(48 * HOUR);
    assert_eq!(send(&stage, &openid, "晚了").await, 45_015);
    let log = stage.log("customer_message").await;
    assert_eq!(log.len(), 6);
    assert_eq!(log[0]["openid"], json!(openid));
}

#[tokio::test]
async fn following_allows_three_within_a_minute_and_unfollowing_none() {
    let mut stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.post("/_control/follow", json!({ "openid": openid, "follows": true })).await;
    for _ in 0..3 {
        assert_eq!(send(&stage, &openid, "欢迎").await, 0);
    }
    assert_eq!(send(&stage, &openid, "第四条").await, 45_047);
    stage.move_time(MINUTE);
    assert_eq!(send(&stage, &openid, "晚了").await, 45_015);
    stage.writes(&openid, "在吗").await;
    stage.post("/_control/follow", json!({ "openid": openid, "follows": false })).await;
    assert_eq!(send(&stage, &openid, "走了").await, 45_015);
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let stage = Stage::open().await;
    let openid = stage.citizen(true).await;
    assert_eq!(send(&stage, "oNobody", "x").await, 40_003);
    assert_eq!(send(&stage, &openid, "").await, 44_004);
    let article = json!({ "title": "标题", "description": "摘要", "url": "http://qinglan.example.cn/c/1" });
    for (count, code) in [(1, 0), (2, 45_008)] {
        let articles = vec![article.clone(); count];
        let body = json!({ "touser": openid, "msgtype": "news", "news": { "articles": articles } });
        assert_eq!(stage.wechat("message/custom/send", body).await["errcode"], code);
    }
}

#[tokio::test]
async fn a_lost_answer_still_reached_the_citizen() {
    let stage = Stage::open().await;
    let openid = stage.citizen(true).await;
    let token = stage.token().await;
    stage.fault(json!({ "operation": "custom_send", "fault": "drop_answer" })).await;
    let body = json!({ "touser": openid, "msgtype": "text", "text": { "content": "已核实" } });
    let path = format!("/cgi-bin/message/custom/send?access_token={token}");
    assert!(stage.try_post(&path, body).await.is_err());
    assert_eq!(stage.log("customer_message").await.len(), 1);
}

#[tokio::test]
async fn followers_are_listed_without_names() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    let token = stage.token().await;
    let list = stage.get(&format!("/cgi-bin/user/get?access_token={token}")).await;
    assert_eq!(list["data"]["openid"], json!([openid]));
    let info = stage.get(&format!("/cgi-bin/user/info?access_token={token}&openid={openid}")).await;
    assert_eq!(info["subscribe"], 1);
    assert!(info.get("nickname").is_none());
    let tags = stage.get(&format!("/cgi-bin/tags/get?access_token={token}")).await;
    assert!(tags["tags"].as_array().unwrap().iter().any(|tag| tag["id"] == 100));
}

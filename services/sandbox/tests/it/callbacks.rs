//! Callbacks, and what becomes of their answers.

use serde_json::json;

use crate::{
    server::{Answer, element, text_reply},
    stage::Stage,
};

#[tokio::test]
async fn a_reply_in_time_reaches_the_citizen_and_the_log() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.server.will_answer(text_reply("收到，编号QL-0417"));
    let answer = stage.writes(&openid, "明天凌晨3点有地震？").await;
    assert_eq!(answer["reply"], "收到，编号QL-0417");
    assert_eq!(answer["deliveries"], 1);
    let log = stage.log("passive_reply").await;
    assert_eq!((log.len(), &log[0]["platform_id"]), (1, &answer["msg_id"]));
    let delivery = &stage.server.deliveries()[0];
    assert_eq!(element(&delivery.body, "Content"), "明天凌晨3点有地震？");
    assert_eq!(element(&delivery.body, "MsgId").len(), 17);
    assert!(delivery.query.contains(&format!("openid={openid}")), "{}", delivery.query);
}

#[tokio::test]
async fn a_silent_server_is_asked_three_times_about_the_same_message() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    for answer in [Answer::Late, Answer::Status(502), Answer::Late] {
        stage.server.will_answer(answer);
    }
    let answer = stage.writes(&openid, "在吗").await;
    assert_eq!((&answer["outcome"], &answer["deliveries"]), (&json!("fault"), &json!(3)));
    assert!(answer["elapsed_ms"].as_u64().unwrap() >= 600, "{answer}");
    let deliveries = stage.server.deliveries();
    assert_eq!(deliveries.len(), 3);
    for delivery in &deliveries[1..] {
        assert_eq!(delivery.body, deliveries[0].body);
        assert_ne!(delivery.query, deliveries[0].query, "a fresh nonce and signature");
    }
    assert!(stage.page(&format!("/phone/{openid}")).await.contains("该公众号提供的服务出现故障"));
    assert!(stage.log("passive_reply").await.is_empty());
}

#[tokio::test]
async fn the_second_delivery_can_still_be_answered() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.server.will_answer(Answer::Late);
    stage.server.will_answer(text_reply("收到"));
    let answer = stage.writes(&openid, "在吗").await;
    assert_eq!((&answer["reply"], &answer["deliveries"]), (&json!("收到"), &json!(2)));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_fault_at_once() {
    let long = "长".repeat(700);
    let stranger = "<xml><ToUserName><![CDATA[oSomebodyElse]]></ToUserName></xml>".to_owned();
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    for answer in [Answer::Text("{\"ok\":true}".to_owned()), Answer::Text(stranger), text_reply(&long)] {
        stage.server.will_answer(answer);
        let answer = stage.writes(&openid, "在吗").await;
        assert_eq!((&answer["outcome"], &answer["deliveries"]), (&json!("fault"), &json!(1)));
    }
    stage.server.will_answer(Answer::Text(String::new()));
    assert_eq!(stage.writes(&openid, "在吗").await["outcome"], "taken");
}

#[tokio::test]
async fn a_message_pushed_again_shows_its_answer_once() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.server.will_answer(text_reply("收到"));
    stage.server.will_answer(text_reply("收到"));
    let first = stage.writes(&openid, "在吗").await;
    let again = stage.post("/_control/redeliver", json!({ "msg_id": first["msg_id"] })).await;
    assert_eq!(again["reply"], "收到");
    let deliveries = stage.server.deliveries();
    assert_eq!(deliveries[0].body, deliveries[1].body);
    assert_eq!(stage.log("passive_reply").await.len(), 1);
}

#[tokio::test]
async fn an_answer_can_be_lost_and_a_delivery_doubled() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    stage.fault(json!({ "operation": "callback", "fault": "drop_answer" })).await;
    stage.fault(json!({ "operation": "callback", "fault": "double_delivery" })).await;
    for _ in 0..3 {
        stage.server.will_answer(text_reply("收到"));
    }
    let answer = stage.writes(&openid, "在吗").await;
    assert_eq!((&answer["reply"], &answer["deliveries"]), (&json!("收到"), &json!(3)));
    assert_eq!(stage.log("passive_reply").await.len(), 1);
}

#[tokio::test]
async fn other_kinds_of_message_carry_their_own_elements() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    let link = json!({ "Title": "紧急通知", "Url": "http://mp.weixin.qq.com/s/abc" });
    stage.post("/_control/messages", json!({ "openid": openid, "msg_type": "link", "media": link })).await;
    stage.post("/_control/messages", json!({ "openid": openid, "msg_type": "voice" })).await;
    let deliveries = stage.server.deliveries();
    assert_eq!(element(&deliveries[0].body, "Title"), "紧急通知");
    assert_eq!(element(&deliveries[1].body, "MediaId16K"), "DEMO-16K");
    let unknown = json!({ "openid": openid, "msg_type": "link", "media": { "a><b": "x" } });
    assert!(stage.post("/_control/messages", unknown).await["error"].is_string());
}

#[tokio::test]
async fn sealed_modes_send_what_they_must() {
    for (mode, plain, sealed) in [("safe", false, true), ("compatible", true, true), ("plain", true, false)] {
        let stage = Stage::with(json!({ "mode": mode })).await;
        let openid = stage.citizen(false).await;
        assert_eq!(stage.writes(&openid, "在吗").await["outcome"], "taken");
        let delivery = stage.server.deliveries().remove(0);
        assert_eq!(delivery.body.contains("<Content>"), plain, "{mode}");
        assert_eq!(delivery.body.contains("<Encrypt>"), sealed, "{mode}");
        assert_eq!(delivery.query.contains("encrypt_type=aes&msg_signature="), sealed, "{mode}");
    }
}

#[tokio::test]
async fn the_server_can_be_asked_to_prove_itself() {
    let stage = Stage::open().await;
    assert_eq!(stage.post("/_control/verify_callback", json!({})).await["verified"], true);
    let nowhere = format!("{}/nowhere", stage.base);
    stage.post("/_control/callback", json!({ "url": nowhere })).await;
    assert_eq!(stage.post("/_control/verify_callback", json!({})).await["verified"], false);
}

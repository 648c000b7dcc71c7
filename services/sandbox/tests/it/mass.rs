//! Mass messages, from acceptance to the public.

use serde_json::{Value, json};

use crate::{
    server::element,
    stage::{HOUR, MINUTE, Stage, eventually, mass_body},
};

const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015";

async fn status(stage: &Stage, msg_id: &Value) -> String {
    let answer = stage.wechat("message/mass/get", json!({ "msg_id": msg_id.to_string() })).await;
    answer["msg_status"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn ends(stage: &Stage, msg_id: &Value, expected: &str) {
    eventually(|| async { (status(stage, msg_id).await == expected).then_some(()) }).await;
}

async fn results(stage: &Stage) -> Vec<String> {
    let deliveries = stage.server.deliveries().into_iter();
    deliveries.map(|delivery| delivery.body).filter(|body| body.contains("MASSSENDJOBFINISH")).collect()
}

#[tokio::test]
async fn a_push_is_accepted_first_and_public_later() {
    let stage = Stage::with(json!({ "confirm_delay_ms": 400 })).await;
    let openid = stage.citizen(false).await;
    let draft = stage.draft("青岚县没有地震预报").await;
    let accepted = stage.send_all(&draft, KEY).await;
    assert_eq!(accepted["errcode"], 0, "{accepted}");
    assert!(accepted["msg_id"].as_u64().unwrap() > 1 << 31);
    assert!(accepted["msg_data_id"].as_u64().unwrap() > 1 << 31);
    assert_eq!(status(&stage, &accepted["msg_id"]).await, "SENDING");
    assert!(stage.log("mass_push").await.is_empty());

    ends(&stage, &accepted["msg_id"], "SEND_SUCCESS").await;
    let log = stage.log("mass_push").await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["title"], "青岚县没有地震预报");
    let event = eventually(|| async { results(&stage).await.pop() }).await;
    assert_eq!(element(&event, "MsgID"), accepted["msg_id"].to_string());
    assert_eq!(element(&event, "Status"), "send success");
    assert_eq!(element(&event, "SentCount"), "1");
    assert_eq!(element(&event, "ArticleUrl"), log[0]["url"].as_str().unwrap());
    let page = stage.page(element(&event, "ArticleUrl").strip_prefix(&stage.base).unwrap()).await;
    assert!(page.contains("【结论】不实。"));
    assert!(stage.page(&format!("/phone/{openid}")).await.contains("青岚县没有地震预报"));
    let gone = stage.wechat("draft/get", json!({ "media_id": draft })).await;
    assert_eq!(gone["errcode"], 40_007, "the message took the draft");
}

#[tokio::test]
async fn the_same_key_is_never_accepted_twice_within_a_day() {
    let mut stage = Stage::open().await;
    let draft = stage.draft("甲").await;
    let accepted = stage.send_all(&draft, KEY).await;
    for _ in 0..2 {
        let repeated = stage.send_all(&draft, KEY).await;
        assert_eq!((&repeated["errcode"], &repeated["msg_id"]), (&json!(45_065), &accepted["msg_id"]));
    }
    ends(&stage, &accepted["msg_id"], "SEND_SUCCESS").await;
    assert_eq!(stage.send_all(&draft, KEY).await["errcode"], 45_065, "although the draft is gone");
    stage.move_time(25 * HOUR);
    assert_eq!(stage.send_all(&draft, KEY).await["errcode"], 40_007, "the key is forgotten");
    assert_eq!(stage.log("mass_push").await.len(), 1);
}

#[tokio::test]
async fn without_a_key_the_same_words_to_the_same_people_are_the_same_message() {
    let stage = Stage::open().await;
    let body = json!({ "filter": { "is_to_all": true }, "text": { "content": "通知" }, "msgtype": "text" });
    assert_eq!(stage.wechat("message/mass/sendall", body.clone()).await["errcode"], 0);
    assert_eq!(stage.wechat("message/mass/sendall", body).await["errcode"], 45_065);
}

#[tokio::test]
async fn an_answer_lost_after_acceptance_can_be_recovered_after_a_minute() {
    let mut stage = Stage::open().await;
    let draft = stage.draft("甲").await;
    let token = stage.token().await;
    let path = format!("/cgi-bin/message/mass/sendall?access_token={token}");
    stage.fault(json!({ "operation": "sendall", "fault": "drop_answer", "count": 1 })).await;
    assert!(stage.try_post(&path, mass_body(&draft, KEY)).await.is_err());
    assert_eq!(stage.post(&path, mass_body(&draft, KEY)).await["errcode"], 45_066);
    stage.move_time(MINUTE);
    let recovered = stage.post(&path, mass_body(&draft, KEY)).await;
    assert_eq!(recovered["errcode"], 45_065);
    ends(&stage, &recovered["msg_id"], "SEND_SUCCESS").await;
    assert_eq!(stage.log("mass_push").await.len(), 1);
}

#[tokio::test]
async fn faults_spoil_one_answer_each_as_ordered() {
    let stage = Stage::open().await;
    let draft = stage.draft("甲").await;
    let token = stage.token().await;
    let path = format!("/cgi-bin/message/mass/sendall?access_token={token}");
    stage.fault(json!({ "operation": "sendall", "fault": "http_500_before" })).await;
    stage.fault(json!({ "operation": "sendall", "fault": "errcode", "code": -1 })).await;
    stage.fault(json!({ "operation": "sendall", "fault": "errcode_after", "code": -1 })).await;
    assert!(stage.try_post(&path, mass_body(&draft, KEY)).await.is_err(), "a page of HTML");
    assert_eq!(stage.post(&path, mass_body(&draft, KEY)).await["errcode"], -1);
    assert_eq!(stage.get("/_control/state").await["wechat"]["mass_quota"]["used"], 0);
    assert_eq!(stage.post(&path, mass_body(&draft, KEY)).await["errcode"], -1);
    assert_eq!(stage.get("/_control/state").await["wechat"]["mass_quota"]["used"], 1);
    let unknown =
        stage.post("/_control/faults", json!({ "operation": "nothing", "fault": "drop_answer" })).await;
    assert!(unknown["error"].is_string());
}

#[tokio::test]
async fn an_account_has_one_push_a_day_by_beijing_time() {
    let mut stage = Stage::open().await;
    let (first, second) = (stage.draft("甲").await, stage.draft("乙").await);
    assert_eq!(stage.send_all(&first, KEY).await["errcode"], 0);
    assert_eq!(stage.send_all(&second, "other").await["errcode"], 45_028);
    stage.move_time(11 * HOUR);
    assert_eq!(stage.send_all(&second, "other").await["errcode"], 45_028, "eleven in the evening");
    stage.move_time(2 * HOUR);
    assert_eq!(stage.send_all(&second, "other").await["errcode"], 0, "one in the morning");
}

#[tokio::test]
async fn a_service_account_reaches_each_follower_four_times_a_month() {
    let stage = Stage::with(json!({ "kind": "service" })).await;
    let mut openids = vec![stage.citizen(false).await, stage.citizen(false).await];
    for push in 0..4 {
        let sent = stage.send_all(&stage.draft("甲").await, &format!("key-{push}")).await;
        ends(&stage, &sent["msg_id"], "SEND_SUCCESS").await;
    }
    let fifth = stage.draft("戊").await;
    assert_eq!(stage.send_all(&fifth, "key-5").await["errcode"], 45_028);
    openids.push(stage.citizen(false).await);
    let body = json!({ "touser": openids, "mpnews": { "media_id": fifth }, "msgtype": "mpnews", "clientmsgid": "key-6" });
    let sent = stage.wechat("message/mass/send", body).await;
    ends(&stage, &sent["msg_id"], "SEND_SUCCESS").await;
    let msg_id = sent["msg_id"].to_string();
    let event = eventually(|| async {
        results(&stage).await.into_iter().find(|event| element(event, "MsgID") == msg_id)
    })
    .await;
    assert_eq!(
        (element(&event, "TotalCount"), element(&event, "FilterCount")),
        ("3".to_owned(), "1".to_owned())
    );
}

#[tokio::test]
async fn a_result_can_be_lost_doubled_or_never_come() {
    for (fault, expected) in [("lose_confirmation", 0), ("double_confirmation", 2), ("no_confirmation", 0)] {
        let stage = Stage::open().await;
        stage.fault(json!({ "operation": "sendall", "fault": fault })).await;
        let sent = stage.send_all(&stage.draft("甲").await, KEY).await;
        if fault == "no_confirmation" {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            assert_eq!(status(&stage, &sent["msg_id"]).await, "SENDING");
        } else {
            ends(&stage, &sent["msg_id"], "SEND_SUCCESS").await;
            let pushed = || async {
                let state = stage.get("/_control/state").await;
                state["wechat"]["jobs"][0]["result_pushed"].as_bool().unwrap().then_some(())
            };
            eventually(pushed).await;
        }
        assert_eq!(results(&stage).await.len(), expected, "{fault}");
    }
}

#[tokio::test]
async fn the_review_refuses_by_word_and_keeps_the_draft() {
    let stage = Stage::open().await;
    let draft = stage.draft("演示广告").await;
    let sent = stage.send_all(&draft, KEY).await;
    ends(&stage, &sent["msg_id"], "SEND_FAIL").await;
    let event = eventually(|| async { results(&stage).await.pop() }).await;
    assert_eq!(element(&event, "Status"), "err(10001)");
    assert!(stage.log("mass_push").await.is_empty());
    assert!(stage.wechat("draft/get", json!({ "media_id": draft })).await["news_item"].is_array());
}

#[tokio::test]
async fn a_push_to_everyone_can_wait_for_the_administrator() {
    let protected = json!({ "admin_confirmation": true, "kind": "service" });
    let mut stage = Stage::with(protected).await;
    let [consented, refused, forgotten] = ["甲", "乙", "丙"];
    let consented = stage.send_all(&stage.draft(consented).await, "1").await["msg_id"].clone();
    let refused = stage.send_all(&stage.draft(refused).await, "2").await["msg_id"].clone();
    let forgotten = stage.send_all(&stage.draft(forgotten).await, "3").await["msg_id"].clone();
    stage.post("/_control/administrator", json!({ "msg_id": consented, "consents": true })).await;
    stage.post("/_control/administrator", json!({ "msg_id": refused, "consents": false })).await;
    ends(&stage, &consented, "SEND_SUCCESS").await;
    ends(&stage, &refused, "SEND_FAIL").await;
    assert_eq!(status(&stage, &forgotten).await, "SENDING");
    stage.move_time(31 * MINUTE);
    ends(&stage, &forgotten, "SEND_FAIL").await;
    let events =
        eventually(|| async { Some(results(&stage).await).filter(|events| events.len() == 3) }).await;
    let mut results: Vec<String> = events.iter().map(|event| element(event, "Status")).collect();
    results.sort();
    assert_eq!(results, ["err(40001)", "err(40002)", "send success"]);
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let stage = Stage::open().await;
    let draft = stage.draft("甲").await;
    let cases = [
        (json!({ "clientmsgid": "x".repeat(33) }), 45_067),
        (json!({ "filter": { "is_to_all": false, "tag_id": 7 } }), 40_152),
        (json!({ "msgtype": "other" }), 40_008),
        (json!({ "mpnews": { "media_id": "unknown" } }), 40_007),
    ];
    for (changes, code) in cases {
        let mut body = mass_body(&draft, KEY);
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        let answer = stage.wechat("message/mass/sendall", body).await;
        assert_eq!(answer["errcode"], code, "{changes}");
    }
    assert_eq!(stage.wechat("message/mass/get", json!({ "msg_id": 1 })).await["errcode"], 40_059);
}

#[tokio::test]
async fn a_deleted_article_says_so_and_the_log_too() {
    let stage = Stage::open().await;
    let sent = stage.send_all(&stage.draft("甲").await, KEY).await;
    ends(&stage, &sent["msg_id"], "SEND_SUCCESS").await;
    let url = stage.log("mass_push").await[0]["url"].as_str().unwrap().to_owned();
    let wrong =
        stage.wechat("message/mass/delete", json!({ "msg_id": sent["msg_id"], "article_idx": 2 })).await;
    assert_eq!(wrong["errcode"], 40_060);
    let deleted = stage.wechat("message/mass/delete", json!({ "msg_id": sent["msg_id"] })).await;
    assert_eq!(deleted["errcode"], 0);
    assert_eq!(status(&stage, &sent["msg_id"]).await, "DELETE");
    assert!(stage.page(url.strip_prefix(&stage.base).unwrap()).await.contains("已被发布者删除"));
    assert_eq!(stage.log("mass_deleted").await.len(), 1);
}

#[tokio::test]
async fn a_preview_reaches_one_person_and_uses_no_quota() {
    let stage = Stage::open().await;
    let openid = stage.citizen(false).await;
    let draft = stage.draft("预览稿").await;
    let body = json!({ "touser": openid, "mpnews": { "media_id": draft }, "msgtype": "mpnews" });
    assert_eq!(stage.wechat("message/mass/preview", body).await["errcode"], 0);
    assert!(stage.page(&format!("/phone/{openid}")).await.contains("预览稿"));
    assert_eq!(stage.get("/_control/state").await["wechat"]["mass_quota"]["used"], 0);
    assert!(stage.log("mass_push").await.is_empty());
}

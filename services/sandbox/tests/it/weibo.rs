//! The microblog.

use serde_json::{Value, json};

use crate::stage::{HOUR, MINUTE, PIXEL, SAFE_LINK, Stage, client};

fn post(words: &str) -> String {
    format!("【澄清】{words} {SAFE_LINK}")
}

#[tokio::test]
async fn a_post_appears_with_its_link_shortened() {
    let stage = Stage::open().await;
    let (status, shared) = stage.share(&post("没有地震预报")).await;
    assert_eq!(status, 200, "{shared}");
    assert_eq!(shared["idstr"].as_str().unwrap(), shared["id"].to_string());
    assert_eq!(shared["idstr"].as_str().unwrap().len(), 16);
    let text = shared["text"].as_str().unwrap();
    assert!(text.starts_with("【澄清】没有地震预报 http://t.cn/") && !text.contains(SAFE_LINK), "{text}");
    let timeline = stage.timeline().await;
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline[0]["url_objects"][0]["url_long"], SAFE_LINK);
    assert!(timeline[0]["created_at"].as_str().unwrap().contains(" +0800 "));
    let log = stage.log("weibo_post").await;
    assert_eq!((&log[0]["url"], &log[0]["platform_id"]), (&json!(SAFE_LINK), &shared["idstr"]));
}

#[tokio::test]
async fn what_cannot_be_posted_says_why() {
    let stage = Stage::open().await;
    let long = "长".repeat(131);
    let cases = [
        ("没有链接", 10_017, "text not find domain!"),
        ("别处 http://www.qinglan.example.cn/c/1", 10_017, "text not find domain!"),
        (&*post("#话题#"), 10_017, "topics"),
        (&*post(&long), 20_012, "text too long"),
    ];
    for (text, code, words) in cases {
        let (status, answer) = stage.share(text).await;
        assert_eq!((status, &answer["error_code"]), (400, &json!(code)), "{text}");
        assert!(answer["error"].as_str().unwrap().contains(words), "{answer}");
        assert_eq!(answer["request"], "/2/statuses/share.json");
    }
    let without_rip = [("access_token", "2.00demo"), ("status", &*post("甲"))];
    assert_eq!(stage.form("/2/statuses/share.json", &without_rip).await.1["error_code"], 10_016);
    let without_token = [("status", &*post("甲")), ("rip", "1.2.3.4")];
    let (status, answer) = stage.form("/2/statuses/share.json", &without_token).await;
    assert_eq!((status, &answer["error_code"]), (400, &json!("10006")), "as text, as it was seen");
    assert_eq!(stage.get("/2/statuses/share.json?access_token=2.00demo").await["error_code"], 10_021);
    assert_eq!(stage.get("/2/nothing.json").await["error_code"], 10_020);
    assert!(stage.log("weibo_post").await.is_empty());
}

#[tokio::test]
async fn the_same_and_nearly_the_same_text_are_refused() {
    let stage = Stage::open().await;
    stage.share(&post("没有地震预报")).await;
    assert_eq!(stage.share(&post("没有地震预报")).await.1["error_code"], 20_019);
    assert_eq!(stage.share(&post("没有，地震预报！")).await.1["error_code"], 20_017);
    assert_eq!(stage.share(&post("西瓜抽检合格")).await.0, 200);
}

#[tokio::test]
async fn only_the_newest_five_posts_are_shown() {
    let stage = Stage::open().await;
    let mut ids = Vec::new();
    for words in ["一", "二", "三", "四", "五", "六", "七"] {
        ids.push(stage.share(&post(words)).await.1["id"].as_u64().unwrap());
    }
    assert!(ids.is_sorted());
    let shown: Vec<u64> = stage.timeline().await.iter().map(|post| post["id"].as_u64().unwrap()).collect();
    assert_eq!(shown, ids[2..].iter().rev().copied().collect::<Vec<_>>());
    let since = ids[4];
    let newer =
        stage.get(&format!("/2/statuses/user_timeline.json?access_token=2.00demo&since_id={since}")).await;
    assert_eq!(newer["statuses"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_hour_holds_thirty_posts_and_a_day_a_hundred_calls() {
    let mut stage = Stage::open().await;
    for index in 0..30 {
        assert_eq!(stage.share(&post(&format!("第{index}条"))).await.0, 200);
    }
    assert_eq!(stage.share(&post("第三十一条")).await.1["error_code"], 20_016);
    stage.move_time(HOUR + MINUTE);
    assert_eq!(stage.share(&post("第三十一条")).await.0, 200);
    for _ in 0..68 {
        stage.timeline().await;
    }
    let limits = stage.get("/2/account/rate_limit_status.json?access_token=2.00demo").await;
    assert_eq!(limits["remaining_user_hits"], 0);
    let (status, answer) = stage.share(&post("一百零一")).await;
    assert_eq!((status, &answer["error_code"]), (403, &json!(10_023)));
    stage.move_time(12 * HOUR);
    assert_eq!(stage.share(&post("第二天")).await.0, 200);
}

#[tokio::test]
async fn an_accepted_post_whose_answer_is_lost_is_found_in_the_timeline() {
    let stage = Stage::open().await;
    for fault in ["drop_answer", "http_500_after"] {
        stage.fault(json!({ "operation": "share", "fault": fault })).await;
        let body = [("access_token", "2.00demo"), ("status", &*post(fault)), ("rip", "1.2.3.4")];
        let answer = client().post(format!("{}/2/statuses/share.json", stage.base)).form(&body).send().await;
        assert!(answer.is_err() || answer.unwrap().status() == 500);
    }
    assert_eq!(stage.timeline().await.len(), 2);
    assert_eq!(stage.log("weibo_post").await.len(), 2);
}

#[tokio::test]
async fn a_post_can_be_published_but_visible_late() {
    let mut stage = Stage::open().await;
    stage.fault(json!({ "operation": "share", "fault": "late_visibility", "delay_ms": 90_000 })).await;
    assert_eq!(stage.share(&post("慢")).await.0, 200);
    assert!(stage.timeline().await.is_empty());
    stage.move_time(2 * MINUTE);
    assert_eq!(stage.timeline().await.len(), 1);
    stage.fault(json!({ "operation": "share", "fault": "errcode_after", "code": 20_032 })).await;
    assert_eq!(stage.share(&post("延迟")).await.1["error_code"], 20_032);
    assert_eq!(stage.timeline().await.len(), 2);
}

#[tokio::test]
async fn a_destroyed_post_is_gone_and_logged() {
    let stage = Stage::open().await;
    let id = stage.share(&post("甲")).await.1["idstr"].as_str().unwrap().to_owned();
    let fields = [("access_token", "2.00demo"), ("id", &*id)];
    assert_eq!(stage.form("/2/statuses/destroy.json", &fields).await.0, 200);
    assert_eq!(stage.form("/2/statuses/destroy.json", &fields).await.1["error_code"], 20_101);
    let shown = stage.get(&format!("/2/statuses/show.json?access_token=2.00demo&id={id}")).await;
    assert_eq!(shown["error_code"], 20_101);
    assert_eq!(stage.get("/2/statuses/user_timeline.json?access_token=2.00demo").await, json!([]));
    assert_eq!(stage.log("weibo_deleted").await.len(), 1);
}

#[tokio::test]
async fn a_picture_can_come_along() {
    let stage = Stage::open().await;
    let query = url_encoded(&[("access_token", "2.00demo"), ("status", &post("配图")), ("rip", "1.2.3.4")]);
    let shared = stage.upload(&format!("/2/statuses/share.json?{query}"), "pic", PIXEL).await;
    assert_eq!(shared["pic_num"], 1);
    let refused = stage
        .upload(&format!("/2/statuses/share.json?{}", query.replace("c%2F1", "c%2F2")), "pic", b"no picture")
        .await;
    assert_eq!(refused["error_code"], 20_005);
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let stage = Stage::open().await;
    let (_, info) = stage.form("/oauth2/get_token_info", &[("access_token", "2.00demo")]).await;
    assert_eq!((&info["uid"], &info["appkey"]), (&json!(1_902_538_057_u64), &json!(1_352_222_456_u64)));
    assert!(info["expire_in"].as_i64().unwrap() > 0);
    let uid = stage.get("/2/account/get_uid.json?access_token=2.00demo").await;
    assert_eq!(uid["uid"], 1_902_538_057_u64);
    let user = stage.get("/2/users/show.json?access_token=2.00demo&uid=1902538057").await;
    assert_eq!(user["verified_type"], 1);
    let wrong: Value = stage.form("/oauth2/access_token", &[("client_id", "1")]).await.1;
    assert_eq!((&wrong["error_code"], &wrong["error_uri"]), (&json!(21_324), &json!("/oauth2/access_token")));
}

fn url_encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

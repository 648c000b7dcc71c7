//! Access tokens, and what every call must bring.

use serde_json::{Value, json};

use crate::stage::{MINUTE, Stage};

fn body(force_refresh: bool) -> Value {
    json!({
        "grant_type": "client_credential",
        "appid": "wx1234567890abcdef",
        "secret": "secret",
        "force_refresh": force_refresh,
    })
}

async fn works(stage: &Stage, token: &Value) -> i64 {
    let token = token.as_str().unwrap();
    let answer = stage.get(&format!("/cgi-bin/draft/count?access_token={token}")).await;
    answer["errcode"].as_i64().unwrap_or(0)
}

#[tokio::test]
async fn a_stable_token_is_repeated_until_five_minutes_before_its_end() {
    let mut stage = Stage::open().await;
    let first = stage.post("/cgi-bin/stable_token", body(false)).await;
    stage.move_time(110 * MINUTE);
    let same = stage.post("/cgi-bin/stable_token", body(false)).await;
    assert_eq!(first["access_token"], same["access_token"]);
    assert!((300..=600).contains(&same["expires_in"].as_i64().unwrap()), "{same}");

    stage.move_time(6 * MINUTE);
    let next = stage.post("/cgi-bin/stable_token", body(false)).await;
    assert_ne!(first["access_token"], next["access_token"]);
    assert_eq!(works(&stage, &first["access_token"]).await, 0, "both work for the last minutes");
    stage.move_time(5 * MINUTE);
    assert_ne!(works(&stage, &first["access_token"]).await, 0);
    assert_eq!(works(&stage, &next["access_token"]).await, 0);
}

#[tokio::test]
async fn a_forced_refresh_kills_the_token_at_once_but_not_twice_in_thirty_seconds() {
    let stage = Stage::open().await;
    let first = stage.post("/cgi-bin/stable_token", body(false)).await;
    let forced = stage.post("/cgi-bin/stable_token", body(true)).await;
    assert_eq!(works(&stage, &first["access_token"]).await, 40_001);
    let again = stage.post("/cgi-bin/stable_token", body(true)).await;
    assert_eq!(forced["access_token"], again["access_token"]);
}

#[tokio::test]
async fn the_two_kinds_of_token_know_nothing_of_each_other() {
    let mut stage = Stage::open().await;
    let path = "/cgi-bin/token?grant_type=client_credential&appid=wx1234567890abcdef&secret=secret";
    let stable = stage.post("/cgi-bin/stable_token", body(false)).await;
    let first = stage.get(path).await;
    let second = stage.get(path).await;
    assert_eq!(works(&stage, &first["access_token"]).await, 0, "the replaced one works for five minutes");
    stage.move_time(6 * MINUTE);
    assert_eq!(works(&stage, &first["access_token"]).await, 40_001);
    assert_eq!(works(&stage, &second["access_token"]).await, 0);
    assert_eq!(works(&stage, &stable["access_token"]).await, 0);
}

#[tokio::test]
async fn an_expired_token_is_told_from_an_unknown_one() {
    let mut stage = Stage::open().await;
    let token = stage.post("/cgi-bin/stable_token", body(false)).await;
    stage.move_time(121 * MINUTE);
    assert_eq!(works(&stage, &token["access_token"]).await, 42_001);
    assert_eq!(works(&stage, &json!("nonsense")).await, 40_001);
    assert_eq!(stage.get("/cgi-bin/draft/count").await["errcode"], 41_001);
}

#[tokio::test]
async fn what_a_call_lacks_has_its_own_code() {
    let stage = Stage::open().await;
    let token = stage.token().await;
    let with_token = |path: &str| format!("/cgi-bin/{path}?access_token={token}");
    assert_eq!(stage.get("/cgi-bin/stable_token").await["errcode"], 43_002);
    assert_eq!(stage.get(&with_token("draft/add")).await["errcode"], 43_002);
    assert_eq!(stage.post_text(&with_token("draft/add"), "{broken").await["errcode"], 47_001);
    assert_eq!(stage.post_text(&with_token("draft/add"), "").await["errcode"], 44_002);
    let escaped = r#"{"articles":[{"title":"\u6f84\u6e05"}]}"#;
    assert_eq!(stage.post_text(&with_token("draft/add"), escaped).await["errcode"], 40_033);
    let mut wrong = body(false);
    wrong["secret"] = json!("other");
    let refused = stage.post("/cgi-bin/stable_token", wrong).await;
    assert_eq!(refused["errcode"], 40_125);
    assert!(refused["errmsg"].as_str().unwrap().contains(" rid: "), "{refused}");
}

#[tokio::test]
async fn tokens_can_be_made_invalid_and_are_then_not_the_latest() {
    let stage = Stage::open().await;
    let before = json!(stage.token().await);
    stage.post("/_control/expire_tokens", json!({})).await;
    assert_eq!(works(&stage, &before).await, 40_001);
    assert_eq!(works(&stage, &json!(stage.token().await)).await, 0);
}

#[tokio::test]
async fn calls_are_counted_and_can_be_cleared() {
    let stage = Stage::open().await;
    stage.wechat("draft/batchget", json!({ "offset": 0, "count": 1 })).await;
    let asked = json!({ "cgi_path": "/cgi-bin/draft/batchget" });
    let quota = stage.wechat("openapi/quota/get", asked.clone()).await;
    assert_eq!(quota["quota"], json!({ "daily_limit": 1000, "used": 1, "remain": 999 }));
    let cleared = stage.wechat("clear_quota", json!({ "appid": "wx1234567890abcdef" })).await;
    assert_eq!(cleared["errcode"], 0);
    assert_eq!(stage.wechat("openapi/quota/get", asked).await["quota"]["used"], 0);
    assert_eq!(stage.wechat("openapi/quota/get", json!({ "cgi_path": "/nowhere" })).await["errcode"], 76_021);
}

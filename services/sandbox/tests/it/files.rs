//! What citizens send off their phones, fetched as the platform gives it.

use serde_json::{Value, json};

use crate::stage::{HOUR, Stage};

impl Stage {
    async fn hands_in(&self, bytes: &str) -> String {
        let answer = self.post_text("/_control/media?kind=image", bytes).await;
        answer["media_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn fetches(&self, media_id: &str) -> (String, Vec<u8>) {
        let token = self.token().await;
        let answer =
            self.fetch(&format!("/cgi-bin/media/get?access_token={token}&media_id={media_id}")).await;
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.bytes().await.unwrap().to_vec())
    }
}

fn code(answer: &(String, Vec<u8>)) -> i64 {
    let value: Value = serde_json::from_slice(&answer.1).unwrap();
    value["errcode"].as_i64().unwrap()
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_for_three_days_and_then_not() {
    let mut stage = Stage::open().await;
    let media_id = stage.hands_in("\u{89}no real picture").await;
    let (kind, bytes) = stage.fetches(&media_id).await;
    assert_eq!(
        (kind.as_str(), bytes.as_slice()),
        ("application/octet-stream", "\u{89}no real picture".as_bytes())
    );
    assert_eq!(code(&stage.fetches("unknown").await), 40_007);
    assert_eq!(code(&stage.fetches("").await), 41_006);
    stage.move_time(71 * HOUR);
    assert_eq!(stage.fetches(&media_id).await.1, bytes);
    stage.move_time(2 * HOUR);
    assert_eq!(code(&stage.fetches(&media_id).await), 40_007);
}

#[tokio::test]
async fn a_file_is_only_handed_in_as_a_picture_or_a_voice_and_only_fetched_with_get() {
    let stage = Stage::open().await;
    let refused = stage.post_text("/_control/media?kind=video", "x").await;
    assert!(refused["error"].is_string(), "{refused}");
    let posted = stage.wechat("media/get", json!({ "media_id": "x" })).await;
    assert_eq!(posted["errcode"], 43_001);
}

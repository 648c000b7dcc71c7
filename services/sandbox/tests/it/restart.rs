//! What a restart keeps.

use std::io::Write;

use serde_json::json;

use crate::{
    server::{element, text_reply},
    stage::{SAFE_LINK, Stage, eventually},
};

#[tokio::test]
async fn everything_that_was_answered_for_is_still_there() {
    let mut stage = Stage::open().await;
    let openid = stage.citizen(true).await;
    stage.server.will_answer(text_reply("收到"));
    let written = stage.writes(&openid, "在吗").await;
    let token = stage.token().await;
    let (sent, waiting) = (stage.draft("甲").await, stage.draft("乙").await);
    let accepted = stage.send_all(&sent, "key").await;
    eventually(|| async { stage.log("mass_push").await.pop() }).await;
    stage.share(&format!("澄清 {SAFE_LINK}")).await;
    let before = stage.get("/_control/log").await;

    stage.restart().await;

    assert_eq!(stage.get("/_control/log").await["entries"].as_array(), before["entries"].as_array());
    assert_eq!(stage.token().await, token);
    assert_eq!(stage.send_all(&waiting, "key").await["msg_id"], accepted["msg_id"]);
    assert_eq!(stage.send_all(&waiting, "other").await["errcode"], 45_028);
    assert_eq!(stage.timeline().await.len(), 1);
    assert!(stage.page(&format!("/phone/{openid}")).await.contains("收到"));
    let again = stage.post("/_control/redeliver", json!({ "msg_id": written["msg_id"] })).await;
    assert_eq!(again["outcome"], "taken");
}

#[tokio::test]
async fn a_job_under_way_ends_after_the_restart() {
    let mut stage = Stage::with(json!({ "confirm_delay_ms": 60_000 })).await;
    let accepted = stage.send_all(&stage.draft("甲").await, "key").await;
    stage.restart().await;
    assert!(stage.log("mass_push").await.is_empty());
    stage.move_time(61_000);
    let event = eventually(|| async { stage.server.deliveries().pop() }).await;
    assert_eq!(element(&event.body, "MsgID"), accepted["msg_id"].to_string());
    assert_eq!(stage.log("mass_push").await.len(), 1);
}

#[tokio::test]
async fn a_line_cut_short_is_dropped_and_the_journal_goes_on() {
    let mut stage = Stage::open().await;
    let kept = stage.citizen(false).await;
    let mut journal = std::fs::OpenOptions::new().append(true).open(stage.journal()).unwrap();
    journal.write_all(b"{\"at_ms\":1,\"changes\":[{\"wechat\":{\"wh").unwrap();
    stage.restart().await;
    let later = stage.citizen(false).await;
    stage.restart().await;
    for openid in [kept, later] {
        stage.page(&format!("/phone/{openid}")).await;
    }
}

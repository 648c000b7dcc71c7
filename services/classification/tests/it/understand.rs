//! Any message is understood as something, and a call for help is heard at once.

use contracts::classification::v1::AlarmRaised;

use crate::desk::{Desk, Said};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_help_raises_one_alarm_and_opens_no_claim() {
    let desk = Desk::open(1).await;
    let judged = desk.hears(&[Said::new("救命！我们被困在三楼，着火了")]).await;
    assert_eq!((judged[0].intent.as_str(), judged[0].claim), ("help", None));
    let alarms = desk.emitted::<AlarmRaised>().await;
    assert_eq!(alarms.len(), 1);
    assert!(alarms[0].masked_text.contains("被困在三楼"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_texts_are_judged_like_any_other() {
    let desk = Desk::open(1).await;
    let long = "明天凌晨地震".repeat(17_000);
    let texts = ["", " ", "😱😱😱", "震", "\u{202E}\u{7}地\u{0}震", long.as_str(), "qwerty", "1"];
    let judged = desk.hears(&texts.map(Said::new)).await;
    let intents: Vec<&str> = judged.iter().map(|judged| judged.intent.as_str()).collect();
    assert_eq!(intents, ["other", "other", "other", "report", "report", "report", "report", "other"]);
    desk.close().await;
}

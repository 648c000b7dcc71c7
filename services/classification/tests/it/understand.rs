//! Any message is understood as something, and a call for help is heard at once.

use std::time::Duration;

use contracts::classification::v1::{AlarmRaised, ReportAssigned};
use contracts::ingest::v1::ReportReceived;
use ids::ReportId;
use runtime::Clock;

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
async fn a_rumor_report_that_calls_for_help_opens_its_claim_and_raises_an_alarm_too() {
    let desk = Desk::open(1).await;
    let both = "群里都在说水库垮了是不是真的，我们家已经进水了出不来，快救我们";
    let judged = desk.hears(&[Said::new(both)]).await;
    assert_eq!(judged[0].intent, "report");
    assert!(judged[0].claim.is_some());
    assert!(judged[0].signals.iter().any(|signal| signal == "intent.help.heard"), "{judged:?}");
    assert_eq!(desk.emitted::<AlarmRaised>().await.len(), 1);
    let told = desk.emitted::<ReportAssigned>().await;
    assert!(told[0].calls_for_help && !told[0].claim_id.is_empty(), "{told:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_more_than_an_hour_before_it_arrived_alarms_nobody_and_a_person_reads_it() {
    let desk = Desk::open(1).await;
    let call = "救命！我们被困在三楼，着火了";
    let now = Clock::system().now();
    let mut reports = Vec::new();
    for minutes in [61, 59] {
        let report = ReportId::mint();
        reports.push(report);
        let said = now - Duration::from_secs(60 * minutes);
        desk.ingest_says(&ReportReceived {
            said_time: Some(grpc::timestamp(said)),
            received_time: Some(grpc::timestamp(now)),
            ..desk.received(report, call)
        })
        .await;
    }
    let past = desk.until_judged(reports[0], |_| true).await;
    assert_eq!(past.intent, "report");
    assert!(past.claim.is_some());
    let fresh = desk.until_judged(reports[1], |_| true).await;
    assert_eq!(fresh.intent, "help");
    let alarms = desk.emitted::<AlarmRaised>().await;
    assert_eq!(
        alarms.iter().map(|alarm| alarm.report_id.clone()).collect::<Vec<_>>(),
        [reports[1].to_string()]
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_came_under_another_ones_id_says_so_to_the_officer() {
    let desk = Desk::open(1).await;
    let report = ReportId::mint();
    let repeated = ReportReceived { repeats_key: true, ..desk.received(report, "听说城南停电三天") };
    desk.ingest_says(&repeated).await;
    let judged = desk.until_judged(report, |_| true).await;
    assert!(judged.signals.iter().any(|signal| signal == "ingest.repeats_key"), "{judged:?}");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_placeholders_and_emoji_open_no_claim() {
    let desk = Desk::open(1).await;
    let wordless = [
        "/:rose",
        "[破涕为笑]",
        "[Smile][ThumbsUp]",
        "1️⃣2️⃣🇨🇳",
        "【收到不支持的消息类型，暂无法显示】",
        "[Unsupported Message]",
        "[图片]",
    ];
    for judged in desk.hears(&wordless.map(Said::new)).await {
        assert_eq!((judged.intent.as_str(), judged.claim), ("other", None));
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_that_look_alike_are_the_same_words() {
    let desk = Desk::open(1).await;
    let judged =
        desk.hears(&["水库大坝要垮了是真的吗", "⽔库⼤坝要垮了是真的吗", "⽔⼚⼤⽕"].map(Said::new)).await;
    assert!(judged[0].claim.is_some() && judged[0].claim == judged[1].claim, "{judged:?}");
    assert_ne!(judged[2].intent, "other", "a fire in the waterworks is no empty message");
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

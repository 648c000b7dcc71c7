//! The platform's callback: who is believed, what is answered, and what a redelivery gets.

use std::sync::Arc;
use std::time::Duration;

use contracts::classification::v1::Intent;
use ids::ClaimId;
use ingest::CallbackMode;
use prost::Message as _;
use reqwest::StatusCode;
use serde_json::json;
use wechat::cipher;
use wechat::key::EncodingAesKey;
use wechat::signature;

use crate::desk::{AES_KEY, APP_ID, Desk, ORIGINAL_ID, TOKEN, text};
use crate::press::Word;

/// A callback as the platform would sign it.
struct Push {
    timestamp: i64,
    nonce: String,
    body: String,
    encrypted: String,
}

impl Push {
    fn of(desk: &Desk, message: &str) -> Self {
        let key: EncodingAesKey = AES_KEY.parse().unwrap();
        let encrypted = cipher::encrypt(&key, APP_ID, message.as_bytes(), *b"aBcDeFgHiJkLmNoP");
        Self {
            timestamp: desk.clock.now().unix_timestamp(),
            nonce: uuid::Uuid::now_v7().simple().to_string(),
            body: format!("<xml><ToUserName>{ORIGINAL_ID}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"),
            encrypted,
        }
    }

    async fn send(&self, desk: &Desk) -> (StatusCode, String) {
        let timestamp = self.timestamp.to_string();
        let query = [
            ("signature", signature::of_url(TOKEN, &timestamp, &self.nonce)),
            ("msg_signature", signature::of_message(TOKEN, &timestamp, &self.nonce, &self.encrypted)),
            ("timestamp", timestamp),
            ("nonce", self.nonce.clone()),
            ("encrypt_type", "aes".into()),
        ];
        self.send_with(desk, &query).await
    }

    async fn send_with(&self, desk: &Desk, query: &[(&str, String)]) -> (StatusCode, String) {
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("{}?{}", desk.callback_url(), pairs.join("&"));
        let response = desk.http.post(url).body(self.body.clone()).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }
}

fn message(desk: &Desk, id: u64, kind: &str, elements: &str) -> String {
    message_of("oCitizen00000000000000000001", desk, id, kind, elements)
}

fn message_of(citizen: &str, desk: &Desk, id: u64, kind: &str, elements: &str) -> String {
    let created = desk.clock.now().unix_timestamp();
    format!(
        "<xml><ToUserName>{ORIGINAL_ID}</ToUserName><FromUserName>{citizen}</FromUserName>\
         <CreateTime>{created}</CreateTime><MsgType>{kind}</MsgType>{elements}<MsgId>{id}</MsgId></xml>"
    )
}

#[tokio::test]
async fn only_the_platform_is_believed_and_only_in_time() {
    let desk = Desk::open().await;
    let words = message(&desk, 1, "text", "<Content>网传停水</Content>");

    let forged = Push { encrypted: "x".into(), ..Push::of(&desk, &words) };
    assert_eq!(forged.send(&desk).await.0, StatusCode::FORBIDDEN);
    assert_eq!(Push::of(&desk, &words).send_with(&desk, &[]).await.0, StatusCode::FORBIDDEN);
    let mut stale = Push::of(&desk, &words);
    stale.timestamp -= 3600;
    assert_eq!(stale.send(&desk).await.0, StatusCode::FORBIDDEN);
    let broken = Push { body: "<xml><Encrypt>".into(), ..Push::of(&desk, &words) };
    assert_eq!(broken.send(&desk).await.0, StatusCode::BAD_REQUEST);
    let tricks =
        "<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><Encrypt>&a;</Encrypt></xml>";
    let entities = Push { body: tricks.into(), ..Push::of(&desk, &words) };
    assert_eq!(entities.send(&desk).await.0, StatusCode::BAD_REQUEST);
    let huge = Push { body: "x".repeat(2 * wechat::callback::BODY_BYTES_MAX), ..Push::of(&desk, &words) };
    assert_eq!(huge.send(&desk).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let elsewhere = words.replace(ORIGINAL_ID, "gh_somebody_else");
    assert_eq!(Push::of(&desk, &elsewhere).send(&desk).await.0, StatusCode::BAD_REQUEST);
    assert!(desk.reports().await.is_empty());

    assert_eq!(desk.control("verify_callback", json!({})).await["error"], json!(null));
}

async fn kept_unreadable(desk: &Desk) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM ingest.unreadable_callback")
        .fetch_one(&desk.superuser)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_the_platform_signed_and_nobody_can_read_is_kept_for_a_person() {
    let desk = Desk::open().await;
    let (status, body) = Push::of(&desk, "<xml><MsgType>text</MsgType></xml>").send(&desk).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "success"));
    assert_eq!(kept_unreadable(&desk).await, 1);
}

/// Whoever overheard one signed request must not fill the database with it.
#[tokio::test]
async fn an_unreadable_callback_is_kept_once_in_time_and_not_without_end() {
    let desk = Desk::open().await;
    let nonsense = "<xml><MsgType>text</MsgType></xml>";
    let mut stale = Push::of(&desk, nonsense);
    stale.timestamp -= 3600;
    assert_eq!(stale.send(&desk).await.0, StatusCode::FORBIDDEN);
    assert_eq!(kept_unreadable(&desk).await, 0);

    let overheard = Push::of(&desk, nonsense);
    for _ in 0..3 {
        assert_eq!(overheard.send(&desk).await, (StatusCode::OK, "success".to_owned()));
    }
    assert_eq!(kept_unreadable(&desk).await, 1);

    // Where there are too many already, nothing more is acknowledged, and the platform says so to its citizen.
    sqlx::query(
        "INSERT INTO ingest.unreadable_callback
         SELECT agency_id, gen_random_uuid(), account, sealed, wrapped_key, reason, received_time
         FROM ingest.unreadable_callback, generate_series(1, 199)",
    )
    .execute(&desk.superuser)
    .await
    .unwrap();
    let one_more = Push::of(&desk, nonsense);
    assert_eq!(one_more.send(&desk).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(kept_unreadable(&desk).await, 200);
    // A readable one is none of them.
    let words = message(&desk, 1, "text", "<Content>网传停水</Content>");
    assert_eq!(Push::of(&desk, &words).send(&desk).await.0, StatusCode::OK);

    // After half a year they are forgotten, and there is room again.
    desk.time.advance(Duration::from_secs(181 * 24 * 3600));
    testkit::eventually("room", async || (kept_unreadable(&desk).await == 0).then_some(())).await;
    assert_eq!(Push::of(&desk, nonsense).send(&desk).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_replayed_callback_is_told_nothing_and_a_redelivery_the_same_answer() {
    let desk = Desk::open().await;
    desk.signs(&Word::standing_replies()).await;
    let words = message(&desk, 7, "text", "<Content>网传停水</Content>");
    let first = Push::of(&desk, &words);
    let answered = first.send(&desk).await.1;
    assert!(answered.contains("<Encrypt>"), "{answered}");
    assert_eq!(first.send(&desk).await, (StatusCode::OK, "success".to_owned()));
    assert!(Push::of(&desk, &words).send(&desk).await.1.contains("<Encrypt>"));
    assert_eq!(desk.reports().await.len(), 1);
}

/// What a reply says.
fn opened(reply: &str) -> String {
    let key: EncodingAesKey = AES_KEY.parse().unwrap();
    let envelope = wechat::xml::parse(reply.as_bytes()).unwrap();
    let clear = cipher::decrypt(&key, APP_ID, envelope.text_of("Encrypt").unwrap()).unwrap();
    wechat::xml::parse(&clear).unwrap().text_of("Content").unwrap().to_owned()
}

#[tokio::test]
async fn three_people_whose_messages_share_an_id_are_three_reports_with_three_receipts() {
    let desk = Desk::open().await;
    desk.signs(&Word::standing_replies()).await;
    let mut receipts = Vec::new();
    for (citizen, words) in [("oA", "网传城北停水"), ("oB", "网传城西塌方"), ("oC", "网传医院停诊")]
    {
        let words = format!("<Content>{words}</Content>");
        let push = Push::of(&desk, &message_of(citizen, &desk, 24655667788990011, "text", &words));
        receipts.push(opened(&push.send(&desk).await.1));
    }
    receipts.dedup();
    assert_eq!(receipts.len(), 3, "{receipts:?}");
    assert_eq!(desk.reports().await.len(), 3);
}

#[tokio::test]
async fn other_words_of_one_person_under_one_id_are_kept_with_a_note_and_answered_for_themselves() {
    let desk = Desk::open().await;
    desk.signs(&Word::standing_replies()).await;
    let first = message(&desk, 7, "text", "<Content>网传停水</Content>");
    let second = message(&desk, 7, "text", "<Content>网传停电</Content>");
    let answered = opened(&Push::of(&desk, &first).send(&desk).await.1);
    let answered_too = opened(&Push::of(&desk, &second).send(&desk).await.1);
    assert_ne!(answered, answered_too);
    // Each redelivery gets the answer of its own words.
    assert_eq!(opened(&Push::of(&desk, &second).send(&desk).await.1), answered_too);
    assert_eq!(opened(&Push::of(&desk, &first).send(&desk).await.1), answered);
    assert_eq!(desk.reports().await.len(), 2);
    let events: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT payload FROM messaging.outbox WHERE subject = 'ingest.report.received.v1' ORDER BY event_id",
    )
    .fetch_all(&desk.superuser)
    .await
    .unwrap();
    let noted: Vec<bool> = events
        .iter()
        .map(|event| contracts::ingest::v1::ReportReceived::decode(event.as_slice()).unwrap().repeats_key)
        .collect();
    assert_eq!(noted, [false, true]);
}

#[tokio::test]
async fn another_body_under_a_used_signature_is_not_believed_and_not_lost() {
    let desk = Desk::open_in(CallbackMode::Plain, "tesseract").await;
    desk.signs(&Word::standing_replies()).await;
    let timestamp = desk.clock.now().unix_timestamp().to_string();
    let query = [
        ("signature", signature::of_url(TOKEN, &timestamp, "n")),
        ("timestamp", timestamp),
        ("nonce", "n".to_owned()),
    ];
    let mut answers = Vec::new();
    let [water, power] = ["网传停水", "网传停电"]
        .map(|words| message(&desk, 7, "text", &format!("<Content>{words}</Content>")));
    for body in [&water, &water, &power, &power] {
        let push = Push { body: body.clone(), ..Push::of(&desk, "") };
        answers.push(push.send_with(&desk, &query).await.1);
    }
    assert!(answers[0].contains("编号"), "{answers:?}");
    assert!(answers[1..].iter().all(|answer| answer == "success"), "{answers:?}");
    assert_eq!(desk.reports().await.len(), 2);
}

#[tokio::test]
async fn without_signed_words_a_message_is_acknowledged_in_silence() {
    let desk = Desk::open().await;
    let citizen = &desk.citizens(1).await[0];
    let sent = desk.writes(citizen, "网传明天凌晨3点地震").await;
    assert_eq!(sent["reply"], json!(null));
    assert_eq!(sent["deliveries"], 1);
    assert_eq!(desk.reports().await.len(), 1);
}

#[tokio::test]
async fn what_points_at_a_person_stays_here_and_what_is_said_goes_on() {
    let desk = Desk::open().await;
    let said = [
        (
            "text",
            "<Content>我叫张伟，电话138，1234，5678，住青岚县幸福小区3栋2单元501，停水是真的吗</Content>",
        ),
        ("text", "<Content>/::@小区又要停水三天了是真的吗</Content>"),
        ("text", "<Content>@所有人今晚十点全市停水请大家做好储水准备</Content>"),
        ("text", "<Content>停水时间2026.11.30-2026.12.05是真的吗</Content>"),
        ("text", "<Content>https://www.douyin.com/video/7301234567890123456</Content>"),
        (
            "location",
            "<Location_X>30.27</Location_X><Location_Y>120.15</Location_Y><Scale>15</Scale>\
             <Label>青岚县城关镇幸福小区3栋2单元501</Label>",
        ),
        (
            "link",
            "<Title>查出超标</Title><Description>浙A12345</Description>\
             <Url>https://mp.weixin.qq.com/s?__biz=MzA5MTI==&amp;mid=2651234567&amp;idx=1&amp;sharer_sharetime=1795300000123</Url>",
        ),
    ];
    for (id, (kind, elements)) in (1..).zip(said) {
        Push::of(&desk, &message(&desk, id, kind, elements)).send(&desk).await;
    }
    let masked: Vec<String> =
        sqlx::query_scalar("SELECT masked_text FROM ingest.report ORDER BY receipt_number")
            .fetch_all(&desk.superuser)
            .await
            .unwrap();
    assert_eq!(
        masked,
        [
            "我叫〔姓名〕，电话〔手机号〕，住青岚县〔地址〕，停水是真的吗",
            "/::@小区又要停水三天了是真的吗",
            "@所有人今晚十点全市停水请大家做好储水准备",
            "停水时间2026.11.30-2026.12.05是真的吗",
            "https://www.douyin.com/video/7301234567890123456",
            "〔位置〕青岚县〔地址〕",
            "查出超标\n〔车牌〕\nhttps://mp.weixin.qq.com/s?__biz=MzA5MTI==&mid=2651234567&idx=1&sharer_sharetime=1795300000123",
        ]
    );
}

#[tokio::test]
async fn each_kind_of_message_gets_its_standing_reply_within_five_seconds() {
    let desk = Arc::new(Desk::open().await);
    desk.signs(&Word::standing_replies()).await;
    let citizen = &desk.citizens(1).await[0];

    desk.assigns_next(Intent::Question, None, None).await;
    let question = desk.writes(citizen, "身份证怎么补办").await;
    assert_eq!(question["reply"], "咨询请拨12345。");
    desk.assigns_next(Intent::Help, None, None).await;
    assert_eq!(desk.writes(citizen, "救命，被困住了").await["reply"], "请立即拨打110、119、120。");

    // Nobody assigns this one: the receipt comes when the wait is over.
    let report = desk.writes(citizen, "网传明天凌晨3点地震").await;
    assert_eq!(report["reply"], "收到，编号000003D。");
    assert_eq!(report["deliveries"], 1);
    assert!(report["elapsed_ms"].as_u64().unwrap() < 5000);

    let image =
        json!({ "openid": citizen, "msg_type": "image", "media": { "PicUrl": "http://x", "MediaId": "M" } });
    assert_eq!(desk.control("messages", image).await["reply"], "收到，编号000004E。");
    let unknown = json!({ "openid": citizen, "msg_type": "hologram" });
    assert_eq!(desk.control("messages", unknown).await["reply"], "您好。");
    let follows = json!({ "openid": citizen, "follows": true });
    assert_eq!(desk.control("follow", follows).await["reply"], "欢迎关注。");
    assert_eq!(desk.reports().await.len(), 5);
}

#[tokio::test]
async fn a_sure_match_is_answered_at_once_and_not_this_hands_over() {
    let desk = Arc::new(Desk::open().await);
    desk.signs(&Word::standing_replies()).await;
    let claim = ClaimId::mint();
    let known = Word::clarification(claim);
    desk.signs(&known).await;
    desk.page_is_up(known.clarification, 1).await;
    let citizen = &desk.citizens(1).await[0];

    desk.assigns_next(Intent::Report, Some(claim), Some(known.clarification)).await;
    let sent = desk.writes(citizen, "听说明天地震？").await;
    let answer = text(&sent["reply"]);
    assert!(answer.starts_with("您问的可能是这条"), "{answer}");
    assert!(answer.contains(&format!("https://qinglan.example/c/{}", known.clarification)), "{answer}");
    let msg_id = sent["msg_id"].clone();
    assert_eq!(text(&desk.control("redeliver", json!({ "msg_id": msg_id })).await["reply"]), answer);

    // The redelivery used up a number: gaps are fine.
    assert_eq!(desk.writes(citizen, "不是").await["reply"], "已转值班人员，编号000003D。");
    let context: String = sqlx::query_scalar("SELECT seen_at FROM ingest.report WHERE masked_text = '不是'")
        .fetch_one(&desk.superuser)
        .await
        .unwrap();
    assert_eq!(context, "对自动答复的回复；原留言：听说明天地震？");

    // Given as the reply, so it is not sent again by itself, also after the time for replies is over.
    desk.time.advance(Duration::from_secs(60));
    let listed = desk.duty_officer().await.list(claim).await.unwrap();
    assert_eq!((listed.answered, listed.pending), (1, 0));
    assert!(desk.delivered().await.is_empty());
}

#[tokio::test]
async fn a_report_that_calls_for_help_is_told_110_and_not_the_clarification() {
    let desk = Arc::new(Desk::open().await);
    desk.signs(&Word::standing_replies()).await;
    let claim = ClaimId::mint();
    let known = Word::clarification(claim);
    desk.signs(&known).await;
    desk.page_is_up(known.clarification, 1).await;
    let citizen = &desk.citizens(1).await[0];
    desk.assigns_next_calling(claim, known.clarification).await;
    let reply = desk.writes(citizen, "都说水库垮了是真的吗，我家进水出不去了，救命").await["reply"].clone();
    assert_eq!(reply, "请立即拨打110、119、120。");
}

#[tokio::test]
async fn who_asks_meanwhile_hears_that_it_is_being_checked_and_the_result_once_there_is_one() {
    let desk = Arc::new(Desk::open().await);
    desk.signs(&Word::standing_replies()).await;
    let claim = ClaimId::mint();
    desk.signs(&Word::holding(claim)).await;
    let citizen = &desk.citizens(1).await[0];

    desk.assigns_next(Intent::Report, Some(claim), None).await;
    assert_eq!(desk.writes(citizen, "明天地震？").await["reply"], "正在核查，核实前请勿转发。");
    assert_eq!(desk.writes(citizen, "结果").await["reply"], "正在核查，核实前请勿转发。");

    let known = Word::clarification(claim);
    desk.signs(&known).await;
    desk.page_is_up(known.clarification, 1).await;
    let result = text(&desk.writes(citizen, "“结果”").await["reply"]);
    assert!(result.starts_with("您反映的"), "{result}");
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_acknowledged() {
    let desk = Desk::open().await;
    // As a lost privilege, which is as final for a request as a lost server and leaves the other tests theirs.
    sqlx::query("REVOKE ALL ON ingest.report FROM chengqing_ingest").execute(&desk.superuser).await.unwrap();
    let words = message(&desk, 1, "text", "<Content>网传停水</Content>");
    let (status, _) = Push::of(&desk, &words).send(&desk).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    sqlx::query("GRANT SELECT, INSERT, UPDATE ON ingest.report TO chengqing_ingest")
        .execute(&desk.superuser)
        .await
        .unwrap();
    let (status, _) = Push::of(&desk, &words).send(&desk).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(desk.reports().await.len(), 1);
}

#[tokio::test]
async fn the_end_of_a_mass_job_is_passed_on_once() {
    let desk = Desk::open().await;
    let created = desk.clock.now().unix_timestamp();
    let event = format!(
        "<xml><ToUserName>{ORIGINAL_ID}</ToUserName><FromUserName>oMassHelper</FromUserName>\
         <CreateTime>{created}</CreateTime><MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event>\
         <MsgID>1000001625</MsgID><Status>send success</Status><TotalCount>12</TotalCount>\
         <FilterCount>11</FilterCount><SentCount>11</SentCount><ErrorCount>0</ErrorCount></xml>"
    );
    for _ in 0..2 {
        assert_eq!(Push::of(&desk, &event).send(&desk).await, (StatusCode::OK, "success".to_owned()));
    }
    let notices: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM messaging.outbox WHERE subject = 'ingest.platform_notice.received.v1'",
    )
    .fetch_one(&desk.superuser)
    .await
    .unwrap();
    assert_eq!(notices, 1);
}

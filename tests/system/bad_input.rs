//! Bad input: a clear error or a polite answer, nothing lost, nothing crashes, and a dead letter where a message
//! cannot be read.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use contracts::Event;
use contracts::approval::v1::{ClarificationSigned, HaltOrdered};
use contracts::classification::v1::{ClaimOpened, ReportAssigned};
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::ingest::v1::{
    MessageTranscribed, PictureRead, PlatformNoticeReceived, Report, ReportReceived, SubmitReportRequest,
    report,
};
use contracts::publish::v1::PublicationChanged;
use ids::AgencyId;
use messaging::dead_letters;
use prost::Message;
use reportfile::Import;
use reqwest::StatusCode;
use runtime::Clock;
use serde_json::json;
use suite::demo::Citizen;
use suite::import::{Destination, Options, import};
use suite::installation::{SERVICES, WECHAT_ACCOUNT};
use suite::serve;
use tonic::Code;
use uuid::Uuid;
use wechat::key::EncodingAesKey;
use wechat::{cipher, signature, xml};

use crate::inside::{as_service, bus, headers, put, superuser};
use crate::office::Office;

/// Every service still answers, and a message still finds its way to a case.
async fn assert_office_works(office: &mut Office, about: &str) {
    let delivered = office.says(&format!("听说{about}，是真的吗")).await.1;
    assert!(delivered.reply.is_some(), "nobody answers any more");
    office.case_about(about).await;
    for service in serve::NAMES {
        assert!(office.fleet.ended(service).unwrap().is_none(), "{service} ended");
        let last_words = office.fleet.last_words(service);
        assert_eq!(office.fleet.deaths(service), 0, "{service} died on the way: {last_words}");
    }
}

async fn count(office: &Office, service: &str, table: &'static str) -> i64 {
    sqlx::query_scalar(table).fetch_one(&superuser(office, service)).await.unwrap()
}

const REPORTS: &str = "SELECT count(*) FROM ingest.report";
const UNREADABLE: &str = "SELECT count(*) FROM ingest.unreadable_callback";

// ---- the callback ----

/// The platform's end of the callback, which can also misbehave.
struct Platform {
    client: reqwest::Client,
    base_url: String,
    token: String,
    app_id: String,
    original_id: String,
    key: EncodingAesKey,
    clock: Clock,
}

/// One request to the callback.
#[derive(Clone)]
struct Push {
    account: &'static str,
    timestamp: i64,
    nonce: String,
    msg_signature: Option<String>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    body: String,
    /// The words for the citizen, decrypted.
    words: Option<String>,
}

impl Platform {
    fn of(office: &Office) -> Self {
        let secrets = &office.installation.secrets().wechat;
        Self {
            client: reqwest::Client::new(),
            base_url: format!("http://127.0.0.1:{}/wechat", office.installation.ports().callback),
            token: secrets.token.clone(),
            app_id: secrets.app_id.clone(),
            original_id: secrets.original_id.clone(),
            key: secrets.encoding_aes_key.parse().unwrap(),
            clock: Clock::steered(office.time.file().into()),
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    /// A message's XML before it is encrypted.
    fn message(&self, citizen: &Citizen, elements: &str) -> Vec<u8> {
        format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime>{elements}</xml>",
            self.original_id,
            citizen.openid,
            self.now(),
        )
        .into_bytes()
    }

    fn encrypted(&self, clear: &[u8]) -> String {
        cipher::encrypt(&self.key, &self.app_id, clear, [7; 16])
    }

    /// What the platform sends about this message, signed now.
    fn push(&self, clear: &[u8]) -> Push {
        self.push_ciphertext(&self.encrypted(clear))
    }

    fn push_ciphertext(&self, encrypted: &str) -> Push {
        let body =
            format!("<xml><ToUserName>{}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>", self.original_id);
        self.signed(self.now(), encrypted, body.into_bytes())
    }

    fn signed(&self, timestamp: i64, encrypted: &str, body: Vec<u8>) -> Push {
        let nonce = Uuid::now_v7().simple().to_string();
        let msg_signature = signature::of_message(&self.token, &timestamp.to_string(), &nonce, encrypted);
        Push { account: WECHAT_ACCOUNT, timestamp, nonce, msg_signature: Some(msg_signature), body }
    }

    async fn send(&self, push: Push) -> Answered {
        let timestamp = push.timestamp.to_string();
        let url_signature = signature::of_url(&self.token, &timestamp, &push.nonce);
        let mut query = vec![("signature", url_signature), ("timestamp", timestamp), ("nonce", push.nonce)];
        if let Some(msg_signature) = push.msg_signature {
            query.extend([("encrypt_type", "aes".to_owned()), ("msg_signature", msg_signature)]);
        }
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("{}/{}?{}", self.base_url, push.account, query.join("&"));
        let response = self.client.post(url).body(push.body).send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        let words = xml::parse(body.as_bytes()).ok().and_then(|envelope| {
            let clear = cipher::decrypt(&self.key, &self.app_id, envelope.text_of("Encrypt")?).unwrap();
            xml::parse(&clear).unwrap().text_of("Content").map(str::to_owned)
        });
        Answered { status, body, words }
    }
}

/// What becomes of a callback.
enum Fate {
    /// Anybody may have sent it: an error, and nothing is kept.
    Refused(StatusCode),
    /// The platform sent it and nobody can read it: acknowledged, and kept for a person with this reason.
    Kept(&'static str),
}

#[tokio::test]
async fn a_bad_callback_is_refused_or_kept_and_never_breaks_anything() {
    let mut office = Office::open().await;
    let platform = Platform::of(&office);
    let citizen = office.outside.citizens(1).await.unwrap().pop().unwrap();
    let text = |words: &str, id: u64| {
        platform.message(
            &citizen,
            &format!("<MsgType>text</MsgType><Content><![CDATA[{words}]]></Content><MsgId>{id}</MsgId>"),
        )
    };
    let said = text("听说城北大桥要拆，是真的吗", 1);
    let good = platform.push(&said);

    let laughs =
        r#"<!DOCTYPE xml [<!ENTITY a "哈哈哈哈"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>"#;
    let file = r#"<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]>"#;
    let with = |doctype: &str, entity: &str| -> Vec<u8> {
        let message = text("", 2);
        let message = String::from_utf8(message).unwrap().replace("<![CDATA[]]>", entity);
        format!("{doctype}{message}").into_bytes()
    };
    let nested = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let unclosed = text("没有结尾", 3);
    let unclosed = &unclosed[..unclosed.len() - 6];
    let mut not_utf8 = text("听说X", 4);
    let at = not_utf8.iter().position(|byte| *byte == b'X').unwrap();
    not_utf8[at] = 0xff;
    let other_app = cipher::encrypt(&platform.key, "wx0000000000000000", &text("听说", 5), [7; 16]);
    let other_key =
        cipher::encrypt(&"x".repeat(43).parse().unwrap(), &platform.app_id, &text("听说", 6), [7; 16]);
    let nobody = Citizen { openid: String::new() };
    let forged = |push: &Push, change: fn(&mut Push)| {
        let mut push = push.clone();
        change(&mut push);
        push
    };
    let envelope = |body: String| platform.signed(platform.now(), "x", body.into_bytes());

    let cases = [
        (
            "a wrong signature",
            forged(&good, |push| push.msg_signature = Some("0".repeat(40))),
            Fate::Refused(StatusCode::FORBIDDEN),
        ),
        (
            "no signature",
            forged(&good, |push| push.msg_signature = None),
            Fate::Refused(StatusCode::FORBIDDEN),
        ),
        (
            "a signature over another nonce",
            forged(&good, |push| push.nonce.push('0')),
            Fate::Refused(StatusCode::FORBIDDEN),
        ),
        (
            "another body under a signature",
            forged(&good, |push| {
                let at = push.body.len() - 40;
                push.body[at] = if push.body[at] == b'A' { b'B' } else { b'A' };
            }),
            Fate::Refused(StatusCode::FORBIDDEN),
        ),
        (
            "words in the clear",
            Push { msg_signature: None, body: text("听说", 7), ..good.clone() },
            Fate::Refused(StatusCode::FORBIDDEN),
        ),
        (
            "a callback of an hour ago",
            platform.signed(platform.now() - 3600, &platform.encrypted(&text("听说", 8)), {
                let encrypted = platform.encrypted(&text("听说", 8));
                format!("<xml><Encrypt>{encrypted}</Encrypt></xml>").into_bytes()
            }),
            Fate::Refused(StatusCode::FORBIDDEN),
        ),
        (
            "an account that is not here",
            forged(&good, |push| push.account = "nobody"),
            Fate::Refused(StatusCode::NOT_FOUND),
        ),
        (
            "another account's message",
            platform.push(
                String::from_utf8(text("听说", 9))
                    .unwrap()
                    .replace(&platform.original_id, "gh_000000000000")
                    .as_bytes(),
            ),
            Fate::Refused(StatusCode::BAD_REQUEST),
        ),
        (
            "a body over the limit",
            Push { body: vec![b'x'; wechat::callback::BODY_BYTES_MAX + 1024], ..good.clone() },
            Fate::Refused(StatusCode::PAYLOAD_TOO_LARGE),
        ),
        ("no body", Push { body: vec![], ..good.clone() }, Fate::Refused(StatusCode::BAD_REQUEST)),
        (
            "an envelope with a document type",
            envelope(format!("{laughs}<xml><Encrypt>&c;</Encrypt></xml>")),
            Fate::Refused(StatusCode::BAD_REQUEST),
        ),
        (
            "an envelope without an end",
            envelope("<xml><Encrypt>x</Encrypt>".to_owned()),
            Fate::Refused(StatusCode::BAD_REQUEST),
        ),
        ("an envelope of boxes in boxes", envelope(nested.clone()), Fate::Refused(StatusCode::BAD_REQUEST)),
        (
            "an envelope without a message",
            envelope("<xml><A>x</A></xml>".to_owned()),
            Fate::Refused(StatusCode::BAD_REQUEST),
        ),
        (
            "bytes that are no text",
            Push { body: vec![0xff; 64], ..good.clone() },
            Fate::Refused(StatusCode::BAD_REQUEST),
        ),
        // From here on the signature holds.
        ("another app's message", platform.push_ciphertext(&other_app), Fate::Kept("decrypted")),
        ("a message under another key", platform.push_ciphertext(&other_key), Fate::Kept("decrypted")),
        ("a ciphertext that is none", platform.push_ciphertext("AAAA"), Fate::Kept("decrypted")),
        ("entities that grow", platform.push(&with(laughs, "&c;")), Fate::Kept("cannot be read")),
        ("an entity that reads a file", platform.push(&with(file, "&f;")), Fate::Kept("cannot be read")),
        ("an entity that nobody declared", platform.push(&with("", "&f;")), Fate::Kept("cannot be read")),
        ("a message without an end", platform.push(unclosed), Fate::Kept("cannot be read")),
        ("boxes in boxes", platform.push(nested.as_bytes()), Fate::Kept("cannot be read")),
        ("a message that is not UTF-8", platform.push(&not_utf8), Fate::Kept("cannot be read")),
        (
            "a message from nobody",
            platform.push(&platform.message(&nobody, "<MsgType>text</MsgType><MsgId>10</MsgId>")),
            Fate::Kept("incomplete"),
        ),
        (
            "a message without a type",
            platform.push(&platform.message(&citizen, "<MsgId>11</MsgId>")),
            Fate::Kept("incomplete"),
        ),
        (
            "a message whose id is no number",
            platform.push(&platform.message(&citizen, "<MsgType>text</MsgType><MsgId>x</MsgId>")),
            Fate::Kept("incomplete"),
        ),
    ];
    let mut kept = 0;
    for (what, push, fate) in cases {
        let answered = platform.send(push).await;
        match fate {
            Fate::Refused(status) => {
                assert_eq!(answered.status, status, "{what}: {answered:?}");
                assert!(!answered.body.is_empty(), "{what} was refused without a word");
            }
            Fate::Kept(reason) => {
                assert_eq!((answered.status, &*answered.body), (StatusCode::OK, "success"), "{what}");
                kept += 1;
                let said: String = sqlx::query_scalar(
                    "SELECT reason FROM ingest.unreadable_callback ORDER BY unreadable_id DESC LIMIT 1",
                )
                .fetch_one(&superuser(&office, "ingest"))
                .await
                .unwrap();
                assert!(said.contains(reason), "{what} was kept because “{said}”");
            }
        }
        assert_eq!(count(&office, "ingest", UNREADABLE).await, kept, "{what}");
        assert_eq!(count(&office, "ingest", REPORTS).await, 0, "{what} became a report");
    }

    // The good one is taken, once: the very same request again does nothing and tells nothing; the platform's
    // own second delivery, signed anew, hears the same words.
    let first = platform.send(good.clone()).await;
    let words = first.words.expect("a receipt");
    let replayed = platform.send(good).await;
    assert_eq!((replayed.status, &*replayed.body), (StatusCode::OK, "success"));
    let delivered_again = platform.send(platform.push(&said)).await;
    assert_eq!(delivered_again.words, Some(words));
    assert_eq!(count(&office, "ingest", REPORTS).await, 1);
    assert_office_works(&mut office, "自来水厂昨晚发生了严重爆炸").await;
}

#[tokio::test]
async fn odd_messages_are_answered_politely_and_kept() {
    let mut office = Office::open().await;
    let control = format!("{}/_control/messages", office.installation.sandbox_url());
    let citizen = office.outside.citizens(1).await.unwrap().pop().unwrap();
    let long = "听说城北大桥要拆".chars().cycle().take(100_000).collect::<String>();
    let odd = [
        ("a type that nobody knows", json!({ "msg_type": "hologram", "content": "全息" })),
        ("an empty message", json!({ "content": "" })),
        ("blanks", json!({ "content": " \n\t　 " })),
        ("a picture", json!({ "msg_type": "image" })),
        ("a voice", json!({ "msg_type": "voice" })),
        ("a place", json!({ "msg_type": "location", "content": "城北大桥" })),
        ("one character", json!({ "content": "桥" })),
        (
            "signs that mean something elsewhere",
            json!({ "content": "<script>alert(1)</script>' OR 1=1; -- {code} {link} ]]> &amp;" }),
        ),
        ("characters outside the plane", json!({ "content": "听说👨‍👩‍👧‍👦𠮷野家要关门\u{202e}是真的吗" })),
        ("a hundred thousand characters", json!({ "content": long })),
    ];
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    for (number, (what, mut message)) in (1..).zip(odd) {
        message["openid"] = json!(citizen.openid);
        let response = client.post(&control).json(&message).send().await.unwrap().error_for_status().unwrap();
        let delivered: serde_json::Value = response.json().await.unwrap();
        let reply = delivered["reply"].as_str().unwrap_or_default();
        assert!(!reply.is_empty(), "{what} was not answered: {delivered}");
        assert_eq!(delivered["deliveries"], 1, "{what} had to be delivered again: {delivered}");
        assert!(delivered["elapsed_ms"].as_u64().unwrap() < 5_000, "{what} took too long: {delivered}");
        assert_eq!(count(&office, "ingest", REPORTS).await, number, "{what} was lost");
    }
    let longest = "SELECT max(length(masked_text))::bigint FROM ingest.report";
    assert_eq!(count(&office, "ingest", longest).await, 20_000);

    // An event that nobody knows is no message: acknowledged, and that is all.
    let event = json!({ "openid": citizen.openid, "msg_type": "event", "media": { "Event": "teleport", "EventKey": "1" } });
    let response = client.post(&control).json(&event).send().await.unwrap().error_for_status().unwrap();
    let delivered: serde_json::Value = response.json().await.unwrap();
    assert_eq!((&delivered["deliveries"], &delivered["reply"]), (&json!(1), &json!(null)));
    assert_eq!(count(&office, "ingest", UNREADABLE).await, 0);
    assert_office_works(&mut office, "自来水厂昨晚发生了严重爆炸").await;
}

// ---- gRPC ----

#[tokio::test]
async fn a_bad_report_is_refused_with_the_field_and_what_to_do() {
    let mut office = Office::open().await;
    let destination = Destination::of(office.installation);
    let token = destination.token().await.unwrap();
    let mut ingest = IngestServiceClient::new(grpc::channel(destination.ingest_url()).unwrap());
    let good = Report {
        text: "听说城北大桥下个月要整体拆除重建，是真的吗".to_owned(),
        channel: report::Channel::Hotline.into(),
        ..Default::default()
    };
    let words = |text: String| Report { text, ..good.clone() };
    let refused = [
        ("no words", Some("text"), words(String::new())),
        ("blanks", Some("text"), words(" \n　\t".to_owned())),
        ("control characters", Some("text"), words("\u{0}\u{7}\u{200b}".to_owned())),
        ("a hundred thousand characters", Some("text"), words("桥".repeat(100_000))),
        ("one character over the limit", Some("text"), words("桥".repeat(20_001))),
        ("no channel", Some("channel"), Report { channel: 0, ..good.clone() }),
        ("a channel that nobody knows", Some("channel"), Report { channel: 99, ..good.clone() }),
        (
            "a place of a thousand characters",
            Some("seen_at"),
            Report { seen_at: "群".repeat(1000), ..good.clone() },
        ),
        (
            "an id over the limit",
            Some("external_id"),
            Report { external_id: "x".repeat(129), ..good.clone() },
        ),
        (
            "a time that is none",
            Some("said_time"),
            Report {
                said_time: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: -1 }),
                ..good.clone()
            },
        ),
        (
            "an account of somebody else",
            Some("answer_account"),
            Report { answer_account: "nobody".to_owned(), reporter: "o1".to_owned(), ..good.clone() },
        ),
        // Not even read.
        ("two megabytes", None, words("x".repeat(2 << 20))),
    ];
    for (what, field, report) in refused {
        let request = SubmitReportRequest { request_id: Uuid::now_v7().to_string(), report: Some(report) };
        let status = ingest.submit_report(grpc::with_token(request, &token)).await.unwrap_err();
        let (zh, en) = grpc::told(&status);
        match field {
            Some(field) => {
                assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
                let violations =
                    tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
                assert_eq!(violations[0].field, field, "{what}");
                assert!(zh != en && zh.chars().any(|character| character > '\u{4e00}'), "{what}: {zh}");
            }
            None => {
                let limits = [Code::OutOfRange, Code::ResourceExhausted];
                assert!(limits.contains(&status.code()), "{what}: {status:?}");
            }
        }
        assert!(!en.is_empty(), "{what}");
    }
    for (what, request) in [
        ("no request id", SubmitReportRequest { request_id: String::new(), report: Some(good.clone()) }),
        (
            "a request id that is none",
            SubmitReportRequest { request_id: "一".to_owned(), report: Some(good.clone()) },
        ),
        ("no report", SubmitReportRequest { request_id: Uuid::now_v7().to_string(), report: None }),
    ] {
        let status = ingest.submit_report(grpc::with_token(request, &token)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{what}");
    }
    assert_eq!(count(&office, "ingest", REPORTS).await, 0);

    let longest = SubmitReportRequest {
        request_id: Uuid::now_v7().to_string(),
        report: Some(words("听说城北大桥要拆".chars().cycle().take(20_000).collect())),
    };
    let accepted =
        ingest.submit_report(grpc::with_token(longest.clone(), &token)).await.unwrap().into_inner();
    let again = ingest.submit_report(grpc::with_token(longest, &token)).await.unwrap().into_inner();
    assert_eq!((again.report_id, again.duplicate), (accepted.report_id, true));
    assert_eq!(count(&office, "ingest", REPORTS).await, 1);
    assert_office_works(&mut office, "自来水厂昨晚发生了严重爆炸").await;
}

// ---- import ----

/// A file in the installation's folder.
fn file(office: &Office, name: &str, lines: &[Vec<u8>]) -> PathBuf {
    let path = office.installation.folder().join(name);
    let mut file = std::fs::File::create(&path).unwrap();
    for line in lines {
        file.write_all(line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    path
}

#[tokio::test]
async fn an_import_takes_every_good_line_and_names_every_broken_one() {
    let mut office = Office::open().await;
    let destination = Destination::of(office.installation);
    let json_line = |text: &str, id: &str| json!({ "text": text, "id": id }).to_string().into_bytes();
    let jsonl = [
        /* 1 */ json_line("听说城北大桥下个月要整体拆除重建，是真的吗", "a1"),
        /* 2 */ b"{\"text\": \"no end".to_vec(),
        /* 3 */ b"not json".to_vec(),
        /* 4 */ json!({ "id": "a4", "words": "no text" }).to_string().into_bytes(),
        /* 5 */ b"{\"text\": \"\xff\xfe\"}".to_vec(),
        /* 6 */ Vec::new(),
        /* 7 */ json_line("", "a7"),
        /* 8 */ json_line(&"桥".repeat(100_000), "a8"),
        /* 9 */ json!({ "text": "听说体育馆门票涨到五百块一张", "id": "a9", "channel": "pigeon" }).to_string().into_bytes(),
        /* 10 */ json!({ "text": "听说体育馆门票涨到五百块一张", "id": "a10", "time": "昨天" }).to_string().into_bytes(),
        /* 11 */ json_line(&"x".repeat(2 << 20), "a11"),
        /* 12 */ json_line("听说城北大桥下个月要整体拆除重建，是真的吗", "a1"),
        /* 13 */ b"[1, 2, 3]".to_vec(),
        /* 14 */ json!({ "text": "听说人民公园挖出了很多古代金币", "time": "2026-11-22T08:00:00+08:00", "unknown": {} }).to_string().into_bytes(),
    ];
    let path = file(&office, "lines.jsonl", &jsonl);
    let lines = |import: &Import| -> Vec<u64> {
        import.tally().refused.iter().map(|(at, _)| import.line(*at)).collect()
    };
    let counts = |import: &Import| {
        let tally = import.tally();
        (tally.accepted, tally.duplicate.len(), tally.refused.len())
    };
    let imported = import(&path, &Options::default(), &destination).await.unwrap();
    assert_eq!(lines(&imported), [2, 3, 4, 5, 7, 8, 9, 10, 11, 13]);
    assert!(imported.tally().refused.iter().all(|(_, why)| why.zh.contains('；') && !why.en.is_empty()));
    assert_eq!(counts(&imported), (2, 1, 10));
    assert_eq!(count(&office, "ingest", REPORTS).await, 2);

    // The same file again adds nothing.
    let imported = import(&path, &Options::default(), &destination).await.unwrap();
    assert_eq!(counts(&imported), (0, 3, 10));
    assert_eq!(count(&office, "ingest", REPORTS).await, 2);

    let csv = [
        /* 1 */ b"id,text,channel".to_vec(),
        /* 2 */ "b2,听说青溪水库有野猪伤人好几个,hotline".as_bytes().to_vec(),
        /* 3 */ b"b3".to_vec(),
        /* 4 */ b"b4,\xff\xfe,hotline".to_vec(),
        /* 5 */ b"b5,,hotline".to_vec(),
        /* 6 */ "b6,听说青溪水库有野猪,pigeon".as_bytes().to_vec(),
        /* 7 */
        "b7,\"听说老车站被外地老板买下来了，真的吗？\"\"真的\"\"\",partner,more,columns".as_bytes().to_vec(),
        /* 8 */ "b8,\"这一行没有结尾,partner".as_bytes().to_vec(),
    ];
    let path = file(&office, "lines.csv", &csv);
    let imported = import(&path, &Options::default(), &destination).await.unwrap();
    assert_eq!(lines(&imported), [3, 4, 5, 6, 8], "{:?}", imported.tally());
    assert_eq!(counts(&imported), (2, 0, 5));
    assert_eq!(count(&office, "ingest", REPORTS).await, 4);

    // A file that cannot be imported at all says so, and what to do.
    let stopped = async |name: &str, content: &[u8]| -> String {
        let path = file(&office, name, &[content.to_vec()]);
        let before = count(&office, "ingest", REPORTS).await;
        let stopped = import(&path, &Options::default(), &destination).await.err().map(|why| why.to_string());
        assert_eq!(count(&office, "ingest", REPORTS).await, before);
        stopped.unwrap()
    };
    assert!(stopped("lines.xlsx", b"PK").await.contains("打不开"));
    assert!(
        stopped("open.csv", "text,channel\n\"停水,热线\n停电,热线\n停气,热线".as_bytes())
            .await
            .contains("第 2 行")
    );
    assert!(
        stopped("rounded.csv", "id,text\n2.02611E+17,停水\n2.02611E+17,停电".as_bytes())
            .await
            .contains("长号码")
    );
    assert!(import(&PathBuf::from("/nowhere/lines.jsonl"), &Options::default(), &destination).await.is_err());
    assert_office_works(&mut office, "自来水厂昨晚发生了严重爆炸").await;
}

// ---- the bus ----

/// A message that nobody can read, and by whom it is buried.
struct Unreadable {
    what: &'static str,
    from: &'static str,
    subject: &'static str,
    payload: Vec<u8>,
    headers: fn(&mut async_nats::HeaderMap),
    buried_by: &'static [&'static str],
    reason: &'static str,
}

#[tokio::test]
async fn a_message_on_the_bus_that_cannot_be_read_becomes_a_dead_letter_and_the_service_goes_on() {
    let mut office = Office::open().await;
    let agency = office.installation.agency();
    let received = |agency: AgencyId, report: &str| {
        ReportReceived {
            agency_id: agency.to_string(),
            report_id: report.to_owned(),
            masked_text: "听说城北大桥要拆，是真的吗".to_owned(),
            said_time: Some(prost_types::Timestamp { seconds: 1_795_305_600, nanos: 0 }),
            ..Default::default()
        }
        .encode_to_vec()
    };
    let readable = received(agency, &Uuid::now_v7().to_string());
    let garbage = vec![0xff; 9];
    let as_is: fn(&mut async_nats::HeaderMap) = |_| {};
    let unreadable = [
        Unreadable {
            what: "a version that nobody knows",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: readable.clone(),
            headers: |headers| headers.insert("ce-type", "ingest.report.received.v9"),
            buried_by: &["classification"],
            reason: "ce-type",
        },
        Unreadable {
            what: "an envelope of another version",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: readable.clone(),
            headers: |headers| headers.insert("ce-specversion", "2.0"),
            buried_by: &["classification"],
            reason: "ce-specversion",
        },
        Unreadable {
            what: "another encoding",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: b"{}".to_vec(),
            headers: |headers| headers.insert("ce-datacontenttype", "application/json"),
            buried_by: &["classification"],
            reason: "ce-datacontenttype",
        },
        Unreadable {
            what: "no envelope at all",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: readable,
            headers: |headers| *headers = async_nats::HeaderMap::new(),
            buried_by: &["classification"],
            reason: "header",
        },
        Unreadable {
            what: "bytes that are no protobuf",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["classification"],
            reason: "",
        },
        Unreadable {
            what: "an id that is none",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: received(agency, "一"),
            headers: as_is,
            buried_by: &["classification"],
            reason: "report_id",
        },
        Unreadable {
            what: "another agency inside than outside",
            from: "ingest",
            subject: ReportReceived::SUBJECT,
            payload: received(AgencyId::mint(), &Uuid::now_v7().to_string()),
            headers: as_is,
            buried_by: &["classification"],
            reason: "agency",
        },
        Unreadable {
            what: "a notice that is none",
            from: "ingest",
            subject: PlatformNoticeReceived::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["publish"],
            reason: "",
        },
        Unreadable {
            what: "a picture that is none",
            from: "ingest",
            subject: PictureRead::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["classification"],
            reason: "",
        },
        Unreadable {
            what: "a transcript that is none",
            from: "ingest",
            subject: MessageTranscribed::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["classification"],
            reason: "",
        },
        Unreadable {
            what: "a sign-off of a version that nobody knows",
            from: "approval",
            subject: ClarificationSigned::SUBJECT,
            payload: Vec::new(),
            headers: |headers| headers.insert("ce-type", "approval.clarification.signed.v9"),
            buried_by: &["publish", "ingest", "classification"],
            reason: "ce-type",
        },
        Unreadable {
            what: "a sign-off that says nothing",
            from: "approval",
            subject: ClarificationSigned::SUBJECT,
            payload: Vec::new(),
            headers: as_is,
            buried_by: &["publish", "ingest", "classification"],
            reason: "",
        },
        Unreadable {
            what: "a halt that is none",
            from: "approval",
            subject: HaltOrdered::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["publish", "ingest"],
            reason: "",
        },
        Unreadable {
            what: "an assignment that is none",
            from: "classification",
            subject: ReportAssigned::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["ingest"],
            reason: "",
        },
        Unreadable {
            what: "a claim that is none",
            from: "classification",
            subject: ClaimOpened::SUBJECT,
            payload: garbage.clone(),
            headers: as_is,
            buried_by: &["approval"],
            reason: "",
        },
        Unreadable {
            what: "a publication that is none",
            from: "publish",
            subject: PublicationChanged::SUBJECT,
            payload: garbage,
            headers: as_is,
            buried_by: &["ingest", "approval", "classification"],
            reason: "",
        },
        // The next version has a subject of its own, which nobody listens to yet.
        Unreadable {
            what: "the next version",
            from: "ingest",
            subject: "ingest.report.received.v2",
            payload: vec![0xff; 9],
            headers: as_is,
            buried_by: &[],
            reason: "",
        },
    ];
    for message in &unreadable {
        let mut headers = headers(message.from, agency, message.subject);
        (message.headers)(&mut headers);
        put(&bus(&office, message.from).await, message.subject, headers, message.payload.clone()).await;
    }
    for service in SERVICES {
        let database = as_service(&office, service);
        let expected: Vec<&Unreadable> =
            unreadable.iter().filter(|message| message.buried_by.contains(&service)).collect();
        let letters = office
            .until(&format!("{service} buries what it cannot read"), async |_| {
                let letters = dead_letters::list(&database, None, 500).await.ok()?;
                (letters.len() >= expected.len()).then_some(letters)
            })
            .await;
        for message in &expected {
            let found = letters.iter().any(|letter| {
                letter.subject == message.subject
                    && letter.payload == message.payload
                    && letter.reason.contains(message.reason)
                    && !letter.reason.is_empty()
            });
            let reasons: Vec<(&str, &str)> =
                letters.iter().map(|letter| (&*letter.subject, &*letter.reason)).collect();
            assert!(found, "{service} did not bury {}: {reasons:#?}", message.what);
        }
    }
    assert_office_works(&mut office, "自来水厂昨晚发生了严重爆炸").await;
    for service in SERVICES {
        let letters = dead_letters::list(&as_service(&office, service), None, 500).await.unwrap();
        let expected = unreadable.iter().filter(|message| message.buried_by.contains(&service)).count();
        let reasons: Vec<(&str, &str)> =
            letters.iter().map(|letter| (&*letter.subject, &*letter.reason)).collect();
        assert_eq!(letters.len(), expected, "{service}: {reasons:#?}");
    }
}

//! The client against a scripted server on a real socket: what is sent, and
//! what each way of failing comes to.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the scripted server is part of the test"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wechat::client::{self, Client, Quota};
use wechat::download::Download;
use wechat::draft::Article;
use wechat::error::{CallError, UnknownCause, Wait};
use wechat::mass::{Audience, ClientMsgId, MassContent, MassMessage, MassState, SendAllOutcome};
use wechat::media::{Material, Picture, PictureType};

const DEADLINE: Duration = Duration::from_secs(5);
const SECRET: &str = "app-secret-of-the-test";

enum Step {
    Answer(u16, String),
    /// Reads the request, then closes the connection.
    Cut,
    /// Promises more bytes than it sends.
    HalfABody,
    /// Never answers.
    Silence,
}

#[derive(Debug, Clone)]
struct Seen {
    target: String,
    body: Vec<u8>,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that answers in a fixed order and remembers what it was asked.
struct Platform {
    client: Client,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Platform {
    async fn that_answers(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(steps.into_iter().collect::<VecDeque<_>>()));
        let record = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&record)));
            }
        });
        let client = Client::new(client::http_client().unwrap(), base_url, "wx1", SecretString::from(SECRET));
        Self { client, seen }
    }

    /// As above, after a token was handed out.
    async fn with_token_then(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::that_answers(std::iter::once(token("T1")).chain(steps)).await
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Step>>>, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer).await else { return };
        seen.lock().unwrap().push(request);
        let step = script.lock().unwrap().pop_front();
        match step {
            Some(Step::Answer(status, body)) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + &body).as_bytes()).await.unwrap();
            }
            Some(Step::HalfABody) => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"errcode\":0")
                    .await
                    .unwrap();
                return;
            }
            Some(Step::Cut) | None => return,
            Some(Step::Silence) => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let is_get = head.starts_with("GET ");
    let end = head_end + length.or(is_get.then_some(0)).expect("the platform needs a Content-Length");
    while buffer.len() < end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer[head_end..end].to_vec();
    buffer.drain(..end);
    Some(Seen { target: head.split(' ').nth(1).unwrap().to_owned(), body })
}

fn ok(body: Value) -> Step {
    Step::Answer(200, body.to_string())
}

fn token(text: &str) -> Step {
    ok(json!({ "access_token": text, "expires_in": 7200 }))
}

fn error(code: i64) -> Step {
    ok(json!({ "errcode": code, "errmsg": "x rid: 1" }))
}

fn push() -> MassMessage {
    MassMessage {
        audience: Audience::Everyone,
        content: MassContent::Article { media_id: "DRAFT".into() },
        client_msg_id: ClientMsgId::new("9f86d081884c7d659a2feaa0c55ad015").unwrap(),
        go_on_if_reprint: false,
    }
}

#[tokio::test]
async fn the_token_is_fetched_unforced_once_for_many_calls() {
    let platform =
        Platform::with_token_then((0..8).map(|_| ok(json!({ "errcode": 0, "errmsg": "ok" })))).await;
    let calls = (0..8).map(|_| {
        let client = platform.client.clone();
        tokio::spawn(async move { client.custom_send_text("oA", "已核实", DEADLINE).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Ok(()));
    }
    let seen = platform.seen();
    assert_eq!(seen.len(), 9);
    assert_eq!(seen[0].target, "/cgi-bin/stable_token");
    assert_eq!(
        seen[0].json(),
        json!({ "grant_type": "client_credential", "appid": "wx1", "secret": SECRET, "force_refresh": false })
    );
    for call in &seen[1..] {
        assert_eq!(call.target, "/cgi-bin/message/custom/send?access_token=T1");
        assert_eq!(
            call.json(),
            json!({ "touser": "oA", "msgtype": "text", "text": { "content": "已核实" } })
        );
        assert!(String::from_utf8_lossy(&call.body).contains("已核实"), "Chinese must not be escaped");
    }
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_before_the_call() {
    let platform = Platform::that_answers([
        ok(json!({ "access_token": "T1", "expires_in": 300 })),
        error(0),
        ok(json!({ "access_token": "T2", "expires_in": "7200" })),
        error(0),
        error(0),
    ])
    .await;
    for _ in 0..3 {
        platform.client.custom_send_text("oA", "a", DEADLINE).await.unwrap();
    }
    let tokens: Vec<_> = platform
        .paths()
        .into_iter()
        .filter_map(|path| path.split_once('=').map(|(_, token)| token.to_owned()))
        .collect();
    assert_eq!(tokens, ["T1", "T2", "T2"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated_once() {
    for code in [40001, 40014, 42001] {
        let accepted = ok(json!({ "errcode": 0, "msg_id": 7 }));
        let platform = Platform::with_token_then([error(code), token("T2"), accepted]).await;
        let outcome = platform.client.mass_sendall(&push(), DEADLINE).await;
        assert_eq!(outcome, SendAllOutcome::Accepted { msg_id: 7, msg_data_id: None });
        let seen = platform.seen();
        assert_eq!(seen.len(), 4);
        assert_eq!(seen[1].json(), seen[3].json());
        assert_eq!(seen[3].target, "/cgi-bin/message/mass/sendall?access_token=T2");

        let platform = Platform::with_token_then([error(code), token("T2"), error(code)]).await;
        let outcome = platform.client.mass_sendall(&push(), DEADLINE).await;
        assert!(
            matches!(outcome, SendAllOutcome::Credentials { code: refused, .. } if refused == code),
            "{outcome:?}"
        );
        assert_eq!(platform.seen().len(), 4);
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_that_is_certain() {
    let refused = Platform::that_answers([error(40001)]).await.client.mass_sendall(&push(), DEADLINE).await;
    assert!(matches!(refused, SendAllOutcome::Credentials { code: 40001, .. }), "{refused:?}");
    let listed = Platform::that_answers([error(40164)]).await.client.mass_sendall(&push(), DEADLINE).await;
    assert!(matches!(listed, SendAllOutcome::Credentials { code: 40164, .. }), "{listed:?}");
    for step in [
        error(-1),
        Step::Cut,
        Step::HalfABody,
        Step::Answer(502, "<html>".into()),
        ok(json!({})),
        error(45011),
    ] {
        let platform = Platform::that_answers([step]).await;
        let outcome = platform.client.mass_sendall(&push(), DEADLINE).await;
        assert!(matches!(outcome, SendAllOutcome::NotNow { .. }), "{outcome:?}");
        assert_eq!(platform.paths(), ["/cgi-bin/stable_token"]);
    }
    let silent = Platform::that_answers([Step::Silence]).await;
    let outcome = silent.client.mass_sendall(&push(), Duration::from_millis(200)).await;
    assert!(matches!(outcome, SendAllOutcome::NotNow { code: None, .. }), "{outcome:?}");
}

#[tokio::test]
async fn nobody_listening_means_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let client = Client::new(client::http_client().unwrap(), base_url, "wx1", SecretString::from(SECRET));
    let outcome = client.mass_sendall(&push(), DEADLINE).await;
    assert!(matches!(outcome, SendAllOutcome::NotNow { code: None, wait: Wait::Moments, .. }), "{outcome:?}");
}

#[tokio::test]
async fn every_lost_or_broken_answer_leaves_the_outcome_unknown() {
    let steps = [
        Step::Cut,
        Step::HalfABody,
        Step::Silence,
        Step::Answer(500, "{\"errcode\":40013,\"errmsg\":\"from a gateway\"}".into()),
        Step::Answer(502, "<html>".into()),
        Step::Answer(404, "<html>".into()),
        Step::Answer(302, String::new()),
        Step::Answer(200, "<html>".into()),
        Step::Answer(200, "[]".into()),
        Step::Answer(200, "{\"errcode\":\"no\"}".into()),
        Step::Answer(200, String::new()),
        error(-1),
        error(268_488_001),
        error(1_234_567),
    ];
    for step in steps {
        let platform = Platform::with_token_then([step]).await;
        let outcome = platform.client.mass_sendall(&push(), Duration::from_millis(500)).await;
        assert!(matches!(outcome, SendAllOutcome::Unknown { .. }), "{outcome:?}");
        assert_eq!(platform.seen().len(), 2, "the call must not be repeated");
        let text = format!("{outcome:?}");
        assert!(!text.contains("T1") && !text.contains(SECRET) && !text.contains("access_token"), "{text}");
    }
}

#[tokio::test]
async fn the_special_answers_to_sendall_are_told_apart() {
    for (step, expected) in [
        (
            ok(json!({ "errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": 123_456 })),
            SendAllOutcome::AcceptedBefore { msg_id: Some(123_456) },
        ),
        (error(45066), SendAllOutcome::TooSoon),
        (error(89505), SendAllOutcome::PendingAdministrator { code: 89505 }),
        (error(45028), SendAllOutcome::QuotaUsedUp),
        (error(40007), SendAllOutcome::MediaGone),
        (error(48001), SendAllOutcome::Credentials { code: 48001, message: "x rid: 1".into() }),
        (
            error(45009),
            SendAllOutcome::NotNow { code: Some(45009), message: "x rid: 1".into(), wait: Wait::NextDay },
        ),
        (error(45067), SendAllOutcome::Refused { code: 45067, message: "x rid: 1".into() }),
    ] {
        let outcome = Platform::with_token_then([step]).await.client.mass_sendall(&push(), DEADLINE).await;
        assert_eq!(outcome, expected);
    }
}

#[tokio::test]
async fn an_article_goes_its_way_from_pictures_to_the_job() {
    let platform = Platform::with_token_then([
        ok(json!({ "url": "http://mmbiz.qpic.cn/1" })),
        ok(json!({ "media_id": "COVER", "url": "http://mmbiz.qpic.cn/2", "item": [] })),
        ok(json!({ "media_id": "DRAFT", "item": [] })),
        ok(json!({ "errcode": 0, "errmsg": "send job submission success", "msg_id": 34182, "msg_data_id": 206_227_730 })),
        ok(json!({ "msg_id": 34182, "msg_status": "SENDING" })),
        error(0),
        ok(json!({ "errcode": 0, "quota": { "daily_limit": 100, "used": "1", "remain": 99 }, "rate_limit": { "call_count": 60 } })),
    ])
    .await;
    let client = &platform.client;
    let bytes = Bytes::from_static(b"\x89PNG picture");
    let picture =
        Picture { file_name: "notice.png".into(), picture_type: PictureType::of(&bytes).unwrap(), bytes };

    assert_eq!(client.upload_image(&picture, DEADLINE).await.unwrap(), "http://mmbiz.qpic.cn/1");
    let cover = client.add_material(&picture, DEADLINE).await.unwrap();
    assert_eq!(cover, Material { media_id: "COVER".into(), url: Some("http://mmbiz.qpic.cn/2".into()) });
    let article = Article {
        title: "关于地震传言的说明".into(),
        author: String::new(),
        summary: "不实".into(),
        content: "<p>不实</p>".into(),
        content_source_url: None,
        thumb_media_id: cover.media_id,
    };
    assert_eq!(client.draft_add(&[article], DEADLINE).await.unwrap(), "DRAFT");
    let outcome = client.mass_sendall(&push(), DEADLINE).await;
    assert_eq!(outcome, SendAllOutcome::Accepted { msg_id: 34182, msg_data_id: Some(206_227_730) });
    assert_eq!(client.mass_get(34182, DEADLINE).await.unwrap(), MassState::Sending);
    client.mass_delete(34182, Some(1), DEADLINE).await.unwrap();
    let quota = client.quota_get("/cgi-bin/message/mass/sendall", DEADLINE).await.unwrap();
    assert_eq!(quota, Quota { daily_limit: 100, used: 1, remain: 99 });

    let seen = platform.seen();
    let upload = String::from_utf8_lossy(&seen[1].body).into_owned();
    assert!(upload.contains("name=\"media\"; filename=\"notice.png\""), "{upload}");
    assert!(upload.contains("Content-Type: image/png") && upload.contains("PNG picture"), "{upload}");
    assert_eq!(seen[2].target, "/cgi-bin/material/add_material?access_token=T1&type=image");
    assert_eq!(
        seen[3].json(),
        json!({ "articles": [{ "title": "关于地震传言的说明", "digest": "不实", "content": "<p>不实</p>", "thumb_media_id": "COVER" }] })
    );
    assert_eq!(seen[4].json()["clientmsgid"], "9f86d081884c7d659a2feaa0c55ad015");
    assert_eq!(seen[5].json(), json!({ "msg_id": "34182" }));
    assert_eq!(seen[6].json(), json!({ "msg_id": 34182, "article_idx": 1 }));
}

#[tokio::test]
async fn a_person_out_of_reach_is_no_failure_of_the_account() {
    for code in [40003, 43004, 45015, 45047, 48002] {
        let result =
            Platform::with_token_then([error(code)]).await.client.custom_send_text("oA", "a", DEADLINE).await;
        let refusal = result.unwrap_err();
        assert!(refusal.recipient_unreachable() && refusal.code() == Some(code), "{refusal:?}");
    }
    for code in [45009, 48001, 44004, -1] {
        let result =
            Platform::with_token_then([error(code)]).await.client.custom_send_text("oA", "a", DEADLINE).await;
        assert!(!result.unwrap_err().recipient_unreachable());
    }
}

#[tokio::test]
async fn a_success_without_its_result_is_unknown() {
    let result = Platform::with_token_then([error(0)]).await.client.draft_add(&[], DEADLINE).await;
    assert_eq!(result, Err(CallError::Unknown { cause: UnknownCause::Unreadable("no media_id".into()) }));
}

#[tokio::test]
async fn a_citizens_file_comes_as_it_is_and_a_refusal_as_what_it_says() {
    let platform = Platform::with_token_then([
        Step::Answer(200, "#!AMR\n...".into()),
        ok(json!({ "errcode": 40007, "errmsg": "invalid media_id" })),
        Step::Answer(200, "{ no refusal".into()),
        Step::Answer(502, "<html>".into()),
        Step::HalfABody,
    ])
    .await;
    let get = async |bytes_max| platform.client.media_get("M&1", bytes_max, DEADLINE).await;
    assert_eq!(get(1000).await.unwrap(), Download::Whole(Bytes::from_static(b"#!AMR\n...")));
    assert_eq!(get(1000).await.unwrap_err().code(), Some(40007));
    assert_eq!(get(1000).await.unwrap(), Download::Whole(Bytes::from_static(b"{ no refusal")));
    let unknown = |cause| Err(CallError::Unknown { cause });
    assert_eq!(get(1000).await, unknown(UnknownCause::HttpStatus(502)));
    assert!(matches!(get(1000).await, Err(CallError::Unknown { cause: UnknownCause::Connection(_) })));
    let asked = "/cgi-bin/media/get?access_token=T1&media_id=M%261";
    assert!(platform.paths()[1..].iter().all(|path| path == asked), "{:?}", platform.paths());
}

#[tokio::test]
async fn a_file_is_read_no_further_than_wanted_and_a_stale_token_renewed_once() {
    let platform = Platform::with_token_then([
        Step::Answer(200, "x".repeat(1001)),
        ok(json!({ "errcode": 42001, "errmsg": "access_token expired" })),
        token("T2"),
        Step::Answer(200, "file".into()),
    ])
    .await;
    let get = async || platform.client.media_get("M", 1000, DEADLINE).await;
    assert_eq!(get().await.unwrap(), Download::TooLong);
    assert_eq!(get().await.unwrap(), Download::Whole(Bytes::from_static(b"file")));
}

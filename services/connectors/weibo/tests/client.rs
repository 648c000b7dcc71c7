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

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use weibo::client::{self, Client, RateLimit};
use weibo::codes::{self, Class};
use weibo::error::{CallError, Wait};
use weibo::post::{Destroyed, NewPost, ShareOutcome, Timeline, TimelineQuery};

const DEADLINE: Duration = Duration::from_secs(5);
const TOKEN: &str = "2.00-token-of-the-test";

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
    line: String,
    body: String,
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
        let client = Client::new(client::http_client().unwrap(), base_url, SecretString::from(TOKEN));
        Self { client, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
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
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).await.unwrap();
            }
            Some(Step::HalfABody) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":1").await.unwrap();
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
    let end = head_end + length.unwrap_or(0);
    while buffer.len() < end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(buffer[head_end..end].to_vec()).unwrap();
    buffer.drain(..end);
    Some(Seen { line: head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned(), body })
}

fn ok(body: Value) -> Step {
    Step::Answer(200, body.to_string())
}

fn error(status: u16, code: impl Into<Value>) -> Step {
    Step::Answer(status, json!({ "error": "x", "error_code": code.into() }).to_string())
}

fn post() -> NewPost {
    NewPost {
        text: "【澄清】50%+ 不实&已核实".into(),
        link: "https://www.qinglan.gov.cn/c/1".parse().unwrap(),
        operator_ip: [211, 156, 0, 1].into(),
    }
}

async fn outcome_of(step: Step) -> ShareOutcome {
    let platform = Platform::that_answers([step]).await;
    let outcome = platform.client.share(&post(), Duration::from_millis(500)).await;
    assert_eq!(platform.seen().len(), 1, "a write must never be repeated");
    let text = format!("{outcome:?}");
    assert!(!text.contains(TOKEN) && !text.contains("access_token"), "{text}");
    outcome
}

#[tokio::test]
async fn a_post_is_sent_as_a_form_encoded_once() {
    let platform = Platform::that_answers([ok(json!({
        "created_at": "Tue May 31 17:46:55 +0800 2011", "id": 3_504_803_600_502_730_i64, "idstr": "3504803600502730",
        "text": "【澄清】 http://t.cn/A6x", "user": { "id": 7 },
    }))])
    .await;
    let outcome = platform.client.share(&post(), DEADLINE).await;
    let ShareOutcome::Published(published) = outcome else { panic!("{outcome:?}") };
    assert_eq!(published.id, 3_504_803_600_502_730);

    let seen = &platform.seen()[0];
    assert_eq!(seen.line, "POST /2/statuses/share.json");
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        form,
        [
            pair("access_token", TOKEN),
            pair("status", "【澄清】50%+ 不实&已核实 https://www.qinglan.gov.cn/c/1"),
            pair("rip", "211.156.0.1"),
        ]
    );
}

#[tokio::test]
async fn every_listed_code_comes_to_its_class() {
    let client = Platform::that_answers(codes::TABLE.iter().map(|entry| error(400, entry.code))).await;
    for entry in codes::TABLE {
        let outcome = client.client.share(&post(), DEADLINE).await;
        let right = match entry.class {
            Class::Refused => matches!(outcome, ShareOutcome::Refused { code, .. } if code == entry.code),
            Class::NotNow(expected) => {
                matches!(outcome, ShareOutcome::NotNow { code, wait, .. } if code == Some(entry.code) && wait == expected)
            }
            Class::Ambiguous => {
                matches!(&outcome, ShareOutcome::Ambiguous { cause } if cause.code() == Some(entry.code))
            }
            Class::Duplicate => matches!(outcome, ShareOutcome::Duplicate { code, .. } if code == entry.code),
            Class::NeedsPerson => {
                matches!(outcome, ShareOutcome::NeedsPerson { code, .. } if code == entry.code)
            }
            Class::PublishedLate => outcome == ShareOutcome::PublishedLate,
        };
        assert!(right, "{entry:?} came to {outcome:?}");
    }
}

#[tokio::test]
async fn codes_may_be_strings() {
    assert!(matches!(outcome_of(error(400, "10006")).await, ShareOutcome::NeedsPerson { code: 10006, .. }));
    assert!(matches!(outcome_of(error(400, "20019")).await, ShareOutcome::Duplicate { code: 20019, .. }));
    assert_eq!(outcome_of(error(200, "20032")).await, ShareOutcome::PublishedLate);
}

#[tokio::test]
async fn a_passing_refusal_through_a_gateway_is_not_believed() {
    let direct = outcome_of(error(403, 10023)).await;
    assert!(matches!(direct, ShareOutcome::NotNow { wait: Wait::Quota, .. }), "{direct:?}");
    let through_gateway = outcome_of(error(503, 20016)).await;
    assert!(matches!(through_gateway, ShareOutcome::Ambiguous { .. }), "{through_gateway:?}");
}

#[tokio::test]
async fn every_lost_or_broken_answer_is_ambiguous() {
    for step in [
        Step::Cut,
        Step::HalfABody,
        Step::Silence,
        Step::Answer(502, "<html>".into()),
        Step::Answer(403, "<html>".into()),
        Step::Answer(307, String::new()),
        Step::Answer(200, String::new()),
        Step::Answer(200, "<html>".into()),
        Step::Answer(200, "[]".into()),
        Step::Answer(200, "{}".into()),
        Step::Answer(500, "{\"id\":5}".into()),
        error(400, "no number"),
        error(400, 99_999),
    ] {
        let outcome = outcome_of(step).await;
        assert!(matches!(outcome, ShareOutcome::Ambiguous { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn nobody_listening_means_certainly_not_published() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let client = Client::new(client::http_client().unwrap(), base_url, SecretString::from(TOKEN));
    let outcome = client.share(&post(), DEADLINE).await;
    assert!(matches!(outcome, ShareOutcome::NotNow { code: None, .. }), "{outcome:?}");
    assert!(!format!("{client:?}").contains(TOKEN));
}

#[tokio::test]
async fn the_timeline_is_read_in_either_form() {
    let platform = Platform::that_answers([
        ok(json!([])),
        ok(json!({ "statuses": [{ "id": 9, "text": "a" }, { "idstr": "8" }], "total_number": 2 })),
        ok(json!({ "statuses": [{ "text": "no id" }] })),
        error(403, 10023),
    ])
    .await;
    let query = TimelineQuery { uid: Some(7), since_id: Some(5), this_app_only: true };
    assert_eq!(
        platform.client.user_timeline(&TimelineQuery::default(), DEADLINE).await,
        Ok(Timeline::default())
    );
    let timeline = platform.client.user_timeline(&query, DEADLINE).await.unwrap();
    assert_eq!(timeline.posts.iter().map(|post| post.id).collect::<Vec<_>>(), [9, 8]);
    let broken = platform.client.user_timeline(&query, DEADLINE).await;
    assert!(matches!(broken, Err(CallError::Ambiguous { .. })), "{broken:?}");
    let limited = platform.client.user_timeline(&query, DEADLINE).await;
    assert!(matches!(limited, Err(CallError::NotNow { wait: Wait::Quota, .. })), "{limited:?}");

    let path = format!("GET /2/statuses/user_timeline.json?access_token={TOKEN}&base_app=");
    assert_eq!(platform.seen()[0].line, format!("{path}0"));
    assert_eq!(platform.seen()[1].line, format!("{path}1&uid=7&since_id=5"));
}

#[tokio::test]
async fn a_post_that_is_gone_counts_as_deleted() {
    let platform =
        Platform::that_answers([ok(json!({ "id": 9 })), error(400, 20101), error(400, 20102)]).await;
    assert_eq!(platform.client.destroy(9, DEADLINE).await, Ok(Destroyed::Now));
    assert_eq!(platform.client.destroy(9, DEADLINE).await, Ok(Destroyed::AlreadyGone));
    let foreign = platform.client.destroy(9, DEADLINE).await;
    assert!(matches!(foreign, Err(CallError::Refused { code: 20102, .. })), "{foreign:?}");
    assert_eq!(platform.seen()[0].body, format!("access_token={TOKEN}&id=9"));
}

#[tokio::test]
async fn the_counters_are_read() {
    let platform = Platform::that_answers([ok(json!({
        "ip_limit": 15000, "limit_time_unit": "HOURS", "remaining_ip_hits": 14990, "remaining_user_hits": "42",
        "reset_time": "2026-11-22 18:00:00", "reset_time_in_seconds": 1415, "user_limit": 100, "api_rate_limits": [],
    }))])
    .await;
    let limit = RateLimit {
        user_limit: 100,
        remaining_user_hits: 42,
        ip_limit: 15000,
        remaining_ip_hits: 14990,
        reset_time_seconds: Some(1415),
    };
    assert_eq!(platform.client.rate_limit_status(DEADLINE).await, Ok(limit));
}

//! Whoever connects, however slowly and however often, is let go in time; whoever is in order is served meanwhile.

#![expect(clippy::unwrap_used, reason = "a story cannot go on when a step of it fails")]

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use listener::{Door, Limits, Patience};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Far beyond every limit here: what has not ended by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

const PATIENT: &[(&str, Patience)] =
    &[("/slow", Patience { body: Duration::from_secs(60), answer: Duration::from_secs(60) })];

fn limits() -> Limits {
    let second = NonZeroU32::new(1).unwrap();
    Limits {
        header_seconds: second,
        body_seconds: second,
        answer_seconds: NonZeroU32::new(2).unwrap(),
        stall_seconds: second,
        connections_max: NonZeroUsize::new(40).unwrap(),
        connections_per_address_max: NonZeroUsize::new(20).unwrap(),
    }
}

/// A listener under test, with pages that answer at once, on demand, never, and with a lot.
struct Tested {
    address: SocketAddr,
    soft: CancellationToken,
    go_on: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Tested {
    async fn open(change: impl FnOnce(&mut Door)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let go_on = Arc::new(Notify::new());
        let told = || {
            let told = Arc::clone(&go_on);
            get(async move || {
                told.notified().await;
                "told"
            })
        };
        let router = Router::new()
            .route(
                "/",
                get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
            )
            .route("/", post(|body: String| async move { body }))
            .route("/slow/page", post(|body: String| async move { body }))
            .route("/told", told())
            .route("/never", get(std::future::pending::<&'static str>))
            .route("/long", get(async || "x".repeat(64 << 20)));
        let mut door = Door { limits: limits(), trusted_proxies: Vec::new(), patient: PATIENT };
        change(&mut door);
        let soft = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "the test awaits it where it ends")]
        let serving = tokio::spawn(door.serve(listener, router, soft.clone()));
        Self { address, soft, go_on, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn sends(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    /// What a client gets that asks for a page in order.
    async fn page(&self) -> String {
        read_all(self.sends("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await).await
    }
}

/// Everything until the other side closes, however it does.
async fn read_all(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _reset_is_an_end_too = tokio::time::timeout(PATIENCE, reading).await.expect("the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn half_a_header_is_let_go_and_so_is_silence() {
    let tested = Tested::open(|_| {}).await;
    let silent = tested.connect().await;
    let half = tested.sends("POST / HTTP/1.1\r\nHost: x\r\nX-A: ").await;
    let kept_alive = tested.sends("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let began = Instant::now();
    assert_eq!(read_all(silent).await, "");
    assert!(!read_all(half).await.contains("200 OK"));
    // Answered, then quiet.
    assert!(read_all(kept_alive).await.ends_with("127.0.0.1"));
    assert!(began.elapsed() < PATIENCE);
    assert!(tested.page().await.contains("200 OK"));
}

#[tokio::test]
async fn half_a_body_is_let_go_although_a_byte_comes_now_and_then() {
    let tested = Tested::open(|_| {}).await;
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n";
    let half = tested.sends(&format!("{head}a")).await;
    assert!(read_all(half).await.starts_with("HTTP/1.1 408"));

    let (mut reading, mut writing) = tested.sends(head).await.into_split();
    let dripping = async {
        let mut every = tokio::time::interval(Duration::from_millis(50));
        loop {
            every.tick().await;
            if writing.write_all(b"a").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = [0; 12];
    tokio::select! {
        () = dripping => {}
        answered = reading.read_exact(&mut answer) => { answered.unwrap(); }
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_request_is_waited_for_longer_where_that_is_said() {
    let tested = Tested::open(|_| {}).await;
    let post = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\na")
    };
    let mut patient = tested.sends(&post("/slow/page")).await;
    assert!(read_all(tested.sends(&post("/slowly")).await).await.starts_with("HTTP/1.1 40"));
    assert!(read_all(tested.sends(&post("/")).await).await.starts_with("HTTP/1.1 408"));
    // By now its time would have been over elsewhere.
    patient.write_all(b"b").await.unwrap();
    assert!(read_all(patient).await.ends_with("ab"));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_and_one_that_nobody_takes_too() {
    let tested = Tested::open(|_| {}).await;
    let never = tested.sends("GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = read_all(never).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("稍后重试"), "{answer}");

    // The buffers on the way take a few megabytes of it; then nobody takes more, and it is cut off.
    let mut untaken = tested.sends("GET /long HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // Begun, so that the stop below finds an answer under way.
    let mut first = [0; 15];
    untaken.read_exact(&mut first).await.unwrap();
    tested.soft.cancel();
    tokio::time::timeout(PATIENCE, tested.serving).await.expect("nothing is held").unwrap();
    let mut taken = Vec::new();
    let _cut_off = untaken.read_to_end(&mut taken).await;
    assert!(taken.len() < 64 << 20);
}

#[tokio::test]
async fn one_address_cannot_take_all_the_room_and_a_trusted_proxy_is_not_one_address() {
    let tested = Tested::open(|door| door.limits.header_seconds = NonZeroU32::new(600).unwrap()).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(tested.sends("GET / HTTP/1.1\r\n").await);
    }
    assert_eq!(tested.page().await, "", "the address has its share");
    held.pop();
    // The place is free once the server has seen the end.
    while tested.page().await.is_empty() {
        tokio::task::yield_now().await;
    }

    let behind = Tested::open(|door| {
        door.limits.header_seconds = NonZeroU32::new(600).unwrap();
        door.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..39 {
        held.push(behind.sends("GET / HTTP/1.1\r\n").await);
    }
    assert!(behind.page().await.contains("200 OK"));
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_wait_until_the_slow_ones_are_let_go() {
    let tested =
        Tested::open(|door| door.limits.connections_per_address_max = NonZeroUsize::new(1000).unwrap()).await;
    let mut slow = Vec::new();
    for _ in 0..60 {
        slow.push(tested.sends("GET / HTTP/1.1\r\nX-A: ").await);
    }
    assert!(tested.page().await.contains("200 OK"));
}

#[tokio::test]
async fn a_stop_finishes_what_is_held_takes_no_more_and_waits_for_no_idler() {
    let tested = Tested::open(|door| door.limits.header_seconds = NonZeroU32::new(600).unwrap()).await;
    let mut idle = tested.sends("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    let mut held = tested.sends("GET /told HTTP/1.1\r\nHost: x\r\n\r\n").await;
    held.flush().await.unwrap();
    // The idle one is answered after it, so the server has read it.
    assert!(tested.page().await.contains("200 OK"));

    tested.soft.cancel();
    read_all(idle).await;
    tested.go_on.notify_one();
    assert!(read_all(held).await.ends_with("told"));
    tokio::time::timeout(PATIENCE, tested.serving).await.expect("it stops").unwrap();
    assert!(TcpStream::connect(tested.address).await.is_err());
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let tested = Tested::open(|_| {}).await;
    let preface = tested.sends("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!read_all(preface).await.contains("200"));
}

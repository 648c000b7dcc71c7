//! Whoever sends half a request and then nothing holds no listener: not the staff's, not the platforms', not the
//! public's.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::office::Office;

/// What a server tells a client that began so and went no further; empty where it only hangs up.
async fn told(port: u16, beginning: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _reset_is_an_end_too =
        tokio::time::timeout(Duration::from_secs(30), reading).await.expect("the server lets it go");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn half_a_header_and_half_a_body_are_let_go_by_every_listener() {
    let office = Office::open_with(&[
        ("CHENGQING_CONSOLE__LIMITS__HEADER_SECONDS", "1"),
        ("CHENGQING_CONSOLE__LIMITS__BODY_SECONDS", "1"),
        ("CHENGQING_INGEST__HTTP_LIMITS__HEADER_SECONDS", "1"),
        ("CHENGQING_INGEST__HTTP_LIMITS__BODY_SECONDS", "1"),
        ("CHENGQING_PUBLISH__SITE_LIMITS__HEADER_SECONDS", "1"),
        ("CHENGQING_PUBLISH__SITE_LIMITS__BODY_SECONDS", "1"),
    ])
    .await;
    let ports = office.installation.ports();
    let callback = format!("/wechat/{}", suite::installation::WECHAT_ACCOUNT);
    for (port, path) in [(ports.console, "/sign-in"), (ports.callback, callback.as_str()), (ports.site, "/")]
    {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n");
        assert!(!told(port, &format!("{head}X-A: ")).await.contains("200 OK"), "half a header to {path}");
        let half = format!(
            "{head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\ncsrf="
        );
        let answer = told(port, &half).await;
        assert!(!answer.contains("200 OK"), "half a body to {path}: {answer}");
    }
    // And whoever is in order is served.
    let site = reqwest::get(office.installation.site_url()).await.unwrap();
    assert_eq!(site.status(), 200);
}

//! The account's server, as far as the platform sees it: it keeps what it was
//! sent and answers what the test wants.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::get,
};
use runtime::Lifecycle;

#[derive(Clone)]
pub enum Answer {
    Text(String),
    Status(u16),
    /// Longer than the platform waits.
    Late,
}

#[derive(Clone)]
pub struct Delivery {
    pub query: String,
    pub body: String,
}

#[derive(Clone, Default)]
pub struct AccountServer {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
}

impl AccountServer {
    pub async fn start(lifecycle: &Lifecycle) -> (Self, SocketAddr) {
        let server = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/callback", get(echo).post(receive)).with_state(server.clone());
        let soft = lifecycle.soft();
        lifecycle.spawn("account server", async move {
            axum::serve(listener, router).with_graceful_shutdown(soft.cancelled_owned()).await?;
            Ok(())
        });
        (server, address)
    }

    /// Answers the next delivery so; without any the answer is `success`.
    pub fn will_answer(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap().clone()
    }
}

async fn echo(RawQuery(query): RawQuery) -> String {
    let query = query.unwrap_or_default();
    let echo = query.split('&').find_map(|pair| pair.strip_prefix("echostr="));
    echo.unwrap_or_default().to_owned()
}

async fn receive(
    State(server): State<AccountServer>,
    RawQuery(query): RawQuery,
    body: String,
) -> (StatusCode, String) {
    let sender = element(&body, "FromUserName");
    server.deliveries.lock().unwrap().push(Delivery { query: query.unwrap_or_default(), body });
    let answer = server.answers.lock().unwrap().pop_front();
    match answer {
        None => (StatusCode::OK, "success".to_owned()),
        Some(Answer::Text(text)) => (StatusCode::OK, text.replace("{openid}", &sender)),
        Some(Answer::Status(status)) => (StatusCode::from_u16(status).unwrap(), String::new()),
        Some(Answer::Late) => {
            tokio::time::sleep(Duration::from_secs(2)).await;
            (StatusCode::OK, "success".to_owned())
        }
    }
}

/// The text of an element, CDATA or not.
pub fn element(xml: &str, name: &str) -> String {
    let Some(start) = xml.find(&format!("<{name}>")) else { return String::new() };
    let rest = &xml[start + name.len() + 2..];
    let text = &rest[..rest.find(&format!("</{name}>")).unwrap_or(rest.len())];
    text.trim_start_matches("<![CDATA[").trim_end_matches("]]>").to_owned()
}

/// A text reply from the account to whoever wrote.
pub fn text_reply(content: &str) -> Answer {
    Answer::Text(format!(
        "<xml><ToUserName><![CDATA[{{openid}}]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName>\
         <CreateTime>1763769601</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content></xml>"
    ))
}

//! Pushes callbacks to the account's server as the platform does: signed and
//! sealed afresh each time, five seconds each, three times at most.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::time::Instant;

use super::{
    crypto::{BadKey, Envelope},
    reply::{self, Parties, Reply},
    state::Bubble,
};
use crate::{config::CallbackMode, fault::AnswerFault, random, store::Store, xml::cdata};

const DELIVERIES_MAX: u32 = 3;
/// An answer longer than this is cut off and so unusable.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why the pusher cannot work.
#[derive(Debug, thiserror::Error)]
pub enum PusherError {
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error("cannot set up the sandbox's HTTP client")]
    Client(#[from] reqwest::Error),
}

/// The platform's end of the callback.
#[derive(Clone)]
pub struct Pusher {
    store: Arc<Store>,
    client: reqwest::Client,
    envelope: Envelope,
    limit: Duration,
}

/// How a push went.
pub struct Delivered {
    pub outcome: Outcome,
    pub deliveries: u32,
}

/// What came of a push.
pub enum Outcome {
    Taken,
    Reply(Bubble),
    /// Answered in time, in words the platform does not understand.
    Unusable,
    /// Not answered, three times.
    Unreachable,
}

/// What `verify_callback` found.
#[derive(Serialize)]
pub struct Verification {
    pub verified: bool,
    pub status: Option<u16>,
    pub body: String,
}

impl Pusher {
    /// # Errors
    /// The configured AES key is none, or no HTTP client can be made.
    pub fn new(store: Arc<Store>) -> Result<Self, PusherError> {
        let account = &store.config.wechat;
        let envelope = Envelope::new(&account.token, &account.encoding_aes_key, &account.app_id)?;
        let limit = Duration::from_millis(account.callback_limit_ms);
        let client = reqwest::Client::builder()
            .timeout(limit)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { store, client, envelope, limit })
    }

    /// Pushes `xml` from `openid` until it is answered or given up.
    pub async fn push(&self, openid: &str, xml: &str) -> Delivered {
        for delivery in 1..=DELIVERIES_MAX {
            let started = Instant::now();
            let fault = self.store.faults.take_answer("callback");
            let answered = self.deliver(openid, xml).await;
            if fault == Some(AnswerFault::DropAnswer) {
                continue;
            }
            let Some(body) = answered else {
                // A refused connection is tried again no sooner than one that hung.
                if delivery < DELIVERIES_MAX {
                    tokio::time::sleep_until(started + self.limit).await;
                }
                continue;
            };
            let mut deliveries = delivery;
            if fault == Some(AnswerFault::DoubleDelivery) {
                // The second copy's answer reaches nobody.
                let _ = self.deliver(openid, xml).await;
                deliveries += 1;
            }
            return Delivered { outcome: self.understand(openid, &body), deliveries };
        }
        Delivered { outcome: Outcome::Unreachable, deliveries: DELIVERIES_MAX }
    }

    /// Asks the server to prove that it holds the token, as saving the
    /// configuration in the console does.
    pub async fn verify(&self) -> Verification {
        let echo = (0..19).map(|_| char::from(b'1' + rand::random::<u8>() % 9)).collect::<String>();
        let (timestamp, nonce) = self.timestamp_and_nonce();
        let signature = self.envelope.sign(&[&timestamp, &nonce]);
        let query = [
            ("signature", signature.as_str()),
            ("timestamp", &timestamp),
            ("nonce", &nonce),
            ("echostr", &echo),
        ];
        let Some(url) = self.url(&query) else {
            return Verification { verified: false, status: None, body: "callback_url is no URL".to_owned() };
        };
        match self.client.get(url).send().await {
            Ok(response) => {
                let status = response.status();
                let body = response.text().await.unwrap_or_default();
                let verified = status.is_success() && body == echo;
                Verification { verified, status: Some(status.as_u16()), body }
            }
            Err(error) => Verification { verified: false, status: None, body: error.to_string() },
        }
    }

    /// One delivery; the body of a 200 that came in time.
    async fn deliver(&self, openid: &str, xml: &str) -> Option<String> {
        let (timestamp, nonce) = self.timestamp_and_nonce();
        let signature = self.envelope.sign(&[&timestamp, &nonce]);
        let mut query = vec![
            ("signature", signature.as_str()),
            ("timestamp", timestamp.as_str()),
            ("nonce", nonce.as_str()),
            ("openid", openid),
        ];
        let account = &self.store.config.wechat;
        let sealed = self.envelope.seal(xml);
        let msg_signature = self.envelope.sign(&[&timestamp, &nonce, &sealed]);
        let sealed_element = format!("<Encrypt>{}</Encrypt>", cdata(&sealed));
        let body = match account.mode {
            CallbackMode::Plain => xml.to_owned(),
            CallbackMode::Safe => {
                format!("<xml><ToUserName>{}</ToUserName>{sealed_element}</xml>", cdata(&account.original_id))
            }
            CallbackMode::Compatible => xml.replacen("</xml>", &format!("{sealed_element}</xml>"), 1),
        };
        if account.mode != CallbackMode::Plain {
            query.push(("encrypt_type", "aes"));
            query.push(("msg_signature", &msg_signature));
        }
        let request = self.client.post(self.url(&query)?).header("Content-Type", "text/xml").body(body);
        let mut response = request.send().await.ok()?;
        if response.status() != reqwest::StatusCode::OK {
            return None;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            bytes.extend(chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                break;
            }
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn understand(&self, openid: &str, body: &str) -> Outcome {
        let parties = Parties { openid, original_id: &self.store.config.wechat.original_id };
        let reply = self
            .store
            .read(|world, now_ms| reply::read(body, &self.envelope, &parties, &world.wechat, now_ms));
        match reply {
            Reply::Taken => Outcome::Taken,
            Reply::Shown(bubble) => Outcome::Reply(bubble),
            Reply::Unusable => Outcome::Unusable,
        }
    }

    fn url(&self, query: &[(&str, &str)]) -> Option<url::Url> {
        let url = self.store.read(|world, _| world.wechat.callback_url.clone());
        let url = url.unwrap_or_else(|| self.store.config.wechat.callback_url.clone());
        url::Url::parse_with_params(&url, query).ok()
    }

    fn timestamp_and_nonce(&self) -> (String, String) {
        ((self.store.now_ms() / 1000).to_string(), random::alphanumeric(10))
    }
}

//! A sandbox with an account's server beside it, and the calls that tests make.

use std::{future::Future, path::PathBuf, time::Duration};

use reqwest::multipart::{Form, Part};
use runtime::{Clock, Lifecycle};
use sandbox::{App, config::Config};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::AccountServer;

/// A picture of one pixel.
pub const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55,
];
pub const SAFE_LINK: &str = "http://qinglan.example.cn/c/1";
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

pub struct Stage {
    pub server: AccountServer,
    pub base: String,
    client: reqwest::Client,
    folder: TempDir,
    settings: Value,
    lifecycle: Lifecycle,
    moved_ms: i64,
}

impl Stage {
    pub async fn open() -> Self {
        Self::with(json!({})).await
    }

    /// A stage whose WeChat account differs from the usual one.
    pub async fn with(wechat: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = Lifecycle::new();
        let (server, address) = AccountServer::start(&lifecycle).await;
        let mut settings = json!({
            "listen": "127.0.0.1:0",
            "state_dir": folder.path().join("state"),
            "wechat": {
                "app_id": "wx1234567890abcdef",
                "app_secret": "secret",
                "original_id": "gh_7f083739789a",
                "callback_url": format!("http://{address}/callback"),
                "token": "RumorGuardToken2026",
                "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
                "mode": "plain",
                "display_name": "青岚发布（演示）",
                "confirm_delay_ms": 30,
                "callback_limit_ms": 300,
            },
            "weibo": {
                "app_key": "1352222456",
                "app_secret": "weibo-secret",
                "access_token": "2.00demo",
                "uid": 1_902_538_057_u64,
                "screen_name": "青岚发布",
                "safe_domains": ["qinglan.example.cn"],
            },
        });
        for (field, value) in wechat.as_object().unwrap() {
            settings["wechat"][field] = value.clone();
        }
        let client = client();
        let mut stage =
            Self { server, base: String::new(), client, folder, settings, lifecycle, moved_ms: 0 };
        // Noon in Beijing, so that no test runs into midnight.
        let noon_ms = stage.ms_until_beijing_noon();
        stage.move_time(noon_ms);
        stage.start().await;
        stage
    }

    async fn start(&mut self) {
        let config: Config = serde_json::from_value(self.settings.clone()).unwrap();
        let app = App::build(config, Clock::steered(self.clock_file())).await.unwrap();
        self.base = format!("http://{}", app.address());
        self.lifecycle.spawn("sandbox", app.run(self.lifecycle.clone()));
    }

    /// Stops the sandbox and starts another on the same state.
    pub async fn restart(&mut self) {
        let lifecycle = std::mem::take(&mut self.lifecycle);
        lifecycle.stop();
        lifecycle.stopped(Duration::from_secs(5)).await;
        let (server, address) = AccountServer::start(&self.lifecycle).await;
        self.server = server;
        self.settings["wechat"]["callback_url"] = json!(format!("http://{address}/callback"));
        self.start().await;
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("state/journal.jsonl")
    }

    pub fn move_time(&mut self, by_ms: i64) {
        self.moved_ms += by_ms;
        let draft = self.folder.path().join("clock.part");
        std::fs::write(&draft, self.moved_ms.to_string()).unwrap();
        std::fs::rename(draft, self.clock_file()).unwrap();
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.at(path)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// The answer as it is.
    pub async fn fetch(&self, path: &str) -> reqwest::Response {
        self.client.get(self.at(path)).send().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        let answer = self.client.get(self.at(path)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.try_post(path, body).await.unwrap()
    }

    /// `Err` when there was no answer that makes sense.
    pub async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<Value> {
        self.client.post(self.at(path)).json(&body).send().await?.json().await
    }

    pub async fn post_text(&self, path: &str, body: &str) -> Value {
        let answer = self.client.post(self.at(path)).body(body.to_owned()).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.client.post(self.at(path)).form(fields).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn upload(&self, path: &str, name: &str, bytes: &'static [u8]) -> Value {
        let part = Part::bytes(bytes).file_name("cover.png").mime_str("image/png").unwrap();
        let form = Form::new().part(name.to_owned(), part);
        self.client.post(self.at(path)).multipart(form).send().await.unwrap().json().await.unwrap()
    }

    pub async fn token(&self) -> String {
        let answer = self
            .post(
                "/cgi-bin/stable_token",
                json!({ "grant_type": "client_credential", "appid": "wx1234567890abcdef", "secret": "secret" }),
            )
            .await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A call with a valid token.
    pub async fn wechat(&self, path: &str, body: Value) -> Value {
        let token = self.token().await;
        self.post(&format!("/cgi-bin/{path}?access_token={token}"), body).await
    }

    pub async fn cover(&self) -> String {
        let token = self.token().await;
        let path = format!("/cgi-bin/material/add_material?access_token={token}&type=image");
        self.upload(&path, "media", PIXEL).await["media_id"].as_str().unwrap().to_owned()
    }

    pub async fn draft(&self, title: &str) -> String {
        let cover = self.cover().await;
        let article = json!({ "title": title, "content": "<p>【结论】不实。</p>", "thumb_media_id": cover });
        let answer = self.wechat("draft/add", json!({ "articles": [article] })).await;
        answer["media_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    pub async fn send_all(&self, draft: &str, key: &str) -> Value {
        self.wechat("message/mass/sendall", mass_body(draft, key)).await
    }

    pub async fn citizen(&self, open_window: bool) -> String {
        let answer = self.post("/_control/citizens", json!({ "count": 1, "open_window": open_window })).await;
        answer["citizens"][0]["openid"].as_str().unwrap().to_owned()
    }

    pub async fn writes(&self, openid: &str, content: &str) -> Value {
        self.post("/_control/messages", json!({ "openid": openid, "content": content })).await
    }

    pub async fn fault(&self, order: Value) {
        let answer = self.post("/_control/faults", order).await;
        assert!(answer["queued"].is_u64(), "{answer}");
    }

    /// The log's entries of one kind.
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.get("/_control/log").await;
        let entries = log["entries"].as_array().unwrap().iter();
        entries.filter(|entry| entry["kind"] == kind).cloned().collect()
    }

    pub async fn share(&self, status: &str) -> (u16, Value) {
        let fields = [("access_token", "2.00demo"), ("status", status), ("rip", "211.156.0.1")];
        self.form("/2/statuses/share.json", &fields).await
    }

    pub async fn timeline(&self) -> Vec<Value> {
        let answer = self.get("/2/statuses/user_timeline.json?access_token=2.00demo").await;
        answer["statuses"].as_array().cloned().unwrap_or_default()
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    fn ms_until_beijing_noon(&self) -> i64 {
        let now_ms = i64::try_from(Clock::system().now().unix_timestamp_nanos() / 1_000_000).unwrap();
        let beijing_ms = (now_ms + 8 * HOUR).rem_euclid(24 * HOUR);
        12 * HOUR - beijing_ms
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.hard().cancel();
    }
}

/// A client that waits longer than any test should take.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}

pub fn mass_body(draft: &str, key: &str) -> Value {
    json!({
        "filter": { "is_to_all": true },
        "mpnews": { "media_id": draft },
        "msgtype": "mpnews",
        "send_ignore_reprint": 0,
        "clientmsgid": key,
    })
}

/// Waits until `look` gives something; the platform works by itself.
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    for _ in 0..250 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen within five seconds");
}

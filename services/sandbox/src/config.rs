//! What the sandbox is told at its start. The defaults are what an account of
//! the real platforms would show; a test changes only what it is about.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

/// The whole configuration file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where both platforms, the pages and the control interface listen. Port 0 takes a free one.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// How pages and pictures are addressed in what the sandbox publishes. Default: the listener's address.
    pub public_url: Option<String>,
    /// Holds the journal and the uploaded pictures; made when missing.
    pub state_dir: PathBuf,
    pub wechat: WechatConfig,
    pub weibo: WeiboConfig,
}

/// One imitated official account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatConfig {
    pub app_id: String,
    pub app_secret: String,
    /// The account's own name in messages, `gh_…`.
    pub original_id: String,
    /// Where citizens' messages and events are pushed.
    pub callback_url: String,
    /// Signs the callbacks.
    pub token: String,
    /// 43 letters and digits, as in the platform's console.
    pub encoding_aes_key: String,
    #[serde(default)]
    pub mode: CallbackMode,
    #[serde(default)]
    pub kind: AccountKind,
    /// The account's name on the phone and the articles.
    pub display_name: String,
    /// From the acceptance of a mass job to its result, in milliseconds.
    #[serde(default = "default_confirm_delay_ms")]
    pub confirm_delay_ms: i64,
    /// Whether a send to everyone waits for the administrator's consent (30 minutes at most).
    #[serde(default)]
    pub admin_confirmation: bool,
    /// How long one delivery of a callback may take, in milliseconds; the next is not begun earlier.
    #[serde(default = "default_callback_limit_ms")]
    pub callback_limit_ms: u64,
    /// Words that the content review refuses, each with the number in `err(N)`.
    #[serde(default = "default_refused_words")]
    pub refused_words: BTreeMap<String, u32>,
}

/// How the bodies of callbacks are protected (消息加解密方式).
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CallbackMode {
    /// 安全模式: cipher only.
    #[default]
    Safe,
    /// 明文模式.
    Plain,
    /// 兼容模式: both in one body.
    Compatible,
}

/// What the account may do and how often.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// 公众号 (formerly 订阅号): one mass message a day.
    #[default]
    Subscription,
    /// 服务号: four mass messages per user and month.
    Service,
}

/// One imitated microblog account and the application that writes for it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeiboConfig {
    /// Digits: the platform's interfaces give it as a number.
    pub app_key: String,
    pub app_secret: String,
    /// The account owner's own token, good for five years.
    pub access_token: String,
    pub uid: u64,
    pub screen_name: String,
    /// 安全域名 of the application, `host` or `host:port`; a post must link to one of them.
    pub safe_domains: Vec<String>,
    /// How many of the account's own posts `user_timeline` shows.
    #[serde(default = "default_timeline_visible")]
    pub timeline_visible: usize,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7090))
}

fn default_confirm_delay_ms() -> i64 {
    1_500
}

fn default_callback_limit_ms() -> u64 {
    5_000
}

fn default_refused_words() -> BTreeMap<String, u32> {
    [("演示广告", 10_001), ("演示时政", 20_001), ("演示侵权", 20_013)]
        .map(|(word, code)| (word.to_owned(), code))
        .into()
}

fn default_timeline_visible() -> usize {
    5
}

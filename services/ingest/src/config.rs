//! What this service is told at start. Reading it is `runtime::config`'s job.

use std::net::SocketAddr;
use std::path::PathBuf;

use database::DatabaseConfig;
use ids::AgencyId;
use listener::{Limits, Network};
use messaging::BusConfig;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use wechat::key::EncodingAesKey;

/// The section `[ingest]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where gRPC is served.
    pub grpc_listen: SocketAddr,
    /// Where the platforms' callbacks arrive, behind the proxy that ends TLS.
    pub http_listen: SocketAddr,
    /// How long the platforms are waited for, and how many connections there may be.
    #[serde(default)]
    pub http_limits: Limits,
    /// The proxies that stand before `http_listen`, as addresses or networks such as `10.0.0.0/8`: the connections of
    /// one of them are not counted as one address's.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// Where the public pages are, for the links in answers: `{site_base_url}/c/{clarification}`.
    pub site_base_url: Url,
    /// This service's own database.
    pub database: DatabaseConfig,
    /// The bus.
    pub bus: BusConfig,
    /// The key that callers' tokens are checked with, in hex.
    pub token_public_key: String,
    /// 32 bytes in hex. It wraps every reporter's key and makes their pseudonyms: without it nobody who wrote
    /// can be answered any more, so it is backed up apart from the database.
    pub master_key: SecretString,
    /// Events committed and not yet on the bus, above which new reports are refused; default 20 000.
    #[serde(default = "backlog_max")]
    pub backlog_max: u64,
    /// Reports that one client may bring in a minute; default 1 200. Imports are not counted here.
    #[serde(default = "client_reports_per_minute")]
    pub client_reports_per_minute: u32,
    /// Reports that one client may bring on a day; default 100 000. Imports are not counted here.
    #[serde(default = "client_reports_per_day")]
    pub client_reports_per_day: u32,
    /// Lines that one client may import on a day; default 1 000 000.
    #[serde(default = "client_lines_per_day")]
    pub client_lines_per_day: u32,
    /// The program that reads the words in pictures; default `tesseract`, wherever the system finds it. Where it
    /// is missing, pictures are kept and compared, and their words are not read.
    #[serde(default = "text_reader")]
    pub text_reader: PathBuf,
    /// The agencies that this installation serves.
    pub agencies: Vec<AgencyConfig>,
}

const fn backlog_max() -> u64 {
    20_000
}

const fn client_reports_per_minute() -> u32 {
    1_200
}

const fn client_reports_per_day() -> u32 {
    100_000
}

const fn client_lines_per_day() -> u32 {
    1_000_000
}

fn text_reader() -> PathBuf {
    PathBuf::from("tesseract")
}

/// One agency.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyConfig {
    /// The agency.
    pub agency_id: AgencyId,
    /// Its root public key in hex: the only reason to believe a signature.
    pub root_public_key: String,
    /// The oldest version of its policy that still counts; default 1. Raised when a policy is replaced, it ends the
    /// one before, whose signatures would be good for ever.
    #[serde(default = "policy_version_min")]
    pub policy_version_min: u64,
    /// Its Official Accounts.
    #[serde(default)]
    pub wechat: Vec<WechatConfig>,
}

/// One WeChat Official Account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatConfig {
    /// The account's slug, in the callback's path and in every record.
    pub account: String,
    /// AppID.
    pub app_id: String,
    /// AppSecret.
    pub app_secret: SecretString,
    /// The account's original id, `gh_…`: messages addressed to another account are not ours.
    pub original_id: String,
    /// The callback's token.
    pub token: SecretString,
    /// The callback's key.
    pub encoding_aes_key: EncodingAesKey,
    /// The key before the last rotation, while messages under it may still arrive.
    #[serde(default)]
    pub previous_encoding_aes_key: Option<EncodingAesKey>,
    /// How the platform was told to encrypt; default `safe`.
    #[serde(default)]
    pub mode: CallbackMode,
    /// The platform; default `https://api.weixin.qq.com`.
    #[serde(default = "wechat_base_url")]
    pub base_url: Url,
}

/// The platform's three ways to call back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackMode {
    /// 安全模式: ciphertext only.
    #[default]
    Safe,
    /// 兼容模式: both in one body; only the ciphertext is believed.
    Compatible,
    /// 明文模式: anyone who reads the traffic reads the citizens' words.
    Plain,
}

const fn policy_version_min() -> u64 {
    1
}

fn wechat_base_url() -> Url {
    // A constant of the connector, which its own tests parse.
    Url::parse(wechat::client::BASE_URL).expect("the platform's address is a URL")
}

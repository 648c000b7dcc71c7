//! What this service is told at start. Reading it is `runtime::config`'s job.

use std::net::{IpAddr, SocketAddr};

use database::DatabaseConfig;
use ids::AgencyId;
use listener::{Limits, Network};
use messaging::BusConfig;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// The section `[publish]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where gRPC is served.
    pub grpc_listen: SocketAddr,
    /// Where the public site is served, behind the proxy that ends TLS.
    pub site_listen: SocketAddr,
    /// How long readers are waited for, and how many connections there may be.
    #[serde(default)]
    pub site_limits: Limits,
    /// The proxies that stand before the site, as addresses or networks such as `10.0.0.0/8`: the connections of one of
    /// them are not counted as one address's.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// Where the public reaches the site; a page is at `{site_base_url}/c/{clarification}`.
    pub site_base_url: Url,
    /// This service's own database.
    pub database: DatabaseConfig,
    /// The bus.
    pub bus: BusConfig,
    /// The key that callers' tokens are checked with, in hex.
    pub token_public_key: String,
    /// The agencies that this installation serves.
    pub agencies: Vec<AgencyConfig>,
}

/// One agency.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyConfig {
    /// The agency.
    pub agency_id: AgencyId,
    /// Its name, as the public site shows it.
    pub name: String,
    /// Its root public key in hex: the only reason to believe a signature.
    pub root_public_key: String,
    /// The oldest version of its policy that still counts; default 1. Raised when a policy is replaced, it ends the
    /// one before, whose signatures would be good for ever.
    #[serde(default = "policy_version_min")]
    pub policy_version_min: u64,
    /// Its Official Accounts.
    #[serde(default)]
    pub wechat: Vec<WechatConfig>,
    /// Its microblog accounts.
    #[serde(default)]
    pub weibo: Vec<WeiboConfig>,
}

/// One WeChat Official Account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatConfig {
    /// The account's slug, in every record.
    pub account: String,
    /// Its name, for officers.
    pub display_name: String,
    /// AppID.
    pub app_id: String,
    /// AppSecret.
    pub app_secret: SecretString,
    /// The platform; default `https://api.weixin.qq.com`.
    #[serde(default = "wechat_base_url")]
    pub base_url: Url,
    /// Mass pushes a day (Beijing time); default 1, which is what a verified 公众号 has.
    #[serde(default = "daily_push_quota")]
    pub daily_push_quota: u32,
}

/// One microblog account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeiboConfig {
    /// The account's slug, in every record.
    pub account: String,
    /// Its name, for officers.
    pub display_name: String,
    /// The token that the account granted.
    pub access_token: SecretString,
    /// The account's number on the platform.
    pub uid: i64,
    /// The platform; default `https://api.weibo.com`.
    #[serde(default = "weibo_base_url")]
    pub base_url: Url,
    /// The address that posts are made from, which the platform wants to be told (`rip`).
    pub operator_ip: IpAddr,
}

const fn policy_version_min() -> u64 {
    1
}

const fn daily_push_quota() -> u32 {
    1
}

fn wechat_base_url() -> Url {
    // A constant of the connector, which its own tests parse.
    Url::parse(wechat::client::BASE_URL).expect("the platform's address is a URL")
}

fn weibo_base_url() -> Url {
    // A constant of the connector, which its own tests parse.
    Url::parse(weibo::client::BASE_URL).expect("the platform's address is a URL")
}

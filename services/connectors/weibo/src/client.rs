//! The calls to the platform that the clarification desk makes. None is ever
//! repeated here.
//!
//! The account's budget is the caller's to share out: 100 calls a day of all
//! kinds and 30 posts an hour, except `rate_limit_status`, which is free.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::codes::{self, Class};
use crate::error::CallError;
use crate::post::{Destroyed, NewPost, Post, ShareOutcome, Timeline, TimelineQuery, integer};
use crate::wire::{self, Answer, Operation};

/// Where the platform is.
pub const BASE_URL: &str = "https://api.weibo.com";

const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

const SHARE: Operation = Operation { method: "POST", path: "/2/statuses/share.json" };
const DESTROY: Operation = Operation { method: "POST", path: "/2/statuses/destroy.json" };
const USER_TIMELINE: Operation = Operation { method: "GET", path: "/2/statuses/user_timeline.json" };
const RATE_LIMIT_STATUS: Operation = Operation { method: "GET", path: "/2/account/rate_limit_status.json" };

/// The answer to deleting or reading a post that is not there.
const NO_SUCH_POST: i64 = 20101;

/// Builds the HTTP client to use here: it repeats nothing and follows no
/// redirect, because either could publish twice.
///
/// # Errors
/// If the TLS set-up of the machine cannot be read.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    // Fails only if the process has a provider already, which then is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
}

/// One account at the platform, through one app.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
    access_token: Arc<SecretString>,
}

/// What is left of the hour's or day's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub user_limit: i64,
    pub remaining_user_hits: i64,
    pub ip_limit: i64,
    pub remaining_ip_hits: i64,
    /// Until the counters start anew.
    pub reset_time_seconds: Option<i64>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("host", &self.base_url.host_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// `base_url` is scheme, host and port; the platform's own is [`BASE_URL`].
    pub fn new(http: reqwest::Client, base_url: Url, access_token: SecretString) -> Self {
        Self { http, base_url, access_token: Arc::new(access_token) }
    }

    /// Publishes one post. There is no idempotency key: see [`ShareOutcome`]
    /// for what is known afterwards.
    pub async fn share(&self, post: &NewPost, deadline: Duration) -> ShareOutcome {
        let status = post.status();
        let operator_ip = post.operator_ip.to_string();
        // Encoded once, as a form: encoding beforehand publishes garbage.
        let request = self.post(SHARE, &[("status", status.as_str()), ("rip", operator_ip.as_str())]);
        let answer = match wire::exchange(request, SHARE, Instant::now() + deadline).await {
            Ok(answer) => answer,
            Err(error) => return error.into(),
        };
        match answer {
            Answer::Failure { code, .. } if is_published_late(code) => ShareOutcome::PublishedLate,
            answer => match answer.success() {
                Ok(body) => Post::of(&body)
                    .map_or_else(|| wire::unreadable("no post id").into(), ShareOutcome::Published),
                Err(error) => error.into(),
            },
        }
    }

    /// Shows the account's own newest posts.
    ///
    /// # Errors
    /// Any of them means only that nothing was read.
    pub async fn user_timeline(
        &self,
        query: &TimelineQuery,
        deadline: Duration,
    ) -> Result<Timeline, CallError> {
        let mut parameters = vec![("base_app", i32::from(query.this_app_only).to_string())];
        parameters.extend(query.uid.map(|uid| ("uid", uid.to_string())));
        parameters.extend(query.since_id.map(|since_id| ("since_id", since_id.to_string())));
        let body = self.read(USER_TIMELINE, &parameters, deadline).await?;
        Timeline::of(&body).ok_or_else(|| wire::unreadable("no list of posts"))
    }

    /// Deletes one of the account's own posts.
    ///
    /// # Errors
    /// After `Ambiguous` it may be gone; deleting again does no harm.
    pub async fn destroy(&self, id: i64, deadline: Duration) -> Result<Destroyed, CallError> {
        let request = self.post(DESTROY, &[("id", id.to_string().as_str())]);
        let answer = wire::exchange(request, DESTROY, Instant::now() + deadline).await?;
        match answer.success() {
            Ok(_) => Ok(Destroyed::Now),
            Err(CallError::Refused { code: NO_SUCH_POST, .. }) => Ok(Destroyed::AlreadyGone),
            Err(error) => Err(error),
        }
    }

    /// Asks what is left of the counters; costs nothing itself.
    ///
    /// # Errors
    /// Any of them means only that nothing was read.
    pub async fn rate_limit_status(&self, deadline: Duration) -> Result<RateLimit, CallError> {
        let body = self.read(RATE_LIMIT_STATUS, &[], deadline).await?;
        let field = |name: &str| body.get(name).and_then(integer);
        let needed = |name: &str| field(name).ok_or_else(|| wire::unreadable("a counter is missing"));
        Ok(RateLimit {
            user_limit: needed("user_limit")?,
            remaining_user_hits: needed("remaining_user_hits")?,
            ip_limit: needed("ip_limit")?,
            remaining_ip_hits: needed("remaining_ip_hits")?,
            reset_time_seconds: field("reset_time_in_seconds"),
        })
    }

    async fn read(
        &self,
        operation: Operation,
        parameters: &[(&str, String)],
        deadline: Duration,
    ) -> Result<Value, CallError> {
        let mut address = self.address(operation);
        address
            .query_pairs_mut()
            .append_pair("access_token", self.access_token.expose_secret())
            .extend_pairs(parameters);
        let answer = wire::exchange(self.http.get(address), operation, Instant::now() + deadline).await?;
        answer.success()
    }

    /// In a write the token goes in the body, where fewer logs keep it.
    fn post(&self, operation: Operation, parameters: &[(&str, &str)]) -> RequestBuilder {
        let token = [("access_token", self.access_token.expose_secret())];
        let form: Vec<(&str, &str)> = token.into_iter().chain(parameters.iter().copied()).collect();
        self.http.post(self.address(operation)).form(&form)
    }

    fn address(&self, operation: Operation) -> Url {
        let mut address = self.base_url.clone();
        address.set_path(operation.path);
        address
    }
}

fn is_published_late(code: i64) -> bool {
    codes::of(code).is_some_and(|entry| entry.class == Class::PublishedLate)
}

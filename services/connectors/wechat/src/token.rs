//! The access token: one per client, from `stable_token`, renewed five
//! minutes before its end.
//!
//! `stable_token` without force gives every caller the same token, so
//! several processes may use one account without knowing of each other; that
//! is why nothing is shared or stored here.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::error::{CallError, Wait};
use crate::wire::{self, Answer};

const PATH: &str = "/cgi-bin/stable_token";

/// In the last five minutes the platform gives a new token while the old one
/// still holds.
const RENEW_BEFORE_END: Duration = Duration::from_secs(300);

/// One fetch takes no longer, whatever the deadline of the call that needs it.
const FETCH_TIME_MAX: Duration = Duration::from_secs(10);

/// An access token as handed out.
#[derive(Clone)]
pub struct AccessToken(Arc<SecretString>);

/// Fetches, keeps and renews the token of one account.
pub struct Tokens {
    http: Client,
    address: Url,
    app_id: String,
    app_secret: SecretString,
    current: Mutex<Option<Held>>,
}

struct Held {
    token: AccessToken,
    renew_at: Instant,
}

impl AccessToken {
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Tokens {
    pub fn new(http: Client, base_url: &Url, app_id: String, app_secret: SecretString) -> Self {
        let mut address = base_url.clone();
        address.set_path(PATH);
        Self { http, address, app_id, app_secret, current: Mutex::new(None) }
    }

    /// Gives the token, fetching it if need be.
    ///
    /// # Errors
    /// Never `Unknown`: without a token the call that needs it was not made.
    pub async fn get(&self, end: Instant) -> Result<AccessToken, CallError> {
        let locked = timeout_at(end, self.current.lock()).await;
        // Held across the request on purpose: this is the single flight.
        // Whoever is dropped while fetching leaves the lock to the next.
        let mut current =
            locked.map_err(|_| wire::not_sent("the access token did not come in time".to_owned()))?;
        if let Some(held) = current.as_ref().filter(|held| Instant::now() < held.renew_at) {
            return Ok(held.token.clone());
        }
        let held = self.fetch(end.min(Instant::now() + FETCH_TIME_MAX)).await?;
        let token = held.token.clone();
        *current = Some(held);
        Ok(token)
    }

    /// Forgets `token` because the platform refused it; another caller may
    /// have renewed it already.
    pub async fn forget(&self, token: &AccessToken, end: Instant) {
        if let Ok(mut current) = timeout_at(end, self.current.lock()).await
            && current.as_ref().is_some_and(|held| Arc::ptr_eq(&held.token.0, &token.0))
        {
            *current = None;
        }
    }

    async fn fetch(&self, end: Instant) -> Result<Held, CallError> {
        let body = json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.app_secret.expose_secret(),
            "force_refresh": false,
        });
        let request = self.http.post(self.address.clone()).json(&body);
        let asked_at = Instant::now();
        let answer = wire::exchange(request, PATH, end).await.map_err(without_effect)?;
        if answer.code != 0 {
            return Err(refusal(answer));
        }
        let token = answer.needed("access_token").map_err(without_effect)?;
        let lifetime = answer.integer("expires_in").and_then(|seconds| u64::try_from(seconds).ok());
        let lifetime =
            Duration::from_secs(lifetime.ok_or_else(|| without_effect(wire::missing("expires_in")))?);
        Ok(Held {
            token: AccessToken(Arc::new(SecretString::from(token))),
            renew_at: asked_at + lifetime.saturating_sub(RENEW_BEFORE_END),
        })
    }
}

/// A refusal of the token request itself: there 40001 means a wrong secret,
/// and everything that is not a matter of time needs a person.
fn refusal(answer: Answer) -> CallError {
    let Answer { code, message, .. } = answer;
    match CallError::of_code(code, message.clone()) {
        not_now @ CallError::NotNow { .. } => not_now,
        CallError::Unknown { .. } => CallError::NotNow { code: Some(code), message, wait: Wait::Moments },
        CallError::Refused { .. } | CallError::Credentials { .. } => CallError::Credentials { code, message },
    }
}

/// Fetching a token has no effect that could be in doubt.
fn without_effect(error: CallError) -> CallError {
    match error {
        CallError::Unknown { cause } => CallError::NotNow {
            code: None,
            message: format!("no access token: {cause}"),
            wait: Wait::Moments,
        },
        certain @ (CallError::Refused { .. } | CallError::NotNow { .. } | CallError::Credentials { .. }) => {
            certain
        }
    }
}

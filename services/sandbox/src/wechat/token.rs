//! Access tokens: `token`, which replaces, and `stable_token`, which repeats.
//! The two know nothing of each other.

use serde::Deserialize;
use serde_json::json;

use super::{
    api::{self, Answer},
    refusal::Refusal,
    state::{Token, TokenSource, WechatChange},
};
use crate::{
    beijing::{self, MINUTE_MS},
    call::Call,
    random,
    store::Transaction,
};

const LIFETIME_MS: i64 = 7_200_000;
const RENEWAL_MS: i64 = 5 * MINUTE_MS;
const FORCED_APART_MS: i64 = 30_000;
const FORCED_PER_DAY: usize = 20;

#[derive(Deserialize)]
struct StableTokenBody {
    grant_type: Option<String>,
    appid: Option<String>,
    secret: Option<String>,
    #[serde(default)]
    force_refresh: bool,
}

/// `GET /cgi-bin/token`: always a new one; the one before dies in five minutes.
pub fn plain(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    check_credentials(tx, call.parameter("grant_type"), call.parameter("appid"), call.parameter("secret"))?;
    Ok(issue(tx, TokenSource::Token, false))
}

/// `POST /cgi-bin/stable_token`: the same one until five minutes before its end.
pub fn stable(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: StableTokenBody = api::body(call)?;
    check_credentials(tx, body.grant_type.as_deref(), body.appid.as_deref(), body.secret.as_deref())?;
    let now_ms = tx.now_ms;
    let wechat = &tx.world.wechat;
    let current = wechat.tokens.iter().rev().find(|token| {
        token.source == TokenSource::StableToken
            && token.dead_from_ms.is_none()
            && token.expires_ms - now_ms >= RENEWAL_MS
    });
    let repeat = current.map(|token| answer(token, now_ms));
    if body.force_refresh {
        let today = |forced_ms: &&i64| beijing::day(**forced_ms) == beijing::day(now_ms);
        if wechat.forced_refreshes.iter().filter(today).count() >= FORCED_PER_DAY {
            return Err(Refusal::code(45_009));
        }
        let too_soon = wechat.forced_refreshes.last().is_some_and(|last| now_ms - last < FORCED_APART_MS);
        if !too_soon {
            return Ok(issue(tx, TokenSource::StableToken, true));
        }
    }
    Ok(repeat.unwrap_or_else(|| issue(tx, TokenSource::StableToken, false)))
}

/// Checks the token of a call.
///
/// # Errors
/// 41001 without one, 40001 when unknown or replaced, 42001 when expired.
pub fn check(tx: &Transaction<'_>, call: &Call) -> Result<(), Refusal> {
    let value = call.query.get("access_token").filter(|value| !value.is_empty());
    let value = value.ok_or(Refusal::code(41_001))?;
    let token = tx.world.wechat.tokens.iter().find(|token| token.value == *value);
    match token {
        Some(token) if !token.is_latest(tx.now_ms) => Err(Refusal::code(40_001)),
        Some(token) if token.expires_ms <= tx.now_ms => Err(Refusal::code(42_001)),
        Some(_) => Ok(()),
        None => Err(Refusal::code(40_001)),
    }
}

fn check_credentials(
    tx: &Transaction<'_>,
    grant_type: Option<&str>,
    app_id: Option<&str>,
    secret: Option<&str>,
) -> Result<(), Refusal> {
    let account = &tx.store.config.wechat;
    match (grant_type, app_id, secret) {
        (Some("client_credential"), Some(app_id), Some(_)) if app_id != account.app_id => {
            Err(Refusal::code(40_013))
        }
        (Some("client_credential"), Some(_), Some(secret)) if secret != account.app_secret => {
            Err(Refusal::code(40_125))
        }
        (Some("client_credential"), Some(_), Some(_)) => Ok(()),
        (Some("client_credential"), None, _) => Err(Refusal::code(41_002)),
        (Some("client_credential"), _, None) => Err(Refusal::code(41_004)),
        _ => Err(Refusal::code(40_002)),
    }
}

fn issue(tx: &mut Transaction<'_>, source: TokenSource, forced: bool) -> serde_json::Value {
    let value = format!("98_{}", random::identifier(133));
    let expires_ms = tx.now_ms + LIFETIME_MS;
    tx.record(WechatChange::TokenIssued { value: value.clone(), source, expires_ms, forced });
    json!({ "access_token": value, "expires_in": LIFETIME_MS / 1000 })
}

fn answer(token: &Token, now_ms: i64) -> serde_json::Value {
    json!({ "access_token": token.value, "expires_in": (token.expires_ms - now_ms) / 1000 })
}

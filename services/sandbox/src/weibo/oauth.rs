//! OAuth2 for the one account: codes, tokens, and what a token is good for. The
//! consent page is skipped: whoever asks is the owner.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{api::Answer, refusal::Refusal, state::WeiboChange};
use crate::{
    call::{self, Call},
    random,
    store::{Store, Transaction},
};

/// The application's owner keeps a token for five years.
const LIFETIME_SECONDS: i64 = 157_679_999;

#[derive(Deserialize)]
pub struct AuthorizeQuery {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
}

/// `GET /oauth2/authorize`: back to the application with a code.
pub async fn authorize(State(store): State<Arc<Store>>, Query(query): Query<AuthorizeQuery>) -> Response {
    const PATH: &str = "/oauth2/authorize";
    if query.client_id.as_deref() != Some(store.config.weibo.app_key.as_str()) {
        return Refusal::code(21_324).answer(PATH);
    }
    let Some(redirect_uri) = query.redirect_uri else { return Refusal::code(21_323).answer(PATH) };
    let Ok(mut target) = url::Url::parse(&redirect_uri) else { return Refusal::code(21_322).answer(PATH) };
    let code = random::alphanumeric(32);
    target.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = &query.state {
        target.query_pairs_mut().append_pair("state", state);
    }
    match store.transact(|tx| tx.record(WeiboChange::CodeGiven { code, redirect_uri })) {
        Ok(()) => Redirect::to(target.as_str()).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an OAuth code was not given");
            call::server_error()
        }
    }
}

/// `POST /oauth2/access_token`: a code, once, for a token.
pub fn access_token(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let account = &tx.store.config.weibo;
    let ours = call.parameter("client_id") == Some(account.app_key.as_str())
        && call.parameter("client_secret") == Some(account.app_secret.as_str());
    if !ours {
        return Err(Refusal::code(21_324));
    }
    if call.parameter("grant_type") != Some("authorization_code") {
        return Err(Refusal::code(21_328));
    }
    let code = call.parameter("code").ok_or(Refusal::code(21_323))?.to_owned();
    let given_to = tx.world.weibo.codes.get(&code).ok_or(Refusal::code(21_325))?;
    if call.parameter("redirect_uri") != Some(given_to.as_str()) {
        return Err(Refusal::code(21_322));
    }
    let uid = account.uid.to_string();
    let value = format!("2.00{}", random::alphanumeric(28));
    tx.record(WeiboChange::CodeUsed { code });
    let expires_ms = tx.now_ms + LIFETIME_SECONDS * 1000;
    tx.record(WeiboChange::TokenIssued { value: value.clone(), expires_ms });
    Ok(json!({
        "access_token": value,
        "remind_in": LIFETIME_SECONDS.to_string(),
        "expires_in": LIFETIME_SECONDS,
        "uid": uid,
        "isRealName": "true",
    }))
}

/// `POST /oauth2/get_token_info`.
pub fn token_info(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    check(tx, call)?;
    let account = &tx.store.config.weibo;
    let value = token_of(call);
    let token = tx.world.weibo.tokens.iter().find(|token| Some(token.value.as_str()) == value);
    let issued_ms = token.map_or(tx.now_ms, |token| token.issued_ms);
    let expires_ms = token.map_or(tx.now_ms + LIFETIME_SECONDS * 1000, |token| token.expires_ms);
    let appkey = account.app_key.parse::<u64>().map_or_else(|_| json!(account.app_key), |key| json!(key));
    Ok(json!({
        "uid": account.uid,
        "appkey": appkey,
        "scope": null,
        "create_at": issued_ms / 1000,
        "expire_in": (expires_ms - tx.now_ms) / 1000,
    }))
}

/// `POST /oauth2/revokeoauth2`. The configured token cannot be revoked: nothing could bring it back.
pub fn revoke(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    check(tx, call)?;
    let value = token_of(call).unwrap_or_default().to_owned();
    if value == tx.store.config.weibo.access_token {
        return Err(Refusal::code(10_014));
    }
    tx.record(WeiboChange::TokenRevoked { value });
    Ok(json!({ "result": "true" }))
}

/// Checks the token of a call.
///
/// # Errors
/// 10006 without one or with an unknown one, 21327 when expired, 21321 when revoked.
pub fn check(tx: &Transaction<'_>, call: &Call) -> Result<(), Refusal> {
    let value = token_of(call).ok_or(Refusal::code(10_006))?;
    if value == tx.store.config.weibo.access_token {
        return Ok(());
    }
    match tx.world.weibo.tokens.iter().find(|token| token.value == value) {
        Some(token) if token.revoked => Err(Refusal::code(21_321)),
        Some(token) if token.expires_ms <= tx.now_ms => Err(Refusal::code(21_327)),
        Some(_) => Ok(()),
        None => Err(Refusal::code(10_006)),
    }
}

/// The token as a parameter, or else in the header.
fn token_of(call: &Call) -> Option<&str> {
    let header = || call.authorization.as_deref()?.strip_prefix("OAuth2 ");
    call.parameter("access_token").or_else(header)
}

//! The table of WeChat's interfaces and the steps before each: known path,
//! right method, valid token, call counted, quota left, readable body. The
//! decision itself is the interface's own function.

use std::sync::Arc;

use axum::{
    Json,
    extract::{ConnectInfo, Request, State},
    http::{Method, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use Allowed::{Either, Get, Post};

use super::{audience, custom, draft, mass, material, quota, refusal::Refusal, state::WechatChange, token};
use crate::{
    call::{self, Call},
    cut::Peer,
    store::{Store, Transaction},
};

/// What an interface answers.
pub type Answer = Result<Value, Refusal>;

/// How an interface acts.
#[derive(Clone, Copy)]
pub enum Act {
    /// Answers JSON.
    Json(fn(&mut Transaction<'_>, &Call) -> Answer),
    /// Answers a file as it is; its refusals are JSON all the same.
    File(fn(&mut Transaction<'_>, &Call) -> Result<File, Refusal>),
}

/// A file that an interface gives.
pub struct File {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

enum Answered {
    Json(Value),
    File(File),
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        match self {
            Self::Json(value) => Json(value).into_response(),
            Self::File(File { content_type, bytes }) => {
                let headers = [
                    (header::CONTENT_TYPE, content_type),
                    (header::CONTENT_DISPOSITION, "attachment; filename=\"media\""),
                ];
                (headers, bytes).into_response()
            }
        }
    }
}

/// One interface.
pub struct Endpoint {
    pub path: &'static str,
    /// Its name in faults and counters.
    pub operation: &'static str,
    pub method: Allowed,
    pub needs_token: bool,
    /// Calls per Beijing day for a new account.
    pub daily_limit: u32,
    pub act: Act,
}

/// Methods an interface takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    Get,
    Post,
    Either,
}

/// Where no figure is published.
const PLENTY: u32 = 5_000_000;

const fn endpoint(
    path: &'static str,
    operation: &'static str,
    method: Allowed,
    daily_limit: u32,
    act: fn(&mut Transaction<'_>, &Call) -> Answer,
) -> Endpoint {
    Endpoint { path, operation, method, needs_token: true, daily_limit, act: Act::Json(act) }
}

/// Every interface there is.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "/cgi-bin/token",
        operation: "token",
        method: Either,
        needs_token: false,
        daily_limit: 2_000,
        act: Act::Json(token::plain),
    },
    Endpoint {
        path: "/cgi-bin/stable_token",
        operation: "stable_token",
        method: Post,
        needs_token: false,
        daily_limit: 500_000,
        act: Act::Json(token::stable),
    },
    endpoint("/cgi-bin/material/add_material", "add_material", Post, 1_000, material::add),
    endpoint("/cgi-bin/media/uploadimg", "uploadimg", Post, 100_000, material::upload_picture),
    endpoint("/cgi-bin/media/upload", "media_upload", Post, 100_000, material::upload),
    Endpoint {
        path: "/cgi-bin/media/get",
        operation: "media_get",
        method: Get,
        needs_token: true,
        daily_limit: 200_000,
        act: Act::File(material::get),
    },
    endpoint("/cgi-bin/draft/add", "draft_add", Post, 1_000, draft::add),
    endpoint("/cgi-bin/draft/get", "draft_get", Post, 500, draft::get),
    endpoint("/cgi-bin/draft/update", "draft_update", Post, 1_000, draft::update),
    endpoint("/cgi-bin/draft/delete", "draft_delete", Post, 1_000, draft::delete),
    endpoint("/cgi-bin/draft/count", "draft_count", Get, 1_000, draft::count),
    endpoint("/cgi-bin/draft/batchget", "draft_batchget", Post, 1_000, draft::batch_get),
    endpoint("/cgi-bin/message/mass/sendall", "sendall", Post, 100, mass::send_all),
    endpoint("/cgi-bin/message/mass/send", "mass_send", Post, 100, mass::send_openids),
    endpoint("/cgi-bin/message/mass/preview", "preview", Post, PLENTY, mass::preview),
    endpoint("/cgi-bin/message/mass/get", "mass_get", Post, PLENTY, mass::get),
    endpoint("/cgi-bin/message/mass/delete", "mass_delete", Post, 10, mass::delete),
    endpoint("/cgi-bin/message/custom/send", "custom_send", Post, 500_000, custom::send),
    endpoint("/cgi-bin/tags/get", "tags_get", Get, 1_000, audience::tags),
    endpoint("/cgi-bin/user/get", "user_get", Get, 500, audience::followers),
    endpoint("/cgi-bin/user/info", "user_info", Get, PLENTY, audience::follower),
    endpoint("/cgi-bin/openapi/quota/get", "quota_get", Post, PLENTY, quota::get),
    endpoint("/cgi-bin/clear_quota", "clear_quota", Post, PLENTY, quota::clear),
    endpoint("/cgi-bin/get_api_domain_ip", "get_api_domain_ip", Get, PLENTY, quota::addresses),
    endpoint("/cgi-bin/getcallbackip", "getcallbackip", Get, PLENTY, quota::addresses),
];

/// Answers every call under `/cgi-bin/`.
pub async fn serve(
    State(store): State<Arc<Store>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let call = match Call::read(request, &peer).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    let Some(endpoint) = ENDPOINTS.iter().find(|endpoint| endpoint.path == call.path) else {
        return Refusal::code(40_066).into_response();
    };
    let fault = store.faults.take_answer(endpoint.operation);
    let act = |circumstances| {
        let decided = store.transact(|tx| {
            tx.circumstances = circumstances;
            decide(tx, endpoint, &call)
        });
        match decided {
            Ok(Ok(answered)) => answered.into_response(),
            Ok(Err(refusal)) => refusal.into_response(),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a WeChat call was not answered");
                call::server_error()
            }
        }
    };
    call::answer(&peer, fault, act, |code| Refusal::code(code).into_response()).await
}

/// The body as JSON, refused the way the platform refuses.
pub fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    if call.body.is_empty() {
        return Err(Refusal::code(44_002));
    }
    if has_escaped_characters(&call.body) {
        return Err(Refusal::code(40_033));
    }
    call.json().map_err(|_| Refusal::code(47_001))
}

fn decide(tx: &mut Transaction<'_>, endpoint: &Endpoint, call: &Call) -> Result<Answered, Refusal> {
    match (endpoint.method, &call.method) {
        (Get, method) if method != Method::GET => return Err(Refusal::code(43_001)),
        (Post, method) if method != Method::POST => return Err(Refusal::code(43_002)),
        _ => {}
    }
    if endpoint.needs_token {
        token::check(tx, call)?;
    }
    if tx.world.wechat.calls_today(endpoint.operation, tx.now_ms) >= endpoint.daily_limit {
        return Err(Refusal::code(45_009));
    }
    tx.record(WechatChange::Called { operation: endpoint.operation.to_owned() });
    match endpoint.act {
        Act::Json(act) => act(tx, call).map(Answered::Json),
        Act::File(act) => act(tx, call).map(Answered::File),
    }
}

/// The platform wants Chinese as it is; `\u4f60` is turned down, while the
/// escapes of control characters that JSON itself demands are not.
fn has_escaped_characters(body: &[u8]) -> bool {
    let mut position = 0;
    while position + 6 <= body.len() {
        if body[position] != b'\\' {
            position += 1;
            continue;
        }
        if body[position + 1] == b'u' {
            let digits = std::str::from_utf8(&body[position + 2..position + 6]).ok();
            if digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).is_some_and(|code| code > 0x7f)
            {
                return true;
            }
        }
        position += 2;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_escaped_characters;

    #[test]
    fn only_escapes_of_characters_beyond_ascii_are_turned_down() {
        assert!(has_escaped_characters(br#"{"title":"\u6f84"}"#));
        assert!(!has_escaped_characters(br#"{"title":"\u0007 \\u6f84"}"#));
        assert!(!has_escaped_characters("{\"title\":\"澄清\"}".as_bytes()));
    }
}

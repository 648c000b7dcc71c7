//! The table of Weibo's interfaces and the steps before each: known path, right
//! method, valid token, quota left, call counted.

use std::sync::Arc;

use axum::{
    Json,
    extract::{ConnectInfo, Request, State},
    http::Method,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use Group::{Oauth, Open, Uncounted};

use super::{account, oauth, refusal::Refusal, state::WeiboChange, status};
use crate::{
    call::{self, Call},
    cut::Peer,
    store::{Store, Transaction},
};

/// What an interface answers.
pub type Answer = Result<Value, Refusal>;

/// Calls per day of one user through one application, all interfaces together.
pub const CALLS_PER_DAY: u32 = 100;
/// Calls per hour from one address.
pub const CALLS_PER_HOUR: u32 = 15_000;

struct Endpoint {
    path: &'static str,
    operation: &'static str,
    post: bool,
    group: Group,
    act: fn(&mut Transaction<'_>, &Call) -> Answer,
}

/// What an interface asks for and counts against.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Needs a token, uses the day's calls.
    Open,
    /// Needs a token, uses nothing.
    Uncounted,
    /// Checks its own credentials.
    Oauth,
}

const fn endpoint(
    path: &'static str,
    operation: &'static str,
    post: bool,
    group: Group,
    act: fn(&mut Transaction<'_>, &Call) -> Answer,
) -> Endpoint {
    Endpoint { path, operation, post, group, act }
}

const POST: bool = true;
const GET: bool = false;

static ENDPOINTS: &[Endpoint] = &[
    endpoint("/oauth2/access_token", "access_token", POST, Oauth, oauth::access_token),
    endpoint("/oauth2/get_token_info", "get_token_info", POST, Oauth, oauth::token_info),
    endpoint("/oauth2/revokeoauth2", "revokeoauth2", POST, Oauth, oauth::revoke),
    endpoint("/2/statuses/share.json", "share", POST, Open, status::share),
    endpoint("/2/statuses/user_timeline.json", "user_timeline", GET, Open, status::user_timeline),
    endpoint("/2/statuses/show.json", "show", GET, Open, status::show),
    endpoint("/2/statuses/destroy.json", "destroy", POST, Open, status::destroy),
    endpoint("/2/account/rate_limit_status.json", "rate_limit_status", GET, Uncounted, account::rate_limit),
    endpoint("/2/account/get_uid.json", "get_uid", GET, Open, account::uid),
    endpoint("/2/users/show.json", "users_show", GET, Open, account::user),
];

/// Names of the interfaces, as faults use them.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ENDPOINTS.iter().map(|endpoint| endpoint.operation)
}

/// Answers every call under `/2/` and `/oauth2/`.
pub async fn serve(
    State(store): State<Arc<Store>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let call = match Call::read(request, &peer).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    let path = call.path.clone();
    let Some(endpoint) = ENDPOINTS.iter().find(|endpoint| endpoint.path == path) else {
        return Refusal::code(10_020).answer(&path);
    };
    let fault = store.faults.take_answer(endpoint.operation);
    let act = |circumstances| {
        let decided = store.transact(|tx| {
            tx.circumstances = circumstances;
            decide(tx, endpoint, &call)
        });
        match decided {
            Ok(Ok(answer)) => Json(answer).into_response(),
            Ok(Err(refusal)) => refusal.answer(&path),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a Weibo call was not answered");
                call::server_error()
            }
        }
    };
    call::answer(&peer, fault, act, |code| Refusal::code(code).answer(&path)).await
}

fn decide(tx: &mut Transaction<'_>, endpoint: &Endpoint, call: &Call) -> Answer {
    let expected = if endpoint.post { Method::POST } else { Method::GET };
    if call.method != expected {
        return Err(Refusal::code(10_021));
    }
    if endpoint.group != Oauth {
        oauth::check(tx, call)?;
    }
    let caller = call.caller.to_string();
    if endpoint.group == Open {
        if tx.world.weibo.calls_this_hour(&caller, tx.now_ms) >= CALLS_PER_HOUR {
            return Err(Refusal::code(10_022));
        }
        if tx.world.weibo.calls_today(tx.now_ms) >= CALLS_PER_DAY {
            return Err(Refusal::code(10_023));
        }
    }
    let operation = endpoint.operation.to_owned();
    tx.record(WeiboChange::Called { operation, counted: endpoint.group == Open, caller });
    (endpoint.act)(tx, call)
}

//! The control interface: what demonstrations and tests do to the imitated
//! world from outside it, and the log that they count in. No platform has any
//! of this, and no connector may use it.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    app::Site,
    config::AccountKind,
    fault::FaultOrder,
    store::JournalFailed,
    wechat::{
        self,
        citizen::{self, Outgoing, Sent},
        mass, material,
        state::{Job, WechatChange},
    },
    weibo::{self, state::WeiboChange},
    world::LogEntry,
};

const CITIZENS_MAX: usize = 10_000;
const LOG_PAGE: usize = 1_000;

/// A request of the control interface that cannot be done.
pub struct Failed {
    status: StatusCode,
    reason: String,
}

impl Failed {
    fn bad(reason: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason: reason.to_owned() }
    }

    fn unknown(reason: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, reason: reason.to_owned() }
    }

    fn stopping() -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, reason: "the sandbox is stopping".to_owned() }
    }
}

impl From<JournalFailed> for Failed {
    fn from(error: JournalFailed) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a control request was not carried out");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, reason: error.to_string() }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.reason }))).into_response()
    }
}

type Done = Result<Json<Value>, Failed>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitizensBody {
    #[serde(default = "one")]
    count: usize,
    /// As if each had just written.
    #[serde(default)]
    open_window: bool,
    name: Option<String>,
    #[serde(default)]
    tags: Vec<u32>,
}

/// Adds followers, without the event of their following.
pub async fn citizens(State(site): State<Site>, Json(body): Json<CitizensBody>) -> Done {
    if body.count > CITIZENS_MAX {
        return Err(Failed::bad("at most 10000 citizens at a time"));
    }
    let citizens = site.store.transact(|tx| {
        let mut joined = Vec::with_capacity(body.count);
        for _ in 0..body.count {
            let citizen = citizen::join(tx, body.name.clone(), body.tags.clone());
            if body.open_window {
                tx.record(WechatChange::WindowOpened { openid: citizen.openid.clone() });
            }
            joined.push(json!({ "openid": citizen.openid, "name": citizen.name }));
        }
        joined
    })?;
    Ok(Json(json!({ "citizens": citizens })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageBody {
    openid: String,
    #[serde(default)]
    content: String,
    #[serde(default = "text")]
    msg_type: String,
    /// Further elements of the message's XML by name.
    #[serde(default)]
    media: BTreeMap<String, String>,
}

/// Writes a message as a citizen and waits for what comes back.
pub async fn messages(State(site): State<Site>, Json(body): Json<MessageBody>) -> Done {
    let outgoing = Outgoing { msg_type: body.msg_type, content: body.content, elements: body.media };
    let sent = site.store.transact(|tx| citizen::write(tx, &body.openid, &outgoing))?;
    let sent = sent.ok_or_else(|| Failed::unknown("no such citizen, or no such element name"))?;
    push(&site, sent).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaQuery {
    /// `image` or `voice`.
    kind: String,
}

/// Takes a file off a citizen's phone; `messages` can then name its `media_id`. The body is the file, whatever
/// it is.
pub async fn media(State(site): State<Site>, Query(query): Query<MediaQuery>, body: Bytes) -> Done {
    if !matches!(query.kind.as_str(), "image" | "voice") {
        return Err(Failed::bad("kind is image or voice"));
    }
    let kept = site.store.transact(|tx| material::hand_in(tx, &query.kind, &body))?;
    let media_id = kept.map_err(|error| Failed {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        reason: format!("the file cannot be written: {error}"),
    })?;
    Ok(Json(json!({ "media_id": media_id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedeliverBody {
    #[serde(deserialize_with = "id")]
    msg_id: u64,
}

/// Pushes a citizen's message again, with the same `MsgId` and everything around it fresh.
pub async fn redeliver(State(site): State<Site>, Json(body): Json<RedeliverBody>) -> Done {
    let sent = site.store.read(|world, _| {
        let written = world.wechat.written.get(&body.msg_id)?;
        Some(Sent { msg_id: Some(body.msg_id), openid: written.openid.clone(), xml: written.xml.clone() })
    });
    push(&site, sent.ok_or_else(|| Failed::unknown("no such message"))?).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowBody {
    openid: String,
    follows: bool,
}

/// Lets a citizen follow or unfollow, with the event.
pub async fn follow(State(site): State<Site>, Json(body): Json<FollowBody>) -> Done {
    let sent = site.store.transact(|tx| citizen::follow(tx, &body.openid, body.follows))?;
    push(&site, sent.ok_or_else(|| Failed::unknown("no such citizen"))?).await
}

#[derive(Deserialize)]
pub struct LogQuery {
    #[serde(default)]
    after: usize,
}

/// What was shown to the public and to citizens, in order, a thousand at a time.
pub async fn log(State(site): State<Site>, Query(query): Query<LogQuery>) -> Json<Value> {
    let entries: Vec<LogEntry> =
        site.store.read(|world, _| world.log.iter().skip(query.after).take(LOG_PAGE).cloned().collect());
    Json(json!({ "entries": entries }))
}

/// Queues faults.
pub async fn order_faults(State(site): State<Site>, Json(order): Json<FaultOrder>) -> Done {
    let known = wechat::api::ENDPOINTS
        .iter()
        .map(|endpoint| endpoint.operation)
        .chain(weibo::api::operations())
        .chain(std::iter::once("callback"))
        .any(|operation| operation == order.operation);
    if !known {
        return Err(Failed::unknown("no such operation"));
    }
    site.store.faults.order(&order).map_err(Failed::bad)?;
    Ok(Json(json!({ "queued": order.count })))
}

/// Forgets the faults that wait.
pub async fn clear_faults(State(site): State<Site>) -> Json<Value> {
    site.store.faults.clear();
    Json(json!({}))
}

/// Quotas, calls, jobs and drafts.
pub async fn state(State(site): State<Site>) -> Json<Value> {
    Json(site.store.read(|world, now_ms| {
        let (account, wechat, weibo) = (&site.store.config.wechat, &world.wechat, &world.weibo);
        let (limit, used) = match account.kind {
            AccountKind::Subscription => (1, wechat.mass_today(now_ms)),
            AccountKind::Service => (4, wechat.mass_this_month(now_ms)),
        };
        let job = |job: &Job| {
            json!({
                "msg_id": job.msg_id,
                "clientmsgid": job.key,
                "status": job.status,
                "awaits_administrator": job.awaits_administrator,
                "result": job.result.as_ref().map(|result| &result.status),
                "result_pushed": job.result_pushed,
            })
        };
        json!({
            "now": crate::beijing::rfc3339(now_ms),
            "log_length": world.log.len(),
            "wechat": {
                "mass_quota": { "limit": limit, "used": used, "remain": u32::saturating_sub(limit, used) },
                "calls": wechat.calls_ever,
                "jobs": wechat.jobs.values().map(job).collect::<Vec<_>>(),
                "drafts": wechat.drafts.len(),
                "citizens": wechat.contacts.len(),
                "callback_url": wechat.callback_url.as_ref().unwrap_or(&account.callback_url),
            },
            "weibo": {
                "calls": weibo.calls_ever,
                "calls_today": weibo.calls_today(now_ms),
                "posts_last_hour": weibo.posts_last_hour(now_ms),
                "posts_visible": weibo.visible(now_ms).count(),
            },
        })
    }))
}

/// Gives both platforms' allowances back.
pub async fn reset_quota(State(site): State<Site>) -> Done {
    site.store.transact(|tx| {
        tx.record(WechatChange::QuotaReset);
        tx.record(WeiboChange::QuotaReset);
    })?;
    Ok(Json(json!({})))
}

/// Makes every WeChat token invalid at once, as a forced refresh elsewhere would.
pub async fn expire_tokens(State(site): State<Site>) -> Done {
    site.store.transact(|tx| tx.record(WechatChange::TokensRevoked))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdministratorBody {
    #[serde(deserialize_with = "id")]
    msg_id: u64,
    consents: bool,
}

/// The administrator's tap on the phone, for a job that waits for it.
pub async fn administrator(State(site): State<Site>, Json(body): Json<AdministratorBody>) -> Done {
    let AdministratorBody { msg_id, consents } = body;
    let decided = site.store.transact(|tx| {
        let waits = tx.world.wechat.jobs.get(&msg_id).is_some_and(|job| job.awaits_administrator);
        if waits && consents {
            let due_ms = tx.now_ms + tx.store.config.wechat.confirm_delay_ms;
            tx.record(WechatChange::AdministratorConsented { msg_id, due_ms });
        } else if waits {
            mass::refuse(tx, msg_id);
        }
        waits
    })?;
    if decided {
        Ok(Json(json!({})))
    } else {
        Err(Failed::unknown("no such job waits for the administrator"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackBody {
    url: String,
}

/// Points the callbacks somewhere else, as the console's configuration page does.
pub async fn move_callback(State(site): State<Site>, Json(body): Json<CallbackBody>) -> Done {
    let web = url::Url::parse(&body.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !web {
        return Err(Failed::bad("url must begin with http:// or https://"));
    }
    site.store.transact(|tx| tx.record(WechatChange::CallbackMoved { url: body.url }))?;
    Ok(Json(json!({})))
}

/// Sends the GET with `echostr`.
pub async fn verify_callback(State(site): State<Site>) -> Json<Value> {
    Json(json!(site.pusher.verify().await))
}

async fn push(site: &Site, sent: Sent) -> Done {
    let started = Instant::now();
    let msg_id = sent.msg_id.map(|msg_id| msg_id.to_string());
    let pushed = site.postbox.push(sent).await.ok_or_else(Failed::stopping)?;
    Ok(Json(json!({
        "msg_id": msg_id,
        "reply": pushed.reply,
        "outcome": pushed.outcome,
        "deliveries": pushed.deliveries,
        "elapsed_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })))
}

fn one() -> usize {
    1
}

fn text() -> String {
    "text".to_owned()
}

/// Ids come as text or as numbers.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let read = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    read.ok_or_else(|| serde::de::Error::custom("an id is a number"))
}

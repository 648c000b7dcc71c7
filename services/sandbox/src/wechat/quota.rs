//! What the account may still call, and the addresses that the platform calls from.

use serde::Deserialize;
use serde_json::json;

use super::{
    api::{self, Answer, ENDPOINTS},
    refusal::Refusal,
    state::WechatChange,
};
use crate::{beijing, call::Call, store::Transaction};

const CLEARS_PER_MONTH: u32 = 10;

#[derive(Deserialize)]
struct PathBody {
    #[serde(default)]
    cgi_path: String,
}

#[derive(Deserialize)]
struct AppBody {
    appid: Option<String>,
}

/// `POST /cgi-bin/openapi/quota/get`.
pub fn get(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: PathBody = api::body(call)?;
    if !body.cgi_path.starts_with('/') {
        return Err(Refusal::code(76_003));
    }
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.path == body.cgi_path);
    let endpoint = endpoint.ok_or(Refusal::code(76_021))?;
    let used = tx.world.wechat.calls_today(endpoint.operation, tx.now_ms);
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "quota": {
            "daily_limit": endpoint.daily_limit,
            "used": used,
            "remain": endpoint.daily_limit.saturating_sub(used),
        },
    }))
}

/// `POST /cgi-bin/clear_quota`: ten times a month; the mass-send allowance stays used.
pub fn clear(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let body: AppBody = api::body(call)?;
    let app_id = body.appid.ok_or(Refusal::code(41_002))?;
    if app_id != tx.store.config.wechat.app_id {
        return Err(Refusal::code(40_013));
    }
    let month = beijing::month(tx.now_ms);
    if tx.world.wechat.quota_clears.get(&month).copied().unwrap_or(0) >= CLEARS_PER_MONTH {
        return Err(Refusal::code(48_006));
    }
    tx.record(WechatChange::ApiQuotaCleared);
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

/// `GET /cgi-bin/get_api_domain_ip` and `GET /cgi-bin/getcallbackip`.
pub fn addresses(tx: &mut Transaction<'_>, _call: &Call) -> Answer {
    Ok(json!({ "ip_list": [tx.store.config.listen.ip().to_string()] }))
}

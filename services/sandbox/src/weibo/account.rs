//! The account itself, and what it may still call.

use serde_json::{Value, json};

use super::{
    api::{Answer, CALLS_PER_DAY, CALLS_PER_HOUR},
    refusal::Refusal,
};
use crate::{beijing, call::Call, store::Transaction};

/// `GET /2/account/get_uid.json`.
pub fn uid(tx: &mut Transaction<'_>, _call: &Call) -> Answer {
    Ok(json!({ "uid": tx.store.config.weibo.uid }))
}

/// `GET /2/users/show.json`: the owner only.
pub fn user(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let account = &tx.store.config.weibo;
    let own = call.number::<u64>("uid") == Some(account.uid)
        || call.parameter("screen_name") == Some(account.screen_name.as_str());
    if own { Ok(render(tx)) } else { Err(Refusal::code(20_003)) }
}

/// `GET /2/account/rate_limit_status.json`, which itself costs nothing.
pub fn rate_limit(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let weibo = &tx.world.weibo;
    let reset_ms = beijing::next_day_start_ms(tx.now_ms);
    let remaining_ip_hits =
        CALLS_PER_HOUR.saturating_sub(weibo.calls_this_hour(&call.caller.to_string(), tx.now_ms));
    Ok(json!({
        "ip_limit": CALLS_PER_HOUR,
        "limit_time_unit": "HOURS",
        "remaining_ip_hits": remaining_ip_hits,
        "remaining_user_hits": CALLS_PER_DAY.saturating_sub(weibo.calls_today(tx.now_ms)),
        "reset_time": beijing::plain(reset_ms),
        "reset_time_in_seconds": (reset_ms - tx.now_ms) / 1000,
        "user_limit": CALLS_PER_DAY,
        "api_rate_limits": [],
    }))
}

/// The account as posts and `users/show` give it: a government account.
pub fn render(tx: &Transaction<'_>) -> Value {
    let account = &tx.store.config.weibo;
    json!({
        "id": account.uid,
        "idstr": account.uid.to_string(),
        "screen_name": account.screen_name,
        "name": account.screen_name,
        "verified": true,
        "verified_type": 1,
        "statuses_count": tx.world.weibo.visible(tx.now_ms).count(),
        "profile_url": format!("u/{}", account.uid),
    })
}

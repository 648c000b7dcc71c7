//! Followers and tags, as far as a sender looks at them. The account's tags are fixed.

use serde_json::{Value, json};

use super::{api::Answer, refusal::Refusal};
use crate::{call::Call, store::Transaction};

const TAGS: &[(u32, &str)] = &[(2, "星标组"), (100, "辟谣订阅")];
const PAGE: usize = 10_000;

/// `GET /cgi-bin/tags/get`.
pub fn tags(tx: &mut Transaction<'_>, _call: &Call) -> Answer {
    let count = |tag: u32| {
        let tagged =
            |contact: &&super::state::Contact| contact.citizen.follows && contact.citizen.tags.contains(&tag);
        tx.world.wechat.contacts.values().filter(tagged).count()
    };
    let tags: Vec<Value> =
        TAGS.iter().map(|(id, name)| json!({ "id": id, "name": name, "count": count(*id) })).collect();
    Ok(json!({ "tags": tags }))
}

/// `GET /cgi-bin/user/get`: up to 10 000 followers behind `next_openid`.
pub fn followers(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let after = call.parameter("next_openid").unwrap_or_default();
    let following = || {
        tx.world
            .wechat
            .contacts
            .values()
            .filter(|contact| contact.citizen.follows)
            .map(|contact| contact.citizen.openid.as_str())
    };
    let page: Vec<&str> = following().filter(|openid| *openid > after).take(PAGE).collect();
    Ok(json!({
        "total": following().count(),
        "count": page.len(),
        "data": { "openid": page },
        "next_openid": page.last().copied().unwrap_or_default(),
    }))
}

/// `GET /cgi-bin/user/info`. Names and pictures are not given since the end of 2021.
pub fn follower(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let contact = call.parameter("openid").and_then(|openid| tx.world.wechat.contacts.get(openid));
    let contact = contact.ok_or(Refusal::code(40_003))?;
    let citizen = &contact.citizen;
    if !citizen.follows {
        return Ok(json!({ "subscribe": 0, "openid": citizen.openid }));
    }
    Ok(json!({
        "subscribe": 1,
        "openid": citizen.openid,
        "language": "zh_CN",
        "subscribe_time": contact.followed_ms / 1000,
        "remark": "",
        "groupid": 0,
        "tagid_list": citizen.tags,
        "subscribe_scene": "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": "",
    }))
}

/// The tag of that id, if the account has it.
pub fn known_tag(id: u64) -> Option<u32> {
    TAGS.iter().map(|(tag, _)| *tag).find(|tag| u64::from(*tag) == id)
}

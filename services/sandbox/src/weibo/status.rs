//! Posts: sharing one, and reading and destroying the account's own.

use serde_json::{Value, json};

use super::{
    account,
    api::Answer,
    refusal::Refusal,
    state::{Link, Post, WeiboChange},
    text,
};
use crate::{
    beijing,
    call::Call,
    random,
    store::Transaction,
    wechat::material::{picture_address, picture_type},
    world::{Shown, ShownKind},
};

const POSTS_PER_HOUR: usize = 30;
const PICTURE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Texts are compared with the posts of the last hour.
const SIMILAR_WITHIN_MS: i64 = beijing::HOUR_MS;

/// `POST /2/statuses/share.json`.
pub fn share(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let status = call.parameter("status").ok_or(Refusal::code(20_008))?.to_owned();
    if call.parameter("rip").is_none() {
        return Err(Refusal::because(10_016, "miss required parameter (rip) , see doc for more info."));
    }
    let account = &tx.store.config.weibo;
    if account.safe_domains.is_empty() {
        return Err(Refusal::because(10_017, "appkey not bind domain!"));
    }
    let links = text::links(&status);
    if !links.iter().any(|link| text::is_on(&status[link.start..link.end], &account.safe_domains)) {
        return Err(Refusal::because(10_017, "text not find domain!"));
    }
    if status.matches('#').count() > 1 && has_topic(&status) {
        return Err(Refusal::because(10_017, "parameter (status)'s value invalid, topics are not allowed"));
    }
    if text::weighted_length(&status) > text::LENGTH_MAX {
        return Err(Refusal::code(20_012));
    }
    let weibo = &tx.world.weibo;
    if weibo.posts_last_hour(tx.now_ms) >= POSTS_PER_HOUR {
        return Err(Refusal::code(20_016));
    }
    if weibo.posts.last().is_some_and(|post| post.status == status) {
        return Err(Refusal::code(20_019));
    }
    let recent = weibo.posts.iter().rev().take_while(|post| tx.now_ms - post.created_ms < SIMILAR_WITHIN_MS);
    let essence = text::essence(&status);
    if recent.filter(|post| !post.deleted).any(|post| text::essence(&post.status) == essence) {
        return Err(Refusal::code(20_017));
    }
    let id = next_id(weibo.posts.last().map(|post| post.id), tx.now_ms);
    let picture = keep_picture(tx, call, id)?;
    let (text, links) = shorten(&status, &links);
    let (now_ms, hidden_ms) = (tx.now_ms, tx.circumstances.hidden_ms);
    let post = Post {
        id,
        status,
        text,
        links,
        picture,
        created_ms: now_ms,
        visible_ms: now_ms.saturating_add(hidden_ms),
        deleted: false,
    };
    let answer = render(tx, &post, false);
    tx.record(shown(tx, &post, ShownKind::WeiboPost));
    tx.record(WeiboChange::Published { post });
    Ok(answer)
}

/// `GET /2/statuses/user_timeline.json`: the owner's newest few, whatever was asked for.
pub fn user_timeline(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let account = &tx.store.config.weibo;
    let own = match (call.number::<u64>("uid"), call.parameter("screen_name")) {
        (Some(uid), _) => uid == account.uid,
        (None, Some(name)) => name == account.screen_name,
        (None, None) => true,
    };
    let shown: Vec<&Post> = match own {
        true => tx.world.weibo.visible(tx.now_ms).take(account.timeline_visible).collect(),
        false => Vec::new(),
    };
    if shown.is_empty() {
        // Seen in the field: no object at all when there is nothing.
        return Ok(json!([]));
    }
    let since_id = call.number::<u64>("since_id").unwrap_or(0);
    let max_id = call.number::<u64>("max_id").filter(|id| *id > 0).unwrap_or(u64::MAX);
    let count = call.number::<usize>("count").unwrap_or(20).clamp(1, 100);
    let page = call.number::<usize>("page").unwrap_or(1).max(1);
    let trim_user = call.parameter("trim_user") == Some("1");
    let statuses: Vec<Value> = shown
        .iter()
        .filter(|post| post.id > since_id && post.id <= max_id)
        .skip((page - 1).saturating_mul(count))
        .take(count)
        .map(|post| render(tx, post, trim_user))
        .collect();
    Ok(json!({
        "statuses": statuses,
        "hasvisible": false,
        "previous_cursor": 0,
        "next_cursor": 0,
        "total_number": tx.world.weibo.visible(tx.now_ms).count(),
        "since_id": 0,
        "max_id": 0,
        "interval": 0,
        "ad": [],
        "advertises": [],
    }))
}

/// `GET /2/statuses/show.json`.
pub fn show(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let id = call.number::<u64>("id").ok_or(Refusal::code(20_109))?;
    let post = tx.world.weibo.visible(tx.now_ms).find(|post| post.id == id);
    Ok(render(tx, post.ok_or(Refusal::code(20_101))?, false))
}

/// `POST /2/statuses/destroy.json`.
pub fn destroy(tx: &mut Transaction<'_>, call: &Call) -> Answer {
    let id = call.number::<u64>("id").ok_or(Refusal::code(20_109))?;
    let post = tx.world.weibo.post(id).ok_or(Refusal::code(20_101))?.clone();
    let answer = render(tx, &post, false);
    tx.record(shown(tx, &post, ShownKind::WeiboDeleted));
    tx.record(WeiboChange::Destroyed { id });
    Ok(answer)
}

fn shown(tx: &Transaction<'_>, post: &Post, kind: ShownKind) -> Shown {
    Shown {
        kind,
        account: tx.store.config.weibo.uid.to_string(),
        openid: None,
        title: None,
        text: post.status.clone(),
        url: post.links.first().map(|link| link.long.clone()),
        platform_id: post.id.to_string(),
        more: Vec::new(),
    }
}

fn render(tx: &Transaction<'_>, post: &Post, trim_user: bool) -> Value {
    let account = &tx.store.config.weibo;
    let url_objects: Vec<Value> = post
        .links
        .iter()
        .map(|link| {
            json!({
                "url_ori": link.short,
                "url_short": link.short,
                "url_long": link.long,
                "info": { "url_short": link.short, "url_long": link.long, "type": 0, "result": true },
            })
        })
        .collect();
    let picture = post.picture.as_ref().map(|media_id| picture_address(&tx.store.public_url, media_id));
    let mut status = unchanging();
    for (field, value) in [
        ("created_at", json!(beijing::weibo(post.created_ms))),
        ("id", json!(post.id)),
        ("idstr", json!(post.id.to_string())),
        ("mid", json!(post.id.to_string())),
        ("text", json!(post.text)),
        ("textLength", json!(text::weighted_length(&post.status) * 2)),
        ("pic_urls", picture.iter().map(|url| json!({ "thumbnail_pic": url })).collect()),
        ("pic_num", json!(picture.iter().count())),
        ("url_objects", Value::from(url_objects)),
    ] {
        status[field] = value;
    }
    if let Some(picture) = picture {
        for size in ["thumbnail_pic", "bmiddle_pic", "original_pic"] {
            status[size] = Value::from(picture.clone());
        }
    }
    status["user"] = match trim_user {
        true => json!({ "id": account.uid, "idstr": account.uid.to_string() }),
        false => account::render(tx),
    };
    status
}

/// Fields that clients may look for and that say nothing here.
fn unchanging() -> Value {
    json!({
        "can_edit": false,
        "source_allowclick": 0,
        "source_type": 1,
        "source": "<a href=\"http://weibo.com\" rel=\"nofollow\">演示应用</a>",
        "favorited": false,
        "truncated": false,
        "in_reply_to_status_id": "",
        "in_reply_to_user_id": "",
        "in_reply_to_screen_name": "",
        "geo": null,
        "is_paid": false,
        "mblog_vip_type": 0,
        "reposts_count": 0,
        "comments_count": 0,
        "attitudes_count": 0,
        "pending_approval_count": 0,
        "isLongText": false,
        "hide_flag": 0,
        "mlevel": 0,
        "visible": { "type": 0, "list_id": 0 },
        "biz_feature": 0,
        "mblogtype": 0,
        "userType": 0,
        "more_info_type": 0,
        "content_auth": 0,
        "gif_ids": "",
        "is_show_bulletin": 2,
    })
}

/// Replaces every link by a short one.
fn shorten(status: &str, spans: &[text::LinkSpan]) -> (String, Vec<Link>) {
    let mut text = String::with_capacity(status.len());
    let mut links = Vec::new();
    let mut from = 0;
    for span in spans {
        let short = format!("http://t.cn/{}", random::alphanumeric(7));
        text.push_str(&status[from..span.start]);
        text.push_str(&short);
        links.push(Link { short, long: status[span.start..span.end].to_owned() });
        from = span.end;
    }
    text.push_str(&status[from..]);
    (text, links)
}

/// `#…#` outside links.
fn has_topic(status: &str) -> bool {
    let mut words = status.to_owned();
    for span in text::links(status).into_iter().rev() {
        words.replace_range(span.start..span.end, "");
    }
    words.matches('#').count() > 1
}

fn keep_picture(tx: &mut Transaction<'_>, call: &Call, id: u64) -> Result<Option<String>, Refusal> {
    let Some(file) = call.files.get("pic").filter(|file| !file.bytes.is_empty()) else { return Ok(None) };
    match picture_type(&file.bytes) {
        Some("image/jpeg" | "image/png" | "image/gif") => {}
        _ => return Err(Refusal::code(20_005)),
    }
    if file.bytes.len() >= PICTURE_BYTES_MAX {
        return Err(Refusal::code(20_006));
    }
    let media_id = format!("weibo-{id}");
    if let Err(error) = tx.keep_file(&media_id, &file.bytes) {
        tracing::error!(error = &error as &dyn std::error::Error, "a post's picture was not kept");
        return Err(Refusal::code(10_001));
    }
    Ok(Some(media_id))
}

/// Sixteen digits: seconds of the platform's own epoch, shifted, as theirs are.
fn next_id(last: Option<u64>, now_ms: i64) -> u64 {
    const EPOCH_SECONDS: i64 = 515_483_463;
    let time = (now_ms / 1000 - EPOCH_SECONDS).unsigned_abs() << 22;
    let fresh = time | u64::from(rand::random::<u32>() & 0x3f_ffff);
    last.map_or(fresh, |last| fresh.max(last + 1))
}

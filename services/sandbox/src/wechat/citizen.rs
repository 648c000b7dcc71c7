//! What people do with their phones: follow, unfollow, write. Composes the XML
//! that the account's server will be sent.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::state::{Bubble, Citizen, WechatChange};
use crate::{random, store::Transaction, xml::cdata};

const SURNAMES: &[&str] =
    &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱"];
const TITLES: &[&str] = &["女士", "先生", "阿姨", "师傅", "同学", "大爷", "老师"];

/// A message to be sent from a phone.
pub struct Outgoing {
    /// `text`, `image`, `voice`, `video`, `location`, `link` or `event`.
    pub msg_type: String,
    pub content: String,
    /// Elements of the message by name, over the type's usual ones.
    pub elements: BTreeMap<String, String>,
}

/// A message on its way to the account's server.
pub struct Sent {
    /// `None` for an event.
    pub msg_id: Option<u64>,
    pub openid: String,
    pub xml: String,
}

/// Adds a follower and gives the new openid.
pub fn join(tx: &mut Transaction<'_>, name: Option<String>, tags: Vec<u32>) -> Citizen {
    let count = tx.world.wechat.contacts.len();
    let name = name.unwrap_or_else(|| {
        let surname = SURNAMES[count % SURNAMES.len()];
        let title = TITLES[count / SURNAMES.len() % TITLES.len()];
        format!("演示·{surname}{title}{}", count + 1)
    });
    let citizen = Citizen { openid: format!("o{}", random::identifier(27)), name, follows: true, tags };
    tx.record(WechatChange::CitizenJoined { citizen: citizen.clone() });
    citizen
}

/// Writes a message on the phone and composes its callback. `None` when there
/// is no such citizen or an element's name is none.
pub fn write(tx: &mut Transaction<'_>, openid: &str, outgoing: &Outgoing) -> Option<Sent> {
    tx.world.wechat.contacts.get(openid)?;
    let names_are_sound =
        |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !outgoing.elements.keys().all(names_are_sound) {
        return None;
    }
    let is_event = outgoing.msg_type == "event";
    let mut elements = usual_elements(&outgoing.msg_type, &outgoing.content);
    elements.extend(outgoing.elements.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut xml = opening(tx, openid, &outgoing.msg_type);
    for (name, value) in &elements {
        let _ = write!(xml, "<{name}>{}</{name}>", cdata(value));
    }
    if is_event {
        xml.push_str("</xml>");
        return Some(Sent { msg_id: None, openid: openid.to_owned(), xml });
    }
    let msg_id = next_msg_id(tx);
    let _ = write!(xml, "<MsgId>{msg_id}</MsgId></xml>");
    tx.record(WechatChange::CitizenWrote {
        openid: openid.to_owned(),
        msg_id,
        xml: xml.clone(),
        bubble: Bubble::Mine(own_words(outgoing, &elements)),
    });
    Some(Sent { msg_id: Some(msg_id), openid: openid.to_owned(), xml })
}

/// Follows or unfollows the account and composes the event.
pub fn follow(tx: &mut Transaction<'_>, openid: &str, follows: bool) -> Option<Sent> {
    tx.world.wechat.contacts.get(openid)?;
    tx.record(WechatChange::FollowChanged { openid: openid.to_owned(), follows });
    let event = if follows { "subscribe" } else { "unsubscribe" };
    let mut xml = opening(tx, openid, "event");
    let _ = write!(xml, "<Event>{}</Event><EventKey>{}</EventKey></xml>", cdata(event), cdata(""));
    Some(Sent { msg_id: None, openid: openid.to_owned(), xml })
}

fn opening(tx: &Transaction<'_>, openid: &str, msg_type: &str) -> String {
    format!(
        "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime><MsgType>{}</MsgType>",
        cdata(&tx.store.config.wechat.original_id),
        cdata(openid),
        tx.now_ms / 1000,
        cdata(msg_type),
    )
}

fn usual_elements(msg_type: &str, content: &str) -> BTreeMap<String, String> {
    let elements: &[(&str, &str)] = match msg_type {
        "text" => &[("Content", content)],
        "image" => &[("PicUrl", "http://mmbiz.qpic.cn/demo/0"), ("MediaId", "DEMO-IMAGE")],
        "voice" => {
            &[("MediaId", "DEMO-8K"), ("Format", "amr"), ("Recognition", ""), ("MediaId16K", "DEMO-16K")]
        }
        "video" | "shortvideo" => &[("MediaId", "DEMO-VIDEO"), ("ThumbMediaId", "DEMO-THUMB")],
        "location" => {
            &[("Location_X", "30.274"), ("Location_Y", "120.155"), ("Scale", "15"), ("Label", content)]
        }
        "link" => &[("Title", content), ("Description", ""), ("Url", "http://mp.weixin.qq.com/s/demo")],
        _ => &[],
    };
    elements.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn own_words(outgoing: &Outgoing, elements: &BTreeMap<String, String>) -> String {
    let of = |name: &str| elements.get(name).map(String::as_str).unwrap_or_default();
    match outgoing.msg_type.as_str() {
        "text" => of("Content").to_owned(),
        "image" => "［图片］".to_owned(),
        "voice" => "［语音］".to_owned(),
        "video" | "shortvideo" => "［视频］".to_owned(),
        "location" => format!("［位置］{}", of("Label")),
        "link" => format!("［链接］{}", of("Title")),
        other => format!("［{other}］"),
    }
}

/// Seventeen digits, rising, and never again after a fresh start: servers
/// remember them for long.
fn next_msg_id(tx: &Transaction<'_>) -> u64 {
    let last = tx.world.wechat.written.keys().next_back().copied().unwrap_or(0);
    (last + 1).max(tx.now_ms.unsigned_abs() * 10_000)
}

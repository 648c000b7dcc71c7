//! Reads what the account's server answers to a callback, the way the platform
//! does: strictly, because a citizen would see the fault notice.

use super::{
    crypto::Envelope,
    state::{Bubble, Wechat},
};
use crate::xml::{self, Element};

const TEXT_BYTES_MAX: usize = 2_048;

/// What an answer to a callback means.
pub enum Reply {
    /// `success` or nothing: taken, no words for the citizen.
    Taken,
    /// Something for the citizen.
    Shown(Bubble),
    /// Nothing the platform understands.
    Unusable,
}

/// Who a reply must be between.
pub struct Parties<'a> {
    pub openid: &'a str,
    pub original_id: &'a str,
}

/// Reads one body.
pub fn read(body: &str, envelope: &Envelope, parties: &Parties<'_>, wechat: &Wechat, now_ms: i64) -> Reply {
    let body = body.trim();
    if body.is_empty() || body == "success" {
        return Reply::Taken;
    }
    let Some(outer) = xml::parse(body) else { return Reply::Unusable };
    let inner = match outer.text_of("Encrypt") {
        None => Some(outer),
        Some(sealed) => open(&outer, sealed, envelope),
    };
    let message = inner.and_then(|inner| shown(&inner, parties, wechat, now_ms));
    message.unwrap_or(Reply::Unusable)
}

fn open(outer: &Element, sealed: &str, envelope: &Envelope) -> Option<Element> {
    let expected = envelope.sign(&[outer.text_of("TimeStamp")?, outer.text_of("Nonce")?, sealed]);
    if outer.text_of("MsgSignature")? != expected {
        return None;
    }
    xml::parse(&envelope.open(sealed)?)
}

fn shown(reply: &Element, parties: &Parties<'_>, wechat: &Wechat, now_ms: i64) -> Option<Reply> {
    let swapped = reply.text_of("ToUserName")? == parties.openid
        && reply.text_of("FromUserName")? == parties.original_id
        && reply.text_of("CreateTime")?.trim().parse::<i64>().is_ok();
    if !swapped {
        return None;
    }
    match reply.text_of("MsgType")? {
        "text" => {
            let content = reply.text_of("Content")?;
            let fits = !content.is_empty() && content.len() <= TEXT_BYTES_MAX;
            fits.then(|| Reply::Shown(Bubble::Theirs(content.to_owned())))
        }
        "image" => {
            let media_id = reply.child("Image")?.text_of("MediaId")?;
            let known = wechat.has_file(media_id, now_ms);
            known.then(|| Reply::Shown(Bubble::Picture(media_id.to_owned())))
        }
        "news" => {
            let alone = reply.text_of("ArticleCount")?.trim() == "1";
            let item = reply.child("Articles")?.child("item").filter(|_| alone)?;
            Some(Reply::Shown(Bubble::Card {
                title: item.text_of("Title")?.to_owned(),
                summary: item.text_of("Description").unwrap_or_default().to_owned(),
                url: item.text_of("Url")?.to_owned(),
            }))
        }
        "transfer_customer_service" => Some(Reply::Taken),
        _ => None,
    }
}

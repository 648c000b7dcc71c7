//! The passive text reply: the answer to a message in the body of its own
//! callback. What it says is the caller's business.

use thiserror::Error;

use crate::message::Message;
use crate::signature;
use crate::xml;

/// A longer Content makes the citizen see the platform's fault notice.
pub const CONTENT_BYTES_MAX: usize = 2047;

/// A text answer, addressed back to the sender of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextReply {
    to_user: String,
    from_user: String,
    create_time: i64,
    content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a passive reply may have {bytes_max} bytes, this has {bytes}")]
pub struct ReplyTooLong {
    pub bytes: usize,
    pub bytes_max: usize,
}

impl TextReply {
    /// Addresses `content` to the sender of `answered`. `create_time` is in
    /// seconds since 1970.
    ///
    /// # Errors
    /// If `content` is longer than the platform delivers.
    pub fn new(answered: &Message, create_time: i64, content: &str) -> Result<Self, ReplyTooLong> {
        if content.len() > CONTENT_BYTES_MAX {
            return Err(ReplyTooLong { bytes: content.len(), bytes_max: CONTENT_BYTES_MAX });
        }
        Ok(Self {
            to_user: answered.from_user.clone(),
            from_user: answered.to_user.clone(),
            create_time,
            content: content.to_owned(),
        })
    }

    pub fn create_time(&self) -> i64 {
        self.create_time
    }

    /// The plain XML: the response body in plain mode, the content of the
    /// envelope otherwise.
    pub fn to_xml(&self) -> String {
        format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime>\
             <MsgType><![CDATA[text]]></MsgType><Content>{}</Content></xml>",
            xml::cdata(&self.to_user),
            xml::cdata(&self.from_user),
            self.create_time,
            xml::cdata(&self.content),
        )
    }
}

/// Wraps an encrypted reply and signs it.
pub fn envelope(token: &str, timestamp: i64, nonce: &str, encrypted: &str) -> String {
    let signature = signature::of_message(token, &timestamp.to_string(), nonce, encrypted);
    format!(
        "<xml><Encrypt>{}</Encrypt><MsgSignature>{}</MsgSignature><TimeStamp>{timestamp}</TimeStamp><Nonce>{}</Nonce></xml>",
        xml::cdata(encrypted),
        xml::cdata(&signature),
        xml::cdata(nonce),
    )
}

#[cfg(test)]
mod tests {
    use super::{ReplyTooLong, TextReply};
    use crate::message::{Incoming, Message};
    use crate::xml;

    fn question() -> Message {
        Message {
            to_user: "gh_7f083739789a".into(),
            from_user: "oCitizen".into(),
            create_time: 1_763_769_600,
            msg_id: Some(1),
            incoming: Incoming::Text { content: "真的吗".into() },
        }
    }

    #[test]
    fn a_reply_goes_back_to_the_sender_with_its_text_intact() {
        let content = "<b>&amp;]]>\n已收到";
        let root =
            xml::parse(TextReply::new(&question(), 1_763_769_601, content).unwrap().to_xml().as_bytes())
                .unwrap();
        assert_eq!(root.text_of("ToUserName"), Some("oCitizen"));
        assert_eq!(root.text_of("FromUserName"), Some("gh_7f083739789a"));
        assert_eq!(root.text_of("CreateTime"), Some("1763769601"));
        assert_eq!(root.text_of("MsgType"), Some("text"));
        assert_eq!(root.text_of("Content"), Some(content));
    }

    #[test]
    fn the_limit_is_in_bytes() {
        let longest = format!("{}a", "澄".repeat(682));
        assert!(TextReply::new(&question(), 0, &longest).is_ok());
        let refused = TextReply::new(&question(), 0, &format!("{longest}a"));
        assert_eq!(refused, Err(ReplyTooLong { bytes: 2048, bytes_max: 2047 }));
    }
}

//! The callback address: the platform's check of the URL, and the messages
//! that it pushes.
//!
//! The order is fixed: signature, then decryption, then XML. Nothing of an
//! unsigned body is interpreted beyond finding its ciphertext. Time window,
//! duplicates and answers are the caller's.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use thiserror::Error;

use crate::cipher::{self, CipherError};
use crate::key::EncodingAesKey;
use crate::message::{Message, MessageError};
use crate::reply::{self, TextReply};
use crate::signature;
use crate::xml::{self, XmlError};

/// A longer body is refused unread; limit the HTTP server to the same.
pub const BODY_BYTES_MAX: usize = xml::BYTES_MAX;

/// The response body that accepts a message without replying to it.
pub const SUCCESS: &str = "success";

/// How one account's callbacks are signed and encrypted.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    pub token: SecretString,
    pub app_id: String,
    pub aes_key: EncodingAesKey,
    /// The key before the last change in the console; the platform goes on
    /// using it for a while.
    #[serde(default)]
    pub previous_aes_key: Option<EncodingAesKey>,
    /// Accepts bodies in plain mode (明文模式), whose content no signature
    /// covers. Off by default: then only the ciphertext of safe mode (安全)
    /// and compatible mode (兼容) counts, and clear fields beside it are ignored.
    #[serde(default)]
    pub plain_accepted: bool,
}

/// The query of a callback, as sent; any part may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Query {
    pub signature: Option<String>,
    pub timestamp: Option<String>,
    pub nonce: Option<String>,
    pub echostr: Option<String>,
    pub encrypt_type: Option<String>,
    pub msg_signature: Option<String>,
    pub openid: Option<String>,
}

/// A message whose signature held.
#[derive(Debug, Clone)]
pub struct OpenedMessage {
    pub message: Message,
    /// The signed time of this delivery, in seconds since 1970; a redelivery
    /// carries a new one.
    pub timestamp: i64,
    /// The key that opened the message, which seals the reply; none in plain
    /// mode.
    key: Option<EncodingAesKey>,
}

/// Why a callback was not opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallbackError {
    #[error("the query has no usable {0}")]
    Parameter(&'static str),
    #[error("the signature does not match")]
    Signature,
    #[error("the message came in plain mode, which this account does not accept")]
    PlainRefused,
    #[error("the body is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
    #[error("the envelope cannot be read")]
    Envelope(#[source] XmlError),
    #[error("the envelope has no Encrypt element")]
    NothingEncrypted,
    #[error("the message cannot be decrypted")]
    Cipher(#[source] CipherError),
    #[error("the message cannot be read")]
    Xml(#[source] XmlError),
    #[error("the message is incomplete")]
    Message(#[source] MessageError),
}

impl CallbackError {
    /// Says whether the signature held: then the platform sent something
    /// that we cannot read, which is worth keeping. Otherwise anybody may
    /// have sent it.
    pub fn is_authentic(&self) -> bool {
        match self {
            Self::Cipher(_) | Self::Xml(_) | Self::Message(_) => true,
            Self::Parameter(_)
            | Self::Signature
            | Self::PlainRefused
            | Self::TooLong
            | Self::Envelope(_)
            | Self::NothingEncrypted => false,
        }
    }
}

impl Query {
    /// The signed time, for the window check that follows a matching
    /// signature.
    pub fn timestamp_seconds(&self) -> Option<i64> {
        self.timestamp.as_deref()?.parse().ok()
    }

    fn is_encrypted(&self) -> bool {
        self.encrypt_type.as_deref().is_some_and(|kind| !kind.is_empty() && kind != "raw")
    }
}

impl OpenedMessage {
    /// Writes the response body that carries `reply`: encrypted with the key
    /// that opened the message, or plain if the message came plain.
    pub fn seal(&self, channel: &Channel, reply: &TextReply) -> String {
        let Some(key) = &self.key else {
            return reply.to_xml();
        };
        let encrypted = cipher::encrypt(key, &channel.app_id, reply.to_xml().as_bytes(), rand::random());
        let nonce = hex::encode(rand::random::<[u8; 8]>());
        reply::envelope(channel.token.expose_secret(), reply.create_time(), &nonce, &encrypted)
    }
}

/// Answers the platform's check of the URL: gives the `echostr` that must be
/// the whole response body.
///
/// # Errors
/// If a parameter is missing or the signature is not ours.
pub fn verify_url(query: &Query, channel: &Channel) -> Result<String, CallbackError> {
    check_url_signature(query, channel)?;
    parameter(&query.echostr, "echostr").map(str::to_owned)
}

/// Checks, decrypts and reads one pushed message.
///
/// # Errors
/// See [`CallbackError::is_authentic`] for what they mean.
pub fn open(query: &Query, body: &[u8], channel: &Channel) -> Result<OpenedMessage, CallbackError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(CallbackError::TooLong);
    }
    let (clear, key) = if query.is_encrypted() {
        let (clear, key) = decrypt(query, body, channel)?;
        (clear, Some(key))
    } else if channel.plain_accepted {
        check_url_signature(query, channel)?;
        (body.to_vec(), None)
    } else {
        return Err(CallbackError::PlainRefused);
    };
    let timestamp = query.timestamp_seconds().ok_or(CallbackError::Parameter("timestamp"))?;
    let root = xml::parse(&clear).map_err(CallbackError::Xml)?;
    let message = Message::try_from(&root).map_err(CallbackError::Message)?;
    Ok(OpenedMessage { message, timestamp, key })
}

fn decrypt(
    query: &Query,
    body: &[u8],
    channel: &Channel,
) -> Result<(Vec<u8>, EncodingAesKey), CallbackError> {
    let envelope = xml::parse(body).map_err(CallbackError::Envelope)?;
    let encrypted = envelope.text_of("Encrypt").ok_or(CallbackError::NothingEncrypted)?;
    let expected = signature::of_message(
        channel.token.expose_secret(),
        parameter(&query.timestamp, "timestamp")?,
        parameter(&query.nonce, "nonce")?,
        encrypted,
    );
    if !signature::matches(&expected, parameter(&query.msg_signature, "msg_signature")?) {
        return Err(CallbackError::Signature);
    }
    let current = cipher::decrypt(&channel.aes_key, &channel.app_id, encrypted);
    match (current, &channel.previous_aes_key) {
        (Ok(clear), _) => Ok((clear, channel.aes_key.clone())),
        (Err(error), None) => Err(CallbackError::Cipher(error)),
        (Err(error), Some(previous)) => cipher::decrypt(previous, &channel.app_id, encrypted)
            .map(|clear| (clear, previous.clone()))
            .map_err(|_| CallbackError::Cipher(error)),
    }
}

fn check_url_signature(query: &Query, channel: &Channel) -> Result<(), CallbackError> {
    let expected = signature::of_url(
        channel.token.expose_secret(),
        parameter(&query.timestamp, "timestamp")?,
        parameter(&query.nonce, "nonce")?,
    );
    if signature::matches(&expected, parameter(&query.signature, "signature")?) {
        Ok(())
    } else {
        Err(CallbackError::Signature)
    }
}

fn parameter<'query>(
    value: &'query Option<String>,
    name: &'static str,
) -> Result<&'query str, CallbackError> {
    value.as_deref().filter(|value| !value.is_empty()).ok_or(CallbackError::Parameter(name))
}

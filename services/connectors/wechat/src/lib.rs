//! The WeChat Official Account platform (微信公众平台) as a wire protocol:
//! callbacks in, passive replies and API calls out.
//!
//! It types, signs, encrypts and names what can go wrong. It deliberately
//! decides nothing: it repeats no call (except once with a fresh access
//! token, which the platform refused before doing anything), keeps no
//! record, reads no clock for a decision and knows no database. The caller
//! checks the time window of a callback, removes duplicates and chooses what
//! to do about an unknown outcome.

pub mod callback;
pub mod cipher;
pub mod client;
pub mod codes;
pub mod download;
pub mod draft;
pub mod error;
pub mod key;
pub mod mass;
pub mod media;
pub mod message;
pub mod reply;
pub mod signature;
pub mod xml;

mod token;
mod wire;

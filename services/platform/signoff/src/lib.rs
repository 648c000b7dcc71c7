//! What people sign, and how anyone checks it: canonical documents, Ed25519 signatures over their exact bytes,
//! one function that says whether a bundle may be spoken, evidence of one that was, and the box that keeps a
//! person's key.
//!
//! The encoding is written down in `ENCODING.md`, with test vectors, so that another implementation can verify
//! the same evidence. This crate reads no clock, database, configuration or network, and it decides nothing
//! about windows, quotas or channels: it says whose word a text is, or why it is nobody's.

pub mod bundle;
mod codec;
pub mod content;
pub mod enrolment;
pub mod evidence;
pub mod key;
pub mod malformed;
pub mod order;
pub mod policy;
pub mod refused;
pub mod sealed;
pub mod statement;
pub mod trail;
pub mod verify;
pub mod verify_order;
pub mod version;

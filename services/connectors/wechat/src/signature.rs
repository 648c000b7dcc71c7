//! The two signatures of a callback: lowercase hexadecimal SHA-1 over the
//! sorted, concatenated parts. The platform defines no time window and no
//! replay guard; both belong to the caller.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// `signature`: proves that the sender knows the token. It does not cover
/// the body.
pub fn of_url(token: &str, timestamp: &str, nonce: &str) -> String {
    of_sorted([token, timestamp, nonce])
}

/// `msg_signature`: covers the encrypted body too. `encrypted` is the base64
/// text exactly as it stands in the body.
pub fn of_message(token: &str, timestamp: &str, nonce: &str, encrypted: &str) -> String {
    of_sorted([token, timestamp, nonce, encrypted])
}

/// Compares in time that does not depend on where the texts differ. Case
/// counts: the platform sends lowercase.
pub fn matches(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

fn of_sorted<const N: usize>(mut parts: [&str; N]) -> String {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

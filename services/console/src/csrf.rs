//! The token that ties a form to the browser that was given it.
//!
//! It is a MAC under the secret of a cookie: whoever cannot read the cookie cannot make it, every replica can
//! check it, and nothing is stored. It says nothing about who may do what.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const DOMAIN: &[u8] = b"chengqing.console.csrf.v1";

/// The token for pages shown to the holder of `cookie_secret`.
pub(crate) fn token(cookie_secret: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(cookie_secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(DOMAIN);
    hex::encode(mac.finalize().into_bytes())
}

/// True when `presented` is the token of `cookie_secret`.
pub(crate) fn matches(cookie_secret: &str, presented: &str) -> bool {
    token(cookie_secret).as_bytes().ct_eq(presented.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_cookie_only() {
        let mine = token("my session");
        assert!(matches("my session", &mine));
        assert!(!matches("another session", &mine));
        assert!(!matches("my session", ""));
        assert!(!matches("my session", &mine[1..]));
    }

    #[test]
    fn a_token_does_not_show_its_cookie() {
        assert!(!token("my session").contains("my session"));
        assert_ne!(token("my session"), hex::encode("my session"));
    }
}

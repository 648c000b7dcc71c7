//! The token that ties a form to the browser that was given it.
//!
//! It is a MAC, under a key of the console's, of the secret of a cookie: whoever cannot read the cookie cannot make
//! it, nor can whoever sets a cookie of their own in another's browser; every replica can check it, and nothing is
//! stored. It says nothing about who may do what.

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const DOMAIN: &[u8] = b"chengqing.console.csrf.v2";

/// The key that forms are tied with; the same for every replica.
#[derive(Clone)]
pub(crate) struct FormKey([u8; 32]);

impl FormKey {
    /// Reads 64 hex digits.
    pub(crate) fn read(hex_digits: &SecretString) -> anyhow::Result<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(hex_digits.expose_secret(), &mut key)
            .context("console.form_key is 64 hex digits")?;
        Ok(Self(key))
    }

    /// A key for as long as this process runs.
    pub(crate) fn draw() -> Self {
        Self(rand::random())
    }

    /// The token for pages shown to the holder of `cookie_secret`.
    pub(crate) fn token(&self, cookie_secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(DOMAIN);
        mac.update(cookie_secret.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// True when `presented` is the token of `cookie_secret`.
    pub(crate) fn matches(&self, cookie_secret: &str, presented: &str) -> bool {
        self.token(cookie_secret).as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_cookie_and_key_only() {
        let key = FormKey([1; 32]);
        let mine = key.token("my session");
        assert!(key.matches("my session", &mine));
        assert!(!key.matches("another session", &mine));
        assert!(!key.matches("my session", ""));
        assert!(!key.matches("my session", &mine[1..]));
        // Who sets a cookie in another's browser knows the cookie and still not the token.
        assert!(!FormKey([2; 32]).matches("my session", &mine));
    }

    #[test]
    fn a_token_does_not_show_its_cookie() {
        let key = FormKey::draw();
        assert!(!key.token("my session").contains("my session"));
        assert_ne!(key.token("my session"), hex::encode("my session"));
    }
}

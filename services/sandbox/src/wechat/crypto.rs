//! Signing and encryption of callbacks, written from the platform's document
//! and from nothing else: an implementation of its own beside the connector's,
//! so that a misreading cannot agree with itself.

use aes::Aes256;
use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use sha1::{Digest, Sha1};

const BLOCK: usize = 32;
const PREFIX: usize = 16;

/// What callbacks of one account are protected with.
#[derive(Clone)]
pub struct Envelope {
    token: String,
    key: [u8; 32],
    app_id: String,
}

/// `encoding_aes_key` is not 43 characters of base64.
#[derive(Debug, thiserror::Error)]
#[error("encoding_aes_key must be 43 letters and digits")]
pub struct BadKey;

impl Envelope {
    /// # Errors
    /// The key is not one of the platform's.
    pub fn new(token: &str, encoding_aes_key: &str, app_id: &str) -> Result<Self, BadKey> {
        // 43 characters hold 258 bits: the last two may be anything.
        let config = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let bytes = GeneralPurpose::new(&ALPHABET, config).decode(encoding_aes_key).map_err(|_| BadKey)?;
        let key = bytes.try_into().map_err(|_| BadKey)?;
        Ok(Self { token: token.to_owned(), key, app_id: app_id.to_owned() })
    }

    /// SHA-1 over the token and `parts`, sorted, as lower-case hexadecimal.
    pub fn sign(&self, parts: &[&str]) -> String {
        let mut all: Vec<&str> = parts.to_vec();
        all.push(&self.token);
        all.sort_unstable();
        hex::encode(Sha1::digest(all.concat().as_bytes()))
    }

    /// Encrypts `message` behind sixteen bytes of chance.
    pub fn seal(&self, message: &str) -> String {
        self.seal_with(rand::random(), message)
    }

    /// Opens what `seal` of either side made; `None` for anything else.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed.trim()).ok()?;
        if bytes.is_empty() || bytes.len() % 16 != 0 {
            return None;
        }
        let iv: [u8; 16] = self.key[..16].try_into().ok()?;
        let plain = cbc::Decryptor::<Aes256>::new(&self.key.into(), &iv.into())
            .decrypt_padded_vec::<NoPadding>(&bytes)
            .ok()?;
        let padding = usize::from(*plain.last()?);
        if !(1..=BLOCK).contains(&padding) || padding > plain.len() {
            return None;
        }
        let plain = &plain[..plain.len() - padding];
        let length = u32::from_be_bytes(plain.get(PREFIX..PREFIX + 4)?.try_into().ok()?) as usize;
        let message = plain.get(PREFIX + 4..(PREFIX + 4).checked_add(length)?)?;
        let app_id = plain.get(PREFIX + 4 + length..)?;
        if app_id != self.app_id.as_bytes() {
            return None;
        }
        String::from_utf8(message.to_vec()).ok()
    }

    fn seal_with(&self, chance: [u8; PREFIX], message: &str) -> String {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut plain = Vec::with_capacity(message.len() + 96);
        plain.extend(chance);
        plain.extend(length.to_be_bytes());
        plain.extend(message.as_bytes());
        plain.extend(self.app_id.as_bytes());
        // PKCS#7 to a multiple of 32, although the cipher's blocks are 16.
        let padding = BLOCK - plain.len() % BLOCK;
        plain.extend(std::iter::repeat_n(padding as u8, padding));
        let mut iv = [0; 16];
        iv.copy_from_slice(&self.key[..16]);
        let sealed = cbc::Encryptor::<Aes256>::new(&self.key.into(), &iv.into())
            .encrypt_padded_vec::<NoPadding>(&plain);
        STANDARD.encode(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    fn envelope() -> Envelope {
        Envelope::new("RumorGuardToken2026", KEY, "wx1234567890abcdef").unwrap()
    }

    // The figures below are wechatpy's and the platform's own, not this module's.
    #[test]
    fn signatures_are_the_platforms() {
        assert_eq!(envelope().sign(&["1763769600", "830274618"]), "5b5fd62a2f8520877736570dac38e289008701b3");
        let official = Envelope::new("AAAAA", KEY, "wx").unwrap();
        assert_eq!(official.sign(&["1714037059", "486452656"]), "899cf89e464efb63f54ddac96b0a0a235f53aa78");
    }

    #[test]
    fn a_key_with_trailing_bits_gives_the_platforms_key() {
        let expected = "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051";
        assert_eq!(hex::encode(envelope().key), expected);
        assert!(Envelope::new("t", "short", "wx").is_err());
    }

    #[test]
    fn a_reply_sealed_by_wechatpy_has_the_same_bytes_here() {
        let sealed = envelope().seal_with(*b"QqWwEeRrTtYyUuIi", VECTOR_MESSAGE);
        assert_eq!(sealed, VECTOR_SEALED);
        assert_eq!(
            envelope().seal_with(*b"aBcDeFgHiJkLmNoP", ""),
            "cJp+mGdX50yTOQyRMVt3SfVKT9DeCYeN+UaewW+7oHDmjEK6Pr3y59PTfIAsHL3WaouUPCR/Gw0P8qM+Rw1wDg=="
        );
        assert_eq!(envelope().open(VECTOR_SEALED).as_deref(), Some(VECTOR_MESSAGE));
    }

    #[test]
    fn what_was_tampered_with_or_is_for_another_account_does_not_open() {
        let sealed = envelope().seal("澄清");
        let other = Envelope::new("RumorGuardToken2026", KEY, "wx0000000000000000").unwrap();
        assert_eq!(envelope().open(&sealed).as_deref(), Some("澄清"));
        assert_eq!(other.open(&sealed), None);
        assert_eq!(envelope().open(&sealed[..sealed.len() - 4]), None);
        assert_eq!(envelope().open(""), None);
    }

    const VECTOR_MESSAGE: &str = "<xml>\n<ToUserName><![CDATA[oTestCitizenOpenId0000000001]]></ToUserName>\n<FromUserName><![CDATA[gh_7f083739789a]]></FromUserName>\n<CreateTime>1763769601</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[谢谢🙏]]></Content>\n</xml>";
    const VECTOR_SEALED: &str = "OQegm6FpCBg8opZ8OC8/rHC/KHsNmXAS6qchPEf5yT0Cv/zpN35WDpRps2EZXuCy529wUa1QWvW2R23Y6qN1DYksvoYg4cWDPRtxGyDTzysmt+cQG6C705mADBLGRWr0VZktW5KB4EjsuciJnv3RYzRvdUIFrQ8zBiknDov27bdEddA/hNHkwd56vsJpIFz/MXeDEc0hkC11NEbGJ97C6UJSTMnhKopchT8RmdSlen+r+44HppPodwQ07ZIAxeJrsJtrxXdzitpONzG0WDpYGRhvY/2wVw411Uwolf935UEgslTpVgM44i+QnEQts0odYbQh9td0jHiGVOCVtRy1xZj5Cv8lfWd1xaNtPyIZUogNiMaIterc0ooKcj4/2Zyk";
}

//! The EncodingAESKey of an account: 43 characters that stand for 32 bytes.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use thiserror::Error;

/// 43 characters carry 258 bits; the console generates keys whose last two
/// bits are not zero, which a strict decoder refuses.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

const CHARACTERS: usize = 43;

/// The AES-256 key of a callback channel; its first 16 bytes are the IV.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct EncodingAesKey([u8; 32]);

/// The text is no EncodingAESKey. It does not say which text: it is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("an EncodingAESKey has {CHARACTERS} characters, this has {0}")]
    Length(usize),
    #[error("an EncodingAESKey has only base64 characters")]
    Alphabet,
}

impl EncodingAesKey {
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Fixed by the platform: the first 16 bytes of the key.
    pub(crate) fn iv(&self) -> &[u8] {
        &self.0[..16]
    }
}

impl FromStr for EncodingAesKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.len() != CHARACTERS {
            return Err(KeyError::Length(text.chars().count()));
        }
        let bytes = LENIENT.decode(text).map_err(|_| KeyError::Alphabet)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::Alphabet)
    }
}

impl TryFrom<String> for EncodingAesKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncodingAesKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{EncodingAesKey, KeyError};

    #[test]
    fn a_key_with_trailing_bits_gives_the_32_bytes_of_the_platform() {
        let key: EncodingAesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".parse().unwrap();
        assert_eq!(
            hex::encode(key.bytes()),
            "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051"
        );
        assert_eq!(key.iv(), &key.bytes()[..16]);
    }

    #[test]
    fn wrong_lengths_and_characters_are_refused() {
        assert_eq!("abc".parse::<EncodingAesKey>(), Err(KeyError::Length(3)));
        assert_eq!("*".repeat(43).parse::<EncodingAesKey>(), Err(KeyError::Alphabet));
        assert_eq!(format!("{}=", "a".repeat(42)).parse::<EncodingAesKey>(), Err(KeyError::Alphabet));
    }

    #[test]
    fn debug_output_holds_no_key() {
        let key: EncodingAesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".parse().unwrap();
        assert_eq!(format!("{key:?}"), "EncodingAesKey(…)");
    }
}

//! The encryption of callback bodies: AES-256-CBC over
//! `16 random bytes, message length (u32, big endian), message, app id`,
//! padded as PKCS#7 to a multiple of 32 bytes.
//!
//! The padding is put on and taken off by hand, because libraries insist on
//! the cipher's own block of 16. There is no authentication in here: whoever
//! decrypts has checked `msg_signature` first.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use thiserror::Error;

use crate::key::EncodingAesKey;

const CIPHER_BLOCK_BYTES: usize = 16;
const PAD_BLOCK_BYTES: usize = 32;
/// The random prefix and the length field.
const HEAD_BYTES: usize = 20;

/// Why a ciphertext gives no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CipherError {
    #[error("the ciphertext is not base64")]
    Base64,
    #[error("the ciphertext has {0} bytes, not a positive multiple of {CIPHER_BLOCK_BYTES}")]
    BlockSize(usize),
    #[error("the last byte is no padding of 1 to {PAD_BLOCK_BYTES} bytes")]
    Padding,
    #[error("the length field does not fit the plaintext")]
    MessageLength,
    #[error("the message was encrypted for another app id")]
    AppId,
}

/// Takes `encrypted` (base64) apart and gives the message inside.
///
/// # Errors
/// Every way in which the text can be something else than a message for
/// `app_id` under `key`; a wrong key usually shows as padding or length.
pub fn decrypt(key: &EncodingAesKey, app_id: &str, encrypted: &str) -> Result<Vec<u8>, CipherError> {
    let mut buffer = STANDARD.decode(encrypted.trim()).map_err(|_| CipherError::Base64)?;
    let length = buffer.len();
    if length == 0 || !length.is_multiple_of(CIPHER_BLOCK_BYTES) {
        return Err(CipherError::BlockSize(length));
    }
    let decryptor = cbc::Decryptor::<Aes256>::new_from_slices(key.bytes(), key.iv())
        .expect("a key of 32 and an IV of 16 bytes by construction");
    decryptor.decrypt_padded::<NoPadding>(&mut buffer).map_err(|_| CipherError::BlockSize(length))?;

    let pad = buffer.last().map_or(0, |byte| usize::from(*byte));
    if !(1..=PAD_BLOCK_BYTES).contains(&pad) || pad > length {
        return Err(CipherError::Padding);
    }
    let plain = &buffer[..length - pad];
    let (head, rest) = plain.split_at_checked(HEAD_BYTES).ok_or(CipherError::MessageLength)?;
    let field: [u8; 4] = head[CIPHER_BLOCK_BYTES..].try_into().expect("the head ends with four bytes");
    let message_length =
        usize::try_from(u32::from_be_bytes(field)).map_err(|_| CipherError::MessageLength)?;
    let (message, sender) = rest.split_at_checked(message_length).ok_or(CipherError::MessageLength)?;
    if sender != app_id.as_bytes() {
        return Err(CipherError::AppId);
    }
    Ok(message.to_vec())
}

/// Encrypts `message` and gives base64. `prefix` must be 16 fresh random
/// bytes: the IV is fixed, so only they keep equal messages from looking equal.
///
/// # Panics
/// Never in practice: a message of 4 GiB or more does not reach this.
pub fn encrypt(key: &EncodingAesKey, app_id: &str, message: &[u8], prefix: [u8; 16]) -> String {
    let length = u32::try_from(message.len()).expect("messages are bounded far below 4 GiB");
    let mut buffer = Vec::with_capacity(HEAD_BYTES + message.len() + app_id.len() + PAD_BLOCK_BYTES);
    buffer.extend_from_slice(&prefix);
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(message);
    buffer.extend_from_slice(app_id.as_bytes());
    let pad = PAD_BLOCK_BYTES - buffer.len() % PAD_BLOCK_BYTES;
    let pad_byte = u8::try_from(pad).expect("a padding is 1 to 32 bytes");
    buffer.resize(buffer.len() + pad, pad_byte);

    let encryptor = cbc::Encryptor::<Aes256>::new_from_slices(key.bytes(), key.iv())
        .expect("a key of 32 and an IV of 16 bytes by construction");
    let length = buffer.len();
    encryptor
        .encrypt_padded::<NoPadding>(&mut buffer, length)
        .expect("the buffer is a multiple of the block by the padding above");
    STANDARD.encode(&buffer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decrypt, encrypt};
    use crate::key::EncodingAesKey;

    const APP_ID: &str = "wx1234567890abcdef";

    fn key() -> EncodingAesKey {
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".parse().unwrap()
    }

    proptest! {
        #[test]
        fn what_was_encrypted_decrypts_to_itself(message: Vec<u8>, prefix: [u8; 16]) {
            prop_assert_eq!(decrypt(&key(), APP_ID, &encrypt(&key(), APP_ID, &message, prefix)), Ok(message));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = decrypt(&key(), APP_ID, &text);
        }

        #[test]
        fn arbitrary_blocks_never_panic(blocks in prop::collection::vec(any::<[u8; 16]>(), 0..8)) {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(blocks.concat());
            let _ = decrypt(&key(), APP_ID, &text);
        }

        /// Chosen plaintexts reach the code behind the cipher, which random
        /// ciphertexts hardly ever do.
        #[test]
        fn arbitrary_plaintexts_never_panic(blocks in prop::collection::vec(any::<[u8; 16]>(), 1..8), pad in 0_u8..40) {
            use base64::Engine;
            use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
            let mut plain = blocks.concat();
            *plain.last_mut().unwrap() = pad;
            let length = plain.len();
            let key = key();
            cbc::Encryptor::<aes::Aes256>::new_from_slices(key.bytes(), key.iv())
                .unwrap()
                .encrypt_padded::<NoPadding>(&mut plain, length)
                .unwrap();
            let _ = decrypt(&key, APP_ID, &base64::engine::general_purpose::STANDARD.encode(plain));
        }
    }
}

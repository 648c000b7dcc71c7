//! The box that keeps a person's signing seed: XChaCha20-Poly1305 under a key that needs both the person's
//! secret and a pepper that is not in the database. It does not resist an attacker who owns the running host.
//!
//! A box is `form (1) | salt (16) | nonce (24) | ciphertext and tag (48)`. Form 1 stretches a password with
//! Argon2id; form 2 is for random 32-byte secrets, which need no stretching. The form and the caller's context
//! are authenticated, so a box fits neither another owner nor another form.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of a box in bytes.
pub const SEALED_LENGTH: usize = 1 + SALT_LENGTH + NONCE_LENGTH + 32 + 16;

const SALT_LENGTH: usize = 16;
const NONCE_LENGTH: usize = 24;

const FORM_PASSWORD: u8 = 1;
const FORM_SESSION: u8 = 2;

/// OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
/// Address space set aside for it; what lies beyond `MEMORY_KIB` is never touched and costs nothing. An allocation
/// of this size is always mapped by itself, so that freeing it gives the memory back to the system at once; a smaller
/// one would stay with the allocator, once for every thread that ever stretched a password.
const RESERVED_KIB: u32 = 33 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const TAG: &[u8] = b"chengqing.seal.v1";

/// Why a box did not open, or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The secret, pepper or context is not the one that it was sealed with, or the box was altered.
    #[error("the box does not open with this secret")]
    WrongSecret,
    /// It is no box of a form that this version knows.
    #[error("these bytes are no sealed box")]
    Unreadable,
    /// The secret is too long to be stretched, or the cipher failed.
    #[error("the secret cannot be used")]
    UnusableSecret,
}

/// What passwords are stretched in: 19 MiB. Whoever has many to stretch keeps a few of these and no more are used.
pub struct Memory(Vec<Block>);

impl Memory {
    /// New memory.
    #[must_use]
    pub fn new() -> Self {
        let mut blocks = Vec::with_capacity(RESERVED_KIB as usize);
        blocks.resize(MEMORY_KIB as usize, Block::new());
        Self(blocks)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// Seals `seed` under a password. Takes about a tenth of a second: never call it on an async thread.
///
/// # Errors
/// When the secret cannot be stretched.
pub fn seal(
    seed: &[u8; 32],
    secret: &[u8],
    pepper: &[u8; 32],
    context: &[u8],
    memory: &mut Memory,
) -> Result<Vec<u8>, SealError> {
    close(FORM_PASSWORD, seed, context, |salt| by_password(secret, salt, pepper, memory))
}

/// Seals `seed` under a random session secret, fast.
///
/// # Errors
/// When the cipher fails, which it does not for 32 bytes.
pub fn seal_for_session(
    seed: &[u8; 32],
    session_secret: &[u8; 32],
    pepper: &[u8; 32],
    context: &[u8],
) -> Result<Vec<u8>, SealError> {
    close(FORM_SESSION, seed, context, |salt| by_session(session_secret, salt, pepper))
}

/// Opens what [`seal`] closed, and as slowly. It opens with the password alone, so opening it is the check of a
/// password.
///
/// # Errors
/// When the secret is wrong, or the bytes are no box of this form.
pub fn unseal(
    sealed: &[u8],
    secret: &[u8],
    pepper: &[u8; 32],
    context: &[u8],
    memory: &mut Memory,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    open(FORM_PASSWORD, sealed, context, |salt| by_password(secret, salt, pepper, memory))
}

/// Opens what [`seal_for_session`] closed, fast.
///
/// # Errors
/// When the secret is wrong, or the bytes are no box of this form.
pub fn unseal_for_session(
    sealed: &[u8],
    session_secret: &[u8; 32],
    pepper: &[u8; 32],
    context: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    open(FORM_SESSION, sealed, context, |salt| by_session(session_secret, salt, pepper))
}

/// A box that no password opens, and that takes as long to try as one that somebody's password opens.
#[must_use]
pub fn decoy() -> Vec<u8> {
    let mut sealed = vec![0; SEALED_LENGTH];
    rand::fill(&mut sealed[..]);
    sealed[0] = FORM_PASSWORD;
    sealed
}

fn open(
    form: u8,
    sealed: &[u8],
    context: &[u8],
    key: impl FnOnce(&[u8; SALT_LENGTH]) -> Result<Zeroizing<[u8; 32]>, SealError>,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let (&[first], rest) = sealed.split_first_chunk::<1>().ok_or(SealError::Unreadable)?;
    let (salt, rest) = rest.split_first_chunk::<SALT_LENGTH>().ok_or(SealError::Unreadable)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(SealError::Unreadable)?;
    if first != form {
        return Err(SealError::Unreadable);
    }
    let key = key(salt)?;
    let authenticated = authenticated(form, context);
    let opened = XChaCha20Poly1305::new(Key::from_slice(key.as_slice()))
        .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &authenticated })
        .map_err(|_| SealError::WrongSecret)?;
    let opened = Zeroizing::new(opened);
    let seed = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| SealError::Unreadable)?;
    Ok(Zeroizing::new(seed))
}

fn close(
    form: u8,
    seed: &[u8; 32],
    context: &[u8],
    key: impl FnOnce(&[u8; SALT_LENGTH]) -> Result<Zeroizing<[u8; 32]>, SealError>,
) -> Result<Vec<u8>, SealError> {
    let mut salt = [0; SALT_LENGTH];
    let mut nonce = [0; NONCE_LENGTH];
    rand::fill(&mut salt);
    rand::fill(&mut nonce);
    let key = key(&salt)?;
    let authenticated = authenticated(form, context);
    let ciphertext = XChaCha20Poly1305::new(Key::from_slice(key.as_slice()))
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: seed, aad: &authenticated })
        .map_err(|_| SealError::UnusableSecret)?;
    let mut sealed = Vec::with_capacity(SEALED_LENGTH);
    sealed.push(form);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

fn by_password(
    secret: &[u8],
    salt: &[u8; SALT_LENGTH],
    pepper: &[u8; 32],
    memory: &mut Memory,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let stretched = stretch(secret, salt, memory)?;
    derive(FORM_PASSWORD, pepper, &[stretched.as_slice()])
}

fn by_session(
    session_secret: &[u8; 32],
    salt: &[u8; SALT_LENGTH],
    pepper: &[u8; 32],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    derive(FORM_SESSION, pepper, &[salt, session_secret])
}

/// HMAC-SHA256 under the pepper over tag, form and the stretched secret: without the pepper, a stolen database
/// gives no password to guess against.
fn derive(form: u8, pepper: &[u8; 32], parts: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(pepper).map_err(|_| SealError::UnusableSecret)?;
    mac.update(TAG);
    mac.update(&[form]);
    for part in parts {
        mac.update(part);
    }
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}

fn stretch(
    secret: &[u8],
    salt: &[u8; SALT_LENGTH],
    memory: &mut Memory,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|_| SealError::UnusableSecret)?;
    let mut stretched = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(secret, salt, stretched.as_mut_slice(), memory.0.as_mut_slice())
        .map_err(|_| SealError::UnusableSecret)?;
    Ok(stretched)
}

fn authenticated(form: u8, context: &[u8]) -> Vec<u8> {
    [TAG, &[form], context].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [7; 32];
    const PEPPER: [u8; 32] = [9; 32];

    #[test]
    fn a_box_opens_with_the_secret_that_closed_it() {
        let mut memory = Memory::new();
        let password = "口令 correct horse".as_bytes();
        let by_password = seal(&SEED, password, &PEPPER, b"key", &mut memory).unwrap();
        let by_session = seal_for_session(&SEED, &[3; 32], &PEPPER, b"key").unwrap();

        assert_eq!(by_password.len(), SEALED_LENGTH);
        // Memory that was used before gives the same.
        assert_eq!(*unseal(&by_password, password, &PEPPER, b"key", &mut memory).unwrap(), SEED);
        assert_eq!(*unseal(&by_password, password, &PEPPER, b"key", &mut Memory::new()).unwrap(), SEED);
        assert_eq!(*unseal_for_session(&by_session, &[3; 32], &PEPPER, b"key").unwrap(), SEED);
    }

    #[test]
    fn a_box_opens_with_nothing_else() {
        let sealed = seal_for_session(&SEED, &[3; 32], &PEPPER, b"key").unwrap();
        let unseal =
            |secret: &[u8; 32], pepper, context| unseal_for_session(&sealed, secret, pepper, context);

        assert_eq!(unseal(&[4; 32], &PEPPER, b"key"), Err(SealError::WrongSecret));
        assert_eq!(unseal(&[3; 32], &[8; 32], b"key"), Err(SealError::WrongSecret));
        assert_eq!(unseal(&[3; 32], &PEPPER, b"another key"), Err(SealError::WrongSecret));
    }

    #[test]
    fn a_password_opens_no_box_of_a_session_and_no_decoy() {
        let mut memory = Memory::new();
        let sealed = seal(&SEED, b"secret", &PEPPER, b"key", &mut memory).unwrap();
        let mut wrong = |sealed: &[u8]| unseal(sealed, b"wrong", &PEPPER, b"key", &mut memory);

        // A decoy is stretched like a person's box: it is wrong and not unreadable, which would be told at once.
        assert_eq!(
            (wrong(&sealed), wrong(&decoy())),
            (Err(SealError::WrongSecret), Err(SealError::WrongSecret))
        );
        assert_eq!(decoy().len(), sealed.len());
        let of_session = seal_for_session(&SEED, &[3; 32], &PEPPER, b"key").unwrap();
        assert_eq!(unseal(&of_session, &[3; 32], &PEPPER, b"key", &mut memory), Err(SealError::Unreadable));
        assert_eq!(unseal_for_session(&sealed, &[3; 32], &PEPPER, b"key"), Err(SealError::Unreadable));
    }

    #[test]
    fn an_altered_or_shortened_box_never_opens() {
        let sealed = seal_for_session(&SEED, &[3; 32], &PEPPER, b"key").unwrap();

        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1 << (index % 8);
            assert!(unseal_for_session(&altered, &[3; 32], &PEPPER, b"key").is_err(), "byte {index}");
            assert!(
                unseal_for_session(&sealed[..index], &[3; 32], &PEPPER, b"key").is_err(),
                "length {index}"
            );
        }
    }
}

//! Ed25519 keys, narrowed to what signing documents needs. Where a key is kept is the caller's business;
//! `sealed` has the box for it.

use ed25519_dalek::{Signer, VerifyingKey};
use ids::KeyId;
use zeroize::Zeroizing;

use crate::bundle::Signature;
use crate::malformed::Malformed;

/// A key that signs. Its memory is wiped when it is dropped.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Makes a new key from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    /// Takes up the key that `seed` yields.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The secret that yields this key again.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs a document's exact bytes; `key` is this key's id, `None` for the agency's root key.
    #[must_use]
    pub fn sign(&self, document: &[u8], key: Option<KeyId>) -> Signature {
        Signature { key, bytes: self.0.sign(document).to_bytes() }
    }
}

/// An agency's root public key, which reaches a verifier by its configuration and never over the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey(VerifyingKey);

impl RootKey {
    /// Reads a key from 32 bytes.
    ///
    /// # Errors
    /// When they are no point on the curve, or one of the weak points under which anything verifies.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Malformed> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Malformed::PublicKey)?;
        if key.is_weak() { Err(Malformed::PublicKey) } else { Ok(Self(key)) }
    }

    /// Reads a key from 64 hex digits.
    ///
    /// # Errors
    /// As `from_bytes`, or when the text is not 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, Malformed> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Malformed::PublicKey)?;
        Self::from_bytes(&bytes)
    }

    pub(crate) fn verifies(&self, document: &[u8], signature: &Signature) -> bool {
        strictly_verifies(&self.0, document, signature)
    }
}

/// Says whether `signature` is `public_key`'s over exactly these bytes. Strict: malleable encodings and weak
/// keys, which laxer verifiers let pass, do not count.
pub(crate) fn verifies(public_key: &[u8; 32], document: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(public_key).is_ok_and(|key| strictly_verifies(&key, document, signature))
}

fn strictly_verifies(key: &VerifyingKey, document: &[u8], signature: &Signature) -> bool {
    key.verify_strict(document, &ed25519_dalek::Signature::from_bytes(&signature.bytes)).is_ok()
}

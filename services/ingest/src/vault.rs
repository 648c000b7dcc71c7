//! Encryption at rest: a key per reporter, a key per report, and pseudonyms that only this service can make.
//!
//! A report's original is sealed under a key of its own, which is wrapped by its reporter's key, which is
//! wrapped by the master key. Erasing the reporter's wrapped key makes every one of the originals unreadable,
//! so forgetting a person takes one row. Nothing here touches the database.

use anyhow::Context;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::Mac;
use ids::AgencyId;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

type Hmac = hmac::Hmac<Sha256>;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// What a box holds. Part of what is authenticated, so that no box can pass for one of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A reporter's key, under the master key.
    ReporterKey,
    /// A report's key, under its reporter's key or the master key.
    ReportKey,
    /// A report as it was received, under its own key.
    Original,
    /// The platform's name for a reporter, under the reporter's key.
    Identity,
    /// A report's picture or voice, under the report's key.
    Media,
    /// What an officer wrote down of a report, under the report's key.
    Transcript,
}

impl Purpose {
    const fn tag(self) -> &'static [u8] {
        match self {
            Self::ReporterKey => b"chengqing.ingest.reporter-key.v1",
            Self::ReportKey => b"chengqing.ingest.report-key.v1",
            Self::Original => b"chengqing.ingest.original.v1",
            Self::Identity => b"chengqing.ingest.identity.v1",
            Self::Media => b"chengqing.ingest.media.v1",
            Self::Transcript => b"chengqing.ingest.transcript.v1",
        }
    }
}

/// A box could not be opened: another key, another owner, or a changed byte.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value cannot be opened with the key that should fit")]
pub struct Unopened;

/// A key that seals and opens.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

/// The master key and what is derived from it. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    master: Key,
    lookup: Hmac,
}

impl Vault {
    /// A vault under this master key.
    ///
    /// # Errors
    /// When it is not 64 hex digits.
    pub fn new(master_key: &SecretString) -> anyhow::Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(master_key.expose_secret(), bytes.as_mut())
            .context("ingest.master_key is 64 hex digits")?;
        let derived = |label: &[u8]| {
            let mut mac = keyed(bytes.as_ref());
            mac.update(label);
            Zeroizing::new(<[u8; KEY_BYTES]>::from(mac.finalize().into_bytes()))
        };
        Ok(Self {
            master: Key(derived(b"chengqing.ingest.wrap.v1")),
            lookup: keyed(derived(b"chengqing.ingest.lookup.v1").as_ref()),
        })
    }

    /// The key that wraps every other one.
    #[must_use]
    pub const fn master(&self) -> &Key {
        &self.master
    }

    /// A value by which `name` is found again in one agency and namespace, and that says nothing about it to
    /// whoever lacks the master key.
    #[must_use]
    pub fn lookup_key(&self, agency: AgencyId, namespace: &str, name: &str) -> [u8; 32] {
        let mut mac = self.lookup.clone();
        mac.update(agency.as_uuid().as_bytes());
        // The length keeps ("ab", "c") apart from ("a", "bc").
        mac.update(&(namespace.len() as u64).to_be_bytes());
        mac.update(namespace.as_bytes());
        mac.update(name.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl Key {
    /// A new random key.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Seals `plaintext` for `owner`: nonce, then ciphertext and tag.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, owner: Uuid, plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce);
        let aad = [purpose.tag(), owner.as_bytes()].concat();
        let ciphertext = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plaintext, aad: &aad })
            .expect("fails only beyond 256 GB, and bodies are bounded far below");
        let mut sealed = Vec::with_capacity(NONCE_BYTES + ciphertext.len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens what [`Self::seal`] made for the same purpose and owner.
    ///
    /// # Errors
    /// When it was made otherwise, or changed since.
    pub fn open(&self, purpose: Purpose, owner: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unopened)?;
        let aad = [purpose.tag(), owner.as_bytes()].concat();
        self.cipher()
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| Unopened)
    }

    /// Seals another key for `owner`.
    #[must_use]
    pub fn wrap(&self, purpose: Purpose, owner: Uuid, key: &Self) -> Vec<u8> {
        self.seal(purpose, owner, key.0.as_ref())
    }

    /// Opens what [`Self::wrap`] made.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn unwrap_key(&self, purpose: Purpose, owner: Uuid, wrapped: &[u8]) -> Result<Self, Unopened> {
        let mut opened = self.open(purpose, owner, wrapped)?;
        let key = <[u8; KEY_BYTES]>::try_from(opened.as_slice()).map_err(|_| Unopened)?;
        opened.zeroize();
        Ok(Self(Zeroizing::new(key)))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

fn keyed(key: &[u8]) -> Hmac {
    <Hmac as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&hex::encode([byte; 32]).into()).unwrap()
    }

    #[test]
    fn a_box_opens_only_for_its_key_purpose_and_owner_and_unchanged() {
        let key = Key::random();
        let owner = Uuid::from_u128(1);
        let sealed = key.seal(Purpose::Original, owner, "原话".as_bytes());
        assert_eq!(key.open(Purpose::Original, owner, &sealed).unwrap().as_slice(), "原话".as_bytes());
        assert!(key.open(Purpose::Identity, owner, &sealed).is_err());
        assert!(key.open(Purpose::Original, Uuid::from_u128(2), &sealed).is_err());
        assert!(Key::random().open(Purpose::Original, owner, &sealed).is_err());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(key.open(Purpose::Original, owner, &changed).is_err());
        }
        assert!(key.open(Purpose::Original, owner, &sealed[..NONCE_BYTES - 1]).is_err());
    }

    #[test]
    fn what_a_reporter_wrote_is_readable_through_the_reporters_key_alone() {
        let vault = vault(7);
        let (reporter, report) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (reporter_key, report_key) = (Key::random(), Key::random());
        let kept = vault.master().wrap(Purpose::ReporterKey, reporter, &reporter_key);
        let wrapped = reporter_key.wrap(Purpose::ReportKey, report, &report_key);
        let sealed = report_key.seal(Purpose::Original, report, b"words");

        let reporter_key = vault.master().unwrap_key(Purpose::ReporterKey, reporter, &kept).unwrap();
        let report_key = reporter_key.unwrap_key(Purpose::ReportKey, report, &wrapped).unwrap();
        assert_eq!(report_key.open(Purpose::Original, report, &sealed).unwrap().as_slice(), b"words");
        assert!(vault.master().unwrap_key(Purpose::ReportKey, report, &wrapped).is_err());
    }

    #[test]
    fn a_pseudonym_is_stable_and_tells_agencies_namespaces_and_master_keys_apart() {
        let (first, second) = (AgencyId::mint(), AgencyId::mint());
        let key = vault(1).lookup_key(first, "wechat:a", "oCitizen");
        assert_eq!(key, vault(1).lookup_key(first, "wechat:a", "oCitizen"));
        assert_ne!(key, vault(1).lookup_key(second, "wechat:a", "oCitizen"));
        assert_ne!(key, vault(1).lookup_key(first, "wechat:", "aoCitizen"));
        assert_ne!(key, vault(2).lookup_key(first, "wechat:a", "oCitizen"));
    }
}

//! The pepper and what is derived from it, and the secrets that people carry in links and cookies.
//!
//! A carried secret is an agency's id and 32 bytes, in base64url. The id only says where to look; the bytes
//! alone open anything, and the database knows them as a SHA-256.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use ids::{AgencyId, FindingId, PersonId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

const NONCE_LENGTH: usize = 24;
const DEVICE: &[u8] = b"device.token.v1";
/// A browser is known for so long after its last sign-in.
const DEVICE_KNOWN: Duration = Duration::days(180);

/// The key outside the database.
#[derive(Clone)]
pub struct Pepper(Zeroizing<[u8; 32]>);

/// A browser that somebody signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Who.
    pub person: PersonId,
    /// Which.
    pub id: Uuid,
}

impl Device {
    /// A browser that `person` signs in with for the first time.
    pub fn new(person: PersonId) -> Self {
        Self { person, id: Uuid::from_bytes(rand::random()) }
    }

    /// Person and browser.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (person, id) = bytes.split_at_mut(16);
        person.copy_from_slice(self.person.as_uuid().as_bytes());
        id.copy_from_slice(self.id.as_bytes());
        bytes
    }
}

/// A sealed value cannot be opened: another pepper, or an altered row.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value does not open: the pepper is another one, or the row was altered")]
pub struct DoesNotOpen;

impl Pepper {
    /// Reads 64 hex digits.
    ///
    /// # Errors
    /// When they are not.
    pub fn new(hex_digits: &SecretString) -> anyhow::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(hex_digits.expose_secret(), bytes.as_mut_slice())
            .context("pepper is 64 hex digits")?;
        Ok(Self(bytes))
    }

    /// The bytes, for sealing seeds.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret of a finding's link, by how often one was issued. Derived rather than random, so that a repeated
    /// request shows the same link although the database keeps its hash alone. 0 is what links were before they were
    /// counted.
    pub fn finding_secret(&self, agency: AgencyId, finding: FindingId, number: i32) -> CarriedSecret {
        let bytes = match number {
            0 => self.derive(b"finding.link.v1", finding.as_uuid().as_bytes()),
            number => self.derive(b"finding.link.v2", &numbered(finding, number)),
        };
        CarriedSecret { agency, bytes }
    }

    /// The six digits that such a link asks for, told by phone.
    pub fn finding_code(&self, finding: FindingId, number: i32) -> String {
        let derived = self.derive(b"finding.code.v1", &numbered(finding, number));
        let (first, _) = derived.split_at(8);
        let drawn = first.iter().fold(0_u64, |drawn, byte| (drawn << 8) | u64::from(*byte));
        format!("{:06}", drawn % 1_000_000)
    }

    /// What the database keeps of a code.
    pub fn finding_code_mac(&self, finding: FindingId, number: i32, code: &str) -> [u8; 32] {
        let mut input = numbered(finding, number).to_vec();
        input.extend_from_slice(code.as_bytes());
        *self.derive(b"finding.code.mac.v1", &input)
    }

    /// Seals a one-time-code secret for its person's row.
    pub fn seal_totp_secret(&self, person: PersonId, secret: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let person = person.as_uuid();
        let payload = Payload { msg: secret, aad: person.as_bytes() };
        let sealed = self
            .totp_cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| anyhow::anyhow!("a one-time-code secret could not be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`seal_totp_secret`](Self::seal_totp_secret) sealed for the same person.
    pub fn open_totp_secret(
        &self,
        person: PersonId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LENGTH).ok_or(DoesNotOpen)?;
        let person = person.as_uuid();
        let payload = Payload { msg: sealed, aad: person.as_bytes() };
        self.totp_cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| DoesNotOpen)
    }

    /// By which attempts of `what` are counted. Nothing can be read back from it.
    pub fn attempt_key(&self, kind: &str, what: &[u8]) -> [u8; 32] {
        *self.derive(format!("attempt.{kind}.v1").as_bytes(), what)
    }

    /// What a browser is given to be known by: it says who signed in with it and when, and opens nothing.
    pub fn device_token(&self, device: &Device, now: OffsetDateTime) -> String {
        let mut token = device.bytes().to_vec();
        token.extend_from_slice(&now.unix_timestamp().to_be_bytes());
        let mac = self.derive(DEVICE, &token);
        token.extend_from_slice(mac.as_slice());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The browser that a token was given to; `None` where it is none of ours, or too old.
    pub fn read_device_token(&self, text: &str, now: OffsetDateTime) -> Option<Device> {
        let token = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (token, mac) = token.split_last_chunk::<32>()?;
        if !bool::from(self.derive(DEVICE, token).as_slice().ct_eq(mac)) {
            return None;
        }
        let (device, given) = token.split_last_chunk::<8>()?;
        let given = OffsetDateTime::from_unix_timestamp(i64::from_be_bytes(*given)).ok()?;
        let (person, id) = device.split_at_checked(16)?;
        let device = Device {
            person: PersonId::from_uuid(Uuid::from_slice(person).ok()?),
            id: Uuid::from_slice(id).ok()?,
        };
        (now - given < DEVICE_KNOWN).then_some(device)
    }

    fn totp_cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.derive(b"totp.seal.v1", &[]).as_slice().into())
    }

    fn derive(&self, purpose: &[u8], input: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut mac =
            <Hmac<Sha256>>::new_from_slice(self.0.as_slice()).expect("HMAC takes keys of every length");
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(input);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

/// A finding's link, as its secrets are derived from it.
fn numbered(finding: FindingId, number: i32) -> [u8; 20] {
    let mut bytes = [0; 20];
    let (id, count) = bytes.split_at_mut(16);
    id.copy_from_slice(finding.as_uuid().as_bytes());
    count.copy_from_slice(&number.to_be_bytes());
    bytes
}

/// A secret that a person or a department carries.
pub struct CarriedSecret {
    /// Where to look.
    pub agency: AgencyId,
    /// What opens.
    pub bytes: Zeroizing<[u8; 32]>,
}

impl CarriedSecret {
    /// A new one.
    pub fn random(agency: AgencyId) -> Self {
        Self { agency, bytes: Zeroizing::new(rand::random()) }
    }

    /// Reads one from a cookie or a link; `None` when it cannot be one of ours.
    pub fn read(text: &str) -> Option<Self> {
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (agency, bytes) = decoded.split_at_checked(16)?;
        let agency = AgencyId::from_uuid(Uuid::from_slice(agency).ok()?);
        Some(Self { agency, bytes: Zeroizing::new(bytes.try_into().ok()?) })
    }

    /// As it is carried.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.agency.as_uuid().as_bytes().as_slice(), self.bytes.as_slice()].concat())
    }

    /// As the database knows it.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.bytes.as_slice()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(byte: u8) -> Pepper {
        Pepper::new(&hex::encode([byte; 32]).into()).unwrap()
    }

    #[test]
    fn a_carried_secret_reads_back() {
        let secret = CarriedSecret::random(AgencyId::mint());
        let read = CarriedSecret::read(&secret.text()).unwrap();
        assert_eq!((read.agency, read.sha256()), (secret.agency, secret.sha256()));
        assert!(CarriedSecret::read("no secret at all").is_none());
        assert!(CarriedSecret::read(&secret.text()[2..]).is_none());
    }

    #[test]
    fn the_same_finding_has_the_same_link_and_another_pepper_another_one() {
        let (agency, finding) = (AgencyId::mint(), FindingId::mint());
        let text = |byte, number| pepper(byte).finding_secret(agency, finding, number).text();
        let code = |byte, number| pepper(byte).finding_code(finding, number);
        for number in [0, 1, 2] {
            assert_eq!(text(1, number), text(1, number));
            assert_ne!(text(1, number), text(2, number));
            assert_ne!(text(1, number), text(1, number + 1));
            assert_eq!(code(1, number).len(), 6);
            assert_eq!(code(1, number), code(1, number));
        }
        assert_ne!((code(1, 1), code(1, 2), code(1, 3)), (code(2, 1), code(2, 2), code(2, 3)));
    }

    #[test]
    fn a_browser_is_known_by_its_own_token_for_half_a_year() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let device = Device::new(PersonId::mint());
        let token = pepper(1).device_token(&device, now);
        let read = |byte, token: &str, after| pepper(byte).read_device_token(token, now + after);
        assert_eq!(read(1, &token, Duration::days(179)), Some(device));
        assert_eq!(read(1, &token, Duration::days(180)), None);
        assert_eq!(read(2, &token, Duration::ZERO), None, "another pepper");
        for altered in ["", "AAAA", &token[1..], &token.replace(&token[..4], "AAAA")] {
            assert_eq!(read(1, altered, Duration::ZERO), None, "{altered}");
        }
    }

    #[test]
    fn a_sealed_secret_opens_for_its_own_person_under_its_own_pepper_alone() {
        let person = PersonId::mint();
        let sealed = pepper(1).seal_totp_secret(person, b"secret").unwrap();
        assert_eq!(pepper(1).open_totp_secret(person, &sealed).unwrap().as_slice(), b"secret");
        assert!(pepper(2).open_totp_secret(person, &sealed).is_err());
        assert!(pepper(1).open_totp_secret(PersonId::mint(), &sealed).is_err());
    }
}

//! Caller tokens: PASETO v4.public, signed by approval, checked by every service with the public key alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, anyhow};
use ed25519_dalek::SigningKey;
use pasetors::Public;
use pasetors::keys::{AsymmetricPublicKey, AsymmetricSecretKey};
use pasetors::token::UntrustedToken;
use pasetors::version4::{PublicToken, V4};
use runtime::Clock;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::{Audience, Caller};

/// Keeps these tokens apart from anything else that the same key could ever sign.
const PURPOSE: &[u8] = b"chengqing.caller.v1";

/// Clocks of two machines may differ by this much.
const SKEW: Duration = Duration::seconds(30);

/// Verified tokens that are remembered, so that a busy caller's signature is checked once.
const REMEMBERED_MAX: usize = 1024;

#[derive(Serialize, Deserialize)]
struct Claims {
    caller: Caller,
    /// Whom the token may be shown to. A service that was shown one for another must not use it there.
    audiences: Vec<Audience>,
    issued: i64,
    expires: i64,
}

/// Signs tokens. Only approval has one.
#[derive(Clone)]
pub struct TokenIssuer {
    key: Arc<AsymmetricSecretKey<V4>>,
    clock: Clock,
}

/// Who verified tokens speak for, and until when, by the hash of the token.
type Remembered = HashMap<[u8; 32], (Caller, OffsetDateTime)>;

/// Checks tokens.
#[derive(Clone)]
pub struct TokenVerifier {
    key: Arc<AsymmetricPublicKey<V4>>,
    audience: Audience,
    clock: Clock,
    remembered: Arc<Mutex<Remembered>>,
}

/// The public half, in hex, of a key given by its 32-byte seed in hex.
///
/// # Errors
/// When the seed is not 64 hex digits.
pub fn public_key(seed: &SecretString) -> anyhow::Result<String> {
    Ok(hex::encode(signing_key(seed)?.verifying_key().to_bytes()))
}

fn signing_key(seed: &SecretString) -> anyhow::Result<SigningKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(seed.expose_secret(), &mut bytes).context("a key's seed is 64 hex digits")?;
    Ok(SigningKey::from_bytes(&bytes))
}

impl TokenIssuer {
    /// Signs with the key of this 32-byte seed in hex.
    ///
    /// # Errors
    /// When the seed is not 64 hex digits.
    pub fn new(seed: &SecretString, clock: Clock) -> anyhow::Result<Self> {
        let key = AsymmetricSecretKey::from(&signing_key(seed)?.to_keypair_bytes())
            .map_err(|error| anyhow!("the token key cannot be used: {error}"))?;
        Ok(Self { key: Arc::new(key), clock })
    }

    /// A token that speaks for `caller` to `audiences` for `lifetime`, and when it ends.
    ///
    /// # Errors
    /// When the token cannot be signed.
    pub fn issue(
        &self,
        caller: &Caller,
        audiences: &[Audience],
        lifetime: std::time::Duration,
    ) -> anyhow::Result<(String, OffsetDateTime)> {
        let issued = self.clock.now();
        let expires = issued + lifetime;
        let claims = Claims {
            caller: caller.clone(),
            audiences: audiences.to_vec(),
            issued: issued.unix_timestamp(),
            expires: expires.unix_timestamp(),
        };
        let message = serde_json::to_vec(&claims)?;
        let token = PublicToken::sign(&self.key, &message, None, Some(PURPOSE))
            .map_err(|error| anyhow!("a token could not be signed: {error}"))?;
        Ok((token, expires))
    }
}

impl TokenVerifier {
    /// Checks against this public key in hex what is shown to the service `audience`.
    ///
    /// # Errors
    /// When the key is not 64 hex digits.
    pub fn new(public_key: &str, audience: Audience, clock: Clock) -> anyhow::Result<Self> {
        let bytes = hex::decode(public_key).context("token_public_key is 64 hex digits")?;
        let key = AsymmetricPublicKey::from(&bytes)
            .map_err(|error| anyhow!("token_public_key cannot be used: {error}"))?;
        Ok(Self { key: Arc::new(key), audience, clock, remembered: Arc::default() })
    }

    /// The caller that a token speaks for; `None` when it is not valid now, or not here.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Caller> {
        let now = self.clock.now();
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some((caller, expires)) = self.remembered().get(&hash)
            && now < *expires
        {
            return Some(caller.clone());
        }
        // Not under the lock: a flood of forged tokens must not hold up the callers who are known.
        let (caller, expires) = self.check(token, now)?;
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, (_, expires)| now < *expires);
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
        }
        remembered.insert(hash, (caller.clone(), expires));
        Some(caller)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, token: &str, now: OffsetDateTime) -> Option<(Caller, OffsetDateTime)> {
        let untrusted = UntrustedToken::<Public, V4>::try_from(token).ok()?;
        let trusted = PublicToken::verify(&self.key, &untrusted, None, Some(PURPOSE)).ok()?;
        let claims: Claims = serde_json::from_str(trusted.payload()).ok()?;
        let issued = OffsetDateTime::from_unix_timestamp(claims.issued).ok()?;
        let expires = OffsetDateTime::from_unix_timestamp(claims.expires).ok()?;
        let here = claims.audiences.contains(&self.audience);
        (here && issued <= now + SKEW && now < expires).then_some((claims.caller, expires))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use ids::AgencyId;

    const HERE: &[Audience] = &[Audience::Ingest];

    fn caller() -> Caller {
        Caller { agency: AgencyId::mint(), person: None, role: Role::Client, display_name: "热线".into() }
    }

    fn seed(byte: u8) -> SecretString {
        hex::encode([byte; 32]).into()
    }

    #[test]
    fn a_token_speaks_for_its_caller_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let offset = folder.path().join("offset");
        let clock = Clock::steered(offset.clone());
        let verifier =
            TokenVerifier::new(&public_key(&seed(1)).unwrap(), Audience::Ingest, clock.clone()).unwrap();
        let issuer = TokenIssuer::new(&seed(1), clock).unwrap();
        let (token, _) =
            issuer.issue(&caller(), &[Audience::Ingest], std::time::Duration::from_secs(300)).unwrap();
        assert_eq!(verifier.verify(&token).unwrap().role, Role::Client);
        std::fs::write(&offset, "301000").unwrap();
        assert_eq!(verifier.verify(&token), None);
    }

    #[test]
    fn a_token_that_was_shown_to_one_service_opens_no_other() {
        let clock = Clock::system();
        let issuer = TokenIssuer::new(&seed(1), clock.clone()).unwrap();
        let minute = std::time::Duration::from_secs(60);
        for audience in Audience::ALL {
            let (token, _) = issuer.issue(&caller(), &[audience], minute).unwrap();
            for here in Audience::ALL {
                let verifier =
                    TokenVerifier::new(&public_key(&seed(1)).unwrap(), here, clock.clone()).unwrap();
                assert_eq!(verifier.verify(&token).is_some(), here == audience, "{audience} at {here}");
            }
        }
        let (nobodys, _) = issuer.issue(&caller(), &[], minute).unwrap();
        let verifier = TokenVerifier::new(&public_key(&seed(1)).unwrap(), Audience::Ingest, clock).unwrap();
        assert_eq!(verifier.verify(&nobodys), None);
    }

    #[test]
    fn a_token_of_another_key_or_with_a_changed_byte_speaks_for_nobody() {
        let clock = Clock::system();
        let verifier =
            TokenVerifier::new(&public_key(&seed(1)).unwrap(), Audience::Ingest, clock.clone()).unwrap();
        let minute = std::time::Duration::from_secs(60);
        let (foreign, _) =
            TokenIssuer::new(&seed(2), clock.clone()).unwrap().issue(&caller(), HERE, minute).unwrap();
        assert_eq!(verifier.verify(&foreign), None);
        let (token, _) = TokenIssuer::new(&seed(1), clock).unwrap().issue(&caller(), HERE, minute).unwrap();
        let changed = token.replace('a', "b");
        assert_eq!(verifier.verify(&changed), None);
    }
}

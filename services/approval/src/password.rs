//! Passwords: Argon2id, a few at a time, off the runtime's workers.

use std::sync::{Arc, LazyLock};

use anyhow::anyhow;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Each check takes 19 MiB and a tenth of a second: a flood of sign-ins waits instead of eating the machine.
const AT_ONCE_MAX: usize = 4;

/// Nobody's: compared against when there is no such person, so that the two take equally long.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| hash(&SecretString::from("nobody signs in with this")).unwrap_or_default());

/// Turns a password into what is stored.
///
/// # Errors
/// When the machine has no randomness or memory left.
pub fn hash(password: &SecretString) -> anyhow::Result<String> {
    let hashed = Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map_err(|error| anyhow!("a password could not be hashed: {error}"))?;
    Ok(hashed.to_string())
}

/// True when `password` is the one that `stored` was made of. Blocks for a tenth of a second.
pub fn matches(password: &SecretString, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|stored| {
        Argon2::default().verify_password(password.expose_secret().as_bytes(), &stored).is_ok()
    })
}

/// Work that costs Argon2id's memory and time, bounded.
#[derive(Clone)]
pub struct SlowWork(Arc<Semaphore>);

impl SlowWork {
    /// Nothing is under way.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE_MAX)))
    }

    /// Runs `work` on a thread of its own once it is its turn.
    ///
    /// # Errors
    /// When the work panicked or the runtime is shutting down.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        // The semaphore is never closed, so the only way out of waiting is a permit.
        let _permit = self.0.acquire().await.ok();
        tokio::task::spawn_blocking(work).await
    }
}

/// As slow as [`matches`], and false.
pub fn matches_nobody(password: &SecretString) -> bool {
    let _equally_slow = matches(password, &NOBODYS);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_matches() {
        let stored = hash(&"correct horse".into()).unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(matches(&"correct horse".into(), &stored));
        assert!(!matches(&"correct horsf".into(), &stored));
        assert!(!matches(&"correct horse".into(), "not a hash"));
        assert!(!matches_nobody(&"nobody signs in with this".into()));
    }
}

//! `chengqing code`: the one-time code of a sample person, as an authenticator would show it.

use anyhow::{Context, anyhow};
use time::OffsetDateTime;
use totp_rs::{Builder, Secret};

use crate::installation::Installation;

/// A code lasts this long.
pub const STEP_SECONDS: u64 = 30;

/// The code of a sample person at `now`.
///
/// # Errors
/// When nobody has this sign-in name.
pub fn at(installation: &Installation, login: &str, now: OffsetDateTime) -> anyhow::Result<String> {
    let secrets = &installation.secrets().totp;
    let secret = secrets.get(login).with_context(|| {
        let known: Vec<&str> = secrets.keys().map(String::as_str).collect();
        format!("nobody signs in as {login}: choose one of {}", known.join(", "))
    })?;
    let seconds = u64::try_from(now.unix_timestamp()).context("the clock stands before 1970")?;
    from_secret(secret, seconds)
}

/// The code that an authenticator with this base32 secret shows `seconds` after 1970.
///
/// # Errors
/// When the secret is not base32.
pub fn from_secret(secret: &str, seconds: u64) -> anyhow::Result<String> {
    let secret = Secret::try_from_base32(secret).map_err(|error| anyhow!("{error}"))?;
    // The defaults are those of every authenticator: SHA-1, six digits, thirty seconds.
    let totp = Builder::new()
        .with_secret(secret)
        .with_step_duration(STEP_SECONDS)
        .build()
        .map_err(|error| anyhow!("the one-time-code secret cannot be used: {error}"))?;
    Ok(totp.generate(seconds).to_string())
}

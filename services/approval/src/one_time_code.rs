//! One-time codes (RFC 6238): SHA-1, six digits, 30 seconds, one step either way for slow clocks and hands.
//!
//! This says which step a code belongs to. That a step is used once is the store's guarded update.

use anyhow::anyhow;
use time::OffsetDateTime;
use totp_rs::{Builder, Secret, Totp};

fn totp(secret: &[u8]) -> anyhow::Result<Totp> {
    Builder::new()
        .with_secret(secret)
        .with_account_name("chengqing")
        .build()
        .map_err(|error| anyhow!("a one-time-code secret cannot be used: {error}"))
}

/// The step whose code this is, around `now`; `None` when it is no code of this secret now.
///
/// # Errors
/// When the secret is shorter than 128 bits.
pub fn step_of(secret: &[u8], code: &str, now: OffsetDateTime) -> anyhow::Result<Option<i64>> {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    Ok(totp(secret)?.check(&plain_digits(code), seconds).and_then(|step| i64::try_from(step).ok()))
}

/// A code as it was meant: people type blanks and dashes between the digits, and a keyboard for Chinese gives
/// digits of full width.
fn plain_digits(code: &str) -> String {
    code.chars()
        .filter(|character| {
            !(character.is_whitespace()
                || character.is_control()
                || matches!(character, '-' | '‐'..='―' | '－' | '·' | '\u{200b}'..='\u{200f}' | '\u{feff}'))
        })
        .map(|character| match character {
            '０'..='９' => {
                char::from_digit(u32::from(character) - u32::from('０'), 10).unwrap_or(character)
            }
            other => other,
        })
        .collect()
}

/// A new secret of 160 bits.
pub fn new_secret() -> [u8; 20] {
    rand::random()
}

/// A secret as people type it into an authenticator.
pub fn to_base32(secret: &[u8]) -> String {
    Secret::from(secret).to_base32()
}

/// Reads a secret that people typed.
///
/// # Errors
/// When it is not base32 or shorter than 128 bits.
pub fn from_base32(text: &str) -> anyhow::Result<Vec<u8>> {
    let secret = Secret::try_from_base32(text).map_err(|error| anyhow!("not base32: {error}"))?;
    totp(secret.as_ref())?;
    Ok(secret.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's own examples.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn the_codes_of_the_rfc_belong_to_their_steps() {
        // The RFC prints eight digits; ours are the last six of them.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(SECRET, code, at(seconds)).unwrap(), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_late_and_no_longer() {
        let code = "081804";
        let step = 1_111_111_109 / 30;
        for (offset, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = step_of(SECRET, code, at((step + offset) * 30)).unwrap();
            assert_eq!(found, good.then_some(step), "{offset}");
        }
    }

    #[test]
    fn what_is_no_code_belongs_to_no_step() {
        for code in ["", "12345", "1234567", "abcdef", "28708②", "287 0820"] {
            assert_eq!(step_of(SECRET, code, at(59)).unwrap(), None, "{code}");
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for code in [
            "287082",
            "287 082",
            " 287\u{a0}082\n",
            "２８７０８２",
            "２８７　０８２",
            "28７-0８2",
            "\u{200b}287082",
        ] {
            assert_eq!(step_of(SECRET, code, at(59)).unwrap(), Some(1), "{code:?}");
        }
    }

    #[test]
    fn a_secret_reads_back_from_base32_and_a_short_one_is_refused() {
        assert_eq!(from_base32(&to_base32(SECRET)).unwrap(), SECRET);
        assert!(from_base32("JBSWY3DP").is_err());
    }
}

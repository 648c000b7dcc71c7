//! `chengqing evidence` and `chengqing verify`: what was signed, and what the audit trail says of when, taken out of
//! the databases as one file and checked anywhere with nothing but the agency's root public key.
//!
//! A signer's own word for the time proves nothing: whoever has stolen a key writes what suits. Evidence is therefore
//! judged as of the trail's time, and its entries' hashes are printed, to be compared with the trail.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use database::DatabaseConfig;
use secrecy::SecretString;
use signoff::bundle::Bundle;
use signoff::content::Content;
use signoff::evidence::{Evidence, Proven};
use signoff::key::RootKey;
use signoff::verify::{Expected, Trust, Verified, verify};
use sqlx::PgPool;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What `evidence` needs to know.
#[derive(clap::Args)]
pub struct EvidenceArguments {
    /// The clarification.
    clarification: uuid::Uuid,
    /// Its revision.
    revision: u64,
    /// The file to write.
    file: PathBuf,
    /// publish's database, for what was signed: postgres://role:password@host/database
    #[arg(long, env = "CHENGQING_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// approval's database, for what the audit trail says: postgres://role:password@host/database
    #[arg(long, env = "CHENGQING_APPROVAL_DATABASE_URL", hide_env_values = true)]
    approval_database_url: String,
    /// The agency.
    #[arg(long)]
    agency: uuid::Uuid,
}

/// What `verify` needs to know.
#[derive(clap::Args)]
pub struct VerifyArguments {
    /// The evidence file.
    file: PathBuf,
    /// The agency's root public key, in hex.
    #[arg(long)]
    root_key: String,
    /// The oldest version of the agency's policy that counted.
    #[arg(long, default_value_t = 1)]
    policy_version_min: u64,
    /// For a file without the audit trail's entries, as they were written before: when it was signed according to the
    /// trail, such as 2026-11-22T08:00:00Z.
    #[arg(long)]
    signed_time: Option<String>,
}

/// Writes the evidence of one revision.
///
/// # Errors
/// When publish does not have it, or the trail does not know it.
pub async fn evidence(arguments: &EvidenceArguments) -> anyhow::Result<()> {
    let (agency, clarification) = (arguments.agency.into(), arguments.clarification.into());
    let publish = connect(&arguments.database_url)?;
    let bundle = publish::evidence(&publish, agency, clarification, arguments.revision)
        .await?
        .context("publish has no such revision; `chengqing evidence --help` says what is needed")?;
    let approval = connect(&arguments.approval_database_url)?;
    let entries = approval::trail_of(&approval, agency, clarification, arguments.revision).await?;
    if entries.is_empty() {
        bail!("the audit trail knows no signature of this revision; is this approval's database?");
    }
    let evidence = Evidence { bundle: Bundle::decode(&bundle)?, entries };
    std::fs::write(&arguments.file, evidence.encode()?)
        .with_context(|| format!("{} could not be written", arguments.file.display()))
}

fn connect(url: &str) -> anyhow::Result<PgPool> {
    database::connect(&DatabaseConfig { url: SecretString::from(url), connections_max: 1 })
}

/// Checks an evidence file and says who signed what and when.
///
/// # Errors
/// When anything in it does not verify, in words.
pub fn verify_file(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let bytes = std::fs::read(&arguments.file)
        .with_context(|| format!("{} cannot be read", arguments.file.display()))?;
    let root = RootKey::from_hex(&arguments.root_key).context("--root-key is 64 hex digits")?;
    let policy_version_min = arguments.policy_version_min;
    match Evidence::decode(&bytes) {
        Ok(evidence) => {
            let agency =
                Content::decode(&evidence.bundle.content).context("the content cannot be read")?.agency;
            let trust = Trust { agency, root, policy_version_min };
            let proven = evidence
                .judge(&trust)
                .map_err(|unproven| anyhow!("不成立 does not verify: {} {unproven}", unproven.zh()))?;
            tell(&proven)
        }
        Err(_) => {
            let bundle = Bundle::decode(&bytes).context("this is not an evidence file")?;
            let Some(signed_time) = &arguments.signed_time else {
                bail!(
                    "the file says nothing of the audit trail, and a signer's own word for the time proves \
                     nothing: take it anew with `chengqing evidence`, or say what the trail says with --signed-time"
                );
            };
            let as_of = OffsetDateTime::parse(signed_time, &Rfc3339).context("--signed-time")?;
            let content = Content::decode(&bundle.content).context("the content cannot be read")?;
            let trust = Trust { agency: content.agency, root, policy_version_min };
            let expected = Expected {
                case: content.case,
                clarification: content.clarification,
                revision: content.revision,
            };
            let verified = verify(&bundle, &trust, &expected, as_of)
                .map_err(|refused| anyhow!("不成立 does not verify: {} {}", refused.zh(), refused.en()))?;
            head(&verified);
            witnesses(&verified)
        }
    }
}

fn tell(proven: &Proven) -> anyhow::Result<()> {
    head(&proven.verified);
    witnesses(&proven.verified)?;
    println!("操作记录 audit trail (to be compared with the trail itself, or with a kept checkpoint):");
    for entry in &proven.trail {
        let time = instant(entry.time_ms)?;
        println!("  {}  {}  {time}  {}", entry.sequence, entry.action, hex::encode(entry.hash));
    }
    Ok(())
}

fn head(verified: &Verified) {
    println!("成立 verified: 校验码 {}", hex::encode(verified.content_hash));
    println!("  网传内容 claim: {}", verified.content.claim_sentence);
}

fn witnesses(verified: &Verified) -> anyhow::Result<()> {
    for witness in &verified.chain {
        let time = instant(witness.signed_at_ms)?;
        let gates: Vec<&str> = witness.gates.iter().map(|gate| gate.zh()).collect();
        println!(
            "  {}  {}（{}）  {time}  {}",
            witness.purpose.zh(),
            witness.display_name,
            witness.role,
            gates.join("、")
        );
    }
    Ok(())
}

fn instant(unix_ms: i64) -> anyhow::Result<OffsetDateTime> {
    Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)?)
}

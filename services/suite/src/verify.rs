//! `chengqing evidence` and `chengqing verify`: what was signed, taken out of publish's database as one file, and
//! checked anywhere with nothing but the agency's root public key.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use database::DatabaseConfig;
use secrecy::SecretString;
use signoff::bundle::Bundle;
use signoff::content::Content;
use signoff::key::RootKey;
use signoff::statement::Statement;
use signoff::verify::{Expected, verify};
use time::OffsetDateTime;

/// What `evidence` needs to know.
#[derive(clap::Args)]
pub struct EvidenceArguments {
    /// The clarification.
    clarification: uuid::Uuid,
    /// Its revision.
    revision: u64,
    /// The file to write.
    file: PathBuf,
    /// publish's database: postgres://role:password@host/database
    #[arg(long, env = "CHENGQING_DATABASE_URL", hide_env_values = true)]
    database_url: String,
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
}

/// Writes the evidence of one revision.
///
/// # Errors
/// When publish does not have it.
pub async fn evidence(arguments: &EvidenceArguments) -> anyhow::Result<()> {
    let url = SecretString::from(arguments.database_url.clone());
    let pool = database::connect(&DatabaseConfig { url, connections_max: 1 })?;
    let bundle =
        publish::evidence(&pool, arguments.agency.into(), arguments.clarification.into(), arguments.revision)
            .await?
            .context("publish has no such revision; `chengqing evidence --help` says what is needed")?;
    std::fs::write(&arguments.file, bundle)
        .with_context(|| format!("{} could not be written", arguments.file.display()))
}

/// Checks an evidence file and says who signed what and when.
///
/// # Errors
/// When anything in it does not verify, in words.
pub fn verify_file(arguments: &VerifyArguments) -> anyhow::Result<()> {
    let bytes = std::fs::read(&arguments.file)
        .with_context(|| format!("{} cannot be read", arguments.file.display()))?;
    let root = RootKey::from_hex(&arguments.root_key).context("--root-key is 64 hex digits")?;
    let bundle = Bundle::decode(&bytes).context("this is not an evidence file")?;
    let content = Content::decode(&bundle.content).context("the content cannot be read")?;
    let expected =
        Expected { case: content.case, clarification: content.clarification, revision: content.revision };
    let verified = verify(&bundle, &root, content.agency, &expected, signed_at(&bundle)?)
        .map_err(|refused| anyhow!("不成立 does not verify: {} {}", refused.zh(), refused.en()))?;
    println!("成立 verified: 校验码 {}", hex::encode(verified.content_hash));
    for witness in &verified.chain {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(witness.signed_at_ms) * 1_000_000)?;
        println!("  {}  {}（{}）  {time}", witness.purpose.zh(), witness.display_name, witness.role);
    }
    Ok(())
}

/// The instant of the last statement: evidence is judged as of when it was signed, not as of today.
fn signed_at(bundle: &Bundle) -> anyhow::Result<OffsetDateTime> {
    let mut last = 0;
    for statement in &bundle.statements {
        last = last.max(Statement::decode(&statement.document)?.signed_at_ms);
    }
    Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(last) * 1_000_000)?)
}

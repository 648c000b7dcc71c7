//! The operator's two words about a client's secret: revoked, or another one. As the database's owner, like the
//! ceremony; tokens that were issued before end within minutes.

use anyhow::{Context, bail};
use database::{DatabaseConfig, agency_tx};
use runtime::Clock;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::audit;
use crate::domain::audit::Entry;
use crate::store;
use crate::store::person::NameKind;

/// Revokes a client's secret, or replaces it by `secret`, and tells the audit trail.
///
/// # Errors
/// When there is no such client, or the database is away.
pub async fn change(
    owner_url: &SecretString,
    client: &str,
    secret: Option<&SecretString>,
) -> anyhow::Result<()> {
    let config = DatabaseConfig { url: owner_url.clone(), connections_max: 1 };
    let pool = database::connect(&config)?;
    let now = Clock::from_environment().now();
    let agency = store::person::agency_of_name(&pool, NameKind::Client, client).await?;
    let agency = agency.with_context(|| format!("there is no client {client}"))?;
    let mut tx = agency_tx(&pool, agency).await?;
    let sha256 = secret.map(|secret| Sha256::digest(secret.expose_secret()).into());
    if !store::person::change_client(&mut tx, client, sha256.as_ref(), now).await? {
        bail!("there is no client {client}");
    }
    let action = if secret.is_some() { "client.renewed" } else { "client.revoked" };
    let entry =
        Entry { time: now, actor: "operator".to_owned(), action, subject: format!("client {client}") };
    audit::record(&mut tx, agency, &[entry]).await?;
    tx.commit().await?;
    pool.close().await;
    Ok(())
}

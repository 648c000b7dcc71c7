//! `chengqing client`: a client's secret is revoked, or replaced by a new one that is printed once.

use secrecy::SecretString;

use crate::installation::letters;

/// What becomes of a client's secret.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Revoke the secret: nobody speaks for this client any more, until it is renewed. Tokens that were issued
    /// before end within five minutes.
    Revoke(Which),
    /// Give the client a new secret and print it; the old one, if it is not revoked, ends with it.
    Renew(Which),
}

/// A client, and the database that knows it.
#[derive(clap::Args)]
pub struct Which {
    /// The client's id.
    client_id: String,
    /// The owner of approval's database: postgres://owner:password@host/database
    #[arg(long, env = "CHENGQING_OWNER_URL", hide_env_values = true)]
    owner_url: String,
}

/// Does it and says so.
///
/// # Errors
/// When there is no such client, or the database is away.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Revoke(which) => {
            approval::clients::change(&which.owner_url.into(), &which.client_id, None).await?;
            println!("{}: the secret is revoked", which.client_id);
        }
        Command::Renew(which) => {
            let secret = letters(43);
            let new = SecretString::from(secret.clone());
            approval::clients::change(&which.owner_url.into(), &which.client_id, Some(&new)).await?;
            println!("{secret}");
        }
    }
    Ok(())
}

//! `chengqing dead-letter`: messages that a service could not read, listed, explained and handed back.

use anyhow::bail;
use database::DatabaseConfig;
use messaging::dead_letters::Replay;
use secrecy::SecretString;
use sqlx::PgPool;

/// Rows of one look.
const PAGE: i64 = 200;

/// Whose dead letters.
#[derive(clap::Args)]
pub struct Source {
    /// The service's database: postgres://role:password@host/database
    #[arg(long, env = "CHENGQING_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

impl Source {
    fn connect(&self) -> anyhow::Result<PgPool> {
        let url = SecretString::from(self.database_url.clone());
        database::connect(&DatabaseConfig { url, connections_max: 1 })
    }
}

/// Prints all dead letters, oldest first. Never their content: that may be personal.
///
/// # Errors
/// When the database is away.
pub async fn list(source: &Source) -> anyhow::Result<()> {
    let pool = source.connect()?;
    let mut after = None;
    loop {
        let letters = messaging::dead_letters::list(&pool, after, PAGE).await?;
        let Some(last) = letters.last() else { return Ok(()) };
        after = Some(last.id);
        for letter in &letters {
            println!(
                "{:>6}  {}  {}  {}  {} bytes  {}",
                letter.id,
                letter.first_time,
                letter.durable,
                letter.subject,
                letter.payload.len(),
                letter.reason,
            );
        }
    }
}

/// Hands a dead letter back to the consumer that could not read it.
///
/// # Errors
/// When there is no such dead letter, or the database is away.
pub async fn replay(source: &Source, number: i64) -> anyhow::Result<()> {
    match messaging::dead_letters::replay(&source.connect()?, number).await? {
        Replay::Queued => println!("{number} will be read again"),
        Replay::AlreadyReplayed => println!("{number} was replayed before; nothing to do"),
        Replay::Unknown => bail!("there is no dead letter {number}: `chengqing dead-letter list` shows them"),
    }
    Ok(())
}

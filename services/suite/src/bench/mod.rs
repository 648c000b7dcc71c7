//! `chengqing bench`: how fast this machine carries the suite, beside what the machine itself can do.
//!
//! Each bench sets up an installation of its own under `/var/tmp`, with a durable PostgreSQL and a NATS server,
//! runs services as processes of their own, and removes everything in the end. Machines are noisy: read the
//! ratios, not the absolute numbers.

mod accept;
mod flow;
mod ground;
mod memory;
mod sign;
mod sign_in;
mod stats;

use std::path::PathBuf;

/// What to measure.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Durably accepted reports per second over gRPC, beside PostgreSQL's own limit for the same rows.
    Accept(Common),
    /// Open-loop arrivals through ingest, classification and approval: the highest rate without lag, and the
    /// time from accepted to a case in the queue.
    Flow(Common),
    /// The time from a committed sign-off to the platform's request.
    Sign(Common),
    /// Many wrong sign-ins at once: approval's memory, and how long one takes for names that are known and not.
    SignIn(Common),
    /// Memory at rest and after many reports, and the time of a warm start.
    Memory(Common),
}

/// What every bench needs to know.
#[derive(clap::Args, Clone)]
pub struct Common {
    /// The NATS server program.
    #[arg(long, env = "CHENGQING_NATS_SERVER", default_value = "nats-server")]
    pub nats_server: PathBuf,
    /// Seconds of each measurement, or for `sign`, `sign-in` and `memory` how many.
    #[arg(long)]
    pub amount: Option<u64>,
}

/// Runs one.
///
/// # Errors
/// When a part of it cannot be started or fails.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Accept(common) => accept::run(&common).await,
        Command::Flow(common) => flow::run(&common).await,
        Command::Sign(common) => sign::run(&common).await,
        Command::SignIn(common) => sign_in::run(&common).await,
        Command::Memory(common) => memory::run(&common).await,
    }
}

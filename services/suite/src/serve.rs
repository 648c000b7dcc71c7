//! Runs services: one of them in a process of its own (a container each), or all of them in one (`up`).

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use runtime::{Clock, Lifecycle, Stopped};
use secrecy::SecretString;

/// How long a stopping process may take to finish what it holds. Kubernetes kills after 30 s.
pub const GRACE: Duration = Duration::from_secs(20);

/// Every service that can be served.
pub const NAMES: [&str; 5] = ["approval", "ingest", "classification", "publish", "console"];

/// Builds one service from its section of the configuration and runs it within `lifecycle`.
///
/// # Errors
/// When its configuration cannot be used, a port is taken, or a migration is pending.
pub async fn start(
    service: &str,
    configuration: Option<&Path>,
    clock: &Clock,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let clock = clock.clone();
    let stop = lifecycle.clone();
    match service {
        "approval" => {
            let app = approval::App::build(runtime::config::load(configuration, service)?, clock).await?;
            lifecycle.spawn("approval", app.run(stop));
        }
        "ingest" => {
            let app = ingest::App::build(runtime::config::load(configuration, service)?, clock).await?;
            lifecycle.spawn("ingest", app.run(stop));
        }
        "classification" => {
            let app =
                classification::App::build(runtime::config::load(configuration, service)?, clock).await?;
            lifecycle.spawn("classification", app.run(stop));
        }
        "publish" => {
            let app = publish::App::build(runtime::config::load(configuration, service)?, clock).await?;
            lifecycle.spawn("publish", app.run(stop));
        }
        "console" => {
            let app = console::App::build(runtime::config::load(configuration, service)?, clock).await?;
            lifecycle.spawn("console", app.run(stop));
        }
        other => bail!("there is no service {other}: choose one of {}", NAMES.join(", ")),
    }
    Ok(())
}

/// Runs one service until it is asked to stop.
///
/// # Errors
/// When it cannot start, or a part of it fails.
pub async fn run(service: &str, configuration: Option<&Path>) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    lifecycle.stop_on_signals()?;
    start(service, configuration, &Clock::from_environment(), &lifecycle).await?;
    tracing::info!(service, "{service} is ready");
    finish(lifecycle).await
}

/// Waits for the stop.
///
/// # Errors
/// When a part failed and so caused it.
pub async fn finish(lifecycle: Lifecycle) -> anyhow::Result<()> {
    match lifecycle.stopped(GRACE).await {
        Stopped::AsAsked => Ok(()),
        Stopped::Failed(part) => bail!("stopped because {part} failed; the log says why"),
    }
}

/// Migrates one service's database, as its owner.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(service: &str, owner_url: &SecretString) -> anyhow::Result<()> {
    match service {
        "approval" => approval::migrate(owner_url).await,
        "ingest" => ingest::migrate(owner_url).await,
        "classification" => classification::migrate(owner_url).await,
        "publish" => publish::migrate(owner_url).await,
        other => bail!("{other} has no database"),
    }
}

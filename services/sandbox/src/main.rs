//! The sandbox as a process of its own.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use runtime::{Clock, Lifecycle, Stopped};
use sandbox::{App, config::Config};
use tracing_subscriber::EnvFilter;

const GRACE: Duration = Duration::from_secs(20);

/// Imitates WeChat's and Weibo's interfaces. Nothing it publishes leaves this machine.
#[derive(Parser)]
struct Arguments {
    /// TOML with a section `[sandbox]`.
    #[arg(long)]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match run(&arguments).await {
        Ok(Stopped::AsAsked) => ExitCode::SUCCESS,
        Ok(Stopped::Failed(task)) => {
            tracing::error!("the sandbox stopped because {task} failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            tracing::error!("the sandbox cannot start: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<Stopped> {
    // Two TLS providers could be in the build; this names the one to use. It
    // fails only when one was named before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config: Config = runtime::config::load(Some(&arguments.config), "sandbox")?;
    let app = App::build(config, Clock::from_environment()).await?;
    tracing::info!("the sandbox listens on http://{}", app.address());
    let lifecycle = Lifecycle::new();
    lifecycle.stop_on_signals()?;
    lifecycle.spawn("sandbox", app.run(lifecycle.clone()));
    Ok(lifecycle.stopped(GRACE).await)
}

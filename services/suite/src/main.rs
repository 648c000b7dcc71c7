//! The command line of the suite.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secrecy::SecretString;
use suite::installation::{Installation, Ports, default_folder};
use suite::{agency, bench, bus, client, code, dead_letters, evaluate, import, serve, train, up, verify};

/// 澄清 Chengqing: a government press office's rumor-correction desk.
#[derive(Parser)]
#[command(name = "chengqing", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on this machine, with sample people and a sandbox for the outside world.
    Up {
        #[command(flatten)]
        place: Place,
        /// Play the demo story once, in a folder of its own within the data folder, made anew.
        #[arg(long)]
        demo: bool,
        /// Stop after the demo story, with status 0 if it went well.
        #[arg(long, requires = "demo")]
        exit: bool,
        /// The NATS server program.
        #[arg(long, env = "CHENGQING_NATS_SERVER", default_value = "nats-server")]
        nats_server: PathBuf,
    },
    /// Run one service: approval, ingest, classification, publish or console.
    Serve {
        /// Which.
        service: String,
        /// The configuration file; environment variables alone will do as well.
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Bring one service's database up to date, as its owner.
    Migrate {
        /// Which.
        service: String,
        /// postgres://owner:password@host/database
        #[arg(long, env = "CHENGQING_OWNER_URL", hide_env_values = true)]
        owner_url: String,
    },
    /// The bus between the services.
    #[command(subcommand)]
    Bus(bus::Command),
    /// Print the one-time code of a sample person.
    Code {
        /// The sign-in name.
        login: String,
        #[command(flatten)]
        place: Place,
    },
    /// Agencies.
    #[command(subcommand)]
    Agency(AgencyCommand),
    /// Clients: hotline desks and partners that send reports.
    #[command(subcommand)]
    Client(client::Command),
    /// Print the public half of the key that signs callers' tokens.
    TokenPublicKey {
        /// Approval's configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// Reports.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Messages that no service could read.
    #[command(subcommand)]
    DeadLetter(DeadLetterCommand),
    /// Write the evidence of a signed revision to a file.
    Evidence(verify::EvidenceArguments),
    /// Check an evidence file with nothing but the agency's root public key.
    Verify(verify::VerifyArguments),
    /// Train a model on what an office decided.
    Train(train::Arguments),
    /// Trained models.
    #[command(subcommand)]
    Model(train::ModelCommand),
    /// Measure judgements against a folder of labelled texts.
    Eval(evaluate::Arguments),
    /// Measure this machine.
    #[command(subcommand)]
    Bench(bench::Command),
}

#[derive(Subcommand)]
enum AgencyCommand {
    /// Hold the ceremony in which a real office begins.
    Found(agency::Found),
}

#[derive(Subcommand)]
enum ReportCommand {
    /// Import reports from a file: XLSX, CSV and its kin, JSON; in any of the usual encodings.
    Import {
        /// The file; its first row says what the columns hold.
        file: PathBuf,
        #[command(flatten)]
        options: import::Options,
        #[command(flatten)]
        target: import::Target,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Subcommand)]
enum DeadLetterCommand {
    /// List them, oldest first.
    List {
        #[command(flatten)]
        source: dead_letters::Source,
    },
    /// Hand one back to its consumer.
    Replay {
        /// The number that `list` shows.
        number: i64,
        #[command(flatten)]
        source: dead_letters::Source,
    },
}

/// An installation of this machine.
#[derive(clap::Args)]
struct Place {
    /// The data folder.
    #[arg(long = "data", default_value_os_t = default_folder())]
    folder: PathBuf,
    /// The first port.
    #[arg(long, default_value_t = 7080)]
    port_base: u16,
}

impl Place {
    fn open(&self) -> anyhow::Result<Installation> {
        if !self.folder.join("secrets.json").exists() {
            anyhow::bail!("there is no installation in {}: run ./deploy/up first", self.folder.display());
        }
        Installation::open(&self.folder, Ports::from_base(self.port_base))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ran = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(arguments.command)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chengqing: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    // Two crypto providers could be linked in one day; the choice is made once, here.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("a TLS provider was installed before ours");
    }
    let telemetry = start_telemetry(&command)?;
    let ran = dispatch(command).await;
    // Flushing blocks; the runtime's workers must stay free to carry it.
    tokio::task::spawn_blocking(move || telemetry.stop()).await?;
    ran
}

#[expect(clippy::disallowed_methods, reason = "the standard variables of logging and OpenTelemetry")]
fn start_telemetry(command: &Command) -> anyhow::Result<telemetry::Telemetry> {
    let service = match command {
        Command::Serve { service, .. } => {
            serve::NAMES.iter().find(|name| *name == service).copied().unwrap_or("chengqing")
        }
        _ => "chengqing",
    };
    let default_filter = match command {
        Command::Serve { .. } | Command::Bus(_) => "info",
        _ => "warn",
    };
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| default_filter.to_owned());
    let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok();
    telemetry::start(service, endpoint.as_deref(), &filter)
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up { place, demo, exit, nats_server } => {
            up::run(up::Options { folder: place.folder, port_base: place.port_base, nats_server, demo, exit })
                .await
        }
        Command::Serve { service, config } => serve::run(&service, config.as_deref()).await,
        Command::Migrate { service, owner_url } => {
            serve::migrate(&service, &SecretString::from(owner_url)).await
        }
        Command::Bus(command) => bus::run(command).await,
        Command::Code { login, place } => {
            let code = code::at(&place.open()?, &login, runtime::Clock::from_environment().now())?;
            println!("{code}");
            Ok(())
        }
        Command::Agency(AgencyCommand::Found(arguments)) => agency::found(&arguments).await,
        Command::Client(command) => client::run(command).await,
        Command::TokenPublicKey { config } => {
            println!("{}", agency::token_public_key(&config)?);
            Ok(())
        }
        Command::Report(ReportCommand::Import { file, options, target, place }) => {
            let target = target.or_installation(|| place.open())?;
            import::run(&file, &options, &target).await
        }
        Command::DeadLetter(DeadLetterCommand::List { source }) => dead_letters::list(&source).await,
        Command::DeadLetter(DeadLetterCommand::Replay { number, source }) => {
            dead_letters::replay(&source, number).await
        }
        Command::Evidence(arguments) => verify::evidence(&arguments).await,
        Command::Verify(arguments) => verify::verify_file(&arguments),
        Command::Train(arguments) => train::run(&arguments, runtime::Clock::from_environment().now()).await,
        Command::Model(command) => train::model(&command).await,
        Command::Eval(arguments) => evaluate::run(&arguments),
        Command::Bench(command) => bench::run(command).await,
    }
}

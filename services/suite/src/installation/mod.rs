//! One machine's installation: a folder with the secrets, the configuration and the data of everything that
//! `chengqing up` runs.

mod configuration;
mod databases;
mod folder;
mod ports;
mod sample;
mod secrets;

use std::path::{Path, PathBuf};

use anyhow::Context;
use backing::{BusUser, Nats, Postgres, PostgresTuning};
use ids::AgencyId;

pub use folder::default_folder;
pub(crate) use folder::write_private;
pub use ports::Ports;
pub use sample::{AGENCY_NAME, Colleague, WECHAT_ACCOUNT, colleagues};
pub use secrets::Secrets;
pub(crate) use secrets::{base32, letters};

/// The services that own a database and a stream.
pub const SERVICES: [&str; 4] = ["approval", "ingest", "classification", "publish"];

/// The streams that each service reads.
const READS: [(&str, &[&str]); 4] = [
    ("approval", &["CLASSIFICATION", "PUBLISH"]),
    ("ingest", &["CLASSIFICATION", "APPROVAL", "PUBLISH"]),
    ("classification", &["INGEST", "APPROVAL", "PUBLISH"]),
    ("publish", &["INGEST", "APPROVAL"]),
];

/// An installation on this machine. Opening it makes it, the first time.
#[derive(Debug)]
pub struct Installation {
    folder: PathBuf,
    ports: Ports,
    secrets: Secrets,
}

impl Installation {
    /// Opens the installation in `folder`, or makes a new one there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn open(folder: &Path, ports: Ports) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| {
            format!("{} cannot be made; choose another folder with --data", folder.display())
        })?;
        let secrets = Secrets::open(&folder.join("secrets.json"))?;
        let installation = Self { folder: folder.to_owned(), ports, secrets };
        installation.write_configuration()?;
        Ok(installation)
    }

    /// Starts its PostgreSQL, with every database migrated.
    ///
    /// # Errors
    /// When PostgreSQL is missing or does not start, or a migration fails.
    pub async fn start_postgres(&self, tuning: PostgresTuning) -> anyhow::Result<Postgres> {
        let folder = self.folder.join("postgres");
        let postgres =
            Postgres::start(&folder, self.ports.postgres, &self.secrets.postgres_password, tuning).await?;
        self.prepare_databases(&postgres).await?;
        Ok(postgres)
    }

    /// Starts its NATS.
    ///
    /// # Errors
    /// When the port is taken or the server does not answer.
    pub async fn start_nats(&self, program: &Path) -> anyhow::Result<Nats> {
        Nats::start(program, &self.folder.join("nats"), self.ports.nats, &self.bus_users()).await
    }

    /// Who may do what on its bus.
    #[must_use]
    pub fn bus_users(&self) -> [BusUser; 4] {
        READS.map(|(service, reads)| {
            BusUser::service(service, &self.secrets.service(service).bus_password, reads)
        })
    }

    /// Makes the sample office: people, keys, policy, standing replies and one known clarification. Doing it
    /// again changes nothing.
    ///
    /// # Errors
    /// When approval's database is away.
    pub async fn provision_sample(&self) -> anyhow::Result<()> {
        let owner = self.owner_url("approval");
        approval::provision::provision(&owner, sample::plan(self))
            .await
            .context("the sample office could not be made")?;
        Ok(())
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration file of all services.
    #[must_use]
    pub fn configuration_file(&self) -> PathBuf {
        self.folder.join("chengqing.toml")
    }

    /// The configuration file of the sandbox.
    #[must_use]
    pub fn sandbox_configuration_file(&self) -> PathBuf {
        self.folder.join("sandbox.toml")
    }

    /// Its ports.
    #[must_use]
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Its secrets.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The sample agency.
    #[must_use]
    pub const fn agency(&self) -> AgencyId {
        self.secrets.agency_id
    }
}

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
use backing::{BusPassword, BusUser, Nats, Postgres, PostgresTuning};
use ids::AgencyId;
use messaging::Administrator;
use messaging::rights::ADMINISTRATOR;

use crate::bus;

pub use folder::default_folder;
pub use ports::Ports;
pub use sample::{AGENCY_NAME, Colleague, WECHAT_ACCOUNT, colleagues};
pub use secrets::Secrets;
pub(crate) use secrets::{base32, letters};

/// The services that own a database and a stream.
pub const SERVICES: [&str; 4] = ["approval", "ingest", "classification", "publish"];

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

    /// Starts its NATS, with every stream and consumer made.
    ///
    /// # Errors
    /// When the port is taken or the server does not answer.
    pub async fn start_nats(&self, program: &Path) -> anyhow::Result<Nats> {
        let nats =
            Nats::start(program, &self.folder.join("nats"), self.ports.nats, &self.bus_users()).await?;
        self.bus_administrator().await?.make().await?;
        Ok(nats)
    }

    /// Who makes and keeps the streams and consumers of its bus.
    ///
    /// # Errors
    /// When the bus is away.
    pub async fn bus_administrator(&self) -> anyhow::Result<Administrator> {
        bus::administrator(&self.bus_url(), self.secrets.administrator_bus_password.clone().into(), 1).await
    }

    /// Where its bus is.
    #[must_use]
    pub fn bus_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.nats)
    }

    /// Who may do what on its bus.
    #[must_use]
    pub fn bus_users(&self) -> Vec<BusUser> {
        bus::users(|user| {
            BusPassword::Written(if user == ADMINISTRATOR {
                self.secrets.administrator_bus_password.clone()
            } else {
                self.secrets.service(user).bus_password.clone()
            })
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

//! Test databases: many on one shared server, or a server of one's own to stop and crash.

use std::fs::File;
use std::path::PathBuf;

use backing::PostgresTuning;
use database::{DatabaseConfig, Schema};
use secrecy::SecretString;
use sqlx::PgPool;

const PASSWORD: &str = "test";

/// The server that all tests of this machine's user share. It stays up between test processes;
/// `deploy/test` removes it in the end.
#[derive(Debug)]
pub struct SharedPostgres(backing::Postgres);

/// A server of one test.
#[derive(Debug)]
pub struct Postgres {
    server: backing::Postgres,
    _folder: tempfile::TempDir,
}

/// A service's database, migrated as in production.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// As the running service: row-level security applies.
    pub url: SecretString,
    /// As its owner.
    pub owner_url: SecretString,
    /// As the superuser, to look and to tamper.
    pub superuser_url: SecretString,
    /// A pool as the running service.
    pub pool: PgPool,
}

impl TestDatabase {
    /// A pool as the superuser, who sees every agency and may tamper.
    ///
    /// # Panics
    /// When the URL cannot be read.
    #[must_use]
    pub fn superuser(&self) -> PgPool {
        connect(&self.superuser_url)
    }

    /// What a service's configuration says about this database.
    #[must_use]
    pub fn config(&self) -> DatabaseConfig {
        DatabaseConfig { url: self.url.clone(), connections_max: 10 }
    }
}

fn connect(url: &SecretString) -> PgPool {
    database::connect(&DatabaseConfig { url: url.clone(), connections_max: 10 }).unwrap()
}

/// The shared server, started by whoever comes first.
///
/// # Panics
/// When PostgreSQL is not installed or does not start.
pub async fn postgres() -> SharedPostgres {
    let folder = shared_folder();
    std::fs::create_dir_all(&folder).unwrap();
    // One starts it, the others wait here without holding up their own runtime. The lock goes with the file.
    let file = File::create(folder.join("lock")).unwrap();
    let _lock = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await.unwrap().unwrap();
    let port_file = folder.join("port");
    let port = std::fs::read_to_string(&port_file).ok().and_then(|text| text.trim().parse().ok());
    let port = port.unwrap_or_else(|| backing::free_port().unwrap());
    std::fs::write(&port_file, port.to_string()).unwrap();
    let server = backing::Postgres::start(&folder.join("postgres"), port, PASSWORD, PostgresTuning::ForTests)
        .await
        .unwrap();
    SharedPostgres(server)
}

fn shared_folder() -> PathBuf {
    // Under /var/tmp, which every user may pass: as root, PostgreSQL runs as another user.
    PathBuf::from(format!("/var/tmp/chengqing-test-{}", user_id()))
}

fn user_id() -> String {
    std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap().to_string()
}

impl SharedPostgres {
    /// A new, migrated database for `service`.
    ///
    /// # Panics
    /// When a migration fails.
    pub async fn fresh_database(&self, service: &str, schemas: &[Schema]) -> TestDatabase {
        fresh_database(&self.0, service, schemas).await
    }

    /// The server itself, for a test that sets up a whole installation on it.
    #[must_use]
    pub const fn server(&self) -> &backing::Postgres {
        &self.0
    }
}

impl Postgres {
    /// Starts a server that belongs to one test.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub async fn start_private() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("chengqing-")
            // As root, PostgreSQL runs as another user, who must be able to pass this folder.
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in("/var/tmp")
            .unwrap();
        let port = backing::free_port().unwrap();
        let server = backing::Postgres::start(
            &folder.path().join("postgres"),
            port,
            PASSWORD,
            PostgresTuning::ForTests,
        )
        .await
        .unwrap();
        Self { server, _folder: folder }
    }

    /// A new, migrated database for `service`.
    ///
    /// # Panics
    /// When a migration fails.
    pub async fn fresh_database(&self, service: &str, schemas: &[Schema]) -> TestDatabase {
        fresh_database(&self.server, service, schemas).await
    }

    /// Stops the server, as an administrator would.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn stop(&self) {
        self.server.stop().await.unwrap();
    }

    /// Stops the server as a crash would.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn crash(&self) {
        self.server.crash().await.unwrap();
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn resume(&self) {
        self.server.resume().await.unwrap();
    }

    /// The server itself.
    #[must_use]
    pub const fn server(&self) -> &backing::Postgres {
        &self.server
    }
}

impl Drop for Postgres {
    /// The server must go before its folder does.
    fn drop(&mut self) {
        if let Some(id) = self.server.process_id() {
            let _gone_already = std::process::Command::new("kill")
                .args(["-QUIT", &id.to_string()])
                .stderr(std::process::Stdio::null())
                .status();
        }
    }
}

async fn fresh_database(server: &backing::Postgres, service: &str, schemas: &[Schema]) -> TestDatabase {
    let role = format!("chengqing_{service}");
    let owner = format!("{role}_owner");
    let name = format!("{service}_{}", uuid::Uuid::now_v7().simple());
    for role in [&role, &owner] {
        // Several tests may make the role at once; the first one wins.
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        server.run_sql("postgres", &sql).await.unwrap();
    }
    server.run_sql("postgres", &format!("CREATE DATABASE {name} OWNER {owner}")).await.unwrap();
    let owner_url = SecretString::from(server.url(&owner, PASSWORD, &name));
    database::migrate(&owner_url, service, schemas).await.unwrap();
    let url = SecretString::from(server.url(&role, PASSWORD, &name));
    TestDatabase { pool: connect(&url), url, owner_url, superuser_url: server.superuser_url(&name).into() }
}

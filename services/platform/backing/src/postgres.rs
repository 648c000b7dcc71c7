//! A private PostgreSQL cluster. As root it runs under the packages' own user `postgres`, because PostgreSQL
//! refuses root.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::process::{is_root, run, tail, wait_until};
use crate::{port, private};

/// The oldest PostgreSQL that will do.
const OLDEST: u32 = 15;

/// What the cluster is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresTuning {
    /// Keeps every commit through a power failure.
    Durable,
    /// Keeps every commit through the death of a process, not of the machine: enough for tests, and faster.
    ForTests,
}

/// A cluster in a folder of its own, reached on loopback.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    password: String,
}

impl Postgres {
    /// Makes the cluster if the folder has none, and starts it if it does not run.
    ///
    /// # Errors
    /// When PostgreSQL 15 or newer is not installed, the folder belongs to another version, or the port is taken.
    pub async fn start(
        folder: &Path,
        port: u16,
        password: &str,
        tuning: PostgresTuning,
    ) -> anyhow::Result<Self> {
        let (programs, version) = installed()?;
        let postgres = Self { programs, data: folder.join("data"), port, password: password.to_owned() };
        if postgres.data.join("PG_VERSION").exists() {
            postgres.refuse_other_version(version)?;
        } else {
            postgres.make(folder).await?;
        }
        if postgres.is_running().await {
            return Ok(postgres);
        }
        if port::is_taken(port) {
            bail!("port {port} is taken by another program: stop it, or choose other ports with --port-base");
        }
        postgres.configure(tuning)?;
        postgres.resume().await?;
        Ok(postgres)
    }

    async fn make(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let password_file = folder.join("initial-password");
        private::write(&password_file, &self.password)?;
        if is_root() {
            run(Command::new("chown").arg("-R").arg("postgres").arg(folder)).await?;
            refuse_unreachable(folder).await?;
        }
        run(self
            .as_postgres("initdb")
            .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("-D")
            .arg(&self.data))
        .await
        .context("the PostgreSQL cluster could not be made")?;
        std::fs::remove_file(&password_file)?;
        Ok(())
    }

    fn refuse_other_version(&self, installed: u32) -> anyhow::Result<()> {
        let made = std::fs::read_to_string(self.data.join("PG_VERSION"))?;
        if made.trim() != installed.to_string() {
            bail!(
                "{} was made by PostgreSQL {} and {installed} is installed: install {} again, or move the \
                 folder away to begin anew",
                self.data.display(),
                made.trim(),
                made.trim()
            );
        }
        Ok(())
    }

    fn configure(&self, tuning: PostgresTuning) -> anyhow::Result<()> {
        let durability = match tuning {
            PostgresTuning::Durable => "",
            PostgresTuning::ForTests => "fsync = off\nfull_page_writes = off\n",
        };
        let settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 300\n\
             shared_buffers = 128MB\nmax_wal_size = 1GB\n{durability}",
            self.port
        );
        std::fs::write(self.data.join("chengqing.conf"), settings)?;
        let main = self.data.join("postgresql.conf");
        let text = std::fs::read_to_string(&main)?;
        if !text.contains("chengqing.conf") {
            std::fs::write(&main, format!("{text}\ninclude = 'chengqing.conf'\n"))?;
        }
        Ok(())
    }

    /// Starts the server of an existing cluster.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub async fn resume(&self) -> anyhow::Result<()> {
        let log = self.log();
        let started = run(self
            .as_postgres("pg_ctl")
            .args(["start", "--wait", "--timeout=30", "--silent"])
            .arg("-D")
            .arg(&self.data)
            .arg("-l")
            .arg(&log))
        .await;
        if started.is_err() {
            bail!("PostgreSQL did not start: {}", tail(&log));
        }
        Ok(())
    }

    /// Stops the server; open transactions are rolled back.
    ///
    /// # Errors
    /// When it does not stop within 30 s.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.stop_with("fast").await
    }

    /// Stops the server as a crash would: nothing is flushed, the next start recovers.
    ///
    /// # Errors
    /// When it does not stop within 30 s.
    pub async fn crash(&self) -> anyhow::Result<()> {
        self.stop_with("immediate").await
    }

    async fn stop_with(&self, mode: &str) -> anyhow::Result<()> {
        run(self
            .as_postgres("pg_ctl")
            .args(["stop", "--wait", "--timeout=30", "--silent", "--mode", mode])
            .arg("-D")
            .arg(&self.data))
        .await
        .context("PostgreSQL did not stop")?;
        Ok(())
    }

    /// Whether the server of this cluster runs.
    pub async fn is_running(&self) -> bool {
        run(self.as_postgres("pg_ctl").arg("status").arg("-D").arg(&self.data)).await.is_ok()
    }

    /// Runs SQL as the superuser, in `database`. For setting up roles and databases only.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn run_sql(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let ready = wait_until(Duration::from_secs(10), async || port::is_taken(self.port)).await;
        if !ready {
            bail!("PostgreSQL does not answer on port {}", self.port);
        }
        run(Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"])
            .args(["--host=127.0.0.1", "--username=postgres", "--dbname", database])
            .arg(format!("--port={}", self.port))
            .env("PGPASSWORD", &self.password)
            .args(["--command", sql]))
        .await
    }

    /// Where a role reaches a database.
    #[must_use]
    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where the superuser reaches a database.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url("postgres", &self.password, database)
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of PostgreSQL's own programs, `pgbench` among them.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// The process id of the running server.
    #[must_use]
    pub fn process_id(&self) -> Option<i32> {
        std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }

    fn log(&self) -> PathBuf {
        self.data.with_file_name("postgres.log")
    }

    fn as_postgres(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The server must not hear the Ctrl-C that is meant for us: we stop it ourselves, last.
        command.process_group(0).current_dir("/");
        command
    }
}

/// Another user can only use a folder whose parents it may pass.
async fn refuse_unreachable(folder: &Path) -> anyhow::Result<()> {
    run(Command::new("runuser").args(["-u", "postgres", "--", "test", "-w"]).arg(folder).current_dir("/"))
        .await
        .with_context(|| {
            format!(
                "as root, PostgreSQL runs as user postgres, who cannot reach {}: choose another folder with \
                 --data (such as /var/lib/chengqing), or run as an ordinary user",
                folder.display()
            )
        })?;
    Ok(())
}

/// The newest installed PostgreSQL.
fn installed() -> anyhow::Result<(PathBuf, u32)> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .collect();
    found.sort_by_key(|(version, _)| *version);
    match found.pop() {
        Some((version, programs)) if version >= OLDEST => Ok((programs, version)),
        Some((version, _)) => bail!("PostgreSQL {version} is too old: install {OLDEST} or newer"),
        None => bail!("PostgreSQL is not installed: apt-get install postgresql"),
    }
}

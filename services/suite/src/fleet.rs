//! Services as processes of their own, as in a real deployment: for benchmarks, for the demo story and for the
//! tests that kill them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use crate::installation::Installation;

/// The processes of one installation. They are killed when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    program: PathBuf,
    configuration: PathBuf,
    folder: PathBuf,
    ports: BTreeMap<&'static str, u16>,
    environment: Vec<(String, String)>,
    running: BTreeMap<&'static str, Child>,
    deaths: BTreeMap<&'static str, u32>,
}

/// A service that does not answer within this has failed to start.
const START_LIMIT: Duration = Duration::from_secs(60);

impl Fleet {
    /// The services of `installation`, run by this `chengqing` program. Starts none.
    #[must_use]
    pub fn new(program: &Path, installation: &Installation) -> Self {
        let ports = installation.ports();
        Self {
            program: program.to_owned(),
            configuration: installation.configuration_file(),
            folder: installation.folder().to_owned(),
            ports: BTreeMap::from([
                ("approval", ports.approval),
                ("ingest", ports.ingest),
                ("classification", ports.classification),
                ("publish", ports.publish),
                ("console", ports.console),
            ]),
            environment: Vec::new(),
            running: BTreeMap::new(),
            deaths: BTreeMap::new(),
        }
    }

    /// Sets a variable for every process that is started from now on.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// Starts a service and waits until it answers.
    ///
    /// # Errors
    /// When it does not start; its log says why.
    pub async fn start(&mut self, service: &'static str) -> anyhow::Result<()> {
        self.launch(service, &[])?;
        self.wait_until_answering(service).await
    }

    /// Starts a service that is armed to die at a crash point, which may come before it ever answers.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub async fn start_armed(&mut self, service: &'static str, point: &str) -> anyhow::Result<()> {
        self.launch(service, &[("CHENGQING_CRASH_AT", point)])?;
        while !backing::is_taken(self.ports[service]) && self.ended(service)?.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn launch(&mut self, service: &'static str, more: &[(&str, &str)]) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{service}.log")))?;
        let child = Command::new(&self.program)
            .args(["serve", service, "--config"])
            .arg(&self.configuration)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            // It must not hear the Ctrl-C that is meant for us.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} could not be run", self.program.display()))?;
        self.running.insert(service, child);
        Ok(())
    }

    async fn wait_until_answering(&mut self, service: &'static str) -> anyhow::Result<()> {
        let end = Instant::now() + START_LIMIT;
        while !backing::is_taken(self.ports[service]) {
            if let Some(status) = self.ended(service)? {
                bail!("{service} ended at start ({status}): {}", self.last_words(service));
            }
            if Instant::now() > end {
                bail!("{service} does not answer: {}", self.last_words(service));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How a service ended; `None` while it runs.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn ended(&mut self, service: &str) -> anyhow::Result<Option<ExitStatus>> {
        self.running.get_mut(service).map_or(Ok(None), |child| Ok(child.try_wait()?))
    }

    /// Starts every service again that has ended by itself; says which.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn revive(&mut self) -> anyhow::Result<Vec<&'static str>> {
        let services: Vec<&'static str> = self.running.keys().copied().collect();
        let mut revived = Vec::new();
        for service in services {
            if self.ended(service)?.is_some() {
                *self.deaths.entry(service).or_default() += 1;
                self.start(service).await?;
                revived.push(service);
            }
        }
        Ok(revived)
    }

    /// How often [`revive`](Self::revive) found a service dead.
    #[must_use]
    pub fn deaths(&self, service: &str) -> u32 {
        self.deaths.get(service).copied().unwrap_or(0)
    }

    /// Waits until a service ends by itself.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn wait(&mut self, service: &str) -> anyhow::Result<ExitStatus> {
        let mut child = self.running.remove(service).with_context(|| format!("{service} does not run"))?;
        Ok(child.wait().await?)
    }

    /// Kills a service with SIGKILL.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn kill(&mut self, service: &str) -> anyhow::Result<()> {
        if let Some(mut child) = self.running.remove(service) {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks a service to stop, and waits for it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(&mut self, service: &str) -> anyhow::Result<()> {
        let Some(mut child) = self.running.remove(service) else { return Ok(()) };
        if let Some(pid) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        child.wait().await?;
        Ok(())
    }

    /// The process id of a service.
    #[must_use]
    pub fn process_id(&self, service: &str) -> Option<u32> {
        self.running.get(service).and_then(Child::id)
    }

    /// The last lines of a service's log.
    #[must_use]
    pub fn last_words(&self, service: &str) -> String {
        let text = std::fs::read_to_string(self.folder.join(format!("{service}.log"))).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

//! A private NATS server with JetStream.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use crate::process::{end_leftover, remember, tail, wait_until};
use crate::{port, private};

/// Who may do what on the bus.
#[derive(Clone, Debug)]
pub struct BusUser {
    /// The name, and the inbox prefix `_INBOX_<name>`.
    pub name: String,
    /// The password.
    pub password: BusPassword,
    /// Subjects that it may publish.
    pub publish: Vec<String>,
    /// Subjects that it may subscribe to, besides its own inbox.
    pub subscribe: Vec<String>,
}

/// How a server is told a user's password.
#[derive(Clone, Debug)]
pub enum BusPassword {
    /// In its configuration.
    Written(String),
    /// In a variable of its environment, of this name.
    Variable(String),
}

/// A server in a folder of its own, reached on loopback. Killed when dropped.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Nats {
    /// Starts a server with these users.
    ///
    /// # Errors
    /// When the program is missing or the port is taken.
    pub async fn start(program: &Path, folder: &Path, port: u16, users: &[BusUser]) -> anyhow::Result<Self> {
        end_leftover(&folder.join("nats.pid"), folder).await?;
        if port::is_taken(port) {
            bail!("port {port} is taken by another program: stop it, or choose other ports with --port-base");
        }
        private::make_folder(folder)?;
        private::write(&folder.join("nats.conf"), &configuration(folder, port, users))?;
        let mut nats = Self { program: program.to_owned(), folder: folder.to_owned(), port, server: None };
        nats.resume().await?;
        Ok(nats)
    }

    /// Starts the server again on what its store holds.
    ///
    /// # Errors
    /// When it does not answer within 20 s.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::create(self.log())?;
        let server = Command::new(&self.program)
            .arg("--config")
            .arg(self.folder.join("nats.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            // It must not hear the Ctrl-C that is meant for us: we stop it ourselves, last.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} could not be started", self.program.display()))?;
        remember(&self.folder.join("nats.pid"), server.id())?;
        let server = self.server.insert(server);
        let answering = wait_until(Duration::from_secs(20), async || port::is_taken(self.port)).await;
        // Another program may have taken the port: then it answers, and ours is gone.
        if !answering || server.try_wait()?.is_some() {
            bail!("NATS did not start: {}", tail(&self.log()));
        }
        Ok(())
    }

    /// Stops the server in order.
    ///
    /// # Errors
    /// When the server cannot be waited for.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        if let Some(id) = server.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        }
        match tokio::time::timeout(Duration::from_secs(10), server.wait()).await {
            Ok(ended) => ended.map(|_| ())?,
            Err(_) => server.kill().await?,
        }
        Ok(())
    }

    /// Kills the server with SIGKILL.
    ///
    /// # Errors
    /// When the server cannot be waited for.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill().await?;
        }
        Ok(())
    }

    /// Removes everything that JetStream stored. The server must be stopped.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn remove_store(&self) -> std::io::Result<()> {
        match std::fs::remove_dir_all(self.folder.join("store")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The process id of the running server.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref().and_then(Child::id)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("nats.log")
    }
}

fn configuration(folder: &Path, port: u16, users: &[BusUser]) -> String {
    format!(
        "listen: \"127.0.0.1:{port}\"\n\
         jetstream {{\n  store_dir: {}\n  # Flushed every second instead of every two minutes; costs nothing measurable.\n  \
         sync_interval: \"1s\"\n}}\n{}",
        quoted(&folder.join("store").display().to_string()),
        authorization(users),
    )
}

/// Strings of NATS's configuration are written as JSON strings are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The part of a server's configuration that says who may do what.
#[must_use]
pub fn authorization(users: &[BusUser]) -> String {
    let mut text = String::from("authorization {\n  users: [\n");
    for user in users {
        let password = match &user.password {
            BusPassword::Written(password) => quoted(password),
            BusPassword::Variable(name) => format!("${name}"),
        };
        let own_inbox = format!("_INBOX_{}.>", user.name);
        let list = |subjects: &mut dyn Iterator<Item = &String>| {
            subjects.map(|subject| format!("          {}\n", quoted(subject))).collect::<String>()
        };
        let publish = list(&mut user.publish.iter());
        let subscribe = list(&mut user.subscribe.iter().chain([&own_inbox]));
        text += &format!(
            "    {{\n      user: {}, password: {password}\n      permissions: {{\n        publish: [\n{publish}        \
             ]\n        subscribe: [\n{subscribe}        ]\n      }}\n    }}\n",
            quoted(&user.name),
        );
    }
    text + "  ]\n}\n"
}

/// Finds the NATS server program: the one that `deploy/` installed, or one on the machine that is new enough.
///
/// # Errors
/// When there is none of version 2.15 or newer.
pub async fn nats_server(installed: &Path) -> anyhow::Result<PathBuf> {
    for candidate in [installed, Path::new("nats-server")] {
        let Ok(printed) = crate::process::run(Command::new(candidate).arg("--version")).await else {
            continue;
        };
        if is_new_enough(&printed) {
            return Ok(candidate.to_owned());
        }
    }
    bail!("NATS server 2.15 or newer is not installed: run ./deploy/up, which installs it")
}

/// Older servers silently ignore settings that this project needs.
fn is_new_enough(printed: &str) -> bool {
    let Some(version) = printed.split('v').next_back() else { return false };
    let mut parts = version.trim().split('.').map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (major, minor) >= (2, 15)
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn only_servers_that_honour_every_setting_are_accepted() {
        assert!(is_new_enough("nats-server: v2.15.1\n"));
        assert!(is_new_enough("nats-server: v3.0.0"));
        assert!(!is_new_enough("nats-server: v2.9.10"));
        assert!(!is_new_enough("garbage"));
    }
}

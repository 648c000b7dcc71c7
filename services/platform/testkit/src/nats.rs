//! A NATS server of one test, with a user per service as in production.

use std::path::{Path, PathBuf};

use backing::BusUser;

const PASSWORD: &str = "test";

/// The services and the streams that each reads, and the toy of the messaging crate's own tests.
const USERS: [(&str, &[&str]); 5] = [
    ("ingest", &["CLASSIFICATION", "APPROVAL", "PUBLISH"]),
    ("classification", &["INGEST", "APPROVAL", "PUBLISH"]),
    ("approval", &["CLASSIFICATION", "PUBLISH"]),
    ("publish", &["INGEST", "APPROVAL"]),
    ("toy", &["TOY"]),
];

/// A server that belongs to one test.
#[derive(Debug)]
pub struct Nats {
    server: backing::Nats,
    _folder: tempfile::TempDir,
}

/// The server program that `deploy/` installed.
///
/// # Panics
/// When there is none.
pub async fn nats_program() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    backing::nats_server(&workspace.join("target/tools/nats-server")).await.unwrap()
}

impl Nats {
    /// Starts a server with an empty store.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = USERS.map(|(name, reads)| BusUser::service(name, PASSWORD, reads));
        let port = backing::free_port().unwrap();
        let server = backing::Nats::start(&nats_program().await, folder.path(), port, &users).await.unwrap();
        Self { server, _folder: folder }
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The name and password of a service's user.
    #[must_use]
    pub fn user(&self, service: &str) -> (String, String) {
        (service.to_owned(), PASSWORD.to_owned())
    }

    /// Kills the server with SIGKILL.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub async fn kill(&mut self) {
        self.server.kill().await.unwrap();
    }

    /// Removes all that JetStream stored; kill the server first.
    ///
    /// # Panics
    /// When the folder cannot be removed.
    pub fn remove_store(&self) {
        self.server.remove_store().unwrap();
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn restart(&mut self) {
        self.server.resume().await.unwrap();
    }
}

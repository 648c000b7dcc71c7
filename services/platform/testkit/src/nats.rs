//! A NATS server of one test, with a user per service as in production, and an administrator at work.

use std::path::{Path, PathBuf};

use backing::{BusPassword, BusUser};
use messaging::rights::{self, Rights};
use messaging::{Administrator, Member};
use runtime::Lifecycle;

const PASSWORD: &str = "test";

/// The services as each other's tests play them: each fills its stream and receives nothing.
const NEIGHBOURS: [Member; 4] = [
    neighbour("approval", "APPROVAL", "approval.>"),
    neighbour("classification", "CLASSIFICATION", "classification.>"),
    neighbour("ingest", "INGEST", "ingest.>"),
    neighbour("publish", "PUBLISH", "publish.>"),
];

const fn neighbour(service: &'static str, stream: &'static str, subjects: &'static str) -> Member {
    Member { service, stream, subjects, receives: &[] }
}

/// A server that belongs to one test.
#[derive(Debug)]
pub struct Nats {
    server: backing::Nats,
    administrator: Lifecycle,
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

/// Everybody on the bus of a test, each with the password `test`.
#[must_use]
pub fn bus_users(members: &[Member]) -> Vec<BusUser> {
    let of_services = members.iter().map(Member::rights);
    of_services
        .chain([rights::administrator(members)])
        .map(|Rights { user, publish }| BusUser {
            name: user.to_owned(),
            password: BusPassword::Written(PASSWORD.to_owned()),
            publish,
            subscribe: Vec::new(),
        })
        .collect()
}

/// Makes the streams and consumers of `members` on the bus at `url`, and keeps them until `lifecycle` stops.
///
/// # Panics
/// When they cannot be made.
pub async fn administer_bus(url: &str, members: &[Member], lifecycle: &Lifecycle) {
    let administrator = Administrator::connect(url, PASSWORD.into(), 1, members).await.unwrap();
    administrator.make().await.unwrap();
    lifecycle.spawn("bus keeper", administrator.keep(lifecycle.clone()));
}

impl Nats {
    /// Starts a server for these services and for neighbours that a test may play, with every stream and consumer
    /// made.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(members: &[Member]) -> Self {
        let given = |other: &Member| members.iter().any(|member| member.service == other.service);
        let neighbours = NEIGHBOURS.into_iter().filter(|neighbour| !given(neighbour));
        let members: Vec<Member> = members.iter().copied().chain(neighbours).collect();
        let folder = tempfile::tempdir().unwrap();
        let port = backing::free_port().unwrap();
        let users = bus_users(&members);
        let server = backing::Nats::start(&nats_program().await, folder.path(), port, &users).await.unwrap();
        let administrator = Lifecycle::new();
        administer_bus(&server.url(), &members, &administrator).await;
        Self { server, administrator, _folder: folder }
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

impl Drop for Nats {
    fn drop(&mut self) {
        self.administrator.hard().cancel();
    }
}

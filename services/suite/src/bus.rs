//! `chengqing bus`: who is on the bus and may do what there, and what its administrator does.
//!
//! The one source of it for `chengqing up`, for `deploy/compose.yaml` and for `k8s/`: what each service says of itself
//! in its `BUS`.

use anyhow::bail;
use backing::{BusPassword, BusUser};
use messaging::rights::{self, Rights};
use messaging::{Administrator, Member};
use runtime::Lifecycle;
use secrecy::SecretString;

use crate::serve;

/// Every service that sends or receives events.
pub const MEMBERS: [Member; 4] = [approval::BUS, ingest::BUS, classification::BUS, publish::BUS];

/// What `chengqing bus` can do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make every stream and consumer, or bring them up to date: a part of every migration.
    Make {
        #[command(flatten)]
        server: Server,
    },
    /// Keep them, and make them again when the bus lost its store. Runs until it is stopped; one is enough.
    Keep {
        #[command(flatten)]
        server: Server,
    },
    /// Print the configuration of a server, with who may do what; `k8s/base/nats.conf` is this.
    Configuration,
}

/// A bus and its administrator.
#[derive(clap::Args)]
pub struct Server {
    /// nats://host:port; several servers of one cluster are separated by commas.
    #[arg(long, env = "CHENGQING_BUS_URL")]
    url: String,
    /// The administrator's password.
    #[arg(long, env = "ADMINISTRATOR_BUS_PASSWORD", hide_env_values = true)]
    password: String,
    /// How many servers keep a copy of each stream; 3 in a cluster of three.
    #[arg(long, env = "CHENGQING_BUS_REPLICAS", default_value_t = 1)]
    replicas: usize,
}

impl Server {
    async fn administrator(self) -> anyhow::Result<Administrator> {
        if ![1, 3, 5].contains(&self.replicas) {
            bail!("{} copies of a stream cannot be: choose 1, 3 or 5", self.replicas);
        }
        administrator(&self.url, self.password.into(), self.replicas).await
    }
}

/// Does what `chengqing bus` was asked to.
///
/// # Errors
/// When the bus is away, refuses the password, or is too old.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Make { server } => server.administrator().await?.make().await,
        Command::Keep { server } => {
            let lifecycle = Lifecycle::new();
            lifecycle.stop_on_signals()?;
            let administrator = server.administrator().await?;
            lifecycle.spawn("bus keeper", administrator.keep(lifecycle.clone()));
            serve::finish(lifecycle).await
        }
        Command::Configuration => {
            print!("{}", configuration());
            Ok(())
        }
    }
}

/// Connects as the administrator of the bus.
///
/// # Errors
/// When the bus is away, refuses the password, or is too old.
pub async fn administrator(
    url: &str,
    password: SecretString,
    replicas: usize,
) -> anyhow::Result<Administrator> {
    Administrator::connect(url, password, replicas, &MEMBERS).await
}

/// Everybody on the bus, with the password that `password` gives by name.
pub fn users(password: impl Fn(&str) -> BusPassword) -> Vec<BusUser> {
    let of_services = MEMBERS.iter().map(Member::rights);
    of_services
        .chain([rights::administrator(&MEMBERS)])
        .map(|Rights { user, publish }| BusUser {
            name: user.to_owned(),
            password: password(user),
            publish,
            subscribe: Vec::new(),
        })
        .collect()
}

/// A server's configuration for a container.
#[must_use]
pub fn configuration() -> String {
    let users = users(|user| BusPassword::Variable(format!("{}_BUS_PASSWORD", user.to_uppercase())));
    format!("{HEAD}\n{}", backing::authorization(&users))
}

const HEAD: &str = r#"# The bus, and who may do what there: written by `chengqing bus configuration`, and held against it by a test. The
# passwords come from the environment. `deploy/compose.yaml` uses this file too.

listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
server_name: $POD_NAME

jetstream {
  store_dir: "/data"
  # Flushed every second instead of every two minutes; costs nothing measurable.
  sync_interval: "1s"
}
"#;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_consumer_has_a_name_of_its_own_that_says_whose_it_is_on_a_stream_that_is_filled() {
        let streams: BTreeSet<&str> = MEMBERS.iter().map(|member| member.stream).collect();
        assert_eq!(streams.len(), MEMBERS.len());
        let mut seen = BTreeSet::new();
        for member in &MEMBERS {
            for subscription in member.receives {
                let durable = subscription.durable;
                assert!(durable.starts_with(&format!("{}-on-", member.service)), "{durable}");
                assert!(streams.contains(subscription.stream), "{durable} of {}", subscription.stream);
                assert!(seen.insert(durable), "{durable} twice");
                let filled_by = MEMBERS.iter().find(|other| other.stream == subscription.stream).unwrap();
                for subject in subscription.subjects {
                    assert!(subject.starts_with(&format!("{}.", filled_by.service)), "{durable}: {subject}");
                }
            }
        }
    }
}

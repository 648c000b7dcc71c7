//! `chengqing agency found`: the ceremony in which a real office begins: its people, their keys, its policy.
//!
//! Everything that is drawn is written into the founding papers before the database hears of it, so that a
//! ceremony that was cut off is taken up with the same papers. The papers hold every first password and the root
//! key; they are handed out, and the root key goes offline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use approval::domain::officer::Role;
use approval::provision::{ClientPlan, PersonPlan, Provision, Provisioned};
use ids::AgencyId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::installation::{base32, letters};

/// What `agency found` is told.
#[derive(clap::Args)]
pub struct Found {
    /// The plan of the office: see deploy/office.example.toml.
    plan: PathBuf,
    /// Where the founding papers go. Made when missing; a ceremony that was cut off goes on with them.
    #[arg(long, default_value = "founding-papers.toml")]
    papers: PathBuf,
    /// Approval's configuration, for the pepper that keys are sealed with.
    #[arg(long)]
    config: PathBuf,
    /// The owner of approval's database: postgres://owner:password@host/database
    #[arg(long, env = "CHENGQING_OWNER_URL", hide_env_values = true)]
    owner_url: String,
}

/// What the operator writes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// Its short name in addresses.
    slug: String,
    name: String,
    /// What receipt and case numbers begin with.
    code_prefix: String,
    people: Vec<Person>,
    /// Desks and partners that send reports over gRPC, by client id.
    #[serde(default)]
    clients: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    login: String,
    display_name: String,
    role: Role,
    /// The department that a checker checks for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    department: String,
}

/// The plan with everything that was drawn for it.
#[derive(Serialize, Deserialize)]
struct Papers {
    agency_id: AgencyId,
    root_seed: String,
    /// By sign-in name.
    first_passwords: BTreeMap<String, String>,
    /// By sign-in name: what an authenticator is given.
    authenticator_secrets: BTreeMap<String, String>,
    /// By client id.
    client_secrets: BTreeMap<String, String>,
    plan: Plan,
}

/// Founds an agency and says what goes where.
///
/// # Errors
/// When the plan lacks somebody the chain needs, the papers belong to another plan, or the database is away.
pub async fn found(arguments: &Found) -> anyhow::Result<()> {
    let plan: Plan = read(&arguments.plan)?;
    plan.check()?;
    let papers = if arguments.papers.exists() {
        let papers: Papers = read(&arguments.papers)?;
        if papers.plan.without_departments() != plan.without_departments() {
            bail!(
                "{} were drawn for another plan: restore that plan, or choose another file with --papers",
                arguments.papers.display()
            );
        }
        // Offices that were founded before there were departments name them later.
        Papers { plan, ..papers }
    } else {
        let papers = Papers::draw(plan);
        backing::write_private(&arguments.papers, &toml::to_string_pretty(&papers)?)?;
        papers
    };
    let pepper: SecretString = runtime::config::load(Some(&arguments.config), "approval.pepper")?;
    let owner_url = SecretString::from(arguments.owner_url.clone());
    let founded = approval::provision::provision(&owner_url, papers.provision(pepper)).await?;
    tell(&papers, &founded, &arguments.papers);
    Ok(())
}

/// The public half of the key whose seed (64 hex digits) is in approval's configuration.
///
/// # Errors
/// When there is no seed in it.
pub fn token_public_key(configuration: &Path) -> anyhow::Result<String> {
    let seed: SecretString = runtime::config::load(Some(configuration), "approval.token_seed")?;
    grpc::public_key(&seed)
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    toml::from_str(&text).with_context(|| format!("{} cannot be used", file.display()))
}

impl Plan {
    fn without_departments(&self) -> Self {
        let mut plan = self.clone();
        plan.people.iter_mut().for_each(|person| person.department.clear());
        plan
    }

    /// What the ceremony would find out later, and worse.
    fn check(&self) -> anyhow::Result<()> {
        for (role, least) in
            [(Role::Drafter, 1), (Role::Reviewer, 1), (Role::Signer, 1), (Role::Administrator, 2)]
        {
            let there = self.people.iter().filter(|person| person.role == role).count();
            if there < least {
                bail!("an office needs {least} with the role {}; the plan has {there}", role.as_str());
            }
        }
        Ok(())
    }
}

impl Papers {
    fn draw(plan: Plan) -> Self {
        let logins = || plan.people.iter().map(|person| person.login.clone());
        Self {
            agency_id: AgencyId::mint(),
            root_seed: hex::encode(rand::random::<[u8; 32]>()),
            first_passwords: logins().map(|login| (login, letters(16))).collect(),
            authenticator_secrets: logins().map(|login| (login, base32(32))).collect(),
            client_secrets: plan.clients.iter().map(|client| (client.clone(), letters(43))).collect(),
            plan,
        }
    }

    fn provision(&self, pepper: SecretString) -> Provision {
        let people = self.plan.people.iter().map(|person| PersonPlan {
            login: person.login.clone(),
            display_name: person.display_name.clone(),
            role: person.role,
            department: person.department.clone(),
            password: self.first_passwords[&person.login].clone().into(),
            totp_secret: Some(self.authenticator_secrets[&person.login].clone()),
        });
        let clients = self.client_secrets.iter().map(|(client_id, secret)| ClientPlan {
            client_id: client_id.clone(),
            secret: secret.clone().into(),
        });
        Provision {
            agency: self.agency_id,
            slug: self.plan.slug.clone(),
            name: self.plan.name.clone(),
            code_prefix: self.plan.code_prefix.clone(),
            root_seed: self.root_seed.clone().into(),
            pepper,
            people: people.collect(),
            clients: clients.collect(),
            // A real office signs its first words itself, by its own chain.
            content: Vec::new(),
        }
    }
}

fn tell(papers: &Papers, founded: &Provisioned, file: &Path) {
    println!("{} is founded. For the configuration of ingest and publish:", papers.plan.name);
    println!("  agency_id = \"{}\"", papers.agency_id);
    println!("  root_public_key = \"{}\"", founded.root_public_key);
    println!("  policy_version_min = {}", founded.policy_version);
    for client in &founded.revoked_clients {
        println!(
            "The secret of client {client} was revoked and stays so: `chengqing client renew {client}`."
        );
    }
    println!();
    println!(
        "{} holds the first password and the authenticator secret of {} people, the clients' secrets, and \
         the root key's seed. Hand them out, put the seed on paper in a safe, and destroy the file: whoever has \
         the seed can enrol anybody.",
        file.display(),
        founded.people.len(),
    );
}

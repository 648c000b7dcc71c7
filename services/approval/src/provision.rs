//! The operator's ceremony: an agency, its people with their keys, the policy, its clients, and content to
//! begin with. Used by `chengqing up`, by operators and by tests.
//!
//! It holds the root key and the pepper for as long as it runs, and connects as the database's owner; the
//! service itself never has the root key. What it drafts and signs goes through the same use cases as in the
//! office, with those people's own keys, and three of them: the ceremony is no way around the chain. Run
//! again with the same plan, it changes nothing.

use std::collections::HashMap;

use anyhow::{Context, bail};
use database::{DatabaseConfig, agency_tx};
use ids::{AgencyId, KeyId, PersonId};
use runtime::Clock;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use signoff::enrolment::{Enrolment, KeyKind};
use signoff::key::SigningKey;
use signoff::policy::{Policy, PolicyStep};
use signoff::sealed::{self, Memory};
use signoff::statement::{Gate, Purpose};
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::domain::draft::Draft;
use crate::domain::officer::{Officer, Role};
use crate::one_time_code;
use crate::open_notice::{self, OpenNotice};
use crate::save_draft::{self, SaveDraft};
use crate::secrets::Pepper;
use crate::sign_step::{self, SignStep};
use crate::signatory::Signatory;
use crate::store;
use crate::store::key::NewKey;
use crate::store::person::{NameKind, Person};

/// How long a statement counts. It bounds what an old signature can do, and must outlive what it says: the
/// receipts and referrals of an office stand for months.
const STATEMENT_LIFETIME: Duration = Duration::days(366);
/// How long a key stays enrolled.
const ENROLMENT_LIFETIME: Duration = Duration::days(3 * 366);

/// What an office begins with.
pub struct Provision {
    /// The agency.
    pub agency: AgencyId,
    /// Its short name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What its case codes begin with, such as "QL".
    pub code_prefix: String,
    /// 64 hex digits: the seed of its root key.
    pub root_seed: SecretString,
    /// 64 hex digits: the service's pepper.
    pub pepper: SecretString,
    /// Its people; two administrators at least, who sign the policy.
    pub people: Vec<PersonPlan>,
    /// Its clients.
    pub clients: Vec<ClientPlan>,
    /// Signed content to begin with; needs a drafter, a reviewer and a signer.
    pub content: Vec<ContentPlan>,
}

/// A person to be.
pub struct PersonPlan {
    /// The sign-in name; unique over all agencies.
    pub login: String,
    /// The name on every page.
    pub display_name: String,
    /// The one role.
    pub role: Role,
    /// The department that a checker checks for; empty for everybody else.
    pub department: String,
    /// The password.
    pub password: SecretString,
    /// The authenticator's secret in base32; `None` makes one.
    pub totp_secret: Option<String>,
}

/// A client to be.
pub struct ClientPlan {
    /// Its id; unique over all agencies.
    pub client_id: String,
    /// Its secret: random and long.
    pub secret: SecretString,
}

/// Something to be said from the first day.
pub struct ContentPlan {
    /// What it is about.
    pub sentence: String,
    /// The boxes.
    pub draft: Draft,
}

/// What came of it.
pub struct Provisioned {
    /// In the plan's order.
    pub people: Vec<ProvisionedPerson>,
    /// Clients of the plan whose secrets were revoked since, and stay so.
    pub revoked_clients: Vec<String>,
    /// The root's public key in hex, for publish's and ingest's configuration.
    pub root_public_key: String,
    /// The version of the policy in force: senders refuse older ones.
    pub policy_version: u64,
}

/// A person who is.
pub struct ProvisionedPerson {
    /// The person.
    pub person: PersonId,
    /// The sign-in name.
    pub login: String,
    /// The authenticator's secret in base32.
    pub totp_secret: String,
}

/// The public half, in hex, of a root key given by its seed in hex.
///
/// # Errors
/// When the seed is not 64 hex digits.
pub fn public_key_of_root(seed: &SecretString) -> anyhow::Result<String> {
    Ok(hex::encode(root_key(seed)?.public_key()))
}

/// Holds the ceremony.
///
/// # Errors
/// When the plan contradicts what is there already, lacks somebody it needs, or the database is away.
pub async fn provision(owner_url: &SecretString, plan: Provision) -> anyhow::Result<Provisioned> {
    let config = DatabaseConfig { url: owner_url.clone(), connections_max: 2 };
    let mut ceremony = Ceremony {
        pool: database::connect(&config)?,
        pepper: Pepper::new(&plan.pepper)?,
        root: root_key(&plan.root_seed)?,
        now: Clock::from_environment().now(),
        seeds: HashMap::new(),
        memory: Memory::new(),
        plan,
    };
    let (people, revoked_clients) = ceremony.enrol_office().await?;
    ceremony.sign_content().await?;
    let policy_version = ceremony.policy_version().await?;
    ceremony.pool.close().await;
    Ok(Provisioned {
        people,
        revoked_clients,
        root_public_key: hex::encode(ceremony.root.public_key()),
        policy_version,
    })
}

struct Ceremony {
    pool: PgPool,
    plan: Provision,
    pepper: Pepper,
    root: SigningKey,
    now: OffsetDateTime,
    /// Opened seeds, so that each is stretched out of its password once.
    seeds: HashMap<PersonId, Zeroizing<[u8; 32]>>,
    memory: Memory,
}

impl Ceremony {
    /// The agency, its people, clients and policy, in one transaction. Gives the people, and the clients whose
    /// secrets are revoked.
    async fn enrol_office(&mut self) -> anyhow::Result<(Vec<ProvisionedPerson>, Vec<String>)> {
        let agency = self.plan.agency;
        let mut tx = agency_tx(&self.pool, agency).await?;
        let root_public_key = self.root.public_key();
        let plan = &self.plan;
        store::agency::insert(&mut tx, agency, &plan.slug, &plan.name, &plan.code_prefix, &root_public_key)
            .await?;
        let there = store::agency::get(&mut tx, agency).await?.context("the agency was not stored")?;
        if there.root_public_key != root_public_key {
            bail!("agency {agency} is there with another root key");
        }
        let mut people = Vec::new();
        let mut revoked_clients = Vec::new();
        for index in 0..self.plan.people.len() {
            people.push(self.enrol_person(&mut tx, index).await?);
        }
        for client in &self.plan.clients {
            if !store::person::claim_name(&mut tx, agency, NameKind::Client, &client.client_id).await? {
                bail!("client id {} belongs to another agency", client.client_id);
            }
            revoked_clients.extend(enrol_client(&mut tx, agency, client).await?);
        }
        if store::key::policy(&mut tx, agency).await?.is_none() {
            self.sign_policy(&mut tx).await?;
        }
        tx.commit().await?;
        Ok((people, revoked_clients))
    }

    async fn enrol_person(
        &mut self,
        tx: &mut PgConnection,
        index: usize,
    ) -> anyhow::Result<ProvisionedPerson> {
        let agency = self.plan.agency;
        let plan = &self.plan.people[index];
        if !store::person::claim_name(tx, agency, NameKind::Person, &plan.login).await? {
            bail!("login {} belongs to another agency", plan.login);
        }
        if let Some(person) = store::person::by_login(tx, agency, &plan.login).await? {
            let officer = &person.officer;
            if officer.role != plan.role || officer.display_name != plan.display_name {
                bail!("{} is there with another role or name; the ceremony changes nobody", plan.login);
            }
            let there = store::person::department(tx, officer.person).await?.unwrap_or_default();
            if there.is_empty() {
                store::person::set_department(tx, officer.person, &plan.department).await?;
            } else if there != plan.department {
                bail!("{} checks for another department; the ceremony changes nobody", plan.login);
            }
            let secret = self.pepper.open_totp_secret(officer.person, &person.totp_secret_sealed)?;
            let totp_secret = one_time_code::to_base32(&secret);
            return Ok(ProvisionedPerson { person: officer.person, login: plan.login.clone(), totp_secret });
        }

        let id = PersonId::mint();
        let totp_secret = match &plan.totp_secret {
            Some(text) => one_time_code::from_base32(text)
                .with_context(|| format!("the authenticator secret of {}", plan.login))?,
            None => one_time_code::new_secret().to_vec(),
        };
        let person = Person {
            officer: Officer { agency, person: id, role: plan.role, display_name: plan.display_name.clone() },
            totp_secret_sealed: self.pepper.seal_totp_secret(id, &totp_secret)?,
        };
        if (plan.role == Role::Checker) == plan.department.is_empty() {
            bail!("{}: a checker has a department, and nobody else has one", plan.login);
        }
        store::person::insert(tx, &plan.login, &plan.department, &person).await?;

        let key = KeyId::mint();
        let signing_key = SigningKey::generate();
        let enrolment = Enrolment {
            agency,
            person: id,
            display_name: plan.display_name.clone(),
            key,
            public_key: signing_key.public_key(),
            key_kind: KeyKind::Totp,
            role: plan.role.as_str().to_owned(),
            purposes: purposes_of(plan.role),
            not_before_ms: milliseconds(self.now),
            not_after_ms: milliseconds(self.now + ENROLMENT_LIFETIME),
        };
        let enrolment = enrolment.encode()?;
        let seed = signing_key.seed();
        let sealed = sealed::seal(
            &seed,
            plan.password.expose_secret().as_bytes(),
            self.pepper.bytes(),
            key.as_uuid().as_bytes(),
            &mut self.memory,
        )?;
        let new = NewKey {
            key,
            person: id,
            public_key: signing_key.public_key(),
            seed_sealed: &sealed,
            enrolment_signature: self.root.sign(&enrolment, None).bytes,
            enrolment: &enrolment,
        };
        store::key::insert(tx, agency, &new).await?;
        let provisioned = ProvisionedPerson {
            person: id,
            login: plan.login.clone(),
            totp_secret: one_time_code::to_base32(&totp_secret),
        };
        self.seeds.insert(id, seed);
        Ok(provisioned)
    }

    async fn policy_version(&self) -> anyhow::Result<u64> {
        let mut tx = agency_tx(&self.pool, self.plan.agency).await?;
        let policy = store::key::policy(&mut tx, self.plan.agency).await?.context("there is no policy")?;
        Ok(Policy::decode(&policy.document)?.version)
    }

    async fn sign_policy(&mut self, tx: &mut PgConnection) -> anyhow::Result<()> {
        let agency = self.plan.agency;
        let administrators: Vec<usize> = (0..self.plan.people.len())
            .filter(|index| self.plan.people[*index].role == Role::Administrator)
            .collect();
        let [first, second, ..] = administrators.as_slice() else {
            bail!("a policy is signed by two administrators; the plan has {}", administrators.len());
        };
        let first = self.signatory(tx, *first).await?;
        let second = self.signatory(tx, *second).await?;
        let document = policy(agency).encode()?;
        let signature = |who: &Signatory| (who.key, who.signing_key.sign(&document, Some(who.key)).bytes);
        store::key::insert_policy(tx, agency, 1, &document, signature(&first), signature(&second)).await?;
        Ok(())
    }

    /// A person of the plan with the key in hand, opened with the plan's password.
    async fn signatory(&mut self, tx: &mut PgConnection, index: usize) -> anyhow::Result<Signatory> {
        let plan = &self.plan.people[index];
        let person = store::person::by_login(tx, self.plan.agency, &plan.login).await?;
        let officer = person.with_context(|| format!("{} is not there", plan.login))?.officer;
        let kept = store::key::of_person(tx, officer.person).await?;
        let kept = kept.with_context(|| format!("{} has no key", plan.login))?;
        let seed = match self.seeds.get(&officer.person) {
            Some(seed) => seed.clone(),
            None => sealed::unseal(
                &kept.seed_sealed,
                plan.password.expose_secret().as_bytes(),
                self.pepper.bytes(),
                kept.key.as_uuid().as_bytes(),
                &mut self.memory,
            )
            .with_context(|| format!("the plan's password does not open the key of {}", plan.login))?,
        };
        self.seeds.insert(officer.person, seed.clone());
        Ok(Signatory { officer, key: kept.key, signing_key: SigningKey::from_seed(&seed) })
    }

    fn first_with(&self, role: Role) -> anyhow::Result<usize> {
        let found = self.plan.people.iter().position(|person| person.role == role);
        found.with_context(|| format!("content to begin with needs a {}", role.as_str()))
    }

    async fn sign_content(&mut self) -> anyhow::Result<()> {
        for index in 0..self.plan.content.len() {
            self.sign_one(index)
                .await
                .with_context(|| format!("“{}” could not be signed", self.plan.content[index].sentence))?;
        }
        Ok(())
    }

    /// Drafts, reviews and signs one piece of content in one transaction, unless it was before.
    async fn sign_one(&mut self, index: usize) -> anyhow::Result<()> {
        let agency = self.plan.agency;
        let drafter_index = self.first_with(Role::Drafter)?;
        let mut tx = agency_tx(&self.pool, agency).await?;
        let login = &self.plan.people[drafter_index].login;
        let drafter = store::person::by_login(&mut tx, agency, login).await?;
        let drafter = drafter.with_context(|| format!("{login} is not there"))?.officer;

        let planned = &self.plan.content[index];
        let notice = OpenNotice {
            request: request_of(agency, &["notice", &planned.sentence]),
            sentence: planned.sentence.clone(),
        };
        let case = open_notice::open(&mut tx, &drafter, &notice, self.now).await?;
        let boxes = serde_json::to_string(&planned.draft)?;
        let draft = SaveDraft {
            request: request_of(agency, &["draft", &planned.sentence, &boxes]),
            case: case.case,
            clarification: None,
            expected_revision: 0,
            draft: planned.draft.clone(),
        };
        let mut revision = save_draft::save(&mut tx, &drafter, &draft, self.now).await?;
        if revision.state.next_step().is_none() {
            return Ok(());
        }
        while let Some(purpose) = revision.state.next_step() {
            let role = match purpose {
                Purpose::Drafted | Purpose::FirstReviewed => Role::Drafter,
                Purpose::SecondReviewed => Role::Reviewer,
                Purpose::Signed => Role::Signer,
            };
            let who = self.first_with(role)?;
            let signatory = self.signatory(&mut tx, who).await?;
            let step = SignStep {
                clarification: revision.place.clarification,
                revision: revision.place.revision,
                content_hash: revision.content_hash,
                purpose,
                // The plan's author has looked.
                gates: Gate::ALL.into(),
            };
            let prepared = sign_step::prepare(&mut tx, &signatory.officer, &step, self.now).await?;
            revision = sign_step::complete(&mut tx, prepared, &signatory, &step, self.now).await?.revision;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// A client as the plan has it, unless it is there. Gives its id where its secret was revoked. A ceremony never
/// changes a secret: keeping the old one in silence would leave the operator with one that does not work.
async fn enrol_client(
    tx: &mut PgConnection,
    agency: AgencyId,
    client: &ClientPlan,
) -> anyhow::Result<Option<String>> {
    let secret_sha256: [u8; 32] = Sha256::digest(client.secret.expose_secret()).into();
    match store::person::client(tx, &client.client_id).await? {
        None => {
            store::person::insert_client(tx, agency, &client.client_id, &secret_sha256).await?;
            Ok(None)
        }
        Some(known) if known.is_revoked => Ok(Some(client.client_id.clone())),
        Some(known) if known.secret_sha256 == secret_sha256 => Ok(None),
        Some(_) => bail!(
            "client {id} is there with another secret, and the ceremony changes nobody's: take the papers of the \
             first ceremony, or give it a new secret with `chengqing client renew {id}`",
            id = client.client_id
        ),
    }
}

/// The policy of a small office: the drafter may hold 初审, everything else needs somebody else.
fn policy(agency: AgencyId) -> Policy {
    let step = |purpose| PolicyStep {
        purpose,
        roles: roles_for(purpose).iter().map(|role| role.as_str().to_owned()).collect(),
    };
    Policy {
        agency,
        version: 1,
        steps: PURPOSES.map(step).to_vec(),
        people_min: 3,
        statement_lifetime_seconds: STATEMENT_LIFETIME.whole_seconds().unsigned_abs(),
    }
}

const PURPOSES: [Purpose; 4] =
    [Purpose::Drafted, Purpose::FirstReviewed, Purpose::SecondReviewed, Purpose::Signed];

const fn roles_for(purpose: Purpose) -> &'static [Role] {
    match purpose {
        Purpose::Drafted => &[Role::Drafter],
        Purpose::FirstReviewed => &[Role::Drafter, Role::Reviewer],
        Purpose::SecondReviewed => &[Role::Reviewer],
        Purpose::Signed => &[Role::Signer],
    }
}

fn purposes_of(role: Role) -> Vec<Purpose> {
    PURPOSES.into_iter().filter(|purpose| roles_for(*purpose).contains(&role)).collect()
}

/// The request id of a part of the plan: the same plan asks the same.
fn request_of(agency: AgencyId, parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"chengqing.provision.v1");
    hash.update(agency.as_uuid().as_bytes());
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (half, _) = digest.split_at(16);
    Uuid::from_slice(half).unwrap_or_default()
}

fn root_key(seed: &SecretString) -> anyhow::Result<SigningKey> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(seed.expose_secret(), bytes.as_mut_slice())
        .context("a root key's seed is 64 hex digits")?;
    Ok(SigningKey::from_seed(&bytes))
}

fn milliseconds(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

//! The secrets of an installation, drawn once and kept in one file that only its owner reads.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use backing::write_private;
use ids::AgencyId;
use serde::{Deserialize, Serialize};

use super::{SERVICES, sample};

/// Passwords of one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceSecrets {
    /// Of the role that the running service uses.
    pub database_password: String,
    /// Of the role that owns and migrates the database.
    pub owner_password: String,
    /// Of the service's user on the bus.
    pub bus_password: String,
}

/// All secrets of an installation.
#[derive(Debug, Serialize, Deserialize)]
pub struct Secrets {
    /// The sample agency's id; no secret, but drawn together with them.
    pub agency_id: AgencyId,
    /// Of PostgreSQL's superuser.
    pub postgres_password: String,
    services: BTreeMap<String, ServiceSecrets>,
    /// Of the user who administers the bus. An older file has none.
    #[serde(default = "password")]
    pub administrator_bus_password: String,
    /// Seed of the key that signs caller tokens, in hex.
    pub token_seed: String,
    /// The key that ties the console's forms to their browsers, in hex. An older file has none.
    #[serde(default = "key")]
    pub form_key: String,
    /// What people's keys are sealed with, besides their passwords, in hex.
    pub pepper: String,
    /// What reporters' keys are wrapped with, in hex.
    pub master_key: String,
    /// Seed of the sample agency's root key, in hex. A real office keeps it offline.
    pub root_seed: String,
    /// The hotline desk's client secret.
    pub client_secret: String,
    /// The password of the sample people.
    pub people_password: String,
    /// The one-time-code secrets of the sample people, in base32, by sign-in name.
    pub totp: BTreeMap<String, String>,
    /// The WeChat account in the sandbox.
    pub wechat: WechatSecrets,
    /// The microblog account in the sandbox.
    pub weibo: WeiboSecrets,
}

/// What WeChat's console would show.
#[derive(Debug, Serialize, Deserialize)]
pub struct WechatSecrets {
    /// AppID.
    pub app_id: String,
    /// AppSecret.
    pub app_secret: String,
    /// The account's original id (`gh_…`).
    pub original_id: String,
    /// The callback token.
    pub token: String,
    /// The EncodingAESKey, 43 characters.
    pub encoding_aes_key: String,
}

/// What Weibo's console would show.
#[derive(Debug, Serialize, Deserialize)]
pub struct WeiboSecrets {
    /// AppKey.
    pub app_key: String,
    /// AppSecret.
    pub app_secret: String,
    /// The access token of the agency's own account.
    pub access_token: String,
    /// The account's uid.
    pub uid: u64,
}

/// A password that no person types.
fn password() -> String {
    letters(32)
}

/// 32 random bytes in hex.
fn key() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

impl Secrets {
    /// Reads the file, or draws new secrets and writes it.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        if file.exists() {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            return serde_json::from_str(&text)
                .with_context(|| format!("{} is not a file of this version", file.display()));
        }
        let secrets = Self::draw();
        write_private(file, &serde_json::to_string_pretty(&secrets)?)?;
        Ok(secrets)
    }

    fn draw() -> Self {
        let services = SERVICES
            .iter()
            .map(|service| {
                let secrets = ServiceSecrets {
                    database_password: password(),
                    owner_password: password(),
                    bus_password: password(),
                };
                ((*service).to_owned(), secrets)
            })
            .collect();
        Self {
            agency_id: AgencyId::mint(),
            postgres_password: password(),
            services,
            administrator_bus_password: password(),
            token_seed: key(),
            form_key: key(),
            pepper: key(),
            master_key: key(),
            root_seed: key(),
            client_secret: letters(43),
            people_password: letters(12),
            totp: sample::colleagues()
                .iter()
                .map(|colleague| (colleague.login.to_owned(), base32(32)))
                .collect(),
            wechat: WechatSecrets {
                app_id: format!("wx{}", hex::encode(rand::random::<[u8; 8]>())),
                app_secret: hex::encode(rand::random::<[u8; 16]>()),
                original_id: format!("gh_{}", hex::encode(rand::random::<[u8; 6]>())),
                token: letters(32),
                encoding_aes_key: letters(43),
            },
            weibo: WeiboSecrets {
                app_key: (1_000_000_000 + u64::from(rand::random::<u32>() % 1_000_000_000)).to_string(),
                app_secret: hex::encode(rand::random::<[u8; 16]>()),
                access_token: format!("2.00{}", letters(28)),
                uid: 7_000_000_000 + u64::from(rand::random::<u32>() % 900_000_000),
            },
        }
    }

    /// The passwords of one of [`SERVICES`].
    ///
    /// # Panics
    /// When asked for anything else: the names are constants of this project.
    #[must_use]
    pub fn service(&self, name: &str) -> &ServiceSecrets {
        &self.services[name]
    }
}

/// Letters and digits; safe in URLs, configuration files and shells.
pub fn letters(length: usize) -> String {
    draw_from(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789", length)
}

/// What an authenticator takes as its secret.
pub fn base32(length: usize) -> String {
    draw_from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length)
}

fn draw_from(alphabet: &[u8], length: usize) -> String {
    use rand::RngExt;

    let mut random = rand::rng();
    (0..length).map(|_| char::from(alphabet[random.random_range(0..alphabet.len())])).collect()
}

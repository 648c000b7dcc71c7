//! The configured agencies as the rest of this service uses them: looked up by id or by account.
//!
//! What an agency decides at run time (halts, clarifications) is in the database, not here.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use ids::AgencyId;
use signoff::key::RootKey;
use signoff::verify::Trust;
use wechat::callback::Channel;
use wechat::client::Client;

use crate::config::{AgencyConfig, CallbackMode, WechatConfig};

/// All configured agencies. Cheap to clone.
#[derive(Clone)]
pub struct Agencies {
    by_id: Arc<HashMap<AgencyId, Agency>>,
    by_account: Arc<HashMap<String, Arc<Account>>>,
}

/// One agency.
pub struct Agency {
    /// What its signatures chain to.
    pub trust: Trust,
}

/// One Official Account.
pub struct Account {
    /// Its agency.
    pub agency: AgencyId,
    /// Its slug.
    pub slug: String,
    /// Its original id.
    pub original_id: String,
    /// How its callbacks are checked and read.
    pub channel: Channel,
    /// How the platform is called.
    pub client: Client,
}

impl Agencies {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When a key is not one, or two agencies or accounts share a name.
    pub fn new(configured: &[AgencyConfig]) -> anyhow::Result<Self> {
        let http = wechat::client::http_client().context("could not prepare the HTTP client")?;
        let mut by_id = HashMap::new();
        let mut by_account = HashMap::new();
        for config in configured {
            let root = RootKey::from_hex(&config.root_public_key)
                .with_context(|| format!("root_public_key of agency {}", config.agency_id))?;
            if config.policy_version_min == 0 {
                bail!("policy_version_min of agency {} counts from 1", config.agency_id);
            }
            let trust =
                Trust { agency: config.agency_id, root, policy_version_min: config.policy_version_min };
            let agency = Agency { trust };
            if by_id.insert(config.agency_id, agency).is_some() {
                bail!("agency {} is configured twice", config.agency_id);
            }
            for wechat in &config.wechat {
                let account = Account {
                    agency: config.agency_id,
                    slug: wechat.account.clone(),
                    original_id: wechat.original_id.clone(),
                    channel: channel(wechat),
                    client: Client::new(
                        http.clone(),
                        wechat.base_url.clone(),
                        wechat.app_id.clone(),
                        wechat.app_secret.clone(),
                    ),
                };
                if by_account.insert(wechat.account.clone(), Arc::new(account)).is_some() {
                    bail!("account {} is configured twice", wechat.account);
                }
            }
        }
        Ok(Self { by_id: Arc::new(by_id), by_account: Arc::new(by_account) })
    }

    /// Every agency's id.
    pub fn ids(&self) -> impl Iterator<Item = AgencyId> {
        self.by_id.keys().copied()
    }

    /// One agency; `None` when this installation does not serve it.
    #[must_use]
    pub fn get(&self, agency: AgencyId) -> Option<&Agency> {
        self.by_id.get(&agency)
    }

    /// The account with this slug, of any agency.
    #[must_use]
    pub fn account(&self, slug: &str) -> Option<&Arc<Account>> {
        self.by_account.get(slug)
    }

    /// The account with this slug, if it is this agency's.
    #[must_use]
    pub fn account_of(&self, agency: AgencyId, slug: &str) -> Option<&Arc<Account>> {
        self.account(slug).filter(|account| account.agency == agency)
    }
}

fn channel(config: &WechatConfig) -> Channel {
    Channel {
        token: config.token.clone(),
        app_id: config.app_id.clone(),
        aes_key: config.encoding_aes_key.clone(),
        previous_aes_key: config.previous_encoding_aes_key.clone(),
        plain_accepted: config.mode == CallbackMode::Plain,
    }
}

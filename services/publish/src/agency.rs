//! The agencies of this installation, as far as every part of the service needs them: whom to believe, and which
//! accounts there are. Secrets are not here; each sender has its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use ids::{AgencyId, ClarificationId};
use signoff::key::RootKey;
use signoff::verify::Trust;
use url::Url;

use crate::config::{AgencyConfig, Config};
use crate::domain::channel::{Account, Channel, PAGE_ACCOUNT};

/// One agency.
#[derive(Clone, Debug)]
pub struct Agency {
    /// Itself.
    pub id: AgencyId,
    /// Its name, as the public site shows it.
    pub name: String,
    /// The only reason to believe a signature.
    pub trust: Trust,
    /// Its accounts, the page first.
    pub accounts: Vec<AccountFacts>,
}

/// An account, for lists.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    /// The account.
    pub account: Account,
    /// Its name, for officers.
    pub display_name: String,
    /// Writes a day; `None` where the channel has no such quota.
    pub daily_quota: Option<u32>,
}

impl Agency {
    /// The accounts that plans are made for.
    #[must_use]
    pub fn plan_accounts(&self) -> Vec<Account> {
        self.accounts.iter().map(|facts| facts.account.clone()).collect()
    }
}

/// All agencies.
#[derive(Clone, Debug)]
pub struct Agencies(Arc<BTreeMap<AgencyId, Arc<Agency>>>);

impl Agencies {
    /// Reads the agencies from the configuration.
    ///
    /// # Errors
    /// When a root key is none, an agency is there twice, or two of its accounts share a slug.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let mut agencies = BTreeMap::new();
        for agency in &config.agencies {
            let known = agencies.insert(agency.agency_id, Arc::new(read(agency)?));
            ensure!(known.is_none(), "agency {} is configured twice", agency.agency_id);
        }
        Ok(Self(Arc::new(agencies)))
    }

    /// One agency, if this installation serves it.
    #[must_use]
    pub fn get(&self, agency: AgencyId) -> Option<&Arc<Agency>> {
        self.0.get(&agency)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agency>> {
        self.0.values()
    }
}

fn read(config: &AgencyConfig) -> anyhow::Result<Agency> {
    let id = config.agency_id;
    let root = RootKey::from_hex(&config.root_public_key)
        .with_context(|| format!("root_public_key of agency {id} is not a public key in hex"))?;
    let page = AccountFacts {
        account: Account { channel: Channel::Page, slug: PAGE_ACCOUNT.to_owned() },
        display_name: "公开页".to_owned(),
        daily_quota: None,
    };
    let wechat = config.wechat.iter().map(|wechat| AccountFacts {
        account: Account { channel: Channel::Wechat, slug: wechat.account.clone() },
        display_name: wechat.display_name.clone(),
        daily_quota: Some(wechat.daily_push_quota),
    });
    let weibo = config.weibo.iter().map(|weibo| AccountFacts {
        account: Account { channel: Channel::Weibo, slug: weibo.account.clone() },
        display_name: weibo.display_name.clone(),
        daily_quota: None,
    });
    let accounts: Vec<AccountFacts> = std::iter::once(page).chain(wechat).chain(weibo).collect();
    ensure!(config.policy_version_min > 0, "policy_version_min of agency {id} counts from 1");
    let trust = Trust { agency: id, root, policy_version_min: config.policy_version_min };
    for (index, facts) in accounts.iter().enumerate() {
        let slug = &facts.account.slug;
        ensure!(!slug.is_empty(), "agency {id} has an account without a slug");
        // A halt names an account by its slug alone.
        let twice = accounts[..index].iter().any(|other| other.account.slug == *slug);
        ensure!(!twice, "agency {id} has two accounts called {slug}");
    }
    Ok(Agency { id, name: config.name.clone(), trust, accounts })
}

/// Where pages are in public.
#[derive(Clone, Debug)]
pub struct PageAddresses(Url);

impl PageAddresses {
    /// Below this address.
    #[must_use]
    pub const fn new(site_base_url: Url) -> Self {
        Self(site_base_url)
    }

    /// The address of a clarification's page: the same in every revision.
    #[must_use]
    pub fn of(&self, clarification: ClarificationId) -> Url {
        let mut address = self.0.clone();
        let path = format!("{}/c/{clarification}", self.0.path().trim_end_matches('/'));
        address.set_path(&path);
        address
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_pages_address_is_below_the_sites() {
        let clarification = ClarificationId::from_uuid(Uuid::from_u128(1));
        for (base, wanted) in [
            (
                "https://www.qinglan.gov.cn",
                "https://www.qinglan.gov.cn/c/00000000-0000-0000-0000-000000000001",
            ),
            ("http://localhost:7082/", "http://localhost:7082/c/00000000-0000-0000-0000-000000000001"),
            ("https://e.cn/piyao/", "https://e.cn/piyao/c/00000000-0000-0000-0000-000000000001"),
        ] {
            assert_eq!(PageAddresses::new(base.parse().unwrap()).of(clarification).as_str(), wanted);
        }
    }
}

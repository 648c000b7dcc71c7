//! The outside world of the story: the sandbox's control interface.

use std::time::Duration;

use anyhow::Context;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

/// The sandbox, as a director uses it.
#[derive(Debug, Clone)]
pub struct Outside {
    client: Client,
    base_url: String,
}

/// A citizen with a phone.
#[derive(Debug, Clone, Deserialize)]
pub struct Citizen {
    /// As the platform names the citizen.
    pub openid: String,
}

/// What came back on the phone at once.
#[derive(Debug, Deserialize)]
pub struct Delivered {
    /// The words of the immediate reply.
    pub reply: Option<String>,
    /// How long the citizen waited for it.
    pub elapsed_ms: f64,
}

/// One entry of the log of everything that became public or reached a phone.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Its place in the log.
    pub seq: u64,
    /// "mass_push", "weibo_post", "customer_message", "passive_reply" or "mass_deleted".
    pub kind: String,
    /// Whose phone.
    #[serde(default)]
    pub openid: Option<String>,
    /// The title of an article.
    #[serde(default)]
    pub title: Option<String>,
    /// The words.
    #[serde(default)]
    pub text: String,
    /// The platform's id.
    #[serde(default)]
    pub platform_id: Value,
}

#[derive(Deserialize)]
struct Citizens {
    citizens: Vec<Citizen>,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

impl Outside {
    /// The sandbox at this address.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base_url: String) -> anyhow::Result<Self> {
        // A callback is delivered up to three times, five seconds each.
        let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { client, base_url })
    }

    /// New citizens, whom the account may answer for the next 48 hours.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn citizens(&self, count: usize) -> anyhow::Result<Vec<Citizen>> {
        let made: Citizens = self.post("citizens", &json!({ "count": count, "open_window": true })).await?;
        Ok(made.citizens)
    }

    /// A citizen sends a message; answers with what came back.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn send(&self, citizen: &Citizen, content: &str) -> anyhow::Result<Delivered> {
        self.post("messages", &json!({ "openid": citizen.openid, "content": content })).await
    }

    /// A citizen sends a picture (`image`) or a voice (`voice`), whatever the bytes are.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn send_file(
        &self,
        citizen: &Citizen,
        kind: &str,
        bytes: &'static [u8],
    ) -> anyhow::Result<Delivered> {
        let url = format!("{}/_control/media?kind={kind}", self.base_url);
        let handed_in: Value =
            self.client.post(url).body(bytes).send().await?.error_for_status()?.json().await?;
        let media = json!({ "MediaId": handed_in["media_id"] });
        self.post("messages", &json!({ "openid": citizen.openid, "msg_type": kind, "media": media })).await
    }

    /// A citizen sends an article as a card, with nothing of their own.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn send_article(
        &self,
        citizen: &Citizen,
        title: &str,
        address: &str,
    ) -> anyhow::Result<Delivered> {
        let card = json!({ "Title": title, "Description": "", "Url": address });
        self.post("messages", &json!({ "openid": citizen.openid, "msg_type": "link", "media": card })).await
    }

    /// Lets the platform misbehave.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn fault(&self, fault: &Value) -> anyhow::Result<()> {
        self.post::<Value>("faults", fault).await?;
        Ok(())
    }

    /// The log, from an entry on.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn log(&self, after: u64) -> anyhow::Result<Vec<Entry>> {
        let url = format!("{}/_control/log?after={after}", self.base_url);
        let log: Log = self.client.get(url).send().await?.error_for_status()?.json().await?;
        Ok(log.entries)
    }

    /// Quotas and calls.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn state(&self) -> anyhow::Result<Value> {
        let url = format!("{}/_control/state", self.base_url);
        Ok(self.client.get(url).send().await?.error_for_status()?.json().await?)
    }

    /// A new day on the platform: the mass-send quota is whole again.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn reset_quota(&self) -> anyhow::Result<()> {
        self.post::<Value>("reset_quota", &json!({})).await?;
        Ok(())
    }

    async fn post<T: serde::de::DeserializeOwned>(&self, name: &str, body: &Value) -> anyhow::Result<T> {
        self.client
            .post(format!("{}/_control/{name}", self.base_url))
            .json(body)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
            .with_context(|| format!("the sandbox's answer to {name} cannot be read"))
    }
}

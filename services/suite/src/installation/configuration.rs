//! Writes the configuration files that the services and the sandbox of an installation read.

use backing::write_private;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Installation;
use super::sample;

/// The ceremony signs the first version of the policy.
const POLICY_VERSION_MIN: u64 = 1;

impl Installation {
    pub(super) fn write_configuration(&self) -> anyhow::Result<()> {
        write_private(&self.configuration_file(), &toml::to_string(&self.services()?)?)?;
        write_private(
            &self.sandbox_configuration_file(),
            &toml::to_string(&json!({ "sandbox": self.sandbox() }))?,
        )
    }

    fn services(&self) -> anyhow::Result<Value> {
        let (secrets, ports) = (&self.secrets, &self.ports);
        let token_public_key = grpc::public_key(&SecretString::from(secrets.token_seed.clone()))?;
        let root_public_key = grpc::public_key(&SecretString::from(secrets.root_seed.clone()))?;
        let listen = |port: u16| format!("127.0.0.1:{port}");
        let sandbox_url = self.sandbox_url();
        Ok(json!({
            "approval": {
                "grpc_listen": listen(ports.approval),
                "database": self.database("approval"),
                "bus": self.bus("approval"),
                "token_seed": secrets.token_seed,
                "pepper": secrets.pepper,
            },
            "ingest": {
                "grpc_listen": listen(ports.ingest),
                "http_listen": listen(ports.callback),
                "site_base_url": self.site_url(),
                "database": self.database("ingest"),
                "bus": self.bus("ingest"),
                "token_public_key": token_public_key,
                "master_key": secrets.master_key,
                "agencies": [{
                    "agency_id": secrets.agency_id,
                    "root_public_key": root_public_key,
                    "policy_version_min": POLICY_VERSION_MIN,
                    "wechat": [{
                        "account": sample::WECHAT_ACCOUNT,
                        "app_id": secrets.wechat.app_id,
                        "app_secret": secrets.wechat.app_secret,
                        "original_id": secrets.wechat.original_id,
                        "token": secrets.wechat.token,
                        "encoding_aes_key": secrets.wechat.encoding_aes_key,
                        "mode": "safe",
                        "base_url": sandbox_url,
                    }],
                }],
            },
            "classification": {
                "grpc_listen": listen(ports.classification),
                "database": self.database("classification"),
                "bus": self.bus("classification"),
                "index_folder": self.folder.join("index"),
                "token_public_key": token_public_key,
            },
            "publish": {
                "grpc_listen": listen(ports.publish),
                "site_listen": listen(ports.site),
                "site_base_url": self.site_url(),
                "database": self.database("publish"),
                "bus": self.bus("publish"),
                "token_public_key": token_public_key,
                "agencies": [{
                    "agency_id": secrets.agency_id,
                    "name": sample::AGENCY_NAME,
                    "root_public_key": root_public_key,
                    "policy_version_min": POLICY_VERSION_MIN,
                    "wechat": [{
                        "account": sample::WECHAT_ACCOUNT,
                        "display_name": sample::WECHAT_NAME,
                        "app_id": secrets.wechat.app_id,
                        "app_secret": secrets.wechat.app_secret,
                        "base_url": sandbox_url,
                        "daily_push_quota": 1,
                    }],
                    "weibo": [{
                        "account": sample::WEIBO_ACCOUNT,
                        "display_name": sample::WEIBO_NAME,
                        "access_token": secrets.weibo.access_token,
                        "uid": secrets.weibo.uid,
                        "base_url": sandbox_url,
                        "operator_ip": "127.0.0.1",
                    }],
                }],
            },
            "console": {
                "listen": listen(ports.console),
                "public_base_url": self.console_url(),
                "form_key": secrets.form_key,
                "demonstration": true,
                "approval_url": format!("http://127.0.0.1:{}", ports.approval),
                "ingest_url": format!("http://127.0.0.1:{}", ports.ingest),
                "classification_url": format!("http://127.0.0.1:{}", ports.classification),
                "publish_url": format!("http://127.0.0.1:{}", ports.publish),
            },
        }))
    }

    fn sandbox(&self) -> Value {
        let (secrets, ports) = (&self.secrets, &self.ports);
        json!({
            "listen": format!("127.0.0.1:{}", ports.sandbox),
            "public_url": self.sandbox_url(),
            "state_dir": self.folder.join("sandbox"),
            "wechat": {
                "app_id": secrets.wechat.app_id,
                "app_secret": secrets.wechat.app_secret,
                "original_id": secrets.wechat.original_id,
                "callback_url": format!("http://127.0.0.1:{}/wechat/{}", ports.callback, sample::WECHAT_ACCOUNT),
                "token": secrets.wechat.token,
                "encoding_aes_key": secrets.wechat.encoding_aes_key,
                "display_name": sample::WECHAT_NAME,
            },
            "weibo": {
                "app_key": secrets.weibo.app_key,
                "app_secret": secrets.weibo.app_secret,
                "access_token": secrets.weibo.access_token,
                "uid": secrets.weibo.uid,
                "screen_name": sample::WEIBO_NAME,
                "safe_domains": ["localhost"],
            },
        })
    }

    fn database(&self, service: &str) -> Value {
        json!({ "url": self.service_url(service).expose_secret(), "connections_max": 12 })
    }

    fn bus(&self, service: &str) -> Value {
        json!({
            "url": self.bus_url(),
            "user": service,
            "password": self.secrets.service(service).bus_password,
        })
    }

    /// Where the staff's pages are.
    #[must_use]
    pub fn console_url(&self) -> String {
        format!("http://localhost:{}", self.ports.console)
    }

    /// Where the public site is.
    #[must_use]
    pub fn site_url(&self) -> String {
        format!("http://localhost:{}", self.ports.site)
    }

    /// Where the outside world in miniature is.
    #[must_use]
    pub fn sandbox_url(&self) -> String {
        format!("http://localhost:{}", self.ports.sandbox)
    }
}

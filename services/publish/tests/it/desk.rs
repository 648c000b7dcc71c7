//! A publish service under test: its neighbours' words, the platforms' answers, and a clock to steer.

use std::net::SocketAddr;
use std::time::Duration;

use contracts::Event;
use contracts::ingest::v1::PlatformNoticeReceived;
use contracts::ingest::v1::platform_notice_received::{MassJobFinished, Notice};
use contracts::publish::v1 as pb;
use contracts::publish::v1::publication::State;
use contracts::publish::v1::publish_service_client::PublishServiceClient;
use database::Schema;
use grpc::{Audience, Caller, Role, TokenIssuer};
use ids::{AgencyId, HaltId, PersonId};
use listener::Limits;
use messaging::{Bus, BusConfig, Relay, Waker, outbox};
use publish::{AgencyConfig, App, Config, WechatConfig, WeiboConfig};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use serde_json::{Value, json};
use signoff::bundle::Bundle;
use signoff::content::Content;
use signoff::order::{Command, OrderScope};
use sqlx::PgPool;
use testkit::{Nats, SteeredClock, TestDatabase, eventually, postgres};
use tonic::transport::Channel;
use uuid::Uuid;

use crate::office::{Office, earthquake, event};

/// The seed of the key that callers' tokens are signed with.
const SEED: &str = "0707070707070707070707070707070707070707070707070707070707070707";

pub const SITE: &str = "http://qinglan.example.cn";

/// The service, its neighbours and the world outside.
pub struct Desk {
    pub office: Office,
    pub database: TestDatabase,
    pub clock: Clock,
    steered: SteeredClock,
    approval: Neighbour,
    ingest: Neighbour,
    platforms: String,
    http: reqwest::Client,
    config: Config,
    service: Lifecycle,
    grpc: SocketAddr,
    site: SocketAddr,
    world: Lifecycle,
    _nats: Nats,
    _folder: tempfile::TempDir,
}

/// A service next door: its own database with an outbox, and its relay.
struct Neighbour {
    pool: PgPool,
    waker: Waker,
}

impl Neighbour {
    async fn open(nats: &Nats, world: &Lifecycle, service: &'static str, stream: &'static str) -> Self {
        let schema = Schema { name: "messaging", migrator: messaging::migrator() };
        let database = postgres().await.fresh_database(service, &[schema]).await;
        let bus = Bus::connect(&bus_config(nats, service), service).await.unwrap();
        let relay = Relay::new(database.pool.clone(), bus, stream, Clock::system());
        let waker = relay.waker();
        world.spawn(service, relay.run(world.clone()));
        Self { pool: database.pool, waker }
    }

    async fn say<E: Event>(&self, agency: AgencyId, event: &E) {
        let mut tx = database::agency_tx(&self.pool, agency).await.unwrap();
        outbox::enqueue(&mut tx, agency, E::SUBJECT, event).await.unwrap();
        tx.commit().await.unwrap();
        self.waker.wake();
    }
}

fn bus_config(nats: &Nats, service: &str) -> BusConfig {
    let (user, password) = nats.user(service);
    BusConfig::new(nats.url(), user, SecretString::from(password))
}

impl Desk {
    pub async fn open() -> Self {
        Self::open_with_policy_from(1).await
    }

    /// Where policies count from this version on.
    pub async fn open_with_policy_from(policy_version_min: u64) -> Self {
        // First, because it gives the process the TLS provider that everything else takes for granted.
        let http = wechat::client::http_client().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let steered = SteeredClock::in_folder(folder.path());
        let clock = Clock::steered(steered.file().into());
        // Noon in Beijing, so that no test runs into midnight unless it wants to.
        let of_day = (clock.now().unix_timestamp() + 8 * 3600).rem_euclid(86_400);
        steered.advance(Duration::from_secs(u64::try_from((86_400 + 43_200 - of_day) % 86_400).unwrap()));

        let office = Office::open(clock.now());
        let world = Lifecycle::new();
        let nats = Nats::start(&[publish::BUS]).await;
        let approval = Neighbour::open(&nats, &world, "approval", "APPROVAL").await;
        let ingest = Neighbour::open(&nats, &world, "ingest", "INGEST").await;
        let platforms = open_platforms(folder.path(), &clock, &world).await;

        let database = postgres().await.fresh_database("publish", &publish::schemas()).await;
        let config = Config {
            grpc_listen: "127.0.0.1:0".parse().unwrap(),
            site_listen: "127.0.0.1:0".parse().unwrap(),
            site_limits: Limits::default(),
            trusted_proxies: Vec::new(),
            site_base_url: SITE.parse().unwrap(),
            database: database.config(),
            bus: bus_config(&nats, "publish"),
            token_public_key: grpc::public_key(&SEED.into()).unwrap(),
            agencies: vec![AgencyConfig {
                agency_id: office.agency,
                name: "青岚县（演示）".into(),
                root_public_key: office.root_public_key(),
                policy_version_min,
                wechat: vec![WechatConfig {
                    account: "qinglan-wechat".into(),
                    display_name: "青岚发布".into(),
                    app_id: "wx1234567890abcdef".into(),
                    app_secret: "secret".to_owned().into(),
                    base_url: platforms.parse().unwrap(),
                    daily_push_quota: 1,
                }],
                weibo: vec![WeiboConfig {
                    account: "qinglan-weibo".into(),
                    display_name: "青岚发布".into(),
                    access_token: "2.00demo".to_owned().into(),
                    uid: 1_902_538_057,
                    base_url: platforms.parse().unwrap(),
                    operator_ip: "211.156.0.1".parse().unwrap(),
                }],
            }],
        };
        let (service, grpc, site) = start(&config, &clock).await;
        Self {
            office,
            database,
            clock,
            steered,
            approval,
            ingest,
            platforms,
            http,
            config,
            service,
            grpc,
            site,
            world,
            _nats: nats,
            _folder: folder,
        }
    }

    /// Drops the service as a crash would, as far as that is possible within one process.
    pub async fn crash(&mut self) {
        let service = std::mem::take(&mut self.service);
        service.stop();
        service.hard().cancel();
        service.stopped(Duration::ZERO).await;
    }

    pub async fn restart(&mut self) {
        (self.service, self.grpc, self.site) = start(&self.config, &self.clock).await;
    }

    pub fn advance(&self, by: Duration) {
        self.steered.advance(by);
    }

    /// A clarification for all channels, not signed yet.
    pub fn content(&self) -> Content {
        earthquake(self.office.agency)
    }

    /// Signs and announces.
    pub async fn announce(&self, content: &Content) {
        self.announce_bundle(content, self.office.sign(content, self.clock.now())).await;
    }

    pub async fn announce_bundle(&self, content: &Content, bundle: Bundle) {
        self.say(&event(content, bundle)).await;
    }

    /// Says something as approval.
    pub async fn say<E: Event>(&self, event: &E) {
        self.approval.say(self.office.agency, event).await;
    }

    /// Lets go on what these halts stopped, as the signer, told directly.
    pub async fn resume(&self, scope: OrderScope, halts: &[HaltId]) {
        let order = self.lift("signer", scope, halts);
        self.try_resume(Role::Signer, order).await.unwrap();
    }

    pub async fn try_resume(&self, role: Role, signed_order: Vec<u8>) -> Result<(), tonic::Status> {
        let request = pb::ResumeRequest { signed_order, ..Default::default() };
        self.client().await.resume(self.by(role, request)).await.map(|_| ())
    }

    /// An order that ends these halts.
    pub fn lift(&self, role: &str, scope: OrderScope, halts: &[HaltId]) -> Vec<u8> {
        let now = self.clock.now();
        let expires_at_ms = (now.unix_timestamp() + 3600) * 1000;
        let halts = halts.iter().copied().collect();
        self.office.order(role, Uuid::now_v7(), Command::Lift { scope, halts, expires_at_ms }, now)
    }

    /// What is stopped now, and which orders did not count.
    pub async fn stopped(&self) -> pb::ListAccountsResponse {
        let request = self.by(Role::Auditor, pb::ListAccountsRequest {});
        self.client().await.list_accounts(request).await.unwrap().into_inner()
    }

    /// Says, as ingest, how a mass job ended.
    pub async fn notice(&self, msg_id: i64, status: &str) {
        let notice = PlatformNoticeReceived {
            agency_id: self.office.agency.to_string(),
            account: "qinglan-wechat".into(),
            received_time: Some(grpc::timestamp(self.clock.now())),
            notice: Some(Notice::MassJobFinished(MassJobFinished {
                msg_id,
                status: status.into(),
                total_count: 1200,
                filter_count: 1180,
                sent_count: 1175,
                error_count: 5,
                article_urls: vec!["http://mp.weixin.qq.com/s?x".into()],
            })),
        };
        self.ingest.say(self.office.agency, &notice).await;
    }

    /// What the public saw, of one kind.
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.platform("GET", "/_control/log", Value::Null).await;
        let entries = log["entries"].as_array().unwrap().iter();
        entries.filter(|entry| entry["kind"] == kind).cloned().collect()
    }

    pub async fn fault(&self, fault: Value) {
        self.platform("POST", "/_control/faults", fault).await;
    }

    /// The ids of the mass jobs that the platform knows.
    pub async fn jobs(&self) -> Vec<i64> {
        let state = self.platform("GET", "/_control/state", Value::Null).await;
        let jobs = state["wechat"]["jobs"].as_array().unwrap().iter();
        jobs.map(|job| job["msg_id"].as_i64().or_else(|| job["msg_id"].as_str()?.parse().ok()).unwrap())
            .collect()
    }

    async fn platform(&self, method: &str, path: &str, body: Value) -> Value {
        let address = format!("{}{path}", self.platforms);
        let request = match method {
            "GET" => self.http.get(address),
            _ => self.http.post(address).json(&body),
        };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// A page of the public site: status and HTML.
    pub async fn site(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("http://{}{path}", self.site)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn client(&self) -> PublishServiceClient<Channel> {
        PublishServiceClient::new(grpc::channel(&format!("http://{}", self.grpc)).unwrap())
    }

    /// A request by somebody of this agency.
    pub fn by<M>(&self, role: Role, message: M) -> tonic::Request<M> {
        self.by_agency(self.office.agency, role, message)
    }

    pub fn by_agency<M>(&self, agency: AgencyId, role: Role, message: M) -> tonic::Request<M> {
        let issuer = TokenIssuer::new(&SEED.into(), self.clock.clone()).unwrap();
        let person = Some(PersonId::mint());
        let caller = Caller { agency, person, role, display_name: "演示·值班员".into() };
        let (token, _) = issuer.issue(&caller, &[Audience::Publish], Duration::from_secs(300)).unwrap();
        grpc::with_token(message, &token)
    }

    /// The publications of a content's case, in the order of planning.
    pub async fn publications(&self, content: &Content) -> Vec<pb::Publication> {
        let request = pb::ListPublicationsRequest { case_id: content.case.to_string(), ..Default::default() };
        let answer = self.client().await.list_publications(self.by(Role::Auditor, request)).await.unwrap();
        let mut publications = answer.into_inner().publications;
        publications.reverse();
        publications
    }

    /// Waits until a channel's publication of this very revision stands like that.
    pub async fn stands(&self, content: &Content, channel: &str, state: State) -> pb::Publication {
        let what = format!("{channel} of revision {} to be {}", content.revision, state.as_str_name());
        let mut seen = String::new();
        let found = eventually(&what, async || {
            let publications = self.publications(content).await;
            seen = publications
                .iter()
                .map(|found| format!("{} {:?} {}; ", found.channel, found.state(), found.reason))
                .collect();
            publications.into_iter().find(|found| {
                found.channel == channel && found.revision == content.revision && found.state() == state
            })
        });
        let Ok(found) = tokio::time::timeout(Duration::from_secs(30), found).await else {
            panic!("waited for {what}; there is {seen}")
        };
        found
    }

    /// Tampers with the database as somebody who owns it.
    pub async fn tamper(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.database.superuser()).await.unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for lifecycle in [&self.service, &self.world] {
            lifecycle.stop();
            lifecycle.hard().cancel();
        }
    }
}

async fn start(config: &Config, clock: &Clock) -> (Lifecycle, SocketAddr, SocketAddr) {
    let app = App::build(config.clone(), clock.clone()).await.unwrap();
    let (grpc, site) = (app.grpc_address(), app.site_address());
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("publish", app.run(lifecycle.clone()));
    (lifecycle, grpc, site)
}

async fn open_platforms(folder: &std::path::Path, clock: &Clock, world: &Lifecycle) -> String {
    let config = json!({
        "listen": "127.0.0.1:0",
        "state_dir": folder.join("platforms"),
        "wechat": {
            "app_id": "wx1234567890abcdef",
            "app_secret": "secret",
            "original_id": "gh_7f083739789a",
            "callback_url": "http://127.0.0.1:9/nobody-listens",
            "token": "RumorGuardToken2026",
            "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "display_name": "青岚发布（演示）",
            "confirm_delay_ms": 30,
            "callback_limit_ms": 300,
        },
        "weibo": {
            "app_key": "1352222456",
            "app_secret": "weibo-secret",
            "access_token": "2.00demo",
            "uid": 1_902_538_057_u64,
            "screen_name": "青岚发布",
            "safe_domains": ["qinglan.example.cn"],
        },
    });
    let app = sandbox::App::build(serde_json::from_value(config).unwrap(), clock.clone()).await.unwrap();
    let address = format!("http://{}", app.address());
    world.spawn("sandbox", app.run(world.clone()));
    address
}

//! A running ingest with its neighbours: a database, a bus, the sandbox's WeChat, and producers that say what
//! classification, approval and publish would.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use contracts::classification::v1 as classification;
use contracts::ingest::v1 as pb;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::publish::v1 as publish;
use database::Schema;
use grpc::{Audience, Caller, Role, TokenIssuer};
use ids::{AgencyId, ClaimId, ClarificationId, HaltId, PersonId, PublicationId};
use ingest::{AgencyConfig, App, CallbackMode, Config, WechatConfig};
use listener::Limits;
use messaging::{Bus, BusConfig, Relay, Waker, outbox};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use serde_json::{Value, json};
use signoff::order::{Command, OrderScope};
use sqlx::PgPool;
use testkit::{Nats, SteeredClock, TestDatabase, eventually};
use tonic::transport::Channel;
use uuid::Uuid;

use crate::press::{Press, Word};

pub const ACCOUNT: &str = "qinglan-wechat";
pub const ORIGINAL_ID: &str = "gh_7f083739789a";
pub const APP_ID: &str = "wx1234567890abcdef";
pub const TOKEN: &str = "RumorGuardToken2026";
pub const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub const SITE: &str = "https://qinglan.example";

const SEED: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const MASTER_KEY: &str = "0202020202020202020202020202020202020202020202020202020202020202";

/// The desk.
pub struct Desk {
    pub agency: AgencyId,
    pub press: Press,
    pub clock: Clock,
    pub time: SteeredClock,
    pub database: TestDatabase,
    /// Sees every agency and may tamper.
    pub superuser: PgPool,
    pub http_address: SocketAddr,
    pub http: reqwest::Client,
    grpc_url: String,
    sandbox: SocketAddr,
    classification: Producer,
    approval: Producer,
    publish: Producer,
    lifecycle: Lifecycle,
    _nats: Nats,
    _folder: tempfile::TempDir,
}

/// A neighbour, as far as its events go.
struct Producer {
    pool: PgPool,
    waker: Waker,
}

/// Starts them.
struct Producers<'a> {
    server: &'a testkit::SharedPostgres,
    nats: &'a Nats,
    clock: &'a Clock,
    lifecycle: &'a Lifecycle,
}

impl Producers<'_> {
    async fn start(&self, service: &'static str, stream: &'static str) -> Producer {
        let schema = Schema { name: "messaging", migrator: messaging::migrator() };
        let database = self.server.fresh_database(service, &[schema]).await;
        let bus = Bus::connect(&bus_config(self.nats, service), service).await.unwrap();
        let relay = Relay::new(database.pool.clone(), bus, stream, self.clock.clone());
        let waker = relay.waker();
        self.lifecycle.spawn(service, relay.run(self.lifecycle.clone()));
        Producer { pool: database.pool, waker }
    }
}

impl Producer {
    async fn say<E: contracts::Event>(&self, agency: AgencyId, event: &E) {
        let mut tx = database::agency_tx(&self.pool, agency).await.unwrap();
        outbox::enqueue(&mut tx, agency, E::SUBJECT, event).await.unwrap();
        tx.commit().await.unwrap();
        self.waker.wake();
    }
}

fn bus_config(nats: &Nats, service: &str) -> BusConfig {
    let (user, password) = nats.user(service);
    BusConfig::new(nats.url(), user, password.into())
}

impl Desk {
    pub async fn open() -> Self {
        Self::open_with(CallbackMode::Safe, "tesseract", 1).await
    }

    /// With another program to read the words in pictures.
    pub async fn open_with_reader(text_reader: &str) -> Self {
        Self::open_with(CallbackMode::Safe, text_reader, 1).await
    }

    /// With callbacks in another mode too.
    pub async fn open_in(mode: CallbackMode, text_reader: &str) -> Self {
        Self::open_with(mode, text_reader, 1).await
    }

    /// Where policies count from this version on.
    pub async fn open_with_policy_from(version: u64) -> Self {
        Self::open_with(CallbackMode::Safe, "tesseract", version).await
    }

    async fn open_with(mode: CallbackMode, text_reader: &str, policy_version_min: u64) -> Self {
        // Another test of this process may have installed it.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let time = SteeredClock::in_folder(folder.path());
        let clock = Clock::steered(time.file().into());
        let lifecycle = Lifecycle::new();
        let agency = AgencyId::mint();
        let press = Press::new(agency);
        let nats = Nats::start(&[ingest::BUS]).await;
        let schemas = [
            Schema { name: "ingest", migrator: ingest::migrator() },
            Schema { name: "messaging", migrator: messaging::migrator() },
        ];
        let server = testkit::postgres().await;
        let database = server.fresh_database("ingest", &schemas).await;
        let producers = Producers { server: &server, nats: &nats, clock: &clock, lifecycle: &lifecycle };
        let classification = producers.start("classification", "CLASSIFICATION").await;
        let approval = producers.start("approval", "APPROVAL").await;
        let publish = producers.start("publish", "PUBLISH").await;

        let sandbox = sandbox::App::build(sandbox_config(folder.path()), clock.clone()).await.unwrap();
        let sandbox_address = sandbox.address();
        lifecycle.spawn("sandbox", sandbox.run(lifecycle.clone()));

        let config = Config {
            grpc_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            http_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            http_limits: Limits::default(),
            trusted_proxies: Vec::new(),
            site_base_url: SITE.parse().unwrap(),
            database: database.config(),
            bus: bus_config(&nats, "ingest"),
            token_public_key: grpc::public_key(&SEED.into()).unwrap(),
            master_key: MASTER_KEY.into(),
            backlog_max: 20_000,
            client_reports_per_minute: 40,
            client_reports_per_day: 60,
            client_lines_per_day: 1_000,
            text_reader: text_reader.into(),
            agencies: vec![AgencyConfig {
                agency_id: agency,
                root_public_key: press.root_public_key(),
                policy_version_min,
                wechat: vec![WechatConfig {
                    account: ACCOUNT.into(),
                    app_id: APP_ID.into(),
                    app_secret: SecretString::from("secret"),
                    original_id: ORIGINAL_ID.into(),
                    token: SecretString::from(TOKEN),
                    encoding_aes_key: AES_KEY.parse().unwrap(),
                    previous_encoding_aes_key: None,
                    mode,
                    base_url: format!("http://{sandbox_address}").parse().unwrap(),
                }],
            }],
        };
        let app = App::build(config, clock.clone()).await.unwrap();
        let (grpc_url, http_address) = (format!("http://{}", app.grpc_address()), app.http_address());
        lifecycle.spawn("ingest", app.run(lifecycle.clone()));

        let desk = Self {
            superuser: database.superuser(),
            http: wechat::client::http_client().unwrap(),
            agency,
            press,
            clock,
            time,
            database,
            http_address,
            grpc_url,
            sandbox: sandbox_address,
            classification,
            approval,
            publish,
            lifecycle,
            _nats: nats,
            _folder: folder,
        };
        desk.control("callback", json!({ "url": desk.callback_url() })).await;
        desk
    }

    pub fn callback_url(&self) -> String {
        format!("http://{}/wechat/{ACCOUNT}", self.http_address)
    }

    /// A client that speaks for somebody of `agency` in this role.
    pub async fn client(&self, agency: AgencyId, role: Role) -> Client {
        self.client_named(agency, role, "演示").await
    }

    /// One that is called so.
    pub async fn client_named(&self, agency: AgencyId, role: Role, name: &str) -> Client {
        let caller = Caller { agency, person: Some(PersonId::mint()), role, display_name: name.into() };
        let issuer = TokenIssuer::new(&SEED.into(), self.clock.clone()).unwrap();
        let (token, _) = issuer.issue(&caller, &[Audience::Ingest], Duration::from_secs(3600)).unwrap();
        let channel = grpc::channel(&self.grpc_url).unwrap();
        Client { stub: IngestServiceClient::new(channel), token }
    }

    /// An order that ends these halts.
    pub fn lift(&self, role: &str, scope: OrderScope, halts: &[Uuid]) -> Vec<u8> {
        let now = self.clock.now();
        let expires_at_ms = (now.unix_timestamp() + 600) * 1000;
        let halts = halts.iter().copied().map(HaltId::from_uuid).collect();
        self.press.order(role, Uuid::now_v7(), Command::Lift { scope, halts, expires_at_ms }, now)
    }

    pub async fn duty_officer(&self) -> Client {
        self.client(self.agency, Role::DutyOfficer).await
    }

    /// How often the sandbox was asked for this.
    pub async fn calls(&self, operation: &str) -> u64 {
        let state: Value =
            self.http.get(self.control_url("state")).send().await.unwrap().json().await.unwrap();
        state["wechat"]["calls"][operation].as_u64().unwrap_or(0)
    }

    pub fn control_url(&self, what: &str) -> String {
        format!("http://{}/_control/{what}", self.sandbox)
    }

    /// The sandbox's control interface.
    pub async fn control(&self, what: &str, body: Value) -> Value {
        let response = self.http.post(self.control_url(what)).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{what}: {}", response.text().await.unwrap());
        response.json().await.unwrap()
    }

    /// Citizens who follow the account and may be written to.
    pub async fn citizens(&self, count: usize) -> Vec<String> {
        let answer = self.control("citizens", json!({ "count": count, "open_window": true })).await;
        let citizens = answer["citizens"].as_array().unwrap().iter();
        citizens.map(|citizen| citizen["openid"].as_str().unwrap().to_owned()).collect()
    }

    /// A citizen writes, and gets this reply.
    pub async fn writes(&self, openid: &str, content: &str) -> Value {
        self.control("messages", json!({ "openid": openid, "content": content })).await
    }

    /// Customer-service messages that the sandbox delivered: openid and text.
    pub async fn delivered(&self) -> Vec<(String, String)> {
        let url = format!("http://{}/_control/log", self.sandbox);
        let log: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let entries = log["entries"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["kind"] == "customer_message")
            .map(|entry| (text(&entry["openid"]), text(&entry["text"])))
            .collect()
    }

    /// The office signs, approval says so, and ingest has heard it.
    pub async fn signs(&self, word: &Word) {
        let event = self.press.sign(word, self.clock.now());
        self.approval_says(&event).await;
        self.until("the signed words are kept", async || {
            sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM ingest.clarification WHERE clarification_id = $1 AND revision = $2",
            )
            .bind(word.clarification.as_uuid())
            .bind(word.revision.cast_signed())
            .fetch_one(&self.superuser)
            .await
            .unwrap()
                == 1
        })
        .await;
    }

    pub async fn approval_says<E: contracts::Event>(&self, event: &E) {
        self.approval.say(self.agency, event).await;
    }

    /// The page of a revision is up.
    pub async fn page_is_up(&self, clarification: ClarificationId, revision: u64) {
        let event = publish::PublicationChanged {
            agency_id: self.agency.to_string(),
            publication: Some(publish::Publication {
                publication_id: PublicationId::mint().to_string(),
                clarification_id: clarification.to_string(),
                revision,
                channel: "page".into(),
                state: publish::publication::State::Confirmed.into(),
                state_revision: 3,
                ..publish::Publication::default()
            }),
        };
        self.publish.say(self.agency, &event).await;
        self.until("the page's state is kept", async || {
            self.count("SELECT count(*) FROM ingest.page WHERE clarification_id = $1", clarification).await
                > 0
        })
        .await;
    }

    /// Classification says what a report is.
    pub async fn assigns(
        &self,
        report: &str,
        intent: classification::Intent,
        claim: Option<ClaimId>,
        answered_by: Option<ClarificationId>,
    ) {
        self.assigns_again(report, intent, claim, answered_by, 0).await;
    }

    /// Classification says where a report is after it was moved so often.
    pub async fn assigns_again(
        &self,
        report: &str,
        intent: classification::Intent,
        claim: Option<ClaimId>,
        answered_by: Option<ClarificationId>,
        assignment_revision: u64,
    ) {
        let event = classification::ReportAssigned {
            assignment_revision,
            ..self.assignment(report, intent, claim, answered_by)
        };
        self.classification.say(self.agency, &event).await;
    }

    fn assignment(
        &self,
        report: &str,
        intent: classification::Intent,
        claim: Option<ClaimId>,
        answered_by: Option<ClarificationId>,
    ) -> classification::ReportAssigned {
        classification::ReportAssigned {
            agency_id: self.agency.to_string(),
            report_id: report.to_owned(),
            intent: intent.into(),
            claim_id: claim.map(|claim| claim.to_string()).unwrap_or_default(),
            answered_by_clarification_id: answered_by.map(|id| id.to_string()).unwrap_or_default(),
            calls_for_help: intent == classification::Intent::Help,
            ..classification::ReportAssigned::default()
        }
    }

    /// As [`Self::assigns`], and ingest has heard it.
    pub async fn assigned(&self, report: &str, claim: ClaimId) {
        self.assigns(report, classification::Intent::Report, Some(claim), None).await;
        let report: uuid::Uuid = report.parse().unwrap();
        self.until("the assignment is kept", async || {
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM ingest.assignment WHERE report_id = $1")
                .bind(report)
                .fetch_one(&self.superuser)
                .await
                .unwrap()
                == 1
        })
        .await;
    }

    /// Plays classification for the next message: assigns it as soon as it is there.
    pub async fn assigns_next(
        self: &Arc<Self>,
        intent: classification::Intent,
        claim: Option<ClaimId>,
        answered_by: Option<ClarificationId>,
    ) {
        self.assign_next(self.assignment("", intent, claim, answered_by)).await;
    }

    /// The next message is a report of this claim, and its sender is in danger.
    pub async fn assigns_next_calling(self: &Arc<Self>, claim: ClaimId, answered_by: ClarificationId) {
        let intent = classification::Intent::Report;
        let assignment = self.assignment("", intent, Some(claim), Some(answered_by));
        self.assign_next(classification::ReportAssigned { calls_for_help: true, ..assignment }).await;
    }

    async fn assign_next(self: &Arc<Self>, assignment: classification::ReportAssigned) {
        let known: Vec<uuid::Uuid> = self.reports().await;
        let desk = Arc::clone(self);
        self.lifecycle.spawn("next assignment", {
            let soft = self.lifecycle.soft();
            async move {
                // The test itself fails if no message ever comes.
                let report = loop {
                    let new = desk.reports().await.into_iter().find(|report| !known.contains(report));
                    if let Some(report) = new {
                        break report;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                };
                let event = classification::ReportAssigned { report_id: report.to_string(), ..assignment };
                desk.classification.say(desk.agency, &event).await;
                soft.cancelled().await;
                Ok(())
            }
        });
    }

    pub async fn reports(&self) -> Vec<uuid::Uuid> {
        sqlx::query_scalar("SELECT report_id FROM ingest.report ORDER BY report_id")
            .fetch_all(&self.superuser)
            .await
            .unwrap()
    }

    pub async fn count(&self, sql: &'static str, clarification: ClarificationId) -> i64 {
        sqlx::query_scalar(sql).bind(clarification.as_uuid()).fetch_one(&self.superuser).await.unwrap()
    }

    pub async fn count_of_claim(&self, sql: &'static str, claim: ClaimId) -> i64 {
        sqlx::query_scalar(sql).bind(claim.as_uuid()).fetch_one(&self.superuser).await.unwrap()
    }

    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        eventually(what, async || holds().await.then_some(())).await;
    }

    /// A report over gRPC by somebody whom the account can answer.
    pub async fn reports_as(&self, openid: &str, text: &str) -> String {
        let report = pb::Report {
            text: text.into(),
            channel: pb::report::Channel::Partner.into(),
            reporter: openid.into(),
            answer_account: ACCOUNT.into(),
            ..pb::Report::default()
        };
        self.duty_officer().await.submit(report).await.unwrap().report_id
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.hard().cancel();
    }
}

/// A signed-in client.
pub struct Client {
    pub stub: IngestServiceClient<Channel>,
    pub token: String,
}

impl Client {
    pub async fn submit(&mut self, report: pb::Report) -> Result<pb::SubmitReportResponse, tonic::Status> {
        self.submit_as(uuid::Uuid::now_v7(), report).await
    }

    pub async fn submit_as(
        &mut self,
        request_id: uuid::Uuid,
        report: pb::Report,
    ) -> Result<pb::SubmitReportResponse, tonic::Status> {
        let request = pb::SubmitReportRequest { request_id: request_id.to_string(), report: Some(report) };
        Ok(self.stub.submit_report(grpc::with_token(request, &self.token)).await?.into_inner())
    }

    pub async fn import(&mut self, lines: &[pb::Report]) -> Result<pb::ImportReportsResponse, tonic::Status> {
        let lines: Vec<_> = (1..)
            .zip(lines)
            .map(|(line, report)| pb::ImportReportsRequest { line, report: Some(report.clone()) })
            .collect();
        let request = grpc::with_token(futures::stream::iter(lines), &self.token);
        Ok(self.stub.import_reports(request).await?.into_inner())
    }

    pub async fn list(&mut self, claim: ClaimId) -> Result<pb::ListAnswersResponse, tonic::Status> {
        let request = pb::ListAnswersRequest { claim_id: claim.to_string(), ..Default::default() };
        Ok(self.stub.list_answers(grpc::with_token(request, &self.token)).await?.into_inner())
    }

    pub async fn halt(
        &mut self,
        request_id: uuid::Uuid,
        clarification: Option<ClarificationId>,
    ) -> Result<pb::HaltAnswersResponse, tonic::Status> {
        self.halt_because(request_id, clarification, "先停一下".into()).await
    }

    pub async fn halt_because(
        &mut self,
        request_id: uuid::Uuid,
        clarification: Option<ClarificationId>,
        reason: String,
    ) -> Result<pb::HaltAnswersResponse, tonic::Status> {
        let request = pb::HaltAnswersRequest {
            request_id: request_id.to_string(),
            clarification_id: clarification.map(|id| id.to_string()).unwrap_or_default(),
            reason,
            everything: false,
        };
        Ok(self.stub.halt_answers(grpc::with_token(request, &self.token)).await?.into_inner())
    }

    pub async fn answers_halted(&mut self) -> pb::GetAnswersHaltResponse {
        let request = grpc::with_token(pb::GetAnswersHaltRequest {}, &self.token);
        self.stub.get_answers_halt(request).await.unwrap().into_inner()
    }

    pub async fn halt_everything(&mut self, request_id: uuid::Uuid) {
        let request = pb::HaltAnswersRequest {
            request_id: request_id.to_string(),
            everything: true,
            ..Default::default()
        };
        self.stub.halt_answers(grpc::with_token(request, &self.token)).await.unwrap();
    }

    pub async fn resume(&mut self, signed_order: Vec<u8>) -> Result<(), tonic::Status> {
        let request = pb::ResumeAnswersRequest { signed_order, ..Default::default() };
        self.stub.resume_answers(grpc::with_token(request, &self.token)).await?;
        Ok(())
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn hotline(text: &str) -> pb::Report {
    pb::Report { text: text.into(), channel: pb::report::Channel::Hotline.into(), ..pb::Report::default() }
}

fn sandbox_config(folder: &std::path::Path) -> sandbox::config::Config {
    let config = json!({
        "listen": "127.0.0.1:0",
        "state_dir": folder.join("sandbox"),
        "wechat": {
            "app_id": APP_ID,
            "app_secret": "secret",
            "original_id": ORIGINAL_ID,
            "callback_url": "http://127.0.0.1:9/",
            "token": TOKEN,
            "encoding_aes_key": AES_KEY,
            "display_name": "青岚发布（演示）",
        },
        "weibo": {
            "app_key": "1",
            "app_secret": "secret",
            "access_token": "token",
            "uid": 1,
            "screen_name": "青岚发布（演示）",
            "safe_domains": ["qinglan.example"],
        },
    });
    serde_json::from_value(config).unwrap()
}

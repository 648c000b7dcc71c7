//! An office under test: the service, its people, a clock to steer, and neighbours that say what
//! classification and publish would say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use approval::domain::draft::{Draft, Kind, ResponseLevel, Verdict};
use approval::domain::officer::Role;
use approval::provision::{self, ClientPlan, PersonPlan, Provision, Provisioned};
use approval::{App, Config};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::Event;
use contracts::approval::v1 as pb;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::approval::v1::approval_service_client::ApprovalServiceClient;
use database::Schema;
use grpc::{Audience, Caller, TokenIssuer, with_token, without_token};
use ids::{AgencyId, CaseId, ClarificationId};
use messaging::{Bus, BusConfig, Relay, Waker, outbox};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use signoff::bundle::{Bundle, Signature, Signed};
use signoff::key::RootKey;
use signoff::verify::Trust;
use sqlx::{PgPool, Row};
use testkit::{Nats, SteeredClock, TestDatabase, postgres};
use tonic::transport::Channel;
use tonic::{Code, Status};
use totp_rs::{Builder, Secret};
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse battery staple";
const ROOT_SEED: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const PEPPER: &str = "0202020202020202020202020202020202020202020202020202020202020202";
const TOKEN_SEED: &str = "0303030303030303030303030303030303030303030303030303030303030303";
const OTHER_ROOT_SEED: &str = "0404040404040404040404040404040404040404040404040404040404040404";
pub const CLIENT_SECRET: &str = "client-secret-client-secret-client-secret";

/// The people of the sample office, by the login that the tests use.
pub const PEOPLE: [(&str, &str, Role); 8] = [
    ("duty", "演示·值班员", Role::DutyOfficer),
    ("checker", "演示·核查员（应急管理局）", Role::Checker),
    ("drafter", "演示·拟稿人", Role::Drafter),
    ("reviewer", "演示·复审人", Role::Reviewer),
    ("signer", "演示·终审人（带班领导）", Role::Signer),
    ("admin", "演示·管理员", Role::Administrator),
    ("admin2", "演示·管理员二", Role::Administrator),
    ("auditor", "演示·审计员", Role::Auditor),
];

/// Where the checker is from.
pub const DEPARTMENT: &str = "县应急管理局";

/// The plan of an office whose logins begin with `prefix`.
pub fn plan(agency: AgencyId, prefix: &str, root_seed: &str) -> Provision {
    Provision {
        agency,
        slug: format!("{prefix}qinglan"),
        name: "青岚县融媒体中心（演示）".into(),
        code_prefix: "QL".into(),
        root_seed: root_seed.into(),
        pepper: PEPPER.into(),
        people: PEOPLE
            .iter()
            .map(|(login, display_name, role)| PersonPlan {
                login: format!("{prefix}{login}"),
                display_name: (*display_name).to_owned(),
                role: *role,
                department: if *role == Role::Checker { DEPARTMENT.into() } else { String::new() },
                password: PASSWORD.into(),
                totp_secret: None,
            })
            .collect(),
        clients: vec![ClientPlan { client_id: format!("{prefix}hotline"), secret: CLIENT_SECRET.into() }],
        content: Vec::new(),
    }
}

/// A service next door: its own outbox, and its relay.
pub struct Neighbour {
    pool: PgPool,
    waker: Waker,
}

impl Neighbour {
    async fn open(nats: &Nats, lifecycle: &Lifecycle, service: &'static str, stream: &'static str) -> Self {
        let schema = Schema { name: "messaging", migrator: messaging::migrator() };
        let database = postgres().await.fresh_database(service, &[schema]).await;
        let bus = Bus::connect(&bus_config(nats, service), service).await.unwrap();
        let relay = Relay::new(database.pool.clone(), bus, stream, Clock::system());
        let waker = relay.waker();
        lifecycle.spawn(service, relay.run(lifecycle.clone()));
        Self { pool: database.pool, waker }
    }

    pub async fn say<E: Event>(&self, agency: AgencyId, event: &E) {
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

/// Somebody who has signed in.
#[derive(Clone)]
pub struct Person {
    pub token: String,
    pub session_secret: String,
}

pub struct Office {
    pub agency: AgencyId,
    pub database: TestDatabase,
    pub clock: SteeredClock,
    pub ingest: Neighbour,
    pub classification: Neighbour,
    pub publish: Neighbour,
    pub trust: Trust,
    channel: Channel,
    totp_secrets: Mutex<HashMap<String, String>>,
    used_steps: Mutex<HashMap<String, u64>>,
    lifecycle: Lifecycle,
    _folder: tempfile::TempDir,
    _nats: Nats,
}

impl Drop for Office {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.hard().cancel();
    }
}

impl Office {
    pub async fn open() -> Self {
        let schemas = [
            Schema { name: "approval", migrator: &approval::MIGRATOR },
            Schema { name: "messaging", migrator: messaging::migrator() },
        ];
        let database = postgres().await.fresh_database("approval", &schemas).await;
        let nats = Nats::start(&[approval::BUS]).await;
        let folder = tempfile::tempdir().unwrap();
        let clock = SteeredClock::in_folder(folder.path());
        let lifecycle = Lifecycle::new();
        let ingest = Neighbour::open(&nats, &lifecycle, "ingest", "INGEST").await;
        let classification = Neighbour::open(&nats, &lifecycle, "classification", "CLASSIFICATION").await;
        let publish = Neighbour::open(&nats, &lifecycle, "publish", "PUBLISH").await;

        let agency = AgencyId::mint();
        let provisioned =
            provision::provision(&database.owner_url, plan(agency, "", ROOT_SEED)).await.unwrap();
        let config = Config {
            grpc_listen: "127.0.0.1:0".parse().unwrap(),
            database: database.config(),
            bus: bus_config(&nats, "approval"),
            token_seed: TOKEN_SEED.into(),
            pepper: PEPPER.into(),
        };
        let app = App::build(config, Clock::steered(clock.file().to_owned())).await.unwrap();
        let channel = grpc::channel(&format!("http://{}", app.grpc_address())).unwrap();
        lifecycle.spawn("approval", app.run(lifecycle.clone()));
        let office = Self {
            agency,
            database,
            clock,
            ingest,
            classification,
            publish,
            trust: Trust {
                agency,
                root: RootKey::from_hex(&provisioned.root_public_key).unwrap(),
                policy_version_min: provisioned.policy_version,
            },
            channel,
            totp_secrets: Mutex::default(),
            used_steps: Mutex::default(),
            lifecycle,
            _folder: folder,
            _nats: nats,
        };
        office.remember(&provisioned);
        office
    }

    /// Another agency in the same database; its logins begin with `other-`.
    pub async fn open_another_agency(&self) -> AgencyId {
        let agency = AgencyId::mint();
        let provisioned =
            provision::provision(&self.database.owner_url, plan(agency, "other-", OTHER_ROOT_SEED))
                .await
                .unwrap();
        self.remember(&provisioned);
        agency
    }

    /// The ceremony once more, with `change` made to its plan.
    pub async fn provision_again(&self, change: impl FnOnce(&mut Provision)) -> anyhow::Result<Provisioned> {
        let mut plan = plan(self.agency, "", ROOT_SEED);
        change(&mut plan);
        provision::provision(&self.database.owner_url, plan).await
    }

    fn remember(&self, provisioned: &Provisioned) {
        let mut secrets = self.totp_secrets.lock().unwrap();
        for person in &provisioned.people {
            secrets.insert(person.login.clone(), person.totp_secret.clone());
        }
    }

    pub fn now(&self) -> time::OffsetDateTime {
        Clock::steered(self.clock.file().to_owned()).now()
    }

    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel.clone())
    }

    pub fn approval(&self) -> ApprovalServiceClient<Channel> {
        ApprovalServiceClient::new(self.channel.clone())
    }

    pub fn totp_secret(&self, login: &str) -> String {
        self.totp_secrets.lock().unwrap()[login].clone()
    }

    /// The code of a time step.
    pub fn code_at(&self, login: &str, step: u64) -> String {
        let secret = Secret::try_from_base32(self.totp_secret(login)).unwrap();
        let totp = Builder::new().with_secret(secret).with_account_name("test").build().unwrap();
        totp.generate(step * 30).to_string()
    }

    pub fn step_now(&self) -> u64 {
        u64::try_from(self.now().unix_timestamp()).unwrap() / 30
    }

    /// A code that this person has not used. Moves the clock where a person would wait.
    pub fn fresh_code(&self, login: &str) -> String {
        let step = {
            let mut used = self.used_steps.lock().unwrap();
            let step = used.get(login).map_or(0, |step| step + 1).max(self.step_now());
            used.insert(login.to_owned(), step);
            step
        };
        while step > self.step_now() {
            self.clock.advance(Duration::from_secs(30));
        }
        self.code_at(login, step)
    }

    pub async fn try_sign_in(
        &self,
        login: &str,
        password: &str,
        code: &str,
    ) -> Result<pb::SignInResponse, Status> {
        self.try_sign_in_as(pb::SignInRequest {
            login: login.into(),
            password: password.into(),
            totp_code: code.into(),
            ..Default::default()
        })
        .await
    }

    pub async fn try_sign_in_as(&self, request: pb::SignInRequest) -> Result<pb::SignInResponse, Status> {
        self.access().sign_in(without_token(request)).await.map(tonic::Response::into_inner)
    }

    pub async fn sign_in(&self, login: &str) -> Person {
        let code = self.fresh_code(login);
        let session_secret = self.try_sign_in(login, PASSWORD, &code).await.unwrap().session_secret;
        let token = self.lasting(&self.issue_token(&session_secret).await.unwrap().token);
        Person { token, session_secret }
    }

    /// The same token for as long as a test lasts: a page asks for a new one each minute.
    fn lasting(&self, token: &str) -> String {
        let body = URL_SAFE_NO_PAD.decode(token.split('.').nth(2).unwrap()).unwrap();
        let claims = &body[..body.len() - 64];
        let claims: serde_json::Value = serde_json::from_slice(claims).unwrap();
        let caller: Caller = serde_json::from_value(claims["caller"].clone()).unwrap();
        let clock = Clock::steered(self.clock.file().to_owned());
        let issuer = TokenIssuer::new(&TOKEN_SEED.into(), clock).unwrap();
        issuer.issue(&caller, &[Audience::Approval], Duration::from_secs(12 * 3600)).unwrap().0
    }

    pub async fn issue_token(&self, session_secret: &str) -> Result<pb::IssueTokenResponse, Status> {
        let request = pb::IssueTokenRequest { session_secret: session_secret.into(), ..Default::default() };
        self.access().issue_token(without_token(request)).await.map(tonic::Response::into_inner)
    }

    pub async fn open_notice(&self, person: &Person, sentence: &str) -> pb::Case {
        let request =
            pb::OpenNoticeRequest { request_id: Uuid::now_v7().to_string(), sentence: sentence.into() };
        let response = self.approval().open_notice(with_token(request, &person.token)).await.unwrap();
        response.into_inner().case.unwrap()
    }

    pub async fn get_case(&self, person: &Person, case_id: &str) -> pb::GetCaseResponse {
        let request = pb::GetCaseRequest { case_id: case_id.into(), ..Default::default() };
        self.approval().get_case(with_token(request, &person.token)).await.unwrap().into_inner()
    }

    pub async fn save_draft(
        &self,
        person: &Person,
        case_id: &str,
        before: Option<&pb::Revision>,
        draft: pb::Draft,
    ) -> Result<pb::Revision, Status> {
        let request = pb::SaveDraftRequest {
            request_id: Uuid::now_v7().to_string(),
            case_id: case_id.into(),
            clarification_id: before.map(|revision| revision.clarification_id.clone()).unwrap_or_default(),
            expected_revision: before.map_or(0, |revision| revision.revision),
            draft: Some(draft),
        };
        let response = self.approval().save_draft(with_token(request, &person.token)).await?;
        Ok(response.into_inner().revision.unwrap())
    }

    pub async fn sign_step(
        &self,
        person: &Person,
        revision: &pb::Revision,
        purpose: &str,
        code: &str,
    ) -> Result<pb::Revision, Status> {
        let request = sign_request(person, revision, purpose, code);
        let response = self.approval().sign_step(with_token(request, &person.token)).await?;
        Ok(response.into_inner().revision.unwrap())
    }

    /// A case with a draft on it, up to and with `steps` of the chain signed.
    pub async fn revision_with(&self, steps: usize) -> Chain<'_> {
        let chain = chain_of(self).await;
        chain.advance(steps).await;
        chain
    }

    /// Everything of one kind that approval wanted to send, oldest first.
    pub async fn emitted<E: Event>(&self) -> Vec<E> {
        let rows = sqlx::query("SELECT payload FROM messaging.outbox WHERE subject = $1 ORDER BY 1")
            .bind(E::SUBJECT)
            .fetch_all(&self.database.superuser())
            .await
            .unwrap();
        rows.iter().map(|row| E::decode(row.get::<&[u8], _>("payload")).unwrap()).collect()
    }
}

pub fn sign_request(
    person: &Person,
    revision: &pb::Revision,
    purpose: &str,
    code: &str,
) -> pb::SignStepRequest {
    pb::SignStepRequest {
        clarification_id: revision.clarification_id.clone(),
        revision: revision.revision,
        content_hash: revision.content_hash.clone(),
        purpose: purpose.into(),
        session_secret: person.session_secret.clone(),
        totp_code: code.into(),
        gates: ["political", "legal", "secrecy", "text"].map(String::from).to_vec(),
    }
}

/// The three people who take words to the public.
pub async fn chain_of(office: &Office) -> Chain<'_> {
    Chain {
        office,
        drafter: office.sign_in("drafter").await,
        reviewer: office.sign_in("reviewer").await,
        signer: office.sign_in("signer").await,
    }
}

/// Three people and the revision that they take to the public.
pub struct Chain<'a> {
    office: &'a Office,
    pub drafter: Person,
    pub reviewer: Person,
    pub signer: Person,
}

/// The chain's steps, and who takes each in the sample office.
pub const STEPS: [(&str, &str); 4] = [
    ("drafted", "drafter"),
    ("first_reviewed", "drafter"),
    ("second_reviewed", "reviewer"),
    ("signed", "signer"),
];

impl Chain<'_> {
    pub fn person(&self, login: &str) -> &Person {
        match login {
            "reviewer" => &self.reviewer,
            "signer" => &self.signer,
            _ => &self.drafter,
        }
    }

    async fn advance(&self, steps: usize) {
        let case = self.office.open_notice(&self.drafter, "城东市场西瓜打甜水针").await;
        let revision =
            self.office.save_draft(&self.drafter, &case.case_id, None, watermelon()).await.unwrap();
        for (purpose, _) in &STEPS[..steps] {
            self.sign(&revision, purpose).await.unwrap();
        }
    }

    /// The only case of this office.
    pub async fn case(&self) -> pb::GetCaseResponse {
        let request = pb::ListCasesRequest::default();
        let token = &self.drafter.token;
        let cases = self.office.approval().list_cases(with_token(request, token)).await.unwrap();
        let case = cases.into_inner().cases.pop().unwrap();
        self.office.get_case(&self.drafter, &case.case_id).await
    }

    /// The newest revision of the only case.
    pub async fn revision(&self) -> pb::Revision {
        self.case().await.revisions.swap_remove(0)
    }

    /// Signs a step as the one who takes it, with a fresh code where it needs one.
    pub async fn sign(&self, revision: &pb::Revision, purpose: &str) -> Result<pb::Revision, Status> {
        let login = STEPS.iter().find(|(step, _)| *step == purpose).unwrap().1;
        let code = match purpose {
            "second_reviewed" | "signed" => self.office.fresh_code(login),
            _ => String::new(),
        };
        self.office.sign_step(self.person(login), revision, purpose, &code).await
    }
}

/// Message B of the demo story.
pub fn watermelon() -> pb::Draft {
    pb::Draft {
        title: "城东市场西瓜抽检合格，“打针西瓜”传言不实".into(),
        summary: "县市场监管局抽检城东市场西瓜12批次，甜蜜素、糖精钠均未检出。".into(),
        claim: "城东市场西瓜打甜水针，有孩子吃了住院。".into(),
        check: "县市场监管局抽检12批次，甜蜜素、糖精钠均未检出。".into(),
        conclusion: "不实。".into(),
        basis: "检测报告（演示）。".into(),
        advice: "发现可疑食品请拨12315。".into(),
        post: "【城东市场西瓜抽检合格】网传“西瓜打甜水针”不实。发现可疑食品请拨12315。".into(),
        kind: pb::ClarificationKind::Clarification.into(),
        response_level: pb::ResponseLevel::Everything.into(),
        verdict: pb::Verdict::False.into(),
        automatic_answer: true,
        standing_replies: HashMap::new(),
        valid_until_time: None,
    }
}

/// The same, as a ceremony's plan has it.
pub fn planned_watermelon() -> Draft {
    let draft = watermelon();
    Draft {
        title: draft.title,
        summary: draft.summary,
        claim: draft.claim,
        check: draft.check,
        conclusion: draft.conclusion,
        basis: draft.basis,
        advice: draft.advice,
        post: draft.post,
        kind: Kind::Clarification,
        response_level: Some(ResponseLevel::Everything),
        verdict: Some(Verdict::False),
        automatic_answer: true,
        standing_replies: BTreeMap::new(),
        valid_until: None,
    }
}

/// The bundle of a signed event, as publish reads it.
pub fn bundle(event: &pb::ClarificationSigned) -> Bundle {
    let signed = |signed: &pb::clarification_signed::Signed| Signed {
        document: signed.document.clone(),
        signatures: signed
            .signatures
            .iter()
            .map(|signature| Signature::from_parts(&signature.key_id, &signature.signature).unwrap())
            .collect(),
    };
    Bundle {
        content: event.content.clone(),
        statements: event.statements.iter().map(signed).collect(),
        enrolments: event.enrolments.iter().map(signed).collect(),
        policy: signed(event.policy.as_ref().unwrap()),
    }
}

pub fn expected(event: &pb::ClarificationSigned) -> signoff::verify::Expected {
    signoff::verify::Expected {
        case: event.case_id.parse::<CaseId>().unwrap(),
        clarification: event.clarification_id.parse::<ClarificationId>().unwrap(),
        revision: event.revision,
    }
}

/// The machine's reason in a refusal.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code, why: &str) {
    let status = outcome.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (code, why), "{status:?}");
}

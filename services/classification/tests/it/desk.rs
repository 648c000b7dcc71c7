//! A classification service under test, with neighbours that say what ingest, approval and publish would say.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without its desk")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use classification::{App, Config};
use contracts::Event;
use contracts::approval::v1::{
    CaseDismissed, ClarificationRevoked, ClarificationSigned, clarification_signed,
};
use contracts::classification::v1 as pb;
use contracts::classification::v1::classification_service_client::ClassificationServiceClient;
use contracts::classification::v1::rules_service_client::RulesServiceClient;
use contracts::ingest::v1::ReportReceived;
use contracts::publish::v1::{Publication, PublicationChanged, publication};
use database::Schema;
use grpc::{Audience, Caller, Role, TokenIssuer};
use ids::{AgencyId, CaseId, ClaimId, ClarificationId, KeyId, PersonId, PublicationId, ReportId, ReporterId};
use messaging::{Bus, BusConfig, Relay, Waker, outbox};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use signoff::content::{Content, Rendition};
use signoff::statement::{Purpose, Statement};
use signoff::version::Version;
use sqlx::{PgPool, Row};
use testkit::{Nats, TestDatabase, eventually, postgres};
use tonic::transport::Channel;

/// The seed of the key that callers' tokens are signed with.
const SEED: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// The service, its neighbours and what it decided.
pub struct Desk {
    pub agency: AgencyId,
    pub database: TestDatabase,
    addresses: Vec<std::net::SocketAddr>,
    /// Of the neighbours.
    lifecycle: Lifecycle,
    /// Of the replicas, with what they were started by.
    replicas: Lifecycle,
    configs: Vec<Config>,
    clock: Clock,
    ingest: Neighbour,
    approval: Neighbour,
    publish: Neighbour,
    _nats: Nats,
}

/// A service next door: its own database with an outbox, and its relay.
struct Neighbour {
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

    async fn say<E: Event>(&self, agency: AgencyId, events: &[E]) {
        let mut tx = database::agency_tx(&self.pool, agency).await.unwrap();
        for event in events {
            outbox::enqueue(&mut tx, agency, E::SUBJECT, event).await.unwrap();
        }
        tx.commit().await.unwrap();
        self.waker.wake();
    }
}

fn bus_config(nats: &Nats, service: &str) -> BusConfig {
    let (user, password) = nats.user(service);
    BusConfig::new(nats.url(), user, SecretString::from(password))
}

async fn stop(lifecycle: &Lifecycle) {
    lifecycle.stop();
    let stopped = lifecycle.clone().stopped(Duration::from_secs(20)).await;
    assert_eq!(stopped, runtime::Stopped::AsAsked);
}

/// One message of a citizen.
#[derive(Clone, Debug)]
pub struct Said {
    pub text: String,
    pub reporter: Option<ReporterId>,
    pub seen_at: String,
    /// How many days from now it is said.
    pub days_later: u32,
    /// How long ago it was said.
    pub ago: Duration,
}

impl Said {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            reporter: Some(ReporterId::mint()),
            seen_at: String::new(),
            days_later: 0,
            ago: Duration::ZERO,
        }
    }

    pub fn days_later(mut self, days: u32) -> Self {
        self.days_later = days;
        self
    }

    pub fn by(mut self, reporter: ReporterId) -> Self {
        self.reporter = Some(reporter);
        self
    }

    pub fn ago(mut self, ago: Duration) -> Self {
        self.ago = ago;
        self
    }

    pub fn seen_at(mut self, place: &str) -> Self {
        self.seen_at = place.to_owned();
        self
    }
}

/// How a report was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    pub intent: String,
    pub claim: Option<ClaimId>,
    pub clarification: Option<ClarificationId>,
    pub signals: Vec<String>,
}

/// A clarification that an office could sign.
pub struct Words {
    pub clarification: ClarificationId,
    pub revision: u64,
    pub claim: Option<ClaimId>,
    pub automatic_answer: bool,
    /// The last Unix second at which they hold; 0 = no end.
    pub valid_until: i64,
    pub claim_sentence: &'static str,
    pub title: &'static str,
}

impl Words {
    /// The melons of the demo story.
    pub fn melons() -> Self {
        Self {
            clarification: ClarificationId::mint(),
            revision: 1,
            claim: None,
            automatic_answer: true,
            valid_until: 0,
            claim_sentence: "城东市场西瓜打甜水针，有孩子吃了住院",
            title: "城东市场西瓜抽检合格，“打针西瓜”传言不实",
        }
    }

    /// The earthquake of the demo story.
    pub fn earthquake(claim: ClaimId) -> Self {
        Self {
            clarification: ClarificationId::mint(),
            revision: 1,
            claim: Some(claim),
            automatic_answer: true,
            valid_until: 0,
            claim_sentence: "微信群流传“明天凌晨3点青岚县有7级地震”",
            title: "青岚县没有地震预报，网传“明天凌晨3点地震”不实",
        }
    }
}

impl Desk {
    /// Opens a desk with so many replicas of the service.
    pub async fn open(replicas: usize) -> Self {
        Self::of(replicas, None, Clock::system()).await
    }

    /// Opens a desk with one replica that keeps its index in a folder, by a clock that a test moves.
    pub async fn keeping_an_index(folder: PathBuf, clock: Clock) -> Self {
        Self::of(1, Some(folder), clock).await
    }

    async fn of(replicas: usize, index_folder: Option<PathBuf>, clock: Clock) -> Self {
        let nats = Nats::start(&[classification::BUS]).await;
        let database = postgres().await.fresh_database("classification", &classification::schemas()).await;
        let lifecycle = Lifecycle::new();
        let ingest = Neighbour::open(&nats, &lifecycle, "ingest", "INGEST").await;
        let approval = Neighbour::open(&nats, &lifecycle, "approval", "APPROVAL").await;
        let publish = Neighbour::open(&nats, &lifecycle, "publish", "PUBLISH").await;
        let config = Config {
            index_folder,
            grpc_listen: "127.0.0.1:0".parse().unwrap(),
            database: database.config(),
            bus: bus_config(&nats, "classification"),
            token_public_key: grpc::public_key(&SecretString::from(SEED)).unwrap(),
        };
        let mut desk = Self {
            agency: AgencyId::mint(),
            database,
            addresses: Vec::new(),
            lifecycle,
            replicas: Lifecycle::new(),
            configs: vec![config; replicas],
            clock,
            ingest,
            approval,
            publish,
            _nats: nats,
        };
        desk.start().await;
        desk
    }

    async fn start(&mut self) {
        self.replicas = Lifecycle::new();
        self.addresses.clear();
        for config in self.configs.clone() {
            let app = App::build(config, self.clock.clone()).await.unwrap();
            self.addresses.push(app.grpc_address());
            self.replicas.spawn("classification", app.run(self.replicas.clone()));
        }
    }

    /// Every replica stops as asked and starts anew.
    pub async fn restarts(&mut self) {
        stop(&self.replicas).await;
        self.start().await;
    }

    /// Stops every replica and neighbour as asked.
    pub async fn close(self) {
        stop(&self.replicas).await;
        stop(&self.lifecycle).await;
    }

    /// Citizens say these things, in this order; waits until all are judged.
    pub async fn hears(&self, messages: &[Said]) -> Vec<Judged> {
        self.hears_for(self.agency, messages).await
    }

    pub async fn hears_for(&self, agency: AgencyId, messages: &[Said]) -> Vec<Judged> {
        let now = Clock::system().now();
        let events: Vec<ReportReceived> = messages
            .iter()
            .enumerate()
            .map(|(at, said)| ReportReceived {
                agency_id: agency.to_string(),
                report_id: ReportId::mint().to_string(),
                reporter_id: said.reporter.map(|reporter| reporter.to_string()).unwrap_or_default(),
                channel: 1,
                masked_text: said.text.clone(),
                said_time: Some(grpc::timestamp(
                    now - said.ago
                        + Duration::from_millis(at as u64)
                        + Duration::from_hours(24) * said.days_later,
                )),
                seen_at: said.seen_at.clone(),
                received_time: Some(grpc::timestamp(now + Duration::from_millis(at as u64))),
                repeats_key: false,
            })
            .collect();
        self.ingest.say(agency, &events).await;
        let superuser = self.database.superuser();
        let mut judged = Vec::with_capacity(events.len());
        for event in &events {
            let id: uuid::Uuid = event.report_id.parse().unwrap();
            judged
                .push(eventually("the report to be judged", async || judged_of(&superuser, id).await).await);
        }
        judged
    }

    /// ingest says something besides what citizens say.
    pub async fn ingest_says<E: Event>(&self, event: &E) {
        self.ingest.say(self.agency, std::slice::from_ref(event)).await;
    }

    pub async fn ingest_says_for<E: Event>(&self, agency: &str, event: &E) {
        self.ingest.say(agency.parse().unwrap(), std::slice::from_ref(event)).await;
    }

    /// A message of this agency that has this id.
    pub fn received(&self, report: ReportId, text: &str) -> ReportReceived {
        ReportReceived {
            agency_id: self.agency.to_string(),
            report_id: report.to_string(),
            reporter_id: ReporterId::mint().to_string(),
            channel: 1,
            masked_text: text.to_owned(),
            said_time: Some(grpc::timestamp(Clock::system().now())),
            seen_at: String::new(),
            received_time: Some(grpc::timestamp(Clock::system().now())),
            repeats_key: false,
        }
    }

    /// How a report stands, once it is as hoped.
    pub async fn until_judged(&self, report: ReportId, hoped: impl Fn(&Judged) -> bool) -> Judged {
        let superuser = self.database.superuser();
        eventually("the report to be judged so", async || {
            judged_of(&superuser, report.as_uuid()).await.filter(|judged| hoped(judged))
        })
        .await
    }

    /// The office signs these words, without their page being public yet.
    pub async fn signs(&self, words: &Words) {
        let content = Content {
            version: Version::LATEST,
            agency: self.agency,
            case: CaseId::mint(),
            clarification: words.clarification,
            revision: words.revision,
            kind: "clarification".into(),
            verdict: "false".into(),
            response_level: "everything".into(),
            automatic_answer: words.automatic_answer,
            claim_sentence: words.claim_sentence.into(),
            claims: words.claim.into_iter().collect(),
            not_before: 0,
            not_after: 0,
            valid_until: words.valid_until,
            renditions: vec![Rendition {
                channel: "page".into(),
                title: words.title.into(),
                summary: String::new(),
                body: "<p>演示</p>".into(),
                pictures: Vec::new(),
            }],
        };
        let event = ClarificationSigned {
            agency_id: self.agency.to_string(),
            case_id: content.case.to_string(),
            claim_id: words.claim.map(|claim| claim.to_string()).unwrap_or_default(),
            clarification_id: words.clarification.to_string(),
            revision: words.revision,
            content: content.encode().unwrap(),
            statements: vec![clarification_signed::Signed {
                document: signed_now(&content).encode().unwrap(),
                signatures: Vec::new(),
            }],
            ..ClarificationSigned::default()
        };
        self.approval.say(self.agency, &[event]).await;
    }

    /// The page of these words reaches a state.
    pub async fn page_is(&self, words: &Words, state: publication::State, state_revision: u64) {
        // One page per revision, so its id follows from them.
        let publication = PublicationId::from_uuid(words.clarification.as_uuid());
        let event = PublicationChanged {
            agency_id: self.agency.to_string(),
            publication: Some(Publication {
                publication_id: publication.to_string(),
                case_id: CaseId::mint().to_string(),
                clarification_id: words.clarification.to_string(),
                revision: words.revision,
                channel: "page".into(),
                account: "site".into(),
                state: state.into(),
                state_revision,
                ..Publication::default()
            }),
        };
        self.publish.say(self.agency, &[event]).await;
    }

    /// The office revokes these words.
    pub async fn revokes(&self, words: &Words) {
        let event = ClarificationRevoked {
            agency_id: self.agency.to_string(),
            case_id: CaseId::mint().to_string(),
            clarification_id: words.clarification.to_string(),
            revision: words.revision,
            reason: "演示".into(),
            signed_order: Vec::new(),
        };
        self.approval.say(self.agency, &[event]).await;
    }

    /// Approval says something.
    pub async fn approval_says<E: Event>(&self, events: &[E]) {
        self.approval.say(self.agency, events).await;
    }

    /// Changes rows behind the service's back.
    pub async fn alter(&self, statement: String) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&self.database.superuser()).await.unwrap();
    }

    /// The office closes the case of a claim without a clarification, and the service has heard of it.
    pub async fn dismisses(&self, claim: ClaimId) {
        self.dismissal_of(claim).await;
        self.eventually_counts(
            "a closed claim",
            "SELECT count(*) FROM classification.index_change WHERE kind = 'claim_closed'",
            1,
        )
        .await;
    }

    /// The office closes the case of a claim without a clarification.
    pub async fn dismissal_of(&self, claim: ClaimId) {
        let event = CaseDismissed {
            agency_id: self.agency.to_string(),
            case_id: CaseId::mint().to_string(),
            claim_id: claim.to_string(),
        };
        self.approval.say(self.agency, &[event]).await;
    }

    /// Waits until the index knows so many clarifications.
    pub async fn knows_clarifications(&self, count: i64) {
        let query = "SELECT count(*) FROM classification.known_clarification";
        self.eventually_counts("known clarifications", query, count).await;
    }

    pub async fn eventually_counts(&self, what: &str, query: &'static str, count: i64) {
        let superuser = self.database.superuser();
        eventually(what, async || {
            let found: i64 = sqlx::query_scalar(query).fetch_one(&superuser).await.unwrap();
            (found == count).then_some(())
        })
        .await;
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.database.superuser()).await.unwrap()
    }

    /// Every event of this type that the service emitted, in the order of its outbox.
    pub async fn emitted<E: Event>(&self) -> Vec<E> {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM messaging.outbox WHERE subject = $1 ORDER BY sequence")
                .bind(E::SUBJECT)
                .fetch_all(&self.database.superuser())
                .await
                .unwrap();
        payloads.iter().map(|payload| E::decode(payload.as_slice()).unwrap()).collect()
    }

    /// A client of the first replica.
    pub fn client(&self) -> ClassificationServiceClient<Channel> {
        let channel = grpc::channel(&format!("http://{}", self.addresses[0])).unwrap();
        ClassificationServiceClient::new(channel)
    }

    /// A client of a replica's rules.
    pub fn rules(&self, replica: usize) -> RulesServiceClient<Channel> {
        let channel = grpc::channel(&format!("http://{}", self.addresses[replica])).unwrap();
        RulesServiceClient::new(channel)
    }

    /// A request as a person of an agency in a role.
    pub fn as_role<M>(&self, agency: AgencyId, role: Role, message: M) -> tonic::Request<M> {
        let issuer = TokenIssuer::new(&SecretString::from(SEED), Clock::system()).unwrap();
        let caller =
            Caller { agency, person: Some(PersonId::mint()), role, display_name: "演示·值班员".into() };
        let (token, _) = issuer.issue(&caller, &[Audience::Classification], Duration::from_secs(60)).unwrap();
        grpc::with_token(message, &token)
    }

    /// A claim as the duty officer sees it.
    pub async fn claim(&self, claim: ClaimId) -> pb::Claim {
        let request = pb::GetClaimRequest { claim_id: claim.to_string() };
        let request = self.as_role(self.agency, Role::DutyOfficer, request);
        self.client().get_claim(request).await.unwrap().into_inner().claim.unwrap()
    }
}

/// The signer's statement, which nobody here verifies: it says when the words were signed.
fn signed_now(content: &Content) -> Statement {
    let now_ms = i64::try_from(Clock::system().now().unix_timestamp_nanos() / 1_000_000).unwrap();
    Statement {
        version: Version::LATEST,
        purpose: Purpose::Signed,
        agency: content.agency,
        case: content.case,
        clarification: content.clarification,
        revision: content.revision,
        content_hash: [0; 32],
        person: PersonId::mint(),
        key: KeyId::mint(),
        role: "signer".into(),
        policy_hash: [0; 32],
        signed_at_ms: now_ms,
        expires_at_ms: now_ms + 60_000,
        gates: BTreeSet::new(),
    }
}

async fn judged_of(superuser: &PgPool, report: uuid::Uuid) -> Option<Judged> {
    let row = sqlx::query(
        "SELECT intent, claim_id, clarification_id,
                ARRAY(SELECT jsonb_array_elements(reasons) ->> 'signal') AS signals
         FROM classification.report WHERE report_id = $1",
    )
    .bind(report)
    .fetch_optional(superuser)
    .await
    .unwrap()?;
    Some(Judged {
        intent: row.get("intent"),
        claim: row.get("claim_id"),
        clarification: row.get("clarification_id"),
        signals: row.get("signals"),
    })
}

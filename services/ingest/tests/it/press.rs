//! A press office with real keys: it signs what the tests need signed, and nothing here knows ingest.

use std::collections::BTreeSet;

use contracts::approval::v1 as pb;
use ids::{AgencyId, CaseId, ClaimId, ClarificationId, KeyId, PersonId};
use signoff::bundle::{Bundle, Signature, Signed};
use signoff::content::{Content, Rendition, content_hash};
use signoff::enrolment::{ADMINISTRATOR, Enrolment, KeyKind};
use signoff::key::SigningKey;
use signoff::order::{Command, Order, SignedOrder};
use signoff::policy::{Policy, PolicyStep, policy_hash};
use signoff::statement::{Gate, Purpose, Statement};
use signoff::version::Version;
use time::OffsetDateTime;
use uuid::Uuid;

/// What is to be signed.
pub struct Word {
    pub case: CaseId,
    pub claim: Option<ClaimId>,
    pub clarification: ClarificationId,
    pub revision: u64,
    pub kind: &'static str,
    pub response_level: &'static str,
    pub automatic_answer: bool,
    /// The last Unix second at which it holds; 0 = no end.
    pub valid_until: i64,
    /// The claims that are signed with it, where they are not `claim` alone.
    pub claims: Option<BTreeSet<ClaimId>>,
    pub renditions: Vec<(&'static str, String)>,
}

impl Word {
    /// A clarification of `claim`, with its page, that sure matches may be answered with.
    pub fn clarification(claim: ClaimId) -> Self {
        Self {
            case: CaseId::mint(),
            claim: Some(claim),
            clarification: ClarificationId::mint(),
            revision: 1,
            kind: "clarification",
            response_level: "publish",
            automatic_answer: true,
            valid_until: 0,
            claims: None,
            renditions: vec![
                ("page", "<p>不实。</p>".into()),
                ("answer", "您反映的“明天凌晨3点地震”不实。{link}".into()),
                ("answer.auto", "您问的可能是这条（不实）：{link} 不是这件事？回复“不是”。".into()),
            ],
        }
    }

    /// A holding statement of `claim`.
    pub fn holding(claim: ClaimId) -> Self {
        Self {
            kind: "holding",
            response_level: "answer_only",
            automatic_answer: false,
            renditions: vec![("answer", "正在核查，核实前请勿转发。".into())],
            ..Self::clarification(claim)
        }
    }

    /// The office's standing replies.
    pub fn standing_replies() -> Self {
        let replies = [
            ("standing.receipt", "收到，编号{code}。"),
            ("standing.question", "咨询请拨12345。"),
            ("standing.help", "请立即拨打110、119、120。"),
            ("standing.other", "您好。"),
            ("standing.welcome", "欢迎关注。"),
            ("standing.handover", "已转值班人员，编号{code}。"),
        ];
        Self {
            case: CaseId::mint(),
            claim: None,
            clarification: ClarificationId::mint(),
            revision: 1,
            kind: "standing_replies",
            response_level: "answer_only",
            automatic_answer: false,
            valid_until: 0,
            claims: None,
            renditions: replies.map(|(channel, body)| (channel, body.to_owned())).into(),
        }
    }

    /// The next revision of the same words.
    pub fn revised(mut self) -> Self {
        self.revision += 1;
        self
    }
}

struct Member {
    key: SigningKey,
    enrolment: Enrolment,
}

/// The office.
pub struct Press {
    agency: AgencyId,
    root: SigningKey,
}

impl Press {
    pub fn new(agency: AgencyId) -> Self {
        Self { agency, root: SigningKey::generate() }
    }

    /// In hex, for the configuration.
    pub fn root_public_key(&self) -> String {
        hex(&self.root.public_key())
    }

    /// The event that approval sends once `word` is signed.
    pub fn sign(&self, word: &Word, now: OffsetDateTime) -> pb::ClarificationSigned {
        let bundle = self.bundle(word, now);
        let signed = |signed: &Signed| pb::clarification_signed::Signed {
            document: signed.document.clone(),
            signatures: signed.signatures.iter().map(wire).collect(),
        };
        pb::ClarificationSigned {
            agency_id: self.agency.to_string(),
            case_id: word.case.to_string(),
            claim_id: word.claim.map(|claim| claim.to_string()).unwrap_or_default(),
            clarification_id: word.clarification.to_string(),
            revision: word.revision,
            content: bundle.content.clone(),
            statements: bundle.statements.iter().map(signed).collect(),
            enrolments: bundle.enrolments.iter().map(signed).collect(),
            policy: Some(signed(&bundle.policy)),
        }
    }

    /// An order of whoever holds `role`, as it travels.
    pub fn order(&self, role: &str, id: Uuid, command: Command, now: OffsetDateTime) -> Vec<u8> {
        let now_ms = now.unix_timestamp() * 1000;
        let giver = self.member(role, &[], now_ms);
        let administrators =
            [self.member(ADMINISTRATOR, &[], now_ms), self.member(ADMINISTRATOR, &[], now_ms)];
        let policy = self.policy();
        let document = Order {
            agency: self.agency,
            id,
            command,
            reason: "已核实".into(),
            person: giver.enrolment.person,
            key: giver.enrolment.key,
            role: role.into(),
            policy_hash: policy_hash(&policy),
            given_at_ms: now_ms,
        }
        .encode()
        .unwrap();
        let enrolled = [&giver, &administrators[0], &administrators[1]];
        SignedOrder {
            order: Signed {
                signatures: vec![giver.key.sign(&document, Some(giver.enrolment.key))],
                document,
            },
            enrolments: enrolled.map(|member| self.enrolled(&member.enrolment)).into(),
            policy: signed_policy(policy, &administrators),
        }
        .encode()
        .unwrap()
    }

    fn policy(&self) -> Vec<u8> {
        let step = |purpose, role: &str| PolicyStep { purpose, roles: vec![role.to_owned()] };
        Policy {
            agency: self.agency,
            version: 1,
            steps: vec![
                step(Purpose::Drafted, "drafter"),
                step(Purpose::FirstReviewed, "drafter"),
                step(Purpose::SecondReviewed, "reviewer"),
                step(Purpose::Signed, "signer"),
            ],
            people_min: 3,
            statement_lifetime_seconds: 3600,
        }
        .encode()
        .unwrap()
    }

    fn bundle(&self, word: &Word, now: OffsetDateTime) -> Bundle {
        let now_ms = now.unix_timestamp() * 1000;
        let drafter = self.member("drafter", &[Purpose::Drafted, Purpose::FirstReviewed], now_ms);
        let reviewer = self.member("reviewer", &[Purpose::SecondReviewed], now_ms);
        let signer = self.member("signer", &[Purpose::Signed], now_ms);
        let administrators =
            [self.member(ADMINISTRATOR, &[], now_ms), self.member(ADMINISTRATOR, &[], now_ms)];
        let policy = self.policy();
        let content = Content {
            version: Version::LATEST,
            agency: self.agency,
            case: word.case,
            clarification: word.clarification,
            revision: word.revision,
            kind: word.kind.to_owned(),
            verdict: "false".to_owned(),
            response_level: word.response_level.to_owned(),
            automatic_answer: word.automatic_answer,
            claim_sentence: "明天凌晨3点青岚县有7级地震".to_owned(),
            claims: word.claims.clone().unwrap_or_else(|| word.claim.into_iter().collect()),
            not_before: 0,
            not_after: 0,
            valid_until: word.valid_until,
            renditions: word.renditions.iter().map(|(channel, body)| rendition(channel, body)).collect(),
        }
        .encode()
        .unwrap();
        let chain = [
            (Purpose::Drafted, &drafter),
            (Purpose::FirstReviewed, &drafter),
            (Purpose::SecondReviewed, &reviewer),
            (Purpose::Signed, &signer),
        ];
        let statements = chain.map(|(purpose, member)| {
            let document = Statement {
                version: Version::LATEST,
                purpose,
                agency: self.agency,
                case: word.case,
                clarification: word.clarification,
                revision: word.revision,
                content_hash: content_hash(&content),
                person: member.enrolment.person,
                key: member.enrolment.key,
                role: member.enrolment.role.clone(),
                policy_hash: policy_hash(&policy),
                signed_at_ms: now_ms,
                expires_at_ms: now_ms + 3_600_000,
                gates: if purpose == Purpose::Drafted { BTreeSet::new() } else { Gate::ALL.into() },
            }
            .encode()
            .unwrap();
            Signed { signatures: vec![member.key.sign(&document, Some(member.enrolment.key))], document }
        });
        let enrolled = [&drafter, &reviewer, &signer, &administrators[0], &administrators[1]];
        Bundle {
            statements: statements.into(),
            enrolments: enrolled.map(|member| self.enrolled(&member.enrolment)).into(),
            policy: signed_policy(policy, &administrators),
            content,
        }
    }

    fn member(&self, role: &str, purposes: &[Purpose], now_ms: i64) -> Member {
        let key = SigningKey::generate();
        let enrolment = Enrolment {
            agency: self.agency,
            person: PersonId::mint(),
            display_name: format!("演示·{role}"),
            key: KeyId::mint(),
            public_key: key.public_key(),
            key_kind: KeyKind::Totp,
            role: role.to_owned(),
            purposes: purposes.to_vec(),
            not_before_ms: now_ms - 86_400_000,
            not_after_ms: now_ms + 86_400_000,
        };
        Member { key, enrolment }
    }

    fn enrolled(&self, enrolment: &Enrolment) -> Signed {
        let document = enrolment.encode().unwrap();
        Signed { signatures: vec![self.root.sign(&document, None)], document }
    }
}

fn signed_policy(document: Vec<u8>, administrators: &[Member; 2]) -> Signed {
    let signatures =
        administrators.iter().map(|member| member.key.sign(&document, Some(member.enrolment.key))).collect();
    Signed { signatures, document }
}

fn rendition(channel: &str, body: &str) -> Rendition {
    Rendition {
        channel: channel.to_owned(),
        title: String::new(),
        summary: String::new(),
        body: body.to_owned(),
        pictures: vec![],
    }
}

fn wire(signature: &Signature) -> pb::clarification_signed::Signature {
    pb::clarification_signed::Signature {
        key_id: signature.key.map(|key| key.to_string()).unwrap_or_default(),
        signature: signature.bytes.to_vec(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

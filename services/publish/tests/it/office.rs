//! A press office that signs: five people with keys, a root key, a policy.

use std::collections::BTreeSet;

use contracts::approval::v1::ClarificationSigned;
use contracts::approval::v1::clarification_signed::{Signature as SignatureEvent, Signed as SignedEvent};
use ids::{AgencyId, CaseId, ClarificationId, KeyId, PersonId};
use signoff::bundle::{Bundle, Signed};
use signoff::content::{Content, Rendition, content_hash};
use signoff::enrolment::{ADMINISTRATOR, Enrolment, KeyKind};
use signoff::key::SigningKey;
use signoff::order::{Command, Order, SignedOrder};
use signoff::policy::{Policy, PolicyStep, policy_hash};
use signoff::statement::{Gate, Purpose, Statement};
use signoff::version::Version;
use time::OffsetDateTime;
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

struct Member {
    key: SigningKey,
    enrolment: Enrolment,
}

/// The office.
pub struct Office {
    pub agency: AgencyId,
    root: SigningKey,
    administrators: [Member; 2],
    chain: Vec<(Purpose, usize)>,
    people: Vec<Member>,
    /// How long statements count.
    pub lifetime_ms: i64,
    /// The version of its policy.
    pub policy_version: u64,
}

impl Office {
    pub fn open(now: OffsetDateTime) -> Self {
        let agency = AgencyId::mint();
        let member = |role: &str, purposes: &[Purpose]| {
            let key = SigningKey::generate();
            let enrolment = Enrolment {
                agency,
                person: PersonId::mint(),
                display_name: format!("演示·{role}"),
                key: KeyId::mint(),
                public_key: key.public_key(),
                key_kind: KeyKind::Totp,
                role: role.to_owned(),
                purposes: purposes.to_vec(),
                not_before_ms: ms(now) - DAY_MS,
                not_after_ms: ms(now) + 365 * DAY_MS,
            };
            Member { key, enrolment }
        };
        Self {
            agency,
            root: SigningKey::generate(),
            administrators: [member(ADMINISTRATOR, &[]), member(ADMINISTRATOR, &[])],
            people: vec![
                member("drafter", &[Purpose::Drafted, Purpose::FirstReviewed]),
                member("reviewer", &[Purpose::SecondReviewed]),
                member("signer", &[Purpose::Signed]),
                member("duty_officer", &[]),
                member("checker", &[]),
            ],
            chain: vec![
                (Purpose::Drafted, 0),
                (Purpose::FirstReviewed, 0),
                (Purpose::SecondReviewed, 1),
                (Purpose::Signed, 2),
            ],
            lifetime_ms: 3 * DAY_MS,
            policy_version: 1,
        }
    }

    /// The key to put into publish's configuration.
    pub fn root_public_key(&self) -> String {
        self.root.public_key().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// An order of whoever holds `role`, as it travels.
    pub fn order(&self, role: &str, id: Uuid, command: Command, now: OffsetDateTime) -> Vec<u8> {
        self.signed_order(role, id, command, now).encode().unwrap()
    }

    /// The same, to be altered.
    pub fn signed_order(&self, role: &str, id: Uuid, command: Command, now: OffsetDateTime) -> SignedOrder {
        let giver = self.people.iter().find(|member| member.enrolment.role == role).unwrap();
        let policy = self.policy();
        let document = Order {
            agency: self.agency,
            id,
            command,
            reason: "已核实".into(),
            person: giver.enrolment.person,
            key: giver.enrolment.key,
            role: role.into(),
            policy_hash: policy_hash(&policy.document),
            given_at_ms: ms(now),
        }
        .encode()
        .unwrap();
        SignedOrder {
            order: Signed {
                signatures: vec![giver.key.sign(&document, Some(giver.enrolment.key))],
                document,
            },
            enrolments: self.enrolments(),
            policy,
        }
    }

    fn enrolments(&self) -> Vec<Signed> {
        let enrolled = self.people.iter().chain(&self.administrators).map(|member| {
            let document = member.enrolment.encode().unwrap();
            Signed { signatures: vec![self.root.sign(&document, None)], document }
        });
        enrolled.collect()
    }

    fn policy(&self) -> Signed {
        let document = Policy {
            agency: self.agency,
            version: self.policy_version,
            steps: Purpose::ALL
                .map(|purpose| PolicyStep {
                    purpose,
                    roles: vec!["drafter".into(), "reviewer".into(), "signer".into()],
                })
                .to_vec(),
            people_min: 3,
            statement_lifetime_seconds: u64::try_from(3 * DAY_MS / 1000).unwrap(),
        }
        .encode()
        .unwrap();
        Signed {
            signatures: self
                .administrators
                .iter()
                .map(|member| member.key.sign(&document, Some(member.enrolment.key)))
                .collect(),
            document,
        }
    }

    /// Everything that approval would announce for `content`.
    pub fn sign(&self, content: &Content, now: OffsetDateTime) -> Bundle {
        let policy = self.policy();
        let document = content.encode().unwrap();
        let statements = self.chain.iter().map(|(purpose, who)| {
            let member = &self.people[*who];
            let statement = Statement {
                version: content.version,
                purpose: *purpose,
                agency: self.agency,
                case: content.case,
                clarification: content.clarification,
                revision: content.revision,
                content_hash: content_hash(&document),
                person: member.enrolment.person,
                key: member.enrolment.key,
                role: member.enrolment.role.clone(),
                policy_hash: policy_hash(&policy.document),
                signed_at_ms: ms(now),
                expires_at_ms: ms(now) + self.lifetime_ms,
                gates: gates(content.version, *purpose),
            };
            let document = statement.encode().unwrap();
            Signed { signatures: vec![member.key.sign(&document, Some(statement.key))], document }
        });
        Bundle { statements: statements.collect(), enrolments: self.enrolments(), policy, content: document }
    }
}

fn gates(version: Version, purpose: Purpose) -> BTreeSet<Gate> {
    if version == Version::One || purpose == Purpose::Drafted { BTreeSet::new() } else { Gate::ALL.into() }
}

/// A clarification for all channels; change what the test is about.
pub fn earthquake(agency: AgencyId) -> Content {
    let form = |channel: &str, title: &str, body: &str| Rendition {
        channel: channel.into(),
        title: title.into(),
        summary: if title.is_empty() {
            String::new()
        } else {
            "县应急管理局核实：未发布。".into()
        },
        body: body.into(),
        pictures: vec![],
    };
    let title = "青岚县没有地震预报";
    Content {
        version: Version::LATEST,
        agency,
        case: CaseId::mint(),
        clarification: ClarificationId::mint(),
        revision: 1,
        kind: "clarification".into(),
        verdict: "false".into(),
        response_level: "everything".into(),
        automatic_answer: true,
        claim_sentence: "明天凌晨3点青岚县有7级地震".into(),
        claims: BTreeSet::new(),
        not_before: 0,
        not_after: 0,
        valid_until: 0,
        renditions: vec![
            form("page", title, "<section><h2>结论</h2><p>不实。</p></section>"),
            form("wechat", title, "<section><p><strong>【结论】</strong>不实。</p></section>"),
            form("weibo", "", "【青岚县没有地震预报】网传“明天凌晨3点青岚县有7级地震”不实。请勿转发。"),
        ],
    }
}

/// Makes words for this level: as approval does, with the forms of the channels that it stands for.
pub fn set_level(content: &mut Content, level: &str) {
    let published: &[&str] = match level {
        "publish" => &["page"],
        "microblog" => &["page", "weibo"],
        "mass_push" => &["page", "wechat"],
        "everything" => &["page", "wechat", "weibo"],
        _ => &[],
    };
    level.clone_into(&mut content.response_level);
    content.renditions.retain(|form| published.contains(&form.channel.as_str()));
}

/// A bundle as it travels.
pub fn event(content: &Content, bundle: Bundle) -> ClarificationSigned {
    ClarificationSigned {
        agency_id: content.agency.to_string(),
        case_id: content.case.to_string(),
        claim_id: String::new(),
        clarification_id: content.clarification.to_string(),
        revision: content.revision,
        content: bundle.content,
        statements: bundle.statements.into_iter().map(document).collect(),
        enrolments: bundle.enrolments.into_iter().map(document).collect(),
        policy: Some(document(bundle.policy)),
    }
}

fn document(signed: Signed) -> SignedEvent {
    SignedEvent {
        document: signed.document,
        signatures: signed
            .signatures
            .into_iter()
            .map(|signature| SignatureEvent {
                key_id: signature.key.map(|key| key.to_string()).unwrap_or_default(),
                signature: signature.bytes.to_vec(),
            })
            .collect(),
    }
}

fn ms(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap()
}

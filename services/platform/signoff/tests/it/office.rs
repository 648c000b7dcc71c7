//! A small press office with fixed keys and ids, so that everything it signs is the same bytes in every run.

use std::collections::BTreeSet;

use ids::{AgencyId, CaseId, ClaimId, ClarificationId, KeyId, PersonId};
use signoff::bundle::{Bundle, Signature, Signed};
use signoff::content::{Content, Rendition, content_hash};
use signoff::enrolment::{ADMINISTRATOR, Enrolment, KeyKind};
use signoff::key::{RootKey, SigningKey};
use signoff::policy::{Policy, PolicyStep, policy_hash};
use signoff::refused::Refused;
use signoff::statement::{Gate, Purpose, Statement};
use signoff::verify::{Expected, Trust, Verified, verify};
use signoff::version::Version;
use time::OffsetDateTime;
use uuid::Uuid;

/// 2026-11-22 00:00:00 UTC.
pub const NOW_MS: i64 = 1_795_305_600_000;
pub const HOUR_MS: i64 = 3_600_000;

/// One person of the office with a key.
#[derive(Clone)]
pub struct Member {
    pub seed: [u8; 32],
    pub enrolment: Enrolment,
}

impl Member {
    pub fn new(number: u8, name: &str, role: &str, purposes: &[Purpose]) -> Self {
        let seed = [number; 32];
        let enrolment = Enrolment {
            agency: agency(),
            person: PersonId::from_uuid(Uuid::from_u128(0x1000 + u128::from(number))),
            display_name: name.to_owned(),
            key: KeyId::from_uuid(Uuid::from_u128(0x2000 + u128::from(number))),
            public_key: SigningKey::from_seed(&seed).public_key(),
            key_kind: KeyKind::Totp,
            role: role.to_owned(),
            purposes: purposes.to_vec(),
            not_before_ms: NOW_MS - 24 * HOUR_MS,
            not_after_ms: NOW_MS + 24 * HOUR_MS,
        };
        Self { seed, enrolment }
    }

    pub fn sign(&self, document: &[u8]) -> Signature {
        SigningKey::from_seed(&self.seed).sign(document, Some(self.enrolment.key))
    }
}

/// The office: change any part, then ask for its bundle.
#[derive(Clone)]
pub struct Office {
    pub content: Content,
    pub policy: Policy,
    pub administrators: [Member; 2],
    /// Who takes which step; the same member may stand twice.
    pub chain: Vec<(Purpose, Member)>,
    pub signed_at_ms: i64,
    pub expires_at_ms: i64,
}

impl Office {
    pub fn open() -> Self {
        let drafter = Member::new(2, "演示·拟稿人", "drafter", &[Purpose::Drafted, Purpose::FirstReviewed]);
        let reviewer = Member::new(3, "演示·复审人", "reviewer", &[Purpose::SecondReviewed]);
        let signer = Member::new(4, "演示·终审人", "signer", &[Purpose::Signed]);
        Self {
            content: content(),
            policy: Policy {
                agency: agency(),
                version: 1,
                steps: vec![
                    step(Purpose::Drafted, &["drafter"]),
                    step(Purpose::FirstReviewed, &["drafter", "reviewer"]),
                    step(Purpose::SecondReviewed, &["reviewer"]),
                    step(Purpose::Signed, &["signer"]),
                ],
                people_min: 3,
                statement_lifetime_seconds: 24 * 3600,
            },
            administrators: [
                Member::new(5, "演示·管理员", ADMINISTRATOR, &[]),
                Member::new(6, "演示·第二管理员", ADMINISTRATOR, &[]),
            ],
            chain: vec![
                (Purpose::Drafted, drafter.clone()),
                (Purpose::FirstReviewed, drafter),
                (Purpose::SecondReviewed, reviewer),
                (Purpose::Signed, signer),
            ],
            signed_at_ms: NOW_MS - HOUR_MS,
            expires_at_ms: NOW_MS + HOUR_MS,
        }
    }

    /// The same office before there was a version 2.
    pub fn open_v1() -> Self {
        let mut office = Self::open();
        office.content =
            Content { version: Version::One, claims: BTreeSet::new(), valid_until: 0, ..office.content };
        office
    }

    pub fn member(&mut self, purpose: Purpose) -> &mut Member {
        let found = self.chain.iter_mut().find(|(step, _)| *step == purpose);
        &mut found.expect("the office fills every step").1
    }

    pub fn statement(&self, purpose: Purpose, member: &Member) -> Statement {
        let names_gates = self.content.version == Version::Two && purpose != Purpose::Drafted;
        Statement {
            version: self.content.version,
            purpose,
            agency: self.content.agency,
            case: self.content.case,
            clarification: self.content.clarification,
            revision: self.content.revision,
            content_hash: content_hash(&self.content.encode().unwrap()),
            person: member.enrolment.person,
            key: member.enrolment.key,
            role: member.enrolment.role.clone(),
            policy_hash: policy_hash(&self.policy.encode().unwrap()),
            signed_at_ms: self.signed_at_ms,
            expires_at_ms: self.expires_at_ms,
            gates: if names_gates { Gate::ALL.into() } else { BTreeSet::new() },
        }
    }

    pub fn bundle(&self) -> Bundle {
        let policy = self.policy.encode().unwrap();
        let mut enrolled: Vec<&Member> = Vec::new();
        for member in self.administrators.iter().chain(self.chain.iter().map(|(_, member)| member)) {
            if enrolled.iter().all(|other| other.enrolment != member.enrolment) {
                enrolled.push(member);
            }
        }
        Bundle {
            content: self.content.encode().unwrap(),
            statements: self
                .chain
                .iter()
                .map(|(purpose, member)| {
                    signed_by(member, self.statement(*purpose, member).encode().unwrap())
                })
                .collect(),
            enrolments: enrolled.into_iter().map(|member| enrolled_by_root(&member.enrolment)).collect(),
            policy: Signed {
                signatures: self.administrators.iter().map(|member| member.sign(&policy)).collect(),
                document: policy,
            },
        }
    }
}

pub fn signed_by(member: &Member, document: Vec<u8>) -> Signed {
    Signed { signatures: vec![member.sign(&document)], document }
}

pub fn enrolled_by_root(enrolment: &Enrolment) -> Signed {
    let document = enrolment.encode().unwrap();
    Signed { signatures: vec![root_signing_key().sign(&document, None)], document }
}

pub fn root_signing_key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

pub fn root() -> RootKey {
    RootKey::from_bytes(&root_signing_key().public_key()).unwrap()
}

pub fn agency() -> AgencyId {
    AgencyId::from_uuid(Uuid::from_u128(0xA))
}

pub fn expected() -> Expected {
    Expected { case: content().case, clarification: content().clarification, revision: content().revision }
}

pub fn trust() -> Trust {
    Trust { agency: agency(), root: root(), policy_version_min: 1 }
}

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(NOW_MS) * 1_000_000).unwrap()
}

pub fn judge(bundle: &Bundle) -> Result<Verified, Refused> {
    verify(bundle, &trust(), &expected(), now())
}

fn content() -> Content {
    Content {
        version: Version::LATEST,
        agency: agency(),
        case: CaseId::from_uuid(Uuid::from_u128(0xC)),
        clarification: ClarificationId::from_uuid(Uuid::from_u128(0xD)),
        revision: 2,
        kind: "clarification".to_owned(),
        verdict: "false".to_owned(),
        response_level: "everything".to_owned(),
        automatic_answer: true,
        claim_sentence: "明天凌晨3点青岚县有7级地震".to_owned(),
        claims: [0xE1, 0xE2].map(|number| ClaimId::from_uuid(Uuid::from_u128(number))).into(),
        not_before: 0,
        not_after: NOW_MS / 1000 + 86_400,
        valid_until: NOW_MS / 1000 + 2 * 86_400,
        renditions: vec![
            Rendition {
                channel: "weibo".to_owned(),
                title: String::new(),
                summary: String::new(),
                body: "【青岚县没有地震预报】请勿转发。".to_owned(),
                pictures: vec![],
            },
            Rendition {
                channel: "page".to_owned(),
                title: "青岚县没有地震预报".to_owned(),
                summary: "县应急管理局核实：未发布。".to_owned(),
                body: "<p>不实。</p>".to_owned(),
                pictures: vec![[0xAB; 32]],
            },
        ],
    }
}

fn step(purpose: Purpose, roles: &[&str]) -> PolicyStep {
    PolicyStep { purpose, roles: roles.iter().map(|role| (*role).to_owned()).collect() }
}

//! The one function that says whether a text may be spoken. It trusts nothing but the root key, the ids and the
//! instant that its caller names: every other fact it reads out of signed bytes.
//!
//! Three rules hold whatever a policy says (design G6): at least three people, drafter, second reviewer and
//! signer are three of them and the signer does nothing else, and administrators and auditors never take a step.

use std::collections::{BTreeMap, BTreeSet};

use ids::{AgencyId, CaseId, ClarificationId, KeyId, PersonId};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use crate::bundle::{Bundle, Signature, Signed};
use crate::content::{Content, content_hash};
use crate::enrolment::{ADMINISTRATOR, AUDITOR, Enrolment};
use crate::key::{RootKey, verifies};
use crate::policy::{Policy, policy_hash};
use crate::refused::{Document, Refused, Subject};
use crate::statement::{Gate, Purpose, Statement};
use crate::version::Version;

/// How far a signer's clock may run ahead of the verifier's, in milliseconds.
pub const SKEW_MAX_MS: i64 = 120_000;

/// The fewest people that take words from draft to public.
pub const PEOPLE_MIN: usize = 3;

/// Enrolments of a bundle: four steps and the administrators, with room for changed keys.
pub const ENROLMENTS_MAX: usize = 16;

/// The steps that no policy can leave out; with three people at least one review stands between them.
const STEPS_ALWAYS: [Purpose; 2] = [Purpose::Drafted, Purpose::Signed];

/// Steps that one person never takes both of. The drafter may hold the first review in a small office.
const STEPS_APART: [(Purpose, Purpose); 4] = [
    (Purpose::Drafted, Purpose::SecondReviewed),
    (Purpose::Drafted, Purpose::Signed),
    (Purpose::FirstReviewed, Purpose::Signed),
    (Purpose::SecondReviewed, Purpose::Signed),
];

/// Whom a verifier believes, for one agency. It comes from the verifier's own configuration, never out of what is
/// to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The agency.
    pub agency: AgencyId,
    /// Its root public key: the only reason to believe an enrolment.
    pub root: RootKey,
    /// The oldest policy that counts. A policy that was replaced by a stricter one stays signed for ever; this is
    /// what ends it.
    pub policy_version_min: u64,
}

/// What the caller believes it is looking at.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The case.
    pub case: CaseId,
    /// The clarification.
    pub clarification: ClarificationId,
    /// The revision.
    pub revision: u64,
}

/// A text that may be spoken. Only `verify` makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What may be said, decoded from the bytes that were signed.
    pub content: Content,
    /// SHA-256 of those bytes.
    pub content_hash: [u8; 32],
    /// SHA-256 of the policy's bytes.
    pub policy_hash: [u8; 32],
    /// The policy's version.
    pub policy_version: u64,
    /// Who took which step, in the chain's order.
    pub chain: Vec<Witness>,
    /// When the first of the statements expires, in Unix milliseconds.
    pub expires_at_ms: i64,
}

/// One person's part in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The step.
    pub purpose: Purpose,
    /// Who took it.
    pub person: PersonId,
    /// The name, as enrolled.
    pub display_name: String,
    /// The role, as enrolled.
    pub role: String,
    /// When, in Unix milliseconds.
    pub signed_at_ms: i64,
    /// The gates that the person confirmed; version 1 does not say.
    pub gates: BTreeSet<Gate>,
}

/// Says whether `bundle` may be spoken, as of an instant: normally now; for a copy that was accepted earlier (a
/// public page, a standing reply), the instant of its acceptance.
///
/// # Errors
/// The first rule that the bundle breaks.
pub fn verify(
    bundle: &Bundle,
    trust: &Trust,
    expected: &Expected,
    as_of: OffsetDateTime,
) -> Result<Verified, Refused> {
    let agency = trust.agency;
    let as_of_ms = unix_ms(as_of);
    if bundle.statements.len() > Purpose::ALL.len() || bundle.enrolments.len() > ENROLMENTS_MAX {
        return Err(Refused::Oversized);
    }
    let content = read_content(bundle, agency, expected)?;
    let enrolled = read_enrolments(&bundle.enrolments, &trust.root, agency, as_of_ms)?;
    let policy = read_policy(&bundle.policy, &enrolled, trust)?;
    // All that the bundle enrols, not the policy's two signers alone: a third one with a second key is one too.
    let outsiders: BTreeSet<PersonId> =
        enrolled.values().filter(|key| is_outsider(&key.role)).map(|key| key.person).collect();
    let hashes =
        Hashes { content: content_hash(&bundle.content), policy: policy_hash(&bundle.policy.document) };

    let mut steps: BTreeMap<Purpose, (Statement, &Enrolment)> = BTreeMap::new();
    for signed in &bundle.statements {
        let (statement, signer) = read_statement(signed, &enrolled)?;
        let purpose = statement.purpose;
        check_subject(&statement, agency, expected)?;
        check_hashes(&statement, &hashes)?;
        check_version(&statement, content.version)?;
        check_entitled(&statement, signer, &policy, &outsiders)?;
        check_time(&statement, signer, &policy, as_of_ms)?;
        if steps.insert(purpose, (statement, signer)).is_some() {
            return Err(Refused::StepRepeated { purpose });
        }
    }
    check_complete(&steps, &policy)?;
    check_order(&steps)?;

    let expires_at_ms = steps.values().map(|(statement, _)| statement.expires_at_ms).min();
    let chain = steps.into_values().map(|(statement, signer)| Witness {
        purpose: statement.purpose,
        person: statement.person,
        display_name: signer.display_name.clone(),
        role: statement.role,
        signed_at_ms: statement.signed_at_ms,
        gates: statement.gates,
    });
    Ok(Verified {
        content,
        content_hash: hashes.content,
        policy_hash: hashes.policy,
        policy_version: policy.version,
        chain: chain.collect(),
        // A complete chain has statements; were there none, nothing would count.
        expires_at_ms: expires_at_ms.unwrap_or(i64::MIN),
    })
}

struct Hashes {
    content: [u8; 32],
    policy: [u8; 32],
}

fn read_content(bundle: &Bundle, agency: AgencyId, expected: &Expected) -> Result<Content, Refused> {
    let content = Content::decode(&bundle.content)
        .map_err(|malformed| Refused::Unreadable { document: Document::Content, malformed })?;
    let foreign = |subject| Err(Refused::Foreign { document: Document::Content, subject });
    if content.agency != agency {
        return foreign(Subject::Agency);
    }
    if content.case != expected.case {
        return foreign(Subject::Case);
    }
    if content.clarification != expected.clarification {
        return foreign(Subject::Clarification);
    }
    if content.revision != expected.revision {
        return foreign(Subject::Revision);
    }
    Ok(content)
}

pub(crate) fn read_enrolments(
    enrolments: &[Signed],
    root: &RootKey,
    agency: AgencyId,
    as_of_ms: i64,
) -> Result<BTreeMap<KeyId, Enrolment>, Refused> {
    let mut enrolled: BTreeMap<KeyId, Enrolment> = BTreeMap::new();
    for signed in enrolments {
        let enrolment = Enrolment::decode(&signed.document)
            .map_err(|malformed| Refused::Unreadable { document: Document::Enrolment, malformed })?;
        let [signature @ Signature { key: None, .. }] = signed.signatures.as_slice() else {
            return Err(Refused::EnrolmentUnsigned);
        };
        if !root.verifies(&signed.document, signature) {
            return Err(Refused::EnrolmentUnsigned);
        }
        if enrolment.agency != agency {
            return Err(Refused::Foreign { document: Document::Enrolment, subject: Subject::Agency });
        }
        if !valid_at(&enrolment, as_of_ms) {
            return Err(Refused::EnrolmentOutOfTime);
        }
        let shared = enrolled
            .values()
            .any(|other| other.person != enrolment.person && same(&other.public_key, &enrolment.public_key));
        if shared {
            return Err(Refused::KeyShared);
        }
        if enrolled.insert(enrolment.key, enrolment).is_some() {
            return Err(Refused::EnrolmentRepeated);
        }
    }
    Ok(enrolled)
}

pub(crate) fn read_policy(
    signed: &Signed,
    enrolled: &BTreeMap<KeyId, Enrolment>,
    trust: &Trust,
) -> Result<Policy, Refused> {
    let policy = Policy::decode(&signed.document)
        .map_err(|malformed| Refused::Unreadable { document: Document::Policy, malformed })?;
    if signed.signatures.len() != 2 {
        return Err(Refused::PolicySignatureCount);
    }
    let mut administrators = BTreeSet::new();
    for signature in &signed.signatures {
        let signer = signature.key.and_then(|key| enrolled.get(&key));
        let signer = signer.filter(|enrolment| enrolment.role == ADMINISTRATOR);
        let signer = signer.ok_or(Refused::PolicySignerNotAdministrator)?;
        if !verifies(&signer.public_key, &signed.document, signature) {
            return Err(Refused::PolicyUnsigned);
        }
        administrators.insert(signer.person);
    }
    if administrators.len() != 2 {
        return Err(Refused::PolicySignersSame);
    }
    if policy.agency != trust.agency {
        return Err(Refused::Foreign { document: Document::Policy, subject: Subject::Agency });
    }
    if policy.version < trust.policy_version_min {
        let (version, version_min) = (policy.version, trust.policy_version_min);
        return Err(Refused::PolicyTooOld { version, version_min });
    }
    for purpose in STEPS_ALWAYS {
        if policy.step(purpose).is_none() {
            return Err(Refused::PolicyTooShort { purpose });
        }
    }
    for step in &policy.steps {
        if step.roles.iter().any(|role| is_outsider(role)) {
            return Err(Refused::PolicyRole { purpose: step.purpose });
        }
    }
    Ok(policy)
}

/// Reads a statement that its own key has signed. What it says is not judged yet.
fn read_statement<'a>(
    signed: &Signed,
    enrolled: &'a BTreeMap<KeyId, Enrolment>,
) -> Result<(Statement, &'a Enrolment), Refused> {
    let statement = Statement::decode(&signed.document)
        .map_err(|malformed| Refused::Unreadable { document: Document::Statement, malformed })?;
    let purpose = statement.purpose;
    let [signature] = signed.signatures.as_slice() else {
        return Err(Refused::StatementSignatureCount { purpose });
    };
    if signature.key != Some(statement.key) {
        return Err(Refused::StatementSignatureCount { purpose });
    }
    let signer = enrolled.get(&statement.key).ok_or(Refused::SignerNotEnrolled { purpose })?;
    if !verifies(&signer.public_key, &signed.document, signature) {
        return Err(Refused::StatementUnsigned { purpose });
    }
    Ok((statement, signer))
}

fn check_subject(statement: &Statement, agency: AgencyId, expected: &Expected) -> Result<(), Refused> {
    let foreign = |subject| Err(Refused::Foreign { document: Document::Statement, subject });
    if statement.agency != agency {
        return foreign(Subject::Agency);
    }
    if statement.case != expected.case {
        return foreign(Subject::Case);
    }
    if statement.clarification != expected.clarification {
        return foreign(Subject::Clarification);
    }
    if statement.revision != expected.revision {
        return foreign(Subject::Revision);
    }
    Ok(())
}

fn check_hashes(statement: &Statement, hashes: &Hashes) -> Result<(), Refused> {
    if !same(&statement.content_hash, &hashes.content) {
        return Err(Refused::ContentHash { purpose: statement.purpose });
    }
    if !same(&statement.policy_hash, &hashes.policy) {
        return Err(Refused::PolicyHash { purpose: statement.purpose });
    }
    Ok(())
}

/// A chain is of one version, so that nobody signs a content of version 2 in statements that name no gates.
fn check_version(statement: &Statement, version: Version) -> Result<(), Refused> {
    let purpose = statement.purpose;
    if statement.version != version {
        return Err(Refused::VersionMixed { purpose });
    }
    let gates_needed = version == Version::Two && purpose != Purpose::Drafted;
    if gates_needed && statement.gates.len() < Gate::ALL.len() {
        return Err(Refused::GatesOpen { purpose });
    }
    Ok(())
}

fn check_entitled(
    statement: &Statement,
    signer: &Enrolment,
    policy: &Policy,
    outsiders: &BTreeSet<PersonId>,
) -> Result<(), Refused> {
    let purpose = statement.purpose;
    if statement.person != signer.person {
        return Err(Refused::SignerNotOwner { purpose });
    }
    // By role and by person: an administrator with a second key in another role is still an administrator.
    if outsiders.contains(&statement.person) {
        return Err(Refused::OutsiderInChain { purpose });
    }
    if !signer.purposes.contains(&purpose) {
        return Err(Refused::PurposeNotAdmitted { purpose });
    }
    let step = policy.step(purpose).ok_or(Refused::StepUnknown { purpose })?;
    if statement.role != signer.role || !step.roles.contains(&statement.role) {
        return Err(Refused::RoleNotAdmitted { purpose });
    }
    Ok(())
}

fn check_time(
    statement: &Statement,
    signer: &Enrolment,
    policy: &Policy,
    as_of_ms: i64,
) -> Result<(), Refused> {
    let purpose = statement.purpose;
    if statement.signed_at_ms > as_of_ms.saturating_add(SKEW_MAX_MS) {
        return Err(Refused::StatementFromFuture { purpose });
    }
    if statement.expires_at_ms <= as_of_ms {
        return Err(Refused::StatementExpired { purpose });
    }
    if statement.expires_at_ms > statement.signed_at_ms.saturating_add(policy.lifetime_ms()) {
        return Err(Refused::StatementTooLong { purpose });
    }
    if !valid_at(signer, statement.signed_at_ms) {
        return Err(Refused::EnrolmentOutOfTime);
    }
    Ok(())
}

fn check_complete(
    steps: &BTreeMap<Purpose, (Statement, &Enrolment)>,
    policy: &Policy,
) -> Result<(), Refused> {
    for step in &policy.steps {
        if !steps.contains_key(&step.purpose) {
            return Err(Refused::StepMissing { purpose: step.purpose });
        }
    }
    let person_of = |purpose: Purpose| steps.get(&purpose).map(|(statement, _)| statement.person);
    for (first, second) in STEPS_APART {
        if let (Some(one), Some(other)) = (person_of(first), person_of(second))
            && one == other
        {
            return Err(Refused::SamePerson { first, second });
        }
    }
    let people: BTreeSet<PersonId> = steps.values().map(|(statement, _)| statement.person).collect();
    let people_min = PEOPLE_MIN.max(usize::try_from(policy.people_min).unwrap_or(usize::MAX));
    if people.len() < people_min {
        return Err(Refused::TooFewPeople { people: people.len(), people_min });
    }
    Ok(())
}

/// Whoever reviews has something in front of them that was signed before.
fn check_order(steps: &BTreeMap<Purpose, (Statement, &Enrolment)>) -> Result<(), Refused> {
    let mut before = i64::MIN;
    for (purpose, (statement, _)) in steps {
        if statement.signed_at_ms < before {
            return Err(Refused::TimesBackwards { purpose: *purpose });
        }
        before = statement.signed_at_ms;
    }
    Ok(())
}

pub(crate) fn is_outsider(role: &str) -> bool {
    role == ADMINISTRATOR || role == AUDITOR
}

pub(crate) fn valid_at(enrolment: &Enrolment, instant_ms: i64) -> bool {
    (enrolment.not_before_ms..=enrolment.not_after_ms).contains(&instant_ms)
}

pub(crate) fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.ct_eq(other).into()
}

pub(crate) fn unix_ms(instant: OffsetDateTime) -> i64 {
    // The years that OffsetDateTime spans fit i64 milliseconds ten thousand times over.
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

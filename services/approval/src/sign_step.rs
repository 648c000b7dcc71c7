//! Signing one step of the chain: drafted, 初审, 复审, 终审. The person signs a statement over exactly the
//! content whose hash they saw; the sign-off sends everything that lets anyone verify it.
//!
//! What is signed is what the case still is: a step is refused once the case has moved on from what its draft says.
//! Before the sign-off's event leaves, the whole bundle is verified here as publish will verify it. A row that
//! was altered since it was signed ends here (G2): nothing is emitted, and the case says why.

use std::collections::BTreeSet;

use contracts::Event;
use ids::ClarificationId;
use messaging::outbox;
use signoff::bundle::{Bundle, Signed};
use signoff::content::{Content, content_hash};
use signoff::evidence::{action, subject_of};
use signoff::key::RootKey;
use signoff::malformed::Malformed;
use signoff::policy::{Policy, policy_hash};
use signoff::refused::Refused;
use signoff::statement::{Gate, Purpose, Statement};
use signoff::verify::{Expected, Trust, verify};
use signoff::version::Version;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::attempts::{CODES, CODES_FREE};
use crate::domain::case::{CaseCommand, CaseFile, CaseRefusal};
use crate::domain::chain::{self, ChainRefusal, GatesConfirmed, Taken};
use crate::domain::content::published_channels;
use crate::domain::draft::Kind;
use crate::domain::moved_on::{MovedOn, Present, moved_on};
use crate::domain::officer::Officer;
use crate::domain::problems::problems;
use crate::domain::revision::{Named, Revision, RevisionState, Step};
use crate::events;
use crate::one_time_code;
use crate::read_cases::SignedRevision;
use crate::secrets::CarriedSecret;
use crate::sign_in::tell_wrong_code;
use crate::signatory::{NoKey, Signatory, enrolments_behind};
use crate::store::attempt::{self, Counted, Counter};
use crate::store::person::CodeUse;
use crate::store::{self, StoreError};
use crate::validity;

/// Approval signs under the newest policy that it holds; which older ones still count is for senders to say.
pub const POLICY_VERSION_MIN: u64 = 1;

/// A step that a person signs.
pub struct SignStep {
    /// The clarification.
    pub clarification: ClarificationId,
    /// The revision that the person saw.
    pub revision: u64,
    /// The content hash that the person saw.
    pub content_hash: [u8; 32],
    /// Which step.
    pub purpose: Purpose,
    /// The gates that the person confirms.
    pub gates: BTreeSet<Gate>,
}

/// Who signs, and what proves that they are there.
pub struct Presence {
    /// Unseals the person's key.
    pub session_secret: String,
    /// Fresh digits; needed for 复审 and for the sign-off.
    pub code: String,
}

/// What shows that something stored is not what was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// The content is not what its hash says.
    #[error("the stored content does not match its content hash")]
    Content,
    /// The boxes are not what the content was made of.
    #[error("the stored draft is not what the content was made of")]
    Draft,
    /// A signed step is about another content, or not what its row says.
    #[error("an earlier step was signed over another content, or its row says something else")]
    Statement,
    /// The revision names another drafter than the one who signed it.
    #[error("the revision names another drafter than the one who signed it as drafted")]
    Drafter,
    /// The policy in force is missing or cannot be read.
    #[error("the policy in force is missing or cannot be read")]
    Policy,
    /// The agency's root key cannot be used.
    #[error("the agency's root key cannot be used")]
    Root,
    /// The bundle does not verify.
    #[error("the statements do not verify: {0}")]
    Bundle(Refused),
}

impl Tampering {
    /// In words for an officer.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Content => "稿件内容与校验码不符，疑被改动".to_owned(),
            Self::Draft => "稿件各栏与签署内容不一致，疑被改动".to_owned(),
            Self::Statement => "前序签名对应的不是这份内容，或与登记的签署人、时间不符，疑被改动".to_owned(),
            Self::Drafter => "登记的拟稿人不是签名送审的人，疑被改动".to_owned(),
            Self::Policy => "签发规则缺失或无法读取，疑被改动".to_owned(),
            Self::Root => "单位根公钥无法使用，疑被改动".to_owned(),
            Self::Bundle(refused) => format!("签名校验不通过：{}", refused.zh()),
        }
    }
}

/// Why a step was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignStepError {
    /// There is no such revision in this agency.
    #[error("no such revision")]
    NoRevision,
    /// A newer revision was saved, or the content is not what the person saw.
    #[error("this is not what the person saw any more")]
    Stale,
    /// The case is not what it was when the draft was written.
    #[error(transparent)]
    MovedOn(#[from] MovedOn),
    /// The case takes no more steps.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The chain forbids it.
    #[error(transparent)]
    Chain(#[from] ChainRefusal),
    /// The draft is not fit to be signed.
    #[error("the draft has {} problems", .0.len())]
    Problems(Vec<String>),
    /// Something stored is not what was signed.
    #[error("the rows were altered")]
    Tampered {
        /// The case that says so.
        case: Box<CaseFile>,
        /// What shows it.
        tampering: Tampering,
    },
    /// The session has ended or is another person's.
    #[error("there is no such session of this person")]
    NoSession,
    /// The code is wrong or was used.
    #[error("the one-time code is wrong or was used; {left} more may be wrong before there is a wait")]
    WrongCode {
        /// How many more may be wrong.
        left: i32,
    },
    /// Too many codes of this session were wrong: none is looked at for so long.
    #[error("too many codes of this session were wrong; wait {0}")]
    CodesWait(Duration),
    /// The person's key or authenticator secret does not open.
    #[error("what is sealed for this person does not open")]
    Sealed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The statement cannot be written in canonical form.
    #[error("the statement cannot be written in canonical form")]
    Unwritable(#[from] Malformed),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoKey> for SignStepError {
    fn from(no_key: NoKey) -> Self {
        match no_key {
            NoKey::NoSession => Self::NoSession,
            NoKey::Sealed(sealed) => Self::Sealed(sealed),
            NoKey::Store(error) => Self::Store(error),
        }
    }
}

/// A step that may be signed: everything is locked and looked at.
pub struct Prepared {
    case: CaseFile,
    revision: Revision,
    content: Content,
    steps: Vec<Step>,
    policy: Signed,
    terms: Policy,
    next: RevisionState,
}

impl Desk {
    /// Signs one step.
    ///
    /// # Errors
    /// Whatever keeps the step from being signed; nothing is changed then, but for the count of wrong codes
    /// and for what a case says about altered rows.
    pub async fn sign_step(
        &self,
        officer: &Officer,
        command: &SignStep,
        presence: &Presence,
    ) -> Result<SignedRevision, SignStepError> {
        let signed = self.try_sign_step(officer, command, presence).await;
        if let Err(SignStepError::Tampered { case, tampering }) = &signed {
            self.say_tampered(officer, command, case, tampering).await?;
        }
        signed
    }

    async fn try_sign_step(
        &self,
        officer: &Officer,
        command: &SignStep,
        presence: &Presence,
    ) -> Result<SignedRevision, SignStepError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let prepared = prepare(&mut tx, officer, command, now).await?;
        trace_case(prepared.case.case);
        // A person thought in between, so it is another trace than the one that opened the case.
        if let Some(opening) = store::case::opening(&mut tx, prepared.case.case).await? {
            telemetry::link(&tracing::Span::current(), &opening);
        }
        let signatory = self.signatory(&mut tx, officer, &presence.session_secret, now).await?;
        if needs_code(command.purpose)
            && let Some(wrong) = self.code_refused(&mut tx, officer, presence, now).await?
        {
            tell_wrong_code(&mut tx, officer, wrong, now).await?;
            commit(tx).await?;
            return Err(SignStepError::WrongCode { left: (CODES_FREE + 1 - wrong).max(0) });
        }
        let signed = complete(&mut tx, prepared, &signatory, command, now).await?;
        runtime::crash_point!("approval.sign.before_commit");
        commit(tx).await?;
        self.waker.wake();
        runtime::crash_point!("approval.sign.after_commit");
        Ok(signed)
    }

    /// Uses up the step of a fresh code. Otherwise says how many codes of this session were wrong, counted under
    /// a lock, so that attempts side by side cannot outrun the count. What strangers try at the sign-in page
    /// changes nothing here.
    async fn code_refused(
        &self,
        tx: &mut PgConnection,
        officer: &Officer,
        presence: &Presence,
        now: OffsetDateTime,
    ) -> Result<Option<i32>, SignStepError> {
        let person = officer.person;
        let session = CarriedSecret::read(&presence.session_secret).ok_or(SignStepError::NoSession)?;
        let codes = Counter {
            key: self.pepper.attempt_key("code.session", &session.sha256()),
            agency: Some(officer.agency),
            person: Some(person),
        };
        let wrong = match attempt::count(tx, &codes, &CODES, now).await? {
            Counted::Attempt(wrong) => wrong,
            Counted::Wait(until) => return Err(SignStepError::CodesWait(until - now)),
        };
        let sealed = store::person::totp_secret_sealed(tx, person).await?.ok_or(SignStepError::NoSession)?;
        let secret = self
            .pepper
            .open_totp_secret(person, &sealed)
            .map_err(|error| SignStepError::Sealed(error.into()))?;
        let step = one_time_code::step_of(&secret, &presence.code, now)
            .map_err(|error| SignStepError::Sealed(error.into()))?;
        let using = CodeUse { attempt: None, now, same_since: now };
        if let Some(step) = step
            && store::person::use_step(tx, person, step, &using).await?
        {
            attempt::forget(tx, &codes).await?;
            return Ok(None);
        }
        Ok(Some(wrong))
    }

    /// Lets the case say that something stored is not what was signed.
    async fn say_tampered(
        &self,
        officer: &Officer,
        command: &SignStep,
        case: &CaseFile,
        tampering: &Tampering,
    ) -> Result<(), SignStepError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let mut case = store::case::lock(&mut tx, case.case).await?.ok_or(SignStepError::NoRevision)?;
        let state = case.state.apply(CaseCommand::NeedPerson)?;
        let note = format!("第{}稿不能签：{}。", command.revision, tampering.zh());
        store::case::move_to(&mut tx, &mut case, state, &note).await?;
        tell(&mut tx, officer, case.case, now, note).await?;
        let subject = format!(
            "clarification {} revision {} of {}",
            command.clarification,
            command.revision,
            named(&case)
        );
        let entry = deed(officer, now, "clarification.refused", subject);
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        commit(tx).await?;
        Ok(())
    }
}

/// Locks the case and the clarification, and decides whether this person may sign this step on exactly this
/// content.
pub async fn prepare(
    tx: &mut PgConnection,
    officer: &Officer,
    command: &SignStep,
    now: OffsetDateTime,
) -> Result<Prepared, SignStepError> {
    let case = store::clarification::case_of(tx, command.clarification).await?;
    let case = case.ok_or(SignStepError::NoRevision)?;
    let case = store::case::lock(tx, case).await?.ok_or(SignStepError::NoRevision)?;
    let clarification = store::clarification::lock(tx, command.clarification).await?;
    let clarification = clarification.ok_or(SignStepError::NoRevision)?;
    let revision = store::clarification::revision(tx, command.clarification, command.revision).await?;
    let revision = revision.ok_or(SignStepError::NoRevision)?;
    // Whether the case takes steps at all is asked before anything about the step.
    case.state.apply(CaseCommand::EnterReview)?;
    if clarification.latest_revision.cast_unsigned() != command.revision {
        return Err(SignStepError::Stale);
    }
    let steps: Vec<Step> = store::clarification::steps(tx, &[(command.clarification, command.revision)])
        .await?
        .into_iter()
        .map(|(_, _, step)| step)
        .collect();

    let policy = store::key::policy(tx, officer.agency).await?;
    let Some((policy, terms)) =
        policy.and_then(|policy| Policy::decode(&policy.document).ok().map(|terms| (policy, terms)))
    else {
        return Err(tampered(case, Tampering::Policy));
    };
    let taken: Vec<Taken> =
        steps.iter().map(|step| Taken { purpose: step.purpose, person: step.signer.person }).collect();
    let gates = GatesConfirmed(command.gates.len() == Gate::ALL.len());
    let drafter = revision.drafter.person;
    let next = chain::sign(&terms, revision.state, &taken, drafter, officer, command.purpose, gates)?;

    if revision.hashed_content().is_none() {
        return Err(tampered(case, Tampering::Content));
    }
    if !steps.iter().all(|step| step.agrees(&revision.content_hash)) {
        return Err(tampered(case, Tampering::Statement));
    }
    // Once it is signed as drafted, whose words it is stands in a signature.
    let signed_as_drafted = taken.iter().find(|step| step.purpose == Purpose::Drafted);
    if signed_as_drafted.is_some_and(|step| step.person != drafter) {
        return Err(tampered(case, Tampering::Drafter));
    }
    let Some(content) = revision.intact_content() else {
        return Err(tampered(case, Tampering::Draft));
    };
    if command.content_hash != revision.content_hash {
        return Err(SignStepError::Stale);
    }
    let matter = store::case::matter(tx, &case).await?;
    let corrections = store::correction::count_of(tx, case.case).await?;
    let present = Present { state: case.state, matter: &matter, corrections, now };
    if let Some(moved_on) = moved_on(&content, revision.corrections, &present) {
        return Err(moved_on.into());
    }
    if command.purpose == Purpose::Drafted {
        let problems = problems(&revision.draft);
        if !problems.is_empty() {
            return Err(SignStepError::Problems(problems));
        }
    }
    Ok(Prepared { case, revision, content, steps, policy, terms, next })
}

/// Signs the statement and keeps it; for the sign-off, verifies the bundle and sends the event.
pub async fn complete(
    tx: &mut PgConnection,
    prepared: Prepared,
    signatory: &Signatory,
    command: &SignStep,
    now: OffsetDateTime,
) -> Result<SignedRevision, SignStepError> {
    let Prepared { mut case, mut revision, content, mut steps, policy, terms, next } = prepared;
    let officer = &signatory.officer;
    let place = revision.place;
    // Replicas' clocks differ a little, and times along a chain do not run backwards.
    let signed_at_ms = steps.iter().filter_map(signed_at).fold(milliseconds(now), i64::max);
    let gates = match command.purpose {
        Purpose::Drafted => BTreeSet::new(),
        Purpose::FirstReviewed | Purpose::SecondReviewed | Purpose::Signed => command.gates.clone(),
    };
    let statement = Statement {
        version: Version::LATEST,
        purpose: command.purpose,
        agency: officer.agency,
        case: place.case,
        clarification: place.clarification,
        revision: place.revision,
        // What is signed is the hash of the very bytes that will be sent, computed here and now.
        content_hash: content_hash(&revision.content),
        person: officer.person,
        key: signatory.key,
        role: officer.role.as_str().to_owned(),
        policy_hash: policy_hash(&policy.document),
        signed_at_ms,
        expires_at_ms: signed_at_ms.saturating_add(terms.lifetime_ms()),
        gates: gates.clone(),
    };
    let statement = statement.encode()?;
    let step = Step {
        purpose: command.purpose,
        signer: Named {
            person: officer.person,
            display_name: officer.display_name.clone(),
            role: officer.role,
        },
        key: signatory.key,
        signature: signatory.signing_key.sign(&statement, Some(signatory.key)).bytes,
        statement,
        sign_time: now,
    };
    let gates: Vec<String> = gates.iter().map(|gate| gate.as_str().to_owned()).collect();
    store::clarification::insert_step(tx, place, &step, &gates).await?;
    steps.push(step);
    store::clarification::move_to(tx, &mut revision, next, "").await?;

    let moved = if command.purpose == Purpose::Signed {
        send(tx, &case, &revision, &steps, policy, now).await?;
        sign_off_command(tx, &case, &content).await?
    } else {
        CaseCommand::EnterReview
    };
    let state = case.state.apply(moved)?;
    store::case::move_to(tx, &mut case, state, "").await?;
    if command.purpose == Purpose::Signed {
        validity::follow(tx, &mut case).await?;
    }
    let what = format!("第{}稿{}。", place.revision, deed_zh(command.purpose));
    tell(tx, officer, case.case, now, what).await?;
    let subject = subject_of(place.clarification, place.revision) + &named(&case);
    audit::record(tx, officer.agency, &[deed(officer, now, action(command.purpose), subject)]).await?;
    Ok(SignedRevision { revision, steps, next_roles: Vec::new() })
}

/// Verifies the whole bundle as publish will, and queues the event.
async fn send(
    tx: &mut PgConnection,
    case: &CaseFile,
    revision: &Revision,
    steps: &[Step],
    policy: Signed,
    now: OffsetDateTime,
) -> Result<(), SignStepError> {
    let place = revision.place;
    let signers = steps.iter().map(|step| step.key);
    let enrolments = enrolments_behind(tx, place.agency, signers, &policy, milliseconds(now)).await?;
    let bundle = Bundle {
        content: revision.content.clone(),
        statements: steps.iter().map(events::signed_statement).collect(),
        enrolments,
        policy,
    };
    let root = store::agency::get(tx, place.agency)
        .await?
        .and_then(|agency| RootKey::from_bytes(&agency.root_public_key).ok())
        .ok_or_else(|| tampered(case.clone(), Tampering::Root))?;
    let expected =
        Expected { case: place.case, clarification: place.clarification, revision: place.revision };
    let trust = Trust { agency: place.agency, root, policy_version_min: POLICY_VERSION_MIN };
    verify(&bundle, &trust, &expected, now)
        .map_err(|refused| tampered(case.clone(), Tampering::Bundle(refused)))?;
    store::clarification::supersede_signed_before(tx, place.clarification, place.revision).await?;
    let event = events::clarification_signed(place, case.claim, bundle);
    outbox::enqueue(tx, place.agency, contracts::approval::v1::ClarificationSigned::SUBJECT, &event)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

/// What follows for the case from exactly what was signed.
async fn sign_off_command(
    tx: &mut PgConnection,
    case: &CaseFile,
    content: &Content,
) -> Result<CaseCommand, SignStepError> {
    let kind: Kind = content.kind.parse().map_err(|_| tampered(case.clone(), Tampering::Content))?;
    Ok(match kind {
        Kind::Holding => CaseCommand::SignOffHolding(store::finding::standing(tx, case.case).await?),
        Kind::Clarification | Kind::Response | Kind::Notice if !published_channels(content).is_empty() => {
            CaseCommand::SignOff
        }
        Kind::Clarification | Kind::Response | Kind::Notice | Kind::StandingReplies => {
            CaseCommand::SignOffAnswers
        }
    })
}

/// 复审 and 终审 are taken with the authenticator in hand: a stolen cookie alone takes neither.
const fn needs_code(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Drafted | Purpose::FirstReviewed => false,
        Purpose::SecondReviewed | Purpose::Signed => true,
    }
}

fn signed_at(step: &Step) -> Option<i64> {
    Statement::decode(&step.statement).ok().map(|statement| statement.signed_at_ms)
}

fn tampered(case: CaseFile, tampering: Tampering) -> SignStepError {
    SignStepError::Tampered { case: Box::new(case), tampering }
}

fn milliseconds(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

const fn deed_zh(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Drafted => "由拟稿人签名送审",
        Purpose::FirstReviewed => "初审通过",
        Purpose::SecondReviewed => "复审通过",
        Purpose::Signed => "终审签发",
    }
}

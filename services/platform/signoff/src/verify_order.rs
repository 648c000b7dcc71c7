//! Says whether an officer's order counts. Like `verify`, it trusts nothing but the root key and the instant that
//! its caller names. Who may order what does not depend on the policy: every officer stops, the leads let go on and
//! take back, and what was stopped altogether goes on by the signer's word alone.

use std::collections::{BTreeMap, BTreeSet};

use ids::{KeyId, PersonId};
use time::OffsetDateTime;

use crate::enrolment::Enrolment;
use crate::key::verifies;
use crate::malformed::Malformed;
use crate::order::{Command, Order, OrderScope, SignedOrder};
use crate::policy::{Policy, policy_hash};
use crate::refused::Refused;
use crate::verify::{SKEW_MAX_MS, Trust, is_outsider, read_enrolments, read_policy, same, unix_ms, valid_at};

/// Who is on duty and may stop things.
const OFFICERS: &[&str] = &["duty_officer", "checker", "drafter", "reviewer", "signer"];

/// Who may take back what was signed, and let go on what was stopped.
const LEADS: &[&str] = &["duty_officer", "signer"];

/// Who may let go on what was stopped altogether.
const SIGNER: &[&str] = &["signer"];

/// The roles that may give this order.
#[must_use]
pub const fn roles_for(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Halt(_) => OFFICERS,
        Command::Revoke { .. } => LEADS,
        Command::Lift { scope, .. } => match scope {
            OrderScope::Everything => SIGNER,
            OrderScope::Clarification(_) | OrderScope::Account(_) | OrderScope::AutomaticAnswers => LEADS,
        },
    }
}

/// An order that counts. Only `verify_order` makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedOrder {
    /// The order, decoded from the bytes that were signed.
    pub order: Order,
    /// The name of who gave it, as enrolled.
    pub display_name: String,
}

/// The rule that an order broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefused {
    /// There is none, although there should be.
    #[error("the order is not signed")]
    Absent,
    /// It cannot be read.
    #[error("the order cannot be read: {0}")]
    Unreadable(#[from] Malformed),
    /// It is another agency's.
    #[error("the order belongs to another agency")]
    Foreign,
    /// It says something else than what it came with.
    #[error("the order says something else than what it came with")]
    Other,
    /// The papers behind the key do not hold.
    #[error("the papers behind the key do not hold: {}", .0.en())]
    Papers(Refused),
    /// It does not carry exactly one signature, by the key that it names.
    #[error("the order must carry exactly one signature, by the key that it names")]
    SignatureCount,
    /// Its key is not enrolled.
    #[error("the key of the order is not enrolled")]
    NotEnrolled,
    /// Its signature is not over these bytes.
    #[error("the signature of the order is not over these bytes")]
    Unsigned,
    /// It names another person than its key's enrolment.
    #[error("the order names another person than the enrolment of its key")]
    NotOwner,
    /// Who gave it does not hold a role that may.
    #[error("the person who gave the order does not hold a role that may")]
    Role,
    /// An administrator or auditor gave it.
    #[error("an administrator or auditor gave the order")]
    Outsider,
    /// It was given under another policy.
    #[error("the order was given under another policy")]
    PolicyHash,
    /// Its time lies in the future.
    #[error("the order was given in the future")]
    FromFuture,
    /// It counts no more.
    #[error("the order has expired")]
    Expired,
    /// It claims to count longer than the policy allows.
    #[error("the order claims to count longer than the policy allows")]
    TooLong,
}

impl OrderRefused {
    /// Its machine name.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Absent => "ORDER_ABSENT",
            Self::Unreadable(_) => "ORDER_UNREADABLE",
            Self::Foreign => "ORDER_FOREIGN",
            Self::Other => "ORDER_OTHER",
            Self::Papers(refused) => refused.reason(),
            Self::SignatureCount => "ORDER_SIGNATURE_COUNT",
            Self::NotEnrolled => "ORDER_SIGNER_NOT_ENROLLED",
            Self::Unsigned => "ORDER_UNSIGNED",
            Self::NotOwner => "ORDER_SIGNER_NOT_OWNER",
            Self::Role => "ORDER_ROLE_NOT_ADMITTED",
            Self::Outsider => "ORDER_BY_OUTSIDER",
            Self::PolicyHash => "ORDER_POLICY_HASH",
            Self::FromFuture => "ORDER_FROM_FUTURE",
            Self::Expired => "ORDER_EXPIRED",
            Self::TooLong => "ORDER_TOO_LONG",
        }
    }

    /// Why, for an officer.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Absent => "没有签名".to_owned(),
            Self::Unreadable(_) => "指令无法读取，可能已被改动".to_owned(),
            Self::Foreign => "指令属于另一个单位".to_owned(),
            Self::Other => "签名的指令与收到的内容不一致".to_owned(),
            Self::Papers(refused) => refused.zh(),
            Self::SignatureCount => "指令须有且只有本人的一个签名".to_owned(),
            Self::NotEnrolled => "签名所用的密钥没有登记".to_owned(),
            Self::Unsigned => "签名无效，指令可能已被改动".to_owned(),
            Self::NotOwner => "下达指令的人不是密钥的主人".to_owned(),
            Self::Role => "下达指令的人没有所需的角色".to_owned(),
            Self::Outsider => "指令由管理员或审计员下达，这是不允许的".to_owned(),
            Self::PolicyHash => "指令所依据的不是这份审批规则".to_owned(),
            Self::FromFuture => "指令的时间在未来".to_owned(),
            Self::Expired => "指令已过有效期，需要重新下达".to_owned(),
            Self::TooLong => "指令的有效期长于审批规则所允许的时间".to_owned(),
        }
    }
}

/// Says whether `signed` counts, as of an instant.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_order(
    signed: &SignedOrder,
    trust: &Trust,
    as_of: OffsetDateTime,
) -> Result<VerifiedOrder, OrderRefused> {
    let as_of_ms = unix_ms(as_of);
    let order = Order::decode(&signed.order.document)?;
    if order.agency != trust.agency {
        return Err(OrderRefused::Foreign);
    }
    let enrolled = read_enrolments(&signed.enrolments, &trust.root, trust.agency, as_of_ms)
        .map_err(OrderRefused::Papers)?;
    let policy = read_policy(&signed.policy, &enrolled, trust).map_err(OrderRefused::Papers)?;
    if !same(&order.policy_hash, &policy_hash(&signed.policy.document)) {
        return Err(OrderRefused::PolicyHash);
    }
    let signer = signer_of(signed, &order, &enrolled)?;
    check_entitled(&order, signer, &enrolled)?;
    check_time(&order, signer, &policy, as_of_ms)?;
    Ok(VerifiedOrder { display_name: signer.display_name.clone(), order })
}

/// The same, for an order as it travels.
///
/// # Errors
/// As `verify_order`; also when there are no bytes at all.
pub fn verify_encoded_order(
    bytes: &[u8],
    trust: &Trust,
    as_of: OffsetDateTime,
) -> Result<VerifiedOrder, OrderRefused> {
    if bytes.is_empty() {
        return Err(OrderRefused::Absent);
    }
    verify_order(&SignedOrder::decode(bytes)?, trust, as_of)
}

fn signer_of<'a>(
    signed: &SignedOrder,
    order: &Order,
    enrolled: &'a BTreeMap<KeyId, Enrolment>,
) -> Result<&'a Enrolment, OrderRefused> {
    let [signature] = signed.order.signatures.as_slice() else {
        return Err(OrderRefused::SignatureCount);
    };
    if signature.key != Some(order.key) {
        return Err(OrderRefused::SignatureCount);
    }
    let signer = enrolled.get(&order.key).ok_or(OrderRefused::NotEnrolled)?;
    if !verifies(&signer.public_key, &signed.order.document, signature) {
        return Err(OrderRefused::Unsigned);
    }
    Ok(signer)
}

fn check_entitled(
    order: &Order,
    signer: &Enrolment,
    enrolled: &BTreeMap<KeyId, Enrolment>,
) -> Result<(), OrderRefused> {
    if order.person != signer.person {
        return Err(OrderRefused::NotOwner);
    }
    let outsiders: BTreeSet<PersonId> =
        enrolled.values().filter(|key| is_outsider(&key.role)).map(|key| key.person).collect();
    if outsiders.contains(&order.person) {
        return Err(OrderRefused::Outsider);
    }
    if order.role != signer.role || !roles_for(&order.command).contains(&order.role.as_str()) {
        return Err(OrderRefused::Role);
    }
    Ok(())
}

/// What stops stops for ever; a resumption that was kept back for long says nothing any more.
fn check_time(order: &Order, signer: &Enrolment, policy: &Policy, as_of_ms: i64) -> Result<(), OrderRefused> {
    if order.given_at_ms > as_of_ms.saturating_add(SKEW_MAX_MS) {
        return Err(OrderRefused::FromFuture);
    }
    if !valid_at(signer, order.given_at_ms) {
        return Err(OrderRefused::Papers(Refused::EnrolmentOutOfTime));
    }
    let Command::Lift { expires_at_ms, .. } = &order.command else { return Ok(()) };
    if *expires_at_ms <= as_of_ms {
        return Err(OrderRefused::Expired);
    }
    if *expires_at_ms > order.given_at_ms.saturating_add(policy.lifetime_ms()) {
        return Err(OrderRefused::TooLong);
    }
    Ok(())
}

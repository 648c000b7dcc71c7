//! Whose order counts: an officer's who may give it, and nobody else's, down to the last byte.

use ids::{AgencyId, ClarificationId, HaltId, KeyId, PersonId};
use serde_json::{Value, json};
use signoff::bundle::{Signature, Signed};
use signoff::enrolment::{ADMINISTRATOR, AUDITOR};
use signoff::key::{RootKey, SigningKey};
use signoff::malformed::Malformed;
use signoff::order::{Command, HALTS_MAX, Order, OrderScope, SignedOrder};
use signoff::policy::policy_hash;
use signoff::refused::Refused;
use signoff::verify::Trust;
use signoff::verify_order::{OrderRefused, VerifiedOrder, verify_encoded_order, verify_order};
use uuid::Uuid;

use crate::office::{HOUR_MS, Member, NOW_MS, Office, agency, enrolled_by_root, now, signed_by, trust};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.orders.json");

const ROLES: [&str; 5] = ["duty_officer", "checker", "drafter", "reviewer", "signer"];

fn member(role: &str) -> Member {
    let number = 10 + u8::try_from(ROLES.iter().position(|one| *one == role).unwrap_or(9)).unwrap();
    Member::new(number, &format!("演示·{role}"), role, &[])
}

fn clarification() -> OrderScope {
    OrderScope::Clarification(ClarificationId::from_uuid(Uuid::from_u128(0xD)))
}

fn halts() -> [HaltId; 2] {
    [0xF1, 0xF2].map(|number| HaltId::from_uuid(Uuid::from_u128(number)))
}

fn lift(scope: OrderScope) -> Command {
    Command::Lift { scope, halts: halts().into(), expires_at_ms: NOW_MS + HOUR_MS }
}

fn revoke() -> Command {
    Command::Revoke { clarification: ClarificationId::from_uuid(Uuid::from_u128(0xD)), revision: 2 }
}

fn order(by: &Member, command: Command) -> Order {
    Order {
        agency: agency(),
        id: Uuid::from_u128(0xF9),
        command,
        reason: "数字有误".to_owned(),
        person: by.enrolment.person,
        key: by.enrolment.key,
        role: by.enrolment.role.clone(),
        policy_hash: policy_hash(&Office::open().policy.encode().unwrap()),
        given_at_ms: NOW_MS - HOUR_MS,
    }
}

/// The order with the papers behind `by`'s key.
fn papers(by: &Member, order: Signed) -> SignedOrder {
    let office = Office::open();
    let bundle = office.bundle();
    let people = office.administrators.iter().chain([by]);
    SignedOrder {
        order,
        enrolments: people.map(|member| enrolled_by_root(&member.enrolment)).collect(),
        policy: bundle.policy,
    }
}

fn given(by: &Member, order: &Order) -> SignedOrder {
    papers(by, signed_by(by, order.encode().unwrap()))
}

fn by(role: &str, command: Command) -> SignedOrder {
    let member = member(role);
    given(&member, &order(&member, command))
}

fn judge(signed: &SignedOrder) -> Result<VerifiedOrder, OrderRefused> {
    verify_order(signed, &trust(), now())
}

#[test]
fn an_officers_order_counts_and_says_who_gave_it() {
    for command in [Command::Halt(OrderScope::Everything), lift(clarification()), revoke()] {
        let signed = by("signer", command.clone());
        let verified = judge(&signed).unwrap();
        assert_eq!((verified.order.command, verified.display_name.as_str()), (command, "演示·signer"));
        assert_eq!(verified.order.reason, "数字有误");
        let kept = SignedOrder::decode(&signed.encode().unwrap()).unwrap();
        assert_eq!(kept, signed);
        assert!(verify_encoded_order(&signed.encode().unwrap(), &trust(), now()).is_ok());
    }
}

#[test]
fn everyone_stops_the_leads_let_go_on_and_all_of_it_goes_on_by_the_signer_alone() {
    let narrow =
        [clarification(), OrderScope::Account("qinglan-wechat".into()), OrderScope::AutomaticAnswers];
    for role in ROLES {
        let lead = ["duty_officer", "signer"].contains(&role);
        let expected = |may: bool| if may { Ok(()) } else { Err(OrderRefused::Role) };
        let outcome = |command| judge(&by(role, command)).map(|_| ());
        for scope in narrow.iter().cloned().chain([OrderScope::Everything]) {
            assert_eq!(outcome(Command::Halt(scope)), Ok(()), "{role}");
        }
        for scope in narrow.clone() {
            assert_eq!(outcome(lift(scope.clone())), expected(lead), "{role} {scope:?}");
        }
        assert_eq!(outcome(lift(OrderScope::Everything)), expected(role == "signer"), "{role}");
        assert_eq!(outcome(revoke()), expected(lead), "{role}");
    }
}

#[test]
fn administrators_and_auditors_order_nothing_whatever_else_they_are() {
    for role in [ADMINISTRATOR, AUDITOR] {
        let signed = by(role, Command::Halt(OrderScope::Everything));
        assert_eq!(judge(&signed).unwrap_err(), OrderRefused::Outsider);
        let mut second = Member::new(30, "演示·第二把钥匙", role, &[]);
        let signer = member("signer");
        second.enrolment.person = signer.enrolment.person;
        let mut signed = by("signer", lift(clarification()));
        signed.enrolments.push(enrolled_by_root(&second.enrolment));
        assert_eq!(judge(&signed).unwrap_err(), OrderRefused::Outsider);
    }
}

#[test]
fn one_altered_byte_anywhere_never_counts() {
    for command in
        [Command::Halt(OrderScope::Account("qinglan-wechat".into())), lift(clarification()), revoke()]
    {
        let whole = by("signer", command).encode().unwrap();
        let plain = verify_encoded_order(&whole, &trust(), now()).unwrap();
        for index in 0..whole.len() {
            let mut altered = whole.clone();
            altered[index] ^= 1 << (index % 8);
            let judged = verify_encoded_order(&altered, &trust(), now());
            assert!(judged.is_err(), "byte {index} was altered and {:?} still counts", plain.order.command);
        }
        for length in 0..whole.len() {
            assert!(verify_encoded_order(&whole[..length], &trust(), now()).is_err());
        }
    }
}

#[test]
fn each_field_is_what_was_signed() {
    let signer = member("signer");
    let whole = order(&signer, lift(clarification()));
    let mut other_halts: Vec<HaltId> = halts().into();
    other_halts.push(HaltId::from_uuid(Uuid::from_u128(0xF3)));
    let expires_at_ms = NOW_MS + HOUR_MS;
    let with_halts =
        Command::Lift { scope: clarification(), halts: other_halts.into_iter().collect(), expires_at_ms };
    let altered: [Order; 9] = [
        Order { id: Uuid::from_u128(1), ..whole.clone() },
        Order { command: lift(OrderScope::Everything), ..whole.clone() },
        Order { command: with_halts, ..whole.clone() },
        Order { command: Command::Halt(clarification()), ..whole.clone() },
        Order { command: revoke(), ..whole.clone() },
        Order { reason: "没有".into(), ..whole.clone() },
        Order { person: PersonId::from_uuid(Uuid::from_u128(1)), ..whole.clone() },
        Order { role: "duty_officer".into(), ..whole.clone() },
        Order { given_at_ms: whole.given_at_ms + 1, ..whole.clone() },
    ];
    let signature = signed_by(&signer, whole.encode().unwrap()).signatures;
    for order in altered {
        let document = order.encode().unwrap();
        let forged = papers(&signer, Signed { document, signatures: signature.clone() });
        assert_eq!(judge(&forged).unwrap_err(), OrderRefused::Unsigned, "{order:?}");
    }
}

#[test]
fn a_foreign_agencys_order_another_key_and_another_root_count_for_nothing() {
    let signer = member("signer");
    let signed = by("signer", revoke());
    let other = AgencyId::from_uuid(Uuid::from_u128(99));
    let refused = verify_order(&signed, &Trust { agency: other, ..trust() }, now()).unwrap_err();
    assert_eq!(refused, OrderRefused::Foreign);

    let root_of_others = RootKey::from_bytes(&SigningKey::generate().public_key()).unwrap();
    let refused = verify_order(&signed, &Trust { root: root_of_others, ..trust() }, now()).unwrap_err();
    assert_eq!(refused, OrderRefused::Papers(Refused::EnrolmentUnsigned));

    let mut unknown = signed.clone();
    unknown.enrolments.pop();
    assert_eq!(judge(&unknown).unwrap_err(), OrderRefused::NotEnrolled);

    let mut two = signed.clone();
    two.order.signatures.push(two.order.signatures[0].clone());
    assert_eq!(judge(&two).unwrap_err(), OrderRefused::SignatureCount);
    let mut named = signed.clone();
    named.order.signatures[0].key = Some(KeyId::from_uuid(Uuid::from_u128(9)));
    assert_eq!(judge(&named).unwrap_err(), OrderRefused::SignatureCount);

    let borrowed = Order { person: member("duty_officer").enrolment.person, ..order(&signer, revoke()) };
    assert_eq!(judge(&given(&signer, &borrowed)).unwrap_err(), OrderRefused::NotOwner);
    let promoted = Order { role: "signer".into(), ..order(&member("drafter"), revoke()) };
    assert_eq!(judge(&given(&member("drafter"), &promoted)).unwrap_err(), OrderRefused::Role);
    let under_another = Order { policy_hash: [7; 32], ..order(&signer, revoke()) };
    assert_eq!(judge(&given(&signer, &under_another)).unwrap_err(), OrderRefused::PolicyHash);
    let old = verify_order(&signed, &Trust { policy_version_min: 2, ..trust() }, now()).unwrap_err();
    assert!(matches!(old, OrderRefused::Papers(Refused::PolicyTooOld { .. })));
    assert_eq!(verify_encoded_order(&[], &trust(), now()).unwrap_err(), OrderRefused::Absent);
}

#[test]
fn a_resumption_ends_and_what_stops_does_not() {
    let signer = member("signer");
    let at = |command, given_at_ms| {
        judge(&given(&signer, &Order { given_at_ms, ..order(&signer, command) })).map(|_| ())
    };
    let until =
        |expires_at_ms| Command::Lift { scope: clarification(), halts: halts().into(), expires_at_ms };
    let lifetime_ms = Office::open().policy.lifetime_ms();
    let enrolled_ms = signer.enrolment.not_before_ms;

    assert_eq!(at(until(NOW_MS), NOW_MS - HOUR_MS), Err(OrderRefused::Expired));
    assert_eq!(at(until(NOW_MS + 1), NOW_MS - HOUR_MS), Ok(()));
    assert_eq!(at(until(NOW_MS + lifetime_ms), NOW_MS), Ok(()));
    assert_eq!(at(until(NOW_MS + lifetime_ms + 1), NOW_MS), Err(OrderRefused::TooLong));
    for command in [revoke(), Command::Halt(OrderScope::Everything), until(NOW_MS + HOUR_MS)] {
        assert_eq!(at(command.clone(), NOW_MS + 120_000), Ok(()));
        assert_eq!(at(command.clone(), NOW_MS + 120_001), Err(OrderRefused::FromFuture));
        let before = at(command, enrolled_ms - 1);
        assert!(before.is_err(), "it was given before the key was enrolled");
    }
    assert_eq!(at(revoke(), enrolled_ms), Ok(()), "it does not grow old");
}

#[test]
fn an_order_has_one_encoding_and_bounds() {
    let signer = member("signer");
    for command in [
        Command::Halt(OrderScope::Everything),
        Command::Halt(OrderScope::AutomaticAnswers),
        Command::Halt(OrderScope::Account("qinglan-weibo".into())),
        lift(clarification()),
        revoke(),
    ] {
        let order = order(&signer, command);
        let bytes = order.encode().unwrap();
        assert_eq!(Order::decode(&bytes).unwrap(), order);
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Order::decode(&longer), Err(Malformed::Trailing));
    }
    let many = (0..=HALTS_MAX as u128).map(|number| HaltId::from_uuid(Uuid::from_u128(number))).collect();
    let too_many = Command::Lift { scope: clarification(), halts: many, expires_at_ms: 1 };
    assert!(matches!(order(&signer, too_many).encode(), Err(Malformed::TooMany { .. })));
    let long = Order { reason: "停".repeat(2_000), ..order(&signer, revoke()) };
    assert!(matches!(long.encode(), Err(Malformed::TooLong { .. })));

    let mut reversed = order(&signer, lift(clarification())).encode().unwrap();
    let [first, second] = halts().map(|halt| *halt.as_uuid().as_bytes());
    let place = reversed.windows(32).position(|bytes| bytes == [first, second].concat()).unwrap();
    reversed[place..place + 32].copy_from_slice(&[second, first].concat());
    assert_eq!(Order::decode(&reversed), Err(Malformed::Unordered { field: "halts" }));
}

#[test]
fn a_statement_of_the_chain_is_no_order_nor_the_other_way_round() {
    let office = Office::open();
    let signer = &office.chain[3].1;
    let statement = office.statement(office.chain[3].0, signer).encode().unwrap();
    let forged = papers(signer, signed_by(signer, statement));
    assert!(matches!(judge(&forged), Err(OrderRefused::Unreadable(Malformed::WrongTag { .. }))));
    let order = order(signer, revoke()).encode().unwrap();
    assert!(signoff::statement::Statement::decode(&order).is_err());
}

#[test]
fn the_published_orders_are_what_this_crate_writes_and_are_judged_as_published() {
    let published: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    assert_eq!(published, vectors());
    for judged in published["judged"].as_array().unwrap() {
        let bytes = hex::decode(judged["signed_order"].as_str().unwrap()).unwrap();
        let outcome = match verify_encoded_order(&bytes, &trust(), now()) {
            Ok(_) => "verified",
            Err(refused) => refused.reason(),
        };
        assert_eq!(outcome, judged["outcome"], "{}", judged["what"]);
    }
}

#[test]
#[ignore = "writes tests/vectors.orders.json; only for a new version of the encoding"]
fn the_orders_are_written_anew() {
    std::fs::write(PATH, serde_json::to_string_pretty(&vectors()).unwrap() + "\n").unwrap();
}

fn vectors() -> Value {
    let signer = member("signer");
    let everything = || OrderScope::Everything;
    let mut altered = by("signer", lift(clarification()));
    let last = altered.order.document.len() - 1;
    altered.order.document[last] ^= 1;
    let expired = Command::Lift { scope: clarification(), halts: halts().into(), expires_at_ms: NOW_MS };
    let foreign =
        Order { agency: AgencyId::from_uuid(Uuid::from_u128(0xB)), ..order(&signer, lift(clarification())) };
    let mut unsigned = by("signer", revoke());
    unsigned.order.signatures[0] = Signature { bytes: [0; 64], ..unsigned.order.signatures[0].clone() };
    let entry = |what: &str, signed: &SignedOrder, outcome: &str| json!({ "what": what, "signed_order": hex::encode(signed.encode().unwrap()), "outcome": outcome });
    json!({
        "root_public_key": hex::encode(crate::office::root_signing_key().public_key()),
        "agency": agency().to_string(),
        "as_of_ms": NOW_MS,
        "judged": [
            entry("a checker stops everything", &by("checker", Command::Halt(everything())), "verified"),
            entry("a drafter stops automatic answers",
                &by("drafter", Command::Halt(OrderScope::AutomaticAnswers)), "verified"),
            entry("a duty officer lets a clarification go on", &by("duty_officer", lift(clarification())), "verified"),
            entry("a duty officer lets an account go on",
                &by("duty_officer", lift(OrderScope::Account("qinglan-wechat".into()))), "verified"),
            entry("a signer lets everything go on", &by("signer", lift(everything())), "verified"),
            entry("a signer takes back a revision", &by("signer", revoke()), "verified"),
            entry("a duty officer lets everything go on",
                &by("duty_officer", lift(everything())), "ORDER_ROLE_NOT_ADMITTED"),
            entry("a checker lets a clarification go on",
                &by("checker", lift(clarification())), "ORDER_ROLE_NOT_ADMITTED"),
            entry("a drafter takes back a revision", &by("drafter", revoke()), "ORDER_ROLE_NOT_ADMITTED"),
            entry("an administrator stops everything",
                &by(ADMINISTRATOR, Command::Halt(everything())), "ORDER_BY_OUTSIDER"),
            entry("one bit of the order altered", &altered, "ORDER_UNSIGNED"),
            entry("a signature of zeros", &unsigned, "ORDER_UNSIGNED"),
            entry("an expired resumption", &by("signer", expired), "ORDER_EXPIRED"),
            entry("another agency's resumption", &given(&signer, &foreign), "ORDER_FOREIGN"),
        ],
    })
}

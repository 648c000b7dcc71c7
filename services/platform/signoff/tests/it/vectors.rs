//! The published test vectors: fixed keys and ids must yield exactly these bytes, today and in any language.

use serde_json::{Value, json};
use signoff::bundle::{Bundle, Signed};
use signoff::enrolment::ADMINISTRATOR;
use signoff::statement::{Gate, Statement};
use signoff::version::Version;

use crate::office::{
    Member, NOW_MS, Office, agency, enrolled_by_root, expected, judge, root_signing_key, signed_by,
};

/// What is written today.
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json");

/// What was written before there was a version 2. It never changes.
const PATH_V1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.v1.json");

fn published(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_published_vectors_are_what_this_crate_writes() {
    assert_eq!(published(PATH), vectors(&Office::open(), judged(&Office::open())));
}

#[test]
fn version_1_is_still_what_it_was() {
    assert_eq!(published(PATH_V1), vectors(&Office::open_v1(), judged_in_every_version(&Office::open_v1())));
}

#[test]
fn the_published_bundles_are_judged_as_published() {
    for path in [PATH, PATH_V1] {
        for judged in published(path)["judged"].as_array().unwrap() {
            let bundle = hex::decode(judged["bundle"].as_str().unwrap()).unwrap();
            let outcome = match judge(&Bundle::decode(&bundle).unwrap()) {
                Ok(_) => "verified",
                Err(refused) => refused.reason(),
            };
            assert_eq!(outcome, judged["outcome"], "{}", judged["what"]);
        }
    }
}

#[test]
#[ignore = "writes tests/vectors.json; only for a new version of the encoding"]
fn the_vectors_are_written_anew() {
    let vectors = vectors(&Office::open(), judged(&Office::open()));
    std::fs::write(PATH, serde_json::to_string_pretty(&vectors).unwrap() + "\n").unwrap();
}

fn vectors(office: &Office, judged: Value) -> Value {
    let bundle = office.bundle();
    let verified = judge(&bundle).unwrap();
    let seeds: Vec<Value> = office
        .administrators
        .iter()
        .chain(office.chain.iter().map(|(_, member)| member))
        .map(|member| {
            json!({
                "key": member.enrolment.key.to_string(),
                "person": member.enrolment.person.to_string(),
                "seed": hex::encode(member.seed),
                "public_key": hex::encode(member.enrolment.public_key),
            })
        })
        .collect();
    json!({
        "root_seed": hex::encode(*root_signing_key().seed()),
        "root_public_key": hex::encode(root_signing_key().public_key()),
        "agency": agency().to_string(),
        "case": expected().case.to_string(),
        "clarification": expected().clarification.to_string(),
        "revision": expected().revision,
        "as_of_ms": NOW_MS,
        "keys": seeds,
        "content": hex::encode(&bundle.content),
        "content_hash": hex::encode(verified.content_hash),
        "statements": bundle.statements.iter().map(signed).collect::<Vec<_>>(),
        "enrolments": bundle.enrolments.iter().map(signed).collect::<Vec<_>>(),
        "policy": signed(&bundle.policy),
        "policy_hash": hex::encode(verified.policy_hash),
        "judged": judged,
    })
}

fn signed(signed: &Signed) -> Value {
    json!({
        "document": hex::encode(&signed.document),
        "signatures": signed.signatures.iter().map(|signature| json!({
            "key": signature.key.map(|key| key.to_string()),
            "bytes": hex::encode(signature.bytes),
        })).collect::<Vec<_>>(),
    })
}

fn entry(what: &str, bundle: &Bundle, outcome: &str) -> Value {
    json!({ "what": what, "bundle": hex::encode(bundle.encode().unwrap()), "outcome": outcome })
}

/// What version 2 adds.
fn judged(office: &Office) -> Value {
    let mut judged = judged_in_every_version(office);
    let whole = office.bundle();
    let with = |step: usize, change: &dyn Fn(&mut Statement)| {
        let (purpose, member) = &office.chain[step];
        let mut statement = office.statement(*purpose, member);
        change(&mut statement);
        let mut bundle = whole.clone();
        bundle.statements[step] = signed_by(member, statement.encode().unwrap());
        bundle
    };
    let three_gates = with(2, &|statement| statement.gates = Gate::ALL.into_iter().skip(1).collect());
    let backwards = with(2, &|statement| statement.signed_at_ms -= 1);
    let mixed = with(3, &|statement| {
        statement.version = Version::One;
        statement.gates.clear();
    });

    let mut third = Member::new(7, "演示·第三管理员", ADMINISTRATOR, &[]);
    third.enrolment.person = office.chain[2].1.enrolment.person;
    let mut third_administrator = whole.clone();
    third_administrator.enrolments.push(enrolled_by_root(&third.enrolment));

    let more = [
        entry("the bundle of version 1", &Office::open_v1().bundle(), "verified"),
        entry("a review that confirms three gates", &three_gates, "GATES_OPEN"),
        entry("a review made before the one that it builds on", &backwards, "TIMES_BACKWARDS"),
        entry("a statement of version 1 over a content of version 2", &mixed, "VERSION_MIXED"),
        entry("a reviewer who is a third administrator too", &third_administrator, "OUTSIDER_IN_CHAIN"),
    ];
    judged.as_array_mut().unwrap().extend(more);
    judged
}

fn judged_in_every_version(office: &Office) -> Value {
    let whole = office.bundle();

    let mut edited = office.clone();
    edited.content.renditions[0].body.push('！');
    let mut reworded = whole.clone();
    reworded.content = edited.bundle().content;

    let mut unsigned = whole.clone();
    unsigned.statements[3].signatures[0].bytes[0] ^= 1;

    let mut two_people = office.clone();
    two_people.policy.steps.retain(|step| step.purpose.as_str() != "second_reviewed");
    two_people.chain.retain(|(purpose, _)| purpose.as_str() != "second_reviewed");

    let mut expired = office.clone();
    expired.expires_at_ms = NOW_MS;

    let mut one_administrator = whole.clone();
    one_administrator.policy.signatures[1] = one_administrator.policy.signatures[0].clone();

    json!([
        entry("an untouched chain", &whole, "verified"),
        entry("one character added after sign-off", &reworded, "CONTENT_HASH"),
        entry("one bit of the signer's signature altered", &unsigned, "STATEMENT_UNSIGNED"),
        entry("a policy for two people", &two_people.bundle(), "TOO_FEW_PEOPLE"),
        entry("expired statements", &expired.bundle(), "STATEMENT_EXPIRED"),
        entry("a policy signed twice by one administrator", &one_administrator, "POLICY_SIGNERS_SAME"),
    ])
}

//! The published test vectors: fixed keys and ids must yield exactly these bytes, today and in any language.

use serde_json::{Value, json};
use signoff::bundle::{Bundle, Signed};

use crate::office::{NOW_MS, Office, agency, expected, judge, root_signing_key};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json");

#[test]
fn the_published_vectors_are_what_this_crate_writes() {
    let published: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    assert_eq!(published, vectors());
}

#[test]
fn the_published_bundles_are_judged_as_published() {
    let published: Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    for judged in published["judged"].as_array().unwrap() {
        let bundle = hex::decode(judged["bundle"].as_str().unwrap()).unwrap();
        let outcome = match judge(&Bundle::decode(&bundle).unwrap()) {
            Ok(_) => "verified",
            Err(refused) => refused.reason(),
        };
        assert_eq!(outcome, judged["outcome"], "{}", judged["what"]);
    }
}

#[test]
#[ignore = "writes tests/vectors.json; only for a new version of the encoding"]
fn the_vectors_are_written_anew() {
    let text = serde_json::to_string_pretty(&vectors()).unwrap();
    std::fs::write(PATH, text + "\n").unwrap();
}

fn vectors() -> Value {
    let office = Office::open();
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
        "judged": judged(&office),
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

fn judged(office: &Office) -> Value {
    let entry = |what: &str, bundle: &Bundle, outcome: &str| json!({ "what": what, "bundle": hex::encode(bundle.encode().unwrap()), "outcome": outcome });
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

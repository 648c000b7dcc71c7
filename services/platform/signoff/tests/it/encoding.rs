//! Whatever can be written is read back the same; whatever else is put before the reader is refused, quietly.

use std::collections::BTreeSet;

use ids::{AgencyId, CaseId, ClaimId, ClarificationId, KeyId, PersonId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use signoff::bundle::{Bundle, Signature, Signed};
use signoff::content::{Content, Rendition};
use signoff::enrolment::{Enrolment, KeyKind};
use signoff::evidence::Evidence;
use signoff::malformed::Malformed;
use signoff::policy::{Policy, PolicyStep};
use signoff::statement::{Gate, Purpose, Statement};
use signoff::trail::TrailEntry;
use signoff::version::Version;
use uuid::Uuid;

use crate::office::Office;

fn id<T: From<Uuid> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|bits| T::from(Uuid::from_u128(bits)))
}

fn purposes() -> impl Strategy<Value = Vec<Purpose>> {
    subsequence(Purpose::ALL.to_vec(), 0..=4).prop_shuffle()
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::One), Just(Version::Two)]
}

prop_compose! {
    fn rendition()(channel in "[a-z.]{0,20}", title in ".{0,40}", summary in ".{0,80}", body in ".{0,200}",
                   pictures in vec(any::<[u8; 32]>(), 0..4)) -> Rendition {
        Rendition { channel, title, summary, body, pictures }
    }
}

prop_compose! {
    fn content()(agency in id::<AgencyId>(), case in id::<CaseId>(), clarification in id::<ClarificationId>(),
                 revision in any::<u64>(), words in vec(".{0,12}", 3), automatic_answer in any::<bool>(),
                 claim_sentence in ".{0,60}", window in any::<(i64, i64)>(), version in version(),
                 claims in vec(id::<ClaimId>(), 0..5), valid_until in any::<i64>(),
                 renditions in vec(rendition(), 0..5)) -> Content {
        let newest = version == Version::Two;
        let mut content = Content {
            version, agency, case, clarification, revision, kind: words[0].clone(), verdict: words[1].clone(),
            response_level: words[2].clone(), automatic_answer, claim_sentence,
            claims: if newest { claims.into_iter().collect() } else { BTreeSet::new() },
            not_before: window.0, not_after: window.1, valid_until: if newest { valid_until } else { 0 },
            renditions,
        };
        for (number, rendition) in content.renditions.iter_mut().enumerate() {
            rendition.channel.push_str(&number.to_string());
        }
        content
    }
}

prop_compose! {
    fn statement()(purpose in subsequence(Purpose::ALL.to_vec(), 1), agency in id::<AgencyId>(),
                   case in id::<CaseId>(), clarification in id::<ClarificationId>(), revision in any::<u64>(),
                   hashes in any::<([u8; 32], [u8; 32])>(), person in id::<PersonId>(), key in id::<KeyId>(),
                   role in "[a-z_]{0,20}", times in any::<(i64, i64)>(), version in version(),
                   gates in subsequence(Gate::ALL.to_vec(), 0..=4)) -> Statement {
        Statement {
            version, gates: if version == Version::Two { gates.into_iter().collect() } else { BTreeSet::new() },
            purpose: purpose[0], agency, case, clarification, revision, content_hash: hashes.0, person, key, role,
            policy_hash: hashes.1, signed_at_ms: times.0, expires_at_ms: times.1,
        }
    }
}

prop_compose! {
    fn enrolment()(agency in id::<AgencyId>(), person in id::<PersonId>(), display_name in ".{0,30}",
                   key in id::<KeyId>(), public_key in any::<[u8; 32]>(), role in "[a-z_]{0,20}",
                   purposes in purposes(), times in any::<(i64, i64)>()) -> Enrolment {
        Enrolment {
            agency, person, display_name, key, public_key, key_kind: KeyKind::Totp, role, purposes,
            not_before_ms: times.0, not_after_ms: times.1,
        }
    }
}

prop_compose! {
    fn policy()(agency in id::<AgencyId>(), version in any::<u64>(), purposes in purposes(),
                roles in vec(vec("[a-z_]{0,20}", 0..4), 4), people_min in any::<u32>(),
                statement_lifetime_seconds in any::<u64>()) -> Policy {
        let steps = purposes.into_iter().zip(roles).map(|(purpose, roles)| PolicyStep { purpose, roles });
        Policy { agency, version, steps: steps.collect(), people_min, statement_lifetime_seconds }
    }
}

prop_compose! {
    fn signed()(document in vec(any::<u8>(), 0..60),
                signatures in vec((proptest::option::of(id::<KeyId>()), any::<[u8; 32]>()), 0..3)) -> Signed {
        let signatures = signatures.into_iter().map(|(key, half)| {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(&half);
            Signature { key, bytes }
        });
        Signed { document, signatures: signatures.collect() }
    }
}

prop_compose! {
    fn bundle()(content in vec(any::<u8>(), 0..60), statements in vec(signed(), 0..5),
                enrolments in vec(signed(), 0..5), policy in signed()) -> Bundle {
        Bundle { content, statements, enrolments, policy }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        content in content(), statement in statement(), enrolment in enrolment(), policy in policy(), bundle in bundle(),
    ) {
        prop_assert_eq!(&Content::decode(&content.encode().unwrap()).unwrap(), &content);
        prop_assert_eq!(&Statement::decode(&statement.encode().unwrap()).unwrap(), &statement);
        prop_assert_eq!(&Enrolment::decode(&enrolment.encode().unwrap()).unwrap(), &enrolment);
        prop_assert_eq!(&Policy::decode(&policy.encode().unwrap()).unwrap(), &policy);
        prop_assert_eq!(&Bundle::decode(&bundle.encode().unwrap()).unwrap(), &bundle);
    }

    /// One value has one encoding: bytes that decode are the bytes that the value encodes to.
    #[test]
    fn altered_bytes_are_refused_or_mean_something_else(
        content in content(), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut bytes = content.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = Content::decode(&bytes) {
            prop_assert_ne!(&other, &content);
            prop_assert_eq!(other.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(tail in vec(any::<u8>(), 0..400)) {
        for tag in [
            signoff::content::TAG, signoff::statement::TAG, signoff::enrolment::TAG, signoff::policy::TAG,
            signoff::bundle::TAG, signoff::content::TAG_V1, signoff::statement::TAG_V1, signoff::evidence::TAG,
        ] {
            let mut bytes = u32::try_from(tag.len()).unwrap().to_be_bytes().to_vec();
            bytes.extend_from_slice(tag.as_bytes());
            bytes.extend_from_slice(&tail);
            let _ = Content::decode(&bytes);
            let _ = Statement::decode(&bytes);
            let _ = Enrolment::decode(&bytes);
            let _ = Policy::decode(&bytes);
            let _ = Bundle::decode(&bytes);
            let _ = Evidence::decode(&bytes);
        }
        let _ = TrailEntry::decode(&[signoff::trail::TAG.as_bytes(), &tail].concat());
        let _ = Content::decode(&tail);
    }
}

#[test]
fn a_document_that_goes_on_or_stops_early_is_refused() {
    let bytes = Office::open().content.encode().unwrap();

    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Content::decode(&longer), Err(Malformed::Trailing));
    for length in 0..bytes.len() {
        assert!(Content::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn one_kind_of_document_is_never_read_as_another() {
    let office = Office::open();
    let policy = office.policy.encode().unwrap();

    assert!(matches!(Content::decode(&policy), Err(Malformed::WrongTag { .. })));
    assert!(matches!(Statement::decode(&policy), Err(Malformed::WrongTag { .. })));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let office = Office::open();
    let mut bytes = office.content.encode().unwrap();
    let at = bytes.windows(5).position(|window| window == b"false").unwrap();
    bytes[at] = 0xFF;

    assert_eq!(Content::decode(&bytes), Err(Malformed::NotUtf8 { field: "verdict" }));
}

#[test]
fn bounds_hold_in_both_directions() {
    let mut content = Office::open().content;
    content.verdict = "x".repeat(65);
    assert_eq!(content.encode(), Err(Malformed::TooLong { field: "verdict", bytes_max: 64 }));

    let mut content = Office::open().content;
    content.renditions = vec![content.renditions[0].clone(), content.renditions[0].clone()];
    assert_eq!(content.encode(), Err(Malformed::Repeated { field: "channel" }));

    let mut content = Office::open().content;
    let long = Rendition { body: "x".repeat(200 * 1024), ..content.renditions[0].clone() };
    content.renditions =
        (0..3).map(|number| Rendition { channel: number.to_string(), ..long.clone() }).collect();
    assert!(matches!(content.encode(), Err(Malformed::TooLong { field: "document", .. })));

    let mut content = Office::open().content;
    content.claims = (0..=1024).map(|number| ClaimId::from_uuid(Uuid::from_u128(number))).collect();
    assert_eq!(content.encode(), Err(Malformed::TooMany { field: "claims", count_max: 1024 }));

    let huge = vec![0; signoff::content::BYTES_MAX + 1];
    assert!(matches!(Content::decode(&huge), Err(Malformed::TooLong { field: "document", .. })));
}

#[test]
fn claims_in_another_order_are_another_encoding_and_refused() {
    let mut bytes = Office::open().content.encode().unwrap();
    let first = Uuid::from_u128(0xE1);
    let at = bytes.windows(16).position(|window| window == first.as_bytes()).unwrap();
    let (one, other) = bytes[at..at + 32].split_at_mut(16);
    one.swap_with_slice(other);
    assert_eq!(Content::decode(&bytes), Err(Malformed::Unordered { field: "claims" }));
    // The same claim twice is no set either.
    bytes.copy_within(at..at + 16, at + 16);
    assert_eq!(Content::decode(&bytes), Err(Malformed::Unordered { field: "claims" }));
}

#[test]
fn version_1_never_drops_what_it_has_no_place_for() {
    let office = Office::open();
    for content in [
        Content { version: Version::One, valid_until: 0, ..office.content.clone() },
        Content { version: Version::One, claims: BTreeSet::new(), ..office.content.clone() },
    ] {
        assert!(matches!(content.encode(), Err(Malformed::NotInVersion { .. })));
    }
    let (purpose, member) = &office.chain[3];
    let statement = Statement { version: Version::One, ..office.statement(*purpose, member) };
    assert_eq!(statement.encode(), Err(Malformed::NotInVersion { field: "gates" }));
}

#[test]
fn a_length_that_promises_more_than_there_is_allocates_nothing() {
    let bytes = Office::open().policy.encode().unwrap();
    let at = 4 + signoff::policy::TAG.len() + 16 + 8;
    let mut promising = bytes;
    promising[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());

    assert_eq!(Policy::decode(&promising), Err(Malformed::TooMany { field: "steps", count_max: 4 }));
}

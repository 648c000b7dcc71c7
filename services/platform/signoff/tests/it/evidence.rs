//! When something was signed is the audit trail's word: evidence whose statements say otherwise proves nothing.

use signoff::bundle::Bundle;
use signoff::evidence::{Evidence, Unproven, action, subject_of};
use signoff::malformed::Malformed;
use signoff::refused::Refused;
use signoff::statement::Purpose;
use signoff::trail::{self, TrailEntry};

use crate::office::{HOUR_MS, NOW_MS, Office, agency, expected, signed_by, trust};

/// The trail's canonical bytes of one step.
fn entry(sequence: u64, time_ms: i64, action: &str, subject: &str) -> Vec<u8> {
    let mut document = trail::TAG.as_bytes().to_vec();
    let fields = [
        agency().as_uuid().as_bytes().to_vec(),
        sequence.to_be_bytes().to_vec(),
        time_ms.to_be_bytes().to_vec(),
        "演示".as_bytes().to_vec(),
        action.as_bytes().to_vec(),
        subject.as_bytes().to_vec(),
        vec![7; 32],
    ];
    for field in fields {
        document.extend_from_slice(&u32::try_from(field.len()).unwrap().to_be_bytes());
        document.extend_from_slice(&field);
    }
    document
}

fn subject() -> String {
    format!("{}case QL-0001 {}", subject_of(expected().clarification, expected().revision), expected().case)
}

/// What the trail says of an office that signed at `time_ms`.
fn entries(time_ms: i64) -> Vec<Vec<u8>> {
    Purpose::ALL
        .into_iter()
        .zip(10..)
        .map(|(purpose, sequence)| entry(sequence, time_ms, action(purpose), &subject()))
        .collect()
}

fn evidence(bundle: Bundle, entries: Vec<Vec<u8>>) -> Evidence {
    Evidence { bundle, entries }
}

#[test]
fn evidence_is_judged_as_of_the_trails_time_and_survives_being_kept() {
    let office = Office::open();
    let kept = evidence(office.bundle(), entries(office.signed_at_ms + 5));
    let proven = Evidence::decode(&kept.encode().unwrap()).unwrap().judge(&trust()).unwrap();
    assert_eq!(proven.verified.content, office.content);
    let sequences: Vec<u64> = proven.trail.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, [10, 11, 12, 13]);
    assert_eq!(proven.trail[3].time_ms, office.signed_at_ms + 5);
}

#[test]
fn a_stolen_key_does_not_backdate() {
    // The key's enrolment ended; whoever has the key says that it was used while it still counted.
    let mut office = Office::open();
    for (_, member) in &mut office.chain {
        member.enrolment.not_after_ms = NOW_MS - 2 * HOUR_MS;
    }
    office.signed_at_ms = NOW_MS - 3 * HOUR_MS;
    office.expires_at_ms = office.signed_at_ms + 24 * HOUR_MS;
    let told = evidence(office.bundle(), entries(NOW_MS)).judge(&trust()).unwrap_err();
    assert_eq!(told, Unproven::OtherTime(Purpose::Drafted));
    // And if it says the truth, the enrolment is over.
    office.signed_at_ms = NOW_MS;
    let told = evidence(office.bundle(), entries(NOW_MS)).judge(&trust()).unwrap_err();
    assert_eq!(told, Unproven::Refused(Refused::EnrolmentOutOfTime));
    // What was really signed then, still proves it.
    office.signed_at_ms = NOW_MS - 3 * HOUR_MS;
    assert!(evidence(office.bundle(), entries(NOW_MS - 3 * HOUR_MS)).judge(&trust()).is_ok());
}

#[test]
fn one_step_that_names_another_time_is_enough() {
    let office = Office::open();
    let mut bundle = office.bundle();
    let (purpose, member) = &office.chain[3];
    let mut statement = office.statement(*purpose, member);
    statement.signed_at_ms += 121_000;
    bundle.statements[3] = signed_by(member, statement.encode().unwrap());
    let told = evidence(bundle, entries(office.signed_at_ms)).judge(&trust()).unwrap_err();
    assert_eq!(told, Unproven::OtherTime(Purpose::Signed));
}

#[test]
fn a_step_that_the_trail_does_not_know_or_knows_twice_proves_nothing() {
    let office = Office::open();
    let whole = entries(office.signed_at_ms);
    for step in 0..4 {
        let purpose = Purpose::ALL[step];
        let mut without = whole.clone();
        without.remove(step);
        let told = evidence(office.bundle(), without).judge(&trust()).unwrap_err();
        assert_eq!(told, Unproven::NotInTrail(purpose));

        let twice = [whole.clone(), vec![whole[step].clone()]].concat();
        let told = evidence(office.bundle(), twice).judge(&trust()).unwrap_err();
        assert_eq!(told, Unproven::NotInTrail(purpose));

        let mut of_another = whole.clone();
        let other = subject().replacen("revision 2", "revision 21", 1);
        of_another[step] = entry(10 + step as u64, office.signed_at_ms, action(purpose), &other);
        let told = evidence(office.bundle(), of_another).judge(&trust()).unwrap_err();
        assert_eq!(told, Unproven::NotInTrail(purpose));
    }
    let mut swapped = whole;
    swapped[1] = entry(99, office.signed_at_ms, action(Purpose::FirstReviewed), &subject());
    let told = evidence(office.bundle(), swapped).judge(&trust()).unwrap_err();
    assert_eq!(told, Unproven::OutOfOrder(Purpose::SecondReviewed));
}

#[test]
fn an_entry_that_is_cut_or_goes_on_is_refused() {
    let document = entry(1, NOW_MS, "clarification.signed", &subject());
    assert_eq!(TrailEntry::decode(&document).unwrap().sequence, 1);
    for length in 0..document.len() {
        assert!(TrailEntry::decode(&document[..length]).is_err(), "{length} bytes");
    }
    let longer = [document, vec![0]].concat();
    assert_eq!(TrailEntry::decode(&longer), Err(Malformed::Trailing));
}

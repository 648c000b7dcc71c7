//! Who may speak: an untouched chain of enough people, and nothing else.

use ids::{AgencyId, CaseId, ClarificationId, KeyId, PersonId};
use signoff::bundle::{Bundle, Signature};
use signoff::enrolment::{ADMINISTRATOR, AUDITOR};
use signoff::key::{RootKey, SigningKey};
use signoff::refused::{Document, Refused, Subject};
use signoff::statement::Gate;
use signoff::statement::Purpose::{self, Drafted, FirstReviewed, SecondReviewed, Signed};
use signoff::verify::{Expected, Trust, verify};
use signoff::version::Version;
use uuid::Uuid;

use crate::office::{
    HOUR_MS, Member, NOW_MS, Office, agency, enrolled_by_root, expected, judge, now, signed_by, trust,
};

fn refusal(office: &Office) -> Refused {
    judge(&office.bundle()).expect_err("this must never verify")
}

#[test]
fn an_untouched_chain_verifies_and_names_its_people() {
    let office = Office::open();

    let verified = judge(&office.bundle()).unwrap();

    assert_eq!(verified.content, office.content);
    assert_eq!(verified.expires_at_ms, office.expires_at_ms);
    let chain: Vec<(Purpose, &str)> =
        verified.chain.iter().map(|witness| (witness.purpose, witness.display_name.as_str())).collect();
    assert_eq!(
        chain,
        [
            (Drafted, "演示·拟稿人"),
            (FirstReviewed, "演示·拟稿人"),
            (SecondReviewed, "演示·复审人"),
            (Signed, "演示·终审人")
        ]
    );
}

#[test]
fn one_altered_byte_anywhere_never_verifies() {
    let bundle = Office::open().bundle();
    let mut tried = 0;
    let mut never = |altered: &Bundle, what: &str| {
        assert!(judge(altered).is_err(), "{what} was altered and still verifies");
        tried += 1;
    };
    for index in 0..bundle.content.len() {
        let mut altered = bundle.clone();
        altered.content[index] ^= 1 << (index % 8);
        never(&altered, "the content");
    }
    let count = bundle.statements.len() + bundle.enrolments.len() + 1;
    for which in 0..count {
        let part = part_of(&mut bundle.clone(), which).clone();
        for index in 0..part.document.len() {
            let mut altered = bundle.clone();
            part_of(&mut altered, which).document[index] ^= 1 << (index % 8);
            never(&altered, "a document");
        }
        for (number, signature) in part.signatures.iter().enumerate() {
            for index in 0..signature.bytes.len() {
                let mut altered = bundle.clone();
                part_of(&mut altered, which).signatures[number].bytes[index] ^= 1 << (index % 8);
                never(&altered, "a signature");
            }
            let mut altered = bundle.clone();
            part_of(&mut altered, which).signatures[number].key = Some(KeyId::from_uuid(Uuid::from_u128(9)));
            never(&altered, "a signature's key id");
        }
    }
    assert!(tried > 2_500, "only {tried} alterations were tried");
}

fn part_of(bundle: &mut Bundle, which: usize) -> &mut signoff::bundle::Signed {
    let statements = bundle.statements.len();
    let enrolments = bundle.enrolments.len();
    if which < statements {
        &mut bundle.statements[which]
    } else if which < statements + enrolments {
        &mut bundle.enrolments[which - statements]
    } else {
        &mut bundle.policy
    }
}

#[test]
fn a_bundle_survives_being_kept() {
    let bundle = Office::open().bundle();

    let kept = Bundle::decode(&bundle.encode().unwrap()).unwrap();

    assert_eq!(kept, bundle);
    assert!(judge(&kept).is_ok());
}

#[test]
fn another_root_key_verifies_nothing() {
    let other = RootKey::from_bytes(&SigningKey::generate().public_key()).unwrap();
    let trust = Trust { root: other, ..trust() };
    let refused = verify(&Office::open().bundle(), &trust, &expected(), now()).unwrap_err();
    assert_eq!(refused, Refused::EnrolmentUnsigned);
}

#[test]
fn a_weak_root_key_is_no_root_key() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(RootKey::from_bytes(&identity).is_err());
    assert!(RootKey::from_hex("zz").is_err());
    assert!(RootKey::from_hex(&"00".repeat(31)).is_err());
}

#[test]
fn a_bundle_for_another_agency_case_clarification_or_revision_is_refused() {
    let bundle = Office::open().bundle();
    let other = Uuid::from_u128(99);
    let content = |subject| Refused::Foreign { document: Document::Content, subject };
    let ask = |agency, expected: &Expected| {
        verify(&bundle, &Trust { agency, ..trust() }, expected, now()).unwrap_err()
    };

    assert_eq!(ask(AgencyId::from_uuid(other), &expected()), content(Subject::Agency));
    let case = Expected { case: CaseId::from_uuid(other), ..expected() };
    assert_eq!(ask(agency(), &case), content(Subject::Case));
    let clarification = Expected { clarification: ClarificationId::from_uuid(other), ..expected() };
    assert_eq!(ask(agency(), &clarification), content(Subject::Clarification));
    assert_eq!(ask(agency(), &Expected { revision: 3, ..expected() }), content(Subject::Revision));
}

#[test]
fn another_cases_statement_cannot_be_replayed() {
    let mut other = Office::open();
    other.content.case = CaseId::from_uuid(Uuid::from_u128(77));
    let mut bundle = Office::open().bundle();
    bundle.statements[3] = other.bundle().statements[3].clone();

    let refused = judge(&bundle).unwrap_err();

    assert_eq!(refused, Refused::Foreign { document: Document::Statement, subject: Subject::Case });
}

#[test]
fn a_statement_over_an_earlier_wording_is_refused() {
    let mut earlier = Office::open();
    earlier.content.verdict = "misleading".to_owned();
    let mut bundle = Office::open().bundle();
    bundle.statements[2] = earlier.bundle().statements[2].clone();
    assert_eq!(judge(&bundle).unwrap_err(), Refused::ContentHash { purpose: SecondReviewed });
}

#[test]
fn a_statement_under_another_policy_is_refused() {
    let mut earlier = Office::open();
    earlier.policy.version = 7;
    let mut bundle = Office::open().bundle();
    bundle.statements[0] = earlier.bundle().statements[0].clone();
    assert_eq!(judge(&bundle).unwrap_err(), Refused::PolicyHash { purpose: Drafted });
}

#[test]
fn every_step_of_the_policy_is_needed_once() {
    for purpose in Purpose::ALL {
        let mut office = Office::open();
        office.chain.retain(|(step, _)| *step != purpose);
        assert_eq!(refusal(&office), Refused::StepMissing { purpose });
    }
    let mut office = Office::open();
    office.chain[1] = office.chain[0].clone();
    assert_eq!(refusal(&office), Refused::StepRepeated { purpose: Drafted });

    let mut office = Office::open();
    office.policy.steps.retain(|step| step.purpose != FirstReviewed);
    assert_eq!(refusal(&office), Refused::StepUnknown { purpose: FirstReviewed });
}

#[test]
fn three_people_may_do_it_when_the_drafter_holds_the_first_review() {
    assert!(judge(&Office::open().bundle()).is_ok());
}

#[test]
fn no_policy_lowers_the_floor_of_three_people() {
    let mut office = Office::open();
    office.policy.people_min = 0;
    office.policy.steps.retain(|step| [Drafted, Signed].contains(&step.purpose));
    office.chain.retain(|(step, _)| [Drafted, Signed].contains(step));
    assert_eq!(refusal(&office), Refused::TooFewPeople { people: 2, people_min: 3 });
}

#[test]
fn a_policy_may_raise_the_floor() {
    let mut office = Office::open();
    office.policy.people_min = 4;
    assert_eq!(refusal(&office), Refused::TooFewPeople { people: 3, people_min: 4 });
}

#[test]
fn no_policy_leaves_out_draft_or_sign_off() {
    for purpose in [Drafted, Signed] {
        let mut office = Office::open();
        office.policy.steps.retain(|step| step.purpose != purpose);
        office.chain.retain(|(step, _)| *step != purpose);
        assert_eq!(refusal(&office), Refused::PolicyTooShort { purpose });
    }
}

#[test]
fn one_person_never_takes_two_steps_that_need_two() {
    for (first, second) in
        [(Drafted, SecondReviewed), (Drafted, Signed), (FirstReviewed, Signed), (SecondReviewed, Signed)]
    {
        let mut office = Office::open();
        let mut one = office.member(first).clone();
        one.enrolment.purposes = Purpose::ALL.to_vec();
        for step in &mut office.policy.steps {
            step.roles = vec!["drafter".into(), "reviewer".into(), "signer".into()];
        }
        // Everybody else is somebody else, so that only the pair under test can be at fault.
        for (number, (purpose, member)) in office.chain.iter_mut().enumerate() {
            if [first, second].contains(purpose) {
                *member = one.clone();
            } else {
                let seed = [40 + u8::try_from(number).unwrap(); 32];
                member.seed = seed;
                member.enrolment.public_key = SigningKey::from_seed(&seed).public_key();
                member.enrolment.person = PersonId::from_uuid(Uuid::from_u128(500 + number as u128));
                member.enrolment.key = KeyId::from_uuid(Uuid::from_u128(600 + number as u128));
            }
        }
        assert_eq!(refusal(&office), Refused::SamePerson { first, second });
    }
}

#[test]
fn one_person_with_two_keys_is_still_one_person() {
    let mut office = Office::open();
    let drafter = office.member(Drafted).enrolment.person;
    office.member(SecondReviewed).enrolment.person = drafter;
    assert_eq!(refusal(&office), Refused::SamePerson { first: Drafted, second: SecondReviewed });
}

#[test]
fn one_key_never_serves_two_people() {
    let mut office = Office::open();
    let drafter = office.member(Drafted).clone();
    let reviewer = office.member(SecondReviewed);
    reviewer.seed = drafter.seed;
    reviewer.enrolment.public_key = drafter.enrolment.public_key;
    assert_eq!(refusal(&office), Refused::KeyShared);
}

#[test]
fn administrators_and_auditors_take_no_step_even_when_policy_and_enrolment_say_so() {
    for role in [ADMINISTRATOR, AUDITOR] {
        let mut office = Office::open();
        office.member(SecondReviewed).enrolment.role = role.to_owned();
        assert_eq!(refusal(&office), Refused::OutsiderInChain { purpose: SecondReviewed });

        let mut office = Office::open();
        office.policy.steps[2].roles.push(role.to_owned());
        assert_eq!(refusal(&office), Refused::PolicyRole { purpose: SecondReviewed });
    }
}

#[test]
fn an_administrator_with_a_second_key_in_another_role_takes_no_step() {
    let mut office = Office::open();
    let administrator = office.administrators[0].enrolment.person;
    office.member(Signed).enrolment.person = administrator;
    assert_eq!(refusal(&office), Refused::OutsiderInChain { purpose: Signed });
}

#[test]
fn a_third_administrator_with_a_second_key_in_another_role_takes_no_step() {
    for role in [ADMINISTRATOR, AUDITOR] {
        let office = Office::open();
        for (purpose, member) in &office.chain {
            let mut third = Member::new(7, "演示·第三管理员", role, &[]);
            third.enrolment.person = member.enrolment.person;
            let mut bundle = office.bundle();
            bundle.enrolments.push(enrolled_by_root(&third.enrolment));
            let Err(Refused::OutsiderInChain { .. }) = judge(&bundle) else {
                panic!("{role} took “{}”", purpose.as_str());
            };
        }
    }
}

#[test]
fn a_policy_that_was_replaced_counts_no_more_where_a_newer_one_is_asked_for() {
    let mut office = Office::open();
    office.policy.version = 3;
    let ask = |policy_version_min| {
        verify(&office.bundle(), &Trust { policy_version_min, ..trust() }, &expected(), now())
    };
    assert_eq!(ask(3).unwrap().policy_version, 3);
    assert_eq!(ask(4).unwrap_err(), Refused::PolicyTooOld { version: 3, version_min: 4 });
}

#[test]
fn whoever_reviews_or_signs_confirms_all_four_gates_in_the_signed_bytes() {
    let office = Office::open();
    for (step, (purpose, member)) in office.chain.iter().enumerate().skip(1) {
        for gate in Gate::ALL {
            let mut statement = office.statement(*purpose, member);
            statement.gates.remove(&gate);
            let mut bundle = office.bundle();
            bundle.statements[step] = signed_by(member, statement.encode().unwrap());
            assert_eq!(judge(&bundle).unwrap_err(), Refused::GatesOpen { purpose: *purpose });
        }
    }
    let verified = judge(&office.bundle()).unwrap();
    assert!(verified.chain[0].gates.is_empty());
    assert!(verified.chain[1..].iter().all(|witness| witness.gates.len() == 4));
}

#[test]
fn a_chain_of_version_1_still_verifies_and_no_chain_is_of_two_versions() {
    let old = Office::open_v1();
    assert_eq!(judge(&old.bundle()).unwrap().content.version, Version::One);

    let new = Office::open();
    for (step, (purpose, member)) in new.chain.iter().enumerate() {
        let mut statement = new.statement(*purpose, member);
        statement.version = Version::One;
        statement.gates.clear();
        let mut bundle = new.bundle();
        bundle.statements[step] = signed_by(member, statement.encode().unwrap());
        assert_eq!(judge(&bundle).unwrap_err(), Refused::VersionMixed { purpose: *purpose });
    }
}

#[test]
fn times_along_a_chain_do_not_run_backwards() {
    let office = Office::open();
    for (step, (purpose, member)) in office.chain.iter().enumerate().skip(1) {
        let mut statement = office.statement(*purpose, member);
        statement.signed_at_ms -= 1;
        let mut bundle = office.bundle();
        bundle.statements[step] = signed_by(member, statement.encode().unwrap());
        assert_eq!(judge(&bundle).unwrap_err(), Refused::TimesBackwards { purpose: *purpose });
    }
}

#[test]
fn a_policy_needs_two_different_administrators() {
    let mut bundle = Office::open().bundle();
    bundle.policy.signatures.pop();
    assert_eq!(judge(&bundle).unwrap_err(), Refused::PolicySignatureCount);

    let mut bundle = Office::open().bundle();
    bundle.policy.signatures[1] = bundle.policy.signatures[0].clone();
    assert_eq!(judge(&bundle).unwrap_err(), Refused::PolicySignersSame);

    let office = Office::open();
    let mut bundle = office.bundle();
    bundle.policy.signatures[1] = office.chain[0].1.sign(&bundle.policy.document);
    assert_eq!(judge(&bundle).unwrap_err(), Refused::PolicySignerNotAdministrator);

    let mut office = Office::open();
    office.administrators[1].enrolment.person = office.administrators[0].enrolment.person;
    assert_eq!(refusal(&office), Refused::PolicySignersSame);
}

#[test]
fn a_signer_who_is_not_enrolled_is_refused() {
    let mut bundle = Office::open().bundle();
    bundle.enrolments.pop();
    assert_eq!(judge(&bundle).unwrap_err(), Refused::SignerNotEnrolled { purpose: Signed });
}

#[test]
fn a_key_enrolled_twice_is_refused() {
    let mut bundle = Office::open().bundle();
    bundle.enrolments.push(bundle.enrolments[0].clone());
    assert_eq!(judge(&bundle).unwrap_err(), Refused::EnrolmentRepeated);
}

#[test]
fn an_enrolment_signed_by_a_person_instead_of_the_root_is_refused() {
    let office = Office::open();
    let mut bundle = office.bundle();
    let document = bundle.enrolments[0].document.clone();
    bundle.enrolments[0] = signed_by(&office.administrators[0], document);
    assert_eq!(judge(&bundle).unwrap_err(), Refused::EnrolmentUnsigned);
}

#[test]
fn an_enrolment_of_another_agency_is_refused_although_the_same_root_signed_it() {
    let office = Office::open();
    let mut bundle = office.bundle();
    let mut foreign = office.chain[0].1.enrolment.clone();
    foreign.agency = AgencyId::from_uuid(Uuid::from_u128(5));
    bundle.enrolments.push(enrolled_by_root(&foreign));
    let refused = judge(&bundle).unwrap_err();
    assert_eq!(refused, Refused::Foreign { document: Document::Enrolment, subject: Subject::Agency });
}

#[test]
fn a_signer_must_be_the_keys_owner_in_the_enrolled_role_for_an_enrolled_purpose() {
    let office = Office::open();
    let signer = office.chain[3].1.clone();

    let mut bundle = office.bundle();
    let mut statement = office.statement(Signed, &signer);
    statement.person = office.chain[2].1.enrolment.person;
    bundle.statements[3] = signed_by(&signer, statement.encode().unwrap());
    assert_eq!(judge(&bundle).unwrap_err(), Refused::SignerNotOwner { purpose: Signed });

    let mut bundle = office.bundle();
    let mut statement = office.statement(Signed, &signer);
    statement.role = "reviewer".to_owned();
    bundle.statements[3] = signed_by(&signer, statement.encode().unwrap());
    assert_eq!(judge(&bundle).unwrap_err(), Refused::RoleNotAdmitted { purpose: Signed });

    let mut office = Office::open();
    office.policy.steps[3].roles = vec!["duty_leader".to_owned()];
    assert_eq!(refusal(&office), Refused::RoleNotAdmitted { purpose: Signed });

    let mut office = Office::open();
    office.member(Signed).enrolment.purposes = vec![SecondReviewed];
    assert_eq!(refusal(&office), Refused::PurposeNotAdmitted { purpose: Signed });
}

#[test]
fn a_statement_carries_exactly_the_signature_of_the_key_that_it_names() {
    let mut bundle = Office::open().bundle();
    bundle.statements[0].signatures.clear();
    assert_eq!(judge(&bundle).unwrap_err(), Refused::StatementSignatureCount { purpose: Drafted });

    let mut bundle = Office::open().bundle();
    let second = bundle.statements[0].signatures[0].clone();
    bundle.statements[0].signatures.push(second);
    assert_eq!(judge(&bundle).unwrap_err(), Refused::StatementSignatureCount { purpose: Drafted });

    let mut bundle = Office::open().bundle();
    bundle.statements[0].signatures = vec![Signature { key: None, bytes: [0; 64] }];
    assert_eq!(judge(&bundle).unwrap_err(), Refused::StatementSignatureCount { purpose: Drafted });
}

#[test]
fn time_is_checked_on_both_sides() {
    let mut office = Office::open();
    office.expires_at_ms = NOW_MS;
    assert_eq!(refusal(&office), Refused::StatementExpired { purpose: Drafted });

    let mut office = Office::open();
    office.signed_at_ms = NOW_MS + 121_000;
    assert_eq!(refusal(&office), Refused::StatementFromFuture { purpose: Drafted });

    let mut office = Office::open();
    office.signed_at_ms = NOW_MS + 119_000;
    assert!(judge(&office.bundle()).is_ok(), "a clock that runs two minutes ahead is no forgery");

    let mut office = Office::open();
    office.expires_at_ms = office.signed_at_ms + 24 * HOUR_MS + 1;
    assert_eq!(refusal(&office), Refused::StatementTooLong { purpose: Drafted });

    let mut office = Office::open();
    office.member(Signed).enrolment.not_after_ms = NOW_MS - 1;
    assert_eq!(refusal(&office), Refused::EnrolmentOutOfTime);

    let mut office = Office::open();
    office.member(Signed).enrolment.not_before_ms = office.signed_at_ms + 1;
    assert_eq!(refusal(&office), Refused::EnrolmentOutOfTime);
}

#[test]
fn more_parts_than_any_chain_needs_are_not_even_read() {
    let mut bundle = Office::open().bundle();
    bundle.statements.push(bundle.statements[0].clone());
    assert_eq!(judge(&bundle).unwrap_err(), Refused::Oversized);

    let mut bundle = Office::open().bundle();
    while bundle.enrolments.len() <= 16 {
        bundle.enrolments.push(bundle.enrolments[0].clone());
    }
    assert_eq!(judge(&bundle).unwrap_err(), Refused::Oversized);
}

//! Who may sign which step (G6): the policy's roles, and at least three people over the whole chain.

use ids::PersonId;
use signoff::policy::Policy;
use signoff::statement::Purpose;

use super::officer::{Officer, Role};
use super::revision::{RevisionCommand, RevisionRefusal, RevisionState};

/// A step that was taken on this revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub purpose: Purpose,
    /// By whom.
    pub person: PersonId,
}

/// What a reviewer or signer looks for before the words go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatesConfirmed(pub bool);

/// Why a person may not sign a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainRefusal {
    /// The revision waits for another step, or for none.
    #[error(transparent)]
    OutOfTurn(#[from] RevisionRefusal),
    /// The policy has no such step.
    #[error("the policy in force has no step “{}”", .0.as_str())]
    NotInPolicy(Purpose),
    /// The role may not take this step.
    #[error("the role {} may not sign “{}”", .role.as_str(), .purpose.as_str())]
    Role {
        /// The person's.
        role: Role,
        /// The step.
        purpose: Purpose,
    },
    /// Only the one whose words they are signs them as drafted.
    #[error("only the person who saved this revision signs it as drafted")]
    NotTheDrafter,
    /// The person took another step of this chain.
    #[error("the same person already signed “{}”", .0.as_str())]
    SamePerson(Purpose),
    /// A reviewer has not confirmed all four gates.
    #[error("all four gates must be confirmed")]
    GatesOpen,
}

/// Decides whether `officer` may sign `purpose` on a revision that stands at `state`, and says where it
/// then stands.
///
/// Only the drafter may hold a second step, 初审, where the policy lets a drafter's role do so. Every other
/// step needs somebody who has taken none: with four steps that makes three people at least, whatever the
/// policy says.
///
/// # Errors
/// The first rule that forbids it.
pub fn sign(
    policy: &Policy,
    state: RevisionState,
    taken: &[Taken],
    drafter: PersonId,
    officer: &Officer,
    purpose: Purpose,
    gates: GatesConfirmed,
) -> Result<RevisionState, ChainRefusal> {
    let step =
        policy.steps.iter().find(|step| step.purpose == purpose).ok_or(ChainRefusal::NotInPolicy(purpose))?;
    if officer.role.never_signs() || !step.roles.iter().any(|role| role == officer.role.as_str()) {
        return Err(ChainRefusal::Role { role: officer.role, purpose });
    }
    let next = state.apply(RevisionCommand::Sign(purpose))?;
    if purpose == Purpose::Drafted && officer.person != drafter {
        return Err(ChainRefusal::NotTheDrafter);
    }
    let held_before = taken.iter().find(|step| {
        step.person == officer.person
            && !(purpose == Purpose::FirstReviewed && step.purpose == Purpose::Drafted)
    });
    if let Some(step) = held_before {
        return Err(ChainRefusal::SamePerson(step.purpose));
    }
    if purpose != Purpose::Drafted && !gates.0 {
        return Err(ChainRefusal::GatesOpen);
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::AgencyId;
    use proptest::prelude::*;
    use signoff::policy::PolicyStep;
    use std::collections::HashSet;

    const PURPOSES: [Purpose; 4] =
        [Purpose::Drafted, Purpose::FirstReviewed, Purpose::SecondReviewed, Purpose::Signed];

    fn policy(roles: &[(Purpose, &[&str])]) -> Policy {
        Policy {
            agency: AgencyId::mint(),
            version: 1,
            steps: roles
                .iter()
                .map(|(purpose, roles)| PolicyStep {
                    purpose: *purpose,
                    roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                })
                .collect(),
            people_min: 3,
            statement_lifetime_seconds: 60,
        }
    }

    fn sample() -> Policy {
        policy(&[
            (Purpose::Drafted, &["drafter"]),
            (Purpose::FirstReviewed, &["drafter", "reviewer"]),
            (Purpose::SecondReviewed, &["reviewer"]),
            (Purpose::Signed, &["signer"]),
        ])
    }

    /// A policy that would let anybody do anything, the administrator included.
    fn careless() -> Policy {
        let all: &[&str] = &["drafter", "reviewer", "signer", "administrator", "auditor", "duty_officer"];
        policy(&PURPOSES.map(|purpose| (purpose, all)))
    }

    fn officer(role: Role) -> Officer {
        Officer { agency: AgencyId::mint(), person: PersonId::mint(), role, display_name: "演示".into() }
    }

    const CONFIRMED: GatesConfirmed = GatesConfirmed(true);

    #[test]
    fn three_people_take_words_to_the_public_with_the_drafter_in_first_review() {
        let (drafter, reviewer, signer) =
            (officer(Role::Drafter), officer(Role::Reviewer), officer(Role::Signer));
        let mut state = RevisionState::Draft;
        let mut taken = Vec::new();
        for (who, purpose) in [&drafter, &drafter, &reviewer, &signer].into_iter().zip(PURPOSES) {
            state = sign(&sample(), state, &taken, drafter.person, who, purpose, CONFIRMED).unwrap();
            taken.push(Taken { purpose, person: who.person });
        }
        assert_eq!(state, RevisionState::Signed);
    }

    #[test]
    fn the_administrator_and_the_auditor_sign_nothing_even_if_a_policy_said_so() {
        for role in [Role::Administrator, Role::Auditor] {
            let who = officer(role);
            for (state, purpose) in [
                (RevisionState::Draft, Purpose::Drafted),
                (RevisionState::Drafted, Purpose::FirstReviewed),
                (RevisionState::FirstReviewed, Purpose::SecondReviewed),
                (RevisionState::SecondReviewed, Purpose::Signed),
            ] {
                assert_eq!(
                    sign(&careless(), state, &[], who.person, &who, purpose, CONFIRMED),
                    Err(ChainRefusal::Role { role, purpose })
                );
            }
        }
    }

    #[test]
    fn nobody_signs_anothers_words_as_their_own() {
        let who = officer(Role::Drafter);
        let somebody = PersonId::mint();
        assert_eq!(
            sign(&sample(), RevisionState::Draft, &[], somebody, &who, Purpose::Drafted, CONFIRMED),
            Err(ChainRefusal::NotTheDrafter)
        );
    }

    #[test]
    fn a_review_without_its_gates_is_refused() {
        let who = officer(Role::Reviewer);
        assert_eq!(
            sign(
                &sample(),
                RevisionState::Drafted,
                &[],
                PersonId::mint(),
                &who,
                Purpose::FirstReviewed,
                GatesConfirmed(false)
            ),
            Err(ChainRefusal::GatesOpen)
        );
    }

    #[test]
    fn a_step_out_of_turn_is_refused() {
        let who = officer(Role::Signer);
        assert_eq!(
            sign(&sample(), RevisionState::Drafted, &[], PersonId::mint(), &who, Purpose::Signed, CONFIRMED),
            Err(ChainRefusal::OutOfTurn(RevisionRefusal { state: RevisionState::Drafted }))
        );
    }

    proptest! {
        /// Whoever tries whatever, under a policy that allows every role everything: what ends signed was
        /// signed by three people at least, and the signer held no other step.
        #[test]
        fn fewer_than_three_people_never_get_there(
            attempts in prop::collection::vec((0usize..4, 0usize..4), 0..60),
        ) {
            let office = [
                officer(Role::Drafter),
                officer(Role::Reviewer),
                officer(Role::Signer),
                officer(Role::Administrator),
            ];
            let mut state = RevisionState::Draft;
            let mut taken: Vec<Taken> = Vec::new();
            for (who, purpose) in attempts {
                let who = &office[who];
                let purpose = PURPOSES[purpose];
                if let Ok(next) =
                    sign(&careless(), state, &taken, office[0].person, who, purpose, CONFIRMED)
                {
                    state = next;
                    taken.push(Taken { purpose, person: who.person });
                }
            }
            if state == RevisionState::Signed {
                let people: HashSet<_> = taken.iter().map(|step| step.person).collect();
                prop_assert!(people.len() >= 3);
                prop_assert!(!people.contains(&office[3].person));
                let signer = taken[3].person;
                prop_assert!(taken[..3].iter().all(|step| step.person != signer));
            }
        }
    }
}

//! Who may do what, in one place. Services ask it before they do anything; pages offer nothing that it would refuse.
//! Which role signs which step of the chain is not here: the agency's signed policy says that.

use crate::Role::{self, Administrator, Auditor, Checker, Client, Drafter, DutyOfficer, Reviewer, Signer};

/// Read cases: a checker those of the own department, and of those what the department is asked.
pub const READ_CASES: &[Role] = Role::PEOPLE;
/// Read everything else that the office works with.
pub const READ_WORK: &[Role] = Role::STAFF;
/// Answer what the own department was asked.
pub const ANSWER_FINDINGS: &[Role] = &[Checker];
/// See and end one's own sessions.
pub const OWN_SESSIONS: &[Role] = Role::PEOPLE;
/// Take up and lead cases: urgency, closing, merging, splitting, routing, what a message is; take back what is signed.
pub const LEAD: &[Role] = &[DutyOfficer, Signer];
/// Open a notice, ask a department, word what is being said.
pub const ASK: &[Role] = &[DutyOfficer, Drafter, Signer];
/// Write and save drafts.
pub const DRAFT: &[Role] = &[Drafter];
/// Return a draft to its drafter.
pub const RETURN: &[Role] = &[Reviewer, Signer];
/// Stop what is going out.
pub const HALT: &[Role] = Role::OFFICERS;
/// Let go on what was stopped; what was stopped altogether is the signer's alone, which the order itself shows.
pub const RESUME: &[Role] = &[DutyOfficer, Signer];
/// Say that a call for help is being seen to.
pub const ACKNOWLEDGE: &[Role] = Role::OFFICERS;
/// Open a citizen's picture, and read a message as it was written.
pub const SEE_ORIGINALS: &[Role] = Role::OFFICERS;
/// Write down what is said in a message without words.
pub const TRANSCRIBE: &[Role] = Role::OFFICERS;
/// Say whether something is public where the machine cannot know.
pub const RESOLVE: &[Role] = Role::OFFICERS;
/// Find a message by its receipt.
pub const FIND_RECEIPTS: &[Role] = Role::OFFICERS;
/// Bring reports.
pub const SUBMIT: &[Role] = &[Client, DutyOfficer];
/// Import a file of reports.
pub const IMPORT: &[Role] = &[Client, DutyOfficer, Signer];
/// Change what messages are and where claims go.
pub const SET_RULES: &[Role] = &[Administrator];
/// Change what is urgent: it orders the queue only, and an event begins at any hour of the night.
pub const SET_URGENCY_RULES: &[Role] = &[Administrator, DutyOfficer, Signer];
/// Look after the others' access.
pub const ADMINISTER: &[Role] = &[Administrator];
/// Read the audit trail.
pub const AUDIT: &[Role] = &[Auditor, Administrator];

/// Every right, by its name.
pub const ALL: &[(&str, &[Role])] = &[
    ("READ_CASES", READ_CASES),
    ("READ_WORK", READ_WORK),
    ("ANSWER_FINDINGS", ANSWER_FINDINGS),
    ("OWN_SESSIONS", OWN_SESSIONS),
    ("LEAD", LEAD),
    ("ASK", ASK),
    ("DRAFT", DRAFT),
    ("RETURN", RETURN),
    ("HALT", HALT),
    ("RESUME", RESUME),
    ("ACKNOWLEDGE", ACKNOWLEDGE),
    ("SEE_ORIGINALS", SEE_ORIGINALS),
    ("TRANSCRIBE", TRANSCRIBE),
    ("RESOLVE", RESOLVE),
    ("FIND_RECEIPTS", FIND_RECEIPTS),
    ("SUBMIT", SUBMIT),
    ("IMPORT", IMPORT),
    ("SET_RULES", SET_RULES),
    ("SET_URGENCY_RULES", SET_URGENCY_RULES),
    ("ADMINISTER", ADMINISTER),
    ("AUDIT", AUDIT),
];

/// All that a person of another department may do here. A checker is nobody on duty in the press office: who halts
/// must be reachable there when it is asked what to do about it.
pub const OF_CHECKER: [&str; 3] = ["READ_CASES", "ANSWER_FINDINGS", "OWN_SESSIONS"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_may_do_what_the_short_list_says_and_nothing_else() {
        let held: Vec<&str> =
            ALL.iter().filter(|(_, roles)| roles.contains(&Checker)).map(|(name, _)| *name).collect();
        assert_eq!(held, OF_CHECKER);
    }

    #[test]
    fn who_administers_or_audits_takes_no_part_in_the_work() {
        let work = ["LEAD", "ASK", "DRAFT", "RETURN", "HALT", "RESUME", "RESOLVE", "SEE_ORIGINALS"];
        for (name, roles) in ALL.iter().filter(|(name, _)| work.contains(name)) {
            assert!(!roles.contains(&Administrator) && !roles.contains(&Auditor), "{name}");
        }
    }
}

//! A case, where it stands, and what moves it.

use ids::{CaseId, ClaimId, ClarificationId};
use time::OffsetDateTime;

use super::words::words;

/// The office's work on one claim or notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// The case.
    pub case: CaseId,
    /// The number that people use, such as "QL-0417".
    pub code: String,
    /// Its claim; `None` for a notice.
    pub claim: Option<ClaimId>,
    /// What is being said.
    pub sentence: String,
    /// Where it stands.
    pub state: CaseState,
    /// Grows by one with every change but a claim's growth.
    pub state_revision: i64,
    /// How many reports.
    pub report_count: i64,
    /// 0 to 100; order only.
    pub urgency: i32,
    /// Where it stands among cases of equal urgency, 0 to 100; order only, never shown.
    pub order_hint: i32,
    /// True once an officer set it urgent.
    pub urgent: bool,
    /// When the response clock ends.
    pub due_time: Option<OffsetDateTime>,
    /// When it was opened.
    pub open_time: OffsetDateTime,
    /// Suggested departments, best first.
    pub departments: Vec<String>,
    /// Why it needs a person, was refused, halted or dismissed; empty when nothing is to be said.
    pub note: String,
    /// The case that it was merged into; such a case is dismissed.
    pub merged_into: Option<CaseId>,
    /// Its automatic answer that is switched off.
    pub suspended: Option<Suspended>,
    /// Until when the claim can matter, where it names a day.
    pub named_until: Option<OffsetDateTime>,
    /// The earliest end of validity among its signed words that the office has not settled.
    pub valid_until: Option<OffsetDateTime>,
}

/// An automatic answer that is switched off because citizens said that it was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// Of this clarification.
    pub clarification: ClarificationId,
    /// Classification's word that switched it off.
    pub suspension_revision: i64,
}

words! {
    /// Where a case stands. `Dismissed` is the end; everything else can be taken up again.
    pub enum CaseState {
        /// 待处理: nobody has done anything.
        Open = "open",
        /// 核查中: a department was asked.
        Checking = "checking",
        /// 已核查: a finding is there.
        Found = "found",
        /// 拟稿中.
        Drafting = "drafting",
        /// 审核中: signed by its drafter.
        InReview = "in_review",
        /// 已签发: signed off, publishing.
        Signed = "signed",
        /// 已发布: every channel of the signed revision ended well.
        Published = "published",
        /// 需人工: something needs a person; the note says what.
        NeedsPerson = "needs_person",
        /// 已关闭: dismissed with a reason.
        Dismissed = "dismissed",
        /// 已停发: halted or revoked.
        Halted = "halted",
    }
}

/// What happens to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseCommand {
    /// A department is asked.
    AskFinding,
    /// A department answers.
    ReceiveFinding,
    /// A draft is saved.
    SaveDraft,
    /// A drafter signs a revision, which thereby goes into review.
    EnterReview,
    /// A revision is returned to its drafter.
    ReturnDraft,
    /// A revision that goes out on channels is signed off.
    SignOff,
    /// A revision that only answers, and so has nothing to publish, is signed off.
    SignOffAnswers,
    /// A holding statement is signed off: the work goes on where its findings stand.
    SignOffHolding(Findings),
    /// Every channel of the newest signed revision is confirmed.
    ConfirmPublications,
    /// Something needs a person.
    NeedPerson,
    /// The case is closed without a clarification.
    Dismiss,
    /// Its clarification is halted or revoked.
    Halt,
}

/// How far the departments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Findings {
    /// Nobody was asked.
    NotAsked,
    /// Somebody was asked and nobody has answered.
    Asked,
    /// Somebody has answered.
    Answered,
}

/// The case does not allow it where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {} case does not allow this", .state.as_str())]
pub struct CaseRefusal {
    /// Where it stands.
    pub state: CaseState,
}

impl CaseState {
    /// The next state. Lists every pair: a new state or command must be decided here before the crate
    /// compiles.
    ///
    /// # Errors
    /// When the case does not allow the command where it stands.
    pub fn apply(self, command: CaseCommand) -> Result<Self, CaseRefusal> {
        use {CaseCommand as C, CaseState as S};
        let refused = Err(CaseRefusal { state: self });
        match (self, command) {
            // Asking and answering move only a case that nobody drafts for yet.
            (S::Open | S::Checking | S::Found, C::AskFinding) => Ok(S::Checking),
            (S::Open | S::Checking | S::Found, C::ReceiveFinding) => Ok(S::Found),
            (
                S::Drafting | S::InReview | S::Signed | S::Published | S::NeedsPerson | S::Halted,
                C::AskFinding | C::ReceiveFinding,
            ) => Ok(self),
            // A department that was asked may still answer a dismissed case; nothing follows from it.
            (S::Dismissed, C::ReceiveFinding) => Ok(S::Dismissed),

            (
                S::Open
                | S::Checking
                | S::Found
                | S::Drafting
                | S::InReview
                | S::Signed
                | S::Published
                | S::NeedsPerson
                | S::Halted,
                C::SaveDraft | C::ReturnDraft,
            ) => Ok(S::Drafting),
            (
                S::Open
                | S::Checking
                | S::Found
                | S::Drafting
                | S::InReview
                | S::Signed
                | S::Published
                | S::NeedsPerson
                | S::Halted,
                C::EnterReview,
            ) => Ok(S::InReview),
            (
                S::Open
                | S::Checking
                | S::Found
                | S::Drafting
                | S::InReview
                | S::Signed
                | S::Published
                | S::NeedsPerson
                | S::Halted,
                C::SignOff,
            ) => Ok(S::Signed),
            (
                S::Open
                | S::Checking
                | S::Found
                | S::Drafting
                | S::InReview
                | S::Signed
                | S::Published
                | S::NeedsPerson
                | S::Halted,
                C::SignOffAnswers,
            ) => Ok(S::Published),
            // A holding statement beside something that is out does not take the case back to checking.
            (S::Signed | S::Published | S::Halted, C::SignOffHolding(_)) => Ok(self),
            (
                S::Open | S::Checking | S::Found | S::Drafting | S::InReview | S::NeedsPerson,
                C::SignOffHolding(findings),
            ) => Ok(match findings {
                Findings::NotAsked => S::Open,
                Findings::Asked => S::Checking,
                Findings::Answered => S::Found,
            }),

            (S::Signed | S::Published | S::NeedsPerson, C::ConfirmPublications) => Ok(S::Published),
            // What an earlier revision's channels say does not move work on the next one, nor undo a halt.
            (
                S::Open | S::Checking | S::Found | S::Drafting | S::InReview | S::Halted | S::Dismissed,
                C::ConfirmPublications,
            ) => Ok(self),

            (
                S::Open
                | S::Checking
                | S::Found
                | S::Drafting
                | S::InReview
                | S::Signed
                | S::Published
                | S::NeedsPerson
                | S::Halted,
                C::NeedPerson,
            ) => Ok(S::NeedsPerson),
            (
                S::Open
                | S::Checking
                | S::Found
                | S::Drafting
                | S::InReview
                | S::Signed
                | S::Published
                | S::NeedsPerson
                | S::Halted,
                C::Halt,
            ) => Ok(S::Halted),
            (S::Dismissed, C::NeedPerson | C::Halt) => Ok(S::Dismissed),

            (
                S::Open | S::Checking | S::Found | S::Drafting | S::InReview | S::NeedsPerson | S::Halted,
                C::Dismiss,
            ) => Ok(S::Dismissed),
            (S::Signed | S::Published | S::Dismissed, C::Dismiss) => refused,

            (
                S::Dismissed,
                C::AskFinding
                | C::SaveDraft
                | C::EnterReview
                | C::ReturnDraft
                | C::SignOff
                | C::SignOffAnswers
                | C::SignOffHolding(_),
            ) => refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATES: [CaseState; 10] = [
        CaseState::Open,
        CaseState::Checking,
        CaseState::Found,
        CaseState::Drafting,
        CaseState::InReview,
        CaseState::Signed,
        CaseState::Published,
        CaseState::NeedsPerson,
        CaseState::Dismissed,
        CaseState::Halted,
    ];

    const COMMANDS: [CaseCommand; 14] = [
        CaseCommand::AskFinding,
        CaseCommand::ReceiveFinding,
        CaseCommand::SaveDraft,
        CaseCommand::EnterReview,
        CaseCommand::ReturnDraft,
        CaseCommand::SignOff,
        CaseCommand::SignOffAnswers,
        CaseCommand::SignOffHolding(Findings::NotAsked),
        CaseCommand::SignOffHolding(Findings::Asked),
        CaseCommand::SignOffHolding(Findings::Answered),
        CaseCommand::ConfirmPublications,
        CaseCommand::NeedPerson,
        CaseCommand::Dismiss,
        CaseCommand::Halt,
    ];

    /// One row per state, one letter per command of `COMMANDS`: the next state, or `-` for a refusal.
    const TABLE: [(CaseState, &str); 10] = [
        (CaseState::Open, "CFDRDSPOCFONXH"),
        (CaseState::Checking, "CFDRDSPOCFCNXH"),
        (CaseState::Found, "CFDRDSPOCFFNXH"),
        (CaseState::Drafting, "DDDRDSPOCFDNXH"),
        (CaseState::InReview, "RRDRDSPOCFRNXH"),
        (CaseState::Signed, "SSDRDSPSSSPN-H"),
        (CaseState::Published, "PPDRDSPPPPPN-H"),
        (CaseState::NeedsPerson, "NNDRDSPOCFPNXH"),
        (CaseState::Dismissed, "-X--------XX-X"),
        (CaseState::Halted, "HHDRDSPHHHHNXH"),
    ];

    fn letter(state: CaseState) -> char {
        match state {
            CaseState::Open => 'O',
            CaseState::Checking => 'C',
            CaseState::Found => 'F',
            CaseState::Drafting => 'D',
            CaseState::InReview => 'R',
            CaseState::Signed => 'S',
            CaseState::Published => 'P',
            CaseState::NeedsPerson => 'N',
            CaseState::Dismissed => 'X',
            CaseState::Halted => 'H',
        }
    }

    #[test]
    fn every_state_and_command_leads_where_the_table_says() {
        for (state, row) in TABLE {
            let actual: String =
                COMMANDS.iter().map(|command| state.apply(*command).map_or('-', letter)).collect();
            assert_eq!(actual, row, "{state:?}");
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_commands_leaves_a_dismissed_case(
            start in prop::sample::select(&STATES),
            commands in prop::collection::vec(prop::sample::select(&COMMANDS), 0..40),
        ) {
            let mut state = start;
            let mut dismissed = false;
            for command in commands {
                state = state.apply(command).unwrap_or(state);
                dismissed |= state == CaseState::Dismissed;
                prop_assert_eq!(dismissed, state == CaseState::Dismissed);
            }
        }
    }
}

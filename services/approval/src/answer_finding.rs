//! A department's own page: what it is asked, and its answer. The link's secret and the code told by phone are the
//! authority; nobody signs in.

use ids::{AgencyId, FindingId};
use sqlx::PgConnection;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::{Desk, commit, named, trace_case};
use crate::domain::audit::Entry;
use crate::domain::case::{CaseCommand, CaseRefusal, CaseState};
use crate::domain::draft::Verdict;
use crate::domain::finding::{CODE_FAILURES_MAX, Finding, FindingAnswer, LinkState};
use crate::domain::officer::Officer;
use crate::secrets::CarriedSecret;
use crate::store::case::CaseEvent;
use crate::store::{self, StoreError};

/// What a link shows.
pub enum Asked {
    /// Nothing yet: the code is asked for.
    CodeNeeded,
    /// The question.
    Question {
        /// The question.
        finding: Box<Finding>,
        /// What is being said.
        sentence: String,
        /// Who asks.
        agency_name: String,
    },
    /// Thanks, and nothing else.
    Answered,
}

/// What a department answers: without characters that nobody sees, and without what points at a person, for all of it
/// is shown to officers and may be taken over into a draft.
pub struct AnswerFinding {
    /// What was found.
    pub verdict: Verdict,
    /// The facts.
    pub facts: String,
    /// What they rest on; never empty.
    pub evidence: String,
    /// Who answers.
    pub answered_by: String,
}

impl AnswerFinding {
    /// Whether it is this answer, sent once more.
    fn is(&self, given: &FindingAnswer) -> bool {
        (self.verdict, &self.facts, &self.evidence, &self.answered_by)
            == (given.verdict, &given.facts, &given.evidence, &given.answered_by)
    }
}

/// Why the answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerFindingError {
    /// No question has this link.
    #[error("no question has this link")]
    NoLink,
    /// It was answered before.
    #[error("this question was answered before")]
    Answered,
    /// The link opens nothing any more.
    #[error("the link has ended")]
    Ended,
    /// The code is wrong, and may be tried so often yet.
    #[error("the code is wrong; {0} tries are left")]
    WrongCode(i32),
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Shows a department what it is asked, once it gives the code that it was told by phone.
    ///
    /// # Errors
    /// `NoLink` when the secret is no link's, `Ended`, or `WrongCode`.
    pub async fn get_finding_request(
        &self,
        link_secret: &str,
        code: &str,
    ) -> Result<Asked, AnswerFindingError> {
        let secret = CarriedSecret::read(link_secret).ok_or(AnswerFindingError::NoLink)?;
        let mut tx = self.begin(secret.agency).await?;
        let finding = store::finding::by_link(&mut tx, &secret.sha256()).await?;
        let finding = finding.ok_or(AnswerFindingError::NoLink)?;
        let case = store::case::get(&mut tx, finding.case).await?.ok_or(AnswerFindingError::NoLink)?;
        match finding.link_state(case.state == CaseState::Dismissed, self.now()) {
            LinkState::Open => {}
            LinkState::Answered => return Ok(Asked::Answered),
            LinkState::Ended => return Err(AnswerFindingError::Ended),
        }
        if finding.link.code_mac.is_some() && code.trim().is_empty() {
            return Ok(Asked::CodeNeeded);
        }
        let agency = store::agency::get(&mut tx, secret.agency).await?.ok_or(AnswerFindingError::NoLink)?;
        commit(tx).await?;
        self.check_code(secret.agency, &finding, code).await?;
        Ok(Asked::Question { finding: Box::new(finding), sentence: case.sentence, agency_name: agency.name })
    }

    /// Takes a department's answer, once. The same answer again is as good.
    ///
    /// # Errors
    /// `NoLink`, `Ended`, `WrongCode`, or `Answered` when there is another answer already.
    pub async fn answer_finding(
        &self,
        link_secret: &str,
        code: &str,
        command: AnswerFinding,
    ) -> Result<Finding, AnswerFindingError> {
        let secret = CarriedSecret::read(link_secret).ok_or(AnswerFindingError::NoLink)?;
        let mut tx = self.begin(secret.agency).await?;
        let finding = store::finding::by_link(&mut tx, &secret.sha256()).await?;
        let finding = finding.ok_or(AnswerFindingError::NoLink)?;
        let case = store::case::get(&mut tx, finding.case).await?.ok_or(AnswerFindingError::NoLink)?;
        commit(tx).await?;
        // Nobody is asked for the code of a link that opens nothing.
        if finding.link_state(case.state == CaseState::Dismissed, self.now()) == LinkState::Ended {
            return Err(AnswerFindingError::Ended);
        }
        if finding.answer.is_none() {
            self.check_code(secret.agency, &finding, code).await?;
        }
        let now = self.now();
        let mut tx = self.begin(secret.agency).await?;
        let case = store::case::lock(&mut tx, finding.case).await?.ok_or(AnswerFindingError::NoLink)?;
        // Read again under the case's lock: the link may have been withdrawn or issued anew meanwhile.
        let finding = store::finding::by_link(&mut tx, &secret.sha256()).await?;
        let mut finding = finding.ok_or(AnswerFindingError::NoLink)?;
        match (finding.link_state(case.state == CaseState::Dismissed, now), &finding.answer) {
            (LinkState::Open, _) => {}
            (LinkState::Answered, Some(given)) if command.is(given) => return Ok(finding),
            (LinkState::Answered, _) => return Err(AnswerFindingError::Answered),
            (LinkState::Ended, _) => return Err(AnswerFindingError::Ended),
        }
        // The department is the actor; who answered for it is in the finding, not in the trail.
        let actor = finding.department.clone();
        take(&mut tx, secret.agency, &mut finding, command, &actor, now).await?;
        runtime::crash_point!("approval.answer_finding.before_commit");
        commit(tx).await?;
        Ok(finding)
    }

    /// Checks the code of a link, in a transaction of its own: a wrong one stays counted whatever else happens. The last
    /// one withdraws the link, since whoever holds it was not told the code.
    async fn check_code(
        &self,
        agency: AgencyId,
        finding: &Finding,
        code: &str,
    ) -> Result<(), AnswerFindingError> {
        let Some(expected) = finding.link.code_mac else { return Ok(()) };
        let now = self.now();
        let mut tx = self.begin(agency).await?;
        let counted = store::finding::count_code(&mut tx, finding.finding, CODE_FAILURES_MAX).await?;
        let failures = counted.ok_or(AnswerFindingError::Ended)?;
        let given = self.pepper.finding_code_mac(finding.finding, finding.link.number, &digits(code));
        if bool::from(given.ct_eq(&expected)) {
            store::finding::uncount_code(&mut tx, finding.finding).await?;
            commit(tx).await?;
            return Ok(());
        }
        if failures < CODE_FAILURES_MAX {
            commit(tx).await?;
            return Err(AnswerFindingError::WrongCode(CODE_FAILURES_MAX - failures));
        }
        if store::finding::withdraw(&mut tx, finding.finding, now).await? {
            let what =
                format!("给{}的核查链接多次输错验证码，已自动作废，请核实后重发。", finding.department);
            let event = CaseEvent { time: now, actor: String::new(), what };
            store::case::append_event(&mut tx, agency, finding.case, &event).await?;
            let entry = Entry {
                time: now,
                actor: audit::SYSTEM.to_owned(),
                action: "finding.link_withdrawn",
                subject: format!("finding {} of case {}, wrong codes", finding.finding, finding.case),
            };
            audit::record(&mut tx, agency, &[entry]).await?;
        }
        commit(tx).await?;
        Err(AnswerFindingError::Ended)
    }

    /// Takes the answer of a checker who has signed in, once.
    ///
    /// # Errors
    /// `NoLink` when the own department was not asked this, or `Answered` when there is an answer already.
    pub async fn give_finding(
        &self,
        officer: &Officer,
        finding: FindingId,
        command: AnswerFinding,
    ) -> Result<Finding, AnswerFindingError> {
        let now = self.now();
        let sight = self.sight(officer).await?;
        let mut tx = self.begin(officer.agency).await?;
        let found = store::finding::get(&mut tx, finding).await?;
        let found = found.filter(|finding| sight.department() == Some(finding.department.as_str()));
        let mut finding = found.ok_or(AnswerFindingError::NoLink)?;
        if finding.answer.as_ref().is_some_and(|given| command.is(given)) {
            return Ok(finding);
        }
        take(&mut tx, officer.agency, &mut finding, command, &officer.display_name, now).await?;
        commit(tx).await?;
        Ok(finding)
    }
}

/// A code as it was told: blanks are skipped, full-width digits are digits.
fn digits(typed: &str) -> String {
    let plain = |character: char| match character {
        '０'..='９' => char::from_u32(u32::from(character) - u32::from('０') + u32::from('0')),
        other if other.is_whitespace() => None,
        other => Some(other),
    };
    typed.chars().filter_map(plain).take(20).collect()
}

/// Takes an answer: the finding, the case and the trail, in one transaction.
async fn take(
    tx: &mut PgConnection,
    agency: AgencyId,
    finding: &mut Finding,
    command: AnswerFinding,
    actor: &str,
    now: OffsetDateTime,
) -> Result<(), AnswerFindingError> {
    trace_case(finding.case);
    let mut case = store::case::lock(tx, finding.case).await?.ok_or(AnswerFindingError::NoLink)?;
    let answer = FindingAnswer {
        verdict: command.verdict,
        facts: command.facts,
        evidence: command.evidence,
        answered_by: command.answered_by,
        answer_time: now,
    };
    if !store::finding::answer(tx, finding.finding, &answer).await? {
        return Err(AnswerFindingError::Answered);
    }
    let state = case.state.apply(CaseCommand::ReceiveFinding)?;
    let note = case.note.clone();
    store::case::move_to(tx, &mut case, state, &note).await?;
    let masked = if answer.is_masked() { "（其中的个人信息已隐去）" } else { "" };
    let late = if now > finding.due_time { "（已超时限）" } else { "" };
    let event = CaseEvent {
        time: now,
        actor: finding.department.clone(),
        what: format!("核查反馈：{}{late}{masked}。", answer.verdict.zh()),
    };
    store::case::append_event(tx, agency, case.case, &event).await?;
    let entry = Entry {
        time: now,
        actor: actor.to_owned(),
        action: "finding.answered",
        subject: format!("finding {} of {}", finding.finding, named(&case)),
    };
    audit::record(tx, agency, &[entry]).await?;
    finding.answer = Some(answer);
    Ok(())
}

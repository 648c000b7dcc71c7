//! A department's own page: what it is asked, and its answer. The link's secret is the authority; nobody signs
//! in.

use ids::{AgencyId, FindingId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::desk::{Desk, commit, named, trace_case};
use crate::domain::audit::Entry;
use crate::domain::case::{CaseCommand, CaseRefusal};
use crate::domain::draft::Verdict;
use crate::domain::finding::{Finding, FindingAnswer};
use crate::domain::officer::Officer;
use crate::secrets::CarriedSecret;
use crate::store::case::CaseEvent;
use crate::store::{self, StoreError};

/// What a department sees.
pub struct Asked {
    /// The question, and the answer once given.
    pub finding: Finding,
    /// What is being said.
    pub sentence: String,
    /// Who asks.
    pub agency_name: String,
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

/// Why the answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerFindingError {
    /// No question has this link.
    #[error("no question has this link")]
    NoLink,
    /// It was answered before.
    #[error("this question was answered before")]
    Answered,
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Shows a department what it is asked.
    ///
    /// # Errors
    /// `NoLink` when the secret is no link's.
    pub async fn get_finding_request(&self, link_secret: &str) -> Result<Asked, AnswerFindingError> {
        let secret = CarriedSecret::read(link_secret).ok_or(AnswerFindingError::NoLink)?;
        let mut tx = self.begin(secret.agency).await?;
        let finding = store::finding::by_link(&mut tx, &secret.sha256()).await?;
        let finding = finding.ok_or(AnswerFindingError::NoLink)?;
        let case = store::case::get(&mut tx, finding.case).await?.ok_or(AnswerFindingError::NoLink)?;
        let agency = store::agency::get(&mut tx, secret.agency).await?.ok_or(AnswerFindingError::NoLink)?;
        commit(tx).await?;
        Ok(Asked { finding, sentence: case.sentence, agency_name: agency.name })
    }

    /// Takes a department's answer, once.
    ///
    /// # Errors
    /// `NoLink`, or `Answered` when there is an answer already.
    pub async fn answer_finding(
        &self,
        link_secret: &str,
        command: AnswerFinding,
    ) -> Result<Finding, AnswerFindingError> {
        let secret = CarriedSecret::read(link_secret).ok_or(AnswerFindingError::NoLink)?;
        let now = self.now();
        let mut tx = self.begin(secret.agency).await?;
        let finding = store::finding::by_link(&mut tx, &secret.sha256()).await?;
        let mut finding = finding.ok_or(AnswerFindingError::NoLink)?;
        // The department is the actor; who answered for it is in the finding, not in the trail.
        let actor = finding.department.clone();
        take(&mut tx, secret.agency, &mut finding, command, &actor, now).await?;
        runtime::crash_point!("approval.answer_finding.before_commit");
        commit(tx).await?;
        Ok(finding)
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
        take(&mut tx, officer.agency, &mut finding, command, &officer.display_name, now).await?;
        commit(tx).await?;
        Ok(finding)
    }
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

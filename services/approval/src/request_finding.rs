//! Asking a department for a finding.

use ids::{AgencyId, CaseId, FindingId};
use time::Duration;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::{CaseCommand, CaseRefusal};
use crate::domain::finding::{Finding, Link};
use crate::domain::officer::Officer;
use crate::store::replay::{Claimed, Request, Subject};
use crate::store::{self, StoreError};

/// Links are counted from here on; 0 stands for those from before.
const FIRST_LINK: i32 = 1;

/// A question to a department.
pub struct RequestFinding {
    /// The caller's id of this request.
    pub request: Uuid,
    /// The case.
    pub case: CaseId,
    /// Who is asked.
    pub department: String,
    /// What is asked.
    pub question: String,
    /// How long the department has.
    pub due_in: Duration,
}

/// A question with what opens it.
pub struct IssuedLink {
    /// The question.
    pub finding: Finding,
    /// For the department's link.
    pub secret: String,
    /// To be told by phone.
    pub code: String,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum RequestFindingError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// The request's id was used for something else.
    #[error("this request id was used for another request")]
    RequestReused,
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Asks a department, and gives the secret of its own link.
    ///
    /// # Errors
    /// When the case is not there or dismissed.
    pub async fn request_finding(
        &self,
        officer: &Officer,
        command: &RequestFinding,
    ) -> Result<IssuedLink, RequestFindingError> {
        trace_case(command.case);
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let asked = (command.case, &command.department, &command.question, command.due_in.whole_seconds());
        let request = Request::new(command.request, "request_finding", &asked);
        let id = FindingId::mint();
        let subject = Subject { id: id.as_uuid(), revision: 0 };
        match store::replay::claim(&mut tx, officer.agency, &request, subject).await? {
            Claimed::Mismatch => return Err(RequestFindingError::RequestReused),
            Claimed::Before(subject) => {
                let before = FindingId::from_uuid(subject.id);
                let finding = store::finding::get(&mut tx, before).await?;
                let finding = finding.ok_or(RequestFindingError::NoCase)?;
                return Ok(self.issued(officer.agency, finding));
            }
            Claimed::New => {}
        }
        let mut case = store::case::lock(&mut tx, command.case).await?.ok_or(RequestFindingError::NoCase)?;
        let state = case.state.apply(CaseCommand::AskFinding)?;
        let secret = self.pepper.finding_secret(officer.agency, id, FIRST_LINK);
        let code = self.pepper.finding_code(id, FIRST_LINK);
        let code_mac = Some(self.pepper.finding_code_mac(id, FIRST_LINK, &code));
        let finding = Finding {
            finding: id,
            case: command.case,
            department: command.department.clone(),
            question: command.question.clone(),
            ask_time: now,
            due_time: now + command.due_in,
            answer: None,
            link: Link { number: FIRST_LINK, code_mac, withdrawn: false },
        };
        store::finding::insert(&mut tx, officer.agency, &finding, officer.person, &secret.sha256()).await?;
        let note = case.note.clone();
        store::case::move_to(&mut tx, &mut case, state, &note).await?;
        let what = format!("请{}核查，限{}分钟。", command.department, command.due_in.whole_minutes());
        tell(&mut tx, officer, case.case, now, what).await?;
        let subject = format!("finding {id} of {}", named(&case));
        audit::record(&mut tx, officer.agency, &[deed(officer, now, "finding.requested", subject)]).await?;
        runtime::crash_point!("approval.request_finding.before_commit");
        commit(tx).await?;
        Ok(IssuedLink { finding, secret: secret.text(), code })
    }

    /// A question with what opens it now. A link from before there were codes has none.
    pub fn issued(&self, agency: AgencyId, finding: Finding) -> IssuedLink {
        let number = finding.link.number;
        let secret = self.pepper.finding_secret(agency, finding.finding, number).text();
        let has_code = finding.link.code_mac.is_some();
        let code = if has_code { self.pepper.finding_code(finding.finding, number) } else { String::new() };
        IssuedLink { finding, secret, code }
    }
}

//! A department's link, issued anew or withdrawn. Links travel by chat: what went to the wrong people is withdrawn,
//! and what ended before it was answered is issued again.

use ids::FindingId;
use time::Duration;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::CaseState;
use crate::domain::finding::{Finding, Link};
use crate::domain::officer::Officer;
use crate::request_finding::IssuedLink;
use crate::store::replay::{Claimed, Request, Subject};
use crate::store::{self, StoreError};

/// A link to be issued anew.
pub struct ReissueLink {
    /// The caller's id of this request.
    pub request: Uuid,
    /// The question.
    pub finding: FindingId,
    /// How long the department has from now on.
    pub due_in: Duration,
}

/// Why a link stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is no such question in this agency.
    #[error("no such finding")]
    NoFinding,
    /// It was answered: there is nothing to link to.
    #[error("this question was answered before")]
    Answered,
    /// Its case is closed.
    #[error("the case is closed")]
    Closed,
    /// The request's id was used for something else.
    #[error("this request id was used for another request")]
    RequestReused,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Issues the link of a question anew, with another code. The one before stops working.
    ///
    /// # Errors
    /// When it was answered, or its case is closed.
    pub async fn reissue_link(
        &self,
        officer: &Officer,
        command: &ReissueLink,
    ) -> Result<IssuedLink, LinkError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let asked = (command.finding, command.due_in.whole_seconds());
        let request = Request::new(command.request, "reissue_link", &asked);
        let subject = Subject { id: command.finding.as_uuid(), revision: 0 };
        match store::replay::claim(&mut tx, officer.agency, &request, subject).await? {
            Claimed::Mismatch => return Err(LinkError::RequestReused),
            Claimed::Before(_) => {
                let finding = store::finding::get(&mut tx, command.finding).await?;
                return Ok(self.issued(officer.agency, finding.ok_or(LinkError::NoFinding)?));
            }
            Claimed::New => {}
        }
        let found = store::finding::get(&mut tx, command.finding).await?.ok_or(LinkError::NoFinding)?;
        trace_case(found.case);
        let case = store::case::lock(&mut tx, found.case).await?.ok_or(LinkError::NoFinding)?;
        // Read again under the lock: another may have issued one meanwhile.
        let found = store::finding::get(&mut tx, command.finding).await?.ok_or(LinkError::NoFinding)?;
        if case.state == CaseState::Dismissed {
            return Err(LinkError::Closed);
        }
        let number = found.link.number.saturating_add(1);
        let secret = self.pepper.finding_secret(officer.agency, found.finding, number);
        let code = self.pepper.finding_code(found.finding, number);
        let code_mac = Some(self.pepper.finding_code_mac(found.finding, number, &code));
        let finding = Finding {
            due_time: now + command.due_in,
            link: Link { number, code_mac, withdrawn: false },
            ..found
        };
        if !store::finding::reissue(&mut tx, &finding, &secret.sha256()).await? {
            return Err(LinkError::Answered);
        }
        let minutes = command.due_in.whole_minutes();
        let what = format!("向{}重发核查链接，限{minutes}分钟；原链接作废。", finding.department);
        tell(&mut tx, officer, case.case, now, what).await?;
        let subject = format!("finding {} of {}", finding.finding, named(&case));
        let entry = deed(officer, now, "finding.link_reissued", subject);
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        commit(tx).await?;
        Ok(IssuedLink { finding, secret: secret.text(), code })
    }

    /// Withdraws the link of a question; again is as good.
    ///
    /// # Errors
    /// When it was answered.
    pub async fn withdraw_link(&self, officer: &Officer, finding: FindingId) -> Result<Finding, LinkError> {
        let now = self.now();
        let mut tx = self.begin(officer.agency).await?;
        let found = store::finding::get(&mut tx, finding).await?.ok_or(LinkError::NoFinding)?;
        trace_case(found.case);
        let case = store::case::lock(&mut tx, found.case).await?.ok_or(LinkError::NoFinding)?;
        if store::finding::withdraw(&mut tx, finding, now).await? {
            let what = format!("作废给{}的核查链接。", found.department);
            tell(&mut tx, officer, case.case, now, what).await?;
            let subject = format!("finding {finding} of {}", named(&case));
            let entry = deed(officer, now, "finding.link_withdrawn", subject);
            audit::record(&mut tx, officer.agency, &[entry]).await?;
        }
        let found = store::finding::get(&mut tx, finding).await?.ok_or(LinkError::NoFinding)?;
        if found.answer.is_some() {
            return Err(LinkError::Answered);
        }
        commit(tx).await?;
        Ok(found)
    }
}

//! Opening a case that answers no claim.

use ids::CaseId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::CaseFile;
use crate::domain::officer::Officer;
use crate::store::replay::{Claimed, Request, Subject};
use crate::store::{self, StoreError};

/// What the notice is about.
pub struct OpenNotice {
    /// The caller's id of this request.
    pub request: Uuid,
    /// One sentence.
    pub sentence: String,
}

/// Why no case was opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenNoticeError {
    /// The request's id was used for something else.
    #[error("this request id was used for another request")]
    RequestReused,
    /// The agency is not set up here.
    #[error("the agency is not in this database")]
    UnknownAgency,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// Opens a case for a notice.
    ///
    /// # Errors
    /// When the request id was used otherwise.
    pub async fn open_notice(
        &self,
        officer: &Officer,
        command: &OpenNotice,
    ) -> Result<CaseFile, OpenNoticeError> {
        let mut tx = self.begin(officer.agency).await?;
        let case = open(&mut tx, officer, command, self.now()).await?;
        runtime::crash_point!("approval.open_notice.before_commit");
        commit(tx).await?;
        Ok(case)
    }
}

/// Opens it in the caller's transaction.
pub async fn open(
    tx: &mut PgConnection,
    officer: &Officer,
    command: &OpenNotice,
    now: OffsetDateTime,
) -> Result<CaseFile, OpenNoticeError> {
    let request = Request::new(command.request, "open_notice", &command.sentence);
    let case = CaseId::mint();
    let subject = Subject { id: case.as_uuid(), revision: 0 };
    let case = match store::replay::claim(tx, officer.agency, &request, subject).await? {
        Claimed::Mismatch => return Err(OpenNoticeError::RequestReused),
        Claimed::Before(subject) => {
            let before = store::case::get(tx, CaseId::from_uuid(subject.id)).await?;
            return before.ok_or(OpenNoticeError::UnknownAgency);
        }
        Claimed::New => case,
    };
    trace_case(case);
    let codes = store::agency::take_case_codes(tx, officer.agency, 1).await?;
    let code = codes.and_then(|mut codes| codes.pop()).ok_or(OpenNoticeError::UnknownAgency)?;
    store::case::insert_notice(tx, officer.agency, case, &code, &command.sentence, now).await?;
    tell(tx, officer, case, now, "新建工单。".to_owned()).await?;
    let file = store::case::get(tx, case).await?.ok_or(OpenNoticeError::UnknownAgency)?;
    audit::record(tx, officer.agency, &[deed(officer, now, "case.opened", named(&file))]).await?;
    Ok(file)
}

//! Saving a draft: always a new revision. Reviews and sign-offs belong to the revision that they were made
//! on and never carry over (G7).

use ids::{CaseId, ClarificationId};
use signoff::content::content_hash;
use signoff::malformed::Malformed;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed, named, tell, trace_case};
use crate::domain::case::{CaseCommand, CaseRefusal};
use crate::domain::content::{Place, content};
use crate::domain::draft::Draft;
use crate::domain::officer::Officer;
use crate::domain::revision::{Revision, RevisionCommand, RevisionState};
use crate::store::clarification::NewRevision;
use crate::store::replay::{Claimed, Request, Subject};
use crate::store::{self, StoreError};

/// A draft to be kept.
pub struct SaveDraft {
    /// The caller's id of this request.
    pub request: Uuid,
    /// The case.
    pub case: CaseId,
    /// The clarification to revise; `None` starts a new one.
    pub clarification: Option<ClarificationId>,
    /// The revision that the drafter saw; 0 for a new clarification.
    pub expected_revision: u64,
    /// The boxes.
    pub draft: Draft,
}

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveDraftError {
    /// There is no such case in this agency.
    #[error("no such case")]
    NoCase,
    /// There is no such clarification of this case.
    #[error("no such clarification")]
    NoClarification,
    /// Somebody saved a newer revision in the meantime.
    #[error("a newer revision was saved in the meantime")]
    Stale,
    /// A box is longer than can be kept, or holds what cannot.
    #[error("a box is too long or holds what cannot be kept")]
    CannotBeKept,
    /// The content cannot be written in canonical form.
    #[error("the draft cannot be written in canonical form")]
    Unwritable(#[from] Malformed),
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
    /// Saves a draft as a new revision.
    ///
    /// # Errors
    /// When the clarification changed, or the case takes no drafts.
    pub async fn save_draft(
        &self,
        officer: &Officer,
        command: &SaveDraft,
    ) -> Result<Revision, SaveDraftError> {
        trace_case(command.case);
        let mut tx = self.begin(officer.agency).await?;
        let revision = save(&mut tx, officer, command, self.now()).await?;
        runtime::crash_point!("approval.save_draft.before_commit");
        commit(tx).await?;
        runtime::crash_point!("approval.save_draft.after_commit");
        Ok(revision)
    }
}

/// Saves it in the caller's transaction.
pub async fn save(
    tx: &mut PgConnection,
    officer: &Officer,
    command: &SaveDraft,
    now: OffsetDateTime,
) -> Result<Revision, SaveDraftError> {
    if !command.draft.can_be_kept() {
        return Err(SaveDraftError::CannotBeKept);
    }
    let place = Place {
        agency: officer.agency,
        case: command.case,
        clarification: command.clarification.unwrap_or_else(ClarificationId::mint),
        revision: command.expected_revision.saturating_add(1),
    };
    let asked = (command.case, command.clarification, command.expected_revision, &command.draft);
    let request = Request::new(command.request, "save_draft", &asked);
    let number = i64::try_from(place.revision).map_err(|_| SaveDraftError::Stale)?;
    let subject = Subject { id: place.clarification.as_uuid(), revision: number };
    match store::replay::claim(tx, officer.agency, &request, subject).await? {
        Claimed::Mismatch => return Err(SaveDraftError::RequestReused),
        Claimed::Before(subject) => {
            let clarification = ClarificationId::from_uuid(subject.id);
            let before =
                store::clarification::revision(tx, clarification, subject.revision.cast_unsigned()).await?;
            return before.ok_or(SaveDraftError::NoClarification);
        }
        Claimed::New => {}
    }
    let mut case = store::case::lock(tx, command.case).await?.ok_or(SaveDraftError::NoCase)?;
    let state = case.state.apply(CaseCommand::SaveDraft)?;
    take_the_place(tx, command, place).await?;

    let matter = store::case::matter(tx, &case).await?;
    let document = content(place, &matter, &command.draft).encode()?;
    let new = NewRevision {
        place,
        draft: &command.draft,
        content_hash: content_hash(&document),
        content: &document,
        drafter: officer.person,
        save_time: now,
        corrections: store::correction::count_of(tx, case.case).await?,
    };
    store::clarification::insert_revision(tx, &new).await?;
    store::case::move_to(tx, &mut case, state, "").await?;
    tell(tx, officer, case.case, now, format!("保存稿件第{}稿。", place.revision)).await?;
    let subject =
        format!("clarification {} revision {} of {}", place.clarification, place.revision, named(&case));
    audit::record(tx, officer.agency, &[deed(officer, now, "draft.saved", subject)]).await?;
    let saved = store::clarification::revision(tx, place.clarification, place.revision).await?;
    saved.ok_or(SaveDraftError::NoClarification)
}

/// Starts the clarification, or takes its next revision and puts the one before aside.
async fn take_the_place(
    tx: &mut PgConnection,
    command: &SaveDraft,
    place: Place,
) -> Result<(), SaveDraftError> {
    if command.clarification.is_none() {
        if command.expected_revision != 0 {
            return Err(SaveDraftError::Stale);
        }
        return Ok(store::clarification::insert(tx, place, command.draft.kind).await?);
    }
    let clarification = store::clarification::lock(tx, place.clarification).await?;
    let clarification = clarification
        .filter(|clarification| clarification.case == place.case)
        .ok_or(SaveDraftError::NoClarification)?;
    if clarification.latest_revision.cast_unsigned() != command.expected_revision {
        return Err(SaveDraftError::Stale);
    }
    let before = store::clarification::revision(tx, place.clarification, command.expected_revision).await?;
    let mut before = before.ok_or(SaveDraftError::NoClarification)?;
    // What is out stays signed until the new revision is; a revoked one stays revoked.
    if before.state != RevisionState::Signed
        && let Ok(state) = before.state.apply(RevisionCommand::Supersede)
    {
        let reason = before.return_reason.clone();
        store::clarification::move_to(tx, &mut before, state, &reason).await?;
    }
    Ok(store::clarification::advance(tx, place, command.draft.kind).await?)
}

//! Taking a person's word where the machine cannot know whether something is public.

use grpc::Caller;
use ids::PublicationId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::change::{ChangeError, change};
use crate::deed::{Action, Deed};
use crate::domain::publication::{Command, Publication, State};
use crate::store;
use crate::store::request::{Claimed, Request};

/// What a person saw.
#[derive(Clone, Debug)]
pub struct Resolve {
    /// Names the command.
    pub request: Uuid,
    /// The publication.
    pub publication: PublicationId,
    /// The state that the person saw.
    pub expected_state_revision: u64,
    /// Whether it is public.
    pub is_public: bool,
    /// Where it was seen, or why it is not public.
    pub note: String,
}

/// Why a person's word was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// There is no such publication.
    #[error("there is no publication {0}")]
    NotFound(PublicationId),
    /// It changed since the person looked.
    #[error("the publication has changed since")]
    Changed,
    /// The command's id was used for another one.
    #[error("the request id was used for another command")]
    RequestReused,
    /// It is not uncertain.
    #[error("the publication is {0}, so there is nothing to resolve")]
    NotUncertain(&'static str),
    /// The database refused.
    #[error("a person's word could not be recorded")]
    Change(#[from] ChangeError),
}

impl From<sqlx::Error> for ResolveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Change(error.into())
    }
}

/// Records what a person saw. The agency's gate is closed. The same command again changes nothing.
///
/// # Errors
/// When there is nothing to resolve, or not as the person saw it.
pub async fn resolve(
    tx: &mut PgConnection,
    resolve: &Resolve,
    caller: &Caller,
    now: OffsetDateTime,
) -> Result<Publication, ResolveError> {
    let found = store::publication::lock(tx, resolve.publication).await?;
    let publication = found.ok_or(ResolveError::NotFound(resolve.publication))?;
    let agency = publication.agency;
    let request = Request {
        id: resolve.request,
        operation: "resolve_uncertain",
        asked: format!("{} {}", resolve.publication, resolve.is_public),
    };
    match store::request::claim(tx, agency, &request).await? {
        Claimed::New => {}
        Claimed::Before => return Ok(publication),
        Claimed::Mismatch => return Err(ResolveError::RequestReused),
    }
    if publication.state_revision != resolve.expected_state_revision {
        return Err(ResolveError::Changed);
    }
    if ![State::Uncertain, State::NeedsPerson].contains(&publication.state) {
        return Err(ResolveError::NotUncertain(publication.state.as_str()));
    }
    let note = resolve.note.trim();
    let by = &caller.display_name;
    let command = if resolve.is_public {
        Command::Confirm { platform_id: None, url: None, reason: format!("{by}核对：已公开。{note}") }
    } else {
        Command::Fail { reason: format!("{by}核对：没有公开，系统不会再发。{note}") }
    };
    let subjects = [
        ("publication", publication.id.to_string()),
        ("is_public", resolve.is_public.to_string()),
        ("case", publication.case.to_string()),
    ];
    let action = Action::PublicationResolved;
    Deed { caller, action, subjects: &subjects, reason: note, time: now }.record(tx).await?;
    Ok(change(tx, publication, command, now).await?)
}

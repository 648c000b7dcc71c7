//! A person's own sessions: where they are signed in, and the end of one that they do not know.

use uuid::Uuid;

use crate::audit;
use crate::desk::{Desk, commit, deed};
use crate::domain::officer::Officer;
use crate::issue_token::live;
use crate::secrets::CarriedSecret;
use crate::store::session::Listed;
use crate::store::{self, StoreError};

/// Sessions that are shown at once.
const SHOWN_MAX: i64 = 100;

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndSessionError {
    /// This person has no such session.
    #[error("no such session of this person")]
    NoSession,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// The sessions of the calling person; `session_secret` says which is the caller's.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_sessions(
        &self,
        officer: &Officer,
        session_secret: &str,
    ) -> Result<Vec<Listed>, StoreError> {
        // A secret that is none is no session's.
        let this = CarriedSecret::read(session_secret).map_or([0; 32], |secret| secret.sha256());
        let mut tx = self.begin(officer.agency).await?;
        let sessions =
            store::session::list(&mut tx, officer.person, &this, &live(self.now()), SHOWN_MAX).await?;
        commit(tx).await?;
        Ok(sessions)
    }

    /// Ends one of the calling person's sessions.
    ///
    /// # Errors
    /// `NoSession` when it is not theirs, or has ended.
    pub async fn end_session(&self, officer: &Officer, session: Uuid) -> Result<(), EndSessionError> {
        let mut tx = self.begin(officer.agency).await?;
        if !store::session::delete_one(&mut tx, officer.person, session).await? {
            return Err(EndSessionError::NoSession);
        }
        let entry = deed(officer, self.now(), "person.session_ended", format!("session {session}"));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        Ok(commit(tx).await?)
    }
}

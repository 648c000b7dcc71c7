//! The people of an agency as an administrator sees them: who must wait after wrong codes, and the end of that
//! wait.

use ids::{AgencyId, PersonId};

use crate::audit;
use crate::desk::{Desk, commit, deed};
use crate::domain::officer::Officer;
use crate::issue_token::live;
use crate::store::person::Listed;
use crate::store::{self, StoreError};

/// Why a person was not unlocked.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// There is no such person in this agency.
    #[error("no such person")]
    NoPerson,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk {
    /// One page of an agency's people by sign-in name, and the name behind which the next begins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_people(
        &self,
        agency: AgencyId,
        after: Option<String>,
        size: i64,
    ) -> Result<(Vec<Listed>, Option<String>), StoreError> {
        let mut tx = self.begin(agency).await?;
        let after = after.unwrap_or_default();
        let mut people = store::person::list(&mut tx, agency, &after, size + 1, &live(self.now())).await?;
        commit(tx).await?;
        let more = i64::try_from(people.len()).is_ok_and(|found| found > size);
        if more {
            people.pop();
        }
        let next = people.last().filter(|_| more).map(|person| person.login.clone());
        Ok((people, next))
    }

    /// Forgets a person's wrong codes; again is as good.
    ///
    /// # Errors
    /// `NoPerson` when there is no such person.
    pub async fn unlock_person(&self, officer: &Officer, person: PersonId) -> Result<(), UnlockError> {
        let mut tx = self.begin(officer.agency).await?;
        let name = store::person::display_name(&mut tx, person).await?.ok_or(UnlockError::NoPerson)?;
        store::attempt::forget_person(&mut tx, person).await?;
        let entry = deed(officer, self.now(), "person.unlocked", format!("person {name} {person}"));
        audit::record(&mut tx, officer.agency, &[entry]).await?;
        Ok(commit(tx).await?)
    }
}

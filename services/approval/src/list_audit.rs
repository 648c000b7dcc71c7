//! Reading the audit trail.

use ids::AgencyId;

use crate::desk::{Desk, commit};
use crate::store::audit::ListedEntry;
use crate::store::{self, StoreError};

impl Desk {
    /// One page of the trail, newest first, and the sequence before which the next begins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list_audit(
        &self,
        agency: AgencyId,
        before: Option<i64>,
        size: i64,
    ) -> Result<(Vec<ListedEntry>, Option<i64>), StoreError> {
        let mut tx = self.begin(agency).await?;
        let mut entries = store::audit::list(&mut tx, agency, before.unwrap_or(i64::MAX), size + 1).await?;
        commit(tx).await?;
        let more = i64::try_from(entries.len()).is_ok_and(|found| found > size);
        if more {
            entries.pop();
        }
        let next = entries.last().filter(|_| more).map(|entry| entry.sequence);
        Ok((entries, next))
    }
}

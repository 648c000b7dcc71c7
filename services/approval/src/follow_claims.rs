//! A case for every claim, with the claim's own counts; alarms kept until somebody takes note.
//!
//! A claim's opening and its growth may come in any order and more than once: whichever comes first opens the
//! case, and the newer counts win (G5).

use std::collections::{BTreeMap, HashSet};

use ids::{AgencyId, CaseId, ClaimId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::audit;
use crate::domain::audit::Entry;
use crate::store::case::{ClaimCounts, OpenedByClaim};
use crate::store::{self, StoreError};

/// Why claims were not followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The agency is not set up here.
    #[error("the agency is not in this database")]
    UnknownAgency,
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes over what events say about claims; gives the cases that they opened.
pub async fn follow(
    tx: &mut PgConnection,
    agency: AgencyId,
    claims: impl IntoIterator<Item = &ClaimCounts>,
    now: OffsetDateTime,
) -> Result<Vec<(ClaimId, CaseId)>, FollowError> {
    // The newest word on each claim, in the order of their ids, so that two consumers lock alike.
    let mut newest: BTreeMap<ClaimId, &ClaimCounts> = BTreeMap::new();
    for claim in claims {
        let kept = newest.entry(claim.claim).or_insert(claim);
        if kept.claim_state_revision < claim.claim_state_revision {
            *kept = claim;
        }
    }
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ClaimId> = newest.keys().copied().collect();
    let mut known: HashSet<ClaimId> =
        store::case::claims_with_case(tx, agency, &ids).await?.into_iter().collect();
    if known.len() < ids.len() {
        // Another consumer may have opened one of them in the meantime: look again under the lock.
        store::agency::lock_counter(tx, agency).await?;
        known = store::case::claims_with_case(tx, agency, &ids).await?.into_iter().collect();
    }
    let (grown, new): (Vec<&ClaimCounts>, Vec<&ClaimCounts>) =
        newest.values().copied().partition(|claim| known.contains(&claim.claim));
    if !grown.is_empty() {
        store::case::grow(tx, agency, &grown).await?;
    }
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let codes = store::agency::take_case_codes(tx, agency, new.len()).await?;
    let codes = codes.ok_or(FollowError::UnknownAgency)?;
    let opened: Vec<OpenedByClaim<'_>> = new
        .into_iter()
        .zip(codes)
        .map(|(claim, code)| OpenedByClaim { case: CaseId::mint(), code, claim })
        .collect();
    store::case::insert_for_claims(tx, agency, &opened, now).await?;
    let cases: Vec<CaseId> = opened.iter().map(|one| one.case).collect();
    store::case::append_machine_events(tx, agency, &cases, "由线索汇集成工单。", now).await?;
    let entries: Vec<Entry> = opened
        .iter()
        .map(|one| Entry {
            time: now,
            actor: audit::SYSTEM.to_owned(),
            action: "case.opened",
            subject: format!("case {} {}", one.code, one.case),
        })
        .collect();
    audit::record(tx, agency, &entries).await?;
    Ok(opened.into_iter().map(|one| (one.claim.claim, one.case)).collect())
}

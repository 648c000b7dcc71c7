//! Looks which claims may be one, and which one may be two, and puts it to a person. Nothing is merged or split here.
//!
//! It works behind the decisions, claim by claim, so that gathering reports never waits for it. Which claims wait to
//! be looked at is a row's flag; what was suggested about a pair once is never suggested again, whatever was decided.

use std::time::Duration;

use ids::{AgencyId, ClaimId, ReportId};
use runtime::{Clock, Lifecycle};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::decide::Decide;
use crate::known::{Known, claim_of_match};
use crate::store::suggestions::{self, Compared, Suggested};
use crate::store::{changes, claims, lock_agency};
use judgement::apart::apart;
use judgement::matching::Match;
use judgement::normalise::normalise;
use judgement::profile::Profile;
use judgement::reason::Reason;

/// How often claims are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Claims looked at while the agency's lock is held: some milliseconds.
const CLAIMS_AT_ONCE: i64 = 20;

/// Rounds in one look at one agency: a flood of new claims waits rather than slowing the decisions down.
const ROUNDS_MAX: usize = 10;

/// Texts of a claim that are compared: the first, and the newest of the others.
const TEXTS_COMPARED: usize = 4;

/// The newest reports that are compared with the opening words.
const REPORTS_COMPARED: i64 = 20;

/// Makes suggestions.
pub struct Suggest {
    /// This service's database.
    pub pool: PgPool,
    /// What is known.
    pub decide: Decide,
    /// When suggestions are made.
    pub clock: Clock,
}

impl Suggest {
    /// Works until the soft stop. A database that is away is waited for.
    ///
    /// # Errors
    /// Never; the signature is that of every task.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let soft = lifecycle.soft();
        while !soft.is_cancelled() {
            if let Err(error) = self.look().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not compare claims");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
        }
        Ok(())
    }

    async fn look(&self) -> sqlx::Result<()> {
        for agency in claims::agencies(&self.pool).await? {
            for _ in 0..ROUNDS_MAX {
                if self.compare(agency).await? < CLAIMS_AT_ONCE {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Compares some claims of an agency; returns how many.
    async fn compare(&self, agency: AgencyId) -> sqlx::Result<i64> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        if !suggestions::any_to_compare(&mut tx, agency).await? {
            return Ok(0);
        }
        lock_agency(&mut tx, agency).await?;
        let compared = suggestions::to_compare(&mut tx, agency, CLAIMS_AT_ONCE).await?;
        let known = self.decide.known(agency);
        let mut known = known.lock().await;
        // Before the first decision nothing is in memory; it is looked at after that one.
        let Some(known) = &mut *known else { return Ok(0) };
        known.catch_up(&mut tx, agency).await?;
        let now = self.clock.now();
        for claim in &compared {
            let texts = changes::texts_of(&mut tx, agency, claim.claim).await?;
            if let Some(near) = nearest(known, claim.claim, &texts) {
                suggestions::insert(&mut tx, agency, &one(claim.claim, near), now).await?;
            }
            look_apart(&mut tx, agency, claim, &texts, now).await?;
        }
        let ids: Vec<ClaimId> = compared.iter().map(|claim| claim.claim).collect();
        suggestions::mark_compared(&mut tx, agency, &ids).await?;
        tx.commit().await?;
        Ok(i64::try_from(compared.len()).unwrap_or(CLAIMS_AT_ONCE))
    }
}

/// The other open claim that is nearest to any of these texts.
fn nearest(known: &Known, claim: ClaimId, texts: &[String]) -> Option<Match> {
    let newest = texts.iter().skip(1).rev().take(TEXTS_COMPARED - 1);
    let near = texts.first().into_iter().chain(newest).filter_map(|text| {
        let profile = Profile::of(&normalise(text));
        known.neighbour(&profile, claim)
    });
    near.max_by(|ours, theirs| ours.similarity.total_cmp(&theirs.similarity))
}

fn one(claim: ClaimId, near: Match) -> Suggested {
    let other = claim_of_match(near.id);
    Suggested::Merge {
        // Ids order nothing; they only make the pair one and the same from both sides.
        claim: claim.min(other),
        other: claim.max(other),
        similarity: near.similarity,
        reasons: near.reasons,
    }
}

/// Looks whether a claim's newest reports still speak of what it was opened with.
async fn look_apart(
    tx: &mut PgConnection,
    agency: AgencyId,
    claim: &Compared,
    texts: &[String],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let Some(opening) = texts.first() else { return Ok(()) };
    let later = suggestions::later_reports(tx, agency, claim.claim, REPORTS_COMPARED).await?;
    let profiles: Vec<Profile> =
        later.iter().map(|report| Profile::of(&normalise(&report.masked_text))).collect();
    let Some(apart) = apart(&Profile::of(&normalise(opening)), &profiles) else { return Ok(()) };
    let unlike: Vec<_> = apart.unlike.iter().filter_map(|&at| later.get(at)).collect();
    let reports: Vec<ReportId> = unlike.iter().map(|report| report.report).collect();
    let detail = format!(
        "最近{}条线索与最初说法的平均相似度只有{:.0}%，其中{}条几乎没有相同的字词",
        later.len(),
        apart.mean * 100.0,
        unlike.len()
    );
    let suggested = Suggested::Split {
        claim: claim.claim,
        similarity: apart.mean,
        reasons: vec![Reason::new("apart.mean", detail, f64::from(1.0 - apart.mean))],
        text: unlike.first().map(|report| report.masked_text.clone()).unwrap_or_default(),
        reports,
    };
    suggestions::insert(tx, agency, &suggested, now).await
}

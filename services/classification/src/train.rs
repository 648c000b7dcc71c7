//! Trains an agency's model on what its office decided, and lets it take over only if it is not worse than the
//! active one on decisions that neither has seen.
//!
//! An operator's command, beside the running service: replicas notice the new version by themselves. It trains
//! the hint for order and nothing else; no text leaves the agency's database.

use ids::AgencyId;
use judgement::learn::likelihood::{Labelled, Likelihood, Source};
use judgement::learn::metrics::{Bin, Outcome, auc, calibration_error, reliability};
use judgement::learn::packed::Unreadable;
use judgement::learn::{ROWS_MIN, TooFew};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::store::models::{self, DecidedClaim, Version};
use crate::store::lock_agency;

/// The newest part of the office's decisions is held out: one of so many.
const HELD_ONE_OF: usize = 4;

/// Where a model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It gives the hints.
    Active,
    /// It gave them before, and can again.
    Retired,
    /// It was worse than the one that was active.
    Refused,
}

impl State {
    /// Its name in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Refused => "refused",
        }
    }
}

/// What was measured on held-out decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// How many decisions were held out and unseen by the active model too.
    pub held: usize,
    /// The new model's area under the curve; `None` where too few decisions were held out to tell.
    pub auc: Option<f64>,
    /// That of the model that was active then, on the same decisions.
    pub active_auc: Option<f64>,
    /// By how much predicted and observed shares differ.
    pub calibration_error: Option<f64>,
    /// Predicted and observed shares, in tenths.
    pub reliability: Vec<Bin>,
}

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Too little to learn from.
    #[error("the office has decided too little, and no labelled folder makes up for it")]
    TooFew(#[from] TooFew),
    /// The active model is of another version of the program.
    #[error("the active model cannot be read: roll it back or retire it first")]
    Unreadable(#[from] Unreadable),
    /// Nothing to roll back.
    #[error("no model is active")]
    NoneActive,
    /// The database failed.
    #[error("the database failed; nothing was changed")]
    Database(#[from] sqlx::Error),
}

/// Whether a decision says that a claim was a rumor; `None` where it says neither.
fn was_rumor(decision: &str) -> Option<bool> {
    match decision {
        "false" | "partly_false" | "misleading" | "outdated" => Some(true),
        "true" | "dismissed" => Some(false),
        _ => None,
    }
}

/// Whether a new model may take over: it must not be worse than the active one where both were measured, nor than
/// chance. What could not be measured takes over only where nothing is active.
fn may_take_over(new: Option<f64>, active: Option<f64>, is_one_active: bool) -> bool {
    match (new, active) {
        (Some(new), Some(active)) => new >= active,
        (Some(new), None) => !is_one_active && new >= 0.5,
        (None, _) => !is_one_active,
    }
}

/// Trains a model on the office's decisions and `lent` rows, and stores it.
///
/// # Errors
/// When there is too little to learn from, or the database is away.
pub async fn train(
    pool: &PgPool,
    agency: AgencyId,
    lent: &[Labelled<'_>],
    now: OffsetDateTime,
) -> Result<Version, TrainError> {
    let mut tx = database::agency_tx(pool, agency).await?;
    let decided = models::decisions(&mut tx, agency).await?;
    let versions = models::versions(&mut tx, agency).await?;
    let active = versions.iter().find(|version| version.state == State::Active);
    let active = match active {
        None => None,
        Some(version) => {
            let weights = models::weights(&mut tx, agency, version.version).await?;
            Some((version, Likelihood::unpack(&weights)?))
        }
    };
    tx.commit().await?;

    let own = own_rows(&decided);
    let border = own.len() - own.len() / HELD_ONE_OF;
    // The active model has learned from what was decided before it was trained; only later claims are new to both.
    let unseen = |time: OffsetDateTime| active.as_ref().is_none_or(|(version, _)| time > version.trained_time);
    let held: Vec<Labelled<'_>> =
        own[border..].iter().filter(|(_, time)| unseen(*time)).map(|&(row, _)| row).collect();
    let learned: Vec<Labelled<'_>> =
        own[..border].iter().map(|&(row, _)| row).chain(lent.iter().copied()).collect();
    let everything: Vec<Labelled<'_>> =
        own.iter().map(|&(row, _)| row).chain(lent.iter().copied()).collect();
    let figures = measure(&held, Likelihood::train(&learned).ok().as_ref(), active.as_ref().map(|(_, model)| model));
    let model = Likelihood::train(&everything)?;
    let takes_over = may_take_over(figures.auc, figures.active_auc, active.is_some());

    let mut tx = database::agency_tx(pool, agency).await?;
    lock_agency(&mut tx, agency).await?;
    // Another training may have ended meanwhile: it wins over ours, which was compared with the one before.
    let newest = models::versions(&mut tx, agency).await?;
    let replaced = newest.iter().find(|version| version.state == State::Active).map(|version| version.version);
    let compared_with = active.as_ref().map(|(version, _)| version.version);
    let state = if takes_over && replaced == compared_with { State::Active } else { State::Refused };
    if let (State::Active, Some(replaced)) = (state, replaced) {
        models::set_state(&mut tx, agency, replaced, State::Retired).await?;
    }
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let version = Version {
        version: newest.first().map_or(1, |newest| newest.version + 1),
        state,
        trained_time: now,
        own_count: count(own.len()),
        lent_count: count(lent.len()),
        figures,
    };
    models::insert(&mut tx, agency, &version, &model.pack()).await?;
    tx.commit().await?;
    Ok(version)
}

/// Every version, newest first.
///
/// # Errors
/// When the database is away.
pub async fn versions(pool: &PgPool, agency: AgencyId) -> Result<Vec<Version>, TrainError> {
    let mut tx = database::agency_tx(pool, agency).await?;
    Ok(models::versions(&mut tx, agency).await?)
}

/// Retires the active model and puts the newest retired one before it back; returns which, or `None` where there
/// was none before and so no hint is given any more.
///
/// # Errors
/// When none is active, or the database is away.
pub async fn roll_back(pool: &PgPool, agency: AgencyId) -> Result<Option<i32>, TrainError> {
    let mut tx = database::agency_tx(pool, agency).await?;
    lock_agency(&mut tx, agency).await?;
    let versions = models::versions(&mut tx, agency).await?;
    let active = versions.iter().find(|version| version.state == State::Active);
    let active = active.ok_or(TrainError::NoneActive)?.version;
    let before = versions
        .iter()
        .find(|version| version.state == State::Retired && version.version < active)
        .map(|version| version.version);
    // Refused, not retired: rolling back twice must not bring it back.
    models::set_state(&mut tx, agency, active, State::Refused).await?;
    if let Some(before) = before {
        models::set_state(&mut tx, agency, before, State::Active).await?;
    }
    tx.commit().await?;
    Ok(before)
}

/// Decisions that say something, oldest first, each with when its claim was first said.
fn own_rows(decided: &[DecidedClaim]) -> Vec<(Labelled<'_>, OffsetDateTime)> {
    decided
        .iter()
        .filter_map(|decided| {
            let row = Labelled {
                text: &decided.masked_text,
                rumor: was_rumor(&decided.decision)?,
                source: Source::Own,
                // Claims are what reports of one thing were gathered in already.
                group: &decided.masked_text,
            };
            Some((row, decided.first_time))
        })
        .collect()
}

fn measure(held: &[Labelled<'_>], new: Option<&Likelihood>, active: Option<&Likelihood>) -> Figures {
    let rumors = held.iter().filter(|row| row.rumor).count();
    let enough = rumors >= ROWS_MIN && held.len() - rumors >= ROWS_MIN;
    let outcomes = |model: Option<&Likelihood>| -> Option<Vec<Outcome>> {
        let model = model.filter(|_| enough)?;
        Some(held.iter().map(|row| (model.probability(row.text, Source::Own), row.rumor)).collect())
    };
    let by_new = outcomes(new);
    Figures {
        held: held.len(),
        auc: by_new.as_deref().map(auc),
        active_auc: outcomes(active).as_deref().map(auc),
        calibration_error: by_new.as_deref().map(calibration_error),
        reliability: by_new.as_deref().map(reliability).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_takes_over_only_where_it_is_not_worse() {
        for (new, active, is_one_active, takes_over) in [
            (Some(0.9), Some(0.8), true, true),
            (Some(0.8), Some(0.8), true, true),
            (Some(0.7), Some(0.8), true, false),
            (Some(0.9), None, false, true),
            (Some(0.4), None, false, false),
            (None, None, false, true),
            (None, None, true, false),
        ] {
            assert_eq!(may_take_over(new, active, is_one_active), takes_over, "{new:?} {active:?}");
        }
    }

    #[test]
    fn a_verdict_that_says_neither_teaches_nothing() {
        assert_eq!(was_rumor("partly_false"), Some(true));
        assert_eq!(was_rumor("true"), Some(false));
        assert_eq!(was_rumor("dismissed"), Some(false));
        for neither in ["unsubstantiated", "pending", ""] {
            assert_eq!(was_rumor(neither), None);
        }
    }
}

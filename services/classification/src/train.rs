//! Trains an agency's models on what its office decided, and lets one take over only if it is not worse than the
//! active one on decisions that neither has seen.
//!
//! An operator's command, beside the running service: replicas notice a new version by themselves. No text leaves
//! the agency's database, and a model decides nothing that a person would not see: one hints at an order, one
//! suggests departments, one says what messages are that no rule knows.

use ids::AgencyId;
use judgement::learn::intents::Intents;
use judgement::learn::likelihood::{Labelled, Likelihood, Source};
use judgement::learn::metrics::{Bin, Outcome, auc, calibration_error, reliability};
use judgement::learn::packed::Unreadable;
use judgement::learn::sorter::{SUPPOSED, Sorted, Sorter};
use judgement::learn::{ROWS_MIN, TooFew};
use judgement::normalise::normalise;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::rulebook::Rulebooks;
use crate::store::models::{self, DecidedClaim};
use crate::store::{intents, lock_agency};
use crate::train_intents;

pub use crate::store::models::Version;

/// The newest part of the office's decisions is held out: one of so many.
pub(crate) const HELD_ONE_OF: usize = 4;

/// The area under the curve of an order that says nothing.
const CHANCE: f64 = 0.5;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The hint for order.
    Likelihood,
    /// Which departments a claim belongs to.
    Topics,
    /// What a message is that no rule knows.
    Intent,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Likelihood, Self::Topics, Self::Intent];

    /// Its name in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Likelihood => "likelihood",
            Self::Topics => "topics",
            Self::Intent => "intent",
        }
    }
}

/// Where a model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is asked.
    Active,
    /// It was asked before, and can be again.
    Retired,
    /// It was worse than the active one, or rolled back.
    Refused,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Retired, Self::Refused];

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
    /// How many decisions were held out and are newer than the active model.
    pub held: usize,
    /// The new model's figure (likelihood: area under the curve; topics: right department first; intent: right
    /// intents); `None` where too few decisions were held out to tell.
    pub new: Option<f64>,
    /// The same of the model that was active then; where none was, of the rules alone, or of chance.
    pub before: Option<f64>,
    /// By how much predicted and observed shares differ.
    pub calibration_error: Option<f64>,
    /// Predicted and observed shares, in tenths.
    pub reliability: Vec<Bin>,
}

/// Why nothing was trained or rolled back.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Too little to learn from.
    #[error("the office has decided too little to learn from")]
    TooFew(#[from] TooFew),
    /// The active model was stored by another version of the program.
    #[error("the active model cannot be compared with: roll it back first")]
    Unreadable(#[from] Unreadable),
    /// Nothing to roll back.
    #[error("no model of this kind is active")]
    NoneActive,
    /// The database failed.
    #[error("the database failed; nothing was changed")]
    Database(#[from] sqlx::Error),
}

/// A model that was trained and measured, not yet stored.
pub(crate) struct Candidate {
    pub(crate) weights: Vec<u8>,
    pub(crate) figures: Figures,
    pub(crate) own_count: usize,
    pub(crate) other_count: usize,
}

/// Trains one kind of model on the office's decisions, and for the hint for order on `lent` rows too, and stores it.
///
/// # Errors
/// When there is too little to learn from, or the database is away.
pub async fn train(
    pool: &PgPool,
    agency: AgencyId,
    kind: Kind,
    lent: &[Labelled<'_>],
    now: OffsetDateTime,
) -> Result<Version, TrainError> {
    let mut tx = database::agency_tx(pool, agency).await?;
    let active = active_of(&models::versions(&mut tx, agency, kind).await?).cloned();
    let weights = match &active {
        None => None,
        Some(active) => Some(models::weights(&mut tx, agency, kind, active.version).await?),
    };
    // What the active model has learned from proves nothing for it: only later claims are new to both.
    let unseen_after = active.as_ref().map(|active| active.trained_time);
    let candidate = match kind {
        Kind::Likelihood => {
            let decided = models::verdicts(&mut tx, agency).await?;
            let before = weights.as_deref().map(Likelihood::unpack).transpose()?;
            tx.commit().await?;
            likelihood(&decided, lent, before.as_ref(), unseen_after)?
        }
        Kind::Topics => {
            let decided = models::departments(&mut tx, agency).await?;
            let before = weights.as_deref().map(Sorter::unpack).transpose()?;
            let current = Rulebooks::default().current(&mut tx, agency).await?;
            tx.commit().await?;
            let first = |text: &str, model: Option<&Sorter>| {
                current.rulebook.routing.route(&normalise(text), model).departments.into_iter().next()
            };
            topics(&decided, first, before.as_ref(), unseen_after)?
        }
        Kind::Intent => {
            let decided = intents::decided(&mut tx, agency).await?;
            let before = weights.as_deref().map(Intents::unpack).transpose()?;
            let current = Rulebooks::default().current(&mut tx, agency).await?;
            tx.commit().await?;
            train_intents::candidate(&decided, &current.rulebook.intent, before.as_ref(), unseen_after)?
        }
    };
    store(pool, agency, kind, active.as_ref(), candidate, now).await
}

async fn store(
    pool: &PgPool,
    agency: AgencyId,
    kind: Kind,
    compared_with: Option<&Version>,
    candidate: Candidate,
    now: OffsetDateTime,
) -> Result<Version, TrainError> {
    let Candidate { weights, figures, own_count, other_count } = candidate;
    let mut tx = database::agency_tx(pool, agency).await?;
    lock_agency(&mut tx, agency).await?;
    let versions = models::versions(&mut tx, agency, kind).await?;
    let replaced = active_of(&versions).map(|version| version.version);
    // Where another training has ended meanwhile, this one was compared with a model that is active no more.
    let compared = replaced == compared_with.map(|version| version.version);
    let takes_over = compared && may_take_over(figures.new, figures.before, replaced.is_some());
    let state = if takes_over { State::Active } else { State::Refused };
    if let (State::Active, Some(replaced)) = (state, replaced) {
        models::set_state(&mut tx, agency, kind, replaced, State::Retired).await?;
    }
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let version = Version {
        version: versions.first().map_or(1, |newest| newest.version + 1),
        state,
        trained_time: now,
        own_count: count(own_count),
        other_count: count(other_count),
        figures,
    };
    models::insert(&mut tx, agency, kind, &version, &weights).await?;
    tx.commit().await?;
    Ok(version)
}

/// Every version of a kind, newest first.
///
/// # Errors
/// When the database is away.
pub async fn versions(pool: &PgPool, agency: AgencyId, kind: Kind) -> Result<Vec<Version>, TrainError> {
    let mut tx = database::agency_tx(pool, agency).await?;
    Ok(models::versions(&mut tx, agency, kind).await?)
}

/// Takes the active model back and puts the newest retired one before it in its place; returns which, or `None`
/// where there was none and so no model is asked any more.
///
/// # Errors
/// When none is active, or the database is away.
pub async fn roll_back(pool: &PgPool, agency: AgencyId, kind: Kind) -> Result<Option<i32>, TrainError> {
    let mut tx = database::agency_tx(pool, agency).await?;
    lock_agency(&mut tx, agency).await?;
    let versions = models::versions(&mut tx, agency, kind).await?;
    let active = active_of(&versions).ok_or(TrainError::NoneActive)?.version;
    let before = versions
        .iter()
        .find(|version| version.state == State::Retired && version.version < active)
        .map(|version| version.version);
    models::set_state(&mut tx, agency, kind, active, State::Refused).await?;
    if let Some(before) = before {
        models::set_state(&mut tx, agency, kind, before, State::Active).await?;
    }
    tx.commit().await?;
    Ok(before)
}

fn active_of(versions: &[Version]) -> Option<&Version> {
    versions.iter().find(|version| version.state == State::Active)
}

/// Whether a new model may take over: it must not be worse than what it replaces where both were measured. What
/// could not be measured takes over only where no model is active.
fn may_take_over(new: Option<f64>, before: Option<f64>, is_one_active: bool) -> bool {
    match (new, before) {
        (Some(new), Some(before)) => new >= before,
        _ => !is_one_active,
    }
}

/// Whether a decision says that a claim was a rumor; `None` where it says neither.
fn was_rumor(decision: &str) -> Option<bool> {
    match decision {
        "false" | "partly_false" | "misleading" | "outdated" => Some(true),
        "true" | "dismissed" => Some(false),
        _ => None,
    }
}

fn likelihood(
    decided: &[DecidedClaim],
    lent: &[Labelled<'_>],
    before: Option<&Likelihood>,
    unseen_after: Option<OffsetDateTime>,
) -> Result<Candidate, TooFew> {
    let own: Vec<(Labelled<'_>, OffsetDateTime)> = decided
        .iter()
        .filter_map(|claim| {
            // The reports of one thing are gathered in one claim already: each text is its own group.
            let text = claim.masked_text.as_str();
            let rumor = was_rumor(&claim.decision)?;
            Some((Labelled { text, rumor, source: Source::Own, group: text }, claim.first_time))
        })
        .collect();
    let border = own.len() - own.len() / HELD_ONE_OF;
    let rows = |until: usize| {
        own[..until].iter().map(|&(row, _)| row).chain(lent.iter().copied()).collect::<Vec<_>>()
    };
    let held: Vec<Labelled<'_>> = own[border..]
        .iter()
        .filter(|&&(_, time)| unseen_after.is_none_or(|after| time > after))
        .map(|&(row, _)| row)
        .collect();
    let rumors = held.iter().filter(|row| row.rumor).count();
    let enough = rumors >= ROWS_MIN && held.len() - rumors >= ROWS_MIN;
    let outcomes = |model: &Likelihood| -> Vec<Outcome> {
        held.iter().map(|row| (model.probability(row.text, Source::Own), row.rumor)).collect()
    };
    let measured = Likelihood::train(&rows(border)).ok().filter(|_| enough);
    let by_new = measured.as_ref().map(outcomes);
    let figures = Figures {
        held: held.len(),
        new: by_new.as_deref().map(auc),
        before: enough.then(|| before.map_or(CHANCE, |before| auc(&outcomes(before)))),
        calibration_error: by_new.as_deref().map(calibration_error),
        reliability: by_new.as_deref().map(reliability).unwrap_or_default(),
    };
    let model = Likelihood::train(&rows(own.len()))?;
    Ok(Candidate { weights: model.pack(), figures, own_count: own.len(), other_count: lent.len() })
}

/// `first` says which department a model and the rules put first for a masked text.
fn topics(
    decided: &[DecidedClaim],
    first: impl Fn(&str, Option<&Sorter>) -> Option<String>,
    before: Option<&Sorter>,
    unseen_after: Option<OffsetDateTime>,
) -> Result<Candidate, TooFew> {
    let texts: Vec<String> = decided.iter().map(|claim| normalise(&claim.masked_text)).collect();
    let sorted: Vec<Sorted<'_>> = decided
        .iter()
        .zip(&texts)
        .map(|(claim, text)| Sorted {
            text,
            kind: &claim.decision,
            weight: if claim.by_office { 1.0 } else { SUPPOSED },
            group: text,
        })
        .collect();
    let own_count = decided.iter().filter(|claim| claim.by_office).count();
    if own_count < ROWS_MIN {
        return Err(TooFew { kind: "re-routed claims".into(), found: own_count });
    }
    let border = decided.len() - decided.len() / HELD_ONE_OF;
    let held: Vec<&DecidedClaim> = decided[border..]
        .iter()
        .filter(|claim| claim.by_office && unseen_after.is_none_or(|after| claim.first_time > after))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 claims")]
    let right = |model: Option<&Sorter>| {
        let right =
            held.iter().filter(|claim| first(&claim.masked_text, model).as_ref() == Some(&claim.decision));
        (held.len() >= ROWS_MIN).then(|| right.count() as f64 / held.len() as f64)
    };
    let measured = Sorter::train(&sorted[..border]).ok();
    let figures = Figures {
        held: held.len(),
        new: measured.as_ref().and_then(|measured| right(Some(measured))),
        before: right(before),
        calibration_error: None,
        reliability: Vec::new(),
    };
    let model = Sorter::train(&sorted)?;
    let other_count = decided.len() - own_count;
    Ok(Candidate { weights: model.pack(), figures, own_count, other_count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_takes_over_only_where_it_is_not_worse() {
        for (new, before, is_one_active, takes_over) in [
            (Some(0.9), Some(0.8), true, true),
            (Some(0.8), Some(0.8), true, true),
            (Some(0.7), Some(0.8), true, false),
            (Some(0.7), Some(0.8), false, false),
            (Some(0.9), None, false, true),
            (None, None, false, true),
            (None, Some(0.8), true, false),
            (None, None, true, false),
        ] {
            assert_eq!(may_take_over(new, before, is_one_active), takes_over, "{new:?} {before:?}");
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

//! The models that are active for each agency: a cache of the newest in PostgreSQL.
//!
//! Which versions are active is asked in the transaction that judges, so every replica judges by the same ones.
//! They hint and suggest and say by which version; without a model there is neither. A model that this program
//! cannot read stops no decision: it is left out, and the log says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::AgencyId;
use judgement::learn::intents::Intents;
use judgement::learn::likelihood::{Likelihood, Source};
use judgement::learn::packed::Unreadable;
use judgement::learn::sorter::Sorter;
use judgement::reason::Reason;
use sqlx::PgConnection;

use crate::store::models;
use crate::train::Kind;

/// Agencies whose models are kept in memory, some megabytes each. Others are read again.
const AGENCIES_MAX: usize = 100;

/// An agency's active models.
#[derive(Clone, Default)]
pub struct Active {
    versions: Vec<(String, i32)>,
    likelihood: Option<(i32, Arc<Likelihood>)>,
    topics: Option<Arc<Sorter>>,
    intents: Option<(i32, Arc<Intents>)>,
}

impl Active {
    /// The versions that are active, by kind.
    pub fn versions(&self) -> &[(String, i32)] {
        &self.versions
    }

    /// How the office routes, if it has taught enough.
    pub fn topics(&self) -> Option<&Sorter> {
        self.topics.as_deref()
    }

    /// What the office takes messages for that no rule knows, with the model's version, if it has taught enough.
    pub fn intents(&self) -> Option<(i32, &Intents)> {
        self.intents.as_ref().map(|(version, intents)| (*version, intents.as_ref()))
    }

    /// A hint for order about a masked text, 0 to 100, with what is to be said of it: never a verdict.
    pub fn hint(&self, masked_text: &str) -> Option<(u32, Reason)> {
        let (version, likelihood) = self.likelihood.as_ref()?;
        let percent = likelihood.probability(masked_text, Source::Own).clamp(0.0, 1.0) * 100.0;
        let detail =
            format!("排序参考{percent:.0}（模型第{version}版，只看说法与以往核实结果像不像，不是结论）");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
        let hint = percent.round() as u32;
        Some((hint, Reason::new("likelihood", detail, 0.0)))
    }

    /// Takes over a version's weights.
    fn take(&mut self, kind: Kind, version: i32, weights: &[u8]) -> Result<(), Unreadable> {
        match kind {
            Kind::Likelihood => self.likelihood = Some((version, Arc::new(Likelihood::unpack(weights)?))),
            Kind::Topics => self.topics = Some(Arc::new(Sorter::unpack(weights)?)),
            Kind::Intent => self.intents = Some((version, Arc::new(Intents::unpack(weights)?))),
        }
        Ok(())
    }
}

/// Every agency's active models. Cheap to clone; clones share what is known.
#[derive(Clone, Default)]
pub struct Models {
    agencies: Arc<Mutex<HashMap<AgencyId, Arc<Active>>>>,
}

impl Models {
    /// The models that judge in this transaction.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn current(&self, tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Arc<Active>> {
        let mut versions = models::active(&mut *tx, agency).await?;
        versions.sort_unstable();
        let known = self.lock().get(&agency).cloned().unwrap_or_default();
        if known.versions == versions {
            return Ok(known);
        }
        let mut active = Active { versions, ..Active::default() };
        for kind in Kind::ALL {
            let wanted = active.versions.iter().find(|(name, _)| name == kind.name());
            let Some(version) = wanted.map(|&(_, version)| version) else { continue };
            let weights = models::weights(&mut *tx, agency, kind, version).await?;
            if let Err(error) = active.take(kind, version, &weights) {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, %agency, kind = kind.name(), version, "a model cannot be used");
            }
        }
        let active = Arc::new(active);
        let mut agencies = self.lock();
        if agencies.len() >= AGENCIES_MAX {
            agencies.clear();
        }
        agencies.insert(agency, Arc::clone(&active));
        Ok(active)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgencyId, Arc<Active>>> {
        // A map of whole values has no half-written state that a panic elsewhere could have left.
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

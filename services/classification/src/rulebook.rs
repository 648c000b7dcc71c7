//! The rules that each agency's messages are judged by: a cache of the newest versions in PostgreSQL.
//!
//! Which versions are the newest is asked in the transaction that judges, so every replica judges by the same
//! ones; only what changed is read and parsed again. A version that this program cannot use stops no decision:
//! the built-in rules stand in for it, and every judgement says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ids::AgencyId;
use judgement::reason::Reason;
use judgement::rulebook::{Kind, Rulebook};
use sqlx::PgConnection;

use crate::store::rules;

/// Agencies whose rules are kept in memory. Others are read again.
const AGENCIES_MAX: usize = 1_000;

/// Where the rules of one kind come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program was built with them.
    BuiltIn,
    /// The agency's own version of this number.
    Own(i64),
    /// The agency's own version of this number cannot be used; the built-in rules stand in.
    Unusable(i64),
}

impl Origin {
    /// The number of the version that ought to judge.
    pub const fn version(self) -> i64 {
        match self {
            Self::BuiltIn => 0,
            Self::Own(version) | Self::Unusable(version) => version,
        }
    }

    fn told(self) -> String {
        match self {
            Self::BuiltIn => "内置".to_owned(),
            Self::Own(version) => format!("第{version}版"),
            Self::Unusable(version) => format!("第{version}版不可用，暂用内置"),
        }
    }
}

/// An agency's rules, and which versions they are.
#[derive(Clone)]
pub struct Current {
    /// The rules.
    pub rulebook: Rulebook,
    origins: [Origin; Kind::ALL.len()],
}

impl Current {
    fn built_in() -> Self {
        Self { rulebook: Rulebook::built_in(), origins: [Origin::BuiltIn; Kind::ALL.len()] }
    }

    /// Where the rules of a kind come from.
    pub const fn origin(&self, kind: Kind) -> Origin {
        self.origins[kind as usize]
    }

    /// The reason that tells which versions judged.
    pub fn reason(&self) -> Reason {
        let [intent, urgency, routing] = Kind::ALL.map(|kind| self.origin(kind).told());
        Reason::new("rules.version", format!("所用规则：意图{intent}，热度{urgency}，去向{routing}"), 0.0)
    }

    /// Takes this version's text, or the built-in rules where it cannot be used.
    fn take(&mut self, agency: AgencyId, kind: Kind, version: i64, text: &str) {
        self.origins[kind as usize] = match self.rulebook.set(kind, text) {
            Ok(()) => Origin::Own(version),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    %agency,
                    kind = kind.name(),
                    version,
                    "rules that were saved cannot be used; the built-in ones judge instead"
                );
                self.rulebook.reset(kind);
                Origin::Unusable(version)
            }
        };
    }
}

/// Every agency's rules. Cheap to clone; clones share what is known.
#[derive(Clone, Default)]
pub struct Rulebooks {
    agencies: Arc<Mutex<HashMap<AgencyId, Arc<Current>>>>,
}

impl Rulebooks {
    /// The rules that judge in this transaction.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn current(&self, tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Arc<Current>> {
        let newest = rules::newest(&mut *tx, agency).await?;
        let wanted = |kind: Kind| {
            newest.iter().find(|(name, _)| name == kind.name()).map_or(0, |&(_, version)| version)
        };
        let known = self.lock().get(&agency).cloned().unwrap_or_else(|| Arc::new(Current::built_in()));
        if Kind::ALL.iter().all(|&kind| known.origin(kind).version() == wanted(kind)) {
            return Ok(known);
        }
        let mut current = Current::clone(&known);
        for kind in Kind::ALL {
            let version = wanted(kind);
            if current.origin(kind).version() != version
                && let Some((_, text)) = rules::get(&mut *tx, agency, kind, version).await?
            {
                current.take(agency, kind, version, &text);
            }
        }
        let current = Arc::new(current);
        let mut agencies = self.lock();
        if agencies.len() >= AGENCIES_MAX {
            agencies.clear();
        }
        agencies.insert(agency, Arc::clone(&current));
        Ok(current)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgencyId, Arc<Current>>> {
        // A map of whole values has no half-written state that a panic elsewhere could have left.
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

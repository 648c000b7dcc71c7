//! The agency's active model, in memory: replaced when the database names another version.
//!
//! It hints at an order and says by which version; it decides nothing. Without a model there is no hint.

use ids::AgencyId;
use judgement::learn::likelihood::{Likelihood, Source};
use judgement::reason::Reason;
use sqlx::PgConnection;

use crate::store::models;

/// What is active.
#[derive(Default)]
pub struct Models {
    likelihood: Option<(i32, Option<Likelihood>)>,
}

impl Models {
    /// Takes over the version that is active now. The caller holds the agency's lock.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn catch_up(&mut self, tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<()> {
        let active = models::active_version(tx, agency).await?;
        if active == self.likelihood.as_ref().map(|&(version, _)| version) {
            return Ok(());
        }
        self.likelihood = match active {
            None => None,
            Some(version) => {
                let weights = models::weights(tx, agency, version).await?;
                let likelihood = Likelihood::unpack(&weights)
                    .inspect_err(|error| {
                        let error: &dyn std::error::Error = error;
                        tracing::error!(%agency, version, error, "the active model cannot be used");
                    })
                    .ok();
                Some((version, likelihood))
            }
        };
        Ok(())
    }

    /// A hint for order about a masked text: never a verdict, and nothing without a model.
    pub fn hint(&self, masked_text: &str) -> Option<Reason> {
        let (version, Some(likelihood)) = self.likelihood.as_ref()? else { return None };
        let percent = likelihood.probability(masked_text, Source::Own) * 100.0;
        let detail = format!("排序参考：{percent:.0}（模型第{version}版，只看说法像不像以往核实为不实的，不是结论）");
        Some(Reason::new("likelihood", detail, 0.0))
    }
}

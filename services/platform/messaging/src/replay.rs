//! Replays dead letters that an operator queued, as part of the pull loop of the consumer that buried them.

use std::error::Error;

use ids::AgencyId;
use tracing::Instrument;

use crate::batch::may_be_one_event;
use crate::dead_letters::{self, Queued, Raw};
use crate::pull_loop::PullLoop;
use crate::subscriber::{ApplyError, Delivery, Subscriber, Unreadable};
use crate::{spans, tenancy};

impl<S: Subscriber> PullLoop<S> {
    /// Applies the dead letters that an operator queued for this consumer.
    pub(crate) async fn replay_queued(&self) {
        let durable = self.subscription.durable;
        let replaying = async {
            for letter in dead_letters::queued(&self.pool, durable).await? {
                self.replay(&letter).await?;
            }
            Ok(())
        };
        if let Err(error) = replaying.await {
            let error: sqlx::Error = error;
            tracing::debug!(durable, error = &error as &dyn Error, "{durable} could not look for replays");
        }
    }

    async fn replay(&self, letter: &Queued) -> sqlx::Result<()> {
        let durable = self.subscription.durable;
        let outcome = match self.read(letter.raw()) {
            Ok((agency, delivery)) => self.commit_replay(letter.id, agency, delivery).await,
            Err(Unreadable(reason)) => Err(ApplyError::Rejected(reason)),
        };
        match outcome {
            Ok(()) => {
                tracing::info!(durable, letter = letter.id, "{durable} replayed dead letter {}", letter.id);
                Ok(())
            }
            Err(ApplyError::Rejected(reason)) => {
                dead_letters::refuse_replay(&self.pool, letter.id, &reason).await
            }
            Err(ref error @ ApplyError::Database(ref cause)) if may_be_one_event(error) => {
                dead_letters::refuse_replay(&self.pool, letter.id, &format!("the database refused: {cause}"))
                    .await
            }
            Err(ApplyError::Database(error)) => Err(error),
        }
    }

    /// The letter's inbox row exists since its burial; the mark on the letter is what makes this happen once.
    async fn commit_replay(
        &self,
        letter: i64,
        agency: AgencyId,
        delivery: Delivery<S::Input>,
    ) -> Result<(), ApplyError> {
        let mut tx = tenancy::all_agencies_tx(&self.pool).await?;
        if !dead_letters::mark_replayed(&mut tx, letter).await? {
            return Ok(());
        }
        tenancy::narrow(&mut tx, agency).await?;
        let batch = [delivery];
        let span = spans::apply(self.subscription.durable, agency, &batch);
        self.subscriber.apply(&mut tx, agency, &batch).instrument(span).await?;
        tx.commit().await?;
        self.subscriber.committed(agency, &batch);
        Ok(())
    }
}

impl Queued {
    const fn raw(&self) -> Raw<'_> {
        Raw { subject: self.subject.as_str(), headers: Some(&self.headers), payload: self.payload.as_slice() }
    }
}

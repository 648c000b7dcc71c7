//! Judges a stored message again by what is known today, for whoever checks a judgement. It writes nothing: what it
//! adds in memory is cut off before the next decision.

use ids::{AgencyId, ReportId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::decide::{Decide, Decided, Ground, Judgement, Received, Round};
use crate::store::{intents, lessons, links, pictures};

impl Decide {
    /// How the words of a message would be judged now; `None` where there is no such message.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn judge_again(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        report: ReportId,
        now: OffsetDateTime,
    ) -> sqlx::Result<Option<Decided>> {
        let Some(standing) = intents::standing(tx, agency, report).await? else { return Ok(None) };
        let written = pictures::transcripts(tx, agency, &[report]).await?;
        let mut received = standing.received;
        if let Some(written) = written.into_iter().next() {
            received = Received { masked_text: written.masked_text, ..received };
        }
        let known = self.known(agency);
        let mut known = known.lock().await;
        let known = self.caught_up(tx, agency, &mut known).await?;
        let current = self.rulebooks.current(tx, agency).await?;
        let models = self.models.current(tx, agency).await?;
        let lessons = lessons::agreed(tx, agency).await?;
        let ground = Ground { current: &current, models: &models, lessons: &lessons, now };
        let judgement = Judgement::of(&received, &current);
        let by_link = links::of(tx, agency, &judgement.links.iter().collect::<Vec<_>>()).await?;
        let mut round = Round::new(known, ground, by_link);
        Ok(Some(round.decide(&received, judgement)))
    }
}

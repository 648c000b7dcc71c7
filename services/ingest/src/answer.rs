//! Decides what a citizen's message is answered with at once, and gives the same answer to a redelivery.
//!
//! One answer per message (design G8), out of signed words only (G2), and none while a halt stands (G11): the
//! decision and the look at the halts are in one transaction, which a halt waits for.

use ids::{AgencyId, ReportId, ReporterId};
use runtime::Clock;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::domain::receipt::ReceiptNumber;
use crate::domain::reply::{Candidate, Occasion, REPLY_BYTES_MAX, Source, candidates};
use crate::store::callback::Seen;
use crate::store::clarification::Kept;
use crate::store::reply::Decided;
use crate::store::{self, answer, callback, clarification, halt, reply};
use crate::words::{SignedWords, Silence, Spoken};

/// Answers messages. Cheap to clone.
#[derive(Clone)]
pub struct Answering {
    /// The database.
    pub pool: PgPool,
    /// The signed words.
    pub words: SignedWords,
    /// The time.
    pub clock: Clock,
}

/// A message that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Its agency.
    pub agency: AgencyId,
    /// The account that it came to.
    pub account: &'a str,
    /// By which a redelivery is recognised.
    pub message_key: &'a [u8],
    /// What is being answered.
    pub occasion: Occasion,
    /// The report that it became.
    pub report: Option<ReportId>,
    /// Who sent it.
    pub reporter: Option<ReporterId>,
    /// The number of its receipt.
    pub receipt_number: Option<i64>,
    /// By which the very same callback is recognised, and until when that matters.
    pub seen: Seen<'a>,
}

impl Answering {
    /// The words to give; `None` acknowledges without words.
    ///
    /// # Errors
    /// When the database is away: then nothing is decided and a redelivery asks again.
    pub async fn answer(&self, question: &Question<'_>) -> sqlx::Result<Option<String>> {
        let now = self.clock.now();
        let mut tx = database::agency_tx(&self.pool, question.agency).await?;
        store::keep_rules(&mut tx, question.agency).await?;
        let before = reply::find(&mut tx, question.agency, question.message_key).await?;
        let words = match before {
            Some(decided) => self.replay(&mut tx, question.agency, decided, now).await?,
            None => self.decide(&mut tx, question, now).await?,
        };
        callback::remember(&mut tx, question.agency, &question.seen).await?;
        tx.commit().await?;
        Ok(words)
    }

    async fn decide(
        &self,
        tx: &mut PgConnection,
        question: &Question<'_>,
        now: OffsetDateTime,
    ) -> sqlx::Result<Option<String>> {
        let agency = question.agency;
        let mut occasion = question.occasion;
        let mut receipt_number = question.receipt_number;
        let known = match (occasion, question.report, question.reporter) {
            (Occasion::Words(_), Some(report), _) => {
                let (intent, known) = reply::known_for_report(tx, agency, report).await?;
                occasion = Occasion::Words(intent);
                known
            }
            (Occasion::AskedForResult, _, Some(reporter)) => {
                let (known, earlier) = reply::known_for_reporter(tx, agency, reporter).await?;
                receipt_number = earlier.or(receipt_number);
                known
            }
            _ => crate::domain::reply::Known::default(),
        };
        let chosen = self.choose(tx, agency, &candidates(occasion, &known), receipt_number, now).await?;
        let decided = chosen.as_ref().map(|(decided, _)| decided);
        let first = reply::decide(tx, agency, question.message_key, question.reporter, decided, now).await?;
        if !first {
            // Another delivery of the same message decided in the meantime, and is waited for no longer.
            let decided = reply::find(tx, agency, question.message_key).await?.flatten();
            return self.replay(tx, agency, decided, now).await;
        }
        if let (Some((decided, _)), Some(reporter)) = (&chosen, question.reporter)
            && matches!(decided.source, Source::Automatic | Source::Clarification)
        {
            let rendition = &decided.rendition;
            answer::record_reply(tx, agency, reporter, decided.revision, rendition, question.account, now)
                .await?;
        }
        Ok(chosen.map(|(_, text)| text))
    }

    /// The first candidate that may be spoken now.
    async fn choose(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        candidates: &[Candidate],
        receipt_number: Option<i64>,
        now: OffsetDateTime,
    ) -> sqlx::Result<Option<(Decided, String)>> {
        for candidate in candidates {
            let kept = match candidate.revision {
                Some(revision) => clarification::get(tx, agency, revision).await?,
                None => clarification::standing_replies(tx, agency).await?,
            };
            let Some(kept) = kept else { continue };
            let spoken =
                self.speak(tx, agency, &kept, candidate.source, candidate.renditions, receipt_number, now);
            if let Some(spoken) = spoken.await? {
                let decided = Decided {
                    source: candidate.source,
                    revision: kept.revision,
                    rendition: spoken.rendition,
                    receipt_number,
                };
                return Ok(Some((decided, spoken.text)));
            }
        }
        Ok(None)
    }

    /// The words that were decided before, unless they were stopped since.
    async fn replay(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        decided: Option<Decided>,
        now: OffsetDateTime,
    ) -> sqlx::Result<Option<String>> {
        let Some(decided) = decided else { return Ok(None) };
        let Some(kept) = clarification::get(tx, agency, decided.revision).await? else { return Ok(None) };
        let renditions = [decided.rendition.as_str()];
        let number = decided.receipt_number;
        let spoken = self.speak(tx, agency, &kept, decided.source, &renditions, number, now).await?;
        Ok(spoken.map(|spoken| spoken.text))
    }

    #[expect(clippy::too_many_arguments, reason = "one call's facts, each used once")]
    async fn speak(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        kept: &Kept,
        source: Source,
        renditions: &[&str],
        receipt_number: Option<i64>,
        now: OffsetDateTime,
    ) -> sqlx::Result<Option<Spoken>> {
        if halt::standing_in_the_way(tx, agency, Some(kept.revision.clarification)).await?.is_some() {
            return Ok(None);
        }
        let code = receipt_number.map(|number| ReceiptNumber::new(number).to_string());
        match self.words.speak(agency, kept, source, renditions, code.as_deref(), now) {
            Ok(spoken) if spoken.text.len() <= REPLY_BYTES_MAX => Ok(Some(spoken)),
            Ok(_) => {
                tracing::warn!(
                    clarification = %kept.revision.clarification,
                    "signed words are too long for an immediate reply and are not used as one"
                );
                Ok(None)
            }
            Err(Silence::OtherUse | Silence::NotBefore(_) | Silence::Over | Silence::NoReceiptNumber) => {
                Ok(None)
            }
            Err(Silence::Unusable(unusable)) => {
                tracing::error!(
                    clarification = %kept.revision.clarification,
                    revision = kept.revision.revision,
                    error = &unusable as &dyn std::error::Error,
                    "kept words do not verify any more and are not used"
                );
                Ok(None)
            }
        }
    }
}

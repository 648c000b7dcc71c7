//! A person on duty says what a message is.
//!
//! What is a report then joins or opens a claim by the path of a second look; what is none leaves the claim that it
//! was in. The words that the claim is recognised by stay: one person's click changes nothing for anybody else. Each
//! decision is kept with who made it, told to the audit trail, and may teach at the next training.

use ids::{AgencyId, ClaimId, PersonId, ReportId};
use judgement::intent::{Intent, Judged};
use judgement::reason::Reason;
use messaging::outbox;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::again;
use crate::decide::{Decide, Decided, Ground, Judgement, Outcome, Received, Round};
use crate::events;
use crate::store::intents::{self, IntentDecision, Standing};
use crate::store::reports::intent_zh;
use crate::store::{claims, lessons, links, lock_agency, pictures};

/// The signal of a person's word about a message.
const BY_OFFICE: &str = "office.intent";

/// What somebody says of a message.
#[derive(Clone, Copy, Debug)]
pub struct SetIntent {
    /// The caller's own id of it.
    pub request: Uuid,
    /// The message.
    pub report: ReportId,
    /// What it is.
    pub intent: Intent,
    /// How often it had been put somewhere else, as the caller saw it.
    pub expected_revision: i64,
    /// Who says so.
    pub person: PersonId,
}

/// Why the message stays what it is.
#[derive(Debug, thiserror::Error)]
pub enum SetIntentError {
    /// There is no such message in this agency.
    #[error("no such message")]
    NoReport,
    /// Somebody moved or corrected it in the meantime.
    #[error("the message changed in the meantime")]
    Stale,
    /// A clarification has answered it.
    #[error("the message was answered automatically")]
    Answered,
    /// There are no words to find its claim by.
    #[error("the message has no words to judge")]
    NoWords,
    /// The id was used for something else.
    #[error("the request id was used for another change")]
    RequestReused,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] sqlx::Error),
}

impl Decide {
    /// Sets what a message is, in the caller's transaction; gives the claim that it is in then.
    ///
    /// # Errors
    /// When nothing was changed.
    pub async fn set_intent(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        command: &SetIntent,
        now: OffsetDateTime,
    ) -> Result<Option<ClaimId>, SetIntentError> {
        lock_agency(tx, agency).await?;
        let before = intents::by_request(tx, agency, command.request).await?;
        let standing =
            intents::standing(tx, agency, command.report).await?.ok_or(SetIntentError::NoReport)?;
        if let Some((report, intent)) = before {
            let same = report == command.report && intent == command.intent;
            return if same { Ok(standing.claim) } else { Err(SetIntentError::RequestReused) };
        }
        if standing.assignment_revision != command.expected_revision {
            return Err(SetIntentError::Stale);
        }
        if standing.clarification.is_some() {
            return Err(SetIntentError::Answered);
        }
        let previous = standing.intent;
        let claim = match (command.intent, standing.claim) {
            // Said again where it is already: a confirmation.
            (Intent::Report, Some(claim)) => Some(claim),
            (Intent::Report, None) => self.place(tx, agency, standing, now).await?,
            (intent, None) if intent == previous => None,
            (intent, left) => {
                self.put_elsewhere(tx, agency, standing, intent, now).await?;
                if let Some(left) = left {
                    claims::recount(tx, agency, left).await?;
                }
                None
            }
        };
        let SetIntent { request, report, intent, person, .. } = *command;
        let decision = IntentDecision { request, report, previous, intent, person };
        intents::keep(tx, agency, &decision, now).await?;
        outbox::enqueue_all(tx, agency, &[events::corrected_message(agency, &decision, now)]).await?;
        Ok(claim)
    }

    /// A report where it belongs.
    async fn place(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        standing: Standing,
        now: OffsetDateTime,
    ) -> Result<Option<ClaimId>, SetIntentError> {
        let known = self.known(agency);
        let mut known = known.lock().await;
        let known = self.caught_up(tx, agency, &mut known).await?;
        let current = self.rulebooks.current(tx, agency).await?;
        let models = self.models.current(tx, agency).await?;
        let lessons = lessons::agreed(tx, agency).await?;
        let ground = Ground { current: &current, models: &models, lessons: &lessons, now };
        let written = pictures::transcripts(tx, agency, &[standing.received.report]).await?;
        let typed = Some(standing.received.masked_text.clone()).filter(|text| !is_wordless(text));
        let words = written.into_iter().map(|written| written.masked_text).chain(typed);
        let judged = words.map(|masked_text| Received { masked_text, ..standing.received.clone() }).find_map(
            |received| {
                let judgement = Judgement::of(&received, &current);
                let says_anything = judgement.profile.informative > 0 || !judgement.links.is_empty();
                says_anything.then_some((received, judgement))
            },
        );
        let (received, mut judgement) = judged.ok_or(SetIntentError::NoWords)?;
        let reason = said_by_office(Intent::Report);
        let Judged { danger, .. } = judgement.judged;
        judgement.judged =
            Judged { intent: Intent::Report, reason, disowns_answer: false, in_doubt: false, danger };
        let by_link = links::of(tx, agency, &judgement.links.iter().collect::<Vec<_>>()).await?;
        let mut round = Round::new(known, ground, by_link);
        let decided = round.decide(&received, judgement);
        let claim = decided.claim();
        again::write(tx, agency, &received, decided, round).await?;
        Ok(claim)
    }

    /// No report: it is nobody's but the list's of other messages.
    async fn put_elsewhere(
        &self,
        tx: &mut PgConnection,
        agency: AgencyId,
        standing: Standing,
        intent: Intent,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let known = self.known(agency);
        let mut known = known.lock().await;
        let known = self.caught_up(tx, agency, &mut known).await?;
        let current = self.rulebooks.current(tx, agency).await?;
        let models = self.models.current(tx, agency).await?;
        let lessons = lessons::agreed(tx, agency).await?;
        let ground = Ground { current: &current, models: &models, lessons: &lessons, now };
        let Standing { received, mut reasons, .. } = standing;
        // One word of a person at most, the last: reasons do not grow with every click.
        reasons.retain(|reason| reason.signal != BY_OFFICE);
        reasons.push(said_by_office(intent));
        let mut round = Round::new(known, ground, links::Known::new());
        let basis = round.basis(&received.masked_text);
        let calls_for_help = intent == Intent::Help;
        let outcome = Outcome::Elsewhere;
        let decided = Decided { intent, outcome, calls_for_help, similarity: 0.0, reasons, basis };
        again::write(tx, agency, &received, decided, round).await
    }
}

/// True for what ingest writes in place of words, such as 〔图片〕.
fn is_wordless(text: &str) -> bool {
    let inside = text.trim().strip_prefix('〔').and_then(|text| text.strip_suffix('〕'));
    inside.is_some_and(|inside| !inside.contains('〕'))
}

fn said_by_office(intent: Intent) -> Reason {
    Reason::new(BY_OFFICE, format!("值班人员判为{}", intent_zh(intent)), 1.0)
}

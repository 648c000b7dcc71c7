//! Switches an automatic answer off that citizens say is wrong, and on again when an officer says that it is right.
//!
//! 「不是」 after an automatic answer goes to a person and counts against the clarification, once per reporter. What
//! was switched off is neither given by machine nor sent to whoever would join its claim: those reports open a claim
//! of their own, which a person sees.

use std::collections::{BTreeSet, HashMap};

use ids::{AgencyId, ClarificationId, ReporterId};
use messaging::outbox;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::events;
use crate::learn::renew;
use crate::store::suspensions;
use judgement::reason::Reason;

/// So many different reporters must say so: one or two may be mistaken, or mean harm.
const WRONG_MIN: i64 = 3;

/// And more than one in so many answers must be called wrong. The aim is less than one false answer in five hundred;
/// one in twenty that people even write back about is far beyond it.
const ANSWERS_PER_WRONG: i64 = 20;

/// What is looked at. A rumor lives for days; what was answered a month ago says little about today's askers.
const WINDOW: Duration = Duration::days(7);

/// An automatic answer that its reporter said was not what they asked.
#[derive(Clone, Copy, Debug)]
pub struct WrongAnswer {
    /// What was answered.
    pub clarification: ClarificationId,
    /// Who said so.
    pub reporter: ReporterId,
    /// When.
    pub said_time: OffsetDateTime,
}

/// True where so many wrong answers among so many are enough to switch the answer off.
const fn is_enough(wrong: i64, answered: i64) -> bool {
    wrong >= WRONG_MIN && wrong.saturating_mul(ANSWERS_PER_WRONG) > answered
}

/// Why a message that says 「不是」 goes to a person, and what it says that about.
pub fn handover(asked: Option<&String>) -> Reason {
    let detail = match asked {
        Some(sentence) => format!("留言人说自动答复不是所问，转值班人员。当时按这一条答复：{sentence}"),
        None => "留言人说自动答复不是所问，转值班人员".to_owned(),
    };
    Reason::new("handover", detail, 1.0)
}

/// What these clarifications say is being said.
///
/// # Errors
/// When the database is away.
pub async fn sentences(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarifications: impl Iterator<Item = ClarificationId>,
) -> sqlx::Result<HashMap<ClarificationId, String>> {
    let wanted: BTreeSet<ClarificationId> = clarifications.collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    suspensions::sentences(tx, agency, &wanted).await
}

/// Counts wrong answers and switches off what has too many. The caller holds the agency's lock, and the reports of
/// the batch are written.
///
/// # Errors
/// When the database is away.
pub async fn note_wrong(
    tx: &mut PgConnection,
    agency: AgencyId,
    wrong: &[WrongAnswer],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let mut touched = BTreeSet::new();
    for answer in wrong {
        suspensions::add_wrong(tx, agency, answer).await?;
        touched.insert(answer.clarification);
    }
    for clarification in touched {
        let counts = suspensions::count(tx, agency, clarification, now - WINDOW).await?;
        if counts.suspended || !is_enough(counts.wrong, counts.answered) {
            continue;
        }
        let suspended = suspensions::suspend(tx, agency, clarification, counts, now).await?;
        renew(tx, agency, clarification).await?;
        outbox::enqueue_all(tx, agency, &[events::suspension_changed(agency, &suspended)]).await?;
        tracing::warn!(
            %clarification,
            wrong = counts.wrong,
            answered = counts.answered,
            "an automatic answer was switched off because citizens said that it was wrong"
        );
    }
    Ok(())
}

/// Ends the suspension of this revision; an older word about it changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn resume(
    tx: &mut PgConnection,
    agency: AgencyId,
    clarification: ClarificationId,
    suspension: i64,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let Some(resumed) = suspensions::resume(tx, agency, clarification, suspension, now).await? else {
        return Ok(());
    };
    renew(tx, agency, clarification).await?;
    outbox::enqueue_all(tx, agency, &[events::suspension_changed(agency, &resumed)]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_people_or_a_small_share_switch_nothing_off() {
        assert!(!is_enough(2, 2), "two people");
        assert!(is_enough(3, 3));
        assert!(is_enough(3, 59));
        assert!(!is_enough(3, 60), "one in twenty is not more than one in twenty");
        assert!(!is_enough(50, 5_000));
        assert!(is_enough(i64::MAX, i64::MAX - 1));
    }
}

//! Switches an automatic answer off that citizens say is wrong, and on again when an officer says that it is right.
//!
//! 「不是」 after an automatic answer goes to a person and counts against the clarification, once per reporter; people
//! who were known before and asked in their own words count for more. Where it is much and not enough, the office
//! is told. What was switched off is neither given by machine nor sent to whoever would join its claim: those
//! reports open a claim of their own, which a person sees.

use std::collections::{BTreeSet, HashMap, HashSet};

use ids::{AgencyId, ClarificationId, ReporterId};
use messaging::outbox;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::events;
use crate::learn::renew;
use crate::store::suspensions::{self, Voice};
use judgement::normalise::normalise;
use judgement::reason::Reason;

/// So many different reporters must say so before anything happens: one or two may be mistaken, or mean harm.
const WRONG_MIN: i64 = 3;

/// What they must weigh together to switch an answer off: as much as three people who were known before and asked
/// in words of their own. Otherwise three accounts that somebody made this morning could silence an office.
const WEIGHT_MIN: u32 = 12;
/// What somebody weighs who was heard of at least a day before.
const WEIGHT_KNOWN: u32 = 4;
/// What somebody weighs who was not.
const WEIGHT_STRANGER: u32 = 2;
/// From when on somebody is known.
const KNOWN_AFTER: Duration = Duration::days(1);

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

/// True where so many wrong answers among so many are more than chance.
const fn is_much(wrong: i64, answered: i64) -> bool {
    wrong >= WRONG_MIN && wrong.saturating_mul(ANSWERS_PER_WRONG) > answered
}

/// What voices weigh together. The same words from another account weigh half: either people pass one text on, or
/// one person has several accounts.
fn weight(voices: &[Voice]) -> u32 {
    let mut worded = HashSet::new();
    let mut total = 0;
    for voice in voices {
        let is_known = voice.known_since.is_some_and(|since| voice.said_time - since >= KNOWN_AFTER);
        let weight = if is_known { WEIGHT_KNOWN } else { WEIGHT_STRANGER };
        let is_first = voice.asked.as_ref().is_none_or(|asked| worded.insert(normalise(asked)));
        total += if is_first { weight } else { weight / 2 };
    }
    total
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
        if counts.suspended {
            continue;
        }
        let voices = suspensions::voices(tx, agency, clarification, counts.since).await?;
        let wrong = i64::try_from(voices.len()).unwrap_or(i64::MAX);
        if !is_much(wrong, counts.answered) {
            continue;
        }
        let said = (wrong, counts.answered);
        if weight(&voices) >= WEIGHT_MIN {
            let suspended = suspensions::suspend(tx, agency, clarification, said, now).await?;
            renew(tx, agency, clarification).await?;
            outbox::enqueue_all(tx, agency, &[events::suspension_changed(agency, &suspended)]).await?;
            tracing::warn!(
                %clarification,
                wrong,
                answered = counts.answered,
                "an automatic answer was switched off because citizens said that it was wrong"
            );
        } else if !counts.doubted {
            // Too little to switch it off, and too much for the office not to hear of it now.
            let doubted = suspensions::doubt(tx, agency, clarification, said, now).await?;
            outbox::enqueue_all(tx, agency, &[events::suspension_changed(agency, &doubted)]).await?;
        }
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
    fn few_people_or_a_small_share_are_no_reason_to_look() {
        assert!(!is_much(2, 2), "two people");
        assert!(is_much(3, 3));
        assert!(is_much(3, 59));
        assert!(!is_much(3, 60), "one in twenty is not more than one in twenty");
        assert!(!is_much(50, 5_000));
        assert!(is_much(i64::MAX, i64::MAX - 1));
    }

    fn voice(known_for: Duration, asked: &str) -> Voice {
        let said_time = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        Voice { said_time, known_since: Some(said_time - known_for), asked: Some(asked.to_owned()) }
    }

    #[test]
    fn three_accounts_of_this_morning_with_one_text_are_far_from_enough() {
        let new = |asked: &str| voice(Duration::hours(2), asked);
        assert!(weight(&[new("明天地震吗"), new("明天地震吗"), new("明天 地震吗？")]) < WEIGHT_MIN / 2);
        assert!(weight(&[new("明天地震吗"), new("听说要地震"), new("地震是真的吗")]) < WEIGHT_MIN);
        let known = |asked: &str| voice(Duration::days(1), asked);
        assert_eq!(weight(&[known("明天地震吗"), known("听说要地震"), known("地震是真的吗")]), WEIGHT_MIN);
        assert!(weight(&vec![new("明天地震吗"); 11]) >= WEIGHT_MIN, "a crowd is heard all the same");
    }
}

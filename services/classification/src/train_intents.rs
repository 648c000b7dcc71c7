//! Trains what messages are that no rule knows, on what people said of messages and on reports that the office
//! clarified, and measures it together with the rules as they judge in service. Stores nothing; `train` does.

use judgement::intent::Rules;
use judgement::learn::intents::Intents;
use judgement::learn::sorter::Sorted;
use judgement::learn::{ROWS_MIN, TooFew};
use judgement::normalise::normalise;
use judgement::profile::Profile;
use time::OffsetDateTime;

use crate::store::models::DecidedClaim;
use crate::store::reports::intent_name;
use crate::train::{Candidate, Figures, HELD_ONE_OF};

/// A model of these decisions, oldest first, measured on the newest of them.
///
/// # Errors
/// When fewer than two kinds of messages were decided often enough.
pub fn candidate(
    decided: &[DecidedClaim],
    rules: &Rules,
    before: Option<&Intents>,
    unseen_after: Option<OffsetDateTime>,
) -> Result<Candidate, TooFew> {
    let texts: Vec<String> = decided.iter().map(|message| normalise(&message.masked_text)).collect();
    let sorted: Vec<Sorted<'_>> = decided
        .iter()
        .zip(&texts)
        .map(|(message, text)| Sorted { text, kind: &message.decision, weight: 1.0, group: text })
        .collect();
    let border = decided.len() - decided.len() / HELD_ONE_OF;
    let held: Vec<&Sorted<'_>> = decided[border..]
        .iter()
        .zip(&sorted[border..])
        .filter(|(message, _)| unseen_after.is_none_or(|after| message.first_time > after))
        .map(|(_, row)| row)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 messages")]
    let right = |model: Option<&Intents>| {
        let right = held.iter().filter(|row| is_taken_for(row.text, rules, model, row.kind)).count();
        (held.len() >= ROWS_MIN).then(|| right as f64 / held.len() as f64)
    };
    let measured = Intents::train(&sorted[..border]).ok();
    let figures = Figures {
        held: held.len(),
        new: measured.as_ref().and_then(|measured| right(Some(measured))),
        before: right(before),
        calibration_error: None,
        reliability: Vec::new(),
    };
    let model = Intents::train(&sorted)?;
    Ok(Candidate { weights: model.pack(), figures, own_count: decided.len(), other_count: 0 })
}

/// Whether the rules, and in their doubt the model, take a normalised text for this kind.
fn is_taken_for(text: &str, rules: &Rules, model: Option<&Intents>, kind: &str) -> bool {
    let judged = rules.judge(text, text, Profile::of(text).informative);
    let taught = model.filter(|_| judged.in_doubt).and_then(|model| model.says(text));
    taught.map_or_else(|| intent_name(judged.intent), |(said, _)| said) == kind
}

//! The halts in force as publish and ingest tell of them, and the orders that did not count.

use contracts::ingest::v1::{AnswersHalt, RefusedOrder as RefusedByIngest, answers_halt};
use contracts::publish::v1::{HaltInForce, RefusedOrder as RefusedByPublish, halt_in_force};
use prost_types::Timestamp;

use crate::language::{Language, Words, fill};
use crate::show;

/// A halt in force. One that stops something at both services is one.
pub(crate) struct HaltView {
    pub id: String,
    pub scope: String,
    pub reason: String,
    pub ordered_by: String,
    pub time: String,
    pub signing_code: &'static str,
    pub signing: &'static str,
    pub unsigned_reason: String,
    /// Newest first.
    order: (i64, i32),
}

/// An order that did not count.
pub(crate) struct RefusedOrderView {
    pub command: String,
    pub reason: String,
    pub detail: String,
    pub time: String,
    order: (i64, i32),
}

impl HaltView {
    pub(crate) fn all(publish: Vec<HaltInForce>, ingest: Vec<AnswersHalt>, language: Language) -> Vec<Self> {
        let mut halts: Vec<Self> = publish.into_iter().map(|halt| Self::of_publish(halt, language)).collect();
        for halt in ingest.into_iter().map(|halt| Self::of_ingest(halt, language)) {
            match halts.iter_mut().find(|known| known.id == halt.id) {
                // Whatever is not signed at one of them is to be seen.
                Some(known) if halt.signing_code == "unsigned" => *known = halt,
                Some(_) => {}
                None => halts.push(halt),
            }
        }
        halts.sort_by_key(|halt| std::cmp::Reverse(halt.order));
        halts
    }

    fn of_publish(halt: HaltInForce, language: Language) -> Self {
        use halt_in_force::{Scope, Signing};
        let words = language.words();
        let (signing_code, signing) = match halt.signing() {
            Signing::Signed => ("signed", words.signing_signed),
            Signing::Unsigned => ("unsigned", words.signing_unsigned),
            Signing::Told | Signing::Unspecified => ("told", words.signing_told),
        };
        Self {
            scope: match halt.scope {
                Some(Scope::ClarificationId(id)) => format!("{} {id}", words.scope_clarification),
                Some(Scope::Account(account)) => format!("{} {account}", words.scope_account),
                Some(Scope::Everything(_)) | None => words.scope_everything.to_owned(),
            },
            id: halt.halt_id,
            reason: halt.reason,
            ordered_by: by(&halt.ordered_by, words),
            time: show::minute(halt.order_time.as_ref(), language),
            signing_code,
            signing,
            unsigned_reason: halt.unsigned_reason,
            order: order(halt.order_time),
        }
    }

    fn of_ingest(halt: AnswersHalt, language: Language) -> Self {
        use answers_halt::{Scope, Signing};
        let words = language.words();
        let (signing_code, signing) = match halt.signing() {
            Signing::Signed => ("signed", words.signing_signed),
            Signing::Unsigned => ("unsigned", words.signing_unsigned),
            Signing::Told | Signing::Unspecified => ("told", words.signing_told),
        };
        Self {
            scope: match halt.scope {
                Some(Scope::ClarificationId(id)) => format!("{} {id}", words.scope_clarification),
                Some(Scope::Everything(_)) => words.scope_everything.to_owned(),
                Some(Scope::AutomaticAnswers(_)) | None => words.scope_automatic_answers.to_owned(),
            },
            id: halt.halt_id,
            reason: halt.reason,
            ordered_by: by(&halt.ordered_by, words),
            time: show::minute(halt.order_time.as_ref(), language),
            signing_code,
            signing,
            unsigned_reason: halt.unsigned_reason,
            order: order(halt.order_time),
        }
    }
}

impl RefusedOrderView {
    pub(crate) fn all(
        publish: Vec<RefusedByPublish>,
        ingest: Vec<RefusedByIngest>,
        language: Language,
    ) -> Vec<Self> {
        let publish =
            publish.into_iter().map(|order| (order.command, order.reason, order.detail, order.refuse_time));
        let ingest =
            ingest.into_iter().map(|order| (order.command, order.reason, order.detail, order.refuse_time));
        let mut orders: Vec<Self> = publish
            .chain(ingest)
            .map(|(command, reason, detail, time)| Self {
                command,
                reason,
                detail,
                time: show::minute(time.as_ref(), language),
                order: order(time),
            })
            .collect();
        orders.sort_by_key(|one| std::cmp::Reverse(one.order));
        orders
    }
}

fn by(name: &str, words: &Words) -> String {
    if name.is_empty() { String::new() } else { fill(words.halt_by, name) }
}

fn order(time: Option<Timestamp>) -> (i64, i32) {
    time.map_or((0, 0), |time| (time.seconds, time.nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_of_both_services_is_one_and_unsigned_is_seen() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let publish = |halt_id: &str, seconds| HaltInForce {
            halt_id: halt_id.into(),
            scope: Some(halt_in_force::Scope::Everything(true)),
            order_time: at(seconds),
            signing: halt_in_force::Signing::Signed.into(),
            ..HaltInForce::default()
        };
        let ingest = AnswersHalt {
            halt_id: "b".into(),
            scope: Some(answers_halt::Scope::Everything(true)),
            order_time: at(2),
            signing: answers_halt::Signing::Unsigned.into(),
            unsigned_reason: "没有签名".into(),
            ..AnswersHalt::default()
        };
        let halts = HaltView::all(vec![publish("a", 1), publish("b", 2)], vec![ingest], Language::Chinese);
        let seen: Vec<_> = halts.iter().map(|halt| (halt.id.as_str(), halt.signing_code)).collect();
        assert_eq!(seen, [("b", "unsigned"), ("a", "signed")]);
    }
}

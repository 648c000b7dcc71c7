//! Faults on order: each spoils one call of one operation, in the order they
//! were asked for. They are test equipment, not part of the imitated world,
//! and so are not kept over a restart.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;

/// What goes wrong with one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// Act, then cut the connection.
    DropAnswer,
    /// Act, then answer HTTP 500 with a page of HTML.
    ServerErrorAfter,
    /// Answer HTTP 500 without acting.
    ServerErrorBefore,
    /// Refuse with this code without acting.
    Code(i64),
    /// Act, then answer with this code all the same.
    CodeAfter(i64),
    /// Act, then keep the caller waiting.
    Delay(Duration),
    /// A post is accepted but stays invisible for so long.
    LateVisibility(Duration),
    /// The callback is pushed a second time although it was answered.
    DoubleDelivery,
}

/// What goes wrong with the result of one accepted mass job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmationFault {
    /// The job succeeds, its event never arrives.
    Lose,
    /// The event arrives twice.
    Double,
    /// The job never ends.
    Never,
}

/// A fault as the control interface names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    pub operation: String,
    pub fault: FaultName,
    /// For `errcode` and `errcode_after`.
    pub code: Option<i64>,
    /// For `delay` and `late_visibility`.
    pub delay_ms: Option<u64>,
    #[serde(default = "once")]
    pub count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultName {
    DropAnswer,
    #[serde(rename = "http_500_after")]
    ServerErrorAfter,
    #[serde(rename = "http_500_before")]
    ServerErrorBefore,
    Errcode,
    ErrcodeAfter,
    Delay,
    LateVisibility,
    DoubleDelivery,
    LoseConfirmation,
    DoubleConfirmation,
    NoConfirmation,
}

/// The waiting faults.
#[derive(Default)]
pub struct Faults {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    answers: HashMap<String, VecDeque<AnswerFault>>,
    confirmations: HashMap<String, VecDeque<ConfirmationFault>>,
}

impl Faults {
    /// Queues what was ordered.
    ///
    /// # Errors
    /// The order lacks the figure that its fault needs; the text says which.
    pub fn order(&self, order: &FaultOrder) -> Result<(), &'static str> {
        enum Kind {
            Answer(AnswerFault),
            Confirmation(ConfirmationFault),
        }
        let code = order.code.ok_or("this fault needs \"code\"");
        let delay = order.delay_ms.map(Duration::from_millis).ok_or("this fault needs \"delay_ms\"");
        let kind = match order.fault {
            FaultName::DropAnswer => Kind::Answer(AnswerFault::DropAnswer),
            FaultName::ServerErrorAfter => Kind::Answer(AnswerFault::ServerErrorAfter),
            FaultName::ServerErrorBefore => Kind::Answer(AnswerFault::ServerErrorBefore),
            FaultName::Errcode => Kind::Answer(AnswerFault::Code(code?)),
            FaultName::ErrcodeAfter => Kind::Answer(AnswerFault::CodeAfter(code?)),
            FaultName::Delay => Kind::Answer(AnswerFault::Delay(delay?)),
            FaultName::LateVisibility => Kind::Answer(AnswerFault::LateVisibility(delay?)),
            FaultName::DoubleDelivery => Kind::Answer(AnswerFault::DoubleDelivery),
            FaultName::LoseConfirmation => Kind::Confirmation(ConfirmationFault::Lose),
            FaultName::DoubleConfirmation => Kind::Confirmation(ConfirmationFault::Double),
            FaultName::NoConfirmation => Kind::Confirmation(ConfirmationFault::Never),
        };
        let mut waiting = self.lock();
        for _ in 0..order.count {
            match kind {
                Kind::Answer(fault) => {
                    waiting.answers.entry(order.operation.clone()).or_default().push_back(fault);
                }
                Kind::Confirmation(fault) => {
                    waiting.confirmations.entry(order.operation.clone()).or_default().push_back(fault);
                }
            }
        }
        Ok(())
    }

    /// Takes the next fault for an answer of `operation`.
    pub fn take_answer(&self, operation: &str) -> Option<AnswerFault> {
        self.lock().answers.get_mut(operation)?.pop_front()
    }

    /// Takes the next fault for a confirmation of `operation`.
    pub fn take_confirmation(&self, operation: &str) -> Option<ConfirmationFault> {
        self.lock().confirmations.get_mut(operation)?.pop_front()
    }

    /// Forgets all that wait.
    pub fn clear(&self) {
        *self.lock() = Waiting::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn once() -> usize {
    1
}

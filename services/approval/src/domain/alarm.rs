//! What an office is told at once, above everything else on its queue.

use super::words::words;

words! {
    /// What an alarm is about.
    pub enum AlarmKind {
        /// A call for help.
        Help = "help",
        /// Wrong codes after the right password.
        LockedOut = "locked_out",
        /// An automatic answer was switched off, because citizens said that it was wrong.
        AnswerSuspended = "answer_suspended",
    }
}

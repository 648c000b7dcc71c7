//! What classification decides and by which rules; pure: no I/O, no clock, no database.

pub mod facts;
pub mod index;
pub mod intent;
pub mod matching;
pub mod ngram;
pub mod normalise;
pub mod reason;
pub mod routing;
pub mod sentence;
pub mod urgency;
pub mod wording;
pub mod words;

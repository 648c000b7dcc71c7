//! The rules, pure: states of cases and revisions, who may sign which step, what five boxes become on each
//! channel, what is wrong with a draft. No database, no RPC, no clock.

pub mod alarm;
pub mod attempts;
pub mod audit;
pub mod case;
pub mod chain;
pub mod content;
pub mod draft;
pub mod finding;
pub mod halt;
pub mod moved_on;
pub mod officer;
pub mod problems;
pub mod publication;
pub mod rendition;
pub mod revision;
mod unfit;
mod words;

pub use words::UnknownWord;

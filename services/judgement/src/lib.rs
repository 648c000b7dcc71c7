//! What a message is, what it is like, and how much it matters: pure rules and measures over texts.
//!
//! classification judges with it in service, `chengqing eval` measures it on files: one code path. It does no
//! I/O of its own accord, knows no clock and no database, and decides nothing that a person does not see.

pub mod agreement;
pub mod apart;
pub mod common;
pub mod compare;
pub mod danger;
pub mod days;
pub mod evaluate;
pub mod faces;
pub mod facts;
pub mod index;
pub mod intent;
pub mod learn;
pub mod link;
pub mod matching;
pub mod neighbours;
pub mod normalise;
pub mod picture;
pub mod profile;
pub mod ranking;
pub mod reason;
pub mod rerank;
pub mod routing;
pub mod rulebook;
pub mod rules_file;
pub mod sameness;
pub mod sentence;
mod site;
pub mod spread;
pub mod synonyms;
pub mod urgency;
pub mod wording;
pub mod words;

//! What a message is, what it is like, and how much it matters: pure rules and measures over texts.
//!
//! classification judges with it in service, `chengqing eval` measures it on files: one code path. It does no
//! I/O of its own accord, knows no clock and no database, and decides nothing that a person does not see.

pub mod evaluate;
pub mod facts;
pub mod index;
pub mod intent;
pub mod link;
pub mod matching;
pub mod ngram;
pub mod normalise;
pub mod picture;
pub mod reason;
pub mod routing;
pub mod sentence;
pub mod urgency;
pub mod wording;
pub mod words;

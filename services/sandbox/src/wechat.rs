//! The imitated WeChat Official Account platform: its interfaces by path, in
//! one table, and what all of them have in common (token, method, counters,
//! faults). Interfaces that the desk does not use are not here.

pub mod api;
pub mod article;
pub mod audience;
pub mod callback;
pub mod citizen;
pub mod crypto;
pub mod custom;
pub mod draft;
pub mod mass;
pub mod material;
pub mod quota;
pub mod refusal;
pub mod reply;
pub mod state;
pub mod token;
pub mod worker;

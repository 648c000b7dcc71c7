//! The sandbox's rules, seen through its own HTTP interfaces, on a clock that
//! the test moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod callbacks;
mod drafts;
mod files;
mod kill;
mod mass;
mod pages;
mod restart;
mod server;
mod stage;
mod tokens;
mod weibo;
mod windows;

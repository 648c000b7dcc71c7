//! The outside world in miniature: WeChat's and Weibo's HTTP interfaces as the
//! connectors see them, the phones of a few citizens, and what the public
//! sees. For demonstrations and tests; it is in no production image. It shares
//! no code with the connectors, so that both cannot misread a platform in the
//! same way, and nothing it shows ever leaves it.
//!
//! `Change` is the unit of everything: a call decides, records changes in the
//! journal, and only then is answered; a restart replays them.

mod app;
mod beijing;
mod call;
pub mod config;
mod control;
mod cut;
mod fault;
mod journal;
mod pages;
mod random;
mod store;
mod wechat;
mod weibo;
mod world;
mod xml;

pub use app::App;

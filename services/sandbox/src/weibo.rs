//! The imitated Sina Weibo open platform: OAuth2 and the few interfaces that a
//! reviewed ordinary application may call for its owner's own account.

pub mod account;
pub mod api;
pub mod oauth;
pub mod refusal;
pub mod state;
pub mod status;
pub mod text;

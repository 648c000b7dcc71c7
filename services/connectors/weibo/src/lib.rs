//! The Sina Weibo open platform (新浪微博) as a wire protocol: publishing one
//! post with a link, reading one's own newest posts, deleting one.
//!
//! The platform has no idempotency key. This crate therefore says precisely
//! what is known after a call, and offers the comparison by which a caller
//! can recognise its own post; it deliberately repeats nothing, keeps
//! nothing and decides nothing.

pub mod client;
pub mod codes;
pub mod error;
pub mod length;
pub mod mid;
pub mod post;
pub mod same;

mod wire;

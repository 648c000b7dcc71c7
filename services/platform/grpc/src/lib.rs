//! What every gRPC server and client here has in common: who is calling, errors with details, pages of lists,
//! health, trace context, graceful stop.
//!
//! It knows no RPC by name.

mod audience;
mod caller;
mod client;
mod convert;
mod page;
mod refusal;
pub mod rights;
mod server;
mod token;
mod words;

pub use audience::{Audience, Shows, Tokens};
pub use caller::{Caller, Role};
pub use client::{channel, with_token, with_tokens, without_token};
pub use convert::{instant, parse_id, timestamp};
pub use page::{PAGE_BYTES_MAX, PageToken, fitting, page_size};
pub use refusal::{Refusal, reason, told};
pub use server::serve;
pub use token::{TokenIssuer, TokenVerifier, public_key};
pub use words::brief;

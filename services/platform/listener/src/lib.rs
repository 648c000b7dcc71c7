//! Serves pages and callbacks to whoever may connect, and lets nobody who connects wear it out.
//!
//! A connection that sends its headers or its body too slowly, takes its answer too slowly or keeps quiet is closed;
//! an answer that does not come is given up; connections are counted, in all and by address. HTTP/1 alone is spoken:
//! a proxy that ends TLS needs no more, and one connection then asks for one thing at a time. It knows no page, and
//! gRPC between services is not its business.

mod body;
mod limits;
mod network;
mod patient;
mod places;
mod serve;

pub use limits::{Limits, Patience};
pub use network::{Network, NoNetwork};
pub use serve::Door;

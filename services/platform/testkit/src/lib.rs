//! What tests stand on: real PostgreSQL and NATS, waiting without sleeping, a clock to steer, captured spans.
//!
//! It fakes nothing. It panics where a test could only fail, saying what is missing.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what this crate gives it")]

mod clock;
mod nats;
mod postgres;
mod spans;
mod wait;

pub use clock::SteeredClock;
pub use nats::{Nats, administer_bus, bus_users, nats_program};
pub use postgres::{Postgres, SharedPostgres, TestDatabase, postgres};
pub use spans::{CapturedSpan, SpanSink};
pub use wait::{eventually, eventually_within};

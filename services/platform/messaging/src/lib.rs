//! Events between services: an outbox in the producer's database, a relay to JetStream, a pull loop with an
//! inbox in the consumer's database, dead letters, and refilling a stream that lost something; and an administrator
//! who makes streams and consumers, which no service may.
//!
//! Delivery is at least once and in no promised order; the inbox makes each event's *effect* happen once. The
//! crate knows no event by name: it carries a subject, an agency and bytes. It does not publish directly, call
//! between services, or order anything by time or id.

mod administrator;
mod backoff;
mod batch;
mod bus;
mod consumer;
pub mod dead_letters;
mod envelope;
mod housekeeping;
mod inbox;
mod loss;
mod member;
mod metrics;
pub mod outbox;
mod pull_loop;
mod queue;
mod relay;
mod replay;
pub mod rights;
mod spans;
mod stream;
mod subscriber;
mod tenancy;
mod term;

pub use administrator::Administrator;
pub use bus::{Bus, BusConfig};
pub use member::Member;
pub use pull_loop::PullLoop;
pub use relay::{Depth, Relay, Waker};
pub use subscriber::{ApplyError, Delivery, Subscriber, Subscription, Unreadable};

/// The migrations of schema `messaging`, which every service that sends or receives events has in its database.
#[must_use]
pub fn migrator() -> &'static sqlx::migrate::Migrator {
    static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
    &MIGRATOR
}

//! Messaging against real PostgreSQL and NATS: whatever is killed, lost, doubled or away, each event has its
//! effect once.

#![expect(clippy::unwrap_used, reason = "a story cannot go on when a step of it fails")]

mod crash;
mod dead_letters;
mod doubled;
mod housekeeping;
mod loss;
mod outage;
mod permissions;
mod relay;
mod tenancy;
#[path = "../../examples/toy/thing.rs"]
mod thing;
mod trace;
mod world;

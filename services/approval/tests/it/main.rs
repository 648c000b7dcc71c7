//! The service on real PostgreSQL and NATS, each test with a database and a server of its own.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without what it asked for")]

mod access;
mod audit;
mod ceremony;
mod chain;
mod checker;
mod claims;
mod correct;
mod deeds;
mod finding;
mod halt;
mod largest;
mod moved_on;
mod office;
mod publications;
mod statements;
mod tampering;
mod tenancy;
mod validity;

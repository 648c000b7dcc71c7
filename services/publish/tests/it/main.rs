//! What publish promises, shown over real PostgreSQL, real NATS and the sandbox's platforms. What reached the
//! public is counted in the sandbox's own log and nowhere else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod confirm;
mod desk;
mod halt;
mod office;
mod orders;
mod people;
mod platforms;
mod refuse;
mod revise;

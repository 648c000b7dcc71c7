//! What signoff promises: its encoding is strict and stable, and nothing but an untouched chain verifies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod encoding;
mod evidence;
mod office;
mod orders;
mod vectors;
mod verification;

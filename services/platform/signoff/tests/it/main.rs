//! What signoff promises: its encoding is strict and stable, and nothing but an untouched chain verifies.

mod encoding;
mod office;
mod vectors;
mod verification;

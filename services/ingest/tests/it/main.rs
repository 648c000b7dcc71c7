//! What ingest promises, against real PostgreSQL, real NATS and the sandbox's WeChat.

#![expect(clippy::unwrap_used, reason = "a test can only fail where its fixture does")]

mod accept;
mod answers;
mod callback;
mod clients;
mod desk;
mod halts;
mod imports;
mod media;
mod press;
mod receipts;
mod reveal;
mod tenancy;
mod validity;

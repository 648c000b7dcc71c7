//! What ingest promises, against real PostgreSQL, real NATS and the sandbox's WeChat.

mod accept;
mod answers;
mod callback;
mod desk;
mod halts;
mod press;
mod tenancy;

//! The service on real PostgreSQL and NATS, each test with a database and a server of its own.

mod answer;
mod ask;
mod desk;
mod gather;
mod links;
mod pictures;
mod understand;

//! The service on real PostgreSQL and NATS, each test with a database and a server of its own.

mod answer;
mod ask;
mod basis;
mod correct;
mod desk;
mod gather;
mod index_file;
mod intent;
mod links;
mod pictures;
mod reroute;
mod rules;
mod suggest;
mod train;
mod understand;

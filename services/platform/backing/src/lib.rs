//! The two backing services of one machine, PostgreSQL and NATS: started privately under one data directory,
//! for `chengqing up` and for tests.
//!
//! It never touches a server that it did not start, and it knows no schema and no subject: who may do what is
//! told to it ([`BusUser`], SQL given to [`Postgres::run_sql`]).

mod nats;
mod port;
mod postgres;
mod private;
mod process;

pub use nats::{BusPassword, BusUser, Nats, authorization, nats_server};
pub use port::{free_port, free_ports, is_taken};
pub use postgres::{Postgres, PostgresTuning};
pub use private::write as write_private;
pub use process::{end_leftover, remember};

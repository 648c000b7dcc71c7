//! What publish promises, shown over real PostgreSQL, real NATS and the sandbox's platforms. What reached the
//! public is counted in the sandbox's own log and nowhere else.

mod confirm;
mod desk;
mod halt;
mod office;
mod people;
mod platforms;
mod refuse;
mod revise;

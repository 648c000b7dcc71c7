//! The binary `chengqing`: composition only. It starts services, sets up one machine, and holds the operators'
//! commands; what a service does is the service's own.
//!
//! A library as well, so that the system tests set up and run an installation exactly as `chengqing up` does.

pub mod agency;
pub mod bench;
pub mod bus;
pub mod client;
pub mod code;
pub mod dead_letters;
pub mod demo;
pub mod evaluate;
pub mod fleet;
pub mod import;
pub mod installation;
pub mod serve;
pub mod train;
pub mod up;
pub mod verify;

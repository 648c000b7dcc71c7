//! Ports of this machine.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// A port that nothing listens on at this moment.
///
/// # Errors
/// When the machine has none left.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether something listens on this port.
#[must_use]
pub fn is_taken(port: u16) -> bool {
    TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), Duration::from_millis(300)).is_ok()
}

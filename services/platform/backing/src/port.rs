//! Ports of this machine.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// Below the range from which the system takes ports for outgoing connections: a server that is killed and
/// started again must find its port as it left it.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port that nothing listens on at this moment.
///
/// # Errors
/// When the machine has none left.
pub fn free_port() -> std::io::Result<u16> {
    free_ports().map(|[port]| port)
}

/// So many different ports that nothing listens on at this moment.
///
/// # Errors
/// When the machine has not so many left.
pub fn free_ports<const COUNT: usize>() -> std::io::Result<[u16; COUNT]> {
    let width = u64::from(RANGE.end - RANGE.start);
    // A hasher's keys are random: processes that look at the same time look in different places.
    let start = RandomState::new().hash_one(0) % width;
    let ports: Vec<u16> = (0..width)
        .filter_map(|step| u16::try_from((start + step) % width).ok())
        .map(|step| RANGE.start + step)
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .take(COUNT)
        .collect();
    ports.try_into().map_err(|_| std::io::Error::from(std::io::ErrorKind::AddrInUse))
}

/// Whether something listens on this port.
#[must_use]
pub fn is_taken(port: u16) -> bool {
    TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), Duration::from_millis(300)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_are_taken_together_differ() {
        let mut ports = free_ports::<200>().unwrap().to_vec();
        ports.dedup();
        assert_eq!(ports.len(), 200);
    }
}

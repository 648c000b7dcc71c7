//! How often something may be tried, and from where: failures are counted by what stands behind them, and each
//! makes the next wait longer.
//!
//! Three things are counted apart, so that nobody's failures change what somebody else may do who has proved more:
//! sign-ins by the network address that they come from (or by the browser, if it signed in before), codes after a
//! right password by person, and codes of a sign-off by session.

use std::net::IpAddr;

use time::Duration;

/// What failures lead to.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// How long to wait after the first, the second … failure, in seconds; the last one stands for all that follow.
    pub waits_seconds: &'static [i64],
    /// After so long without an attempt, what was counted is forgotten.
    pub forgotten_after: Duration,
}

/// An office of thirty behind one address may all mistype once; whoever guesses is down to one try in five minutes
/// after half an hour.
pub const SIGN_IN: Schedule = Schedule {
    waits_seconds: &[
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300,
    ],
    forgotten_after: Duration::minutes(15),
};

/// Wrong codes that cost no wait.
pub const CODES_FREE: i32 = 4;

/// Five codes, then one in ten minutes: with the password in hand, a code is guessed once in six years so.
pub const CODES: Schedule =
    Schedule { waits_seconds: &[0, 0, 0, 0, 600], forgotten_after: Duration::days(1) };

/// Every attempt that is refused is told of in the audit trail, up to so many without a quiet minute; of more than
/// that, every hundredth. A flood then neither fills the trail nor stands in the way of those who write to it.
pub const TOLD: Schedule = Schedule { waits_seconds: &[0], forgotten_after: Duration::minutes(1) };

const TOLD_SINGLY_MAX: i32 = 30;
const TOLD_EVERY: i32 = 100;

/// True when the audit trail is told of the `count`th refused attempt without a quiet minute.
#[must_use]
pub const fn is_told(count: i32) -> bool {
    count <= TOLD_SINGLY_MAX || count % TOLD_EVERY == 0
}

/// What failures from an address are counted by: an IPv4 address, or the half of an IPv6 one that a customer of
/// a network is given as a whole.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_customer_is_one_network_and_an_ipv4_address_is_itself_however_it_is_written() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn waits_only_grow_and_end() {
        for schedule in [SIGN_IN, CODES, TOLD] {
            assert!(schedule.waits_seconds.is_sorted());
            let longest = schedule.waits_seconds.last().copied().unwrap();
            assert!(longest <= 600 && Duration::seconds(longest) < schedule.forgotten_after);
        }
        let free = CODES.waits_seconds.iter().filter(|wait| **wait == 0).count();
        assert_eq!(i32::try_from(free).unwrap(), CODES_FREE);
    }

    #[test]
    fn a_flood_is_told_by_the_hundred() {
        assert_eq!((1..=1_000).filter(|count| is_told(*count)).count(), 40);
    }
}

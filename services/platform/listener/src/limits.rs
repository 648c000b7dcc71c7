//! How long whoever connects is waited for, and how many may.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::Deserialize;

/// What one listener bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds until the headers of a request are there, counted from the connection or from the answer before;
    /// default 10. A connection from a trusted proxy, which reads headers itself, may stay idle for 75 s.
    pub header_seconds: NonZeroU32,
    /// Seconds until the body of a request is there, counted from its headers; default 20.
    pub body_seconds: NonZeroU32,
    /// Seconds until the answer begins, counted from the headers of its request; default 30.
    pub answer_seconds: NonZeroU32,
    /// Seconds for which a connection may take nothing of its answer; default 30.
    pub stall_seconds: NonZeroU32,
    /// Connections at once; default 1024. More wait until one ends.
    pub connections_max: NonZeroUsize,
    /// Connections at once from one address, IPv6 by the network of 64 bits; default 256. More are closed. Those from
    /// a trusted proxy are not counted: many people come through it, and it is the one to count them.
    pub connections_per_address_max: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        const fn seconds(number: u32) -> NonZeroU32 {
            NonZeroU32::new(number).expect("not zero")
        }
        Self {
            header_seconds: seconds(10),
            body_seconds: seconds(20),
            answer_seconds: seconds(30),
            stall_seconds: seconds(30),
            connections_max: const { NonZeroUsize::new(1024).expect("not zero") },
            connections_per_address_max: const { NonZeroUsize::new(256).expect("not zero") },
        }
    }
}

impl Limits {
    pub(crate) fn header(&self) -> Duration {
        in_seconds(self.header_seconds)
    }

    pub(crate) fn stall(&self) -> Duration {
        in_seconds(self.stall_seconds)
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience { body: in_seconds(self.body_seconds), answer: in_seconds(self.answer_seconds) }
    }
}

fn in_seconds(number: NonZeroU32) -> Duration {
    Duration::from_secs(number.get().into())
}

/// How long a request to one address is waited for, where that is longer than elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until its body is there, counted from its headers.
    pub body: Duration,
    /// Until its answer begins, counted from its headers.
    pub answer: Duration,
}

//! What every service process stands on: configuration, time, tasks that start and stop in order, slow work that
//! is bounded, and the points where a test can kill it.
//!
//! It knows no network, no database and no service.

mod clock;
pub mod config;
pub mod crash;
mod lifecycle;
mod slow_work;

pub use clock::Clock;
pub use lifecycle::{Lifecycle, Stopped};
pub use slow_work::{NotDone, SlowWork};

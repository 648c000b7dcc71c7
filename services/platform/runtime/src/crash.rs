//! Named points at which a test kills the process, to show that nothing is lost or done twice.
//!
//! A point is armed by `CHENGQING_CRASH_AT=<name>` (or `<name>#<n>` for the n-th time it is reached) and dies
//! by SIGKILL, so that no destructor helps. Without the feature `crash-points` every point is nothing at all.

/// Dies here when a test armed this point.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        $crate::crash::reach($name)
    };
}

/// What [`crash_point!`](crate::crash_point) calls.
#[cfg(not(feature = "crash-points"))]
pub const fn reach(_name: &str) {}

/// What [`crash_point!`](crate::crash_point) calls.
#[cfg(feature = "crash-points")]
pub fn reach(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ARMED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static REACHED: AtomicU32 = AtomicU32::new(0);

    let armed = ARMED.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "armed by a test from outside the configuration")]
        let value = std::env::var("CHENGQING_CRASH_AT").ok()?;
        let (point, time) = value.split_once('#').unwrap_or((&value, "1"));
        Some((point.to_owned(), time.parse().unwrap_or(1)))
    });
    if let Some((point, time)) = armed
        && point == name
        && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *time
    {
        die();
    }
}

#[cfg(feature = "crash-points")]
fn die() -> ! {
    // SIGKILL to oneself does not return; if the kernel refused it, die all the same.
    let _refused = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

//! The one source of the time of day.
//!
//! A steered clock lets a test move time in several processes at once: it adds an offset that it reads from a
//! file. Time of day orders nothing (design G5); it is shown, compared with windows, and waited for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

/// Tells the time of day, in UTC. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_file: Option<Arc<PathBuf>>,
}

/// How often a sleeper on a steered clock looks whether a test has moved the time.
const STEERED_POLL: Duration = Duration::from_millis(10);

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { offset_file: None }
    }

    /// The machine's clock plus the offset, in milliseconds, that `offset_file` holds at each look.
    #[must_use]
    pub fn steered(offset_file: PathBuf) -> Self {
        Self { offset_file: Some(Arc::new(offset_file)) }
    }

    /// The machine's own clock. Where this crate is built for tests (feature `steered-clock`), one steered by the file
    /// that `CHENGQING_CLOCK_FILE` names: whoever sets the time decides when sessions and signatures end, so what an
    /// office runs cannot be told another one.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var_os("CHENGQING_CLOCK_FILE") {
            None => Self::system(),
            Some(file) if cfg!(feature = "steered-clock") => Self::steered(file.into()),
            Some(_) => {
                tracing::error!(
                    "CHENGQING_CLOCK_FILE is set and ignored: the time of this program cannot be steered"
                );
                Self::system()
            }
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
        let machine = OffsetDateTime::now_utc();
        machine + self.offset()
    }

    /// Waits until `duration` has passed on this clock.
    pub async fn sleep(&self, duration: Duration) {
        if self.offset_file.is_none() {
            return tokio::time::sleep(duration).await;
        }
        let end = self.now() + duration;
        while self.now() < end {
            tokio::time::sleep(STEERED_POLL.min(duration)).await;
        }
    }

    fn offset(&self) -> time::Duration {
        let Some(file) = &self.offset_file else { return time::Duration::ZERO };
        // A file that is not there yet, or half written, moves nothing.
        let text = std::fs::read_to_string(file.as_path()).unwrap_or_default();
        time::Duration::milliseconds(text.trim().parse().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_a_test_moves_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offset");
        let clock = Clock::steered(file.clone());
        let sleeper = clock.clone();
        let before = clock.now();
        let nap = async move { sleeper.sleep(Duration::from_secs(3600)).await };
        let steer = async { std::fs::write(&file, "3600000").unwrap() };
        tokio::join!(nap, steer);
        assert!(clock.now() - before >= time::Duration::hours(1));
    }
}

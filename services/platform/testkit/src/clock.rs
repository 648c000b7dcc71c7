//! The clock that a test steers, in this process and in those that it starts.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Moves time forward for every process that reads the same file (`CHENGQING_CLOCK_FILE`).
#[derive(Debug)]
pub struct SteeredClock {
    file: PathBuf,
    offset_ms: AtomicI64,
}

impl SteeredClock {
    /// A clock that runs with the machine's until it is moved.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock-offset"), offset_ms: AtomicI64::new(0) };
        clock.advance(Duration::ZERO);
        clock
    }

    /// The file to name in `CHENGQING_CLOCK_FILE`, or to give to `Clock::steered`.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        let offset = self.offset_ms.fetch_add(by, Ordering::SeqCst) + by;
        // Written beside and moved into place: a reader never sees half a number.
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, offset.to_string()).unwrap();
        std::fs::rename(&beside, &self.file).unwrap();
    }
}

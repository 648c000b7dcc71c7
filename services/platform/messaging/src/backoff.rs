//! Growing pauses between attempts, cut short by a stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The first pause: an election or a restart is often over by then.
const FIRST: Duration = Duration::from_millis(200);

/// The longest pause: what comes back is noticed within this time.
const LONGEST: Duration = Duration::from_secs(5);

/// Doubles from pause to pause until [`reset`](Backoff::reset).
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    pub const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The pause to make now; the next one is twice as long.
    pub fn advance(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause
    }

    /// The pause that will be made next.
    pub const fn current(&self) -> Duration {
        self.next
    }

    pub const fn reset(&mut self) {
        self.next = FIRST;
    }
}

/// Waits for `pause` or until `stop` is cancelled.
pub async fn wait(pause: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

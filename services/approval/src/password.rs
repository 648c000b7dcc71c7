//! Where passwords are stretched: a few at a time, off the runtime's workers, in memory that is used again while
//! somebody waits and given back to the system when nobody does.

use std::sync::{Arc, Mutex, PoisonError};

use runtime::{NotDone, SlowWork};
use signoff::sealed::Memory;

/// More at once would finish no sooner, and each takes 19 MiB.
const AT_ONCE_MAX: usize = 4;
/// Sign-ins that wait; about two seconds' work. Whoever comes then hears that it is busy, instead of waiting for
/// an answer that comes too late.
const WAITING_MAX: usize = 64;
/// As many more may wait from browsers that signed in before: a crowd of strangers does not keep the office out.
const KNOWN_WAITING_MAX: usize = 2 * WAITING_MAX;

/// Where passwords are stretched. Cheap to clone.
#[derive(Clone)]
pub struct Stretching {
    slow: SlowWork,
    kept: Arc<Mutex<Vec<Memory>>>,
}

impl Stretching {
    /// Nothing is under way.
    pub fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { slow: SlowWork::new(processors.clamp(2, AT_ONCE_MAX)), kept: Arc::default() }
    }

    /// Runs `work` once it is its turn; one that comes from a known browser finds a longer queue.
    ///
    /// # Errors
    /// When too many wait, the work panicked or the runtime is shutting down.
    pub async fn run<T: Send + 'static>(
        &self,
        is_known: bool,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let waiting_max = if is_known { KNOWN_WAITING_MAX } else { WAITING_MAX };
        let (slow, kept) = (self.slow.clone(), Arc::clone(&self.kept));
        let stretch = move || {
            let before = lock(&kept).pop();
            let mut memory = before.unwrap_or_default();
            let done = work(&mut memory);
            let mut kept = lock(&kept);
            if slow.is_awaited() {
                kept.push(memory);
            } else {
                kept.clear();
            }
            done
        };
        self.slow.run(waiting_max, stretch).await
    }
}

fn lock(kept: &Mutex<Vec<Memory>>) -> std::sync::MutexGuard<'_, Vec<Memory>> {
    // Whole blocks of memory have no half-written state that a panic elsewhere could have left.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_is_used_again_while_somebody_waits_and_given_back_after() {
        let stretching = Stretching { slow: SlowWork::new(1), kept: Arc::default() };
        let runs = (0..8).map(|_| stretching.run(false, |_| ()));
        futures_join(runs).await;
        assert!(lock(&stretching.kept).is_empty());
        assert_eq!(stretching.slow.places_free(), 1);
    }

    async fn futures_join(runs: impl Iterator<Item = impl Future<Output = Result<(), NotDone>>>) {
        let mut runs: Vec<_> = runs.map(Box::pin).collect();
        std::future::poll_fn(|context| {
            runs.retain_mut(|run| run.as_mut().poll(context).is_pending());
            if runs.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

//! Work that keeps a thread busy for long: a few at a time, off the runtime's workers, behind a queue of bounded
//! length.
//!
//! A place at work belongs to the work and not to whoever waits for it: a caller that hangs up makes no room
//! before the work has really ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// As many wait as may.
    #[error("too much work of this kind is waiting")]
    Busy,
    /// The work panicked, or the runtime is shutting down.
    #[error("the work was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

/// Where slow work of one kind is done. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SlowWork {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl SlowWork {
    /// At most `at_once` at work.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once)), waiting: Arc::default() }
    }

    /// Runs `work` on a thread of its own once it is its turn. Refuses at once where `waiting_max` wait already.
    ///
    /// # Errors
    /// When too many wait, the work panicked or the runtime is shutting down.
    pub async fn run<T: Send + 'static>(
        &self,
        waiting_max: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let places = Arc::clone(&self.places);
        let place = match places.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                let _in_line = InLine::join(&self.waiting, waiting_max).ok_or(NotDone::Busy)?;
                // The semaphore is never closed, so the only way out of waiting is a place.
                places.acquire_owned().await.map_err(|_| NotDone::Busy)?
            }
        };
        let done = tokio::task::spawn_blocking(move || {
            // Held here, so that it is free when the work has ended and not when its caller has gone.
            let _place = place;
            work()
        });
        Ok(done.await?)
    }

    /// True while somebody waits for a place.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// How many more could begin at once.
    #[must_use]
    pub fn places_free(&self) -> usize {
        self.places.available_permits()
    }
}

/// A place in the queue, given up when dropped.
struct InLine(Arc<AtomicUsize>);

impl InLine {
    fn join(waiting: &Arc<AtomicUsize>, waiting_max: usize) -> Option<Self> {
        let joined = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
            (waiting < waiting_max).then_some(waiting + 1)
        });
        joined.is_ok().then(|| Self(Arc::clone(waiting)))
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn polled_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn callers_that_hang_up_make_no_room_before_their_work_has_ended() {
        let slow = SlowWork::new(4);
        let (begun, begins) = mpsc::channel();
        let mut ends = Vec::new();
        for _ in 0..4 {
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            let begun = begun.clone();
            let mut call = Box::pin(slow.run(0, move || {
                begun.send(()).unwrap();
                ended.recv().ok();
            }));
            assert!(polled_once(call.as_mut()).is_pending());
            // The caller hangs up.
            drop(call);
        }
        for _ in 0..4 {
            begins.recv().unwrap();
        }
        assert_eq!(slow.places_free(), 0, "four are at work although nobody waits for them");
        assert!(matches!(slow.run(0, || ()).await, Err(NotDone::Busy)));
        drop(ends);
        slow.run(1, || ()).await.unwrap();
    }

    #[tokio::test]
    async fn no_more_wait_than_may_and_who_gives_up_leaves_the_queue() {
        let slow = SlowWork::new(1);
        let (end, ended) = mpsc::channel::<()>();
        let mut at_work = pin!(slow.run(0, move || ended.recv().ok()));
        assert!(polled_once(at_work.as_mut()).is_pending());
        let mut first = Box::pin(slow.run(2, || ()));
        let mut second = Box::pin(slow.run(2, || ()));
        assert!(polled_once(first.as_mut()).is_pending() && polled_once(second.as_mut()).is_pending());
        assert!(slow.is_awaited());
        assert!(matches!(slow.run(2, || ()).await, Err(NotDone::Busy)));
        drop(second);
        let mut third = pin!(slow.run(2, || ()));
        assert!(polled_once(third.as_mut()).is_pending(), "a place became free");
        drop(end);
        at_work.await.unwrap();
        first.await.unwrap();
        third.await.unwrap();
        assert!(!slow.is_awaited());
    }
}

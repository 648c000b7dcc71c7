//! Starting and stopping a process: named tasks, a soft stop and a hard stop.
//!
//! Soft means: take no new work, finish what you hold. Hard means: drop it. SIGTERM or Ctrl-C asks for a soft
//! stop; a second signal, or the end of the grace period, makes it hard. A task that ends before it was asked
//! to stops the process with a failure.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The process, or in tests one part of it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    failure: Arc<OnceLock<String>>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// It was asked to, and did.
    AsAsked,
    /// A task failed or ended early; its name.
    Failed(String),
}

impl Lifecycle {
    /// A process that has not been asked to stop.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when no new work is to be taken.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when everything is to be dropped.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Runs a task until it ends or the stop turns hard.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let this = self.clone();
        self.tasks.spawn(async move {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the tracked spawn that everything else uses"
            )]
            let mut running = tokio::spawn(task);
            let ended = tokio::select! {
                ended = &mut running => ended,
                () = this.hard.cancelled() => {
                    running.abort();
                    return;
                }
            };
            match ended {
                Ok(Ok(())) if this.soft.is_cancelled() => tracing::debug!(task = name, "task {name} stopped"),
                Ok(Ok(())) => this.fail(name, "ended although nobody asked it to"),
                Ok(Err(error)) => this.fail(name, &format!("failed: {error:#}")),
                Err(panic) => this.fail(name, &format!("panicked: {panic}")),
            }
        });
    }

    /// Turns SIGTERM and Ctrl-C into a soft stop, and a second one into a hard stop.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn stop_on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        // Not a tracked task: it must outlive the soft stop to hear the second signal.
        #[expect(clippy::disallowed_methods, reason = "listens until the process ends")]
        tokio::spawn(async move {
            for stop in [&this.soft, &this.hard] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                stop.cancel();
            }
        });
        Ok(())
    }

    /// Asks for a soft stop.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Waits for the soft stop, then up to `grace` for the tasks to finish, then drops them.
    pub async fn stopped(self, grace: Duration) -> Stopped {
        self.soft.cancelled().await;
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = self.hard.cancelled() => self.tasks.wait().await,
            () = tokio::time::sleep(grace) => {
                tracing::warn!("some tasks did not finish within {} s and are dropped", grace.as_secs());
                self.hard.cancel();
                self.tasks.wait().await;
            }
        }
        self.failure.get().map_or(Stopped::AsAsked, |name| Stopped::Failed(name.clone()))
    }

    fn fail(&self, name: &'static str, how: &str) {
        tracing::error!(task = name, "task {name} {how}; stopping");
        // The first failure names the cause; what follows are its consequences.
        let _first = self.failure.set(name.to_owned());
        self.soft.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_task_that_fails_stops_the_process_and_is_named() {
        let lifecycle = Lifecycle::new();
        let soft = lifecycle.soft();
        lifecycle.spawn("steady", async move {
            soft.cancelled().await;
            Ok(())
        });
        lifecycle.spawn("relay", async { anyhow::bail!("the bus is gone") });
        assert_eq!(lifecycle.stopped(GRACE).await, Stopped::Failed("relay".into()));
    }

    #[tokio::test]
    async fn a_task_that_ends_unasked_is_a_failure() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("loop", async { Ok(()) });
        assert_eq!(lifecycle.stopped(GRACE).await, Stopped::Failed("loop".into()));
    }

    #[tokio::test]
    async fn a_hard_stop_drops_what_does_not_finish() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("stuck", std::future::pending());
        lifecycle.stop();
        lifecycle.hard().cancel();
        assert_eq!(lifecycle.stopped(GRACE).await, Stopped::AsAsked);
    }
}

//! Agencies side by side: the backlog or the slow platform of one is its own and holds up no other's.

use std::time::Duration;

use futures::future::join_all;
use ids::AgencyId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Wakes whoever looks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Waker(watch::Sender<()>);

impl Default for Waker {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Waker {
    /// Tells that there may be something to do.
    pub fn wake(&self) {
        self.0.send_replace(());
    }
}

/// Looks after every agency by itself until the process stops: as often as `every`, and when woken. `look` does one
/// agency's next few things and says whether there may be more; what it shares with the other agencies it must hold
/// for moments only.
pub async fn side_by_side<Looked: Future<Output = bool>>(
    agencies: Vec<AgencyId>,
    waker: Waker,
    every: Duration,
    stop: CancellationToken,
    look: impl Fn(AgencyId) -> Looked,
) {
    let (waker, stop, look) = (&waker, &stop, &look);
    let one = |agency| async move {
        let mut woken = waker.0.subscribe();
        while !stop.is_cancelled() {
            woken.mark_unchanged();
            if look(agency).await {
                continue;
            }
            tokio::select! {
                _ = woken.changed() => {}
                () = tokio::time::sleep(every) => {}
                () = stop.cancelled() => {}
            }
        }
    };
    join_all(agencies.into_iter().map(one)).await;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn neither_a_backlog_nor_a_platform_that_never_answers_holds_up_another_agency() {
        let [slow, swamped, calm] = [1_u128, 2, 3].map(|id| AgencyId::from_uuid(uuid::Uuid::from_u128(id)));
        let looks = Mutex::new(BTreeMap::<AgencyId, u32>::new());
        let (stop, waker) = (CancellationToken::new(), Waker::default());
        let (looks, stopping, woken) = (&looks, stop.clone(), waker.clone());
        let (stopping, woken) = (&stopping, &woken);
        let look = |agency| async move {
            let so_many = {
                let mut looks = looks.lock().unwrap();
                let so_many = looks.entry(agency).or_default();
                *so_many += 1;
                *so_many
            };
            if agency == slow {
                std::future::pending::<()>().await;
            }
            tokio::task::yield_now().await;
            if agency == calm {
                // Something new comes for it.
                woken.wake();
                if so_many == 5 {
                    stopping.cancel();
                }
            }
            agency == swamped
        };
        let all = side_by_side(vec![slow, swamped, calm], waker, Duration::MAX, stop.clone(), look);
        tokio::select! {
            () = all => panic!("the slow one never ends"),
            () = stop.cancelled() => {}
        }
        let looks = looks.lock().unwrap();
        assert_eq!((looks[&slow], looks[&calm]), (1, 5));
        assert!(looks[&swamped] >= 5, "{looks:?}");
    }
}

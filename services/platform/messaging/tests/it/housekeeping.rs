//! Old rows go; what still matters stays, however old.

use std::time::Duration;

use runtime::{Clock, Lifecycle};
use testkit::{SteeredClock, eventually};

use crate::world::{World, nats};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn sent_events_go_after_thirty_days_and_unsent_ones_never() {
    let mut nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let clock = SteeredClock::in_folder(folder.path());
    let lifecycle = Lifecycle::new();
    world.relay_by(&lifecycle, Clock::steered(clock.file().to_owned())).await;
    world.make(1..=5).await;
    world.all_sent().await;
    let rows = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM messaging.outbox")
            .fetch_one(&world.maker.superuser())
            .await
            .unwrap()
    };

    clock.advance(29 * DAY);
    world.make([6]).await;
    world.all_sent().await;
    assert_eq!(rows().await, 6);

    nats.kill().await;
    world.make(7..=9).await;
    clock.advance(2 * DAY);
    nats.restart().await;
    world.all_sent().await;

    eventually("old rows to go", async || (rows().await <= 4).then_some(())).await;
    assert_eq!(rows().await, 4, "one was sent two days ago, three just now");
    lifecycle.hard().cancel();
}

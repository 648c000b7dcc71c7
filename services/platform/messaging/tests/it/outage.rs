//! PostgreSQL goes away and comes back: the events wait, and none is used up or done twice.

use ids::AgencyId;
use runtime::Lifecycle;
use testkit::{Postgres, eventually};

use crate::thing::{STREAM, SUBSCRIPTION};
use crate::world::{World, nats, schemas};

#[tokio::test]
async fn a_consumer_whose_database_is_away_for_a_while_uses_up_no_event() {
    const COUNT: i64 = 60;
    let nats = nats().await;
    let postgres = Postgres::start_private().await;
    let shared = World::on_shared_postgres(nats.url()).await;
    let world = World { recorder: postgres.fresh_database("toy", &schemas()).await, ..shared };
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;
    world.make(1..=5).await;
    world.each_had_its_effect_once(5).await;

    postgres.stop().await;
    world.make(6..=COUNT).await;
    world.all_sent().await;
    // Wait until some were tried and handed back, and the consumer has stopped asking for more.
    let jetstream = world.jetstream().await;
    eventually("a consumer that has given up for now", async || {
        let info = jetstream.get_stream(STREAM).await.ok()?.consumer_info(SUBSCRIPTION.durable).await.ok()?;
        (info.delivered.stream_sequence > 5 && info.num_waiting == 0).then_some(())
    })
    .await;
    postgres.resume().await;

    world.each_had_its_effect_once(COUNT).await;
    assert!(messaging::dead_letters::list(&world.recorder.pool, None, 10).await.unwrap().is_empty());
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn both_ends_survive_a_crash_of_the_database() {
    const COUNT: i64 = 300;
    let nats = nats().await;
    let postgres = Postgres::start_private().await;
    let world = World {
        maker: postgres.fresh_database("toy", &schemas()).await,
        recorder: postgres.fresh_database("toy", &schemas()).await,
        nats_url: nats.url(),
        agency: AgencyId::mint(),
    };
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;

    world.make(1..=200).await;
    postgres.crash().await;
    postgres.resume().await;
    eventually("a database that takes things again", async || {
        sqlx::query("SELECT 1").execute(&world.maker.pool).await.ok()
    })
    .await;
    world.make(201..=COUNT).await;

    world.each_had_its_effect_once(COUNT).await;
    lifecycle.hard().cancel();
}

//! JetStream loses what it acknowledged: all of it, its newest part, or a piece in the middle.

use std::path::{Path, PathBuf};

use backing::{BusPassword, BusUser};
use runtime::Lifecycle;
use testkit::eventually;

use crate::thing::{STREAM, TOY};
use crate::world::{World, jetstream, nats};

#[tokio::test]
async fn a_store_that_vanishes_with_acknowledged_events_is_filled_again() {
    const COUNT: i64 = 200;
    let mut nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.make(1..=COUNT).await;
    // Acknowledged by JetStream, and no consumer has ever run.
    world.all_sent().await;

    nats.kill().await;
    nats.remove_store();
    nats.restart().await;
    world.record(&lifecycle).await;

    world.each_had_its_effect_once(COUNT).await;
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn a_store_that_vanishes_under_running_processes_doubles_no_effect() {
    const COUNT: i64 = 150;
    let mut nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;
    world.make(1..=100).await;
    world.each_had_its_effect_once(100).await;

    nats.kill().await;
    world.make(101..=COUNT).await;
    nats.remove_store();
    nats.restart().await;

    world.each_had_its_effect_once(COUNT).await;
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn processes_that_were_away_when_the_store_vanished_fill_it_again() {
    const COUNT: usize = 80;
    let mut nats = nats().await;
    let world = World::on_shared_postgres(nats.url()).await;
    let mut maker = world.start("make", COUNT, None, None);
    eventually("all things", async || {
        let made: i64 = sqlx::query_scalar("SELECT count(*) FROM toy.made")
            .fetch_one(&world.maker.superuser())
            .await
            .ok()?;
        (made == i64::try_from(COUNT).unwrap()).then_some(())
    })
    .await;
    world.all_sent().await;
    maker.kill().await.unwrap();

    nats.kill().await;
    nats.remove_store();
    nats.restart().await;
    let _maker = world.start("make", COUNT, None, None);
    let _recorder = world.start("record", COUNT, None, None);

    world.each_had_its_effect_once(i64::try_from(COUNT).unwrap()).await;
}

/// A server whose store a test can save and put back.
struct Server {
    nats: backing::Nats,
    administrator: Lifecycle,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.administrator.hard().cancel();
    }
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let operator = BusUser {
            name: "operator".into(),
            password: BusPassword::Written("test".into()),
            publish: vec![">".into()],
            subscribe: vec![">".into()],
        };
        let users: Vec<BusUser> = testkit::bus_users(&[TOY]).into_iter().chain([operator]).collect();
        let port = backing::free_port().unwrap();
        let program = testkit::nats_program().await;
        let nats = backing::Nats::start(&program, folder.path(), port, &users).await.unwrap();
        let administrator = Lifecycle::new();
        testkit::administer_bus(&nats.url(), &[TOY], &administrator).await;
        Self { nats, administrator, folder }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn saved(&self) -> PathBuf {
        self.folder.path().join("saved")
    }

    /// Saves the store as it is now; what comes later is lost by [`roll_back`](Self::roll_back).
    async fn save(&mut self) {
        self.nats.stop().await.unwrap();
        copy(&self.store(), &self.saved());
        self.nats.resume().await.unwrap();
    }

    async fn roll_back(&mut self) {
        self.nats.kill().await.unwrap();
        self.nats.remove_store().unwrap();
        copy(&self.saved(), &self.store());
        self.nats.resume().await.unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_stream_that_lost_its_newest_messages_gets_those_again_and_no_others() {
    let mut server = Server::start().await;
    let world = World::on_shared_postgres(server.nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.make(1..=90).await;
    world.all_sent().await;
    server.save().await;
    world.make(91..=130).await;
    world.all_sent().await;

    server.roll_back().await;
    world.record(&lifecycle).await;

    world.each_had_its_effect_once(130).await;
    let stream = world.jetstream().await.get_stream(STREAM).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 130, "what was still there was not sent again");
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn a_stream_rolled_back_under_running_processes_loses_nothing_and_doubles_no_effect() {
    let mut server = Server::start().await;
    let world = World::on_shared_postgres(server.nats.url()).await;
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;
    world.make(1..=50).await;
    world.each_had_its_effect_once(50).await;
    server.save().await;
    world.make(51..=60).await;
    world.each_had_its_effect_once(60).await;

    // New events wait in the outbox when the connection comes back, and meet the reused places.
    server.nats.kill().await.unwrap();
    world.make(61..=200).await;
    server.roll_back().await;

    world.each_had_its_effect_once(200).await;
    lifecycle.hard().cancel();
}

#[tokio::test]
async fn messages_missing_in_the_middle_are_sent_again() {
    let mut server = Server::start().await;
    let world = World::on_shared_postgres(server.nats.url()).await;
    let relay = Lifecycle::new();
    world.relay(&relay).await;
    world.make(1..=40).await;
    world.all_sent().await;
    relay.hard().cancel();

    let operator = jetstream(&server.nats.url(), "operator").await;
    let stream = operator.get_stream(STREAM).await.unwrap();
    for sequence in [7, 8, 21] {
        assert!(stream.delete_message(sequence).await.unwrap());
    }
    // As after a damaged disk: the server reads its store again and knows only the ids that are still there.
    server.nats.stop().await.unwrap();
    server.nats.resume().await.unwrap();
    let lifecycle = Lifecycle::new();
    world.relay(&lifecycle).await;
    world.record(&lifecycle).await;

    world.each_had_its_effect_once(40).await;
    lifecycle.hard().cancel();
}

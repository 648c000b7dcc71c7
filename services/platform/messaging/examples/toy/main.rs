//! A toy service that a test can kill: `toy make|record DATABASE_URL NATS_URL AGENCY COUNT [OTLP_ENDPOINT]`.
//!
//! `make` makes things 1 to COUNT, each with its event in one transaction, takes up where it was killed, and
//! runs the relay. `record` receives the events. Both run until SIGTERM.

mod thing;

use std::time::Duration;

use anyhow::{Context, bail};
use ids::AgencyId;
use messaging::{Bus, BusConfig, PullLoop, Relay, Waker, outbox};
use runtime::{Clock, Lifecycle};
use secrecy::SecretString;
use sqlx::PgPool;
use thing::{MADE, Recorder, SUBSCRIPTION, TOY, Thing};

const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, database_url, nats_url, agency, count, otlp @ ..] = arguments.as_slice() else {
        bail!("usage: toy make|record DATABASE_URL NATS_URL AGENCY COUNT [OTLP_ENDPOINT]");
    };
    let telemetry = telemetry::start("toy", otlp.first().map(String::as_str), "info")?;
    let database = database::DatabaseConfig { url: database_url.as_str().into(), connections_max: 4 };
    let pool = database::connect(&database)?;
    let bus = BusConfig::new(nats_url, "toy", SecretString::from("test"));
    let bus = Bus::connect(&bus, "toy").await?;
    let agency: AgencyId = agency.parse().context("AGENCY is no UUID")?;
    let count: i64 = count.parse().context("COUNT is no number")?;
    let lifecycle = Lifecycle::new();
    lifecycle.stop_on_signals()?;
    match role.as_str() {
        "make" => {
            let relay = Relay::new(pool.clone(), bus, TOY.stream, Clock::system());
            let waker = relay.waker();
            lifecycle.spawn("relay", relay.run(lifecycle.clone()));
            let soft = lifecycle.soft();
            lifecycle.spawn("make", async move {
                make(&pool, agency, count, &waker).await?;
                soft.cancelled().await;
                Ok(())
            });
        }
        "record" => {
            let receiving = PullLoop::new(pool, bus, SUBSCRIPTION, Recorder, Clock::system());
            lifecycle.spawn("record", receiving.run(lifecycle.clone()));
        }
        other => bail!("{other} is not make or record"),
    }
    let stopped = lifecycle.stopped(GRACE).await;
    tokio::task::spawn_blocking(move || telemetry.stop()).await?;
    match stopped {
        runtime::Stopped::AsAsked => Ok(()),
        runtime::Stopped::Failed(task) => bail!("{task} failed"),
    }
}

async fn make(pool: &PgPool, agency: AgencyId, count: i64, waker: &Waker) -> anyhow::Result<()> {
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM toy.made").fetch_one(pool).await?;
    for number in made + 1..=count {
        make_one(pool, agency, number).await?;
        waker.wake();
    }
    Ok(())
}

#[tracing::instrument(name = "make", skip_all)]
async fn make_one(pool: &PgPool, agency: AgencyId, number: i64) -> anyhow::Result<()> {
    let mut tx = database::agency_tx(pool, agency).await?;
    sqlx::query("INSERT INTO toy.made (number) VALUES ($1)").bind(number).execute(&mut *tx).await?;
    outbox::enqueue(&mut tx, agency, MADE, &Thing { number }).await?;
    tx.commit().await?;
    Ok(())
}

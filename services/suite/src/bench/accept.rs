//! `chengqing bench accept`: ingest takes reports over gRPC, relay on, consumers off; and beside it, in turn, on
//! the same server, `pgbench` writes the same rows in one two-statement transaction each.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use contracts::ingest::v1::SubmitReportRequest;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::Common;
use super::ground::{Ground, report};
use super::stats::{Latencies, median};

const CALLERS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 3;
/// Callers share this many connections, as a few gateways would.
const CONNECTIONS: usize = 4;

/// Measures and prints.
pub async fn run(common: &Common) -> anyhow::Result<()> {
    let seconds = Duration::from_secs(common.amount.unwrap_or(4));
    let mut ground = Ground::prepare(common).await?;
    // The raw limit writes into tables of the same make, in a database of its own.
    ground.postgres.run_sql("postgres", "CREATE DATABASE chengqing_raw TEMPLATE chengqing_ingest").await?;
    ground.fleet.start("ingest").await?;
    let token = ground.client_token()?;
    let ingest_url = format!("http://127.0.0.1:{}", ground.installation.ports().ingest);
    // Warm-up, and the sizes of real rows for the raw script.
    ours(&ingest_url, &token, 16, Duration::from_secs(1)).await?;
    let script = raw_script(&ground).await?;

    println!("callers   raw tx/s   reports/s   p50 / p99          ratio (median of {ROUNDS} rounds)");
    for callers in CALLERS {
        let (mut raws, mut rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let mut latencies = Latencies::new()?;
        for _ in 0..ROUNDS {
            let raw = raw(&ground, &script, callers, seconds).await?;
            let (rate, latency) = ours(&ingest_url, &token, callers, seconds).await?;
            latencies.merge(&latency)?;
            ratios.push(rate / raw);
            raws.push(raw);
            rates.push(rate);
        }
        println!(
            "{callers:>7}   {:>8.0}   {:>9.0}   {:<16}   {:.2}",
            median(raws),
            median(rates),
            latencies.shown(),
            median(ratios)
        );
    }
    ground.clear().await
}

async fn ours(url: &str, token: &str, callers: usize, lasting: Duration) -> anyhow::Result<(f64, Latencies)> {
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(grpc::channel(url)?);
    }
    let began = Instant::now();
    let end = began + lasting;
    let mut running = JoinSet::new();
    for caller in 0..callers {
        let mut client = IngestServiceClient::new(channels[caller % CONNECTIONS].clone());
        let token = token.to_owned();
        running.spawn(async move {
            let mut latencies = Latencies::new()?;
            let mut number = rand::random::<u64>();
            while Instant::now() < end {
                number = number.wrapping_add(1);
                let request = SubmitReportRequest {
                    request_id: uuid::Uuid::now_v7().to_string(),
                    report: Some(report(number)),
                };
                let asked = Instant::now();
                client.submit_report(grpc::with_token(request, &token)).await?;
                latencies.add(asked.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut all = Latencies::new()?;
    while let Some(ended) = running.join_next().await {
        all.merge(&ended??)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds fit")]
    Ok((all.count() as f64 / began.elapsed().as_secs_f64(), all))
}

/// The same two rows as an accepted report's, with columns of the average size.
async fn raw_script(ground: &Ground) -> anyhow::Result<std::path::PathBuf> {
    let sizes = ground
        .postgres
        .run_sql(
            "chengqing_ingest",
            "SELECT avg(length(masked_text))::int || ' ' || avg(length(sealed))::int || ' ' ||
                    avg(length(wrapped_key))::int FROM ingest.report;
             SELECT avg(length(payload))::int FROM messaging.outbox",
        )
        .await?;
    let sizes: Vec<u32> = sizes.split_whitespace().map_while(|size| size.parse().ok()).collect();
    let [text, sealed, wrapped, payload] = sizes[..] else {
        bail!("no report was accepted during the warm-up");
    };
    let agency = ground.installation.agency();
    let script = format!(
        "BEGIN;
         INSERT INTO ingest.report (agency_id, report_id, request_id, channel, message_type, reporter_id,
             replied_at_once, masked_text, seen_at, sealed, wrapped_key, said_time, received_time)
         VALUES ('{agency}', gen_random_uuid(), gen_random_uuid(), 'hotline', 'text', gen_random_uuid(), false,
             repeat('谣', {text}), '业主群', decode(repeat('ab', {sealed}), 'hex'),
             decode(repeat('cd', {wrapped}), 'hex'), now(), now());
         INSERT INTO messaging.outbox (event_id, agency_id, subject, payload)
         VALUES (gen_random_uuid(), '{agency}', 'ingest.report.received.v1',
             decode(repeat('ef', {payload}), 'hex'));
         COMMIT;\n"
    );
    let file = ground.installation.folder().join("raw.sql");
    std::fs::write(&file, script)?;
    Ok(file)
}

async fn raw(ground: &Ground, script: &Path, callers: usize, lasting: Duration) -> anyhow::Result<f64> {
    let output = Command::new(ground.postgres.programs().join("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--host=127.0.0.1", "--username=postgres"])
        .arg(format!("--client={callers}"))
        .arg(format!("--time={}", lasting.as_secs()))
        .arg(format!("--port={}", ground.postgres.port()))
        .arg("--file")
        .arg(script)
        .arg("chengqing_raw")
        .env("PGPASSWORD", &ground.installation.secrets().postgres_password)
        .output()
        .await
        .context("pgbench could not be run")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    printed
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)))
}

//! `chengqing bench flow`: reports arrive at a set rate whatever the suite does (open loop), and go through
//! ingest, classification and approval as processes of their own.
//!
//! Of ten reports six open a claim of their own, two repeat an earlier one, one is a complaint and one a
//! question. The lag is gone when every accepted report has been understood and every claim is a case in the
//! queue.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::ingest::v1::{Report, SubmitReportRequest};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tonic::transport::Channel;

use super::Common;
use super::ground::{Ground, report};
use super::stats::Latencies;

const RATES: [u64; 9] = [250, 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000];
const LAG_ALLOWED: Duration = Duration::from_secs(2);
const LAG_WAIT: Duration = Duration::from_secs(60);
/// Arrivals are let go in bundles this often; finer ticks would measure the timer.
const TICK: Duration = Duration::from_millis(5);

/// Measures and prints.
pub async fn run(common: &Common) -> anyhow::Result<()> {
    let seconds = Duration::from_secs(common.amount.unwrap_or(8));
    let mut ground = Ground::prepare(common).await?;
    ground.installation.provision_sample().await?;
    for service in ["approval", "ingest", "classification"] {
        ground.fleet.start(service).await?;
    }
    let arrivals = Arrivals::new(&ground)?;
    arrivals.at(200, Duration::from_secs(2)).await?;
    lag(&ground).await?;

    println!("mix: 60 % new claims, 20 % repeats, 10 % complaints, 10 % questions");
    println!("rate/s   accepted   lag after the end");
    let mut highest = None;
    for rate in RATES {
        let accepted = arrivals.at(rate, seconds).await?;
        let lag = lag(&ground).await?;
        let shown = lag.map_or("more than a minute".to_owned(), |lag| format!("{:.2} s", lag.as_secs_f64()));
        println!("{rate:>6}   {accepted:>8}   {shown}");
        if lag.is_none_or(|lag| lag > LAG_ALLOWED) {
            break;
        }
        highest = Some(rate);
    }
    let highest = highest.context("even the lowest rate leaves a lag")?;
    println!("highest rate whose lag is gone within {} s: {highest}/s", LAG_ALLOWED.as_secs());

    let half = highest / 2;
    let before = cases(&ground).await?;
    arrivals.at(half, seconds).await?;
    lag(&ground).await?;
    let latencies = accepted_to_case(&ground, &before).await?;
    println!(
        "at {half}/s, accepted to a case in the queue: p50 / p99 {} over {} cases, {} claims in the index",
        latencies.shown(),
        latencies.count(),
        cases(&ground).await?.len()
    );
    ground.clear().await
}

struct Arrivals {
    channel: Channel,
    token: String,
    next: AtomicU64,
}

impl Arrivals {
    fn new(ground: &Ground) -> anyhow::Result<Arc<Self>> {
        let url = format!("http://127.0.0.1:{}", ground.installation.ports().ingest);
        Ok(Arc::new(Self {
            channel: grpc::channel(&url)?,
            token: ground.client_token()?,
            next: AtomicU64::new(1),
        }))
    }

    /// Sends `rate` reports a second; answers with how many were accepted.
    async fn at(self: &Arc<Self>, rate: u64, lasting: Duration) -> anyhow::Result<u64> {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut sent = 0;
        let mut running = JoinSet::new();
        while began.elapsed() < lasting {
            ticks.tick().await;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a count of some seconds"
            )]
            let due = (began.elapsed().as_secs_f64() * rate as f64) as u64;
            while sent < due {
                sent += 1;
                let this = Arc::clone(self);
                running.spawn(async move { this.one().await });
            }
        }
        let mut accepted = 0;
        while let Some(ended) = running.join_next().await {
            accepted += u64::from(ended?);
        }
        Ok(accepted)
    }

    /// Whether one report was accepted; at a rate beyond capacity some are refused, which is their answer.
    async fn one(&self) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let request =
            SubmitReportRequest { request_id: uuid::Uuid::now_v7().to_string(), report: Some(mixed(number)) };
        let mut client = IngestServiceClient::new(self.channel.clone());
        client.submit_report(grpc::with_token(request, &self.token)).await.is_ok()
    }
}

fn mixed(number: u64) -> Report {
    let with_text = |text: &str| Report { text: format!("{text}（{number}）"), ..report(number) };
    match number % 10 {
        0 => with_text("我要投诉，小区门口的垃圾没人清，打电话也没人管"),
        1 => with_text("身份证到期了怎么补办，要带什么材料"),
        // Ten before was a new claim: the same words again.
        2 | 3 => report((number / 10).saturating_sub(1) * 10 + 5),
        _ => report(number),
    }
}

/// How long until everything that was accepted has been understood; `None` when that takes over a minute.
async fn lag(ground: &Ground) -> anyhow::Result<Option<Duration>> {
    let began = Instant::now();
    while began.elapsed() < LAG_WAIT {
        let accepted = count(ground, "chengqing_ingest", "ingest.report").await?;
        let understood = count(ground, "chengqing_classification", "classification.report").await?;
        if understood >= accepted {
            let claims = count(ground, "chengqing_classification", "classification.claim").await?;
            // A case may be there before its claim was told, by a count that overtook it; it has no words yet.
            let with_claim = "approval.case_file WHERE claim_id IS NOT NULL AND sentence <> ''";
            if count(ground, "chengqing_approval", with_claim).await? >= claims {
                return Ok(Some(began.elapsed()));
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

async fn count(ground: &Ground, database: &str, table: &str) -> anyhow::Result<u64> {
    let counted = ground.postgres.run_sql(database, &format!("SELECT count(*) FROM {table}")).await?;
    counted.trim().parse().context("a count is a number")
}

/// When each claim's case was opened, in microseconds.
async fn cases(ground: &Ground) -> anyhow::Result<HashMap<String, i64>> {
    let rows = ground
        .rows(
            "chengqing_approval",
            "SELECT claim_id, (extract(epoch FROM open_time) * 1e6)::bigint FROM approval.case_file
             WHERE claim_id IS NOT NULL",
        )
        .await?;
    Ok(rows.into_iter().collect())
}

async fn accepted_to_case(ground: &Ground, before: &HashMap<String, i64>) -> anyhow::Result<Latencies> {
    let first_reports = ground
        .postgres
        .run_sql(
            "chengqing_classification",
            "SELECT DISTINCT ON (claim_id) claim_id, report_id FROM classification.report
             WHERE claim_id IS NOT NULL ORDER BY claim_id, position",
        )
        .await?;
    let accepted: HashMap<String, i64> = ground
        .rows(
            "chengqing_ingest",
            "SELECT report_id, (extract(epoch FROM received_time) * 1e6)::bigint FROM ingest.report",
        )
        .await?
        .into_iter()
        .collect();
    let cases = cases(ground).await?;
    let mut latencies = Latencies::new()?;
    for (claim, report) in first_reports.lines().filter_map(|line| line.split_once('|')) {
        let (Some(opened), Some(received)) = (cases.get(claim), accepted.get(report)) else { continue };
        if !before.contains_key(claim) {
            latencies.add(Duration::from_micros(u64::try_from(opened - received).unwrap_or(0)));
        }
    }
    Ok(latencies)
}

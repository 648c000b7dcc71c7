//! `chengqing bench memory`: `chengqing up` at rest and after many reports, our process apart from PostgreSQL
//! and NATS; and how long a second start takes.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use super::Common;
use super::ground::report;
use crate::import::{self, Destination};
use crate::installation::{Installation, Ports};

/// Away from the ports of an installation that may be running.
const PORT_BASE: u16 = 27080;
/// After this much quiet what was busy has settled.
const SETTLE: Duration = Duration::from_secs(5);

/// Measures and prints.
pub async fn run(common: &Common) -> anyhow::Result<()> {
    let reports = common.amount.unwrap_or(100_000);
    let folder = tempfile::Builder::new()
        .prefix("chengqing-bench-")
        // As root, PostgreSQL runs as another user, who must be able to pass this folder.
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir_in("/var/tmp")?;
    let (mut first, cold) = start(common, folder.path()).await?;
    stop(&mut first).await?;
    let (mut up, warm) = start(common, folder.path()).await?;
    println!("ready: first start {:.1} s, second start {:.1} s", cold.as_secs_f64(), warm.as_secs_f64());
    tokio::time::sleep(SETTLE).await;
    print_memory("at rest", &up, folder.path())?;

    let file = folder.path().join("reports.jsonl");
    let mut lines = std::io::BufWriter::new(std::fs::File::create(&file)?);
    for number in 0..reports {
        // One in ten opens a claim; the others join it.
        let text = report(number / 10).text;
        writeln!(lines, "{}", serde_json::json!({ "id": number.to_string(), "text": text }))?;
    }
    lines.flush()?;
    let installation = Installation::open(folder.path(), Ports::from_base(PORT_BASE))?;
    let began = Instant::now();
    let counted = import::import(&file, &import::Options::default(), &Destination::of(&installation)).await?;
    println!(
        "imported {} reports ({} refused) in {:.1} s",
        counted.tally().accepted,
        counted.tally().refused.len(),
        began.elapsed().as_secs_f64()
    );
    tokio::time::sleep(SETTLE * 4).await;
    print_memory(&format!("after {reports} reports"), &up, folder.path())?;
    stop(&mut up).await
}

async fn start(common: &Common, folder: &Path) -> anyhow::Result<(Child, Duration)> {
    let began = Instant::now();
    let mut up = Command::new(std::env::current_exe()?)
        .args(["up", "--port-base", &PORT_BASE.to_string(), "--data"])
        .arg(folder)
        .env("CHENGQING_NATS_SERVER", &common.nats_server)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let ports = Ports::from_base(PORT_BASE);
    // Console and sandbox answer last.
    while !(backing::is_taken(ports.console) && backing::is_taken(ports.sandbox)) {
        if let Some(status) = up.try_wait()? {
            bail!("`chengqing up` ended at start ({status})");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok((up, began.elapsed()))
}

async fn stop(up: &mut Child) -> anyhow::Result<()> {
    let pid = up.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    rustix::process::kill_process(pid.context("`chengqing up` is gone")?, rustix::process::Signal::TERM)?;
    up.wait().await?;
    Ok(())
}

fn print_memory(when: &str, up: &Child, folder: &Path) -> anyhow::Result<()> {
    let ours = resident_mb(up.id().context("`chengqing up` is gone")?)?;
    let nats = read_id(&folder.join("nats/nats.pid"))?;
    let postgres = read_id(&folder.join("postgres/data/postmaster.pid"))?;
    println!(
        "{when}: our process {ours} MB, PostgreSQL {} MB (all its processes, shared pages counted once), NATS {} MB",
        family_mb(postgres)?,
        resident_mb(nats)?
    );
    Ok(())
}

fn read_id(file: &Path) -> anyhow::Result<u32> {
    std::fs::read_to_string(file)?
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok())
        .with_context(|| format!("{} holds no process id", file.display()))
}

/// Resident memory of one process.
pub fn resident_mb(process: u32) -> anyhow::Result<u64> {
    status_mb(process, "VmRSS:")
}

/// The most that was ever resident of one process.
pub fn highest_mb(process: u32) -> anyhow::Result<u64> {
    status_mb(process, "VmHWM:")
}

fn status_mb(process: u32, line_name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let kb =
        status.lines().find_map(|line| line.strip_prefix(line_name)?.split_whitespace().next()?.parse().ok());
    Ok(kb.unwrap_or(0_u64) / 1024)
}

/// Proportional memory of a process and its children: pages that several share count once.
fn family_mb(parent: u32) -> anyhow::Result<u64> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    let family = children.split_whitespace().filter_map(|id| id.parse().ok()).chain([parent]);
    let kb: u64 = family
        .filter_map(|process: u32| std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok())
        .filter_map(|rollup| {
            rollup
                .lines()
                .find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<u64>().ok())
        })
        .sum();
    Ok(kb / 1024)
}

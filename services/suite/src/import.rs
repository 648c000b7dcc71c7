//! `chengqing report import`: streams a file of reports into ingest.
//!
//! JSONL: an object a line with `text`, and where known `id`, `time`, `channel`, `reporter`, `seen_at`,
//! `answer_account`. CSV: the same names in its header. A line that cannot be read is counted and named; it
//! never fails its neighbours. The same file again adds nothing: each line's `id`, or without one its place in
//! the file, dedupes it.

mod lines;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use contracts::approval::v1::IssueClientTokenRequest;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::ingest::v1::{ImportReportsRequest, ImportReportsResponse};
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_stream::wrappers::ReceiverStream;

use crate::installation::Installation;

/// Lines that wait between the file and the network.
const QUEUE: usize = 512;

/// A file may be large; the server answers only at its end.
const DEADLINE: Duration = Duration::from_secs(3600);

/// Refused lines that are shown.
const SHOWN: usize = 20;

/// Where reports go, and as which client.
#[derive(clap::Args)]
pub struct Target {
    /// approval's gRPC address, for the caller token; this machine's installation when left out.
    #[arg(long)]
    approval_url: Option<String>,
    /// ingest's gRPC address; this machine's installation when left out.
    #[arg(long)]
    ingest_url: Option<String>,
    /// The client's id.
    #[arg(long, default_value = CLIENT_ID)]
    client_id: String,
    /// The client's secret.
    #[arg(long, env = "CHENGQING_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
}

/// The hotline desk of an installation.
pub const CLIENT_ID: &str = "hotline";

/// A [`Target`] with nothing left open.
#[derive(Debug)]
pub struct Destination {
    approval_url: String,
    ingest_url: String,
    client_id: String,
    client_secret: String,
}

impl Target {
    /// Fills what was left out from this machine's installation.
    ///
    /// # Errors
    /// When something was left out and there is no installation.
    pub fn or_installation(
        self,
        open: impl FnOnce() -> anyhow::Result<Installation>,
    ) -> anyhow::Result<Destination> {
        match (self.approval_url, self.ingest_url, self.client_secret) {
            (Some(approval_url), Some(ingest_url), Some(client_secret)) => {
                Ok(Destination { approval_url, ingest_url, client_id: self.client_id, client_secret })
            }
            (None, None, None) => Ok(Destination::of(&open()?)),
            _ => Err(anyhow!(
                "give --approval-url, --ingest-url and CHENGQING_CLIENT_SECRET together, or none of them for \
                 the installation of this machine"
            )),
        }
    }
}

impl Destination {
    /// The hotline desk of this machine's installation.
    #[must_use]
    pub fn of(installation: &Installation) -> Self {
        let ports = installation.ports();
        Self {
            approval_url: format!("http://127.0.0.1:{}", ports.approval),
            ingest_url: format!("http://127.0.0.1:{}", ports.ingest),
            client_id: CLIENT_ID.to_owned(),
            client_secret: installation.secrets().client_secret.clone(),
        }
    }

    /// A token for this client.
    ///
    /// # Errors
    /// When approval is away or refuses the secret.
    pub async fn token(&self) -> anyhow::Result<String> {
        let request = IssueClientTokenRequest {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
        };
        let issued = AccessServiceClient::new(grpc::channel(&self.approval_url)?)
            .issue_client_token(grpc::without_token(request))
            .await
            .map_err(refused)?;
        Ok(issued.into_inner().token)
    }

    /// Where reports go.
    #[must_use]
    pub fn ingest_url(&self) -> &str {
        &self.ingest_url
    }
}

/// Imports a file and prints what became of its lines.
///
/// # Errors
/// When the file cannot be opened, or a service is away or refuses the client.
pub async fn run(file: &Path, destination: &Destination) -> anyhow::Result<()> {
    let counted = import(file, destination).await?;
    println!(
        "接收 accepted {}  重复 duplicate {}  拒收 refused {}",
        counted.accepted, counted.duplicate, counted.refused
    );
    for refusal in counted.refusals.iter().take(SHOWN) {
        println!("  第 {} 行 line {}: {} {}", refusal.line, refusal.line, refusal.field, refusal.description);
    }
    if counted.refused > SHOWN as u64 {
        println!("  … {}", counted.refused - SHOWN as u64);
    }
    Ok(())
}

/// Imports a file.
///
/// # Errors
/// When the file cannot be opened, or a service is away or refuses the client.
pub async fn import(file: &Path, destination: &Destination) -> anyhow::Result<ImportReportsResponse> {
    let token = destination.token().await?;
    let size = std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?.len();
    let progress = ProgressBar::new(size).with_style(
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {elapsed} {msg}")
            .context("the progress bar's template is wrong")?,
    );
    let lines = lines::open(file)?;
    let (sender, receiver) = tokio::sync::mpsc::channel(QUEUE);
    let read = progress.clone();
    let unread = Arc::new(AtomicU64::new(0));
    let counted_unread = Arc::clone(&unread);
    let reading = tokio::task::spawn_blocking(move || {
        let mut unreadable = Vec::new();
        for line in lines {
            read.set_position(line.end);
            match line.report {
                Ok(report) => {
                    let request = ImportReportsRequest { line: line.number, report: Some(report) };
                    // The receiver goes away when the call fails; the call's own error says why.
                    if sender.blocking_send(request).is_err() {
                        break;
                    }
                }
                Err(refusal) => {
                    counted_unread.fetch_add(1, Ordering::Relaxed);
                    unreadable.push((line.number, refusal));
                }
            }
        }
        unreadable
    });
    let mut request = grpc::with_token(ReceiverStream::new(receiver).fuse(), &token);
    request.set_timeout(DEADLINE);
    let answered =
        IngestServiceClient::new(grpc::channel(&destination.ingest_url)?).import_reports(request).await;
    let unreadable = reading.await?;
    progress.finish_and_clear();
    let mut counted = answered.map_err(refused)?.into_inner();
    counted.refused += unread.load(Ordering::Relaxed);
    counted.refusals.extend(unreadable.into_iter().map(|(line, description)| {
        contracts::ingest::v1::import_reports_response::Refusal {
            line,
            field: "line".to_owned(),
            description,
        }
    }));
    counted.refusals.sort_by_key(|refusal| refusal.line);
    Ok(counted)
}

#[expect(clippy::needless_pass_by_value, reason = "used in map_err")]
fn refused(status: tonic::Status) -> anyhow::Error {
    let (zh, en) = grpc::told(&status);
    if zh == en { anyhow!("{en}") } else { anyhow!("{zh} {en}") }
}

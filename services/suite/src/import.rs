//! `chengqing report import`: brings a file of reports into ingest.
//!
//! What a file may look like is the crate `reportfile`'s business. A row that cannot be taken is counted, named and
//! written to the file of refused rows; it never fails its neighbours. The same file again adds nothing: each row's
//! `id`, or without one what it says, tells that it is known. Rows go in calls of a few thousand, so a file that was cut
//! short by a death somewhere is simply imported again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use contracts::approval::v1::IssueClientTokenRequest;
use contracts::approval::v1::access_service_client::AccessServiceClient;
use contracts::ingest::v1::ingest_service_client::IngestServiceClient;
use contracts::ingest::v1::report::Channel as Wire;
use contracts::ingest::v1::{ImportReportsRequest, ImportReportsResponse, ListImportSourcesRequest};
use indicatif::{ProgressBar, ProgressStyle};
use reportfile::{Channel, Field, Import, Mapping, ROWS_PER_CALL, Sentence, Untold};
use runtime::Clock;
use tonic::transport::Channel as Connection;

use crate::installation::Installation;

/// Ingest slows an import down while too much waits to be passed on; a call of some thousand rows may take this long.
const DEADLINE: Duration = Duration::from_secs(600);

/// How long a token is used; a large file outlives it.
const TOKEN_KEPT: Duration = Duration::from_secs(30);

/// Rows of a kind that are shown.
const SHOWN: usize = 20;

/// What to do with a file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Read the columns as was said of this source on the console's page.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Write the rows that were refused to this file, to mend and import again.
    #[arg(long, value_name = "FILE")]
    pub refused: Option<PathBuf>,
    /// Say everything in English.
    #[arg(long)]
    pub english: bool,
}

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

/// Imports a file and prints what became of its rows.
///
/// # Errors
/// When the file cannot be opened or cannot be right, or a service is away or refuses the client.
pub async fn run(file: &Path, options: &Options, destination: &Destination) -> anyhow::Result<()> {
    let import = import(file, options, destination).await?;
    let english = options.english;
    let tally = import.tally();
    let (accepted, duplicate, refused) = (tally.accepted, tally.duplicate.len(), tally.refused.len());
    let rows = import.rows();
    if english {
        println!("{rows} rows: accepted {accepted}, duplicate {duplicate}, refused {refused}");
    } else {
        println!("共 {rows} 行：收下 {accepted}，重复 {duplicate}，拒收 {refused}");
    }
    for note in &import.table().notes {
        println!("  {}", said(note, english));
    }
    let duplicates: Vec<String> =
        tally.duplicate.iter().take(SHOWN).map(|at| import.line(*at).to_string()).collect();
    if !duplicates.is_empty() {
        let more = if duplicate > SHOWN { " …" } else { "" };
        let (known, lines) =
            if english { ("known already, lines", ", ") } else { ("以前已经收下的行：", "、") };
        println!("  {known} {}{more}", duplicates.join(lines));
    }
    for (at, why) in tally.refused.iter().take(SHOWN) {
        let line = import.line(*at);
        if english {
            println!("  line {line}: {}", why.en)
        } else {
            println!("  第 {line} 行：{}", why.zh)
        }
    }
    if refused > SHOWN {
        println!("  … {}", refused - SHOWN);
    }
    Ok(())
}

fn said(sentence: &Sentence, english: bool) -> &str {
    if english { &sentence.en } else { &sentence.zh }
}

/// Imports a file.
///
/// # Errors
/// When the file cannot be opened or cannot be right, or a service is away or refuses the client.
pub async fn import(file: &Path, options: &Options, destination: &Destination) -> anyhow::Result<Import> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let stopped = |why: Sentence| anyhow!("{}", said(&why, options.english));
    let table = reportfile::read(&bytes).map_err(stopped)?;
    drop(bytes);
    let (mapping, channel) = match &options.source {
        Some(name) => columns(name, &table.headings, destination).await?,
        None => (Mapping::guessed(&table.headings), Channel::Partner),
    };
    let judged = table.judge(&mapping, channel, Clock::from_environment().now()).map_err(stopped)?;
    let mut import = Import::new(table, judged);
    let progress = ProgressBar::new(import.rows() as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}")
            .context("the progress bar's template is wrong")?,
    );
    let ended = send(&mut import, destination, &progress).await;
    progress.finish_and_clear();
    ended.with_context(|| cut_short(import.done(), options.english))?;
    if let Some(path) = &options.refused {
        std::fs::write(path, import.refused_csv(options.english))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(import)
}

/// What an officer said of a source's columns, and how its reports come in.
async fn columns(
    name: &str,
    headings: &[String],
    destination: &Destination,
) -> anyhow::Result<(Mapping, Channel)> {
    let token = destination.token().await?;
    let mut ingest = IngestServiceClient::new(grpc::channel(&destination.ingest_url)?);
    let mut page_token = String::new();
    loop {
        let request = ListImportSourcesRequest { page_size: 200, page_token };
        let listed = ingest.list_import_sources(grpc::with_token(request, &token)).await;
        let listed = listed.map_err(refused)?.into_inner();
        if let Some(source) = listed.sources.iter().find(|source| source.name == name) {
            let known: Vec<(String, Option<Field>)> = source
                .columns
                .iter()
                .map(|column| (column.heading.clone(), Field::named(&column.field)))
                .collect();
            let channel = match source.channel() {
                Wire::Wechat => Channel::Wechat,
                Wire::Microblog => Channel::Microblog,
                Wire::Hotline => Channel::Hotline,
                Wire::Partner | Wire::Unspecified => Channel::Partner,
            };
            return Ok((Mapping::remembered(headings, &known), channel));
        }
        page_token = listed.next_page_token;
        ensure!(
            !page_token.is_empty(),
            "没有名为“{name}”的来源；请先在页面“导入”上用这个来源导入一次，或不写 --source。 There is no source “{name}”: import \
             with it once on the console's page, or leave --source out."
        );
    }
}

fn cut_short(done: usize, english: bool) -> String {
    if english {
        format!("the import stopped after {done} rows; import the same file again, nothing is taken twice")
    } else {
        format!("导入在 {done} 行之后中断；请把同一个文件再导入一次，已收下的不会重复")
    }
}

async fn send(import: &mut Import, destination: &Destination, progress: &ProgressBar) -> anyhow::Result<()> {
    let mut ingest = IngestServiceClient::new(grpc::channel(&destination.ingest_url)?);
    let mut token = destination.token().await?;
    let mut issued = Instant::now();
    while !import.is_done() {
        let rows = import.next_rows(ROWS_PER_CALL);
        let answer = if rows.is_empty() {
            None
        } else {
            if issued.elapsed() > TOKEN_KEPT {
                token = destination.token().await?;
                issued = Instant::now();
            }
            Some(bring(&mut ingest, rows, &token).await?)
        };
        if import.hear(ROWS_PER_CALL, answer.as_ref()) == Err(Untold) {
            bail!("ingest did not say what became of every row");
        }
        progress.set_position(import.done() as u64);
    }
    Ok(())
}

async fn bring(
    ingest: &mut IngestServiceClient<Connection>,
    rows: Vec<ImportReportsRequest>,
    token: &str,
) -> anyhow::Result<ImportReportsResponse> {
    let mut request = grpc::with_token(futures::stream::iter(rows), token);
    request.set_timeout(DEADLINE);
    Ok(ingest.import_reports(request).await.map_err(refused)?.into_inner())
}

#[expect(clippy::needless_pass_by_value, reason = "used in map_err")]
fn refused(status: tonic::Status) -> anyhow::Error {
    let (zh, en) = grpc::told(&status);
    if zh == en { anyhow!("{en}") } else { anyhow!("{zh} {en}") }
}

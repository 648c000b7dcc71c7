//! `chengqing up`: everything on one machine, with nothing to configure.
//!
//! A private PostgreSQL and a private NATS under one data folder, the sandbox beside them as a process of its
//! own, and every service in this process; between them they still talk through real NATS and real gRPC.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use backing::{Postgres, PostgresTuning};
use runtime::{Clock, Lifecycle};
use tokio::process::{Child, Command};

use crate::fleet::Fleet;
use crate::installation::{Installation, Ports, colleagues};
use crate::{demo, serve};

/// What `up` is asked to do.
#[derive(Debug)]
pub struct Options {
    /// The data folder.
    pub folder: PathBuf,
    /// The first port.
    pub port_base: u16,
    /// The NATS server program.
    pub nats_server: PathBuf,
    /// Play the demo story once.
    pub demo: bool,
    /// Stop after the demo story.
    pub exit: bool,
}

/// Less than this free, and PostgreSQL would soon stop in the middle of something.
const DISK_FREE_MIN_BYTES: u64 = 1 << 30;

/// Runs until Ctrl-C, or to the end of the demo story.
///
/// # Errors
/// When something is missing, taken or full, in one sentence that says how to mend it; or when the story failed.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let ports = Ports::from_base(options.port_base);
    let folder =
        if options.demo { fresh_demo_folder(&options.folder).await? } else { options.folder.clone() };
    let installation = Installation::open(&folder, ports)?;
    let _only_one = lock(installation.folder())?;
    refuse_full_disk(installation.folder())?;
    let program = backing::nats_server(&options.nats_server).await?;
    backing::end_leftover(&installation.folder().join("sandbox.pid"), installation.folder()).await?;
    ports.refuse_taken()?;

    let postgres = installation.start_postgres(PostgresTuning::Durable).await?;
    let mut nats = installation.start_nats(&program).await?;
    let served = serve_everything(&installation, &postgres, &options, began).await;

    // Whatever happened, the backing services stop last and in order.
    let nats_stopped = nats.stop().await;
    let postgres_stopped = postgres.stop().await;
    served.and(nats_stopped).and(postgres_stopped)
}

async fn serve_everything(
    installation: &Installation,
    postgres: &Postgres,
    options: &Options,
    began: Instant,
) -> anyhow::Result<()> {
    installation.provision_sample().await?;
    let beside = std::env::current_exe()?.with_file_name("sandbox");
    let mut sandbox = spawn_sandbox(&beside, installation, &[])?;
    let mut publish_apart = Fleet::new(&std::env::current_exe()?, installation);
    let lifecycle = Lifecycle::new();
    lifecycle.stop_on_signals()?;
    let soft = lifecycle.soft();
    let ran = tokio::select! {
        ran = work(installation, postgres, options, began, &mut publish_apart, &lifecycle) => ran,
        () = soft.cancelled() => Ok(()),
        ended = sandbox.wait() => ended.map_err(Into::into).and_then(|status| {
            bail!("the sandbox ended by itself ({status}); sandbox.log in the data folder says why")
        }),
    };
    lifecycle.stop();
    let stopped = serve::finish(lifecycle).await;
    publish_apart.stop("publish").await?;
    if let Some(pid) = sandbox.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        if tokio::time::timeout(Duration::from_secs(5), sandbox.wait()).await.is_err() {
            sandbox.kill().await?;
        }
    }
    ran.and(stopped)
}

/// Starts the services, greets, plays the story if asked to; then there is nothing to do but to be there.
async fn work(
    installation: &Installation,
    postgres: &Postgres,
    options: &Options,
    began: Instant,
    publish_apart: &mut Fleet,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let keeping = installation.bus_administrator().await?.keep(lifecycle.clone());
    lifecycle.spawn("bus keeper", keeping);
    let clock = Clock::from_environment();
    for service in serve::NAMES {
        if options.demo && service == "publish" {
            // The story kills it, which must not kill the rest.
            publish_apart.start(service).await?;
        } else {
            serve::start(service, Some(&installation.configuration_file()), &clock, lifecycle).await?;
        }
    }
    wait_until_answering(installation.ports().sandbox).await?;
    greet(installation, began.elapsed());
    if options.demo {
        demo::play(installation, postgres, publish_apart, &clock).await?;
        if options.exit {
            return Ok(());
        }
    }
    std::future::pending().await
}

/// Starts a sandbox program for an installation, with more environment than ours.
///
/// # Errors
/// When it cannot be started.
pub fn spawn_sandbox(
    program: &Path,
    installation: &Installation,
    environment: &[(&str, &str)],
) -> anyhow::Result<Child> {
    let log = std::fs::File::create(installation.folder().join("sandbox.log"))?;
    let child = Command::new(program)
        .arg("--config")
        .arg(installation.sandbox_configuration_file())
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        // It must not hear the Ctrl-C that is meant for us.
        .process_group(0)
        .spawn()
        .with_context(|| format!("{} could not be started: build the whole workspace", program.display()))?;
    backing::remember(&installation.folder().join("sandbox.pid"), child.id())?;
    Ok(child)
}

async fn wait_until_answering(port: u16) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    while !backing::is_taken(port) {
        if Instant::now() > end {
            bail!("the sandbox does not answer on port {port}; sandbox.log in the data folder says why");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The story needs an office that has not heard of it: it plays in a folder of its own, made anew each time.
async fn fresh_demo_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let demo = folder.join("demo");
    if demo.exists() {
        let _only_one = lock(&demo)?;
        for left_over in ["postgres/data/postmaster.pid", "nats/nats.pid", "sandbox.pid"] {
            backing::end_leftover(&demo.join(left_over), &demo).await?;
        }
        std::fs::remove_dir_all(&demo).with_context(|| format!("{} could not be removed", demo.display()))?;
    }
    Ok(demo)
}

/// Held while an installation runs, so that a second `up` on the same folder is refused.
fn lock(folder: &Path) -> anyhow::Result<std::fs::File> {
    let file = std::fs::File::create(folder.join("lock"))?;
    file.try_lock().with_context(|| {
        format!(
            "another `chengqing up` runs in {}: stop it, or choose another folder with --data",
            folder.display()
        )
    })?;
    Ok(file)
}

fn refuse_full_disk(folder: &Path) -> anyhow::Result<()> {
    let space = rustix::fs::statvfs(folder)?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    if free < DISK_FREE_MIN_BYTES {
        bail!(
            "only {} MB are free in {}: free at least 1 GB, or choose another folder with --data",
            free >> 20,
            folder.display()
        );
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn greet(installation: &Installation, took: Duration) {
    let (console, sandbox, site) =
        (installation.console_url(), installation.sandbox_url(), installation.site_url());
    println!();
    println!("澄清已就绪 · Chengqing is ready ({:.1} s)", took.as_secs_f64());
    println!();
    println!("  工作台 Console      {console}");
    println!("  市民手机 Phone      {sandbox}/phone");
    println!("  时间线 Timeline     {sandbox}/timeline");
    println!("  公开网站 Site       {site}");
    println!();
    println!("  演示人员 Sample people (password: {})", installation.secrets().people_password);
    for colleague in colleagues() {
        println!("    {:<10} {}", colleague.login, colleague.display_name);
    }
    println!("  一次性口令 One-time code:  chengqing code <name>   (e.g. ./deploy/up code duty)");
    println!();
    println!("  先试 Try first:");
    println!("    1. 在市民手机上发送：{}", demo::FIRST_MESSAGE);
    println!("       Send that message on the phone; the receipt comes at once.");
    println!("    2. 以 duty 登录工作台，打开最上面的工单。Sign in as duty and open the case on top.");
    println!("    3. ./deploy/up --demo 自动演示全过程。It plays the whole story by itself.");
    println!();
    println!("  这里没有任何内容会真正发出。Nothing here really goes out. Ctrl-C 停止 stops everything.");
    println!();
}

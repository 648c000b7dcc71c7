//! Child processes that never outlive their purpose.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a command to its end and returns what it printed.
pub async fn run(command: &mut Command) -> anyhow::Result<String> {
    let shown = format!("{:?}", command.as_std().get_program());
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("{shown} could not be started"))?;
    if !output.status.success() {
        bail!(
            "{shown} failed: {}{}",
            String::from_utf8_lossy(&output.stderr).trim(),
            String::from_utf8_lossy(&output.stdout).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Looks at `ready` until it says yes, for up to `limit`.
pub async fn wait_until(limit: Duration, mut ready: impl AsyncFnMut() -> bool) -> bool {
    let end = tokio::time::Instant::now() + limit;
    while tokio::time::Instant::now() < end {
        if ready().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

/// The last lines of a server's log, to say why it did not start.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// Ends the process that `pid_file` names, if it still runs and was started for `folder`: one that a killed
/// parent left behind. Another program that has since got the same id is not touched.
///
/// # Errors
/// When it cannot be signalled.
pub async fn end_leftover(pid_file: &Path, folder: &Path) -> anyhow::Result<()> {
    // PostgreSQL's file has more lines; the first is the id.
    let first_line = |text: String| text.lines().next().and_then(|line| line.trim().parse::<i32>().ok());
    let Some(id) = std::fs::read_to_string(pid_file).ok().and_then(first_line) else { return Ok(()) };
    let command_line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let ours = String::from_utf8_lossy(&command_line).contains(&*folder.to_string_lossy());
    if let (true, Some(pid)) = (ours, rustix::process::Pid::from_raw(id)) {
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
        let gone = || !Path::new(&format!("/proc/{id}/cmdline")).exists();
        wait_until(Duration::from_secs(5), async || gone()).await;
    }
    Ok(())
}

/// Remembers a child for [`end_leftover`].
///
/// # Errors
/// When the file cannot be written.
pub fn remember(pid_file: &Path, id: Option<u32>) -> std::io::Result<()> {
    std::fs::write(pid_file, id.map(|id| id.to_string()).unwrap_or_default())
}

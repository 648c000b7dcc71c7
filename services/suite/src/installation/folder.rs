//! Where an installation is kept, and how its files are written.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Where `chengqing up` keeps everything unless told otherwise.
///
/// As root that is a folder which PostgreSQL's own user can reach; root's home is closed to it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the folder is found before any configuration can be read")]
pub fn default_folder() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/chengqing");
    }
    std::env::var("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|_| std::env::var("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .unwrap_or_else(|_| PathBuf::from("."))
        .join("chengqing")
}

/// Writes a file that only its owner reads, whole or not at all.
pub fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    let beside = file.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut opened =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        std::fs::rename(&beside, file)
    };
    write().with_context(|| format!("{} could not be written", file.display()))
}

//! Where an installation is kept.

use std::path::PathBuf;

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

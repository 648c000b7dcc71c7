//! The sandbox's memory on disk: one line per transaction, appended before its
//! answer goes out and replayed at the next start, so that killing the process
//! loses nothing it has answered for. A last line cut short by the kill was
//! never answered for and is dropped. It never rewrites or compacts.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::world::{Change, World};

/// One transaction as a line.
#[derive(Serialize, Deserialize)]
struct Line<C> {
    at_ms: i64,
    changes: C,
}

/// Why the journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("cannot open the sandbox's journal {path}")]
    Open { path: PathBuf, source: io::Error },
    #[error("line {line} of the sandbox's journal {path} cannot be read; move the file away to start afresh")]
    Line { path: PathBuf, line: usize, source: serde_json::Error },
}

/// The open journal.
pub struct Journal {
    file: File,
    broken: bool,
}

impl Journal {
    /// Opens `path`, replays what it holds into a new world, and stands ready to append.
    ///
    /// # Errors
    /// The file cannot be read or written, or a complete line of it makes no sense.
    pub fn open(path: &Path) -> Result<(Self, World), JournalError> {
        let failed = |source| JournalError::Open { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if complete < bytes.len() {
            file.set_len(complete as u64).map_err(failed)?;
        }
        let mut world = World::default();
        for (index, line) in bytes[..complete].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let Line { at_ms, changes } = serde_json::from_slice::<Line<Vec<Change>>>(line)
                .map_err(|source| JournalError::Line { path: path.to_owned(), line: index + 1, source })?;
            for change in &changes {
                world.apply(change, at_ms);
            }
        }
        Ok((Self { file, broken: false }, world))
    }

    /// Appends one transaction.
    ///
    /// # Errors
    /// The line could not be written. A part of it may be in the file, so
    /// nothing is appended behind it any more: every later call fails too.
    pub fn append(&mut self, at_ms: i64, changes: &[Change]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier write to the sandbox's journal failed"));
        }
        let mut line = serde_json::to_vec(&Line { at_ms, changes })?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.flush());
        self.broken = written.is_err();
        written
    }
}

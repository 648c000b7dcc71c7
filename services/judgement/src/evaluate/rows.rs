//! Labelled rows from a folder: one JSON object a line, `.jsonl` or `.jsonl.gz`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

use crate::learn::TooFew;

/// Why rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// Neither the plain nor the packed file is there.
    #[error("{folder} has neither {name}.jsonl nor {name}.jsonl.gz")]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file's name without its ending.
        name: String,
    },
    /// What is measured has to be trained first, and nothing was given to train it on.
    #[error("{0} is trained before it is measured: give a folder of labelled texts with --train")]
    NothingToTrainOn(&'static str),
    /// Too little was given to train on.
    #[error("{folder} teaches too little")]
    TooFew {
        /// The folder.
        folder: PathBuf,
        /// Of what.
        source: TooFew,
    },
    /// The file cannot be read.
    #[error("could not read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("line {line} of {path} is not as the format says")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// True where `folder` has `name`.jsonl or `name`.jsonl.gz.
pub fn exists(folder: &Path, name: &str) -> bool {
    ["jsonl", "jsonl.gz"].iter().any(|ending| folder.join(format!("{name}.{ending}")).exists())
}

/// Reads every row of `name`.jsonl or `name`.jsonl.gz in `folder`. Empty lines are passed over.
///
/// # Errors
/// When the file is missing, unreadable, or a line is not a row.
pub fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>, RowsError> {
    let plain = folder.join(format!("{name}.jsonl"));
    let packed = folder.join(format!("{name}.jsonl.gz"));
    let path = [plain, packed].into_iter().find(|path| path.exists());
    let path = path.ok_or_else(|| RowsError::Missing { folder: folder.to_owned(), name: name.to_owned() })?;
    let unreadable = |source| RowsError::Unreadable { path: path.clone(), source };
    let file = File::open(&path).map_err(unreadable)?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|ending| ending == "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut rows = Vec::new();
    for (at, line) in BufReader::new(reader).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let malformed = |source| RowsError::Malformed { path: path.clone(), line: at + 1, source };
        rows.push(serde_json::from_str(&line).map_err(malformed)?);
    }
    Ok(rows)
}

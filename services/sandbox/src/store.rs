//! The one place where the world changes: a lock, a journal, and the files of
//! uploaded pictures. Decisions run inside `transact`, one after another, as if
//! each platform were a single patient clerk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use runtime::Clock;

use crate::{
    config::Config,
    fault::Faults,
    journal::{Journal, JournalError},
    world::{Change, World},
};

/// The sandbox's state, shared by every request.
pub struct Store {
    pub config: Config,
    /// Without a trailing slash.
    pub public_url: String,
    pub faults: Faults,
    pub clock: Clock,
    media: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    world: World,
    journal: Journal,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot make the sandbox's state directory {path}")]
    Directory { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A decision could not be written down, so nobody may be told of it.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox's journal cannot be written")]
pub struct JournalFailed(#[from] io::Error);

impl Store {
    /// Replays the journal in the configured directory.
    ///
    /// # Errors
    /// The directory or the journal cannot be used.
    pub fn open(config: Config, public_url: String, clock: Clock) -> Result<Self, OpenError> {
        let media = config.state_dir.join("media");
        fs::create_dir_all(&media).map_err(|source| OpenError::Directory { path: media.clone(), source })?;
        let (journal, world) = Journal::open(&config.state_dir.join("journal.jsonl"))?;
        let faults = Faults::default();
        Ok(Self { config, public_url, faults, clock, media, inner: Mutex::new(Inner { world, journal }) })
    }

    /// Lets `decide` look at the world and change it; what it recorded is on
    /// disk before this returns.
    ///
    /// # Errors
    /// The journal could not be written; the answer must not go out.
    pub fn transact<T>(&self, decide: impl FnOnce(&mut Transaction<'_>) -> T) -> Result<T, JournalFailed> {
        let mut inner = self.lock();
        let Inner { world, journal } = &mut *inner;
        let now_ms = self.now_ms();
        let mut transaction = Transaction {
            world,
            store: self,
            now_ms,
            circumstances: Circumstances::default(),
            changes: Vec::new(),
        };
        let decided = decide(&mut transaction);
        let changes = transaction.changes;
        if !changes.is_empty() {
            journal.append(now_ms, &changes)?;
        }
        Ok(decided)
    }

    /// Lets `look` read the world; the second argument is the time.
    pub fn read<T>(&self, look: impl FnOnce(&World, i64) -> T) -> T {
        look(&self.lock().world, self.now_ms())
    }

    /// The clock's time in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        let nanoseconds = self.clock.now().unix_timestamp_nanos();
        i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Where the bytes of one uploaded file are.
    pub fn media_file(&self, media_id: &str) -> PathBuf {
        self.media.join(media_id)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a decision leaves a world that is still the sum of its
        // recorded changes, so the lock stays usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an ordered fault will do to the call that is being decided.
#[derive(Clone, Copy, Default)]
pub struct Circumstances {
    /// The caller will not see the proper answer.
    pub answer_lost: bool,
    /// What is made stays invisible for so many milliseconds.
    pub hidden_ms: i64,
}

/// One decision in the making.
pub struct Transaction<'a> {
    pub world: &'a mut World,
    pub store: &'a Store,
    pub now_ms: i64,
    pub circumstances: Circumstances,
    changes: Vec<Change>,
}

impl Transaction<'_> {
    /// Makes a fact true.
    pub fn record(&mut self, change: impl Into<Change>) {
        let change = change.into();
        self.world.apply(&change, self.now_ms);
        self.changes.push(change);
    }

    /// Writes an uploaded file before the change that names it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep_file(&self, media_id: &str, bytes: &[u8]) -> io::Result<()> {
        write_whole(&self.store.media_file(media_id), bytes)
    }
}

/// A file under its final name is always complete: a kill leaves only the other name behind.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("part");
    fs::write(&draft, bytes)?;
    fs::rename(draft, path)
}

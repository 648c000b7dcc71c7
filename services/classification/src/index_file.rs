//! The index of what is known, kept in a file between starts, so that a start need not read the whole log.
//!
//! A file is only ever a shortcut: one that is missing, cut short, damaged or of other rules is passed over with a
//! warning, and the index is read from PostgreSQL. It is written beside the serving index and put in its place, so
//! that decisions go on meanwhile.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ids::AgencyId;
use judgement::index::{Base, FileError, Header, rules, write};
use mapping::Mapped;
use runtime::{Clock, Lifecycle};
use sqlx::{PgConnection, PgPool};

use crate::decide::Decide;
use crate::known::Known;
use crate::store::changes;

/// How often it is looked at whether a file should be written.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Texts in memory for which a file is not worth its writing.
const TAIL_MIN: usize = 5_000;

/// A file is written anew when the texts in memory are more than this part of all.
const TAIL_PART: usize = 4;

/// Where the files are.
#[derive(Clone, Debug)]
pub struct IndexFiles {
    folder: Arc<Path>,
}

/// Why a file is not used, or could not be written.
#[derive(Debug, thiserror::Error)]
enum IndexFileError {
    #[error("could not read or write {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is not used")]
    Refused { path: PathBuf, source: FileError },
}

impl IndexFiles {
    /// Files in `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.into() })
    }

    /// What the agency's file knew; nothing where there is no file that can be used.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(&self, tx: &mut PgConnection, agency: AgencyId) -> sqlx::Result<Known> {
        match self.open(agency) {
            Ok(None) => Ok(Known::default()),
            Ok(Some((base, header))) => {
                let clarifications = changes::clarifications_until(tx, agency, header.last_change).await?;
                Ok(Known::over(base, header, clarifications))
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the index file is not used: the index is read from the database, which loses nothing"
                );
                Ok(Known::default())
            }
        }
    }

    fn open(&self, agency: AgencyId) -> Result<Option<(Base, Header)>, IndexFileError> {
        let path = self.path(agency);
        let mapped = match Mapped::open(&path) {
            Ok(mapped) => mapped,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(IndexFileError::Io { path, source }),
        };
        let opened = Base::open(Box::new(mapped), agency.as_uuid().as_u128(), rules());
        opened.map(Some).map_err(|source| IndexFileError::Refused { path, source })
    }

    /// Writes what is known; a reader sees the old file or the new one.
    fn save(&self, agency: AgencyId, known: &Known) -> Result<(), IndexFileError> {
        let path = self.path(agency);
        let unwritten = path.with_extension("unwritten");
        let header =
            Header { owner: agency.as_uuid().as_u128(), rules: rules(), last_change: known.last_change() };
        let written = || -> io::Result<()> {
            let file = std::fs::File::create(&unwritten)?;
            let mut out = BufWriter::new(file);
            write(known.index(), header, &mut out)?;
            out.into_inner()?.sync_all()?;
            std::fs::rename(&unwritten, &path)
        };
        written().map_err(|source| IndexFileError::Io { path: unwritten.clone(), source })
    }

    fn path(&self, agency: AgencyId) -> PathBuf {
        self.folder.join(format!("{agency}.index"))
    }
}

/// Writes files when they have fallen behind, and serves from them.
pub struct Keep {
    /// Where the files are.
    pub files: IndexFiles,
    /// Who serves.
    pub decide: Decide,
    /// The database.
    pub pool: PgPool,
    /// The clock.
    pub clock: Clock,
}

impl Keep {
    /// Works until the soft stop. A failure is told and tried again at the next look: nothing depends on it.
    ///
    /// # Errors
    /// None; the signature is a task's.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let stop = lifecycle.soft();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
            for agency in self.decide.agencies() {
                let tail = self.decide.texts(agency).await;
                if tail.in_memory > TAIL_MIN
                    && tail.in_memory * TAIL_PART > tail.all
                    && let Err(error) = self.renew(agency).await
                {
                    tracing::warn!(error = %format!("{error:#}"), "the index file could not be renewed");
                }
            }
        }
    }

    /// Reads the log on its own, without the agency's lock: what is committed is in order, and the serving index
    /// catches up with the rest.
    async fn renew(&self, agency: AgencyId) -> anyhow::Result<()> {
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let mut known = self.files.load(&mut tx, agency).await?;
        known.catch_up(&mut tx, agency).await?;
        drop(tx);
        let files = self.files.clone();
        tokio::task::spawn_blocking(move || files.save(agency, &known)).await??;
        let mut tx = database::agency_tx(&self.pool, agency).await?;
        let known = self.files.load(&mut tx, agency).await?;
        self.decide.serve_from(agency, known).await;
        Ok(())
    }
}

//! A file, mapped into memory to be read: the only unsafe call of the workspace, in a crate of its own so that
//! everything else can forbid them.
//!
//! It knows nothing of what is in a file.

use std::fs::File;
use std::io;
use std::path::Path;

/// A mapped file.
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps the file at `path`.
    ///
    /// The file must never be written to again, only replaced: write a new one beside it and rename that. Who cuts
    /// a mapped file short makes its readers die; nobody but this program's own user can.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    #[expect(unsafe_code, reason = "files that are only ever replaced do not change under their readers")]
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the bytes do not change while they are mapped, as the documentation asks of every caller.
        unsafe { memmap2::Mmap::map(&file) }.map(Self)
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

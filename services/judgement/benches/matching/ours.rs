//! The index and the judges as classification uses them: a mapped file, and a tail in memory.

use std::fs::File;
use std::io::BufWriter;

use judgement::index::{Base, Field, Header, Index, Target, rules, write};
use judgement::matching::{Judges, matches};
use judgement::normalise::normalise;
use judgement::profile::Profile;
use mapping::Mapped;

const OWNER: u128 = 1;

pub struct Ours {
    index: Index,
    folder: tempfile::TempDir,
    /// Bytes of memory for each claim while all were in memory.
    in_memory: f64,
    next: u128,
}

impl Ours {
    pub fn of(known: &[String]) -> Self {
        let before = resident();
        let mut index = Index::default();
        for (id, text) in (1..).zip(known) {
            index.add(Target::claim(id), Field::Sentence, &profile(text));
            index.settle();
        }
        let in_memory = (resident() - before) / known.len() as f64;
        let folder = tempfile::tempdir().expect("a benchmark needs a temporary folder");
        let header = Header { owner: OWNER, rules: rules(), last_change: 0 };
        let file = File::create(folder.path().join("index")).expect("the folder is new");
        write(&index, header, &mut BufWriter::new(file)).expect("the disk has room for the index");
        drop(index);
        let mut ours = Self { index: Index::default(), folder, in_memory, next: 1 << 64 };
        ours.index = ours.again();
        ours
    }

    /// The index from its file, as at a start.
    pub fn again(&self) -> Index {
        let mapped = Mapped::open(&self.folder.path().join("index")).expect("the file was just written");
        let (base, _) = Base::open(Box::new(mapped), OWNER, rules()).expect("the file was just written");
        Index::over(base)
    }

    /// The claim that a text matches, from its words on.
    pub fn best(&self, text: &str) -> Option<usize> {
        let claim = matches(&self.index, Judges::get(), &profile(text)).claim?;
        usize::try_from(claim.id).ok()?.checked_sub(1)
    }

    /// Adds a claim and asks for its own words.
    pub fn added_and_asked(&mut self, text: &str) -> bool {
        self.next += 1;
        let profile = profile(text);
        self.index.add(Target::claim(self.next), Field::Sentence, &profile);
        self.index.settle();
        matches(&self.index, Judges::get(), &profile).claim.is_some()
    }

    pub fn memory(&self, claims: usize) -> String {
        let file = std::fs::metadata(self.folder.path().join("index")).map_or(0, |file| file.len());
        let each = file as f64 / claims as f64;
        format!(
            "{claims} claims: {each:.0} bytes each in the file, {:.0} in memory before that",
            self.in_memory
        )
    }
}

fn profile(text: &str) -> Profile {
    Profile::of(&normalise(text))
}

/// Bytes of memory that this process has.
fn resident() -> f64 {
    const PAGE_BYTES: f64 = 4096.0;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0.0_f64) * PAGE_BYTES
}

//! The file form of the index: a header that says what the file is, and flat sections that are read where they lie.
//!
//! Nothing in it is needed to be right: a file that is cut short, damaged, of another version or made under other
//! rules is refused, and whoever owns the index builds it anew from where the texts come from.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::agreement::hash_of;
use crate::index::tail::found_by;
use crate::index::{Index, Kind, Rank, distinct};
use crate::profile::Gram;

/// The bytes of a file, wherever they are.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// What begins every file.
const MAGIC: [u8; 8] = *b"CQINDEX\0";
/// Grows when sections change.
const VERSION: u64 = 2;
/// Bytes before the first section; sections begin at multiples of 8.
pub(super) const HEADER_BYTES: usize = 128;

/// u32s of one row of each table.
pub(super) const DOCUMENT_WORDS: usize = 10;
pub(super) const TARGET_WORDS: usize = 8;
pub(super) const SLOT_WORDS: usize = 6;

/// What a file is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose index it is.
    pub owner: u128,
    /// The rules that texts were taken apart by; another number means other rules.
    pub rules: u64,
    /// How far the change log was read.
    pub last_change: i64,
}

/// Why a file is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is no index file.
    #[error("it is no index file")]
    Foreign,
    /// Another version of this program wrote it.
    #[error("it has format {found}, this program reads {VERSION}")]
    OtherVersion {
        /// The file's format.
        found: u64,
    },
    /// It was made under other rules.
    #[error("its texts were taken apart by other rules")]
    OtherRules,
    /// It is another agency's.
    #[error("it belongs to another agency")]
    OtherOwner,
    /// It is shorter or longer than it says.
    #[error("it is cut short or damaged: {expected} bytes are {found}")]
    CutShort {
        /// Bytes by its header.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Its bytes are not those that were written.
    #[error("it is damaged: its checksum does not match")]
    Damaged,
}

/// A number for the rules that texts are taken apart by: an index of other rules is built anew.
pub fn rules() -> u64 {
    let rules = [
        include_str!("../wording.toml"),
        include_str!("../synonyms.txt"),
        include_str!("../routing.toml"),
        include_str!("../traditional.txt"),
        include_str!("../normalise.rs"),
        include_str!("../faces.rs"),
        include_str!("../faces.txt"),
        include_str!("../placeholders.txt"),
        include_str!("../../../platform/lookalike/src/plain.rs"),
        include_str!("../../../platform/lookalike/src/radicals.txt"),
        include_str!("../profile.rs"),
        include_str!("../synonyms.rs"),
        include_str!("../facts.rs"),
    ];
    hash_of(rules.iter().flat_map(|rules| rules.bytes()).map(u32::from))
}

/// Where each section lies.
#[derive(Clone, Debug, Default)]
pub(super) struct Sections {
    pub documents: Range<usize>,
    pub targets: Range<usize>,
    pub glyphs: Range<usize>,
    pub codes: Range<usize>,
    pub slots: Range<usize>,
    pub postings: Range<usize>,
    pub ranks: Range<usize>,
}

const SECTIONS: usize = 7;

/// Reads and checks the header and the checksum of a file.
pub(super) fn read(bytes: &[u8], owner: u128, rules: u64) -> Result<(Header, Sections), FileError> {
    let word = |at: usize| -> Option<u64> {
        let bytes = bytes.get(at * 8..at * 8 + 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    if bytes.get(..8) != Some(&MAGIC) || bytes.len() < HEADER_BYTES {
        return Err(FileError::Foreign);
    }
    let field = |at| word(at).ok_or(FileError::Foreign);
    let found = field(1)?;
    if found != VERSION {
        return Err(FileError::OtherVersion { found });
    }
    let header = Header {
        owner: u128::from(field(3)?) << 64 | u128::from(field(2)?),
        rules: field(4)?,
        last_change: field(5)?.cast_signed(),
    };
    if header.rules != rules {
        return Err(FileError::OtherRules);
    }
    if header.owner != owner {
        return Err(FileError::OtherOwner);
    }
    let mut at = HEADER_BYTES as u64;
    let mut ranges: [Range<usize>; SECTIONS] = Default::default();
    let mut expected = at;
    for (section, range) in ranges.iter_mut().enumerate() {
        let length = field(6 + section)?;
        let end = at.saturating_add(length);
        *range = usize::try_from(at).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
        expected = end;
        at = end.checked_next_multiple_of(8).unwrap_or(u64::MAX);
    }
    let found = bytes.len() as u64;
    if found != expected {
        return Err(FileError::CutShort { expected, found });
    }
    let content = bytes.get(HEADER_BYTES..).unwrap_or_default();
    if u64::from(crc32fast::hash(content)) != field(6 + SECTIONS)? {
        return Err(FileError::Damaged);
    }
    let [documents, targets, glyphs, codes, slots, postings, ranks] = ranges;
    Ok((header, Sections { documents, targets, glyphs, codes, slots, postings, ranks }))
}

/// Writes everything that `index` knows.
///
/// # Errors
/// When `out` does.
pub fn write(index: &Index, header: Header, out: &mut impl Write) -> io::Result<()> {
    let by_target = index.by_target();
    let mut documents: Vec<u32> = Vec::new();
    let mut targets: Vec<u32> = Vec::with_capacity(by_target.len() * TARGET_WORDS);
    let mut ranks: Vec<f32> = Vec::new();
    let mut glyphs: Vec<u32> = Vec::new();
    let mut codes: Vec<u64> = Vec::new();
    let mut found: HashMap<Gram, (u32, Vec<u32>), RandomState> = HashMap::default();
    let mut count = 0_u32;
    for (place, (target, numbers)) in by_target.iter().enumerate() {
        let id = target.id.to_le_bytes();
        let quarter = |at: usize| u32::from_le_bytes([id[at], id[at + 1], id[at + 2], id[at + 3]]);
        targets.extend([
            u32::from(target.kind == Kind::Clarification),
            count,
            small(numbers.len()),
            0,
            quarter(0),
            quarter(4),
            quarter(8),
            quarter(12),
        ]);
        let mut grams_of_target = Vec::new();
        for document in numbers.iter().filter_map(|&number| index.document(number)) {
            let grams = distinct(document.glyphs);
            for gram in found_by(&grams) {
                found.entry(gram).or_default().1.push(count);
            }
            let masses = index.masses(&grams);
            ranks.push(Rank::of(document.field, &masses).0);
            documents.extend([
                small(glyphs.len()),
                small(document.glyphs.len()),
                small(codes.len()),
                small(document.codes.len()),
                document.informative,
                masses.singles.to_bits(),
                masses.pairs.to_bits(),
                masses.norm.to_bits(),
                small(place),
                document.field as u32,
            ]);
            glyphs.extend_from_slice(document.glyphs);
            codes.extend_from_slice(document.codes);
            grams_of_target.extend(grams);
            count += 1;
        }
        grams_of_target.sort_unstable();
        grams_of_target.dedup();
        for gram in grams_of_target {
            found.entry(gram).or_default().0 += 1;
        }
    }
    let (slots, postings) = directory(found);
    let sections: [&[u8]; SECTIONS] = [
        bytemuck::cast_slice(&documents),
        bytemuck::cast_slice(&targets),
        bytemuck::cast_slice(&glyphs),
        bytemuck::cast_slice(&codes),
        bytemuck::cast_slice(&slots),
        bytemuck::cast_slice(&postings),
        bytemuck::cast_slice(&ranks),
    ];
    write_sections(header, &sections, out)
}

/// Lays the grams out as an open-addressed table and their postings one after another.
fn directory(found: HashMap<Gram, (u32, Vec<u32>), RandomState>) -> (Vec<u32>, Vec<u32>) {
    let size = (found.len() * 3 / 2 + 1).next_power_of_two();
    let mut slots = vec![0_u32; size * SLOT_WORDS];
    let mut postings = Vec::with_capacity(found.values().map(|(_, list)| list.len()).sum());
    let mut sorted: Vec<_> = found.into_iter().collect();
    sorted.sort_unstable_by_key(|&(gram, _)| gram);
    for (gram, (targets, list)) in sorted {
        let mut slot = first_slot(gram, size);
        while slots[slot * SLOT_WORDS] != 0 || slots[slot * SLOT_WORDS + 1] != 0 {
            slot = (slot + 1) & (size - 1);
        }
        let row = &mut slots[slot * SLOT_WORDS..(slot + 1) * SLOT_WORDS];
        row.copy_from_slice(&[low(gram), high(gram), small(postings.len()), small(list.len()), targets, 0]);
        postings.extend(list);
    }
    (slots, postings)
}

fn write_sections(header: Header, sections: &[&[u8]; SECTIONS], out: &mut impl Write) -> io::Result<()> {
    let padding = |length: usize, last: bool| if last { 0 } else { length.next_multiple_of(8) - length };
    let mut checksum = crc32fast::Hasher::new();
    for (at, section) in sections.iter().enumerate() {
        checksum.update(section);
        checksum.update(&[0; 8][..padding(section.len(), at + 1 == SECTIONS)]);
    }
    let mut words = vec![
        u64::from_le_bytes(MAGIC),
        VERSION,
        header.owner as u64,
        (header.owner >> 64) as u64,
        header.rules,
        header.last_change.cast_unsigned(),
    ];
    words.extend(sections.iter().map(|section| section.len() as u64));
    words.push(u64::from(checksum.finalize()));
    words.resize(HEADER_BYTES / 8, 0);
    for word in words {
        out.write_all(&word.to_le_bytes())?;
    }
    for (at, section) in sections.iter().enumerate() {
        out.write_all(section)?;
        out.write_all(&[0; 8][..padding(section.len(), at + 1 == SECTIONS)])?;
    }
    out.flush()
}

/// Where a gram's row is looked for first, in a table of `size` rows, a power of two.
pub(super) const fn first_slot(gram: Gram, size: usize) -> usize {
    let mixed = gram.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ mixed >> 32) as usize) & (size - 1)
}

const fn low(gram: Gram) -> u32 {
    gram as u32
}

const fn high(gram: Gram) -> u32 {
    (gram >> 32) as u32
}

/// Sections of more than four billion entries would take a hundred gigabytes of memory before they are written.
fn small(count: usize) -> u32 {
    u32::try_from(count).expect("an index fits in memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Base, Field, Target};
    use crate::matching::{Judges, candidates};
    use crate::normalise::normalise;
    use crate::profile::Profile;

    const HEADER: Header = Header { owner: 9, rules: 3, last_change: 41 };

    fn profile(text: &str) -> Profile {
        Profile::of(&normalise(text))
    }

    fn index() -> Index {
        let mut index = Index::default();
        for (at, text) in ["明天凌晨3点青岚县有7级地震", "城东市场的西瓜都打了甜水针", "自来水厂停水三天"]
            .iter()
            .enumerate()
        {
            index.add(Target::claim(at as u128 + 1), Field::Sentence, &profile(text));
        }
        index.add(Target::clarification(1), Field::Sentence, &profile("西瓜打甜水针"));
        index.add(Target::clarification(1), Field::Body, &profile("抽检合格，没有打针"));
        index.add(Target::claim(1), Field::Sentence, &profile("青岚县今晚地震"));
        index.remove(Target::claim(3));
        index
    }

    fn file() -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&index(), HEADER, &mut bytes).unwrap();
        bytes
    }

    fn found(index: &Index, text: &str) -> Vec<(Target, f32)> {
        let found = candidates(index, Judges::get(), &profile(text));
        found.iter().map(|candidate| (candidate.target, candidate.alike.sentence.cosine)).collect()
    }

    #[test]
    fn an_index_from_its_file_finds_what_the_written_one_found_and_goes_on_growing() {
        let (base, header) = Base::open(Box::new(file()), 9, 3).unwrap();
        assert_eq!(header, HEADER);
        let written = index();
        let mut read = Index::over(base);
        for text in ["青岚县地震", "西瓜打针", "停水三天", "身份证"] {
            let (ours, theirs) = (found(&read, text), found(&written, text));
            assert_eq!(ours.len(), theirs.len(), "{text}");
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert_eq!(ours.0, theirs.0, "{text}");
                assert!((ours.1 - theirs.1).abs() < 0.05, "{text}: {ours:?} {theirs:?}");
            }
        }
        let mark = read.len();
        read.add(Target::claim(8), Field::Sentence, &profile("明天高速封路"));
        assert_eq!(found(&read, "明天高速封路")[0].0, Target::claim(8));
        read.truncate(mark);
        read.remove(Target::claim(2));
        assert!(found(&read, "高速封路").is_empty());
        assert!(!found(&read, "城东市场的西瓜").iter().any(|(target, _)| *target == Target::claim(2)));
        let mut again = Vec::new();
        write(&read, HEADER, &mut again).unwrap();
        let (base, _) = Base::open(Box::new(again), 9, 3).unwrap();
        assert_eq!(found(&Index::over(base), "青岚县地震")[0].0, Target::claim(1));
    }

    #[test]
    fn a_file_of_another_version_rules_or_agency_is_refused() {
        let open = |bytes: Vec<u8>, owner, rules| Base::open(Box::new(bytes), owner, rules).err();
        assert_eq!(open(b"PK".to_vec(), 9, 3), Some(FileError::Foreign));
        assert_eq!(open(Vec::new(), 9, 3), Some(FileError::Foreign));
        assert_eq!(open(file(), 9, 4), Some(FileError::OtherRules));
        assert_eq!(open(file(), 8, 3), Some(FileError::OtherOwner));
        let mut earlier = file();
        earlier[8] = 1;
        assert_eq!(open(earlier, 9, 3), Some(FileError::OtherVersion { found: 1 }));
    }

    #[test]
    fn a_file_cut_short_or_damaged_anywhere_is_refused() {
        let whole = file();
        for length in 0..whole.len() {
            let refused = Base::open(Box::new(whole[..length].to_vec()), 9, 3).err();
            let expected = whole.len() as u64;
            let said = FileError::CutShort { expected, found: length as u64 };
            assert_eq!(refused, Some(if length < HEADER_BYTES { FileError::Foreign } else { said }));
        }
        for at in (HEADER_BYTES..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            assert_eq!(Base::open(Box::new(damaged), 9, 3).err(), Some(FileError::Damaged), "{at}");
        }
    }
}

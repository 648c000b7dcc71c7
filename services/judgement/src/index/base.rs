//! The part of the index that lies in a file: read where it lies, never changed.
//!
//! Every access is bounds-checked and answers with nothing where the file says something impossible.

use bytemuck::AnyBitPattern;

use crate::agreement::Code;
use crate::index::file::{
    self, Bytes, DOCUMENT_WORDS, FileError, Header, SLOT_WORDS, Sections, TARGET_WORDS, first_slot,
};
use crate::index::{Document, Field, Kind, Masses, Rank, Target};
use crate::profile::{Glyph, Gram};

/// A file's content; empty by default.
pub struct Base {
    bytes: Bytes,
    sections: Sections,
    documents: usize,
    targets: usize,
    slots: usize,
}

impl Default for Base {
    fn default() -> Self {
        let bytes: [u8; 0] = [];
        Self { bytes: Box::new(bytes), sections: Sections::default(), documents: 0, targets: 0, slots: 0 }
    }
}

impl Base {
    /// Takes the bytes of a file of `owner`, made under `rules`.
    ///
    /// # Errors
    /// When it is not whole, or not that.
    pub fn open(bytes: Bytes, owner: u128, rules: u64) -> Result<(Self, Header), FileError> {
        let (header, sections) = file::read((*bytes).as_ref(), owner, rules)?;
        let rows = |bytes: usize, words: usize| bytes / 4 / words;
        let base = Self {
            documents: rows(sections.documents.len(), DOCUMENT_WORDS),
            targets: rows(sections.targets.len(), TARGET_WORDS),
            slots: rows(sections.slots.len(), SLOT_WORDS),
            bytes,
            sections,
        };
        if base.slots > 0 && !base.slots.is_power_of_two() {
            return Err(FileError::Damaged);
        }
        Ok((base, header))
    }

    pub(super) const fn len(&self) -> usize {
        self.documents
    }

    pub(super) const fn target_count(&self) -> usize {
        self.targets
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        (0..self.targets).filter_map(|place| Some(self.target(place)?.0))
    }

    pub(super) fn document(&self, number: u32) -> Option<Document<'_>> {
        let row = self.document_row(number)?;
        let span = |start: u32, length: u32| start as usize..start as usize + length as usize;
        let glyphs: &[Glyph] = self.section(&self.sections.glyphs);
        let codes: &[Code] = self.section(&self.sections.codes);
        Some(Document {
            target: self.target(row[8] as usize)?.0,
            field: field(row[9]),
            glyphs: glyphs.get(span(row[0], row[1]))?,
            codes: codes.get(span(row[2], row[3]))?,
            informative: row[4],
            masses: Masses {
                singles: f32::from_bits(row[5]),
                pairs: f32::from_bits(row[6]),
                norm: f32::from_bits(row[7]),
            },
        })
    }

    pub(super) fn rank(&self, number: u32) -> Option<Rank> {
        let ranks: &[f32] = self.section(&self.sections.ranks);
        ranks.get(number as usize).copied().map(Rank)
    }

    /// The documents of `target`.
    pub(super) fn numbers_of(&self, target: Target) -> std::ops::Range<u32> {
        let (mut low, mut high) = (0, self.targets);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.target(middle) {
                Some((found, first, count)) if found == target => return first..first.saturating_add(count),
                Some((found, ..)) if found < target => low = middle + 1,
                _ => high = middle,
            }
        }
        0..0
    }

    /// How many targets have the gram.
    pub(super) fn targets_with(&self, gram: Gram) -> i32 {
        self.slot(gram).map_or(0, |row| row[4].cast_signed())
    }

    /// Documents with the gram, in order.
    pub(super) fn postings(&self, gram: Gram) -> &[u32] {
        let Some(row) = self.slot(gram) else { return &[] };
        let postings: &[u32] = self.section(&self.sections.postings);
        let start = row[2] as usize;
        postings.get(start..start + row[3] as usize).unwrap_or_default()
    }

    fn document_row(&self, number: u32) -> Option<&[u32]> {
        let rows: &[u32] = self.section(&self.sections.documents);
        let start = number as usize * DOCUMENT_WORDS;
        rows.get(start..start + DOCUMENT_WORDS)
    }

    fn target(&self, place: usize) -> Option<(Target, u32, u32)> {
        let rows: &[u32] = self.section(&self.sections.targets);
        let start = place * TARGET_WORDS;
        let row = rows.get(start..start + TARGET_WORDS)?;
        let quarter = |at: usize| u128::from(row[4 + at]) << (32 * at);
        let id = quarter(0) | quarter(1) | quarter(2) | quarter(3);
        let kind = if row[0] == 0 { Kind::Claim } else { Kind::Clarification };
        Some((Target { kind, id }, row[1], row[2]))
    }

    fn slot(&self, gram: Gram) -> Option<&[u32]> {
        let rows: &[u32] = self.section(&self.sections.slots);
        let mut at = if self.slots == 0 { return None } else { first_slot(gram, self.slots) };
        // Bounded, in case a damaged table has no empty row.
        for _ in 0..self.slots {
            let row = rows.get(at * SLOT_WORDS..(at + 1) * SLOT_WORDS)?;
            match Gram::from(row[1]) << 32 | Gram::from(row[0]) {
                0 => return None,
                found if found == gram => return Some(row),
                _ => at = (at + 1) & (self.slots - 1),
            }
        }
        None
    }

    /// A section as what it holds; empty where the bytes lie crooked, which no allocation and no mapping does.
    fn section<T: AnyBitPattern>(&self, range: &std::ops::Range<usize>) -> &[T] {
        let bytes = (*self.bytes).as_ref().get(range.clone()).unwrap_or_default();
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }
}

const fn field(word: u32) -> Field {
    if word == 0 { Field::Sentence } else { Field::Body }
}

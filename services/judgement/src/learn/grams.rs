//! A text as a sparse row of hashed one- and two-character grams, weighed by how rare each is.
//!
//! The hash is fixed for good, because weights are stored by it. Signs, addresses and mentions stay in: how
//! something is told says as much as what is told. Which weights the grams get is `linear`'s.

/// Only so many characters are looked at.
const CHARS_MAX: usize = 2_000;

use crate::learn::packed::{Packed, Packing, Unreadable};

/// Places of a row with their values, each place once, in order.
pub type Row = Vec<(u32, f32)>;

/// Hashes are this wide: collisions then cost less than leaving out the rarest grams would.
const HASHES: u32 = 1 << 20;

/// Stands for a web address.
const ADDRESS: char = '∎';

/// A hash that is the same in every version and on every machine (FNV-1a, then mixed).
pub fn stable_hash(characters: impl IntoIterator<Item = char>) -> u32 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for character in characters {
        hash = (hash ^ u64::from(u32::from(character))).wrapping_mul(0x0100_0000_01B3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    // The upper half is the better mixed one and fits.
    (hash >> 32) as u32
}

/// The text with its ends marked, addresses and numbers each as one sign, and one space for many.
fn told(text: &str) -> Vec<char> {
    let mut told = vec!['^'];
    let mut rest = text;
    while told.len() < CHARS_MAX {
        if rest.starts_with("http://") || rest.starts_with("https://") {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_graphic());
            told.push(ADDRESS);
            continue;
        }
        let Some(next) = rest.chars().next() else { break };
        rest = &rest[next.len_utf8()..];
        let sign = if next.is_ascii_digit() {
            '0'
        } else if next.is_whitespace() || next.is_control() {
            ' '
        } else {
            next.to_lowercase().next().unwrap_or(next)
        };
        if !(matches!(sign, '0' | ' ') && told.last() == Some(&sign)) {
            told.push(sign);
        }
    }
    told.push('$');
    told
}

/// The hash of every gram of a text, with how often it is there on a logarithmic scale; in order.
#[expect(clippy::cast_precision_loss, reason = "a text has a few thousand grams")]
fn counted(text: &str) -> Vec<(u32, f32)> {
    let told = told(text);
    let hash = |gram: &[char]| stable_hash(gram.iter().copied()) % HASHES;
    let mut hashes: Vec<u32> = told.windows(1).chain(told.windows(2)).map(hash).collect();
    hashes.sort_unstable();
    let runs = hashes.chunk_by(|ours, theirs| ours == theirs);
    runs.map(|run| (run[0], 1.0 + (run.len() as f32).ln())).collect()
}

/// The grams of the texts that were learned from, and how rare each is. A gram's place in rows is its place here.
#[derive(Clone, Debug, PartialEq)]
pub struct Rarity {
    /// Their hashes, in order, with their weight.
    known: Vec<(u32, f32)>,
    /// The weight of a gram that no text had.
    of_unknown: f32,
}

impl Rarity {
    /// Counts in how many of `texts` each gram is, and knows those of at least `texts_min`.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^24 texts")]
    pub fn among<'a>(texts: impl IntoIterator<Item = &'a str>, texts_min: u32) -> Self {
        let mut texts_with = vec![0_u32; HASHES as usize];
        let mut texts_count = 0_u32;
        for text in texts {
            texts_count += 1;
            for (hash, _) in counted(text) {
                texts_with[hash as usize] += 1;
            }
        }
        let weight = |with: u32| ((1 + texts_count) as f32 / (1 + with) as f32).ln() + 1.0;
        let known = (0_u32..).zip(texts_with).filter(|&(_, with)| with >= texts_min.max(1));
        Self { known: known.map(|(hash, with)| (hash, weight(with))).collect(), of_unknown: weight(0) }
    }

    /// How wide its rows are.
    pub fn width(&self) -> usize {
        self.known.len()
    }

    /// The row of a text; of length 1 where all its grams are known.
    pub fn row(&self, text: &str) -> Row {
        let mut row = Row::new();
        let mut length = 0.0;
        for (hash, count) in counted(text) {
            let found = self.known.binary_search_by_key(&hash, |&(known, _)| known);
            let value = count * found.map_or(self.of_unknown, |at| self.known[at].1);
            length += value * value;
            if let Some(place) = found.ok().and_then(|at| u32::try_from(at).ok()) {
                row.push((place, value));
            }
        }
        // No text is without grams: its ends are marked.
        let length = length.sqrt();
        row.iter_mut().for_each(|(_, value)| *value /= length);
        row
    }

    /// Writes it down.
    pub fn pack(&self, packing: &mut Packing) {
        packing.number(self.of_unknown);
        packing.list(&self.known, |packing, &(hash, weight)| {
            packing.count(hash);
            packing.number(weight);
        });
    }

    /// Reads what [`pack`](Self::pack) wrote.
    ///
    /// # Errors
    /// When the bytes are no such thing.
    pub fn unpack(packed: &mut Packed<'_>) -> Result<Self, Unreadable> {
        let of_unknown = packed.number()?;
        let known = packed.list(|packed| Ok((packed.count()?, packed.number()?)))?;
        if known.is_sorted_by(|ours, theirs| ours.0 < theirs.0) {
            Ok(Self { known, of_unknown })
        } else {
            Err(Unreadable)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_is_what_stored_weights_were_made_with() {
        assert_eq!(stable_hash("".chars()), 3_971_628_530);
        assert_eq!(stable_hash("地震".chars()), 4_158_239_579);
    }

    #[test]
    fn addresses_numbers_and_spaces_are_each_one_sign() {
        let text: String = told("今晚 \n 1234人 http://t.cn/zW2qzr9?a=1【OK】").into_iter().collect();
        assert_eq!(text, "^今晚 0人 ∎【ok】$");
    }

    #[test]
    fn texts_of_any_kind_have_a_row_of_length_one() {
        let rarity = Rarity::among(TEXTS, 1);
        for text in TEXTS {
            assert!((length(&rarity.row(text)) - 1.0).abs() < 1e-4, "{text}");
        }
        for text in ["", "震", &"震".repeat(100_000), "\u{0}\u{7}\u{202E}"] {
            let length = length(&rarity.row(text));
            assert!(length > 0.0 && length < 1.0, "{text:.20}: {length}");
        }
    }

    const TEXTS: [&str; 4] = ["今晚地震", "西瓜打针", "😱😱", "?"];

    fn length(row: &Row) -> f32 {
        row.iter().map(|&(_, value)| value * value).sum()
    }

    #[test]
    fn what_is_written_down_is_read_again_and_never_cut_short() {
        let rarity = Rarity::among(TEXTS, 1);
        let mut packing = Packing::default();
        rarity.pack(&mut packing);
        let bytes = packing.bytes();
        assert_eq!(Rarity::unpack(&mut Packed::new(&bytes)), Ok(rarity));
        for cut in 0..bytes.len() {
            assert_eq!(Rarity::unpack(&mut Packed::new(&bytes[..cut])), Err(Unreadable));
        }
    }

    proptest! {
        #[test]
        fn rows_are_in_order_and_of_length_one(text in "\\PC{0,200}") {
            let row = Rarity::among(["今晚地震", text.as_str()], 1).row(&text);
            prop_assert!(row.is_sorted_by(|ours, theirs| ours.0 < theirs.0));
            prop_assert!((length(&row) - 1.0).abs() < 1e-3);
        }
    }
}

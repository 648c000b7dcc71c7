//! What is known and what is asked, the same in every run: real texts of a folder where there is one, and words put
//! together by chance otherwise, common ones often and rare ones seldom.

use std::io::Read;
use std::path::Path;

use judgement::wording::Wording;

/// Characters of a claim, at most and at least.
const CHARACTERS: std::ops::RangeInclusive<usize> = 10..=90;
/// Fragments of few of these are addresses and faces.
const HAN: std::ops::Range<char> = '\u{4e00}'..'\u{a000}';
/// Words that made-up texts are made of.
const VOCABULARY: usize = 40_000;
/// One fragment of so many is kept from the known ones, to be asked about.
const UNKNOWN_ONE_OF: usize = 20;

/// The smallest number of claims that is measured: those are known in every run.
pub const KNOWN_AT_LEAST: usize = 1_000;

/// A text that is asked about.
#[derive(Clone)]
pub struct Asked {
    pub text: String,
    /// Which known text it tells otherwise.
    pub tells: Option<usize>,
}

pub struct Texts {
    known: Vec<String>,
    unknown: Vec<String>,
    made_up: bool,
}

impl Texts {
    pub fn read() -> Self {
        let folder = std::env::var_os("CHENGQING_BENCH_TEXTS");
        let fragments = folder.as_ref().map_or_else(made_up, |folder| fragments_of(Path::new(folder)));
        assert!(fragments.len() > 2 * KNOWN_AT_LEAST, "the folder has too few texts: {}", fragments.len());
        let mut texts = Self { known: Vec::new(), unknown: Vec::new(), made_up: folder.is_none() };
        for (number, fragment) in fragments.into_iter().enumerate() {
            let of = if number % UNKNOWN_ONE_OF == 0 { &mut texts.unknown } else { &mut texts.known };
            of.push(fragment);
        }
        texts
    }

    pub fn origin(&self) -> String {
        let kind = if self.made_up { "made-up" } else { "real" };
        format!("{} {kind} texts, spliced where more are needed", self.known.len())
    }

    /// So many claims: the texts, then splices of two of them.
    pub fn known(&self, count: usize) -> Vec<String> {
        let mut chance = Chance(7);
        let mut known: Vec<String> = self.known.iter().take(count).cloned().collect();
        while known.len() < count {
            let [first, second] = [chance.pick(&self.known), chance.pick(&self.known)];
            let first: Vec<char> = first.chars().collect();
            let second: Vec<char> = second.chars().collect();
            let spliced = first[..first.len() / 2].iter().chain(&second[second.len() / 2..]);
            known.push(spliced.take(*CHARACTERS.end()).collect());
        }
        known
    }

    /// So many questions: every other one tells a known text otherwise, the rest are about something else.
    pub fn asked(&self, count: usize) -> Vec<Asked> {
        let mut chance = Chance(11);
        (0..count)
            .map(|number| {
                if number % 2 == 0 {
                    return Asked { text: chance.pick(&self.unknown).clone(), tells: None };
                }
                let tells = chance.below(KNOWN_AT_LEAST);
                let told: String = self.known[tells].chars().filter(|_| chance.below(7) > 0).collect();
                Asked { text: format!("听说{told}，是真的吗"), tells: Some(tells) }
            })
            .collect()
    }
}

/// Every text of the folder's files, cut at the ends of sentences.
fn fragments_of(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("CHENGQING_BENCH_TEXTS names a folder that can be read")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    let mut fragments = Vec::new();
    for file in files {
        for line in content(&file).lines() {
            let mut texts = Vec::new();
            strings(serde_json::from_str(line).unwrap_or_default(), &mut texts);
            for text in texts {
                let pieces = text.split(['。', '！', '？', '!', '?', '\n']).map(str::trim);
                let fitting = pieces.filter(|piece| {
                    let han = piece.chars().filter(|one| HAN.contains(one)).count();
                    han >= *CHARACTERS.start() && piece.chars().count() <= *CHARACTERS.end()
                });
                fragments.extend(fitting.map(str::to_owned));
            }
        }
    }
    fragments.sort();
    fragments.dedup();
    let mut chance = Chance(5);
    for at in (1..fragments.len()).rev() {
        fragments.swap(at, chance.below(at + 1));
    }
    fragments
}

fn content(file: &Path) -> String {
    let bytes = std::fs::read(file).unwrap_or_default();
    let mut content = String::new();
    let read = if file.extension().is_some_and(|ending| ending == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut content)
    } else {
        bytes.as_slice().read_to_string(&mut content)
    };
    if read.is_err() { String::new() } else { content }
}

fn strings(value: serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text),
        serde_json::Value::Array(values) => values.into_iter().for_each(|value| strings(value, into)),
        serde_json::Value::Object(fields) => fields.into_iter().for_each(|(_, value)| strings(value, into)),
        _ => {}
    }
}

/// Texts of words that are common by their rank, as words of a language are.
fn made_up() -> Vec<String> {
    let mut chance = Chance(3);
    let characters: Vec<char> =
        ('\u{4e00}'..'\u{5500}').filter(|&one| !Wording::get().particle(one)).collect();
    let words: Vec<String> = (0..VOCABULARY)
        .map(|_| (0..2 + chance.below(2)).map(|_| characters[chance.by_rank(characters.len())]).collect())
        .collect();
    (0..60_000)
        .map(|_| {
            let length = 6 + chance.below(24);
            (0..length).map(|_| words[chance.by_rank(words.len())].as_str()).collect::<String>()
        })
        .map(|text| text.chars().take(*CHARACTERS.end()).collect())
        .collect()
}

/// Numbers that look like chance and are the same in every run (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// A rank below `count`, each about as likely as it is high: Zipf's law.
    fn by_rank(&mut self, count: usize) -> usize {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((count as f64).powf(share) as usize).min(count) - 1
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

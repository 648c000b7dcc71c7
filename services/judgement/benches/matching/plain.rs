//! A plain inverted index of pairs of characters with BM25, no re-ranking: what one would write in an hour.

use std::collections::HashMap;

const K1: f32 = 1.2;
const B: f32 = 0.75;
/// Documents that a look-up gives.
pub const FOUND: usize = 15;

#[derive(Default)]
pub struct Plain {
    postings: HashMap<(char, char), Vec<(u32, f32)>>,
    lengths: Vec<f32>,
    mean_length: f32,
}

impl Plain {
    pub fn of(known: &[String]) -> Self {
        let mut plain = Self::default();
        for (number, text) in (0..).zip(known) {
            let mut counts: HashMap<(char, char), f32> = HashMap::new();
            for pair in pairs(text) {
                *counts.entry(pair).or_default() += 1.0;
            }
            plain.lengths.push(text.chars().count() as f32);
            for (pair, count) in counts {
                plain.postings.entry(pair).or_default().push((number, count));
            }
        }
        plain.mean_length = plain.lengths.iter().sum::<f32>() / plain.lengths.len() as f32;
        plain
    }

    pub fn best(&self, text: &str) -> Option<usize> {
        let mut scores = vec![0.0_f32; self.lengths.len()];
        let mut asked: Vec<(char, char)> = pairs(text).collect();
        asked.sort_unstable();
        asked.dedup();
        for postings in asked.iter().filter_map(|pair| self.postings.get(pair)) {
            let with = postings.len() as f32;
            let rarity = ((self.lengths.len() as f32 - with + 0.5) / (with + 0.5)).ln_1p();
            for &(number, count) in postings {
                let length = self.lengths[number as usize] / self.mean_length;
                scores[number as usize] +=
                    rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
            }
        }
        let mut ranked: Vec<(f32, u32)> =
            scores.into_iter().zip(0..).filter(|&(score, _)| score > 0.0).collect();
        let best_first = |ours: &(f32, u32), theirs: &(f32, u32)| theirs.0.total_cmp(&ours.0);
        if ranked.len() > FOUND {
            ranked.select_nth_unstable_by(FOUND, best_first);
            ranked.truncate(FOUND);
        }
        ranked.sort_unstable_by(best_first);
        ranked.first().map(|&(_, number)| number as usize)
    }
}

pub fn pairs(text: &str) -> impl Iterator<Item = (char, char)> {
    text.chars().zip(text.chars().skip(1))
}

//! Every known text compared: the share of pairs of characters in common.

use crate::plain::pairs;

pub struct Scan(Vec<Vec<(char, char)>>);

impl Scan {
    pub fn of(known: &[String]) -> Self {
        Self(known.iter().map(|text| distinct(text)).collect())
    }

    pub fn best(&self, text: &str) -> Option<usize> {
        let asked = distinct(text);
        let alike = |known: &Vec<(char, char)>| {
            let both = shared(&asked, known);
            both as f32 / (asked.len() + known.len() - both).max(1) as f32
        };
        (0..self.0.len()).max_by(|&ours, &theirs| alike(&self.0[ours]).total_cmp(&alike(&self.0[theirs])))
    }
}

fn distinct(text: &str) -> Vec<(char, char)> {
    let mut distinct: Vec<(char, char)> = pairs(text).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

/// How many both sorted lists have.
fn shared(ours: &[(char, char)], theirs: &[(char, char)]) -> usize {
    let (mut at, mut both) = (0, 0);
    for pair in ours {
        while theirs.get(at).is_some_and(|known| known < pair) {
            at += 1;
        }
        both += usize::from(theirs.get(at) == Some(pair));
    }
    both
}

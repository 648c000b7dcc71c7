//! Tells kinds of texts apart: departments, intents. One linear judge per kind, the highest score wins.
//!
//! It suggests. Which of its suggestions may stand by themselves is the caller's to decide, by what `certain`
//! measured on rows that were held out.

use crate::learn::grams::{Rarity, Row};
use crate::learn::linear::{self, Example, Weights};
use crate::learn::packed::{Packed, Packing, Unreadable};
use crate::learn::{ROWS_MIN, TooFew, parts};

/// A text of which it is known what kind it is.
#[derive(Clone, Copy, Debug)]
pub struct Sorted<'a> {
    /// The text.
    pub text: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// How much the row counts: a person's decision 1, what was only supposed less.
    pub weight: f32,
    /// Texts of one group tell one thing.
    pub group: &'a str,
}

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorter {
    rarity: Rarity,
    kinds: Vec<(String, Weights)>,
}

/// The weight of a row that nobody decided: what rules, or a folder's coarse labels, suppose.
pub const SUPPOSED: f32 = 0.1;

/// The first bytes of a stored model; changes with its form or with how rows are made.
const FORM: u32 = 0x534F_0001;
/// How much a wrong answer costs, against the size of weights.
const COST: f32 = 1.0;
/// Grams of fewer texts are left out: with many kinds they would cost more room than they help.
const TEXTS_MIN: u32 = 2;
/// Into so many parts rows are dealt where something is measured on what was not trained on.
const FOLDS: usize = 5;

impl Sorter {
    /// Learns from sorted texts. A kind's rows together weigh as much as the square root of their number says, so
    /// that rare kinds are heard.
    ///
    /// # Errors
    /// When there are too few rows, or only one kind.
    pub fn train(sorted: &[Sorted<'_>]) -> Result<Self, TooFew> {
        let mut kinds: Vec<&str> = sorted.iter().map(|row| row.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if sorted.len() < ROWS_MIN || kinds.len() < 2 {
            return Err(TooFew { kind: kinds.join(", "), found: sorted.len() });
        }
        let rarity = Rarity::among(sorted.iter().map(|row| row.text), TEXTS_MIN);
        let rows: Vec<Row> = sorted.iter().map(|row| rarity.row(row.text)).collect();
        let weight_of =
            |kind: &str| sorted.iter().filter(|row| row.kind == kind).map(|row| row.weight).sum::<f32>();
        let total: f32 = sorted.iter().map(|row| row.weight).sum();
        let shares: Vec<f32> = kinds.iter().map(|kind| (weight_of(kind) / total).sqrt()).collect();
        #[expect(clippy::cast_precision_loss, reason = "a few dozen kinds")]
        let even = (1.0 / kinds.len() as f32).sqrt();
        let learn = |wanted: &str| {
            let examples: Vec<Example<'_>> = sorted
                .iter()
                .zip(&rows)
                .map(|(sorted, row)| {
                    let share = kinds.binary_search(&sorted.kind).map_or(even, |at| shares[at]);
                    let cost = COST * sorted.weight * even / share.max(f32::MIN_POSITIVE);
                    Example { row, positive: sorted.kind == wanted, cost }
                })
                .collect();
            linear::train(&examples, rarity.width())
        };
        let kinds = kinds.iter().map(|&kind| (kind.to_owned(), learn(kind))).collect();
        Ok(Self { rarity, kinds })
    }

    /// How strongly a text is of each kind: above 0 it rather is. In the order of the kinds' names.
    pub fn scores(&self, text: &str) -> Vec<(&str, f32)> {
        let row = self.rarity.row(text);
        self.kinds.iter().map(|(kind, weights)| (kind.as_str(), weights.score(&row))).collect()
    }

    /// The likeliest kind, and by how much it leads.
    pub fn best(&self, text: &str) -> (&str, f32) {
        let mut scores = self.scores(text);
        scores.sort_by(|ours, theirs| theirs.1.total_cmp(&ours.1));
        match scores.as_slice() {
            [(kind, first), (_, second), ..] => (kind, first - second),
            // There are two kinds at least, or training and reading had refused.
            [] | [_] => ("", 0.0),
        }
    }

    /// The model as bytes.
    pub fn pack(&self) -> Vec<u8> {
        let mut packing = Packing::default();
        packing.count(FORM);
        self.rarity.pack(&mut packing);
        packing.list(&self.kinds, |packing, (kind, weights)| {
            packing.text(kind);
            weights.pack(packing);
        });
        packing.bytes()
    }

    /// Reads what [`pack`](Self::pack) wrote.
    ///
    /// # Errors
    /// When the bytes are no model of this version.
    pub fn unpack(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut packed = Packed::new(bytes);
        if packed.count()? != FORM {
            return Err(Unreadable);
        }
        let rarity = Rarity::unpack(&mut packed)?;
        let width = rarity.width();
        let kinds = packed.list(|packed| Ok((packed.text()?, Weights::unpack(packed, width)?)))?;
        packed.end()?;
        if kinds.len() < 2 { Err(Unreadable) } else { Ok(Self { rarity, kinds }) }
    }
}

/// What rows say that were not trained on, each as its place, the kind that was said and by how much it led.
///
/// # Errors
/// When there are too few rows to hold some out.
pub fn held_out(sorted: &[Sorted<'_>]) -> Result<Vec<(usize, String, f32)>, TooFew> {
    let dealt = parts(sorted.iter().map(|row| row.group), FOLDS);
    let mut said = Vec::with_capacity(sorted.len());
    for fold in 0..FOLDS {
        let (judged, learned): (Vec<usize>, Vec<usize>) =
            (0..sorted.len()).partition(|&at| dealt[at] == fold);
        let rows: Vec<Sorted<'_>> = learned.iter().map(|&at| sorted[at]).collect();
        let model = Sorter::train(&rows)?;
        said.extend(judged.into_iter().map(|at| {
            let (kind, lead) = model.best(sorted[at].text);
            (at, kind.to_owned(), lead)
        }));
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(String, &'static str, String)> {
        (0..60)
            .map(|at| {
                let (kind, text) = match at % 3 {
                    0 => ("交通", format!("高速公路{at}段封路堵车")),
                    1 => ("教育", format!("第{at}小学明天停课放假")),
                    _ => ("卫生", format!("医院新增{at}例确诊病人")),
                };
                (text, kind, at.to_string())
            })
            .collect()
    }

    fn sorted<'a>(rows: &'a [(String, &'static str, String)]) -> Vec<Sorted<'a>> {
        rows.iter().map(|(text, kind, group)| Sorted { text, kind, weight: 1.0, group }).collect()
    }

    #[test]
    fn texts_go_where_texts_like_them_went() {
        let rows = rows();
        let model = Sorter::train(&sorted(&rows)).unwrap();
        assert_eq!(model.best("出城的高速公路又堵车了").0, "交通");
        assert_eq!(model.best("中小学都停课了").0, "教育");
        let said = held_out(&sorted(&rows)).unwrap();
        assert_eq!(said.len(), rows.len());
        assert!(said.iter().all(|(at, kind, _)| kind == rows[*at].1));
    }

    #[test]
    fn one_kind_alone_cannot_be_told_apart() {
        let row = Sorted { text: "停课", kind: "教育", weight: 1.0, group: "" };
        assert_eq!(Sorter::train(&[row; 30]).unwrap_err(), TooFew { kind: "教育".into(), found: 30 });
    }

    #[test]
    fn a_stored_model_sorts_as_before_and_a_damaged_one_not_at_all() {
        let rows = rows();
        let model = Sorter::train(&sorted(&rows)).unwrap();
        let bytes = model.pack();
        assert_eq!(Sorter::unpack(&bytes), Ok(model.clone()));
        assert_eq!(Sorter::unpack(&bytes[..bytes.len() / 2]), Err(Unreadable));
        for text in ["", "震", &"震".repeat(100_000), "😱", "\u{0}\u{202E}"] {
            assert!(model.scores(text).iter().all(|(_, score)| score.is_finite()));
        }
    }
}

//! How likely a text is a rumor, by its words alone: a hint for order, learned from what offices decided.
//!
//! Rows come from the office itself and, where an operator gives one, from a labelled folder: what both share is
//! learned from both, what is peculiar to each from each (Daumé 2007), so that lent rows help without ruling.
//! It knows nothing of what is true. It is never shown as a verdict and never decides.

use std::collections::HashMap;

use crate::learn::calibration::Curve;
use crate::learn::grams::{Rarity, Row};
use crate::learn::linear::{self, Example, Weights};
use crate::learn::packed::{Packed, Packing, Unreadable};
use crate::learn::{ROWS_MIN, TooFew};

/// Where a labelled text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Texts of the kind that is to be judged.
    Own,
    /// Texts of another kind.
    Lent,
}

/// A text of which it is known what it was.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    /// The text, masked, otherwise as it was told.
    pub text: &'a str,
    /// Whether it was a rumor.
    pub rumor: bool,
    /// Where it comes from.
    pub source: Source,
    /// Texts of one group tell one thing.
    pub group: &'a str,
}

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Likelihood {
    rarity: Rarity,
    own: Judge,
    lent: Judge,
}

/// What scores and calibrates the texts of one source.
#[derive(Clone, Debug, PartialEq)]
struct Judge {
    weights: Weights,
    curve: Curve,
}

/// The first bytes of a stored model; changes with its form or with how rows are made.
const FORM: u32 = 0x4C48_0001;
/// How much a wrong answer costs, against the size of weights.
const COST: f32 = 0.5;
/// How much what is peculiar to a source counts beside what both share.
const PECULIAR: f32 = 0.7;
/// How much each passed length counts.
const LENGTH: f32 = 0.15;
/// Lengths in characters; platforms cut at 140.
const LENGTHS: [usize; 7] = [15, 30, 50, 80, 110, 130, 139];
/// Of a source's texts, oldest first, a model learns from the first of two shares and is held against those up
/// to the second.
const LEARNED_AND_HELD: [(f64, f64); 2] = [(0.6, 0.8), (0.8, 1.0)];

impl Likelihood {
    /// Learns from labelled texts, oldest first: what rumors are about changes, so the probabilities are fitted
    /// to what was said after what a model had learned from.
    ///
    /// # Errors
    /// When there are too few of either kind.
    pub fn train(labelled: &[Labelled<'_>]) -> Result<Self, TooFew> {
        for (kind, rumor) in [("rumor", true), ("no rumor", false)] {
            let found = labelled.iter().filter(|row| row.rumor == rumor).count();
            if found < ROWS_MIN {
                return Err(TooFew { kind: kind.to_owned(), found });
            }
        }
        let rarity = Rarity::among(labelled.iter().map(|row| row.text), 1);
        let rows: Vec<Row> = labelled.iter().map(|row| spread(&rarity, row.text, row.source)).collect();
        let curve = |source| {
            let scored = held(labelled, &rows, rarity.width(), source);
            (scored.len() >= 2 * ROWS_MIN).then(|| Curve::fit(&scored))
        };
        let (own, lent) = (curve(Source::Own), curve(Source::Lent));
        // A source of which too little is known is taken to be like the other.
        let known = own.or(lent).unwrap_or(Curve { slope: 1.0, offset: 0.0 });
        let everything: Vec<usize> = (0..labelled.len()).collect();
        let weights = weigh(labelled, &rows, &everything, rarity.width());
        let judge = |source, curve: Option<Curve>| Judge {
            weights: folded(&weights, rarity.width() + LENGTHS.len(), source),
            curve: curve.unwrap_or(known),
        };
        Ok(Self { own: judge(Source::Own, own), lent: judge(Source::Lent, lent), rarity })
    }

    /// How likely a masked text of this source is a rumor, 0 to 1.
    pub fn probability(&self, text: &str, source: Source) -> f64 {
        let judge = match source {
            Source::Own => &self.own,
            Source::Lent => &self.lent,
        };
        judge.curve.probability(judge.weights.score(&plain(&self.rarity, text)))
    }

    /// The model as bytes.
    pub fn pack(&self) -> Vec<u8> {
        let mut packing = Packing::default();
        packing.count(FORM);
        self.rarity.pack(&mut packing);
        for judge in [&self.own, &self.lent] {
            judge.weights.pack(&mut packing);
            judge.curve.pack(&mut packing);
        }
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
        let width = rarity.width() + LENGTHS.len();
        let mut judge = || {
            Ok(Judge { weights: Weights::unpack(&mut packed, width)?, curve: Curve::unpack(&mut packed)? })
        };
        let (own, lent) = (judge()?, judge()?);
        packed.end()?;
        Ok(Self { rarity, own, lent })
    }
}

/// Scores of texts of a source by models that had learned only from what was told before them.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
fn held(labelled: &[Labelled<'_>], rows: &[Row], grams: usize, source: Source) -> Vec<(f32, bool)> {
    let mut begun: HashMap<&str, usize> = HashMap::new();
    let of_source = labelled.iter().enumerate().filter(|(_, row)| row.source == source);
    let count = of_source.clone().count();
    if count == 0 {
        return Vec::new();
    }
    // When a thing was told first: what is told of it later tells nothing new.
    let age: Vec<(usize, f64)> = of_source
        .enumerate()
        .map(|(position, (at, row))| (at, *begun.entry(row.group).or_insert(position) as f64 / count as f64))
        .collect();
    let others = (0..labelled.len()).filter(|&at| labelled[at].source != source);
    let mut scored = Vec::new();
    for (learned_until, held_until) in LEARNED_AND_HELD {
        let before = age.iter().filter(|&&(_, age)| age < learned_until).map(|&(at, _)| at);
        let learned: Vec<usize> = before.chain(others.clone()).collect();
        let weights = weigh(labelled, rows, &learned, grams);
        let after = age.iter().filter(|&&(_, age)| (learned_until..held_until).contains(&age));
        scored.extend(after.map(|&(at, _)| (weights.score(&rows[at]), labelled[at].rumor)));
    }
    scored
}

/// A text's grams and the lengths it passes.
fn plain(rarity: &Rarity, text: &str) -> Row {
    let mut row = rarity.row(text);
    let characters = text.chars().take(LENGTHS[LENGTHS.len() - 1]).count();
    let passed = LENGTHS.iter().take_while(|&&length| characters >= length).count();
    row.extend(
        (rarity.width()..).take(passed).filter_map(|place| Some((u32::try_from(place).ok()?, LENGTH))),
    );
    row
}

/// The same three times as wide: once for what is shared, once for each source.
fn spread(rarity: &Rarity, text: &str, source: Source) -> Row {
    let mut row = plain(rarity, text);
    let (block, shared) = (block(rarity.width() + LENGTHS.len(), source), row.len());
    for at in 0..shared {
        let (place, value) = row[at];
        if let Ok(block) = u32::try_from(block) {
            row.push((place + block, value * PECULIAR));
        }
    }
    row
}

const fn block(width: usize, source: Source) -> usize {
    match source {
        Source::Own => width,
        Source::Lent => 2 * width,
    }
}

/// Weights as wide as plain rows, for texts of one source.
fn folded(weights: &Weights, width: usize, source: Source) -> Weights {
    let (shared, peculiar) = (&weights.places[..width], &weights.places[block(width, source)..][..width]);
    let places = shared.iter().zip(peculiar).map(|(shared, peculiar)| shared + PECULIAR * peculiar);
    Weights { places: places.collect(), bias: weights.bias }
}

/// Learns from the rows at `learned`. In each source both kinds weigh the same, however many there are.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^24 rows")]
fn weigh(labelled: &[Labelled<'_>], rows: &[Row], learned: &[usize], grams: usize) -> Weights {
    let count = |source: Source, rumor: Option<bool>| {
        let of_source = learned.iter().filter(|&&at| labelled[at].source == source);
        of_source.filter(|&&at| rumor.is_none_or(|rumor| labelled[at].rumor == rumor)).count() as f32
    };
    let cost = |source, rumor| COST * 0.5 * count(source, None) / count(source, Some(rumor)).max(1.0);
    let costs = [
        [cost(Source::Own, false), cost(Source::Own, true)],
        [cost(Source::Lent, false), cost(Source::Lent, true)],
    ];
    let examples: Vec<Example<'_>> = learned
        .iter()
        .map(|&at| {
            let row = &labelled[at];
            let cost = costs[usize::from(row.source == Source::Lent)][usize::from(row.rumor)];
            Example { row: &rows[at], positive: row.rumor, cost }
        })
        .collect();
    linear::train(&examples, 3 * (grams + LENGTHS.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows() -> Vec<(String, bool, String)> {
        (0..60)
            .map(|at| {
                let rumor = at % 2 == 0;
                let text = if rumor {
                    format!("紧急扩散！{at}号有大事")
                } else {
                    format!("今日天气第{at}报，晴")
                };
                (text, rumor, format!("group {at}"))
            })
            .collect()
    }

    fn trained(source: Source) -> Likelihood {
        let rows = rows();
        let labelled: Vec<Labelled<'_>> =
            rows.iter().map(|(text, rumor, group)| Labelled { text, rumor: *rumor, source, group }).collect();
        Likelihood::train(&labelled).unwrap()
    }

    #[test]
    fn what_reads_like_the_rumors_comes_first() {
        for learned_from in [Source::Own, Source::Lent] {
            let model = trained(learned_from);
            let alarming = model.probability("紧急扩散！明天有大事", Source::Own);
            let report = model.probability("今日天气预报，多云", Source::Own);
            assert!(alarming > 0.5 && report < alarming - 0.1, "{alarming} {report}");
        }
    }

    #[test]
    fn too_few_texts_of_a_kind_teach_nothing_and_say_so() {
        let row = Labelled { text: "紧急扩散", rumor: true, source: Source::Own, group: "" };
        let error = Likelihood::train(&[row; 30]).unwrap_err();
        assert_eq!(error, TooFew { kind: "no rumor".into(), found: 0 });
    }

    #[test]
    fn a_stored_model_judges_as_before_and_a_damaged_one_not_at_all() {
        let model = trained(Source::Own);
        let bytes = model.pack();
        assert_eq!(bytes, trained(Source::Own).pack());
        assert_eq!(Likelihood::unpack(&bytes), Ok(model));
        assert_eq!(Likelihood::unpack(&bytes[..bytes.len() - 1]), Err(Unreadable));
        assert_eq!(Likelihood::unpack(&[bytes.as_slice(), &[0]].concat()), Err(Unreadable));
        assert_eq!(Likelihood::unpack(b"another version"), Err(Unreadable));
        assert_eq!(Likelihood::unpack(&[]), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn any_text_has_a_probability(text in "\\PC{0,200}|[\\x00-\\x1f😱]{0,9}") {
            static MODEL: std::sync::LazyLock<Likelihood> = std::sync::LazyLock::new(|| trained(Source::Own));
            let probability = MODEL.probability(&text, Source::Own);
            prop_assert!((0.0..=1.0).contains(&probability));
        }
    }
}

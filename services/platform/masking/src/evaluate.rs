//! How well masking does on a labelled corpus: what of each kind goes in each way to write it, and what else goes with
//! it. The corpus is invented and part of the program, so that anybody gets the same figures.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::kind::Kind;
use crate::{find, mask};

/// What people say around it; `{}` is where it stands.
const CARRIERS: &str = include_str!("corpus/carriers.txt");
/// Ways to write what must go.
const WAYS: &str = include_str!("corpus/ways.txt");
/// What must stay.
const READABLE: &str = include_str!("corpus/readable.txt");

/// Samples of one way at least.
const SAMPLES_MIN: usize = 25;

/// One text in which one thing must go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which form it is one of.
    pub form: usize,
    /// What it is.
    pub kind: Kind,
    /// How it is written.
    pub way: &'static str,
    /// The text.
    pub text: String,
    /// Its bytes.
    pub range: Range<usize>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So many.
    pub of: usize,
    /// And of these so many are right.
    pub right: usize,
}

impl Share {
    /// What share is right; all of nothing.
    #[must_use]
    pub fn value(self) -> f64 {
        // Counts of a corpus are far below where a float has gaps.
        #[expect(clippy::cast_precision_loss, reason = "a corpus has a few thousand samples")]
        let ratio = |right: usize, of: usize| right as f64 / of as f64;
        if self.of == 0 { 1.0 } else { ratio(self.right, self.of) }
    }

    /// Counts one more.
    pub fn count(&mut self, is_right: bool) {
        self.of += 1;
        self.right += usize::from(is_right);
    }
}

/// What became of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which form it is one of.
    pub form: usize,
    /// What it is.
    pub kind: Kind,
    /// How it is written.
    pub way: &'static str,
    /// True where all of it went.
    pub went: bool,
    /// What was found, and whether nothing went with it but signs.
    pub found: Vec<(Kind, bool)>,
}

/// The figures.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Every sample.
    pub outcomes: Vec<Outcome>,
    /// Of each way, what went whole.
    pub ways: BTreeMap<(Kind, &'static str), Share>,
    /// Every text that must stay, and what was found in it.
    pub readable: Vec<(String, Vec<Kind>)>,
    /// What went wrong, in words.
    pub wrong: Vec<String>,
}

/// The samples of the corpus.
///
/// # Panics
/// When the corpus that this program was built with is out of form, which a test notices.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut number = 0;
    for line in lines(WAYS) {
        let mut fields = line.splitn(3, '\t');
        let (Some(kind), Some(way), Some(forms)) = (fields.next(), fields.next(), fields.next()) else {
            panic!("a line of the corpus has three fields: {line}");
        };
        let kind = kind_named(kind);
        let forms: Vec<&str> = forms.split(" | ").collect();
        for form in &forms {
            number += 1;
            for carrier in lines(CARRIERS) {
                samples.push(sample(number, kind, way, form, carrier));
            }
        }
    }
    samples
}

fn kind_named(name: &str) -> Kind {
    let named = |kind: &Kind| format!("{kind:?}").eq_ignore_ascii_case(name);
    Kind::ALL.into_iter().find(named).unwrap_or_else(|| panic!("the corpus has a kind that is none: {name}"))
}

fn sample(number: usize, kind: Kind, way: &'static str, form: &str, carrier: &str) -> Sample {
    let form = form.replace("\\n", "\n");
    let text = carrier.replace("\\n", "\n").replace("{}", &form);
    let (Some(open), Some(close)) = (text.find('{'), text.find('}')) else {
        panic!("a form of the corpus has braces around what must go: {form}");
    };
    let range = open..close - 1;
    Sample { form: number, kind, way, text: text.replacen(['{', '}'], "", 2), range }
}

/// The texts of the corpus that must stay.
#[must_use]
pub fn readable() -> Vec<String> {
    lines(READABLE).map(|line| line.replace("\\n", "\n")).collect()
}

fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// Measures masking on the corpus.
#[must_use]
pub fn measure() -> Measured {
    let mut measured = Measured::default();
    for sample in samples() {
        let outcome = outcome(&sample);
        measured.ways.entry((sample.kind, sample.way)).or_default().count(outcome.went);
        if !outcome.went || outcome.found.iter().any(|(_, alone)| !alone) {
            let masked = mask(&sample.text);
            measured.wrong.push(format!("{:?}, {}: {} → {masked}", sample.kind, sample.way, sample.text));
        }
        measured.outcomes.push(outcome);
    }
    for text in readable() {
        let found: Vec<Kind> = find(&text).into_iter().map(|found| found.kind).collect();
        if !found.is_empty() {
            measured.wrong.push(format!("must stay: {text} → {}", mask(&text)));
        }
        measured.readable.push((text, found));
    }
    measured
}

fn outcome(sample: &Sample) -> Outcome {
    let found = find(&sample.text);
    let inside = &sample.range;
    // Signs and blanks tell nothing: letters and digits are what counts.
    let telling = |range: &Range<usize>| -> Vec<usize> {
        let start = range.start;
        let all = sample.text[range.clone()].char_indices();
        all.filter(|(_, c)| c.is_alphanumeric()).map(|(at, _)| start + at).collect()
    };
    let went = telling(inside).iter().all(|at| found.iter().any(|found| found.range.contains(at)));
    let alone = |range: &Range<usize>| telling(range).iter().all(|at| inside.contains(at));
    Outcome {
        form: sample.form,
        kind: sample.kind,
        way: sample.way,
        went,
        found: found.iter().map(|found| (found.kind, alone(&found.range))).collect(),
    }
}

/// What the corpus must hold: kinds, ways and texts enough to say anything.
///
/// # Errors
/// Names what is too small.
pub fn check() -> Result<(), String> {
    let mut ways: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    for sample in samples() {
        *ways.entry((sample.kind, sample.way)).or_default() += 1;
    }
    for ((kind, way), samples) in &ways {
        if *samples < SAMPLES_MIN {
            return Err(format!("{kind:?}, {way}: {samples} samples, {SAMPLES_MIN} are needed"));
        }
    }
    let missing = Kind::ALL.into_iter().find(|kind| ways.keys().all(|(known, _)| known != kind));
    missing.map_or(Ok(()), |kind| Err(format!("{kind:?} has no samples")))
}

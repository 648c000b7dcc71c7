//! Measures judgements against labelled files, with the code that judges in service.
//!
//! Every task reads a folder in the format of the labelled collections (one JSON object a line, `.jsonl` or
//! `.jsonl.gz`), prints figures with 95 % intervals from a bootstrap over groups that belong together, and
//! gives the same figures every time.

pub mod clustering;
pub mod collections;
pub mod help;
pub mod interval;
pub mod judges;
pub mod likelihood;
pub mod matching;
pub mod rows;
pub mod topics;

use serde::Serialize;

use crate::evaluate::interval::Interval;

/// Folds where a folder is both trained on and judged.
const FOLDS: usize = 5;

/// Which fold a group belongs to; the same every time.
fn fold_of(group: &str) -> usize {
    fold_dealt(group, 0)
}

/// Which fold a group belongs to where folds are dealt another way.
fn fold_dealt(group: &str, dealing: usize) -> usize {
    let start = 17 + dealing;
    let mixed =
        group.bytes().fold(start, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(usize::from(byte)));
    (mixed ^ mixed >> 7) % FOLDS
}

/// The middle of the thresholds, tried in order, that are at most `near` worse than the best: the very best is where
/// it is by chance.
fn middle_of_best(tried: &[(f64, f32)], near: f64) -> Option<f32> {
    let best = tried.iter().map(|&(good, _)| good).fold(f64::MIN, f64::max);
    let mut good = tried.iter().filter(|&&(good, _)| good >= best - near).map(|&(_, threshold)| threshold);
    let first = good.next()?;
    Some(f32::midpoint(first, good.next_back().unwrap_or(first)))
}

/// One measured figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Which collection and what, such as "covid R@1".
    pub name: String,
    /// The figure and its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Below this (or above it, where less is better) the evaluation fails; `None`: shown only.
    pub floor: Option<Floor>,
}

/// Where a figure fails.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Floor {
    /// It must not be less.
    AtLeast(f64),
    /// It must not be more.
    AtMost(f64),
}

/// What one task measured.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The task's name.
    pub task: &'static str,
    /// The figures, in the order in which they are read.
    pub figures: Vec<Figure>,
    /// What else is worth knowing, a line each: sizes, thresholds, where they come from.
    pub notes: Vec<String>,
}

impl Figure {
    /// A figure without a floor.
    pub fn shown(name: impl Into<String>, interval: Interval) -> Self {
        Self { name: name.into(), interval, floor: None }
    }

    /// A figure that must not be less than `floor`.
    pub fn at_least(name: impl Into<String>, interval: Interval, floor: f64) -> Self {
        Self { name: name.into(), interval, floor: Some(Floor::AtLeast(floor)) }
    }

    /// A figure that must not be more than `floor`.
    pub fn at_most(name: impl Into<String>, interval: Interval, floor: f64) -> Self {
        Self { name: name.into(), interval, floor: Some(Floor::AtMost(floor)) }
    }

    /// True where it is on the wrong side of its floor, or no number at all.
    pub fn fails(&self) -> bool {
        match self.floor {
            None => false,
            Some(_) if self.interval.value.is_nan() => true,
            Some(Floor::AtLeast(floor)) => self.interval.value < floor,
            Some(Floor::AtMost(floor)) => self.interval.value > floor,
        }
    }
}

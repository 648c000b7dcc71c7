//! What points at a person in a text, found however it is written, and replaced by what it was.
//!
//! One recogniser for every door: what citizens say, what is read in pictures, what officers and departments write and
//! what goes out. It reads a text as it looks ([`reading`]), finds numbers by their shape, their check sum and the
//! words before them, and cuts in the text as it was written. What claims are about stays: short service numbers,
//! dates, times, prices, amounts, places, the numbers of notices and receipts, links.
//!
//! It knows no names but those that people give of themselves, and no homes but those that are said to be homes: where
//! something burns is what a claim is about. It is wrong sometimes, which is why originals are kept.

mod accounts;
mod cards;
mod context;
mod dates;
mod digits;
pub mod evaluate;
mod homes;
mod identities;
mod kind;
mod links;
mod mails;
mod mentions;
mod names;
mod numbers;
mod official;
mod papers;
mod phones;
mod plates;
mod reading;
mod taken;
mod units;

use std::ops::Range;

pub use crate::homes::mask_place;
pub use crate::kind::Kind;
pub use crate::official::{find_official, is_masked, mask_official};
use crate::reading::Reading;
use crate::taken::Taken;

/// Something in a text that points at a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its bytes in the text as it was written.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Cutting brings what stood apart together, so it is looked again; more often than this nothing was ever found.
const ROUNDS_MAX: usize = 6;

/// Everything in `text` that points at a person, in order; no two overlap.
#[must_use]
pub fn find(text: &str) -> Vec<Found> {
    let reading = Reading::of(text);
    let mut taken = Taken::new(&reading);
    // Each takes what those before it have left.
    mails::find(&reading, &mut taken);
    accounts::find(&reading, &mut taken);
    plates::find(&reading, &mut taken);
    papers::find(&reading, &mut taken);
    numbers::find(&reading, &mut taken);
    names::find(&reading, &mut taken);
    homes::find(&reading, &mut taken);
    mentions::find(&reading, &mut taken);
    let mut found = taken.found(&reading);
    found.extend(links::find(text));
    found.sort_by_key(|found| found.range.start);
    apart(found)
}

/// `text` with everything that points at a person replaced by what it was. Nothing else changes, and masking the
/// result changes nothing more.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    for _ in 0..ROUNDS_MAX {
        let found = find(&masked);
        if found.is_empty() {
            break;
        }
        masked = cut(&masked, &found);
    }
    masked
}

fn cut(text: &str, found: &[Found]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    for found in found {
        masked.push_str(&text[copied..found.range.start]);
        masked.push_str(found.kind.label());
        copied = found.range.end;
    }
    masked.push_str(&text[copied..]);
    masked
}

/// Found things of which two can share a character that reads as two digits: the first takes it.
fn apart(found: Vec<Found>) -> Vec<Found> {
    let mut apart: Vec<Found> = Vec::with_capacity(found.len());
    for found in found {
        match apart.last_mut() {
            Some(last) if found.range.start < last.range.end => {
                last.range.end = last.range.end.max(found.range.end)
            }
            _ => apart.push(found),
        }
    }
    apart
}

//! What an office takes messages for that no rule knows: a `sorter` over its own decisions that speaks only from
//! the lead on by which it was right nearly always on decisions that it had not seen.
//!
//! It silences nothing by itself: whom it may contradict, and what becomes of what it says, is the caller's.

use crate::learn::packed::{Packed, Packing, Unreadable};
use crate::learn::sorter::{Sorted, Sorter, held_out};
use crate::learn::{ROWS_MIN, TooFew};

/// The first bytes of a stored model; changes with its form.
const FORM: u32 = 0x494E_0001;
/// The kind that is said where nobody says anything: saying it changes nothing, so it needs no lead.
pub const REPORT: &str = "report";
/// Of what it says besides, so many of a hundred must have been right.
const RIGHT_OF_HUNDRED: usize = 95;
/// On fewer rows nothing was shown.
const SAID_MIN: usize = 20;
/// Where nothing wrong was seen at any lead, this is lead enough: half of what two sure judges are apart.
const CLEAR: f32 = 1.0;
/// The lead of a model that never speaks.
const NEVER: f32 = f32::MAX;

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Intents {
    sorter: Sorter,
    lead_min: f32,
}

impl Intents {
    /// Learns from sorted messages. Kinds of too few rows are left out: a single click says nothing.
    ///
    /// # Errors
    /// When fewer than two kinds are left.
    pub fn train(sorted: &[Sorted<'_>]) -> Result<Self, TooFew> {
        let rows_of = |kind: &str| sorted.iter().filter(|row| row.kind == kind).count();
        let known: Vec<Sorted<'_>> =
            sorted.iter().filter(|row| rows_of(row.kind) >= ROWS_MIN).copied().collect();
        let mut said: Vec<(f32, bool)> = held_out(&known)?
            .into_iter()
            .filter(|(_, kind, _)| kind != REPORT)
            .map(|(at, kind, lead)| (lead, kind == known[at].kind))
            .collect();
        said.sort_by(|ours, theirs| theirs.0.total_cmp(&ours.0));
        Ok(Self { sorter: Sorter::train(&known)?, lead_min: lead_min(&said) })
    }

    /// The kind that a text surely is besides a report, and by how much it leads; `None` leaves it to a person.
    pub fn says(&self, text: &str) -> Option<(&str, f32)> {
        let (kind, lead) = self.sorter.best(text);
        (kind != REPORT && lead >= self.lead_min).then_some((kind, lead))
    }

    /// The model as bytes.
    pub fn pack(&self) -> Vec<u8> {
        let mut packing = Packing::default();
        packing.count(FORM);
        packing.number(self.lead_min);
        let mut bytes = packing.bytes();
        bytes.extend(self.sorter.pack());
        bytes
    }

    /// Reads what [`pack`](Self::pack) wrote.
    ///
    /// # Errors
    /// When the bytes are no model of this version.
    pub fn unpack(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (head, sorter) = bytes.split_first_chunk::<8>().ok_or(Unreadable)?;
        let mut packed = Packed::new(head);
        if packed.count()? != FORM {
            return Err(Unreadable);
        }
        let lead_min = packed.number()?;
        Ok(Self { sorter: Sorter::unpack(sorter)?, lead_min })
    }
}

/// The smallest lead from which on what was said was right nearly always; the largest lead comes first.
fn lead_min(said: &[(f32, bool)]) -> f32 {
    let mut right = 0;
    let mut shown = NEVER;
    for (at, &(lead, was_right)) in said.iter().enumerate() {
        right += usize::from(was_right);
        let next_is_less = said.get(at + 1).is_none_or(|&(next, _)| next < lead);
        if next_is_less && at + 1 >= SAID_MIN && right * 100 >= (at + 1) * RIGHT_OF_HUNDRED {
            let is_last = at + 1 == said.len();
            shown = if is_last { lead.min(CLEAR) } else { lead };
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(String, &'static str)> {
        (0..120)
            .map(|at| match at % 3 {
                0 => (format!("{at}号桥明天要拆了全城断路"), REPORT),
                1 => (format!("窗口{at}几点上班带什么材料"), "question"),
                _ => (format!("{at}栋楼下烧烤摊每晚油烟噪音扰民"), "complaint"),
            })
            .collect()
    }

    fn sorted<'a>(rows: &'a [(String, &'static str)]) -> Vec<Sorted<'a>> {
        rows.iter().map(|(text, kind)| Sorted { text, kind, weight: 1.0, group: text }).collect()
    }

    #[test]
    fn it_says_what_the_office_said_and_leaves_the_rest_to_people() {
        let rows = rows();
        let model = Intents::train(&sorted(&rows)).unwrap();
        assert_eq!(model.says("南窗口几点上班带什么材料").map(|(kind, _)| kind), Some("question"));
        assert_eq!(model.says("我们楼下烧烤摊每晚油烟噪音扰民").map(|(kind, _)| kind), Some("complaint"));
        assert_eq!(model.says("老桥明天要拆了全城断路"), None, "a report is what it is without a model");
        assert_eq!(model.says("香蕉"), None, "nothing like it was ever decided");
    }

    #[test]
    fn a_kind_that_was_clicked_once_is_never_said() {
        let mut rows = rows();
        rows.push(("香蕉有虫，吃了要得病".to_owned(), "other"));
        let model = Intents::train(&sorted(&rows)).unwrap();
        assert_ne!(model.says("香蕉有虫，吃了要得病").map(|(kind, _)| kind), Some("other"));
    }

    #[test]
    fn decisions_that_contradict_one_another_make_a_model_that_never_speaks() {
        let rows: Vec<(String, &str)> = (0..120)
            .map(|at| (format!("窗口{}几点上班", at / 5), if at % 5 < 3 { "question" } else { REPORT }))
            .collect();
        let model = Intents::train(&sorted(&rows)).unwrap();
        assert_eq!(model.says("窗口3几点上班"), None);
    }

    #[test]
    fn the_lead_is_where_it_was_right_nearly_always() {
        let said: Vec<(f32, bool)> = (0..40).map(|at| (1.0 - at as f32 / 100.0, at < 20)).collect();
        let shown = lead_min(&said);
        assert!((shown - 0.80).abs() < 1e-6, "one wrong of 21 is still 95 of 100: {shown}");
        assert!((lead_min(&said[..19]) - NEVER).abs() < 1.0, "too few to show anything");
        assert!((lead_min(&[(1.7, true); 20]) - CLEAR).abs() < 1e-6, "nothing wrong was seen");
    }

    #[test]
    fn a_stored_model_says_as_before_and_a_damaged_one_nothing() {
        let rows = rows();
        let model = Intents::train(&sorted(&rows)).unwrap();
        let bytes = model.pack();
        assert_eq!(Intents::unpack(&bytes), Ok(model));
        for damaged in [&bytes[..4], &bytes[..bytes.len() / 2], &bytes[4..]] {
            assert_eq!(Intents::unpack(damaged), Err(Unreadable));
        }
    }
}

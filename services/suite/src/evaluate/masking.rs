//! How well masking does on the corpus that the program carries.

use judgement::evaluate::interval::Interval;
use judgement::evaluate::{Evaluation, Figure};
use masking::Kind;
use masking::evaluate::{Measured, Outcome, Share, measure};

/// Below this a kind's recall or precision fails.
const FLOOR: f64 = 0.98;

/// Texts that stay as they are: below this share it fails.
const READABLE_FLOOR: f64 = 0.99;

/// Measures it.
pub fn evaluation() -> Evaluation {
    let measured = measure();
    let groups = by_form(&measured.outcomes);
    let mut figures = Vec::new();
    for kind in Kind::ALL {
        let went = |drawn: &[&Vec<&Outcome>]| {
            share(drawn, |outcome, share| {
                if outcome.kind == kind {
                    share.count(outcome.went);
                }
            })
        };
        figures.push(Figure::at_least(
            format!("{} recall", kind.en()),
            Interval::over_groups(&groups, went),
            FLOOR,
        ));
        let right = |drawn: &[&Vec<&Outcome>]| {
            share(drawn, |outcome, share| {
                for (_, is_right) in outcome.found.iter().filter(|(found, _)| *found == kind) {
                    share.count(*is_right);
                }
            })
        };
        figures.push(Figure::at_least(
            format!("{} precision", kind.en()),
            Interval::over_groups(&groups, right),
            FLOOR,
        ));
    }
    let stays: Vec<bool> = measured.readable.iter().map(|(_, found)| found.is_empty()).collect();
    let stays = Interval::over_groups(&stays, |drawn| {
        let mut share = Share::default();
        drawn.iter().for_each(|stays| share.count(**stays));
        share.value()
    });
    figures.push(Figure::at_least("texts that must stay and do", stays, READABLE_FLOOR));
    Evaluation { task: "masking", figures, notes: notes(&measured, groups.len()) }
}

/// The samples of one form belong together: they differ only in what is said around it.
fn by_form(outcomes: &[Outcome]) -> Vec<Vec<&Outcome>> {
    outcomes.chunk_by(|one, other| one.form == other.form).map(|form| form.iter().collect()).collect()
}

fn share(drawn: &[&Vec<&Outcome>], count: impl Fn(&Outcome, &mut Share)) -> f64 {
    let mut share = Share::default();
    for outcome in drawn.iter().copied().flatten() {
        count(outcome, &mut share);
    }
    share.value()
}

fn notes(measured: &Measured, forms: usize) -> Vec<String> {
    let mut notes = vec![
        format!(
            "{} samples of {} forms in {} ways; {} texts that must stay",
            measured.outcomes.len(),
            forms,
            measured.ways.len(),
            measured.readable.len(),
        ),
        "a kind's precision counts what goes beside it in its own samples; texts that must stay have their own figure".to_owned(),
    ];
    let weak = measured.ways.iter().filter(|(_, share)| share.value() < 1.0);
    notes.extend(
        weak.map(|((kind, way), share)| format!("{}, {way}: {} of {}", kind.en(), share.right, share.of)),
    );
    notes
}

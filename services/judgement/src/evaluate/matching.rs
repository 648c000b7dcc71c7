//! How well known things are found: reports against published clarifications, reports against known rumors, and
//! pairs of titles, which are compared as two known things are.
//!
//! With a folder to train on, weights and thresholds are fitted on it; where it is the folder to be judged, by
//! folds over the things that queries are about, so that nothing is judged by weights that saw it. Without one,
//! the weights that come with the program are used.

use std::collections::BTreeMap;
use std::path::Path;

use crate::evaluate::collections::{Collection, Pair, Query, ced, covid, pairs};
use crate::evaluate::interval::Interval;
use crate::evaluate::rows::RowsError;
use crate::evaluate::{Evaluation, FOLDS, Figure, fold_dealt, fold_of, middle_of_best};
use crate::index::{Field, Index, Kind, Target};
use crate::learn::metrics::{auc, f1_of};
use crate::matching::{Candidate, FAMILIAR, Judge, Judges, TEXTS_MAX, candidates, joined, surely};
use crate::profile::Profile;
use crate::rerank::{Figures, Weights};
use crate::sameness::{SAME_THING, sameness};

/// Precision that an automatic threshold is set for: above what is asked of it, since a threshold that was fitted
/// on few texts is itself uncertain.
const PRECISION_SOUGHT: f64 = 0.985;

/// With less of it the automatic answers are right less often on rumors that were not trained on; with more they are
/// fewer.
const RIDGE: f64 = 20.0;

/// So often folds are dealt another way, to see how much hangs on chance.
const DEALT_ANEW: usize = 3;

/// Added to the threshold of claims: what surely belongs to one becomes one of its texts, and an error breeds more.
const CLAIM_MARGIN: f32 = 0.75;

/// Added to the threshold of clarifications, which is set on few texts.
const CLARIFICATION_MARGIN: f32 = 0.15;

/// A suggestion to a person is worth its place where it is right once in four times: the logarithm of 1 : 3.
const MAYBE: f32 = -1.1;

/// Measures matching.
///
/// # Errors
/// When a file is missing or malformed.
pub fn measure(data: &Path, train: Option<&Path>) -> Result<Evaluation, RowsError> {
    let same = train == Some(data);
    let mut evaluation = Evaluation { task: "matching", figures: Vec::new(), notes: Vec::new() };
    for (read, kind) in
        [(covid as fn(&Path) -> Result<Collection, RowsError>, Kind::Clarification), (ced, Kind::Claim)]
    {
        let judged = read(data)?;
        let answers = match train {
            None => answers(&judged, kind, |_| Judges::get()),
            Some(_) if same => {
                if kind == Kind::Clarification {
                    evaluation.notes.extend((1..=DEALT_ANEW).map(|dealing| {
                        let answers = answers_by_folds(&judged, kind, dealing);
                        format!("{}, folds dealt another way: {}", judged.name, automatic(&answers))
                    }));
                }
                answers_by_folds(&judged, kind, 0)
            }
            Some(train) => {
                let judges = fitted(&read(train)?, kind, |_| true);
                evaluation.notes.push(format!("{}: sure from {:.2}", judged.name, judges.of(kind).sure));
                answers(&judged, kind, |_| &judges)
            }
        };
        evaluation.notes.push(format!(
            "{}: {} known, {} queries, {} of them with a match",
            judged.name,
            judged.known.len(),
            judged.queries.len(),
            judged.queries.iter().filter(|query| !query.relevant.is_empty()).count()
        ));
        evaluation.figures.extend(of_answers(judged.name, &answers));
    }
    let judged = pairs(data)?;
    let least = match train {
        None => vec![SAME_THING; FOLDS],
        Some(_) if same => {
            (0..FOLDS).map(|fold| least_alike(&judged, |pair| fold_of(&pair.group) != fold)).collect()
        }
        Some(train) => vec![least_alike(&pairs(train)?, |_| true); FOLDS],
    };
    let said: Vec<Said<'_>> = judged
        .iter()
        .map(|pair| {
            let score = alike(pair);
            Said { group: &pair.group, score, same: score >= least[fold_of(&pair.group)], is_same: pair.same }
        })
        .collect();
    evaluation.figures.extend(of_pairs(&said));
    Ok(evaluation)
}

/// Every query answered by judges that saw nothing of its group.
fn answers_by_folds(judged: &Collection, kind: Kind, dealing: usize) -> Vec<Answer> {
    let fold = |query: &Query| fold_dealt(&query.group, dealing);
    let judges: Vec<Judges> =
        (0..FOLDS).map(|left_out| fitted(judged, kind, |query| fold(query) != left_out)).collect();
    answers(judged, kind, |query| &judges[fold(query)])
}

/// Judges of both kinds, fitted on a folder.
///
/// # Errors
/// When a file is missing or malformed.
pub fn judges(folder: &Path) -> Result<(Judge, Judge), RowsError> {
    let claim = fitted(&ced(folder)?, Kind::Claim, |_| true).claim;
    let clarification = fitted(&covid(folder)?, Kind::Clarification, |_| true).clarification;
    Ok((claim, clarification))
}

/// What became of one query.
struct Answer {
    group: String,
    /// Place of the first relevant thing, from 0; none where it was not found.
    place: Option<usize>,
    has_match: bool,
    answered: bool,
    right: bool,
}

/// Plays a collection: what is known comes when its time has come, and every query is matched as in service.
/// `joins` says which claim a report becomes one more text of.
fn play<'j>(
    collection: &Collection,
    kind: Kind,
    judges: impl Fn(&Query) -> &'j Judges,
    joins: impl Fn(&Query, &[Candidate]) -> Option<Target>,
    mut each: impl FnMut(&Query, &[Candidate], &Index),
) {
    let mut index = Index::default();
    let mut waiting = collection.known.iter().peekable();
    for query in &collection.queries {
        while let Some(known) = waiting.next_if(|known| known.time <= query.time) {
            let target = Target { kind, id: known.id };
            index.add(target, Field::Sentence, &known.sentence);
            if let Some(body) = &known.body {
                index.add(target, Field::Body, body);
            }
            index.settle();
        }
        let mut found = candidates(&index, judges(query), &query.text);
        if let Some(target) = joins(query, &found).filter(|target| index.documents_of(*target) > 0) {
            learn(&mut index, target, &query.text, &found);
        }
        found.retain(|candidate| !query.ignored.contains(&candidate.target.id));
        each(query, &found, &index);
    }
}

/// As in service: a report that joins a claim is one more text of it.
fn learn(index: &mut Index, target: Target, text: &Profile, found: &[Candidate]) {
    let familiar = found
        .iter()
        .any(|candidate| candidate.target == target && candidate.alike.sentence.cosine >= FAMILIAR);
    if !familiar && index.documents_of(target) < TEXTS_MAX {
        index.add(target, Field::Sentence, text);
    }
}

fn answers<'j>(collection: &Collection, kind: Kind, judges: impl Fn(&Query) -> &'j Judges) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(collection.queries.len());
    let joins = |query: &Query, found: &[Candidate]| joined(judges(query), found).map(|(target, _)| target);
    play(collection, kind, &judges, joins, |query, found, index| {
        let right = |candidate: &Candidate| query.relevant.contains(&candidate.target.id);
        let first = found.first();
        answers.push(Answer {
            group: query.group.clone(),
            place: found.iter().position(right),
            has_match: !query.relevant.is_empty(),
            answered: surely(index, judges(query), &query.text, found).is_some(),
            right: first.is_some_and(right),
        });
    });
    answers
}

/// A query to train on: its fold, its candidates' figures with whether they are right, and which may be sure at all.
type Row = (usize, Vec<(Figures, bool)>, Vec<bool>);

/// Fits weights on the queries that `include` names, then the threshold by folds among them.
fn fitted(collection: &Collection, kind: Kind, include: impl Fn(&Query) -> bool) -> Judges {
    let mut rows: Vec<Row> = Vec::new();
    let mut matched = 0;
    play(
        collection,
        kind,
        |_| Judges::get(),
        // What is learned must not hang on what was learned before: reports join where they belong.
        |query, _| query.relevant.first().map(|&id| Target { kind, id }).filter(|_| kind == Kind::Claim),
        |query, found, index| {
            if !include(query) {
                return;
            }
            matched += usize::from(!query.relevant.is_empty());
            let labelled = found
                .iter()
                .map(|candidate| (candidate.figures, query.relevant.contains(&candidate.target.id)));
            let mut permissive = Judges::get().clone();
            permissive.claim.sure = f32::MIN;
            permissive.clarification.sure = f32::MIN;
            let allowed =
                (0..found.len()).map(|at| surely(index, &permissive, &query.text, &found[at..=at]).is_some());
            rows.push((fold_of(&format!("{}#", query.group)), labelled.collect(), allowed.collect()));
        },
    );
    let all = |fold: Option<usize>| -> Vec<(Figures, bool)> {
        let kept = rows.iter().filter(|(of, ..)| Some(*of) != fold);
        kept.flat_map(|(_, labelled, _)| labelled.iter().copied()).collect()
    };
    let mut tops: Vec<(f32, bool)> = Vec::new();
    for fold in 0..FOLDS {
        let weights = Weights::fit(&all(Some(fold)), RIDGE);
        for (_, labelled, allowed) in rows.iter().filter(|(of, ..)| *of == fold) {
            let best = labelled
                .iter()
                .zip(allowed)
                .map(|((figures, right), allowed)| (weights.score(figures), *right, *allowed))
                .max_by(|ours, theirs| ours.0.total_cmp(&theirs.0));
            tops.extend(best.filter(|best| best.2).map(|(score, right, _)| (score, right)));
        }
    }
    let margin = match kind {
        Kind::Claim => CLAIM_MARGIN,
        Kind::Clarification => CLARIFICATION_MARGIN,
    };
    let judge =
        Judge { maybe: MAYBE, sure: threshold(tops) + margin, weights: Weights::fit(&all(None), RIDGE) };
    let mut judges = Judges::get().clone();
    match kind {
        Kind::Claim => judges.claim = judge,
        Kind::Clarification => judges.clarification = judge,
    }
    judges
}

/// The lowest score from which on the precision sought holds.
fn threshold(mut tops: Vec<(f32, bool)>) -> f32 {
    tops.sort_by(|ours, theirs| theirs.0.total_cmp(&ours.0));
    let mut right = 0_usize;
    let mut lowest = f32::MAX;
    for (at, (score, is_right)) in tops.iter().enumerate() {
        right += usize::from(*is_right);
        if right as f64 >= PRECISION_SOUGHT * (at + 1) as f64 {
            lowest = *score;
        }
    }
    lowest
}

fn of_answers(name: &str, answers: &[Answer]) -> Vec<Figure> {
    let mut groups: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    for answer in answers {
        groups.entry(&answer.group).or_default().push(answer);
    }
    let groups: Vec<Vec<&Answer>> = groups.into_values().collect();
    let share = |part: fn(&Answer) -> f64, of: fn(&Answer) -> bool| {
        Interval::over_groups(&groups, |drawn| {
            let counted = drawn.iter().flat_map(|group| group.iter()).filter(|answer| of(answer));
            let (sum, count) =
                counted.fold((0.0, 0.0), |(sum, count), answer| (sum + part(answer), count + 1.0));
            sum / count
        })
    };
    let first: fn(&Answer) -> f64 = |answer| f64::from(u8::from(answer.place == Some(0)));
    let five: fn(&Answer) -> f64 = |answer| f64::from(u8::from(answer.place.is_some_and(|place| place < 5)));
    let reciprocal: fn(&Answer) -> f64 =
        |answer| answer.place.map_or(0.0, |place| 1.0 / (place as f64 + 1.0));
    let has: fn(&Answer) -> bool = |answer| answer.has_match;
    let [r1, r5, precision, coverage, false_answers] = floors(name);
    let answered: fn(&Answer) -> bool = |answer| answer.answered;
    vec![
        Figure::at_least(format!("{name} R@1"), share(first, has), r1),
        Figure::at_least(format!("{name} R@5"), share(five, has), r5),
        Figure::shown(format!("{name} MRR"), share(reciprocal, has)),
        Figure::at_least(
            format!("{name} automatic precision"),
            share(|answer| f64::from(u8::from(answer.right)), answered),
            precision,
        ),
        Figure::at_least(
            format!("{name} automatic coverage"),
            share(|answer| f64::from(u8::from(answer.answered && answer.right)), has),
            coverage,
        ),
        Figure::at_most(
            format!("{name} false answers"),
            share(|answer| f64::from(u8::from(answer.answered)), |answer| !answer.has_match),
            false_answers,
        ),
    ]
}

/// The automatic answers in one line.
fn automatic(answers: &[Answer]) -> String {
    let share = |part: fn(&&Answer) -> bool, of: fn(&&Answer) -> bool| {
        let counted = answers.iter().filter(of).count() as f64;
        answers.iter().filter(of).filter(part).count() as f64 / counted
    };
    format!(
        "precision {:.3}, coverage {:.3}, false answers {:.4}",
        share(|answer| answer.right, |answer| answer.answered),
        share(|answer| answer.answered && answer.right, |answer| answer.has_match),
        share(|answer| answer.answered, |answer| !answer.has_match),
    )
}

/// Below these (above, for false answers) something is broken: R@1, R@5, automatic precision and coverage, false
/// answers. They lie a margin under what was measured by folds.
fn floors(name: &str) -> [f64; 5] {
    match name {
        "covid" => [0.84, 0.93, 0.95, 0.50, 0.010],
        _ => [0.93, 0.96, 0.96, 0.75, 0.015],
    }
}

fn alike(pair: &Pair) -> f32 {
    sameness(&pair.known.glyphs, &pair.other.glyphs)
}

/// From which sameness on pairs are the same, by F1 on what was trained on.
fn least_alike(pairs: &[Pair], include: impl Fn(&Pair) -> bool) -> f32 {
    const NEXT_TO_BEST: f64 = 0.01;
    let mut scores: Vec<(f32, bool)> =
        pairs.iter().filter(|pair| include(pair)).map(|pair| (alike(pair), pair.same)).collect();
    scores.sort_by(|ours, theirs| theirs.0.total_cmp(&ours.0));
    let same = scores.iter().filter(|(_, same)| *same).count() as f64;
    let mut right = 0.0;
    let tried: Vec<(f64, f32)> = (1_u32..)
        .zip(&scores)
        .map(|(said, &(score, is_same))| {
            right += f64::from(u8::from(is_same));
            (2.0 * right / (same + f64::from(said)), score)
        })
        .collect();
    middle_of_best(&tried, NEXT_TO_BEST).unwrap_or(SAME_THING)
}

/// What was said of one pair.
struct Said<'a> {
    group: &'a str,
    score: f32,
    same: bool,
    is_same: bool,
}

fn of_pairs(said: &[Said<'_>]) -> Vec<Figure> {
    let mut groups: BTreeMap<&str, Vec<&Said<'_>>> = BTreeMap::new();
    for pair in said {
        groups.entry(pair.group).or_default().push(pair);
    }
    let groups: Vec<Vec<&Said<'_>>> = groups.into_values().collect();
    vec![
        Figure::at_least(
            "wsdm AUC",
            Interval::over_groups(&groups, |drawn| {
                let pairs = drawn.iter().flat_map(|group| group.iter());
                auc(&pairs.map(|pair| (f64::from(pair.score), pair.is_same)).collect::<Vec<_>>())
            }),
            0.82,
        ),
        Figure::at_least(
            "wsdm F1",
            Interval::over_groups(&groups, |drawn| {
                let pairs = drawn.iter().flat_map(|group| group.iter());
                f1_of(pairs.map(|pair| (pair.same, pair.is_same)))
            }),
            0.60,
        ),
    ]
}

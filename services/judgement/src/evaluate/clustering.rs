//! How well reports are gathered: fed one by one in the order of time, each joins the claim that it is most like or
//! opens one, as in service.
//!
//! With a folder to train on, weights and the threshold are fitted on its reports; where it is the folder to be
//! judged, by folds over clusters. Without one, the judge that comes with the program is used.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::evaluate::collections::{Gathering, gathering};
use crate::evaluate::interval::Interval;
use crate::evaluate::rows::RowsError;
use crate::evaluate::{Evaluation, FOLDS, Figure, fold_of, middle_of_best};
use crate::index::{Field, Index, Target};
use crate::matching::{Candidate, FAMILIAR, Judge, Judges, TEXTS_MAX, candidates, joined};
use crate::profile::Profile;
use crate::rerank::{Figures, Weights, without_leads};

/// Less than for matching: an error is an officer's click, and what is lost here is recall.
const RIDGE: f64 = 10.0;

/// Thresholds whose sum of B-cubed and pair F1 is this close to the best are as good.
const NEXT_TO_BEST: f64 = 0.005;

/// How far below the threshold of joining a person is asked.
const MAYBE_BELOW: f32 = 3.0;

/// The collections.
const NAMES: [&str; 2] = ["ced", "checked"];

/// Measures gathering.
///
/// # Errors
/// When a file is missing or malformed.
pub fn measure(data: &Path, train: Option<&Path>) -> Result<Evaluation, RowsError> {
    let same = train == Some(data);
    let mut evaluation = Evaluation { task: "clustering", figures: Vec::new(), notes: Vec::new() };
    let read = |folder: &Path| NAMES.map(|name| gathering(folder, name));
    let trained: Vec<Gathering> =
        train.map_or_else(|| Ok(Vec::new()), |train| read(train).into_iter().collect())?;
    for judged in read(data) {
        let judged = judged?;
        let gathered = match train {
            None => gather(&judged.reports, Judges::get()),
            Some(_) if same => {
                let mut gathered = Vec::new();
                for fold in 0..FOLDS {
                    let judges = fitted(&trained, &[judged.name], |cluster| fold_of(cluster) != fold);
                    let of_fold = judged.reports.iter().filter(|(_, cluster)| fold_of(cluster) == fold);
                    let offset = gathered.len();
                    let put = gather(of_fold, &judges);
                    gathered.extend(put.into_iter().map(|(is, claim)| (is, claim + offset)));
                }
                gathered
            }
            Some(_) => {
                let judges = fitted(&trained, &[judged.name], |_| true);
                evaluation.notes.push(format!("{}: joins from {:.2}", judged.name, judges.joining.sure));
                gather(&judged.reports, &judges)
            }
        };
        evaluation.notes.push(format!("{}: {} reports", judged.name, judged.reports.len()));
        evaluation.figures.extend(figures_of(judged.name, &gathered));
    }
    Ok(evaluation)
}

/// A judge of joining, fitted on every collection of a folder.
///
/// # Errors
/// When a file is missing or malformed.
pub fn joining(folder: &Path) -> Result<Judge, RowsError> {
    let trained = NAMES.into_iter().map(|name| gathering(folder, name)).collect::<Result<Vec<_>, _>>()?;
    Ok(fitted(&trained, &NAMES, |_| true).joining)
}

/// Feeds reports one by one; each gets the number of the claim that it was put to.
fn gather<'a>(
    reports: impl IntoIterator<Item = &'a (Profile, String)>,
    judges: &Judges,
) -> Vec<(&'a str, usize)> {
    let mut gathered = Vec::new();
    let joins = |found: &[Candidate]| joined(judges, found).map(|(target, _)| target);
    feed(reports, judges, |_, found| joins(found), |cluster, claim| gathered.push((cluster, claim)));
    gathered
}

fn feed<'a>(
    reports: impl IntoIterator<Item = &'a (Profile, String)>,
    judges: &Judges,
    mut choose: impl FnMut(&'a str, &[Candidate]) -> Option<Target>,
    mut put: impl FnMut(&'a str, usize),
) {
    let mut index = Index::default();
    let mut claims = 0_usize;
    for (profile, cluster) in reports {
        let found = candidates(&index, judges, profile);
        let joined = choose(cluster, &found);
        let target = joined.unwrap_or_else(|| {
            claims += 1;
            Target::claim(claims as u128)
        });
        let best = found.iter().find(|candidate| candidate.target == target);
        let familiar = best.is_some_and(|best| best.alike.sentence.cosine >= FAMILIAR);
        if !familiar && index.documents_of(target) < TEXTS_MAX {
            index.add(target, Field::Sentence, profile);
            index.settle();
        }
        put(cluster, usize::try_from(target.id).unwrap_or(usize::MAX));
    }
}

/// Fits weights on all trained collections and a threshold on those named, over the clusters that `include`
/// names.
fn fitted(trained: &[Gathering], names: &[&str], include: impl Fn(&str) -> bool) -> Judges {
    let mut rows: Vec<(Figures, bool)> = Vec::new();
    for gathering in trained {
        let reports = gathering.reports.iter().filter(|(_, cluster)| include(cluster));
        let mut claims: HashMap<String, Target> = HashMap::new();
        let mut opened = 0_u128;
        feed(
            reports,
            Judges::get(),
            |cluster, found| {
                let known = claims.get(cluster).copied();
                rows.extend(
                    found.iter().map(|candidate| {
                        (without_leads(&candidate.figures), Some(candidate.target) == known)
                    }),
                );
                if known.is_none() {
                    opened += 1;
                    claims.insert(cluster.to_owned(), Target::claim(opened));
                }
                known
            },
            |_, _| {},
        );
    }
    let mut judges = Judges::get().clone();
    judges.joining.weights = Weights::fit(&rows, RIDGE);
    let named: Vec<Vec<&(Profile, String)>> = trained
        .iter()
        .filter(|gathering| names.contains(&gathering.name))
        .map(|gathering| gathering.reports.iter().filter(|(_, cluster)| include(cluster)).collect())
        .collect();
    let tried: Vec<(f64, f32)> = (-16_i8..=16)
        .map(|step| {
            judges.joining.sure = f32::from(step) / 4.0;
            let sum: f64 = named
                .iter()
                .map(|reports| {
                    let (b_cubed, pairs) = scores(&gather(reports.iter().copied(), &judges));
                    b_cubed + pairs
                })
                .sum();
            (sum, judges.joining.sure)
        })
        .collect();
    judges.joining.sure = middle_of_best(&tried, NEXT_TO_BEST * named.len() as f64).unwrap_or_default();
    judges.joining.maybe = judges.joining.sure - MAYBE_BELOW;
    judges
}

/// B-cubed F1 and pairwise F1 of (what it is, where it was put).
fn scores(gathered: &[(&str, usize)]) -> (f64, f64) {
    let mut both: HashMap<(&str, usize), f64> = HashMap::new();
    let mut are: HashMap<&str, f64> = HashMap::new();
    let mut put: HashMap<usize, f64> = HashMap::new();
    for &(is, claim) in gathered {
        *both.entry((is, claim)).or_default() += 1.0;
        *are.entry(is).or_default() += 1.0;
        *put.entry(claim).or_default() += 1.0;
    }
    let count = gathered.len() as f64;
    let (mut precision, mut recall) = (0.0, 0.0);
    let mut sorted: Vec<_> = both.into_iter().collect();
    sorted.sort_unstable_by_key(|&(key, _)| key);
    for &((is, claim), shared) in &sorted {
        precision += shared * shared / put[&claim] / count;
        recall += shared * shared / are[is] / count;
    }
    let pairs =
        |counts: &mut dyn Iterator<Item = f64>| counts.map(|count| count * (count - 1.0) / 2.0).sum::<f64>();
    let right = pairs(&mut sorted.iter().map(|&(_, shared)| shared));
    let (there, made) = (pairs(&mut are.into_values()), pairs(&mut put.into_values()));
    (2.0 * precision * recall / (precision + recall), 2.0 * right / (there + made))
}

fn figures_of(name: &str, gathered: &[(&str, usize)]) -> Vec<Figure> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &(is, claim) in gathered {
        groups.entry(is).or_default().push(claim);
    }
    let groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
    // A cluster that is drawn twice is two clusters, gathered alike.
    let drawn_scores = |drawn: &[&(&str, Vec<usize>)]| {
        let copies: Vec<(String, &Vec<usize>, usize)> =
            drawn.iter().enumerate().map(|(at, (is, claims))| (format!("{is}#{at}"), claims, at)).collect();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut rows = Vec::new();
        for ((is, claims, _), (name, _)) in copies.iter().zip(drawn.iter().copied()) {
            let copy = seen.entry(name).or_default();
            rows.extend(claims.iter().map(|claim| (is.as_str(), claim + *copy * 1_000_000)));
            *copy += 1;
        }
        scores(&rows)
    };
    // A margin under what was measured by folds.
    let (b_cubed, pairs) = if name == "ced" { (0.92, 0.78) } else { (0.84, 0.75) };
    vec![
        Figure::at_least(
            format!("{name} B-cubed F1"),
            Interval::over_groups(&groups, |drawn| drawn_scores(drawn).0),
            b_cubed,
        ),
        Figure::at_least(
            format!("{name} pair F1"),
            Interval::over_groups(&groups, |drawn| drawn_scores(drawn).1),
            pairs,
        ),
    ]
}

//! Measures the hint for order: how well rumors are told from other posts, trained on one folder and judged on
//! another that is later in time; of one folder alone, trained on what came first and judged on the rest.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use crate::evaluate::interval::Interval;
use crate::evaluate::rows::{self, RowsError};
use crate::evaluate::{Evaluation, Figure};
use crate::learn::likelihood::{Labelled, Likelihood, Source};
use crate::learn::metrics::{Outcome, accuracy, auc, calibration_error, f1, precision_at, reliability};

/// The posts that the office's own texts are likest to, and those that only help to learn.
const OWN: &str = "reports_ced";
const LENT: &str = "reports_weibo21";

/// A margin below what splits of the training folder by time gave.
const AUC_MIN: f64 = 0.91;
const ACCURACY_MIN: f64 = 0.80;
const PRECISION_AT_100_MIN: f64 = 0.90;
const CALIBRATION_ERROR_MAX: f64 = 0.14;

/// A post of which it is known whether it was a rumor.
#[derive(Deserialize)]
pub struct Post {
    id: String,
    text: String,
    label: Label,
    cluster: Option<String>,
    time: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Label {
    Rumor,
    NonRumor,
}

impl Post {
    fn group(&self) -> &str {
        self.cluster.as_deref().unwrap_or(&self.id)
    }

    /// The post as a row to learn from.
    pub fn labelled(&self, source: Source) -> Labelled<'_> {
        Labelled { text: &self.text, rumor: self.label == Label::Rumor, source, group: self.group() }
    }
}

/// The posts of a labelled folder, of whatever collections it has.
///
/// # Errors
/// When it has none, or one cannot be read.
pub fn posts(folder: &Path) -> Result<Vec<Post>, RowsError> {
    let mut posts = Vec::new();
    for name in ["reports", OWN, LENT] {
        if rows::exists(folder, name) {
            posts.extend(rows::read::<Post>(folder, name)?);
        }
    }
    if posts.is_empty() {
        return Err(RowsError::Missing { folder: folder.to_owned(), name: "reports".to_owned() });
    }
    Ok(posts)
}

/// Of one folder, the part that comes first and is learned from.
const EARLIER: f64 = 2.0 / 3.0;

/// Trains on `train` and measures on `data`. Where both are one, it learns from the earlier posts and judges later ones
/// about other rumors: who has seen a rumor knows it again.
///
/// # Errors
/// When a file is missing or cannot be read, or nothing was given to train on.
pub fn measure(data: &Path, train: Option<&Path>) -> Result<Evaluation, RowsError> {
    let folder = train.ok_or(RowsError::NothingToTrainOn("likelihood"))?;
    let mut own: Vec<Post> = rows::read(folder, OWN)?;
    // Times are written so that their order is that of their letters.
    own.sort_by(|ours, theirs| ours.time.cmp(&theirs.time));
    let same = folder == data;
    let posts: Vec<Post> = if same { later_of(&mut own) } else { rows::read(data, OWN)? };
    let lent: Vec<Post> = if rows::exists(folder, LENT) { rows::read(folder, LENT)? } else { Vec::new() };
    let own_rows = own.iter().map(|post| post.labelled(Source::Own));
    let labelled: Vec<Labelled<'_>> =
        own_rows.chain(lent.iter().map(|post| post.labelled(Source::Lent))).collect();
    let model = Likelihood::train(&labelled)
        .map_err(|source| RowsError::TooFew { folder: folder.to_owned(), source })?;
    let groups = judged(&model, &posts, Source::Own);
    let figure = |measured: fn(&[Outcome]) -> f64| over(&groups, measured);
    let mut figures = vec![
        Figure::at_least("ced AUC", figure(auc), AUC_MIN),
        Figure::at_least("ced accuracy", figure(accuracy), ACCURACY_MIN),
        Figure::shown("ced F1 (rumor)", figure(|rows| f1(rows, true))),
        Figure::shown("ced macro-F1", figure(|rows| (f1(rows, true) + f1(rows, false)) / 2.0)),
        Figure::shown("ced precision at 50", figure(|rows| precision_at(rows, 50))),
        Figure::at_least(
            "ced precision at 100",
            figure(|rows| precision_at(rows, 100)),
            PRECISION_AT_100_MIN,
        ),
        Figure::shown("ced precision at 200", figure(|rows| precision_at(rows, 200))),
        Figure::at_most("ced calibration error", figure(calibration_error), CALIBRATION_ERROR_MAX),
    ];
    let mut notes = vec![
        format!(
            "trained on {} posts of {OWN} and {} of {LENT} in {}; judged {} posts, {} of them rumors",
            own.len(),
            lent.len(),
            folder.display(),
            posts.len(),
            posts.iter().filter(|post| post.label == Label::Rumor).count(),
        ),
        "a hint for order: it knows how rumors are told, not what is true".to_owned(),
        "reliability: rows, mean probability, observed share".to_owned(),
    ];
    let all: Vec<Outcome> = groups.iter().flatten().copied().collect();
    notes.extend(reliability(&all).into_iter().map(|bin| {
        let bar = "#".repeat(bin.rows * 40 / all.len().max(1));
        format!("{:>6}  {:.2}  {:.2}  {bar}", bin.rows, bin.predicted, bin.observed)
    }));
    if !same && !lent.is_empty() && rows::exists(data, LENT) {
        let groups = judged(&model, &rows::read::<Post>(data, LENT)?, Source::Lent);
        figures.push(Figure::shown("weibo21 AUC", over(&groups, auc)));
        figures.push(Figure::shown("weibo21 accuracy", over(&groups, accuracy)));
        figures.push(Figure::shown("weibo21 F1 (rumor)", over(&groups, |rows| f1(rows, true))));
    }
    Ok(Evaluation { task: "likelihood", figures, notes })
}

/// Takes the later of posts that are in order of time, those about earlier ones' rumors left out.
fn later_of(posts: &mut Vec<Post>) -> Vec<Post> {
    let mut later = posts.split_off((posts.len() as f64 * EARLIER) as usize);
    let known: HashSet<&str> = posts.iter().map(Post::group).collect();
    later.retain(|post| !known.contains(post.group()));
    later
}

/// What the model says of posts, and what they were; copies of one rumor in one group.
fn judged(model: &Likelihood, posts: &[Post], source: Source) -> Vec<Vec<Outcome>> {
    let mut groups: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
    for post in posts {
        let outcome = (model.probability(&post.text, source), post.label == Label::Rumor);
        groups.entry(post.group()).or_default().push(outcome);
    }
    groups.into_values().collect()
}

fn over(groups: &[Vec<Outcome>], measured: impl Fn(&[Outcome]) -> f64) -> Interval {
    Interval::over_groups(groups, |drawn| {
        measured(&drawn.iter().flat_map(|group| group.iter()).copied().collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// A folder of posts in which rumors are told otherwise than the rest.
    fn folder(name: &str, from: usize) -> tempfile::TempDir {
        let folder = tempfile::TempDir::with_prefix(name).unwrap();
        let mut lines = String::new();
        for at in from..from + 60 {
            let (label, text) = match at % 2 {
                0 => ("rumor", format!("紧急扩散！{at}号有大事，转给家人")),
                _ => ("non-rumor", format!("今日天气第{at}报，晴")),
            };
            let row = serde_json::json!({
                "id": at.to_string(), "text": text, "label": label, "cluster": null,
                "time": format!("2013-01-{:02}", at % 28 + 1),
            });
            writeln!(lines, "{row}").unwrap();
        }
        std::fs::write(folder.path().join("reports_ced.jsonl"), lines).unwrap();
        folder
    }

    #[test]
    fn it_says_that_it_must_be_trained_first() {
        let error = measure(Path::new("nowhere"), None).unwrap_err();
        assert!(error.to_string().contains("--train"), "{error}");
    }

    #[test]
    fn what_is_trained_on_one_folder_is_measured_on_another_and_the_same_every_time() {
        let (earlier, later) = (folder("earlier", 0), folder("later", 1_000));
        let measured = || measure(later.path(), Some(earlier.path())).unwrap();
        let evaluation = measured();
        assert!((evaluation.figures[0].interval.value - 1.0).abs() < 1e-9, "{:?}", evaluation.figures[0]);
        let print = |evaluation: &Evaluation| serde_json::to_string(evaluation).unwrap();
        assert_eq!(print(&evaluation), print(&measured()));
    }

    #[test]
    fn of_one_folder_the_later_posts_about_other_rumors_are_judged_and_none_that_was_learned() {
        let posts = |groups: &[&str]| -> Vec<Post> {
            let post = |(at, group): (usize, &&str)| Post {
                id: at.to_string(),
                text: String::new(),
                label: Label::Rumor,
                cluster: Some((*group).to_owned()),
                time: None,
            };
            groups.iter().enumerate().map(post).collect()
        };
        let mut earlier = posts(&["a", "b", "a", "c", "b", "d"]);
        let later = later_of(&mut earlier);
        assert_eq!(earlier.len(), 4);
        assert_eq!(later.iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), ["5"]);
        let one = folder("one", 0);
        let notes = measure(one.path(), Some(one.path())).unwrap().notes;
        assert!(
            notes[0].starts_with("trained on 40 posts") && notes[0].contains("judged 20 posts"),
            "{}",
            notes[0]
        );
    }

    #[test]
    fn a_folder_that_teaches_nothing_is_named() {
        let (empty, later) = (tempfile::TempDir::new().unwrap(), folder("later", 0));
        std::fs::write(empty.path().join("reports_ced.jsonl"), "").unwrap();
        let error = measure(later.path(), Some(empty.path())).unwrap_err();
        assert!(matches!(error, RowsError::TooFew { .. }), "{error}");
    }
}

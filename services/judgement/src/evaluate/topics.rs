//! Measures routing: whether the right department is suggested first, or among the first two.
//!
//! The rules name a county's bureaus, the collection names nine kinds of departments; which is which stands here.
//! With a training folder the rules are blended with a model as they are in service, where an officer's
//! re-routings take the place of the labelled rows and claims that nobody re-routed the place of the others.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use crate::evaluate::collections::profile;
use crate::evaluate::interval::Interval;
use crate::evaluate::rows::{self, RowsError};
use crate::evaluate::{Evaluation, FOLDS, Figure, fold_of};
use crate::learn::metrics::f1_of;
use crate::learn::sorter::{SUPPOSED, Sorted, Sorter};
use crate::normalise::normalise;
use crate::profile::Profile;
use crate::ranking::{Ranked, Scored, rank};
use crate::routing::Topics;
use crate::sameness::sameness;

const GOLD: &str = "topics_gold";
const SOURCE_TOPICS: &str = "topics_weibo21";
/// Texts of which only the rules, or a source's own coarse topic, say where they belong.
const TEXTS: [&str; 2] = ["reports_weibo21", "reports_ced"];
/// Where nothing for a department of the collection goes.
const OFFICE: &str = "other";
/// By so many points the rules must prefer one department for a text to be learned from: as much as one subject, where
/// nothing speaks for another, has over the office itself.
const CLEAR: f32 = 1.5;

/// A margin below what repeated folds of the labelled rows gave.
const FIRST_MIN: f64 = 0.60;
const FIRST_TWO_MIN: f64 = 0.80;

#[derive(Deserialize)]
struct Gold {
    id: String,
    text: String,
    department: String,
}

#[derive(Deserialize)]
struct SourceTopic {
    id: String,
    src_topic: String,
}

#[derive(Deserialize)]
struct Text {
    id: String,
    text: String,
    cluster: Option<String>,
}

/// The collection's department for a topic of the rules.
fn department_of<'a>(topic: &Scored<'a>) -> &'a str {
    match topic.topic {
        "地震与灾害" | "天气" | "环境" => "emergency_weather_disaster",
        "治安" => "public_security",
        "疫病与医疗" => "health_epidemic",
        "食品与药品" => "food_drug",
        "学校" => "education",
        "交通" => "traffic",
        "水库与供水" | "城市管理" | "救助与民生" | "土地与林业" => "social_welfare_urban",
        "金融" => "finance_fraud",
        _ => OFFICE,
    }
}

/// The departments that a topic of the source can mean; a text goes to that of them which the rules prefer.
fn departments_of(source_topic: &str) -> &'static [&'static str] {
    match source_topic {
        "财经商业" => &["finance_fraud", OFFICE],
        "医药健康" => &["health_epidemic", "food_drug"],
        "教育考试" => &["education"],
        "灾难事故" => &["emergency_weather_disaster", "traffic"],
        "政治" | "军事" | "科技" | "文体娱乐" => &[OFFICE],
        _ => &[],
    }
}

/// Judges `data` with the rules alone or, where `train` is given, with the rules and a model trained on it.
///
/// # Errors
/// When a file is missing or cannot be read.
pub fn measure(data: &Path, train: Option<&Path>) -> Result<Evaluation, RowsError> {
    let gold: Vec<Gold> = rows::read(data, GOLD)?;
    let folds = folds_of(&gold);
    let judged_of = |fold: usize| -> HashSet<&str> {
        let of_fold = gold.iter().zip(&folds).filter(|&(_, of)| *of == fold);
        of_fold.map(|(row, _)| row.id.as_str()).collect()
    };
    let mut learned_from = "by the readable rules alone".to_owned();
    let mut trained_for: Vec<Option<Sorter>> = Vec::new();
    for fold in 0..FOLDS {
        trained_for.push(match train {
            None => None,
            Some(folder) => {
                let (sorter, decided, supposed) = trained(folder, &judged_of(fold))?;
                learned_from = format!(
                    "rules blended with a model of {decided} labelled and {supposed} supposed texts of {}",
                    folder.display()
                );
                Some(sorter)
            }
        });
    }
    let answers: Vec<Answer<'_>> = gold
        .iter()
        .zip(&folds)
        .map(|(row, fold)| {
            let ranked = ranked(&normalise(&row.text), trained_for[*fold].as_ref());
            let mut names = ranked.into_iter().map(|department| department.name);
            Answer {
                right: &row.department,
                first: names.next().unwrap_or_default(),
                second: names.next().unwrap_or_default(),
            }
        })
        .collect();
    let figure = |measured: fn(&[&Answer<'_>]) -> f64| Interval::over_groups(&answers, measured);
    let figures = vec![
        Figure::at_least("gold top 1", figure(|drawn| share(drawn, Answer::is_first)), FIRST_MIN),
        Figure::at_least("gold top 2", figure(|drawn| share(drawn, Answer::is_among)), FIRST_TWO_MIN),
        Figure::shown("gold macro-F1", figure(macro_f1)),
    ];
    let notes = vec![
        learned_from,
        format!("{} labelled texts by one annotator: the intervals are wide for good reason", gold.len()),
    ];
    Ok(Evaluation { task: "topics", figures, notes })
}

/// The fold of each row: nothing is judged by a model that saw it or a copy of it.
fn folds_of(gold: &[Gold]) -> Vec<usize> {
    const COPY: f32 = 0.4;
    let mut first: Vec<(Profile, usize)> = Vec::new();
    let fold = |row: &Gold| {
        let text = profile(&row.text);
        let copied = first.iter().find(|(known, _)| sameness(&known.glyphs, &text.glyphs) >= COPY);
        let fold = copied.map_or_else(|| fold_of(&row.id), |(_, fold)| *fold);
        first.push((text, fold));
        fold
    };
    gold.iter().map(fold).collect()
}

struct Answer<'a> {
    right: &'a str,
    first: String,
    second: String,
}

impl Answer<'_> {
    fn is_first(&self) -> bool {
        self.first == self.right
    }

    fn is_among(&self) -> bool {
        self.is_first() || self.second == self.right
    }
}

fn ranked(text: &str, trained: Option<&Sorter>) -> Vec<Ranked> {
    rank(text, &Topics::get().scored(text), department_of, OFFICE, trained)
}

/// A model of a folder's labelled rows and of texts about which rules and source agree; none of it is `judged`.
fn trained(folder: &Path, judged: &HashSet<&str>) -> Result<(Sorter, usize, usize), RowsError> {
    let gold: Vec<Gold> = rows::read(folder, GOLD)?;
    let mut learned: Vec<Learned> = gold
        .into_iter()
        .filter(|row| !judged.contains(row.id.as_str()))
        .map(|row| Learned { text: normalise(&row.text), kind: row.department, group: row.id, weight: 1.0 })
        .collect();
    let decided = learned.len();
    let labelled: HashSet<String> = learned.iter().map(|row| row.group.clone()).collect();
    let source_topics: HashMap<String, String> = if rows::exists(folder, SOURCE_TOPICS) {
        let read: Vec<SourceTopic> = rows::read(folder, SOURCE_TOPICS)?;
        read.into_iter().map(|row| (row.id, row.src_topic)).collect()
    } else {
        HashMap::new()
    };
    for name in TEXTS {
        if !rows::exists(folder, name) {
            continue;
        }
        let texts: Vec<Text> = rows::read(folder, name)?;
        learned.extend(texts.into_iter().filter_map(|row| {
            if labelled.contains(&row.id) || judged.contains(row.id.as_str()) {
                return None;
            }
            let text = normalise(&row.text);
            let possible = source_topics.get(&row.id).map_or(&[][..], |topic| departments_of(topic));
            let kind = supposed(&text, possible)?;
            Some(Learned { text, kind, group: row.cluster.unwrap_or(row.id), weight: SUPPOSED })
        }));
    }
    let sorted: Vec<Sorted<'_>> = learned
        .iter()
        .map(|row| Sorted { text: &row.text, kind: &row.kind, weight: row.weight, group: &row.group })
        .collect();
    let sorter =
        Sorter::train(&sorted).map_err(|source| RowsError::TooFew { folder: folder.to_owned(), source })?;
    Ok((sorter, decided, learned.len() - decided))
}

struct Learned {
    text: String,
    kind: String,
    group: String,
    weight: f32,
}

/// Where a text probably belongs: to that department among the `possible` (all where none is named) which the
/// rules clearly prefer.
fn supposed(text: &str, possible: &[&str]) -> Option<String> {
    if let [only] = possible {
        return Some((*only).to_owned());
    }
    let ranked = ranked(text, None);
    let mut fitting =
        ranked.into_iter().filter(|one| possible.is_empty() || possible.contains(&one.name.as_str()));
    let best = fitting.next()?;
    let next = fitting.next().map_or(0.0, |next| next.rules);
    (best.rules - next >= CLEAR).then_some(best.name)
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred rows")]
fn share<'a>(drawn: &[&Answer<'a>], holds: impl Fn(&Answer<'a>) -> bool) -> f64 {
    drawn.iter().filter(|answer| holds(answer)).count() as f64 / drawn.len() as f64
}

/// The mean over the departments that are the right one of some text.
#[expect(clippy::cast_precision_loss, reason = "a few departments")]
fn macro_f1(drawn: &[&Answer<'_>]) -> f64 {
    let mut of_department: BTreeMap<&str, f64> = BTreeMap::new();
    for answer in drawn {
        of_department.entry(answer.right).or_insert_with(|| {
            f1_of(drawn.iter().map(|other| (other.first == answer.right, other.right == answer.right)))
        });
    }
    of_department.values().sum::<f64>() / of_department.len() as f64
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// A folder of texts that name their subject, and of some that only an office knows where to send.
    fn folder(from: usize) -> tempfile::TempDir {
        let folder = tempfile::TempDir::new().unwrap();
        let mut lines = String::new();
        for at in from..from + 40 {
            let (department, text) = match at % 4 {
                0 => ("traffic", format!("明天起高速封路{at}天")),
                1 => ("education", format!("下周第{at}中学停课")),
                2 => ("health_epidemic", format!("医院又有{at}例病毒感染")),
                _ => ("finance_fraud", format!("渡船老板带着{at}万跑了")),
            };
            let row = serde_json::json!({ "id": at.to_string(), "text": text, "department": department });
            writeln!(lines, "{row}").unwrap();
        }
        std::fs::write(folder.path().join("topics_gold.jsonl"), lines).unwrap();
        folder
    }

    #[test]
    fn the_rules_alone_know_subjects_and_labelled_rows_teach_the_rest() {
        let (learned, judged) = (folder(0), folder(1_000));
        let first = |train: Option<&Path>| measure(judged.path(), train).unwrap().figures[0].interval.value;
        assert!((first(None) - 0.75).abs() < 1e-9, "{}", first(None));
        assert!((first(Some(learned.path())) - 1.0).abs() < 1e-9, "{}", first(Some(learned.path())));
    }

    #[test]
    fn nothing_is_learned_from_the_rows_that_are_judged_nor_from_copies_of_them() {
        // Rows of one department differ in a number only, so all of them are judged by what knows none of them.
        let folder = folder(0);
        let judged_by_others = measure(folder.path(), Some(folder.path())).unwrap();
        assert!(judged_by_others.figures[0].interval.value < 0.75, "{:?}", judged_by_others.figures);
    }

    #[test]
    fn every_topic_of_the_rules_has_its_department() {
        let known = ["时政与国际", "干部作风", "文体娱乐", "网络与科技", "农业与动物"];
        for text in [
            "地震", "暴雨", "水库", "绑架", "疫苗", "食品", "停课", "封路", "城管", "污染", "低保", "征地",
            "挤兑",
        ] {
            for topic in Topics::get().scored(text) {
                assert!(department_of(&topic) != OFFICE || known.contains(&topic.topic), "{}", topic.topic);
            }
        }
    }
}

//! The labelled collections of matching and clustering, read into one form.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::evaluate::rows::{RowsError, read};
use crate::normalise::normalise;
use crate::profile::Profile;

/// Something that can be matched, with when it became known.
pub struct Known {
    /// Its number in the index.
    pub id: u128,
    /// Words in which it is claimed.
    pub sentence: Profile,
    /// What else is written about it.
    pub body: Option<Profile>,
    /// As its file writes it; empty where all are known from the start.
    pub time: String,
}

/// A text that asks.
pub struct Query {
    /// The words.
    pub text: Profile,
    /// Numbers of what answers it; empty: nothing must.
    pub relevant: Vec<u128>,
    /// Numbers of what neither answers it nor is wrong.
    pub ignored: Vec<u128>,
    /// Queries of one group are about the same thing.
    pub group: String,
    /// As its file writes it; empty where the order does not matter.
    pub time: String,
}

/// A collection for matching.
pub struct Collection {
    /// Its short name.
    pub name: &'static str,
    /// What is known.
    pub known: Vec<Known>,
    /// What is asked.
    pub queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Asking {
    id: String,
    text: String,
    #[serde(default)]
    time: Option<String>,
    relevant: Vec<String>,
    ignore: Vec<String>,
    #[serde(default)]
    cluster: Option<String>,
}

#[derive(Deserialize)]
struct Clarification {
    id: String,
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Rumor {
    cluster: String,
    text: String,
    time: String,
}

/// A text, taken apart as reports are.
pub fn profile(text: &str) -> Profile {
    Profile::of(&normalise(text))
}

/// Reports and published clarifications.
///
/// # Errors
/// When a file is missing or malformed.
pub fn covid(folder: &Path) -> Result<Collection, RowsError> {
    let clarifications: Vec<Clarification> = read(folder, "match_covid_clarifications")?;
    let numbers = numbered(clarifications.iter().map(|row| row.id.as_str()));
    let known = clarifications.iter().map(|row| Known {
        id: numbers[row.id.as_str()],
        sentence: profile(&row.title),
        body: (!row.text.trim().is_empty()).then(|| profile(&row.text)),
        time: String::new(),
    });
    let known = known.collect();
    let queries = queries(read(folder, "match_covid_queries")?, &numbers, false);
    Ok(Collection { name: "covid", known, queries })
}

/// Reports and the first report of each known rumor, in the order of time.
///
/// # Errors
/// When a file is missing or malformed.
pub fn ced(folder: &Path) -> Result<Collection, RowsError> {
    let mut rumors: Vec<Rumor> = read(folder, "match_ced_docs")?;
    rumors.sort_by(|ours, theirs| ours.time.cmp(&theirs.time));
    let numbers = numbered(rumors.iter().map(|row| row.cluster.as_str()));
    let known = rumors.iter().map(|row| Known {
        id: numbers[row.cluster.as_str()],
        sentence: profile(&row.text),
        body: None,
        time: row.time.clone(),
    });
    let known = known.collect();
    let queries = queries(read(folder, "match_ced_queries")?, &numbers, true);
    Ok(Collection { name: "ced", known, queries })
}

fn queries(rows: Vec<Asking>, numbers: &HashMap<&str, u128>, timed: bool) -> Vec<Query> {
    let mut queries: Vec<Query> = rows
        .into_iter()
        .map(|row| {
            let known = |ids: &[String]| -> Vec<u128> {
                ids.iter().filter_map(|id| numbers.get(id.as_str()).copied()).collect()
            };
            let relevant = known(&row.relevant);
            let mut ignored = known(&row.ignore);
            ignored.retain(|id| !relevant.contains(id));
            Query {
                text: profile(&row.text),
                group: row.cluster.or_else(|| row.relevant.first().cloned()).unwrap_or(row.id),
                relevant,
                ignored,
                time: if timed { row.time.unwrap_or_default() } else { String::new() },
            }
        })
        .collect();
    queries.sort_by(|ours, theirs| ours.time.cmp(&theirs.time));
    queries
}

fn numbered<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u128> {
    ids.zip(1_u128..).collect()
}

/// Two titles and whether they are about the same thing.
pub struct Pair {
    /// The known one.
    pub known: Profile,
    /// The other.
    pub other: Profile,
    /// Whether they are.
    pub same: bool,
    /// Pairs of one group share the known title.
    pub group: String,
}

#[derive(Deserialize)]
struct TitlePair {
    claim: String,
    claim_id: String,
    text: String,
    same_rumour: bool,
}

/// Pairs of titles.
///
/// # Errors
/// When the file is missing or malformed.
pub fn pairs(folder: &Path) -> Result<Vec<Pair>, RowsError> {
    let rows: Vec<TitlePair> = read(folder, "match_wsdm_pairs")?;
    let pairs = rows.into_iter().map(|row| Pair {
        known: profile(&row.claim),
        other: profile(&row.text),
        same: row.same_rumour,
        group: row.claim_id,
    });
    Ok(pairs.collect())
}

/// Reports whose cluster is known, in the order of time.
pub struct Gathering {
    /// Its short name.
    pub name: &'static str,
    /// Each report and its cluster.
    pub reports: Vec<(Profile, String)>,
}

#[derive(Deserialize)]
struct Report {
    text: String,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    cluster: Option<String>,
}

/// The reports of one file that have a cluster and some words.
///
/// # Errors
/// When the file is missing or malformed.
pub fn gathering(folder: &Path, name: &'static str) -> Result<Gathering, RowsError> {
    const CHARS_MIN: usize = 10;
    let mut rows: Vec<Report> = read(folder, &format!("reports_{name}"))?;
    rows.sort_by(|ours, theirs| ours.time.cmp(&theirs.time));
    let reports = rows.into_iter().filter_map(|row| {
        let text = normalise(&row.text);
        let cluster = row.cluster.filter(|_| text.chars().count() >= CHARS_MIN)?;
        Some((Profile::of(&text), cluster))
    });
    Ok(Gathering { name, reports: reports.collect() })
}

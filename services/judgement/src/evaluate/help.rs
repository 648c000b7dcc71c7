//! How well it is heard that somebody is in danger. Reads `calls*.txt` and `quiet*.txt`, a message a line (`#` begins a
//! remark), and the posts of the labelled collections, none of which was sent to anybody for help: on those it counts how
//! often an alarm would ring if each were said just now.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::interval::Interval;
use super::rows::{self, RowsError};
use super::{Evaluation, Figure};
use crate::danger::danger;

/// Of the calls, so many must be heard.
const RECALL_MIN: f64 = 0.95;

/// The posts that are nobody's call.
const POSTS: [&str; 5] =
    ["reports_ced", "reports_checked", "reports_weibo21", "match_covid_queries", "topics_cofacts"];

#[derive(Deserialize)]
struct Post {
    text: String,
}

/// Measures the folder.
///
/// # Errors
/// When a file cannot be read.
pub fn measure(folder: &Path) -> Result<Evaluation, RowsError> {
    let mut figures = Vec::new();
    let mut notes = Vec::new();
    for (begins, name) in [("calls", "calls for help that are heard"), ("quiet", "others that ring an alarm")]
    {
        let messages = messages(folder, begins)?;
        if messages.is_empty() {
            continue;
        }
        let interval = share(&messages);
        figures.push(match begins {
            "calls" => Figure::at_least(name, interval, RECALL_MIN),
            _ => Figure::shown(name, interval),
        });
        notes.push(format!("{begins}: {} messages", messages.len()));
    }
    for name in POSTS {
        if !rows::exists(folder, name) {
            continue;
        }
        let posts: Vec<Post> = rows::read(folder, name)?;
        let alarms = posts.iter().filter(|post| danger(&post.text).is_some()).count();
        let of_ten_thousand = 10_000 * alarms / posts.len().max(1);
        notes.push(format!("{name}: {alarms} alarms in {} posts, {of_ten_thousand} of 10 000", posts.len()));
    }
    Ok(Evaluation { task: "help", figures, notes })
}

fn messages(folder: &Path, begins: &str) -> Result<Vec<String>, RowsError> {
    let unreadable = |source| RowsError::Unreadable { path: folder.to_owned(), source };
    let mut files: Vec<_> = fs::read_dir(folder)
        .map_err(unreadable)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins)))
        .collect();
    files.sort();
    let mut messages = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path)
            .map_err(|source| RowsError::Unreadable { path: path.clone(), source })?;
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        messages.extend(lines.map(str::to_owned));
    }
    Ok(messages)
}

/// The share of the messages in which somebody seems to be in danger.
fn share(messages: &[String]) -> Interval {
    let heard: Vec<bool> = messages.iter().map(|message| danger(message).is_some()).collect();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 messages")]
    let share = |drawn: &[&bool]| drawn.iter().filter(|heard| ***heard).count() as f64 / drawn.len() as f64;
    Interval::over_groups(&heard, share)
}

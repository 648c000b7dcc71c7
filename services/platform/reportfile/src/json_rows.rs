//! JSON as a table: an object a row, its keys the columns.

use std::collections::HashMap;

use crate::decode::Decoded;
use crate::json::{Json, NotJson, Placed, Reader};
use crate::sentence::{Sentence, quoted};
use crate::table::{Fault, ROWS_MAX, Row, Table};

/// Columns that a file has at most; programs that make a key of every value would have millions.
const COLUMNS_MAX: usize = 200;

/// True for what begins as JSON does.
pub fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    text.starts_with('{')
        || text.strip_prefix('[').is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.is_empty() || rest.starts_with(['{', ']', '[', '"'])
        })
}

/// Reads objects: one a line, one behind another, or in one list.
///
/// # Errors
/// When the file as a whole cannot be right.
pub fn table(decoded: &Decoded) -> Result<Table, Sentence> {
    let text = decoded.text.as_str();
    let lines = Lines::of(text);
    if text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with('[') {
        let mut reader = Reader::new(text);
        let listed = match reader.next_value() {
            Some(Ok(Placed { value: Json::List(listed), .. })) => listed,
            Some(Err(NotJson(at))) => return Err(cut(lines.line(at))),
            _ => return Err(cut(1)),
        };
        // What follows a list that ended would be lost.
        if reader.next_value().is_some() {
            return by_line(decoded);
        }
        return Builder::of(decoded, &lines).all(listed);
    }
    let mut reader = Reader::new(text);
    let mut whole = Vec::new();
    let ends = loop {
        match reader.next_value() {
            Some(Ok(placed)) => whole.push(placed),
            Some(Err(_)) => break false,
            None => break true,
        }
    };
    if !ends || whole.iter().any(|placed| !matches!(placed.value, Json::Object(_))) {
        return by_line(decoded);
    }
    // One object that holds nothing but a list of them, and how many they are.
    if whole.len() == 1
        && let Some(Placed { value: Json::Object(members), .. }) = whole.first()
    {
        let lists: Vec<&Vec<Placed>> = members
            .iter()
            .filter_map(|(_, value)| match value {
                Json::List(listed) if listed.iter().any(|one| matches!(one.value, Json::Object(_))) => {
                    Some(listed)
                }
                _ => None,
            })
            .collect();
        if let [listed] = lists[..] {
            return Builder::of(decoded, &lines).all(listed.clone());
        }
    }
    Builder::of(decoded, &lines).all(whole)
}

fn cut(line: u64) -> Sentence {
    Sentence::new(
        format!(
            "第 {line} 行起不是完整的 JSON，后面的内容无法分清；请从原系统重新导出，或每行写一个 JSON 对象。"
        ),
        format!(
            "from line {line} on this is not complete JSON and what follows cannot be told apart; export it again, or \
             write one JSON object a line."
        ),
    )
}

/// One object a line; a line that is none is a row that says so.
fn by_line(decoded: &Decoded) -> Result<Table, Sentence> {
    let text = decoded.text.as_str();
    let lines = Lines::of(text);
    let mut builder = Builder::of(decoded, &lines);
    let mut at = 0;
    for line in text.split('\n') {
        let begins = at;
        at += line.len() + 1;
        if line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
            continue;
        }
        // Lines cut out of a list keep its commas.
        let line = line.trim_end().trim_end_matches(',');
        let mut reader = Reader::new(line);
        let read = match reader.next_value() {
            Some(Ok(placed)) if reader.next_value().is_none() => Some(placed.value),
            _ => None,
        };
        builder.add(begins, read, line)?;
    }
    Ok(builder.table)
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let end = |c: char| if text.contains('\n') { c == '\n' } else { c == '\r' };
        Self(
            text.char_indices()
                .filter(|(_, c)| matches!(c, '\n' | '\r') && end(*c))
                .map(|(at, _)| at)
                .collect(),
        )
    }

    /// The line on which a byte is, from 1.
    fn line(&self, at: usize) -> u64 {
        self.0.partition_point(|end| *end < at) as u64 + 1
    }
}

struct Builder<'a> {
    table: Table,
    columns: HashMap<String, usize>,
    lines: &'a Lines,
    decoded: &'a Decoded,
}

impl<'a> Builder<'a> {
    fn of(decoded: &'a Decoded, lines: &'a Lines) -> Self {
        Self { table: Table::new(Vec::new(), ','), columns: HashMap::new(), lines, decoded }
    }

    fn all(mut self, listed: Vec<Placed>) -> Result<Table, Sentence> {
        let ends: Vec<usize> =
            listed.iter().skip(1).map(|placed| placed.at).chain([self.decoded.text.len()]).collect();
        for (placed, end) in listed.into_iter().zip(ends) {
            let source = self.decoded.text.get(placed.at..end).unwrap_or_default();
            let source =
                source.trim_end_matches(|c: char| c.is_whitespace() || c == ',' || c == ']').to_owned();
            self.add(placed.at, Some(placed.value), &source)?;
        }
        Ok(self.table)
    }

    fn add(&mut self, at: usize, value: Option<Json>, source: &str) -> Result<(), Sentence> {
        if self.table.rows.len() >= ROWS_MAX {
            return Err(crate::table::too_many_rows());
        }
        let mut row = Row { line: self.lines.line(at), ..Row::default() };
        match value {
            Some(Json::Object(members)) => self.fill(&mut row, members),
            other => {
                let (zh, en) = match other {
                    None => (
                        "这一行不是完整的 JSON；请改成 {\"text\": \"…\"} 的样子。",
                        "this line is not complete JSON; write it as {\"text\": \"…\"}.",
                    ),
                    Some(_) => (
                        "这一行不是一条记录；请改成 {\"text\": \"…\"} 的样子。",
                        "this line is no record; write it as {\"text\": \"…\"}.",
                    ),
                };
                row.faults.push(Fault { column: None, says: Sentence::new(zh, en) });
            }
        }
        if self.decoded.has_unreadable && source.contains('\u{FFFD}') {
            row.faults.push(Fault { column: None, says: crate::table::unreadable() });
        }
        if !row.faults.is_empty() {
            row.source = Some(source.trim().to_owned());
        }
        self.table.rows.push(row);
        Ok(())
    }

    fn fill(&mut self, row: &mut Row, members: Vec<(String, Json)>) {
        let mut filled: Vec<Option<Json>> = Vec::new();
        for (key, value) in members {
            let known = self.columns.get(&key).copied();
            let column = match known {
                Some(column) => column,
                None if self.table.headings.len() < COLUMNS_MAX => {
                    let column = self.table.headings.len();
                    self.columns.insert(key.clone(), column);
                    self.table.headings.push(key.clone());
                    column
                }
                None => continue,
            };
            if row.cells.len() <= column {
                row.cells.resize(column + 1, String::new());
                filled.resize(column + 1, None);
            }
            match &filled[column] {
                Some(before) if *before != value => {
                    let key = quoted(&key);
                    row.faults.push(Fault {
                        column: Some(column),
                        says: Sentence::new(
                            format!("“{key}”在这一条里写了两次，内容不同；请只留一个。"),
                            format!("“{key}” stands twice in this record and differs; keep one of them."),
                        ),
                    });
                    continue;
                }
                _ => {}
            }
            row.cells[column] = match &value {
                Json::Null => String::new(),
                Json::Bool(yes) => yes.to_string(),
                Json::Number(digits) => digits.clone(),
                Json::Text(words) => words.clone(),
                Json::List(_) | Json::Object(_) => {
                    let key = quoted(&key);
                    row.faults.push(Fault {
                        column: Some(column),
                        says: Sentence::new(
                            format!("“{key}”里不是文字，而是一组数据；请改成一段文字。"),
                            format!("“{key}” holds no words but a structure; write words."),
                        ),
                    });
                    String::new()
                }
            };
            filled[column] = Some(value);
        }
    }
}

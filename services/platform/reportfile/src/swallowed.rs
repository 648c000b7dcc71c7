//! Whether a cell of several lines is what somebody wrote, or lines that a quotation mark swallowed.

use crate::csv::{Raw, rows};
use crate::dress::undressed;
use crate::field::{Channel, Field};
use crate::heading::Mapping;
use crate::when;

/// The line of the quotation mark that swallowed other rows; `None` where nothing points to that.
pub fn swallowing_line(
    text: &str,
    raw: &Raw,
    mapping: &Mapping,
    is_delimiter: impl Fn(char) -> bool + Copy,
) -> Option<u64> {
    if raw.lines < 2 {
        return None;
    }
    let source = &text[raw.span.0..raw.span.1];
    let mut lines = source.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
    let first = lines.next()?;
    let mark = raw.open.or(raw.stray).unwrap_or(raw.line);
    let mut following = lines.peekable();
    if raw.open.is_some() || raw.stray.is_some() {
        return following.peek().is_some().then_some(mark);
    }
    let kin = Kin { first: split(first, is_delimiter), mapping };
    following.any(|line| kin.knows(&split(line, is_delimiter))).then_some(mark)
}

fn split(line: &str, is_delimiter: impl Fn(char) -> bool) -> Vec<String> {
    rows(line, 0, 1, is_delimiter).next().map(|raw| raw.cells).unwrap_or_default()
}

/// What a row of this file looks like.
struct Kin<'a> {
    first: Vec<String>,
    mapping: &'a Mapping,
}

impl Kin<'_> {
    /// True where a line alone looks like a row of the file: what stands where an id, a time or a channel belongs is
    /// one, and nothing that stands there is anything else.
    fn knows(&self, cells: &[String]) -> bool {
        let columns = self.mapping.columns();
        if cells.len() < 2 {
            return false;
        }
        let mut fitting = 0_usize;
        let mut structured = 0_usize;
        for (column, field) in columns.iter().enumerate() {
            let fits: Option<fn(&str) -> bool> = match field {
                Some(Field::Time | Field::Date) => Some(|cell| when::read(cell).is_some()),
                Some(Field::Channel) => Some(|cell| Channel::written(cell).is_some()),
                _ => None,
            };
            let cell = cells.get(column).map_or("", |cell| undressed(cell));
            let fits = match (fits, field) {
                (Some(fits), _) => fits(cell),
                (None, Some(Field::Id)) => {
                    let own = self.first.get(column).map_or("", |cell| undressed(cell));
                    shape(own) == shape(cell)
                }
                _ => continue,
            };
            structured += 1;
            match (cell.is_empty(), fits) {
                (true, _) => {}
                (false, true) => fitting += 1,
                (false, false) => return false,
            }
        }
        if structured == 0 { cells.len() == columns.len() } else { fitting > 0 }
    }
}

/// Which kinds of characters an id is made of; ids of one file are alike.
fn shape(id: &str) -> String {
    let mut shape = String::new();
    for c in id.chars() {
        let kind = match c {
            '0'..='9' => '9',
            c if c.is_ascii_alphabetic() => 'a',
            c if c.is_alphabetic() => '字',
            c => c,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}

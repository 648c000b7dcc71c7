//! The rows that were not taken, as a file that Excel opens, people mend, and [`crate::read`] reads again.

use crate::dress::guarded;
use crate::heading::is_added;
use crate::sentence::Sentence;
use crate::table::Table;

/// The rows of `refused` (by their place in the table, with why), in UTF-8 with the mark that Excel needs. The first
/// column says why and means nothing when the file is imported again; where a row's cells do not say everything, a
/// second one shows it as it was.
#[must_use]
pub fn refused_csv(table: &Table, refused: &[(usize, Sentence)], english: bool) -> String {
    let rows: Vec<_> = refused.iter().filter_map(|(at, why)| Some((table.rows.get(*at)?, why))).collect();
    let shows_source = rows.iter().any(|(row, _)| row.source.is_some());
    let kept: Vec<usize> =
        (0..table.headings.len()).filter(|column| !is_added(&table.headings[*column])).collect();
    let mut file = String::from("\u{feff}");
    let (why, source) =
        if english { ("reason refused", "line as it was") } else { ("拒收原因", "原文件的行") };
    let mut headings = vec![why.to_owned()];
    headings.extend(shows_source.then(|| source.to_owned()));
    headings.extend(kept.iter().map(|column| guarded(&table.headings[*column])));
    push(&mut file, &headings);
    for (row, why) in rows {
        let mut cells = vec![if english {
            format!("line {}: {}", row.line, why.en)
        } else {
            format!("第 {} 行：{}", row.line, why.zh)
        }];
        if shows_source {
            cells.push(guarded(row.source.as_deref().unwrap_or_default()));
        }
        cells.extend(
            kept.iter().map(|column| row.cells.get(*column).map(|cell| guarded(cell)).unwrap_or_default()),
        );
        // What was too much is too much again, until somebody mends it.
        cells.extend(row.cells.iter().skip(table.headings.len()).map(|cell| guarded(cell)));
        push(&mut file, &cells);
    }
    file
}

fn push(file: &mut String, cells: &[String]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            file.push(',');
        }
        // Always quoted: what a cell holds never decides how the file is cut.
        file.push('"');
        file.push_str(&cell.replace('"', "\"\""));
        file.push('"');
    }
    file.push_str("\r\n");
}

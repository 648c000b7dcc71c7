//! Where a text's headings stand and what separates its cells.

use crate::csv::{Raw, rows};
use crate::heading::{fields_named, names_text};

/// Rows above the headings, such as a title, at most.
const ABOVE_MAX: usize = 12;
/// Rows that are looked at to see what separates them.
const SAMPLE: usize = 30;
/// What separates cells; with the full-width mark that people type instead, where headings are typed by hand.
const DELIMITERS: [(char, &[char]); 4] =
    [(',', &[',', '，', '、']), ('\t', &['\t']), (';', &[';', '；']), ('|', &['|', '｜'])];

/// How a text is laid out.
#[derive(Debug)]
pub struct Layout {
    /// What separates the cells of its rows.
    pub delimiter: char,
    /// The headings.
    pub headings: Vec<String>,
    /// Where the rows begin, in bytes.
    pub at: usize,
    /// On which line that is.
    pub line: u64,
    /// Rows that stand above the headings.
    pub above: usize,
}

/// Finds the headings; `None` in a text of nothing but blanks.
pub fn layout(text: &str) -> Option<Layout> {
    let (stated, start, line) = stated_delimiter(text);
    let sets: Vec<(char, Vec<char>)> = match stated {
        Some(delimiter) => vec![(delimiter, vec![delimiter])],
        None => {
            let alone = DELIMITERS.iter().map(|(own, _)| (*own, vec![*own]));
            let typed =
                DELIMITERS.iter().filter(|(_, all)| all.len() > 1).map(|(own, all)| (*own, all.to_vec()));
            alone.chain(typed).collect()
        }
    };
    // The first row that says which column holds the words; where none does, the very first row, cut into most cells.
    let mut best: Option<(Rank, Layout)> = None;
    for (own, all) in &sets {
        for (above, raw) in rows(text, start, line, |c| all.contains(&c)).take(ABOVE_MAX).enumerate() {
            let named = if names_text(&raw.cells) { fields_named(&raw.cells) } else { 0 };
            if named == 0 && above > 0 {
                continue;
            }
            let cells = if named == 0 { raw.cells.len() } else { 0 };
            let rank = Rank { says: named > 0, early: ABOVE_MAX - above, named, cells };
            if best.as_ref().is_none_or(|(before, _)| rank > *before) {
                best = Some((rank, found(&raw, *own, above)));
            }
        }
    }
    let (_, mut layout) = best?;
    if stated.is_none() {
        layout.delimiter = rows_delimiter(text, &layout);
    }
    Some(layout)
}

/// How well a row would do as the headings; the larger the better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    says: bool,
    early: usize,
    named: usize,
    cells: usize,
}

fn found(raw: &Raw, delimiter: char, above: usize) -> Layout {
    let headings = raw.cells.iter().map(|cell| crate::dress::trimmed(cell).to_owned()).collect();
    Layout { delimiter, headings, at: raw.span.1, line: raw.line + raw.lines, above }
}

/// `sep=;` on the first line, which Excel obeys and does not show.
fn stated_delimiter(text: &str) -> (Option<char>, usize, u64) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    let first = text[..end].trim_matches(|c: char| c == '"' || c == '\u{feff}' || c == ' ');
    let stated = first.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("sep=")).and_then(|_| {
        let mut rest = first[4..].chars();
        let delimiter = rest.next()?;
        // Exporters add commas to fill the line.
        rest.all(|c| c == ',' || c == ';' || c == '"').then_some(delimiter)
    });
    match stated {
        Some(delimiter) => {
            let after = &text[end..];
            let ends = if after.starts_with("\r\n") { 2 } else { usize::from(!after.is_empty()) };
            (Some(delimiter), end + ends, 2)
        }
        None => (None, 0, 1),
    }
}

/// What separates the rows: the headings' own delimiter, unless most rows are cut better by another, because the
/// headings were typed with full-width marks.
fn rows_delimiter(text: &str, layout: &Layout) -> char {
    let expected = layout.headings.len();
    if expected < 2 {
        return layout.delimiter;
    }
    let fitting = |delimiter: char| {
        rows(text, layout.at, layout.line, |c| c == delimiter)
            .take(SAMPLE)
            .map(|raw| if raw.cells.len() == expected { 3 } else { usize::from(raw.cells.len() > 1) })
            .sum::<usize>()
    };
    let own = fitting(layout.delimiter);
    let others = [',', '\t', ';', '|', '，', '；', '｜', '、'];
    let best = others.into_iter().map(|other| (fitting(other), other)).fold(
        (own, layout.delimiter),
        |best, next| {
            if next.0 > best.0 { next } else { best }
        },
    );
    // Commas in words are no reason to leave what the headings are separated by.
    if own > 0 { layout.delimiter } else { best.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (char, Vec<String>, u64) {
        let layout = layout(text).unwrap();
        (layout.delimiter, layout.headings, layout.line)
    }

    #[test]
    fn what_separates_cells_is_seen() {
        let headings = vec!["编号".to_owned(), "内容".to_owned()];
        for (text, delimiter, line) in [
            ("编号,内容\n1,停水\n", ',', 2),
            ("编号\t内容\n1\t停水\n", '\t', 2),
            ("编号;内容\n1;停水,停电\n", ';', 2),
            ("sep=;\n编号;内容\n1;停水\n", ';', 3),
            ("SEP=|\r\n编号|内容\r\n1|停水\r\n", '|', 3),
            ("\"sep=;\"\n编号;内容\n", ';', 3),
            ("编号，内容\n1,停水，停电\n", ',', 2),
            ("编号，内容\n1，停水\n", '，', 2),
            ("编号、内容\n1\t停水\n", '\t', 2),
            ("12345热线日报（11月30日）\n\n编号,内容\n1,停水\n", ',', 4),
        ] {
            assert_eq!(of(text), (delimiter, headings.clone(), line), "{text}");
        }
    }

    #[test]
    fn headings_that_say_nothing_are_still_the_first_row() {
        assert_eq!(of("甲;乙;丙\n1;2;3\n"), (';', ["甲", "乙", "丙"].map(str::to_owned).to_vec(), 2));
        assert!(layout(" \n\n").is_none());
        assert_eq!(of("内容\n停水,是真的吗\n"), (',', vec!["内容".to_owned()], 2));
    }
}

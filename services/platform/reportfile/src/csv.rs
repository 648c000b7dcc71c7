//! Rows of separated values, with the line on which each begins.
//!
//! A quotation mark quotes only where a cell begins; inside an unquoted cell it is itself. What rows cannot be told
//! apart for is noted on the row, not guessed.

/// A row as it stands in the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<String>,
    /// How many lines it takes.
    pub lines: u64,
    /// Where it begins and ends in the text, in bytes.
    pub span: (usize, usize),
    /// The line of a quotation mark that is never closed.
    pub open: Option<u64>,
    /// The line of the first cell that holds a quotation mark neither doubled nor at its end.
    pub stray: Option<u64>,
}

/// Splits a text.
pub struct Rows<'a, D> {
    text: &'a str,
    is_delimiter: D,
    at: usize,
    line: u64,
    /// True where a lone carriage return ends a line, because nothing else does.
    old_ends: bool,
}

/// The rows of `text` from byte `at`, which is on `line`.
pub fn rows<D: Fn(char) -> bool>(text: &str, at: usize, line: u64, is_delimiter: D) -> Rows<'_, D> {
    Rows { text, is_delimiter, at, line, old_ends: !text.contains('\n') }
}

impl<D: Fn(char) -> bool> Rows<'_, D> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.line += u64::from(self.ends_line(c));
        Some(c)
    }

    fn ends_line(&self, c: char) -> bool {
        c == '\n' || (c == '\r' && self.old_ends)
    }

    /// True where a cell can end: at a delimiter, the line's end or the text's.
    fn at_cell_end(&self) -> bool {
        let mut rest = self.text[self.at..].chars();
        loop {
            match rest.next() {
                None => return true,
                Some(c) if (self.is_delimiter)(c) || self.ends_line(c) => return true,
                Some(' ' | '\r' | '\u{3000}') => {}
                Some(_) => return false,
            }
        }
    }

    /// One cell; says whether the row ends with it.
    fn cell(&mut self, raw: &mut Raw) -> (String, bool) {
        let mut cell = String::new();
        let begins = self.at;
        while self.peek().is_some_and(|c| c == ' ' && !(self.is_delimiter)(c)) {
            self.next_char();
        }
        if self.peek() == Some('"') {
            self.quoted(&mut cell, raw);
        } else {
            self.at = begins;
        }
        loop {
            match self.next_char() {
                None => return (cell, true),
                Some(c) if (self.is_delimiter)(c) => return (cell, false),
                Some(c) if self.ends_line(c) => {
                    while cell.ends_with('\r') {
                        cell.pop();
                    }
                    return (cell, true);
                }
                Some(c) => cell.push(c),
            }
        }
    }

    fn quoted(&mut self, cell: &mut String, raw: &mut Raw) {
        let line = self.line;
        self.next_char();
        loop {
            match self.next_char() {
                None => {
                    raw.open = Some(line);
                    return;
                }
                Some('"') if self.peek() == Some('"') => {
                    self.next_char();
                    cell.push('"');
                }
                Some('"') if self.at_cell_end() => {
                    while self
                        .peek()
                        .is_some_and(|c| matches!(c, ' ' | '\u{3000}') && !(self.is_delimiter)(c))
                    {
                        self.next_char();
                    }
                    return;
                }
                Some('"') => {
                    raw.stray.get_or_insert(line);
                    cell.push('"');
                }
                Some(c) => cell.push(c),
            }
        }
    }
}

impl<D: Fn(char) -> bool> Iterator for Rows<'_, D> {
    type Item = Raw;

    /// The next row that is not an empty line.
    fn next(&mut self) -> Option<Raw> {
        loop {
            if self.at >= self.text.len() {
                return None;
            }
            let mut raw = Raw { line: self.line, span: (self.at, self.at), ..Raw::default() };
            loop {
                let (cell, ends) = self.cell(&mut raw);
                raw.cells.push(cell);
                if ends {
                    break;
                }
            }
            raw.span.1 = self.at;
            let text = &self.text[raw.span.0..raw.span.1];
            raw.lines = self.line - raw.line + u64::from(!text.ends_with(|c| self.ends_line(c)));
            if !text.trim().is_empty() {
                return Some(raw);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<Raw> {
        rows(text, 0, 1, |c| c == ',').collect()
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        split(text).into_iter().map(|raw| raw.cells).collect()
    }

    #[test]
    fn cells_are_split_as_spreadsheets_do() {
        assert_eq!(cells("a,b\r\n1,\"x,\"\"y\"\"\"\r\n"), [["a", "b"], ["1", "x,\"y\""]]);
        assert_eq!(cells("a, \"b\" ,c"), [["a", "b", "c"]]);
        assert_eq!(cells("5\" 管,b\"c"), [["5\" 管", "b\"c"]]);
        assert_eq!(cells("=\"0012\",x"), [["=\"0012\"", "x"]]);
        assert_eq!(cells("a\rb\rc"), [["a"], ["b"], ["c"]]);
        assert_eq!(cells(",\n,"), [["", ""], ["", ""]]);
        assert_eq!(cells(""), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_row_has_the_line_that_an_editor_shows() {
        let rows = split("a,b\n\n1,\"x\ny\"\n\n  \n2,z\n");
        let lines: Vec<_> = rows.iter().map(|raw| (raw.line, raw.lines)).collect();
        assert_eq!(lines, [(1, 1), (3, 2), (7, 1)]);
        assert_eq!(rows[1].cells, ["1", "x\ny"]);
    }

    #[test]
    fn marks_that_do_not_fit_are_noted() {
        let open = split("a,b\n1,\"x\n2,y\n");
        assert_eq!((open.len(), open[1].open, open[1].lines), (2, Some(2), 2));
        let stray = split("1,\"说\"水厂\"爆了\",王\n");
        assert_eq!(stray[0].cells, ["1", "说\"水厂\"爆了", "王"]);
        assert_eq!((stray[0].stray, stray[0].open), (Some(1), None));
    }

    proptest::proptest! {
        #[test]
        fn every_byte_belongs_to_one_row_or_an_empty_line(text in "[a,\"\r\n 一]{0,60}") {
            let mut at = 0;
            for raw in split(&text) {
                proptest::prop_assert!(text[at..raw.span.0].trim().is_empty());
                at = raw.span.1;
            }
            proptest::prop_assert!(text[at..].trim().is_empty());
        }
    }
}

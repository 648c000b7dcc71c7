//! A file as rows under headings.

use crate::csv::rows;
use crate::decode::{Decoded, decode};
use crate::heading::Mapping;
use crate::layout::layout;
use crate::sentence::Sentence;
use crate::swallowed::swallowing_line;
use crate::{json_rows, xlsx};

/// Bytes of a file at most.
pub const BYTES_MAX: usize = 256 << 20;
/// Rows of a file at most.
pub const ROWS_MAX: usize = 2_000_000;

/// A file's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the columns are called.
    pub headings: Vec<String>,
    /// Every row below the headings that is not empty.
    pub rows: Vec<Row>,
    /// What an officer should know of the file as a whole.
    pub notes: Vec<Sentence>,
    /// What separated the cells; words that hold it were cut there.
    pub(crate) delimiter: char,
    /// True where every number is one that Excel kept, with fifteen digits at most.
    pub(crate) of_excel: bool,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins, as an editor or Excel shows it.
    pub line: u64,
    /// Its cells; last ones that are empty may be missing, and there may be more than headings.
    pub cells: Vec<String>,
    /// What is wrong with it whatever its columns mean, or only where a column is used.
    pub(crate) faults: Vec<Fault>,
    /// The row as it stands in the file, where its cells cannot say everything.
    pub(crate) source: Option<String>,
}

/// Something wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The column that it concerns; `None` for the whole row.
    pub column: Option<usize>,
    /// What is wrong and what to do.
    pub says: Sentence,
}

impl Table {
    pub(crate) fn new(headings: Vec<String>, delimiter: char) -> Self {
        Self { headings, delimiter, ..Self::default() }
    }
}

/// Reads a file; what it is, its bytes say.
///
/// # Errors
/// When the file as a whole cannot be right: one sentence says why and what to do.
pub fn read(bytes: &[u8]) -> Result<Table, Sentence> {
    if bytes.len() > BYTES_MAX {
        return Err(Sentence::new(
            format!("文件超过 {} MB；请分成几个文件导入。", BYTES_MAX >> 20),
            format!("the file is over {} MB; import it in parts.", BYTES_MAX >> 20),
        ));
    }
    if bytes.starts_with(b"PK") {
        return xlsx::table(bytes);
    }
    other_kind(bytes)?;
    let decoded = decode(bytes);
    if decoded.text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0').is_empty() {
        return Err(Sentence::new(
            "文件里没有内容；请检查导出是否成功。",
            "the file is empty; export it again.",
        ));
    }
    if decoded.text.trim_start().get(..1) == Some("<") {
        return Err(page());
    }
    if json_rows::is_json(&decoded.text) { json_rows::table(&decoded) } else { separated(&decoded) }
}

fn separated(decoded: &Decoded) -> Result<Table, Sentence> {
    let text = decoded.text.as_str();
    let Some(layout) = layout(text) else {
        return Err(Sentence::new(
            "文件里没有内容；请检查导出是否成功。",
            "the file is empty; export it again.",
        ));
    };
    let mapping = Mapping::guessed(&layout.headings);
    let is_delimiter = |c: char| c == layout.delimiter;
    let mut table = Table::new(layout.headings.clone(), layout.delimiter);
    if layout.above > 0 {
        table.notes.push(above(layout.above));
    }
    let mut blank = 0_usize;
    for raw in rows(text, layout.at, layout.line, is_delimiter) {
        if let Some(line) = swallowing_line(text, &raw, &mapping, is_delimiter) {
            return Err(open_quote(line));
        }
        let mut row = Row { line: raw.line, ..Row::default() };
        if let Some(line) = raw.open {
            row.faults.push(Fault { column: None, says: open_quote(line) });
        }
        if raw.cells.iter().all(|cell| crate::dress::trimmed(cell).is_empty()) {
            blank += 1;
            continue;
        }
        if decoded.has_unreadable {
            for (column, _) in raw.cells.iter().enumerate().filter(|(_, cell)| cell.contains('\u{FFFD}')) {
                row.faults.push(Fault { column: Some(column), says: unreadable() });
            }
        }
        row.cells = raw.cells;
        if table.rows.len() >= ROWS_MAX {
            return Err(too_many_rows());
        }
        table.rows.push(row);
    }
    if blank > 0 {
        table.notes.push(empty_rows(blank));
    }
    Ok(table)
}

/// Files that people take for tables.
fn other_kind(bytes: &[u8]) -> Result<(), Sentence> {
    let said = |zh: &str, en: &str| Err(Sentence::new(zh, en));
    if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return said(
            "这是旧版 Excel 文件（.xls）或加了密码的文件；请在 Excel 里打开，另存为“Excel 工作簿（.xlsx）”，不加密码，再导入。",
            "this is a file of an old Excel (.xls) or one with a password; open it in Excel, save it as an Excel workbook \
             (.xlsx) without a password, and import that.",
        );
    }
    let kinds: [&[u8]; 8] =
        [b"%PDF", b"\x89PNG", b"\xFF\xD8\xFF", b"GIF8", b"Rar!", b"7z\xBC\xAF", b"\x1F\x8B", b"{\\rtf"];
    if kinds.iter().any(|kind| bytes.starts_with(kind)) {
        return said(
            "这不是表格文件；请换成 .xlsx、.csv、.tsv、.txt、.jsonl 或 .json 文件。",
            "this is no table; import a file that is .xlsx, .csv, .tsv, .txt, .jsonl or .json.",
        );
    }
    Ok(())
}

fn page() -> Sentence {
    Sentence::new(
        "这是网页格式的文件（有些系统把它叫作 .xls）；请在 Excel 里打开，另存为“Excel 工作簿（.xlsx）”，再导入。",
        "this file is a web page (some systems call it .xls); open it in Excel, save it as an Excel workbook (.xlsx), \
         and import that.",
    )
}

fn open_quote(line: u64) -> Sentence {
    Sentence::new(
        format!(
            "第 {line} 行有一个英文双引号（\"）没有成对，它后面的行分不清；请在文本编辑器里删掉或补上这个引号，再导入。如果这一格本来就有好几行，请另存为 .xlsx。"
        ),
        format!(
            "line {line} has a quotation mark (\") without its pair, and the lines behind it cannot be told apart; delete it \
             or add the other in a text editor and import again. If that cell does have several lines, save the file as \
             .xlsx."
        ),
    )
}

/// What a row is told that holds bytes of another encoding.
pub(crate) fn unreadable() -> Sentence {
    Sentence::new(
        "这一行有认不出的文字（文件里混有两种编码，或被截断）；请在原系统里核对后改正。",
        "this row holds characters that cannot be read (two encodings in one file, or cut off); correct them.",
    )
}

pub(crate) fn too_many_rows() -> Sentence {
    Sentence::new(
        format!("文件超过 {ROWS_MAX} 行；请分成几个文件导入。"),
        format!("the file has more than {ROWS_MAX} rows; import it in parts."),
    )
}

pub(crate) fn above(rows: usize) -> Sentence {
    Sentence::new(
        format!("表头上面的 {rows} 行（标题等）没有导入。"),
        format!("{rows} row(s) above the headings, such as a title, were not imported."),
    )
}

pub(crate) fn empty_rows(rows: usize) -> Sentence {
    Sentence::new(
        format!("{rows} 行是空行，略过。"),
        format!("{rows} row(s) are empty and were passed over."),
    )
}

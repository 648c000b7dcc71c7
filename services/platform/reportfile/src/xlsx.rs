//! Excel's workbooks. Cells are read one by one, never as a rectangle, and nothing is unpacked before it is known how
//! large it really is.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, Xlsx};

use crate::dress::trimmed;
use crate::heading::{fields_named, names_text};
use crate::sentence::{Sentence, quoted};
use crate::table::{ROWS_MAX, Row, Table, above, empty_rows, too_many_rows};

/// Bytes that a workbook may have when it is unpacked.
const UNPACKED_MAX: u64 = 512 << 20;
/// Files inside of a workbook at most.
const PARTS_MAX: usize = 4_000;
/// Cells of a sheet at most.
const CELLS_MAX: usize = 20_000_000;
/// Columns that are read.
const COLUMNS_MAX: u32 = 500;
/// Rows above the headings at most.
const ABOVE_MAX: usize = 12;

/// Reads the one sheet that has a column of words.
///
/// # Errors
/// When the workbook is damaged, too large, or has several such sheets.
pub fn table(bytes: &[u8]) -> Result<Table, Sentence> {
    bounded(bytes)?;
    // The library is given a stranger's bytes; whatever it makes of them is no end of this process.
    catch_unwind(AssertUnwindSafe(|| sheets(bytes))).unwrap_or_else(|_| Err(damaged()))
}

/// Unpacks everything into nothing: what a part says of its own size need not be true.
fn bounded(bytes: &[u8]) -> Result<(), Sentence> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    if archive.len() > PARTS_MAX {
        return Err(too_large());
    }
    let mut left = UNPACKED_MAX;
    for part in 0..archive.len() {
        let part = archive.by_index(part).map_err(|_| damaged())?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_| damaged())?;
        left = left.checked_sub(read).ok_or_else(too_large)?;
    }
    Ok(())
}

fn sheets(bytes: &[u8]) -> Result<Table, Sentence> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let mut found: Vec<(String, Sheet)> = Vec::new();
    for name in workbook.sheet_names() {
        // Sheets of charts have no cells.
        if let Some(sheet) = sheet(&mut workbook, &name)? {
            found.push((name, sheet));
        }
    }
    let (mut with_words, without): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, sheet)| sheet.headings_at.is_some());
    if with_words.len() > 1 {
        let names = with_words.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join("、");
        return Err(Sentence::new(
            format!("文件里有几个工作表都像是工单（{names}）；请把每个工作表另存为一个文件，分别导入。"),
            format!(
                "several sheets look like records ({names}); save each as a file of its own and import them apart."
            ),
        ));
    }
    let mut left_out = without;
    let (_, sheet) = match with_words.pop() {
        Some(found) => found,
        None if left_out.is_empty() => {
            return Err(Sentence::new(
                "文件里没有内容；请检查导出是否成功。",
                "the file is empty; export it again.",
            ));
        }
        None => left_out.remove(0),
    };
    let mut table = sheet.table();
    for (name, _) in left_out {
        let name = quoted(&name);
        table.notes.push(Sentence::new(
            format!("工作表“{name}”没有“内容”一列，没有导入。"),
            format!("the sheet “{name}” has no column of words and was not imported."),
        ));
    }
    Ok(table)
}

struct Sheet {
    rows: Vec<(u32, Vec<String>)>,
    headings_at: Option<usize>,
    blank: usize,
}

impl Sheet {
    fn table(self) -> Table {
        let at = self.headings_at.unwrap_or(0);
        let mut rows = self.rows.into_iter().skip(at);
        let headings = rows.next().map(|(_, cells)| cells).unwrap_or_default();
        let headings = headings.iter().map(|heading| trimmed(heading).to_owned()).collect();
        let mut table = Table { of_excel: true, ..Table::new(headings, ',') };
        if at > 0 {
            table.notes.push(above(at));
        }
        if self.blank > 0 {
            table.notes.push(empty_rows(self.blank));
        }
        table.rows =
            rows.map(|(row, cells)| Row { line: u64::from(row) + 1, cells, ..Row::default() }).collect();
        table
    }
}

fn sheet(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Option<Sheet>, Sentence> {
    let mut reader = match workbook.worksheet_cells_reader(name) {
        Ok(reader) => reader,
        Err(calamine::XlsxError::NotAWorksheet(_)) => return Ok(None),
        Err(_) => return Err(damaged()),
    };
    let mut cells: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut count = 0_usize;
    while let Some(cell) = reader.next_cell().map_err(|_| damaged())? {
        let (row, column) = cell.get_position();
        let written = written(cell.get_value());
        if column >= COLUMNS_MAX {
            continue;
        }
        count += 1;
        if count > CELLS_MAX {
            return Err(too_large());
        }
        let row = cells.entry(row).or_default();
        let column = column as usize;
        if !written.is_empty() {
            if row.len() <= column {
                row.resize(column + 1, String::new());
            }
            row[column] = written;
        }
        if cells.len() > ROWS_MAX {
            return Err(too_many_rows());
        }
    }
    let all = cells.len();
    let rows: Vec<(u32, Vec<String>)> =
        cells.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !trimmed(cell).is_empty())).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let blank = all - rows.len();
    let headings_at =
        rows.iter().take(ABOVE_MAX).position(|(_, cells)| names_text(cells) && fields_named(cells) > 0);
    Ok(Some(Sheet { rows, headings_at, blank }))
}

/// What Excel shows, as far as it matters here.
fn written(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(words) => words.clone(),
        DataRef::SharedString(words) => (*words).to_owned(),
        DataRef::DateTimeIso(time) | DataRef::DurationIso(time) => time.clone(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => float(*number),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(time) => {
            // To the second: Excel's fractions of a day are never exact.
            let seconds = (time.as_f64() * 86_400.0).round();
            let rounded = calamine::ExcelDateTime::new(
                (seconds + 0.25) / 86_400.0,
                calamine::ExcelDateTimeType::DateTime,
                starts_in_1904(time),
            );
            let (year, month, day, hour, minute, second, _) = rounded.to_ymd_hms_milli();
            if (0.0..1.0).contains(&time.as_f64()) {
                format!("{hour:02}:{minute:02}:{second:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
            }
        }
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// The library tells only by what it makes of a day.
fn starts_in_1904(time: &calamine::ExcelDateTime) -> bool {
    let as_1900 = calamine::ExcelDateTime::new(time.as_f64(), calamine::ExcelDateTimeType::DateTime, false);
    as_1900.to_ymd_hms_milli() != time.to_ymd_hms_milli()
}

/// A number as its digits: Excel has no others beyond fifteen, and writes what it shows as 1.2E+17 in full here.
fn float(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e21 { format!("{number:.0}") } else { number.to_string() }
}

fn damaged() -> Sentence {
    Sentence::new(
        "这个 Excel 文件打不开（可能损坏，或不是 .xlsx）；请在 Excel 里打开并另存为“Excel 工作簿（.xlsx）”，再导入。",
        "this workbook cannot be opened (it may be damaged, or no .xlsx); open it in Excel, save it as an Excel workbook \
         (.xlsx), and import that.",
    )
}

fn too_large() -> Sentence {
    Sentence::new(
        "这个 Excel 文件展开后太大；请分成几个文件，或另存为 CSV UTF-8 再导入。",
        "this workbook is too large when it is unpacked; split it, or save it as CSV UTF-8.",
    )
}

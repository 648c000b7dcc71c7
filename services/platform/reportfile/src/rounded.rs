//! Ids that a spreadsheet program has changed: one id for many records, and nobody can tell which.

use crate::dress::{half_width, undressed};
use crate::field::Field;
use crate::heading::Mapping;
use crate::sentence::{Sentence, quoted};
use crate::table::Table;

/// Digits that Excel keeps.
const KEPT: usize = 15;

/// Why the file cannot be right, if its ids or its reporters' numbers were changed.
pub fn rounded(table: &Table, mapping: &Mapping) -> Option<Sentence> {
    [Field::Id, Field::Reporter].into_iter().find_map(|field| {
        let column = mapping.column(field)?;
        let values = || {
            table
                .rows
                .iter()
                .filter_map(|row| Some((row.line, row.cells.get(column)?)))
                .map(|(line, cell)| (line, half_width(undressed(cell)).trim().to_owned()))
        };
        let scientific = values().find(|(_, value)| is_scientific(value));
        let (line, value) = scientific.or_else(|| zeros(table.of_excel, values()))?;
        Some(said(field, &table.headings[column], line, &value))
    })
}

/// 2.02611E+17; ###### where a column was too narrow; and 20261122000100012.0, which has more digits than the program
/// that wrote it.
fn is_scientific(value: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let upper = value.to_ascii_uppercase();
    if let Some((mantissa, exponent)) = upper.split_once('E') {
        let (whole, fraction) =
            mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
        let signed = exponent.strip_prefix('+');
        let exponent = signed.unwrap_or(exponent);
        return whole.len() <= 3
            && digits(whole)
            && fraction.is_none_or(digits)
            && digits(exponent)
            && exponent.len() <= 3
            // 1E5 may be an id; 1.2E5 and 1E+5 are numbers.
            && (signed.is_some() || fraction.is_some());
    }
    if value.len() > 2 && value.bytes().all(|byte| byte == b'#') {
        return true;
    }
    value.strip_suffix(".0").is_some_and(|whole| whole.len() > KEPT && digits(whole))
}

/// Long ids that are all zeros behind the fifteenth digit. One of sixteen digits may end in a zero by itself; that all
/// do, or that one has three of them, is no chance.
fn zeros(of_excel: bool, values: impl Iterator<Item = (u64, String)>) -> Option<(u64, String)> {
    let mut long = 0_usize;
    let mut cut: Vec<(u64, String)> = Vec::new();
    for (line, value) in values {
        if value.len() <= KEPT || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        long += 1;
        if value[KEPT..].bytes().all(|byte| byte == b'0') {
            cut.push((line, value));
        }
    }
    let sure = cut.iter().any(|(_, value)| of_excel || value.len() >= KEPT + 3)
        || (cut.len() > 1 && cut.len() == long)
        || cut.iter().enumerate().any(|(at, (_, value))| cut[..at].iter().any(|(_, before)| before == value));
    if sure { cut.into_iter().next() } else { None }
}

fn said(field: Field, heading: &str, line: u64, value: &str) -> Sentence {
    let (heading, value) = (quoted(heading), quoted(value));
    let (zh_same, en_same) = match field {
        Field::Id => ("不同的工单会变成同一个编号", "different records would share one id"),
        _ => ("不同的人会变成同一个号码", "different people would share one number"),
    };
    Sentence::new(
        format!(
            "“{heading}”一列的长号码被表格软件改过了（第 {line} 行是 {value}），{zh_same}；请从原系统重新导出，在 Excel 里先把这一列设为“文本”格式再打开，或不经过 Excel 直接导入。"
        ),
        format!(
            "the long numbers of the column “{heading}” were changed by a spreadsheet program (line {line} has {value}), and \
             {en_same}; export the file again and import it without opening it in Excel, or give that column the format \
             “Text” before the file is opened."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Row;

    fn stops(heading: &str, values: &[&str]) -> bool {
        let mut table = Table::new(vec![heading.to_owned()], ',');
        table.rows = (2..)
            .zip(values)
            .map(|(line, value)| Row { line, cells: vec![(*value).to_owned()], ..Row::default() })
            .collect();
        let mapping = Mapping::guessed(&table.headings);
        rounded(&table, &mapping).is_some()
    }

    #[test]
    fn ids_that_excel_changed_stop_the_file() {
        assert!(stops("编号", &["A-1", "2.02611E+17"]));
        assert!(
            stops("编号", &["2E+17"])
                && stops("编号", &["2.02611e17"])
                && stops("编号", &["=\"2.02611E+17\""])
        );
        assert!(stops("编号", &["20261130000100000", "20261130000200000"]));
        assert!(stops("编号", &["202611300001000000"]));
        assert!(stops("编号", &["2026113000010000", "2026113000010000", "2026113000010001"]));
        assert!(stops("编号", &["20261130000100012.0"]));
        assert!(stops("来电号码", &["1.38E+10"]));
        assert!(stops("编号", &["2.02611E+017"]) && stops("编号", &["########"]));
    }

    #[test]
    fn ids_that_are_as_they_were_do_not() {
        assert!(!stops("编号", &["2026113000010010", "2026113000010011"]));
        assert!(!stops("编号", &["202611300001", "13800000000", "A1E5", "1E5", "E+5", "#7"]));
        assert!(!stops("编号", &["2026113000010010"]));
        assert!(!stops("内容", &["2.02611E+17"]));
    }
}

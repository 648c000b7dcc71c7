//! No row vanishes, whatever a file holds and whatever it is written as.

use proptest::prelude::*;
use reportfile::{Channel, Field, Mapping, read};

use crate::desk::{NOW, gbk, judged, utf_16};
use crate::workbook::{Cell, workbook};

/// What a desk writes into a cell, and worse.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[一-龥，。？]{0,12}",
        "[0-9A-Z\\-]{0,18}",
        "[ -~]{0,12}",
        Just("2026-11-30 08:00".to_owned()),
        Just("热线".to_owned()),
        "[\"',;\\t|=]{0,5}",
        "[一二\r\n\"]{0,6}",
        Just(String::new()),
        Just("内容".to_owned()),
    ]
}

/// Rows of two to five cells; none is empty as a whole.
fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec((cell(), cell(), prop::collection::vec(cell(), 0..3)), 0..12).prop_map(|rows| {
        rows.into_iter()
            .enumerate()
            .map(|(at, (id, text, more))| [vec![format!("N{at}{id}"), text], more].concat())
            .collect()
    })
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

fn separated(rows: &[Vec<String>], delimiter: &str) -> String {
    let line =
        |cells: &[String]| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(delimiter) + "\r\n";
    let headings = ["编号", "内容", "时间"].map(str::to_owned);
    line(&headings) + &rows.iter().map(|row| line(row)).collect::<String>()
}

fn objects(rows: &[Vec<String>]) -> Vec<String> {
    let escaped = |cell: &str| {
        let escaped =
            cell.replace('\\', "\\\\").replace('"', "\\\"").replace('\r', "\\r").replace('\n', "\\n");
        escaped.replace('\t', "\\t")
    };
    rows.iter()
        .map(|row| {
            let keys = ["编号", "内容", "时间", "更多", "更多"];
            let members: Vec<String> =
                row.iter().zip(keys).map(|(cell, key)| format!("\"{key}\":\"{}\"", escaped(cell))).collect();
            format!("{{{}}}", members.join(","))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_row_is_a_record_or_a_refusal_in_every_form(rows in rows()) {
        let sheet: Vec<Vec<Cell<'_>>> = std::iter::once(vec![Cell::Words("编号"), Cell::Words("内容"), Cell::Words("时间")])
            .chain(rows.iter().map(|row| row.iter().map(|cell| Cell::Words(cell)).collect()))
            .collect();
        let comma = separated(&rows, ",");
        let mut files = vec![
            comma.clone().into_bytes(),
            gbk(&comma),
            utf_16(&comma),
            separated(&rows, "\t").into_bytes(),
            separated(&rows, ";").into_bytes(),
            workbook(&[("工单", sheet)]),
        ];
        if !rows.is_empty() {
            files.push(objects(&rows).join("\n").into_bytes());
            files.push(format!("[{}]", objects(&rows).join(",\n")).into_bytes());
        }
        for (form, file) in files.into_iter().enumerate() {
            match judged(&file) {
                Ok(judged) => prop_assert_eq!(judged.len(), rows.len(), "form {}", form),
                // The one reason to stop that such a file can give: an id that looks rounded.
                Err(why) => prop_assert!(why.zh.contains("长号码"), "form {}: {:?}", form, why),
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic_and_each_line_is_told_of(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(table) = read(&bytes) {
            let mut columns = vec![None; table.headings.len()];
            if let Some(first) = columns.first_mut() {
                *first = Some(Field::Text);
            }
            if let Ok(judged) = table.judge(&Mapping::chosen(columns), Channel::Hotline, NOW) {
                prop_assert_eq!(judged.len(), table.rows.len());
            }
        }
    }

    #[test]
    fn a_damaged_workbook_is_read_or_stopped(at in 0_usize..4000, byte in any::<u8>()) {
        let sheet = vec![vec![Cell::Words("内容")], vec![Cell::Words("听说桥要拆")], vec![Cell::Number(3.0)]];
        let mut file = workbook(&[("工单", sheet)]);
        let at = at % file.len();
        file[at] = byte;
        let _read = judged(&file);
    }

    #[test]
    fn lines_without_marks_are_all_rows(lines in prop::collection::vec("[一-龥a-z0-9，。？ ]{0,10}[一-龥]", 1..20)) {
        let file = format!("内容\n{}\n", lines.join("\n"));
        prop_assert_eq!(judged(file).unwrap().len(), lines.len());
    }
}

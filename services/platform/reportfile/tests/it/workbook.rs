//! The smallest workbook that Excel would open, written for tests.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

/// A cell.
pub enum Cell<'a> {
    /// Words.
    Words(&'a str),
    /// A number as Excel keeps it.
    Number(f64),
    /// A day and a time, as Excel keeps them.
    Day(f64),
    /// Nothing.
    Empty,
}

/// A workbook of sheets, by their names.
pub fn workbook(sheets: &[(&str, Vec<Vec<Cell<'_>>>)]) -> Vec<u8> {
    let head = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let mut parts = vec![
        (
            "[Content_Types].xml".to_owned(),
            format!(
                r#"{head}<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#
            ),
        ),
        (
            "_rels/.rels".to_owned(),
            format!(
                r#"{head}<Relationships xmlns="{package}/relationships"><Relationship Id="r0" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/styles.xml".to_owned(),
            format!(
                r#"{head}<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#
            ),
        ),
    ];
    let mut listed = String::new();
    let mut related = format!(r#"<Relationship Id="s" Type="{relations}/styles" Target="styles.xml"/>"#);
    for (number, (name, rows)) in sheets.iter().enumerate() {
        listed += &format!(r#"<sheet name="{name}" sheetId="{}" r:id="r{number}"/>"#, number + 1);
        related += &format!(
            r#"<Relationship Id="r{number}" Type="{relations}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
        parts.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!(r#"{head}<worksheet xmlns="{main}"><sheetData>{}</sheetData></worksheet>"#, sheet(rows)),
        ));
    }
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!(
            r#"{head}<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>"#
        ),
    ));
    parts.push((
        "xl/_rels/workbook.xml.rels".to_owned(),
        format!(r#"{head}<Relationships xmlns="{package}/relationships">{related}</Relationships>"#),
    ));
    packed(&parts)
}

fn sheet(rows: &[Vec<Cell<'_>>]) -> String {
    let mut xml = String::new();
    for (row, cells) in rows.iter().enumerate() {
        xml += &format!(r#"<row r="{}">"#, row + 1);
        for (column, cell) in cells.iter().enumerate() {
            let place = format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), row + 1);
            xml += &match cell {
                Cell::Words(words) => {
                    let words = words.replace('&', "&amp;").replace('<', "&lt;");
                    format!(
                        r#"<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{words}</t></is></c>"#
                    )
                }
                Cell::Number(number) => format!(r#"<c r="{place}"><v>{number}</v></c>"#),
                Cell::Day(days) => format!(r#"<c r="{place}" s="1"><v>{days}</v></c>"#),
                Cell::Empty => String::new(),
            };
        }
        xml += "</row>";
    }
    xml
}

/// Parts in one file.
pub fn packed(parts: &[(String, String)]) -> Vec<u8> {
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        file.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }
    file.finish().unwrap().into_inner()
}

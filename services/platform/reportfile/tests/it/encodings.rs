//! F14, F15: encodings, headings typed by people, and what separates cells.

use crate::desk::{gbk, records, stopped, utf_16, words};

const LINES: [&str; 3] = ["听说东湖小学明天放假，是真的吗", "问五路车改道没有", "业主群说今晚停气😱"];

fn file(headings: &str, delimiter: &str) -> String {
    let row = |(at, text): (usize, &&str)| {
        [
            "R-00".to_owned() + &at.to_string(),
            "2026-11-30 08:00".to_owned(),
            "热线".to_owned(),
            (*text).to_owned(),
        ]
        .join(delimiter)
    };
    let rows: Vec<String> = LINES.iter().enumerate().map(row).collect();
    format!("{headings}\r\n{}\r\n", rows.join("\r\n"))
}

#[test]
fn a_file_is_read_in_whatever_encoding_it_was_saved() {
    let text = file("编号,时间,渠道,内容", ",");
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for bytes in [
        text.clone().into_bytes(),
        marked(b"\xEF\xBB\xBF", text.clone().into_bytes()),
        gbk(&text),
        utf_16(&text),
        marked(b"\xFF\xFE", utf_16(&text)),
        marked(b"\xFE\xFF", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        assert_eq!(words(bytes), LINES);
    }
}

#[test]
fn headings_are_known_however_they_were_typed() {
    for headings in [
        "id, time, channel, text",
        "ID,Time,Channel,TEXT",
        " Id ,\tTIME , Channel, Text ",
        "编号,时间,渠道,内容",
        "编号，时间，渠道，内容",
        "编号、时间、渠道、内容",
        "\"工单编号\",\"来电时间\",\"来源渠道\",\"诉求内容\"",
        "*工单编号（必填）,来电时间：,【渠道】,诉 求 内 容",
        "ｉｄ,ｔｉｍｅ,ｃｈａｎｎｅｌ,ｔｅｘｔ",
    ] {
        let read = records(file(headings, ","));
        assert_eq!(read.iter().map(|record| record.text.as_str()).collect::<Vec<_>>(), LINES, "{headings}");
        assert!(read.iter().all(|record| record.external_id.starts_with("R-00")), "{headings}");
        assert!(read.iter().all(|record| record.said_time.is_some()), "{headings}");
    }
}

#[test]
fn cells_may_be_separated_by_tabs_semicolons_or_what_the_first_line_says() {
    let headings = |delimiter: &str| ["id", "time", "channel", "text"].join(delimiter);
    for (first, delimiter) in [
        ("", "\t"),
        ("", ";"),
        ("", "|"),
        ("sep=;\r\n", ";"),
        ("SEP=,\r\n", ","),
        ("sep=\t\n", "\t"),
        ("\"sep=|\"\n", "|"),
    ] {
        assert_eq!(
            words(format!("{first}{}", file(&headings(delimiter), delimiter))),
            LINES,
            "{first:?} {delimiter:?}"
        );
    }
    let excel = [b"\xFF\xFE".to_vec(), utf_16(&file(&headings("\t"), "\t"))].concat();
    assert_eq!(words(excel), LINES);
}

#[test]
fn a_title_above_the_headings_is_passed_over_and_told() {
    let (table, judged) = crate::desk::judged_as(format!(
        "某县热线工单日报\n制表：值班室\n{}",
        file("编号,时间,渠道,内容", ",")
    ))
    .unwrap();
    assert_eq!(judged.len(), 3);
    assert!(table.notes.iter().any(|note| note.zh.contains("2 行")), "{:?}", table.notes);
    assert_eq!(judged[0].line, 4);
}

#[test]
fn a_file_that_does_not_say_where_the_words_are_is_stopped() {
    assert!(stopped("甲,乙\n1,停水\n").contains("“内容”"));
    assert!(stopped("").contains("没有内容"));
    assert!(stopped(" \r\n \r\n").contains("没有内容"));
    assert!(stopped(b"%PDF-1.7").contains("不是表格"));
    assert!(stopped(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").contains("旧版"));
    assert!(stopped("<html><table><tr><td>内容</td></tr></table>").contains("网页"));
}

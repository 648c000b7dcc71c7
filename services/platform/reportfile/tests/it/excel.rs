//! Workbooks, and what Excel does to ids (F17).

use time::macros::datetime;

use crate::desk::{judged, judged_as, records, refused, stopped, words};
use crate::workbook::Cell::{Day, Empty, Number, Words};
use crate::workbook::{Cell, packed, workbook};

fn headings<'a>() -> Vec<Cell<'a>> {
    vec![Words("工单编号"), Words("来电时间"), Words("渠道"), Words("诉求内容"), Words("来电人")]
}

#[test]
fn a_workbook_is_read_as_excel_shows_it() {
    let file = workbook(&[(
        "工单",
        vec![
            vec![Words("某县热线工单日报")],
            headings(),
            vec![
                Number(202_611_300_001.0),
                Day(46_356.333_333_333_3),
                Words("热线"),
                Words("问五路车\n改道没有"),
                Words("周某"),
            ],
            vec![Empty, Empty],
            vec![Words("Z-02"), Words("2026/11/30 8:00"), Empty, Words("听说<桥>要拆&修")],
            vec![Words("Z-03"), Number(46_356.333_333_333_3), Empty, Words("听说桥要修")],
        ],
    )]);
    let (table, judged) = judged_as(file).unwrap();
    let read: Vec<_> = judged.iter().map(|judged| judged.record.as_ref().unwrap()).collect();
    assert_eq!(judged.iter().map(|judged| judged.line).collect::<Vec<_>>(), [3, 5, 6]);
    assert_eq!(read[0].external_id, "202611300001");
    assert_eq!(read[0].text, "问五路车\n改道没有");
    assert_eq!(read[1].text, "听说<桥>要拆&修");
    assert!(read.iter().all(|record| record.said_time == Some(datetime!(2026-11-30 08:00 +8))), "{read:?}");
    assert!(table.notes.iter().any(|note| note.zh.contains("表头上面的 1 行")));
}

#[test]
fn other_sheets_are_told_and_two_of_records_stop_the_file() {
    let rows = || vec![headings(), vec![Words("1"), Empty, Empty, Words("听说桥要拆")]];
    let statistics = || vec![vec![Words("合计"), Number(1.0)]];
    let (table, judged) = judged_as(workbook(&[("统计", statistics()), ("工单", rows())])).unwrap();
    assert_eq!(judged.len(), 1);
    assert!(table.notes.iter().any(|note| note.zh.contains("“统计”")), "{:?}", table.notes);
    assert!(stopped(workbook(&[("周一", rows()), ("周二", rows())])).contains("周一、周二"));
    assert!(stopped(workbook(&[("空", vec![])])).contains("没有内容"));
}

#[test]
fn ids_that_excel_has_rounded_stop_the_file() {
    let with = |id: Cell<'static>| {
        workbook(&[("工单", vec![headings(), vec![id, Empty, Empty, Words("听说桥要拆")]])])
    };
    assert!(stopped(with(Number(202_611_300_001_000_000.0))).contains("长号码"));
    assert!(judged(with(Number(202_611_300_001.0))).is_ok());
    assert!(judged(with(Words("202611300001000100"))).is_ok());
    for ids in [
        ["2.02611E+17", "2.02611E+17"],
        ["20261130000100000", "20261130000200000"],
        ["202611300001000000", "A-2"],
    ] {
        let file = format!("编号,内容\n{},听说停水\n{},听说停电\n", ids[0], ids[1]);
        let why = stopped(file);
        assert!(why.contains("“编号”") && why.contains("第 2 行") && why.contains("文本"), "{why}");
    }
}

#[test]
fn an_id_loses_its_dress() {
    let file = "编号,内容\n\"202611300001\t\",a\n\t202611300002,b\n\"=\"\"202611300003\"\"\",c\n=\"202611300004\",d\n'202611300005,e\n202611300006.0,f\n";
    let ids: Vec<String> = records(file).into_iter().map(|record| record.external_id).collect();
    assert_eq!(ids, (1..=6).map(|number| format!("20261130000{number}")).collect::<Vec<_>>());
}

#[test]
fn a_file_that_only_calls_itself_a_workbook_is_stopped() {
    assert!(stopped(b"PK").contains("打不开"));
    assert!(stopped(b"PK\x03\x04 not really").contains("打不开"));
    assert!(stopped(packed(&[("word/document.xml".into(), "<w/>".into())])).contains("打不开"));
    let mut cut = workbook(&[("工单", vec![headings()])]);
    cut.truncate(cut.len() / 2);
    assert!(stopped(cut).contains("打不开"));
    // Half a gigabyte of nothing in half a megabyte of file.
    let bomb = packed(&[("xl/worksheets/sheet0.xml".into(), " ".repeat(600 << 20))]);
    assert!(bomb.len() < 1 << 20);
    assert!(stopped(bomb).contains("太大"));
    // A cell at the far end of the sheet costs nothing.
    let far = packed(&[]);
    assert!(stopped(far).contains("打不开"));
}

#[test]
fn a_refused_file_is_mended_and_imported_again() {
    let file = "编号,时间,内容,留言人\n202611300001000123,昨天,=HYPERLINK(\"x\"),王某\n2,,听说停电,\n3,,,\n4,,听说停水,是真的吗,李某\n";
    let (table, judged) = judged_as(file).unwrap();
    let why: Vec<_> = judged
        .iter()
        .enumerate()
        .filter_map(|(at, judged)| judged.record.clone().err().map(|why| (at, why)))
        .collect();
    assert_eq!(why.len(), 3);
    for english in [false, true] {
        let refused_file = reportfile::refused_csv(&table, &why, english);
        assert!(refused_file.starts_with('\u{feff}'));
        assert_eq!(refused_file.matches("\r\n").count(), 4);
        assert!(!refused_file.contains(",\"=") && !refused_file.contains("\"2026113"), "{refused_file}");
        // As it is, it is refused again, for the same reasons.
        let again: Vec<u64> = refused(&refused_file).into_iter().map(|(line, _)| line).collect();
        assert_eq!(again, [2, 3, 4]);
        let mended = refused_file
            .replace("昨天", "2026-11-30 08:00")
            .replace("\"3\",\"\",\"\"", "\"3\",\"\",\"听说停气\"")
            .replace("\"听说停水\",\"是真的吗\"", "\"听说停水，是真的吗\"");
        let read = records(mended);
        assert_eq!(
            read.iter().map(|record| record.text.as_str()).collect::<Vec<_>>(),
            ["=HYPERLINK(\"x\")", "听说停气", "听说停水，是真的吗"]
        );
        assert_eq!(read[0].external_id, "202611300001000123");
    }
    assert_eq!(words("编号,内容\n2,听说停电\n"), ["听说停电"]);
}

#[test]
fn a_refused_line_of_json_comes_back_as_it_was() {
    let file =
        "{\"id\":\"a\",\"text\":\"停水\",\"text\":\"停电\"}\nnot json\n{\"id\":\"b\",\"text\":\"停气\"}\n";
    let (table, judged) = judged_as(file).unwrap();
    let why: Vec<_> = judged
        .iter()
        .enumerate()
        .filter_map(|(at, judged)| judged.record.clone().err().map(|why| (at, why)))
        .collect();
    let refused_file = reportfile::refused_csv(&table, &why, false);
    assert!(refused_file.contains("not json") && refused_file.contains("停电"), "{refused_file}");
    assert_eq!(judged_as(refused_file).unwrap().1.len(), 2);
}

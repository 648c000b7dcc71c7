//! F16, F18 and rows without ids (F19).

use crate::desk::{judged, records, refused, stopped, words};

fn calls(quoted: usize) -> String {
    let row = |number: usize| {
        let mark = if number == quoted { "\"" } else { "" };
        format!("K{number:03},2026-11-30 09:0{number},热线,{mark}第{number}个电话问东湖小学放假没有,\r\n")
    };
    format!("编号,时间,渠道,内容,留言人\r\n{}", (1..=8).map(row).collect::<String>())
}

#[test]
fn a_quotation_mark_that_swallows_rows_stops_the_file_and_its_line_is_named() {
    for row in 1..=7 {
        assert!(stopped(calls(row)).contains(&format!("第 {} 行", row + 1)), "row {row}");
    }
    // A later mark that closes it hides nothing: what lies between looks like rows of this file.
    let closed = calls(2).replace("第6个电话问东湖小学放假没有,", "\"第6个,电话\",");
    assert!(stopped(closed).contains("第 3 行"));
    let mirrored = calls(2).replace("第6个电话问东湖小学放假没有,", "第6个电话\",");
    assert!(stopped(mirrored).contains("第 3 行"));
    // Words in the last column, with and without anything else to hold against.
    assert!(stopped("渠道,内容\n热线,\"听说停水\n热线,听说停电\n热线,听说停气\n").contains("第 2 行"));
    assert!(stopped("渠道,内容\n热线,\"听说停水\n热线,听说停电\n热线,听说停气\"\n").contains("第 2 行"));
    assert!(stopped("内容\n\"听说停水\n听说停电\n").contains("第 2 行"));
    assert!(stopped("内容,备注\n听说停电,\n\"听说停水,\n听说停气,a\n听说修路\",b\n").contains("第 3 行"));
}

#[test]
fn a_mark_that_swallows_nothing_is_its_own_rows_matter() {
    let last = calls(8);
    let refused = refused(&last);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, 9);
    assert_eq!(
        words("内容,渠道\n\"听说\"水厂\"爆了\",热线\n5\" 管爆了,热线\n"),
        ["听说\"水厂\"爆了", "5\" 管爆了"]
    );
}

#[test]
fn words_of_several_lines_are_one_row() {
    let file = "编号,内容,渠道\nA1,\"第一行，\n第二行, 有逗号\n\n第三行 “引号”\",热线\nA2,停电,热线\n";
    let read = judged(file).unwrap();
    assert_eq!(read.iter().map(|judged| judged.line).collect::<Vec<_>>(), [2, 6]);
    assert_eq!(read[0].record.as_ref().unwrap().text, "第一行，\n第二行, 有逗号\n\n第三行 “引号”");
}

#[test]
fn rows_may_be_shorter_and_longer_than_the_headings() {
    let file = "编号,时间,渠道,内容,留言人,出处\n\
                B1,2026-11-30 08:00,热线,问五路车改道没有,周某,业主群\n\
                B2,2026-11-30 08:05,热线,问东湖小学放假没有\n\
                B3,2026-11-30 08:09,热线,业主群说今晚停气,郑某\n\
                B4,2026-11-30 08:10,热线,听说桥要拆,吴某,业主群,,\n\
                B5,2026-11-30 08:11,热线,听说桥要修,冯某,业主群,备注,x\n";
    assert_eq!(words(file).len(), 5);
    assert_eq!(refused("编号,时间,渠道,内容\nB1\n"), [(2, "这一行没有内容；请写明网传了什么。".to_owned())]);
}

#[test]
fn words_that_a_comma_cut_are_put_together_or_the_row_says_so() {
    assert_eq!(words("编号,内容\n1,听说停水, 是真的吗,急\n"), ["听说停水, 是真的吗,急"]);
    let cut = refused("编号,内容,留言人\n1,听说停水,是真的吗,王某\n2,听说停电,王某\n");
    assert_eq!(cut.len(), 1);
    assert!(cut[0].0 == 2 && cut[0].1.contains("逗号"), "{cut:?}");
    assert_eq!(refused("编号,内容,时间\n1,听说停水,是真的吗,2026-11-30\n").len(), 1);
}

#[test]
fn a_row_without_an_id_is_known_by_what_it_says_not_by_where_it_stands() {
    let ids =
        |file: &str| -> Vec<String> { records(file).into_iter().map(|record| record.external_id).collect() };
    let yesterday = ids("渠道,内容\n热线,听说停水\n热线,听说停电\n");
    let today = ids("渠道,内容\n热线,听说修路\n热线,听说拆桥\n热线,听说停水\n");
    assert!(yesterday.iter().all(|id| !today[..2].contains(id)));
    assert_eq!(yesterday[0], today[2]);
    let file = "内容,时间,留言人,渠道,出处\n停水,2026-11-30 08:00,王某,热线,群\n\
                停水,2026-11-30 08:01,王某,热线,群\n停水,2026-11-30 08:00,李某,热线,群\n\
                停水,2026-11-30 08:00,王某,微信,群\n停水,2026-11-30 08:00,王某,热线,报\n";
    let apart: std::collections::BTreeSet<String> = ids(file).into_iter().collect();
    assert_eq!(apart.len(), 5);
    assert!(apart.iter().all(|id| id.len() <= 128));
}

#[test]
fn what_a_row_lacks_is_said_in_the_officers_words() {
    let file = format!(
        "编号,时间,渠道,内容,留言人\n1,昨天,热线,停水,\n2,,鸽子,停水,\n3,,热线,,\n4,,热线,{},\n{},,热线,停水,\n6,2030-01-01,热线,停水,\n",
        "长".repeat(20_001),
        "九".repeat(50),
    );
    let refused = refused(file);
    let lines: Vec<u64> = refused.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
    for ((_, why), says) in refused.iter().zip(["“昨天”", "“鸽子”", "没有内容", "20001 字", "编号", "在将来"])
    {
        assert!(why.contains(says), "{why}");
        assert!(why.contains('；'), "it does not say what to do: {why}");
    }
}

#[test]
fn headings_that_come_again_are_no_report() {
    let refused = refused("编号,内容\n1,停水\n编号,内容\n2,停电\n");
    assert!(refused.len() == 1 && refused[0].0 == 3 && refused[0].1.contains("表头"), "{refused:?}");
}

#[test]
fn bytes_of_another_encoding_are_their_own_rows_matter() {
    let mut file = "编号,内容,备注\n1,听说东湖小学明天放假\n2,".as_bytes().to_vec();
    file.extend_from_slice(b"\xff\xfe\xc4\n3,");
    file.extend_from_slice("问五路车改道没有,".as_bytes());
    file.extend_from_slice(b"\xff\n");
    let refused = refused(file);
    assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3]);
}

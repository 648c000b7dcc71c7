//! F20, F21: every way of writing a time, through a whole file.

use time::macros::datetime;

use crate::desk::{records, refused};

#[test]
fn each_way_of_writing_one_time_is_that_time() {
    let ways = [
        "2026-11-30 08:00:00",
        "2026-11-30 08:00",
        "2026/11/30 8:00",
        "2026年11月30日 08:00",
        "20261130080000",
        "2026-11-30 08:00:00.0",
        "2026-11-30T08:00",
        "1795996800000",
        "1795996800",
        "46356.3333333333",
        "2026-11-30T08:00:00+0800",
        "2026-11-30T08:00:00+08:00",
        "2026-11-30T00:00:00+0000",
        "2026-11-30T00:00Z",
        "2026-11-30T00:00+00:00",
        "20261130T000000Z",
        "2026-11-29T19:00:00-0500",
        "2026-11-30T00:00:00Z",
        "\t2026-11-30 08:00",
        "=\"2026-11-30 08:00\"",
        "２０２６－１１－３０ ０８：００",
    ];
    let rows: String = ways.iter().enumerate().map(|(at, way)| format!("w{at};{way};停水\n")).collect();
    for (record, way) in records(format!("id;time;text\n{rows}")).iter().zip(ways) {
        assert_eq!(record.said_time, Some(datetime!(2026-11-30 08:00 +8)), "{way}");
    }
}

#[test]
fn a_day_alone_is_its_beginning_and_a_time_may_stand_beside_it() {
    let read = records(
        "日期,时间,内容\n2026/11/30,,停水\n2026年11月30日,8:05,停水\n,2026-11-30 8:05,停水\n,,停水\n",
    );
    let times: Vec<_> = read.iter().map(|record| record.said_time).collect();
    let five_past_eight = Some(datetime!(2026-11-30 08:05 +8));
    assert_eq!(times, [Some(datetime!(2026-11-30 00:00 +8)), five_past_eight, five_past_eight, None]);
}

#[test]
fn a_time_that_cannot_be_read_refuses_its_row_and_no_other() {
    let refused =
        refused("time,text\n2026-11-30 08:00 EST,停水\n上周,停水\n03/04/2026,停水\n2026-11-30 08:00,停水\n");
    assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(refused.iter().all(|(_, why)| why.contains("看不懂") && why.contains("2026-11-22 08:00")));
}

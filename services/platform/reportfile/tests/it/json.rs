//! F22: JSON of other programs.

use time::macros::datetime;

use crate::desk::{judged, records, refused, stopped, utf_16, words};

const OBJECTS: [&str; 6] = [
    r#"{"id":"p1","text":"听说东湖小学明天放假","channel":"hotline"}"#,
    r#"{"id":202611300001000123,"text":"问五路车改道没有","channel":"hotline"}"#,
    r#"{"id":"p3","time":null,"text":"业主群说今晚停气","reporter":null}"#,
    r#"{"id":"p4","text":"听说桥要拆\ud83d"}"#,
    r#"{"id":"p5","text":"听说桥要拆\ud83d\ude31","more":{"a":[1,2]}}"#,
    r#"{"id":"p6","time":1795996800,"内容":"不用","text":"听说桥要修"}"#,
];

#[test]
fn lines_of_other_programs_are_read() {
    let read = records(OBJECTS.join("\n"));
    assert_eq!(read.len(), 6);
    assert_eq!(read[1].external_id, "202611300001000123");
    assert_eq!((read[2].said_time, read[2].reporter.as_str()), (None, ""));
    assert_eq!(read[3].text, "听说桥要拆\u{FFFD}");
    assert_eq!(read[4].text, "听说桥要拆😱");
    assert_eq!(read[5].said_time, Some(datetime!(2026-11-30 08:00 +8)));
}

#[test]
fn one_list_of_all_and_a_list_within_an_object_are_the_same() {
    let lines = words(OBJECTS.join("\n"));
    for file in [
        format!("[{}]", OBJECTS.join(",")),
        format!("[\n  {}\n]\n", OBJECTS.join(",\n  ")),
        format!("{{\"total\": 6, \"data\": [\n{}\n]}}", OBJECTS.join(",\n")),
        OBJECTS.join("\r\n\r\n"),
        OBJECTS.join(",\n"),
        OBJECTS.join("\n").replace("{\"", "{\n  \""),
    ] {
        assert_eq!(words(&file), lines, "{file}");
        assert_eq!(words(utf_16(&file)), lines);
    }
    let placed = judged(format!("[\n  {}\n]\n", OBJECTS.join(",\n  "))).unwrap();
    assert_eq!(placed.iter().map(|judged| judged.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_key_that_comes_twice_is_told_and_its_words_are_not_chosen_between() {
    let file = "{\"text\":\"停水\",\"text\":\"停电\"}\n{\"text\":\"停气\",\"text\":\"停气\"}\n{\"text\":\"修路\",\"x\":1,\"x\":2}\n";
    let refused = refused(file);
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].0 == 1 && refused[0].1.contains("“text”") && refused[0].1.contains("两次"),
        "{refused:?}"
    );
}

#[test]
fn a_broken_line_refuses_itself_alone() {
    let file = "{\"text\":\"停水\"}\n{\"text\": \"没有结尾\nnot json\n[1, 2]\n\n{\"text\":{\"zh\":\"停电\"}}\n{\"text\":\"停气\"}";
    assert_eq!(refused(file).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 6]);
    assert!(stopped("[{\"text\":\"停水\"},{\"text\":\"停").contains("第 1 行"));
}

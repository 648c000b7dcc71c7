//! What an officer does with a file.

use encoding_rs::GB18030;
use reportfile::{Channel, Judged, Mapping, Record, Sentence, Table, read};
use time::OffsetDateTime;
use time::macros::datetime;

/// When the files are imported.
pub const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 +8);

/// Reads a file and judges its rows by what its headings say.
pub fn judged(bytes: impl AsRef<[u8]>) -> Result<Vec<Judged>, Sentence> {
    judged_as(bytes).map(|(_, judged)| judged)
}

/// As [`judged`], with the table.
pub fn judged_as(bytes: impl AsRef<[u8]>) -> Result<(Table, Vec<Judged>), Sentence> {
    let table = read(bytes.as_ref())?;
    let judged = table.judge(&Mapping::guessed(&table.headings), Channel::Partner, NOW)?;
    Ok((table, judged))
}

/// The records of a file in which every row is one.
pub fn records(bytes: impl AsRef<[u8]>) -> Vec<Record> {
    judged(bytes)
        .unwrap()
        .into_iter()
        .map(|judged| judged.record.unwrap_or_else(|why| panic!("line {}: {why:?}", judged.line)))
        .collect()
}

/// The words of a file in which every row is a record.
pub fn words(bytes: impl AsRef<[u8]>) -> Vec<String> {
    records(bytes).into_iter().map(|record| record.text).collect()
}

/// Lines and reasons of the rows that are refused.
pub fn refused(bytes: impl AsRef<[u8]>) -> Vec<(u64, String)> {
    judged(bytes)
        .unwrap()
        .into_iter()
        .filter_map(|judged| judged.record.err().map(|why| (judged.line, why.zh)))
        .collect()
}

/// Why a file is stopped. Every such sentence says what to do, in both languages, in no library's words.
pub fn stopped(bytes: impl AsRef<[u8]>) -> String {
    let why = judged(bytes).map(|judged| judged.len()).unwrap_err();
    assert!(why.zh.contains('请'), "{why:?}");
    assert!(why.en.is_ascii() || !why.en.is_empty(), "{why:?}");
    for foreign in ["csv error", "serde", "utf-8 ", "xml", "zip", "panicked"] {
        assert!(!why.zh.contains(foreign) && !why.en.contains(foreign), "{why:?}");
    }
    why.zh
}

/// As Chinese Windows saves it.
pub fn gbk(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}

/// As Excel's "Unicode text".
pub fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

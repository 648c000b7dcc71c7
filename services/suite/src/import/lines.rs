//! Reads a file of reports line by line: bytes that are not UTF-8, broken JSON and missing fields are a
//! refused line, never an end.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use contracts::ingest::v1::Report;
use contracts::ingest::v1::report::Channel;
use serde::Deserialize;
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::format_description::well_known::{Iso8601, Rfc3339};

/// A line longer than this is refused without being kept.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// One line, read.
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Where it ends in the file, in bytes, for the progress bar.
    pub end: u64,
    /// The report, or why there is none.
    pub report: Result<Report, String>,
}

/// The fields of a line; unknown ones are ignored, because exports of other systems carry many.
#[derive(Deserialize)]
struct Fields {
    text: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    reporter: String,
    #[serde(default)]
    seen_at: String,
    #[serde(default)]
    answer_account: String,
}

/// Opens a `.jsonl` or `.csv` file.
pub fn open(file: &Path) -> anyhow::Result<Box<dyn Iterator<Item = Line> + Send>> {
    let opened = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
    let source = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl" | "ndjson") => {
            Ok(Box::new(JsonLines { reader: BufReader::new(opened), source, number: 0, end: 0 }))
        }
        Some("csv") => Ok(Box::new(csv_lines(opened, source))),
        _ => bail!("{}: only .jsonl and .csv files can be imported", file.display()),
    }
}

struct JsonLines {
    reader: BufReader<File>,
    source: String,
    number: u64,
    end: u64,
}

impl Iterator for JsonLines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let mut bytes = Vec::new();
            let read = std::io::Read::take(&mut self.reader, LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
            self.number += 1;
            let report = match read {
                Ok(0) => return None,
                Ok(_) if bytes.len() as u64 == LINE_BYTES_MAX && bytes.last() != Some(&b'\n') => {
                    self.end += skip_line(&mut self.reader);
                    Err("行太长（超过 1 MB） The line is longer than 1 MB.".to_owned())
                }
                Ok(_) if bytes.iter().all(u8::is_ascii_whitespace) => {
                    self.end += bytes.len() as u64;
                    continue;
                }
                Ok(_) => parse(&bytes, &self.source, self.number),
                Err(error) => Err(format!("读取失败 could not be read: {error}")),
            };
            self.end += bytes.len() as u64;
            return Some(Line { number: self.number, end: self.end, report });
        }
    }
}

/// Passes over the rest of a line; says how many bytes it had.
fn skip_line(reader: &mut BufReader<File>) -> u64 {
    let mut skipped = 0;
    while let Ok(buffer) = reader.fill_buf() {
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let length = newline.map_or(buffer.len(), |at| at + 1);
        reader.consume(length);
        skipped += length as u64;
        if newline.is_some() || length == 0 {
            break;
        }
    }
    skipped
}

fn parse(bytes: &[u8], source: &str, number: u64) -> Result<Report, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "不是 UTF-8 编码 The line is not UTF-8.".to_owned())?;
    let fields: Fields = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        format!("不是有效的 JSON 对象，或缺少 text Not a JSON object with a text: {error}")
    })?;
    report(fields, source, number)
}

fn csv_lines(file: File, source: String) -> impl Iterator<Item = Line> + Send {
    let reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let mut rows = reader.into_deserialize::<Fields>();
    std::iter::from_fn(move || {
        let row = rows.next()?;
        let position = rows.reader().position();
        let (number, end) = (position.line().saturating_sub(1).max(1), position.byte());
        let report = row
            .map_err(|error| format!("不是有效的 CSV 行，或缺少 text Not a CSV row with a text: {error}"))
            .and_then(|fields| report(fields, &source, number));
        Some(Line { number, end, report })
    })
}

fn report(fields: Fields, source: &str, number: u64) -> Result<Report, String> {
    let channel = match fields.channel.as_str() {
        "" | "partner" => Channel::Partner,
        "hotline" => Channel::Hotline,
        "microblog" => Channel::Microblog,
        "wechat" => Channel::Wechat,
        other => {
            return Err(format!(
                "channel “{other}” 无效：可用 wechat、microblog、hotline、partner channel must be one of these"
            ));
        }
    };
    let said_time = if fields.time.is_empty() { None } else { Some(instant(&fields.time)?) };
    Ok(Report {
        text: fields.text,
        channel: channel.into(),
        external_id: if fields.id.is_empty() { format!("{source}:{number}") } else { fields.id },
        reporter: fields.reporter,
        said_time: said_time.map(grpc::timestamp),
        seen_at: fields.seen_at,
        answer_account: fields.answer_account,
    })
}

/// RFC 3339, or without an offset as Beijing time, which is what exports here mean.
fn instant(text: &str) -> Result<OffsetDateTime, String> {
    if let Ok(instant) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(instant);
    }
    let beijing = time::UtcOffset::from_hms(8, 0, 0).map_err(|error| error.to_string())?;
    PrimitiveDateTime::parse(text, &Iso8601::DEFAULT)
        .map(|local| local.assume_offset(beijing))
        .map_err(|_| format!("time “{text}” 无法识别：如 2026-11-22T08:00:00+08:00 time must be RFC 3339"))
}

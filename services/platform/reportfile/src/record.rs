//! What a row reports, or why it does not.

use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::dress::{half_width, trimmed, undressed, unguarded};
use crate::field::{Channel, Field};
use crate::heading::{Mapping, is_added};
use crate::rounded::rounded;
use crate::sentence::{Sentence, quoted};
use crate::table::{Row, Table};
use crate::when::{self, When};

/// The contract's limits: what is over them is told before anything is sent.
const TEXT_CHARACTERS_MAX: usize = 20_000;
const ID_BYTES_MAX: usize = 128;
const SEEN_AT_CHARACTERS_MAX: usize = 200;
/// How far ahead of ours a desk's clock may be.
const AHEAD_MAX: Duration = Duration::DAY;
/// Characters of a name or a place; longer ones are a sentence that a comma cut off.
const NAME_CHARACTERS_MAX: usize = 20;

/// What a row reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The words.
    pub text: String,
    /// How it came in.
    pub channel: Channel,
    /// By which it is known again: the desk's own id, or one made of everything that the row says.
    pub external_id: String,
    /// Who said it; empty when unknown.
    pub reporter: String,
    /// When it was said.
    pub said_time: Option<OffsetDateTime>,
    /// Where it was seen.
    pub seen_at: String,
    /// The account that can answer.
    pub answer_account: String,
}

/// A row, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its line.
    pub line: u64,
    /// What it reports, or why not.
    pub record: Result<Record, Sentence>,
}

impl Table {
    /// Judges every row, in order. `channel` is how a row came in that does not say so.
    ///
    /// # Errors
    /// When the file as a whole cannot be right with these columns.
    pub fn judge(
        &self,
        mapping: &Mapping,
        channel: Channel,
        now: OffsetDateTime,
    ) -> Result<Vec<Judged>, Sentence> {
        if mapping.column(Field::Text).is_none() {
            return Err(no_words(&self.headings));
        }
        if let Some(said) = rounded(self, mapping) {
            return Err(said);
        }
        let judge = Judge { table: self, mapping, channel, now };
        Ok(self.rows.iter().map(|row| Judged { line: row.line, record: judge.record(row) }).collect())
    }
}

fn no_words(headings: &[String]) -> Sentence {
    let found: Vec<String> = headings
        .iter()
        .filter(|heading| !is_added(heading))
        .take(12)
        .map(|heading| quoted(heading))
        .collect();
    Sentence::new(
        format!(
            "第一行里没有“内容”这一列（看到的是：{}）；请把写有来电内容的那一列的表头改为“内容”，再导入。",
            found.join("、")
        ),
        format!(
            "no column is called “text” (there are: {}); call the column with the caller's words “text” and import again.",
            found.join(", ")
        ),
    )
}

struct Judge<'a> {
    table: &'a Table,
    mapping: &'a Mapping,
    channel: Channel,
    now: OffsetDateTime,
}

impl Judge<'_> {
    fn record(&self, row: &Row) -> Result<Record, Sentence> {
        let used = |column: usize| self.mapping.columns().get(column).is_some_and(Option::is_some);
        if let Some(fault) = row.faults.iter().find(|fault| fault.column.is_none_or(used)) {
            return Err(fault.says.clone());
        }
        if self.repeats_headings(row) {
            return Err(Sentence::new(
                "这一行又是表头，不是记录；请删去。",
                "this row repeats the headings and is no record; delete it.",
            ));
        }
        let text = self.text(row)?;
        let cell = |field: Field| self.mapping.column(field).and_then(|column| row.cells.get(column));
        let value = |field: Field| cell(field).map_or("", |cell| undressed(cell));
        let channel = match value(Field::Channel) {
            "" => self.channel,
            written => Channel::written(written).ok_or_else(|| unknown_channel(written))?,
        };
        let said_time = self.said_time(value(Field::Time), value(Field::Date))?;
        let reporter = limited(Field::Reporter, value(Field::Reporter))?;
        let id = limited(Field::Id, &without_fraction(value(Field::Id)))?;
        let answer_account = value(Field::AnswerAccount).to_owned();
        if !answer_account.is_empty() && reporter.is_empty() {
            return Err(Sentence::new(
                "填了答复账号就要填写留言人，否则不知道答复谁。",
                "an answer account needs a reporter: without one there is nobody to answer.",
            ));
        }
        let seen_at = cell(Field::SeenAt).map_or("", |cell| unguarded(cell)).to_owned();
        if seen_at.chars().count() > SEEN_AT_CHARACTERS_MAX {
            return Err(Sentence::new(
                format!("出处超过 {SEEN_AT_CHARACTERS_MAX} 字；请缩短。"),
                format!("the place is over {SEEN_AT_CHARACTERS_MAX} characters; shorten it."),
            ));
        }
        let mut record =
            Record { text, channel, external_id: id, reporter, said_time, seen_at, answer_account };
        if record.external_id.is_empty() {
            record.external_id = identity(&record);
        }
        Ok(record)
    }

    /// True where several exports were put behind each other with their headings.
    fn repeats_headings(&self, row: &Row) -> bool {
        let headings = &self.table.headings;
        headings.len() > 1
            && row.cells.len() == headings.len()
            && row.cells.iter().zip(headings).all(|(cell, heading)| trimmed(cell) == heading)
    }

    /// The words. A comma in words that nobody quoted cuts them: where the words are the last column they are put
    /// together again, and elsewhere the row is refused rather than taken without its end.
    fn text(&self, row: &Row) -> Result<String, Sentence> {
        let column = self.mapping.column(Field::Text).unwrap_or_default();
        let expected = self.table.headings.len();
        let more = row.cells.get(expected..).unwrap_or_default();
        let has_more = more.iter().any(|cell| !trimmed(cell).is_empty());
        let mut text = unguarded(row.cells.get(column).map_or("", String::as_str)).to_owned();
        if has_more && column + 1 == expected {
            for cell in more {
                text.push(self.table.delimiter);
                text.push_str(cell);
            }
            text = trimmed(&text).to_owned();
        } else if has_more && self.is_shifted(row, column) {
            return Err(Sentence::new(
                format!(
                    "这一行比表头多 {} 格，多半是内容里的逗号把一句话切开了；请给内容加上英文双引号，或删去多余的逗号。",
                    more.len()
                ),
                format!(
                    "this row has {} cells more than there are headings, probably because of a comma in the words; put the \
                     words into quotation marks, or remove the comma.",
                    more.len()
                ),
            ));
        }
        if text.is_empty() {
            return Err(Sentence::new(
                "这一行没有内容；请写明网传了什么。",
                "this row has no words; write what is being said.",
            ));
        }
        let characters = text.chars().count();
        if characters > TEXT_CHARACTERS_MAX {
            return Err(Sentence::new(
                format!(
                    "内容有 {characters} 字，超过上限 {TEXT_CHARACTERS_MAX} 字；请只保留网传内容，或分成几行。"
                ),
                format!(
                    "the words have {characters} characters, over the limit of {TEXT_CHARACTERS_MAX}; keep what is being \
                     said, or split it into rows."
                ),
            ));
        }
        Ok(text)
    }

    /// True where what stands behind the words is not what its headings say.
    fn is_shifted(&self, row: &Row, text: usize) -> bool {
        let expected = self.table.headings.len();
        let mut behind = self.mapping.columns().iter().enumerate().skip(text + 1);
        let names_fit = behind.all(|(column, field)| {
            let cell = row.cells.get(column).map_or("", |cell| trimmed(cell));
            match field {
                Some(Field::Time | Field::Date) => cell.is_empty() || when::read(cell).is_some(),
                Some(Field::Channel) => cell.is_empty() || Channel::written(cell).is_some(),
                _ => !is_sentence(cell),
            }
        });
        let more_fit = row.cells[expected..].iter().all(|cell| !is_sentence(trimmed(cell)));
        !names_fit || !more_fit
    }

    fn said_time(&self, time: &str, date: &str) -> Result<Option<OffsetDateTime>, Sentence> {
        let day =
            if date.is_empty() { None } else { Some(when::read(date).ok_or_else(|| unreadable(date))?) };
        let said = match (time, day) {
            ("", None) => return Ok(None),
            ("", Some(When::Instant(day))) => day,
            ("", Some(When::TimeOfDay(_))) => return Err(unreadable(date)),
            (written, day) => match (when::read(written), day) {
                (Some(When::Instant(instant)), _) => instant,
                (Some(When::TimeOfDay(time)), Some(When::Instant(day))) => when::joined(day, time),
                _ => return Err(unreadable(written)),
            },
        };
        if said > self.now + AHEAD_MAX {
            let written = quoted(if time.is_empty() { date } else { time });
            return Err(Sentence::new(
                format!("时间“{written}”在将来；请核对，不知道就留空。"),
                format!("the time “{written}” lies in the future; correct it, or leave it empty."),
            ));
        }
        Ok(Some(said))
    }
}

/// Words of more than a name.
fn is_sentence(cell: &str) -> bool {
    cell.chars().count() > NAME_CHARACTERS_MAX
        || cell.contains(['？', '！', '。', '，', '；', '?', '!', '吗', '呢', '了', '说', '请'])
}

fn unreadable(written: &str) -> Sentence {
    let written = quoted(written);
    Sentence::new(
        format!(
            "时间“{written}”看不懂；请写成 2026-11-22 08:00 的样子（不写时区就是北京时间），不知道就留空。"
        ),
        format!(
            "the time “{written}” cannot be read; write it as 2026-11-22 08:00 (Beijing time without a zone), or leave it \
             empty."
        ),
    )
}

fn unknown_channel(written: &str) -> Sentence {
    let written = quoted(written);
    Sentence::new(
        format!("渠道“{written}”不认识；可以写 热线、微信、微博、合作单位，或留空。"),
        format!(
            "the channel “{written}” is not known; write hotline, wechat, microblog or partner, or leave it empty."
        ),
    )
}

fn limited(field: Field, value: &str) -> Result<String, Sentence> {
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.len() > ID_BYTES_MAX {
        let (zh, en) = (field.zh(), field.code());
        return Err(Sentence::new(
            format!("{zh}太长（超过 {ID_BYTES_MAX} 字节）；请缩短。"),
            format!("{en} is over {ID_BYTES_MAX} bytes; shorten it."),
        ));
    }
    Ok(value)
}

/// 202611220001.0 is how programs write a number that they took an id for.
fn without_fraction(id: &str) -> String {
    let plain = half_width(id);
    match plain.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) => {
            whole.to_owned()
        }
        _ => id.to_owned(),
    }
}

/// By which a row without an id is known again: everything that it says, never where it stands. The same words of the
/// same person at the same time are the same report, in whichever file.
fn identity(record: &Record) -> String {
    let seconds = record.said_time.map(|said| said.unix_timestamp().to_string()).unwrap_or_default();
    let parts = [
        record.channel.code(),
        &record.text,
        &seconds,
        &record.reporter,
        &record.seen_at,
        &record.answer_account,
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("content:{}", hex::encode(hash.finalize()))
}

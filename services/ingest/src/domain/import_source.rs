//! Where files of reports come from, and what the columns of its files hold.

use serde::{Deserialize, Serialize};

use crate::domain::report::{Channel, FieldError, clean};

/// Characters of a name at most.
const NAME_CHARACTERS_MAX: usize = 40;
/// Characters of a heading at most.
const HEADING_CHARACTERS_MAX: usize = 200;
/// Columns at most.
const COLUMNS_MAX: usize = 500;
/// What a column can hold; empty: it is not used.
const FIELDS: [&str; 9] =
    ["", "text", "id", "time", "date", "channel", "reporter", "seen_at", "answer_account"];

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What officers call it.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How a report came in that does not say so.
    pub channel: Channel,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// What it holds.
    pub field: String,
}

impl Source {
    /// Checks what somebody said of a source.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn checked(name: &str, columns: Vec<Column>, channel: Option<Channel>) -> Result<Self, FieldError> {
        let wrong = |field: &'static str, zh: String, en: String| FieldError { field, zh, en };
        let name = clean(name).replace('\n', " ").trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(wrong(
                "name",
                format!("请给来源起一个 1 到 {NAME_CHARACTERS_MAX} 字的名字，例如 12345热线。"),
                format!("give the source a name of 1 to {NAME_CHARACTERS_MAX} characters, such as 12345."),
            ));
        }
        let channel = channel.ok_or_else(|| {
            wrong(
                "channel",
                "请选择渠道。".to_owned(),
                "channel is not stated or unknown; choose one.".to_owned(),
            )
        })?;
        if columns.len() > COLUMNS_MAX {
            return Err(wrong(
                "columns",
                format!("列数超过 {COLUMNS_MAX}；请删去不用的列。"),
                format!("there are more than {COLUMNS_MAX} columns; remove those that are not used."),
            ));
        }
        for column in &columns {
            if column.heading.chars().count() > HEADING_CHARACTERS_MAX || column.heading.contains('\0') {
                return Err(wrong(
                    "columns",
                    format!("有一列的表头超过 {HEADING_CHARACTERS_MAX} 字；请缩短。"),
                    format!("a heading is over {HEADING_CHARACTERS_MAX} characters; shorten it."),
                ));
            }
            if !FIELDS.contains(&column.field.as_str()) {
                return Err(wrong(
                    "columns",
                    "有一列的含义无法识别；请重新选择。".to_owned(),
                    "a column holds something unknown; choose again.".to_owned(),
                ));
            }
        }
        Ok(Self { name, columns, channel })
    }
}

//! A file that is looked at, and one that was imported.

use reportfile::{Channel, Field, Import, Judged, Sentence, Table};

use crate::language::{Language, Words, fill};
use crate::pages::import_state::{Progress, Wanted, fingerprint};
use crate::problem::Problem;
use crate::show;

/// Rows that are shown before they are imported.
const SHOWN: usize = 20;
/// Refused rows that are shown.
const REFUSED_SHOWN: usize = 100;
/// Characters of a row's words that are shown.
const WORDS_SHOWN: usize = 200;
/// Columns that can be chosen for.
const COLUMNS_SHOWN: usize = 100;

/// What a file is.
pub(crate) struct PreviewView {
    /// For which headings the columns are chosen.
    pub headings: String,
    pub source: String,
    pub columns: Vec<ColumnView>,
    pub channels: Vec<ChoiceView>,
    /// Why nothing of it can be taken with these columns.
    pub stopped: Option<String>,
    pub notes: Vec<String>,
    pub good: usize,
    pub refused: usize,
    pub counts: String,
    pub button: String,
    pub rows: Vec<RowView>,
    pub refusals: Vec<RefusalView>,
    pub more_refusals: Option<String>,
}

/// A column.
pub(crate) struct ColumnView {
    pub name: String,
    pub heading: String,
    /// What stands in it first.
    pub example: String,
    pub choices: Vec<ChoiceView>,
}

/// Something that can be chosen.
pub(crate) struct ChoiceView {
    pub code: &'static str,
    pub text: &'static str,
    pub chosen: bool,
}

/// A row as it will be imported.
pub(crate) struct RowView {
    pub line: String,
    pub text: String,
    pub about: String,
    pub refused: Option<String>,
}

/// A row that is not taken.
pub(crate) struct RefusalView {
    pub line: u64,
    pub place: String,
    pub why: String,
}

/// What became of a file.
pub(crate) struct ImportedView {
    pub rows: usize,
    pub done: usize,
    pub accepted: u64,
    pub duplicate: usize,
    pub refused: usize,
    pub state: String,
    pub finished: bool,
    pub progress: String,
    pub counts: String,
    pub duplicates: Option<String>,
    pub notes: Vec<String>,
    pub refusals: Vec<RefusalView>,
    pub more_refusals: Option<String>,
    pub problem: Option<Problem>,
    /// What the next request must say again.
    pub kept: Vec<KeptField>,
}

/// A field that the page carries along.
pub(crate) struct KeptField {
    pub name: String,
    pub value: String,
}

fn said(sentence: &Sentence, language: Language) -> String {
    match language {
        Language::Chinese => sentence.zh.clone(),
        Language::English => sentence.en.clone(),
    }
}

fn fields(words: &'static Words) -> [(Field, &'static str); 8] {
    [
        (Field::Text, words.import_field_text),
        (Field::Id, words.import_field_id),
        (Field::Time, words.import_field_time),
        (Field::Date, words.import_field_date),
        (Field::Channel, words.channel),
        (Field::Reporter, words.import_field_reporter),
        (Field::SeenAt, words.import_field_seen_at),
        (Field::AnswerAccount, words.import_field_account),
    ]
}

fn channel(channel: Channel, words: &'static Words) -> &'static str {
    match channel {
        Channel::Wechat => words.channel_wechat,
        Channel::Microblog => words.channel_weibo,
        Channel::Hotline => words.import_channel_hotline,
        Channel::Partner => words.import_channel_partner,
    }
}

fn clipped(text: &str) -> String {
    let mut short: String = text.chars().take(WORDS_SHOWN).collect();
    if text.chars().nth(WORDS_SHOWN).is_some() {
        short.push('…');
    }
    short
}

fn refusals<'a>(refused: impl Iterator<Item = (u64, &'a Sentence)>, language: Language) -> Vec<RefusalView> {
    refused
        .take(REFUSED_SHOWN)
        .map(|(line, why)| RefusalView {
            line,
            place: fill(language.words().import_line, line),
            why: said(why, language),
        })
        .collect()
}

fn more_refusals(refused: usize, words: &'static Words) -> Option<String> {
    (refused > REFUSED_SHOWN).then(|| fill(words.import_more_refused, refused - REFUSED_SHOWN))
}

impl PreviewView {
    pub(crate) fn of(
        table: &Table,
        wanted: &Wanted,
        judged: &Result<Vec<Judged>, Sentence>,
        language: Language,
    ) -> Self {
        let words = language.words();
        let mapping = wanted.mapping(&table.headings);
        let columns = table
            .headings
            .iter()
            .zip(mapping.columns())
            .take(COLUMNS_SHOWN)
            .enumerate()
            .map(|(at, (heading, field))| ColumnView {
                name: format!("column_{at}"),
                heading: if heading.is_empty() { fill(words.import_column, at + 1) } else { heading.clone() },
                example: table
                    .rows
                    .iter()
                    .filter_map(|row| row.cells.get(at))
                    .find(|cell| !cell.trim().is_empty())
                    .map(|cell| cell.chars().take(30).collect())
                    .unwrap_or_default(),
                choices: std::iter::once(ChoiceView {
                    code: "",
                    text: words.import_field_none,
                    chosen: field.is_none(),
                })
                .chain(fields(words).into_iter().map(|(known, text)| ChoiceView {
                    code: known.code(),
                    text,
                    chosen: *field == Some(known),
                }))
                .collect(),
            })
            .collect();
        let channels = Channel::ALL
            .into_iter()
            .map(|known| ChoiceView {
                code: known.code(),
                text: channel(known, words),
                chosen: known == wanted.channel,
            })
            .collect();
        let empty = Vec::new();
        let rows = judged.as_ref().unwrap_or(&empty);
        let refused = rows.iter().filter(|judged| judged.record.is_err()).count();
        let good = rows.len() - refused;
        Self {
            headings: fingerprint(&table.headings),
            source: wanted.source.clone(),
            columns,
            channels,
            stopped: judged.as_ref().err().map(|why| said(why, language)),
            notes: table.notes.iter().map(|note| said(note, language)).collect(),
            good,
            refused,
            counts: fill(&fill(&fill(words.import_will, rows.len()), good), refused),
            button: fill(words.import_start, good),
            rows: rows.iter().take(SHOWN).map(|row| row_view(row, language)).collect(),
            refusals: refusals(
                rows.iter().filter_map(|row| row.record.as_ref().err().map(|why| (row.line, why))),
                language,
            ),
            more_refusals: more_refusals(refused, words),
        }
    }
}

fn row_view(row: &Judged, language: Language) -> RowView {
    let words = language.words();
    let line = fill(words.import_line, row.line);
    match &row.record {
        Err(why) => {
            RowView { line, text: String::new(), about: String::new(), refused: Some(said(why, language)) }
        }
        Ok(record) => {
            let parts = [
                record.said_time.map(show::second_of).unwrap_or_default(),
                channel(record.channel, words).to_owned(),
                record.reporter.clone(),
                record.seen_at.clone(),
            ];
            let about: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            RowView { line, text: clipped(&record.text), about: about.join(" · "), refused: None }
        }
    }
}

impl ImportedView {
    pub(crate) fn of(import: &Import, wanted: &Wanted, problem: Option<Problem>, language: Language) -> Self {
        let words = language.words();
        let tally = import.tally();
        let refused = tally.refused.len();
        let duplicate = tally.duplicate.len();
        let counted = [import.rows() as u64, tally.accepted, duplicate as u64, refused as u64];
        let lines: Vec<String> =
            tally.duplicate.iter().take(SHOWN).map(|at| import.line(*at).to_string()).collect();
        Self {
            rows: import.rows(),
            done: import.done(),
            accepted: tally.accepted,
            duplicate,
            refused,
            state: Progress::written(import),
            finished: import.is_done(),
            progress: fill(&fill(words.import_progress, import.done()), import.rows()),
            counts: counted
                .into_iter()
                .fold(words.import_counts.to_owned(), |text, count| fill(&text, count)),
            duplicates: (duplicate > 0).then(|| {
                let more = if duplicate > SHOWN { "…" } else { "" };
                fill(words.import_duplicates, format!("{}{more}", lines.join("、")))
            }),
            notes: import.table().notes.iter().map(|note| said(note, language)).collect(),
            refusals: refusals(tally.refused.iter().map(|(at, why)| (import.line(*at), why)), language),
            more_refusals: more_refusals(refused, words),
            problem,
            kept: wanted.kept(&import.table().headings),
        }
    }
}

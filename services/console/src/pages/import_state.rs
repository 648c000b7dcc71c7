//! What a form of an import says: which source, what each column holds, and how far it has come.

use contracts::ingest::v1 as pb;
use contracts::ingest::v1::report::Channel as Wire;
use reportfile::{Channel, Field, Import, Judged, Mapping, Sentence, Table, Tally, same_heading};
use serde::{Deserialize, Serialize};

use super::import::Source;
use crate::upload::Uploaded;
use crate::views::KeptField;

/// Columns of a file at most.
const COLUMNS_MAX: usize = 500;

/// What somebody wants of a file.
pub(crate) struct Wanted {
    /// What the source is called; empty where nothing is to be remembered.
    pub source: String,
    /// How a row came in that does not say so.
    pub channel: Channel,
    /// What each column holds, where somebody looked at them.
    chosen: Option<Vec<Option<Field>>>,
    /// The headings that they were chosen for.
    headings: String,
    /// What was said of this source's columns before.
    known: Vec<(String, Option<Field>)>,
}

impl Wanted {
    pub(super) fn of(form: &Uploaded, sources: &[Source]) -> Self {
        let source = form.field("source").trim().to_owned();
        let before = sources.iter().find(|known| known.name == source);
        // Columns chosen for one source are not those of another that was typed since.
        let is_chosen = form.has("headings") && form.field("chosen_for") == source;
        let chosen = is_chosen.then(|| {
            (0..COLUMNS_MAX)
                .map(|column| format!("column_{column}"))
                .take_while(|name| form.has(name))
                .map(|name| Field::named(form.field(&name)))
                .collect()
        });
        let channel = is_chosen.then(|| Channel::named(form.field("channel"))).flatten();
        Self {
            channel: channel.or(before.map(|known| known.channel)).unwrap_or(Channel::Hotline),
            known: before.map(|known| known.columns.clone()).unwrap_or_default(),
            chosen,
            headings: form.field("headings").to_owned(),
            source,
        }
    }

    /// True where somebody looked at the columns.
    pub(super) fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// True where the columns were chosen for these headings.
    pub(super) fn fits(&self, headings: &[String]) -> bool {
        self.headings == fingerprint(headings)
    }

    /// What each column holds.
    pub(crate) fn mapping(&self, headings: &[String]) -> Mapping {
        match &self.chosen {
            Some(chosen) if self.fits(headings) && chosen.len() == headings.len().min(COLUMNS_MAX) => {
                Mapping::chosen(chosen.clone())
            }
            _ => Mapping::remembered(headings, &self.known),
        }
    }

    /// What a form says again to mean the same.
    pub(crate) fn kept(&self, headings: &[String]) -> Vec<KeptField> {
        let mut kept = vec![
            ("headings".to_owned(), fingerprint(headings)),
            ("chosen_for".to_owned(), self.source.clone()),
            ("channel".to_owned(), self.channel.code().to_owned()),
        ];
        let mapping = self.mapping(headings);
        kept.extend(mapping.columns().iter().take(COLUMNS_MAX).enumerate().map(|(column, field)| {
            (format!("column_{column}"), field.map(Field::code).unwrap_or_default().to_owned())
        }));
        kept.into_iter().map(|(name, value)| KeptField { name, value }).collect()
    }

    pub(super) fn to_wire(&self, headings: &[String]) -> pb::ImportSource {
        let mapping = self.mapping(headings);
        let columns = headings
            .iter()
            .zip(mapping.columns())
            .filter(|(heading, _)| !same_heading(heading).is_empty())
            .map(|(heading, field)| pb::import_source::Column {
                heading: heading.chars().take(200).collect(),
                field: field.map(Field::code).unwrap_or_default().to_owned(),
            })
            .collect();
        let channel = match self.channel {
            Channel::Wechat => Wire::Wechat,
            Channel::Microblog => Wire::Microblog,
            Channel::Hotline => Wire::Hotline,
            Channel::Partner => Wire::Partner,
        };
        pb::ImportSource { name: self.source.clone(), columns, channel: channel.into(), ..Default::default() }
    }
}

/// A source as ingest tells of it.
pub(super) fn of_wire(source: pb::ImportSource) -> Source {
    let channel = match source.channel() {
        Wire::Wechat => Channel::Wechat,
        Wire::Microblog => Channel::Microblog,
        Wire::Partner => Channel::Partner,
        Wire::Hotline | Wire::Unspecified => Channel::Hotline,
    };
    let columns =
        source.columns.into_iter().map(|column| (column.heading, Field::named(&column.field))).collect();
    Source { name: source.name, columns, channel }
}

/// By which headings are known again.
pub(crate) fn fingerprint(headings: &[String]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for heading in headings {
        hash.update((heading.len() as u64).to_be_bytes());
        hash.update(heading.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// How far an import has come, as the browser carries it from one request to the next. It decides nothing but what this
/// page counts: rows are known to ingest, which takes none twice.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// The next row.
    pub next: usize,
    accepted: u64,
    conflicting: u64,
    duplicate: Vec<usize>,
    /// Rows that ingest refused, with why in both languages; what the file itself shows is found again.
    refused: Vec<(usize, String, String)>,
}

impl Progress {
    /// Reads the field; what is none is a beginning.
    pub(super) fn read(field: &str) -> Self {
        serde_json::from_str(field).unwrap_or_default()
    }

    /// The field for what has come of an import.
    pub(crate) fn written(import: &Import) -> String {
        let tally = import.tally();
        let by_ingest = |(at, why): &(usize, Sentence)| {
            import.is_record(*at).then(|| (*at, why.zh.clone(), why.en.clone()))
        };
        let progress = Self {
            next: import.done(),
            accepted: tally.accepted,
            conflicting: tally.conflicting,
            duplicate: tally.duplicate.clone(),
            refused: tally.refused.iter().filter_map(by_ingest).collect(),
        };
        serde_json::to_string(&progress).unwrap_or_default()
    }

    /// Goes on with the same file.
    pub(super) fn resume(self, table: Table, judged: Vec<Judged>) -> Import {
        let next = self.next.min(judged.len());
        let told = self.refused.into_iter().map(|(at, zh, en)| (at, Sentence::new(zh, en)));
        let seen = judged[..next]
            .iter()
            .enumerate()
            .filter_map(|(at, judged)| judged.record.as_ref().err().map(|why| (at, why.clone())));
        let mut refused: Vec<(usize, Sentence)> = told.filter(|(at, _)| *at < next).chain(seen).collect();
        refused.sort_by_key(|(at, _)| *at);
        refused.dedup_by_key(|(at, _)| *at);
        let tally = Tally {
            accepted: self.accepted,
            duplicate: self.duplicate,
            refused,
            conflicting: self.conflicting,
        };
        Import::resumed(table, judged, next, tally)
    }
}

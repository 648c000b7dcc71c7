//! A file on its way into ingest: which rows go next, and what became of each.
//!
//! Every row is counted once: as accepted, as a duplicate, or as refused with a sentence. This makes no call; who does
//! gives the rows of [`Import::next_rows`] to ingest and its answer to [`Import::hear`]. When a call fails, the same rows
//! are given again, here or from the beginning in another run: ingest knows each row by its id or by what it says.

use contracts::ingest::v1 as pb;
use contracts::ingest::v1::import_reports_response::line_outcome::Outcome;

use crate::field::Channel;
use crate::record::{Judged, Record};
use crate::refused::refused_csv;
use crate::sentence::Sentence;
use crate::table::Table;

/// Rows of a call at most: ingest tells of so many what became of them.
pub const ROWS_PER_CALL: usize = 4_000;

/// A file's rows and what has become of them so far.
pub struct Import {
    table: Table,
    judged: Vec<Judged>,
    next: usize,
    tally: Tally,
}

/// What has become of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that are durable now for the first time.
    pub accepted: u64,
    /// Places in the table of rows that were durable before, or stand twice in the file.
    pub duplicate: Vec<usize>,
    /// Rows that are not kept, by their place in the table, with why.
    pub refused: Vec<(usize, Sentence)>,
    /// How many of the refused ones bear an id that other words have.
    pub conflicting: u64,
}

impl Tally {
    /// Rows that it tells of.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.accepted + self.duplicate.len() as u64 + self.refused.len() as u64
    }
}

/// Ingest did not say what became of every row that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold;

impl Import {
    /// Begins with the first row.
    #[must_use]
    pub fn new(table: Table, judged: Vec<Judged>) -> Self {
        Self::resumed(table, judged, 0, Tally::default())
    }

    /// Goes on at a row, with what became of those before it.
    #[must_use]
    pub fn resumed(table: Table, judged: Vec<Judged>, next: usize, tally: Tally) -> Self {
        Self { table, judged, next, tally }
    }

    /// The next rows for ingest, `max` at most and never more than [`ROWS_PER_CALL`]; empty at the end. Rows that were
    /// judged to be refused are among none, and are counted when ingest has answered for those around them.
    #[must_use]
    pub fn next_rows(&self, max: usize) -> Vec<pb::ImportReportsRequest> {
        let until = self.until(max);
        self.judged[self.next..until]
            .iter()
            .zip(self.next..)
            .filter_map(|(judged, at)| Some((judged.record.as_ref().ok()?, at)))
            // Several objects of a file may stand on one line; a row's place is its own.
            .map(|(record, at)| pb::ImportReportsRequest {
                line: at as u64 + 1,
                report: Some(report(record)),
            })
            .collect()
    }

    fn until(&self, max: usize) -> usize {
        self.next.saturating_add(max.clamp(1, ROWS_PER_CALL)).min(self.judged.len())
    }

    /// Counts what became of the rows that `next_rows(max)` gave; without an answer where it gave none.
    ///
    /// # Errors
    /// When the answer does not tell of each of them: nothing is counted.
    pub fn hear(&mut self, max: usize, answer: Option<&pb::ImportReportsResponse>) -> Result<(), Untold> {
        let until = self.until(max);
        let place = |line: u64| {
            let at = usize::try_from(line).ok()?.checked_sub(1)?;
            (self.next..until).contains(&at).then_some(at)
        };
        let mut heard = Tally::default();
        for (judged, at) in self.judged[self.next..until].iter().zip(self.next..) {
            if let Err(why) = &judged.record {
                heard.refused.push((at, why.clone()));
            }
        }
        let given = until - self.next - heard.refused.len();
        if let Some(answer) = answer {
            for told in &answer.outcomes {
                let at = place(told.line).ok_or(Untold)?;
                match told.outcome() {
                    Outcome::Duplicate => heard.duplicate.push(at),
                    Outcome::Conflict | Outcome::Refused | Outcome::Unspecified => {
                        heard.conflicting += u64::from(told.outcome() == Outcome::Conflict);
                        heard.refused.push((at, Sentence::new(&told.description_zh, &told.description_en)));
                    }
                }
            }
            heard.accepted = answer.accepted;
        }
        let told = answer.map_or(0, |answer| answer.accepted + answer.outcomes.len() as u64);
        if told != given as u64 {
            return Err(Untold);
        }
        heard.refused.sort_by_key(|(at, _)| *at);
        heard.duplicate.sort_unstable();
        self.tally.accepted += heard.accepted;
        self.tally.conflicting += heard.conflicting;
        self.tally.duplicate.append(&mut heard.duplicate);
        self.tally.refused.append(&mut heard.refused);
        self.next = until;
        Ok(())
    }

    /// True when every row is counted.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next == self.judged.len()
    }

    /// How many rows are counted.
    #[must_use]
    pub fn done(&self) -> usize {
        self.next
    }

    /// How many there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.judged.len()
    }

    /// What has become of the rows that are counted.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The file.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// True for a row that the file itself shows nothing against.
    #[must_use]
    pub fn is_record(&self, place: usize) -> bool {
        self.judged.get(place).is_some_and(|judged| judged.record.is_ok())
    }

    /// The line on which a row stands.
    #[must_use]
    pub fn line(&self, place: usize) -> u64 {
        self.table.rows.get(place).map_or(0, |row| row.line)
    }

    /// The rows that were refused so far, as a file to mend and import again.
    #[must_use]
    pub fn refused_csv(&self, english: bool) -> String {
        refused_csv(&self.table, &self.tally.refused, english)
    }
}

fn report(record: &Record) -> pb::Report {
    let channel = match record.channel {
        Channel::Wechat => pb::report::Channel::Wechat,
        Channel::Microblog => pb::report::Channel::Microblog,
        Channel::Hotline => pb::report::Channel::Hotline,
        Channel::Partner => pb::report::Channel::Partner,
    };
    pb::Report {
        text: record.text.clone(),
        channel: channel.into(),
        external_id: record.external_id.clone(),
        reporter: record.reporter.clone(),
        said_time: record.said_time.map(|said| prost_types::Timestamp {
            seconds: said.unix_timestamp(),
            nanos: said.nanosecond().cast_signed(),
        }),
        seen_at: record.seen_at.clone(),
        answer_account: record.answer_account.clone(),
    }
}

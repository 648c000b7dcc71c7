//! 导入: a hotline's file, with what its columns hold, a look at what will be refused and why, and then the import.
//!
//! The file stays in the browser, which sends it with every step; here it is read again each time and kept nowhere. So
//! any replica can take any step, and what was cut off by a death is simply sent again: ingest knows every row by its
//! id or by what it says. A large file goes in several short requests, each of which says how far it came.

use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use contracts::ingest::v1::{ListImportSourcesRequest, SetImportSourceRequest};
use reportfile::{Import, Judged, Table, Untold};

use super::import_state::{Progress, Wanted, of_wire};
use crate::Console;
use crate::frame::{Frame, page, page_with};
use crate::problem::{Answer, Kind, Problem, Refused, page_for};
use crate::session::SignedIn;
use crate::upload::Uploaded;
use crate::views::{ImportedView, PreviewView};

/// Rows of one call to ingest.
const ROWS_PER_CALL: usize = 2_000;
/// After so long a request answers how far it came, and the browser sends the next.
const SLICE: Duration = Duration::from_secs(4);
/// Files that wait to be read.
const WAITING_MAX: usize = 8;
/// Pages of sources at most.
const SOURCE_PAGES_MAX: usize = 4;

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    sources: Vec<String>,
    source: String,
    preview: Option<PreviewView>,
    imported: Option<ImportedView>,
}

#[derive(Template)]
#[template(path = "import_preview.html")]
struct PreviewPart {
    words: &'static crate::language::Words,
    preview: PreviewView,
}

#[derive(Template)]
#[template(path = "import_done.html")]
struct ImportedPart {
    words: &'static crate::language::Words,
    imported: ImportedView,
}

pub(crate) async fn show(State(console): State<Arc<Console>>, who: SignedIn) -> Answer {
    let sources = sources(&console, &who).await?;
    let frame = Frame::of(&who);
    let names = sources.into_iter().map(|source| source.name).collect();
    let shown = ImportPage { frame, sources: names, source: String::new(), preview: None, imported: None };
    Ok(page(&shown.frame.clone(), &shown))
}

/// What the file is, and what will be refused.
pub(crate) async fn preview(State(console): State<Arc<Console>>, form: Uploaded) -> Answer {
    let sources = sources(&console, &form.who).await?;
    let wanted = Wanted::of(&form, &sources);
    let opened = open(&console, &form, wanted).await?;
    preview_page(&form.who, sources.into_iter().map(|source| source.name).collect(), opened)
}

/// Brings the next rows into ingest, or all of them where nobody asks again by itself.
pub(crate) async fn run(State(console): State<Arc<Console>>, form: Uploaded) -> Answer {
    let sources = sources(&console, &form.who).await?;
    let wanted = Wanted::of(&form, &sources);
    let chosen = wanted.is_chosen();
    let opened = open(&console, &form, wanted).await?;
    let names: Vec<String> = sources.into_iter().map(|source| source.name).collect();
    // Another file than the one whose columns were looked at: look again.
    if !chosen || !opened.wanted.fits(&opened.table.headings) {
        return preview_page(&form.who, names, opened);
    }
    let judged = match opened.judged {
        Ok(judged) => judged,
        Err(why) => return Err(stopped(&form.who, &why)),
    };
    let progress = Progress::read(form.field("state"));
    if progress.next == 0 && !opened.wanted.source.is_empty() {
        let request = SetImportSourceRequest { source: Some(opened.wanted.to_wire(&opened.table.headings)) };
        let set = console.clients.ingest().set_import_source(form.who.call(request)).await;
        set.map_err(|status| form.who.refuse(&status))?;
    }
    let mut import = progress.resume(opened.table, judged);
    // Without htmx nobody asks again by itself.
    let sliced = form.who.visit.partial;
    let problem = send(&console, &form.who, &mut import, sliced).await.err();
    let imported = ImportedView::of(&import, &opened.wanted, problem, form.who.visit.language);
    if sliced {
        let status = imported.problem.as_ref().map_or(axum::http::StatusCode::OK, Problem::status);
        return Ok(page_with(status, &ImportedPart { words: form.who.words(), imported }));
    }
    let frame = Frame::of(&form.who).here("/import");
    let shown = ImportPage {
        frame,
        sources: names,
        source: opened.wanted.source,
        preview: None,
        imported: Some(imported),
    };
    Ok(page(&shown.frame.clone(), &shown))
}

/// The rows that were refused, as a file.
pub(crate) async fn refused(State(console): State<Arc<Console>>, form: Uploaded) -> Answer {
    let sources = sources(&console, &form.who).await?;
    let opened = open(&console, &form, Wanted::of(&form, &sources)).await?;
    let judged = opened.judged.map_err(|why| stopped(&form.who, &why))?;
    let import = Progress::read(form.field("state")).resume(opened.table, judged);
    let english = form.who.visit.language == crate::language::Language::English;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"refused.csv\""),
    ];
    Ok((headers, import.refused_csv(english)).into_response())
}

/// A file, read, with what its columns hold and what becomes of its rows.
struct Opened {
    table: Table,
    wanted: Wanted,
    judged: Result<Vec<Judged>, reportfile::Sentence>,
}

/// Reads the file, a few at a time for all who import.
async fn open(console: &Console, form: &Uploaded, wanted: Wanted) -> Result<Opened, Refused> {
    if form.file.is_empty() {
        let mut problem = Problem::new(Kind::Invalid, form.who.words());
        problem.said = form.who.words().import_choose_file.to_owned();
        return Err(page_for(&form.who, problem).into());
    }
    let (file, now) = (form.file.clone(), console.clock.now());
    let read = console.reading.run(WAITING_MAX, move || {
        let table = reportfile::read(&file)?;
        let mapping = wanted.mapping(&table.headings);
        let judged = table.judge(&mapping, wanted.channel, now);
        Ok(Opened { table, wanted, judged })
    });
    match read.await {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(why)) => Err(stopped(&form.who, &why)),
        Err(_) => Err(page_for(&form.who, Problem::new(Kind::Unavailable, form.who.words())).into()),
    }
}

/// The page of a file that cannot be right.
fn stopped(who: &SignedIn, why: &reportfile::Sentence) -> Refused {
    let mut problem = Problem::new(Kind::Invalid, who.words());
    problem.said = said(why, who).to_owned();
    problem.advice = who.words().import_nothing_taken;
    page_for(who, problem).into()
}

fn said<'a>(sentence: &'a reportfile::Sentence, who: &SignedIn) -> &'a str {
    match who.visit.language {
        crate::language::Language::Chinese => &sentence.zh,
        crate::language::Language::English => &sentence.en,
    }
}

fn preview_page(who: &SignedIn, sources: Vec<String>, opened: Opened) -> Answer {
    let preview = PreviewView::of(&opened.table, &opened.wanted, &opened.judged, who.visit.language);
    if who.visit.partial {
        let status = axum::http::StatusCode::OK;
        return Ok(page_with(status, &PreviewPart { words: who.words(), preview }));
    }
    let frame = Frame::of(who).here("/import");
    let source = opened.wanted.source;
    let shown = ImportPage { frame, sources, source, preview: Some(preview), imported: None };
    Ok(page(&shown.frame.clone(), &shown))
}

/// Gives rows to ingest until all are counted or the time of one request is over.
async fn send(console: &Console, who: &SignedIn, import: &mut Import, sliced: bool) -> Result<(), Problem> {
    let began = Instant::now();
    while !import.is_done() {
        if sliced && began.elapsed() > SLICE {
            break;
        }
        let rows = import.next_rows(ROWS_PER_CALL);
        let answer = if rows.is_empty() {
            None
        } else {
            let call = who.call(tokio_stream::iter(rows));
            let answered = console.clients.ingest().import_reports(call).await;
            Some(answered.map_err(|status| who.problem(&status))?.into_inner())
        };
        if import.hear(ROWS_PER_CALL, answer.as_ref()) == Err(Untold) {
            return Err(Problem::new(Kind::Broken, who.words()));
        }
    }
    Ok(())
}

/// A source that is known.
pub(super) struct Source {
    pub name: String,
    pub columns: Vec<(String, Option<reportfile::Field>)>,
    pub channel: reportfile::Channel,
}

async fn sources(console: &Console, who: &SignedIn) -> Result<Vec<Source>, Refused> {
    let mut sources = Vec::new();
    let mut page_token = String::new();
    for _ in 0..SOURCE_PAGES_MAX {
        let request = ListImportSourcesRequest { page_size: 200, page_token };
        let listed = console.clients.ingest().list_import_sources(who.call(request)).await;
        let listed = listed.map_err(|status| who.refuse(&status))?.into_inner();
        sources.extend(listed.sources.into_iter().map(of_wire));
        page_token = listed.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(sources)
}

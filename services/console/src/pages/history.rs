//! 历史: what a case's own page has no room for, page by page: older revisions, findings and events.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use contracts::approval::v1::{ListCaseEventsRequest, ListFindingsRequest, ListRevisionsRequest};
use serde::Deserialize;

use super::case::{EventView, event_view};
use super::load_case;
use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::Answer;
use crate::session::SignedIn;
use crate::views::{CaseView, FindingView, RevisionView};

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    case: CaseView,
    part: &'static str,
    heading: &'static str,
    revisions: Vec<RevisionView>,
    findings: Vec<FindingView>,
    events: Vec<EventView>,
    next_page: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Turn {
    part: String,
    page: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(case_id): Path<String>,
    Query(turn): Query<Turn>,
) -> Answer {
    let (language, words, now) = (who.visit.language, who.words(), console.clock.now());
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let mut shown = HistoryPage {
        frame: Frame::of(&who),
        case: CaseView::of(loaded.case.unwrap_or_default(), now, language),
        part: "events",
        heading: words.history,
        revisions: Vec::new(),
        findings: Vec::new(),
        events: Vec::new(),
        next_page: String::new(),
    };
    let mut approval = console.clients.approval();
    match turn.part.as_str() {
        "revisions" => {
            let request = ListRevisionsRequest { case_id, page_token: turn.page, ..Default::default() };
            let listed = approval.list_revisions(who.call(request)).await;
            let listed = listed.map_err(|status| who.refuse(&status))?.into_inner();
            (shown.part, shown.heading) = ("revisions", words.clarifications);
            shown.revisions =
                listed.revisions.into_iter().map(|one| RevisionView::of(one, language)).collect();
            shown.next_page = listed.next_page_token;
        }
        "findings" => {
            let request = ListFindingsRequest { case_id, page_token: turn.page, ..Default::default() };
            let listed = approval.list_findings(who.call(request)).await;
            let listed = listed.map_err(|status| who.refuse(&status))?.into_inner();
            (shown.part, shown.heading) = ("findings", words.findings);
            shown.findings =
                listed.findings.into_iter().map(|one| FindingView::of(one, now, language)).collect();
            shown.next_page = listed.next_page_token;
        }
        _ => {
            let request = ListCaseEventsRequest { case_id, page_token: turn.page, ..Default::default() };
            let listed = approval.list_case_events(who.call(request)).await;
            let listed = listed.map_err(|status| who.refuse(&status))?.into_inner();
            shown.events = listed.events.into_iter().map(|one| event_view(one, language)).collect();
            shown.next_page = listed.next_page_token;
        }
    }
    Ok(page(&shown.frame.clone(), &shown))
}

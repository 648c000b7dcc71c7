//! 答复: who was answered about a case, and who still needs a person. Reporters appear by pseudonym only.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use contracts::ingest::v1::{ListAnswersRequest, ListAnswersResponse, answer};
use serde::Deserialize;

use super::case::AnswerCounts;
use super::{load_case, ticked};
use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::Answer;
use crate::session::SignedIn;
use crate::show;
use crate::views::CaseView;
use crate::wording::{self, Worded};

#[derive(Template)]
#[template(path = "answers.html")]
struct AnswersPage {
    frame: Frame,
    case: CaseView,
    counts: AnswerCounts,
    answers: Vec<AnswerView>,
    needs_person: bool,
    next_page: String,
}

struct AnswerView {
    /// The pseudonym's beginning: enough to tell two apart on a page.
    reporter: String,
    revision: u64,
    state: Worded,
    reason: String,
    changed: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    needs_person: String,
    page: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(case_id): Path<String>,
    Query(filter): Query<Filter>,
) -> Answer {
    let loaded = load_case(&console, &who, &case_id).await.map_err(|status| who.refuse(&status))?;
    let language = who.visit.language;
    let case = CaseView::of(loaded.case.unwrap_or_default(), console.clock.now(), language);
    let needs_person = ticked(&filter.needs_person);
    let listed = if case.claim_id.is_empty() {
        // A notice answers no claim: nobody asked.
        ListAnswersResponse::default()
    } else {
        let request = ListAnswersRequest {
            claim_id: case.claim_id.clone(),
            needs_person,
            page_size: 50,
            page_token: filter.page,
        };
        let asked = console.clients.ingest().list_answers(who.call(request)).await;
        asked.map_err(|status| who.refuse(&status))?.into_inner()
    };
    let frame = Frame::of(&who);
    Ok(page(
        &frame.clone(),
        &AnswersPage {
            frame,
            case,
            counts: AnswerCounts::from(&listed),
            answers: listed
                .answers
                .into_iter()
                .map(|answer| AnswerView {
                    state: state(&answer, &who),
                    // A UUIDv7's beginning is a time; its end tells two reporters apart.
                    reporter: tail(&answer.reporter_id),
                    revision: answer.revision,
                    changed: show::minute(answer.changed_time.as_ref(), language),
                    reason: answer.reason,
                })
                .collect(),
            needs_person,
            next_page: listed.next_page_token,
        },
    ))
}

fn state(answer: &contracts::ingest::v1::Answer, who: &SignedIn) -> Worded {
    let state: answer::State = answer.state();
    wording::answer_state(state, who.words())
}

fn tail(id: &str) -> String {
    let start = id.char_indices().rev().nth(7).map_or(0, |(start, _)| start);
    id[start..].to_owned()
}

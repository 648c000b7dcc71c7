//! 发布: what went out, what was tried, and the form for what only a person can know.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use contracts::publish::v1::{ListPublicationsRequest, ResolveUncertainRequest};
use serde::Deserialize;

use super::{notice, number, see};
use crate::Console;
use crate::form::{Posted, fresh_request_id};
use crate::frame::{Frame, page};
use crate::problem::{Answer, Kind, Problem};
use crate::session::SignedIn;
use crate::views::{PublicationView, TypedResolution};

#[derive(Template)]
#[template(path = "publications.html")]
struct PublicationsPage {
    frame: Frame,
    case_id: String,
    publications: Vec<PublicationView>,
    next_page: String,
    resolves: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    case: String,
    page: String,
    done: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResolveForm {
    case_id: String,
    expected_state_revision: String,
    is_public: String,
    note: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer {
    let frame = Frame::of(&who).notice(notice(&filter.done, who.words()));
    publications_page(&console, &who, &filter, frame, None).await
}

pub(crate) async fn resolve(
    State(console): State<Arc<Console>>,
    Path(publication_id): Path<String>,
    Posted { who, request_id, form }: Posted<ResolveForm>,
) -> Answer {
    let asked = async {
        let is_public = match form.is_public.as_str() {
            "yes" => true,
            "no" => false,
            _ => {
                let mut problem = Problem::new(Kind::Invalid, who.words());
                problem.said = who.words().problem_choose.to_owned();
                return Err(problem);
            }
        };
        let request = ResolveUncertainRequest {
            request_id: request_id.clone(),
            publication_id: publication_id.clone(),
            expected_state_revision: number(&form.expected_state_revision, who.words())?,
            is_public,
            note: form.note.trim().to_owned(),
        };
        let answer = console.clients.publish().resolve_uncertain(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))
    };
    let Err(problem) = asked.await else {
        return Ok(see(&format!("/publications?{}&done=resolved", query(&form.case_id, ""))));
    };
    let unknown = problem.outcome_unknown();
    let filter = Filter { case: form.case_id, ..Filter::default() };
    let frame = Frame::of(&who).here(format!("/publications?{}", query(&filter.case, ""))).alert(problem);
    let request_id = if unknown { request_id } else { fresh_request_id() };
    let typed = TypedResolution { is_public: form.is_public, note: form.note, request_id };
    publications_page(&console, &who, &filter, frame, Some((publication_id, typed))).await
}

async fn publications_page(
    console: &Console,
    who: &SignedIn,
    filter: &Filter,
    frame: Frame,
    typed: Option<(String, TypedResolution)>,
) -> Result<Response, crate::problem::Refused> {
    let request = ListPublicationsRequest {
        case_id: filter.case.clone(),
        page_size: 50,
        page_token: filter.page.clone(),
    };
    let listed = console
        .clients
        .publish()
        .list_publications(who.call(request))
        .await
        .map_err(|status| who.refuse(&status))?
        .into_inner();
    let mut publications: Vec<PublicationView> = listed
        .publications
        .into_iter()
        .map(|publication| PublicationView::of(publication, who.visit.language))
        .collect();
    if let Some((id, typed)) = typed
        && let Some(publication) = publications.iter_mut().find(|publication| publication.id == id)
    {
        publication.typed = Some(typed);
    }
    Ok(page(
        &frame.clone(),
        &PublicationsPage {
            // An auditor reads everything and changes nothing.
            resolves: who.may(grpc::rights::RESOLVE),
            frame,
            case_id: filter.case.clone(),
            publications,
            next_page: if listed.next_page_token.is_empty() {
                String::new()
            } else {
                query(&filter.case, &listed.next_page_token)
            },
        },
    ))
}

fn query(case: &str, page: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("case", case)
        .append_pair("page", page)
        .finish()
}

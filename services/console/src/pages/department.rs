//! 部门核查: what a subject department sees by its own link, without signing in. The secret in the address is
//! the authority: nothing else that a browser would send by itself gives a right here, so nothing can be forged
//! by another site.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use contracts::approval::v1::{
    AnswerFindingRequest, Finding, GetFindingRequestRequest, GetFindingRequestResponse,
};
use serde::Deserialize;

use super::see;
use crate::Console;
use crate::form::Submitted;
use crate::frame::{Frame, page};
use crate::problem::{Answer, Kind, Problem, page_for_visitor};
use crate::session::Visit;
use crate::views::FindingView;
use crate::wording::{self, Choice};

#[derive(Template)]
#[template(path = "department.html")]
struct DepartmentPage {
    frame: Frame,
    secret: String,
    sentence: String,
    finding: FindingView,
    verdicts: Vec<Choice>,
    typed: AnswerForm,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnswerForm {
    verdict: String,
    facts: String,
    evidence: String,
    answered_by: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path(secret): Path<String>,
) -> Response {
    match load(&console, &secret).await {
        Ok(asked) => department_page(&console, &visit, &secret, asked, AnswerForm::default(), None),
        Err(status) => page_for_visitor(&visit, link_problem(&status, &visit)),
    }
}

pub(crate) async fn answer(
    State(console): State<Arc<Console>>,
    Path(secret): Path<String>,
    Submitted { visit, form, .. }: Submitted<AnswerForm>,
) -> Answer {
    let words = visit.words();
    let verdict = wording::parse(&form.verdict, &wording::VERDICTS, |value| wording::verdict(value, words));
    let request = AnswerFindingRequest {
        link_secret: secret.clone(),
        verdict: verdict.into(),
        facts: form.facts.trim().to_owned(),
        evidence: form.evidence.trim().to_owned(),
        answered_by: form.answered_by.trim().to_owned(),
    };
    let here = format!("/d/{secret}");
    let Err(refusal) = console.clients.approval().answer_finding(grpc::without_token(request)).await else {
        return Ok(see(&here));
    };
    let visit = Visit { here, ..visit };
    let problem = Problem::of(&refusal, visit.language);
    let asked = match load(&console, &secret).await {
        Ok(asked) => asked,
        // What was typed is shown even when the question cannot be loaded again.
        Err(_) if problem.kind == Kind::Unavailable => GetFindingRequestResponse::default(),
        Err(status) => return Err(page_for_visitor(&visit, link_problem(&status, &visit)).into()),
    };
    if answered_as(asked.finding.as_ref(), &form) {
        return Ok(see(&visit.here));
    }
    Ok(department_page(&console, &visit, &secret, asked, form, Some(problem)))
}

/// True when the answer is there already: a double click, whose first click gave it.
fn answered_as(finding: Option<&Finding>, form: &AnswerForm) -> bool {
    finding.is_some_and(|finding| {
        let same = finding.facts == form.facts.trim() && finding.evidence == form.evidence.trim();
        // What was taken out of the first is still in the second.
        (same || finding.personal_data_removed)
            && finding.answered_by == form.answered_by.trim()
            && !finding.facts.is_empty()
    })
}

async fn load(console: &Console, secret: &str) -> Result<GetFindingRequestResponse, tonic::Status> {
    let request = GetFindingRequestRequest { link_secret: secret.to_owned() };
    Ok(console.clients.approval().get_finding_request(grpc::without_token(request)).await?.into_inner())
}

/// A link that leads nowhere, or no longer: the department can only ask for a new one.
fn link_problem(status: &tonic::Status, visit: &Visit) -> Problem {
    let mut problem = Problem::of(status, visit.language);
    if !matches!(problem.kind, Kind::Unavailable | Kind::Broken | Kind::TooMany) {
        if matches!(problem.kind, Kind::NotFound | Kind::Invalid | Kind::SignedOut) {
            problem.said = visit.words().problem_link.to_owned();
        }
        problem.advice = visit.words().advice_link;
    }
    problem
}

fn department_page(
    console: &Console,
    visit: &Visit,
    secret: &str,
    asked: GetFindingRequestResponse,
    typed: AnswerForm,
    problem: Option<Problem>,
) -> Response {
    let words = visit.words();
    let mut frame = Frame::of_visitor(visit, String::new());
    frame.agency = asked.agency_name;
    frame.alert = problem;
    let finding = FindingView::of(asked.finding.unwrap_or_default(), console.clock.now(), visit.language);
    page(
        &frame.clone(),
        &DepartmentPage {
            frame,
            secret: secret.to_owned(),
            sentence: asked.sentence,
            finding,
            verdicts: wording::choices(&wording::VERDICTS, &typed.verdict, |value| {
                wording::verdict(value, words)
            }),
            typed,
        },
    )
}

//! 部门核查: what a subject department sees by its own link, without signing in. The secret in the address and the
//! code that was told by phone are the authority: nothing that a browser would send by itself gives a right here, so
//! nothing can be forged by another site. Before the code nothing is shown, and after the answer only thanks.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use contracts::approval::v1::get_finding_request_response::State as LinkState;
use contracts::approval::v1::{AnswerFindingRequest, GetFindingRequestRequest, GetFindingRequestResponse};
use serde::Deserialize;

use super::see;
use crate::Console;
use crate::form::Submitted;
use crate::frame::{Frame, page};
use crate::problem::{Answer, Kind, Problem, kept, page_for_visitor};
use crate::session::Visit;
use crate::views::FindingView;
use crate::wording::{self, Choice};

#[derive(Template)]
#[template(path = "department.html")]
struct DepartmentPage {
    frame: Frame,
    secret: String,
    state: LinkState,
    sentence: String,
    finding: FindingView,
    verdicts: Vec<Choice>,
    typed: AnswerForm,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnswerForm {
    code: String,
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
    let typed = AnswerForm::default();
    match load(&console, &secret, "").await {
        Ok(asked) => department_page(&console, &visit, &secret, asked, typed, None),
        Err(status) => page_for_visitor(&visit, link_problem(&status, &visit)),
    }
}

/// The question, for whoever was told the code.
pub(crate) async fn open(
    State(console): State<Arc<Console>>,
    Path(secret): Path<String>,
    Submitted { visit, form, .. }: Submitted<AnswerForm>,
) -> Answer {
    let visit = Visit { here: format!("/d/{secret}"), ..visit };
    let refusal = match load(&console, &secret, &form.code).await {
        Ok(asked) => return Ok(department_page(&console, &visit, &secret, asked, form, None)),
        Err(refusal) => refusal,
    };
    let problem = link_problem(&refusal, &visit);
    match load(&console, &secret, "").await {
        Ok(asked) => {
            let typed = AnswerForm::default();
            Ok(department_page(&console, &visit, &secret, asked, typed, Some(problem)))
        }
        Err(_) => Err(page_for_visitor(&visit, problem).into()),
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
        code: form.code.clone(),
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
    let problem = link_problem(&refusal, &visit);
    match load(&console, &secret, &form.code).await {
        Ok(asked) if asked.state() == LinkState::Asked => {
            Ok(department_page(&console, &visit, &secret, asked, form, Some(problem)))
        }
        // What was typed is shown even when the question cannot be loaded again, to be sent once more.
        Err(_) if problem.kind == Kind::Unavailable => {
            let asked = GetFindingRequestResponse { state: LinkState::Asked.into(), ..Default::default() };
            Ok(department_page(&console, &visit, &secret, asked, form, Some(problem)))
        }
        // Whatever became of the link, no word is lost.
        _ => {
            let typed =
                [("facts", form.facts), ("evidence", form.evidence), ("answered_by", form.answered_by)];
            Ok(kept(&visit, problem, &typed.map(|(name, text)| (name.to_owned(), text))))
        }
    }
}

async fn load(
    console: &Console,
    secret: &str,
    code: &str,
) -> Result<GetFindingRequestResponse, tonic::Status> {
    let request = GetFindingRequestRequest { link_secret: secret.to_owned(), code: code.to_owned() };
    Ok(console.clients.approval().get_finding_request(grpc::without_token(request)).await?.into_inner())
}

/// A link that leads nowhere, or no longer: the department can only ask for a new one.
fn link_problem(status: &tonic::Status, visit: &Visit) -> Problem {
    let mut problem = Problem::of(status, visit.language);
    if matches!(problem.kind, Kind::NotFound | Kind::SignedOut) {
        problem.said = visit.words().problem_link.to_owned();
    }
    if matches!(problem.kind, Kind::NotFound | Kind::SignedOut | Kind::Refused) {
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
    let state = asked.state();
    let mut frame = Frame::of_visitor(visit, String::new());
    frame.agency = asked.agency_name;
    frame.alert = problem;
    let finding = FindingView::of(asked.finding.unwrap_or_default(), console.clock.now(), visit.language);
    page(
        &frame.clone(),
        &DepartmentPage {
            frame,
            secret: secret.to_owned(),
            state,
            sentence: asked.sentence,
            finding,
            verdicts: wording::choices(&wording::VERDICTS, &typed.verdict, |value| {
                wording::verdict(value, words)
            }),
            typed,
        },
    )
}

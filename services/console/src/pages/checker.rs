//! 核查员: a case as somebody of the department sees it who checks it: what is being said, what the own department is
//! asked, and the form for its answer. No citizen's words, no drafts, nobody else's findings.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use contracts::approval::v1::{GetCaseResponse, GiveFindingRequest};
use serde::Deserialize;

use super::{load_case, see};
use crate::Console;
use crate::form::Posted;
use crate::frame::{Frame, page_with};
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::views::{CaseView, FindingView};
use crate::wording::{self, Choice};

#[derive(Template)]
#[template(path = "checker_case.html")]
struct CheckerCase {
    frame: Frame,
    case: CaseView,
    findings: Vec<FindingView>,
    older_findings: String,
    verdicts: Vec<Choice>,
    typed: FindingForm,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FindingForm {
    case_id: String,
    verdict: String,
    facts: String,
    evidence: String,
    /// The finding that this was typed for.
    #[serde(skip)]
    finding_id: String,
}

/// The case as a checker sees it.
pub(super) fn page(
    console: &Console,
    who: &SignedIn,
    loaded: GetCaseResponse,
    frame: Frame,
    typed: Option<FindingForm>,
) -> Response {
    let (language, now) = (who.visit.language, console.clock.now());
    let typed = typed.unwrap_or_default();
    let status = frame.alert.as_ref().map_or(StatusCode::OK, Problem::status);
    let shown = CheckerCase {
        case: CaseView::of(loaded.case.unwrap_or_default(), now, language),
        older_findings: loaded.findings_page_token,
        findings: loaded
            .findings
            .into_iter()
            .rev()
            .map(|finding| FindingView::of(finding, now, language))
            .collect(),
        verdicts: wording::choices(&wording::VERDICTS, &typed.verdict, |verdict| {
            wording::verdict(verdict, who.words())
        }),
        typed,
        frame,
    };
    page_with(status, &shown)
}

pub(crate) async fn answer(
    State(console): State<Arc<Console>>,
    Path(finding_id): Path<String>,
    Posted { who, form, .. }: Posted<FindingForm>,
) -> Answer {
    let verdict =
        wording::parse(&form.verdict, &wording::VERDICTS, |verdict| wording::verdict(verdict, who.words()));
    let request = GiveFindingRequest {
        finding_id: finding_id.clone(),
        verdict: verdict.into(),
        facts: form.facts.trim().to_owned(),
        evidence: form.evidence.trim().to_owned(),
    };
    let problem = match console.clients.approval().give_finding(who.call(request)).await {
        Ok(_) => return Ok(see(&format!("/case/{}?done=finding_given", form.case_id))),
        Err(status) => who.problem(&status),
    };
    let loaded = load_case(&console, &who, &form.case_id).await.map_err(|status| who.refuse(&status))?;
    let given = loaded.findings.iter().find(|finding| finding.finding_id == finding_id);
    // A double click, whose first click gave it.
    if given.is_some_and(|given| !given.facts.is_empty() && given.facts == form.facts.trim()) {
        return Ok(see(&format!("/case/{}?done=finding_given", form.case_id)));
    }
    let frame = Frame::of(&who).here(format!("/case/{}", form.case_id)).alert(problem);
    Ok(page(&console, &who, loaded, frame, Some(FindingForm { finding_id, ..form })))
}

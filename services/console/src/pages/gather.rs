//! Putting a case's reports right: merging, splitting, re-routing, its sentence, declined suggestions, an automatic
//! answer switched on again, and words that are not renewed. Each form stands on the case's page; what was refused brings that page back.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use contracts::approval::v1::{
    CloseExpiredRequest, GetCaseRequest, MergeCasesRequest, RerouteCaseRequest, ResumeAutomaticAnswerRequest,
    SplitCaseRequest,
};
use contracts::classification::v1::{DeclineSuggestionRequest, SetClaimSentenceRequest};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::case::{Typed, refused_page};
use super::{load_case, number, see, ticked};
use crate::Console;
use crate::form::Posted;
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;

/// What a checked report's field begins with; its id follows.
const REPORT: &str = "report_";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct MergeForm {
    expected_revision: String,
    into_case_id: String,
    into_code: String,
    answers_reporters: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RerouteForm {
    expected_revision: String,
    departments: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResumeForm {
    expected_revision: String,
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SentenceForm {
    claim_id: String,
    sentence: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeclineForm {
    suggestion_id: String,
}

pub(crate) async fn merge(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, request_id, form }: Posted<MergeForm>,
) -> Answer {
    let asked = async {
        let into_case_id = match form.into_code.trim() {
            "" => form.into_case_id.clone(),
            code => {
                let request = GetCaseRequest { code: code.to_owned(), ..GetCaseRequest::default() };
                let found = console.clients.approval().get_case(who.call(request)).await;
                let found = found.map_err(|status| who.problem(&status))?.into_inner();
                found.case.map(|case| case.case_id).unwrap_or_default()
            }
        };
        let request = MergeCasesRequest {
            request_id,
            case_id: case_id.clone(),
            expected_revision: number(&form.expected_revision, who.words())?,
            into_case_id: into_case_id.clone(),
            answers_reporters: ticked(&form.answers_reporters),
            session_secret: who.secret.expose_secret().to_owned(),
        };
        let answer = console.clients.approval().merge_cases(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))?;
        Ok::<String, Problem>(into_case_id)
    };
    match asked.await {
        Ok(into) => Ok(see(&format!("/case/{into}?done=merged"))),
        Err(problem) => {
            let typed = Typed { into_code: Some(form.into_code.clone()), ..Typed::default() };
            again(&console, &who, &case_id, problem, typed).await
        }
    }
}

pub(crate) async fn split(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, request_id, form }: Posted<HashMap<String, String>>,
) -> Answer {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let mut report_ids: Vec<String> =
        form.keys().filter_map(|key| key.strip_prefix(REPORT)).map(str::to_owned).collect();
    // The same form sent twice must be the same request.
    report_ids.sort_unstable();
    let asked = async {
        let request = SplitCaseRequest {
            request_id,
            case_id: case_id.clone(),
            expected_revision: number(field("expected_revision"), who.words())?,
            report_ids: report_ids.clone(),
            sentence: field("sentence").trim().to_owned(),
        };
        let answer = console.clients.approval().split_case(who.call(request)).await;
        let answer = answer.map_err(|status| who.problem(&status))?.into_inner();
        Ok::<String, Problem>(answer.split.map(|case| case.case_id).unwrap_or_default())
    };
    match asked.await {
        Ok(split) => Ok(see(&format!("/case/{split}?done=split"))),
        Err(problem) => {
            let typed = Typed {
                split_sentence: Some(field("sentence").to_owned()),
                split_reports: report_ids.clone(),
                ..Typed::default()
            };
            again(&console, &who, &case_id, problem, typed).await
        }
    }
}

pub(crate) async fn reroute(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<RerouteForm>,
) -> Answer {
    let departments = form.departments.split(['、', '，', ',', '；', ';', '\n']);
    let departments = departments.map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    let asked = async {
        let request = RerouteCaseRequest {
            case_id: case_id.clone(),
            expected_revision: number(&form.expected_revision, who.words())?,
            departments,
        };
        let answer = console.clients.approval().reroute_case(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))?;
        Ok::<(), Problem>(())
    };
    match asked.await {
        Ok(()) => Ok(see(&format!("/case/{case_id}?done=rerouted"))),
        Err(problem) => {
            let typed = Typed { departments: Some(form.departments.clone()), ..Typed::default() };
            again(&console, &who, &case_id, problem, typed).await
        }
    }
}

pub(crate) async fn resume_answer(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<ResumeForm>,
) -> Answer {
    let asked = async {
        let request = ResumeAutomaticAnswerRequest {
            case_id: case_id.clone(),
            expected_revision: number(&form.expected_revision, who.words())?,
            reason: form.reason.trim().to_owned(),
        };
        let answer = console.clients.approval().resume_automatic_answer(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))?;
        Ok::<(), Problem>(())
    };
    match asked.await {
        Ok(()) => Ok(see(&format!("/case/{case_id}?done=answer_resumed"))),
        Err(problem) => {
            let typed = Typed { resume_reason: Some(form.reason.clone()), ..Typed::default() };
            again(&console, &who, &case_id, problem, typed).await
        }
    }
}

/// Decides that words which hold no longer are not renewed.
pub(crate) async fn close_expired(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<ResumeForm>,
) -> Answer {
    let asked = async {
        let request = CloseExpiredRequest {
            case_id: case_id.clone(),
            expected_revision: number(&form.expected_revision, who.words())?,
            reason: form.reason.trim().to_owned(),
        };
        let answer = console.clients.approval().close_expired(who.call(request)).await;
        answer.map_err(|status| who.problem(&status))?;
        Ok::<(), Problem>(())
    };
    match asked.await {
        Ok(()) => Ok(see(&format!("/case/{case_id}?done=expired_closed"))),
        Err(problem) => {
            let typed = Typed { close_reason: Some(form.reason.clone()), ..Typed::default() };
            again(&console, &who, &case_id, problem, typed).await
        }
    }
}

pub(crate) async fn set_sentence(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<SentenceForm>,
) -> Answer {
    let request = SetClaimSentenceRequest {
        claim_id: form.claim_id.clone(),
        sentence: form.sentence.trim().to_owned(),
    };
    match console.clients.classification().set_claim_sentence(who.call(request)).await {
        Ok(_) => Ok(see(&format!("/case/{case_id}?done=sentence"))),
        Err(status) => {
            let typed = Typed { sentence: Some(form.sentence.clone()), ..Typed::default() };
            again(&console, &who, &case_id, who.problem(&status), typed).await
        }
    }
}

pub(crate) async fn decline(
    State(console): State<Arc<Console>>,
    Path(case_id): Path<String>,
    Posted { who, form, .. }: Posted<DeclineForm>,
) -> Answer {
    let request = DeclineSuggestionRequest { suggestion_id: form.suggestion_id.clone() };
    match console.clients.classification().decline_suggestion(who.call(request)).await {
        Ok(_) => Ok(see(&format!("/case/{case_id}?done=declined"))),
        Err(status) => again(&console, &who, &case_id, who.problem(&status), Typed::default()).await,
    }
}

/// The case's page with what was refused.
pub(super) async fn again(
    console: &Console,
    who: &SignedIn,
    case_id: &str,
    problem: Problem,
    typed: Typed,
) -> Answer {
    let loaded = load_case(console, who, case_id).await.map_err(|status| who.refuse(&status))?;
    Ok(refused_page(console, who, loaded, problem, typed).await)
}

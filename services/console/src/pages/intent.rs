//! Saying what a message is, from the list of other messages and from the reports of a case. What follows from it
//! is classification's to decide; the page that it was said on comes back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use contracts::classification::v1::SetMessageIntentRequest;
use serde::Deserialize;

use super::{gather, messages, number, see};
use crate::Console;
use crate::form::Posted;
use crate::problem::{Answer, Problem};
use crate::wording;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IntentForm {
    /// What the message is.
    set_intent: String,
    expected_revision: String,
    /// The list that it was said on.
    intent: String,
    /// The case that it was said on.
    case_id: String,
}

pub(crate) async fn set(
    State(console): State<Arc<Console>>,
    Path(report_id): Path<String>,
    Posted { who, request_id, form }: Posted<IntentForm>,
) -> Answer {
    let words = who.words();
    let intent = wording::parse(&form.set_intent, &wording::INTENTS, |intent| wording::intent(intent, words));
    let asked = async {
        let request = SetMessageIntentRequest {
            request_id,
            report_id: report_id.clone(),
            intent: intent.into(),
            expected_revision: number(&form.expected_revision, words)?,
        };
        let answer = console.clients.classification().set_message_intent(who.call(request)).await;
        Ok::<_, Problem>(answer.map_err(|status| who.problem(&status))?.into_inner())
    };
    match asked.await {
        Ok(answer) => {
            Ok(back(&form, if answer.claim_id.is_empty() { "intent_set" } else { "intent_placed" }))
        }
        Err(problem) if form.case_id.is_empty() => {
            let filter = messages::Filter { intent: form.intent, ..messages::Filter::default() };
            messages::alert_page(&console, &who, filter, problem).await
        }
        Err(problem) => gather::again(&console, &who, &form.case_id, problem, Default::default()).await,
    }
}

fn back(form: &IntentForm, done: &str) -> Response {
    if !form.case_id.is_empty() {
        return see(&format!("/case/{}?done={done}", form.case_id));
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("intent", &form.intent)
        .append_pair("done", done)
        .finish();
    see(&format!("/messages?{query}"))
}

//! 看原文: a message as it was written, for an officer who says why. It comes as the answer of the form and has no
//! address of its own: it is in no history and nothing keeps it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use contracts::ingest::v1::RevealOriginalRequest;
use serde::Deserialize;

use crate::Console;
use crate::form::Posted;
use crate::frame::{Frame, page};
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;

#[derive(Template)]
#[template(path = "original.html")]
struct OriginalPage {
    frame: Frame,
    report_id: String,
    case_id: String,
    at_alarm: bool,
    cause: String,
    /// Absent while no cause was taken.
    original: Option<OriginalView>,
}

struct OriginalView {
    text: String,
    seen_at: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct CauseForm {
    cause: String,
    case_id: String,
    /// One tap at an alarm in the queue: nobody types a cause while somebody drowns.
    at_alarm: bool,
}

pub(crate) async fn reveal(
    State(console): State<Arc<Console>>,
    Path(report_id): Path<String>,
    Posted { who, form, .. }: Posted<CauseForm>,
) -> Answer {
    let request = RevealOriginalRequest { report_id: report_id.clone(), cause: form.cause.clone() };
    let (original, problem) = match console.clients.ingest().reveal_original(who.call(request)).await {
        Ok(revealed) => {
            let revealed = revealed.into_inner();
            (Some(OriginalView { text: revealed.text, seen_at: revealed.seen_at }), None)
        }
        Err(status) => (None, Some(who.problem(&status))),
    };
    let frame = frame(&who, &form, problem);
    let CauseForm { cause, case_id, at_alarm } = form;
    let shown = OriginalPage { report_id, case_id, at_alarm, cause, original, frame };
    Ok(page(&shown.frame.clone(), &shown))
}

fn frame(who: &SignedIn, form: &CauseForm, problem: Option<Problem>) -> Frame {
    let back = match &*form.case_id {
        "" if form.at_alarm => "/".to_owned(),
        "" => "/messages".to_owned(),
        case_id => format!("/case/{case_id}"),
    };
    let frame = Frame::of(who).here(back);
    match problem {
        Some(problem) => frame.alert(problem),
        None => frame,
    }
}

//! 查找: a citizen on the phone reads out a number. A receipt's leads to the message and its case, a case's to it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use contracts::approval::v1::GetCaseRequest;
use contracts::ingest::v1::{FindReceiptRequest, FindReceiptResponse};
use serde::Deserialize;
use tonic::Code;

use super::see;
use crate::Console;
use crate::frame::{Frame, page_with};
use crate::problem::{Answer, Refused};
use crate::session::SignedIn;
use crate::show;

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage {
    frame: Frame,
    typed: String,
    found: Option<Found>,
}

/// The message of a receipt.
struct Found {
    receipt: String,
    text: String,
    received: String,
    case: Option<FoundCase>,
}

/// The case that the message belongs to.
struct FoundCase {
    id: String,
    code: String,
    sentence: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    number: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Answer {
    let typed = asked.number.trim().to_owned();
    let frame = Frame::of(&who);
    if typed.is_empty() {
        return Ok(page_with(axum::http::StatusCode::OK, &FindPage { frame, typed, found: None }));
    }
    // A case's code has another form than a receipt's number, so at most one of the two finds anything.
    let request = GetCaseRequest { code: typed.to_uppercase(), ..Default::default() };
    match console.clients.approval().get_case(who.call(request)).await {
        Ok(case) => {
            let case = case.into_inner().case.unwrap_or_default();
            return Ok(see(&format!("/case/{}", case.case_id)));
        }
        Err(status) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => {}
        Err(status) => return Err(who.refuse(&status)),
    }
    let request = FindReceiptRequest { receipt: typed.clone() };
    match console.clients.ingest().find_receipt(who.call(request)).await {
        Ok(found) => {
            let found = Some(with_case(&console, &who, found.into_inner()).await?);
            Ok(page_with(axum::http::StatusCode::OK, &FindPage { frame, typed, found }))
        }
        Err(status) => {
            let problem = who.problem(&status);
            let code = problem.status();
            Ok(page_with(code, &FindPage { frame: frame.alert(problem), typed, found: None }))
        }
    }
}

async fn with_case(console: &Console, who: &SignedIn, found: FindReceiptResponse) -> Result<Found, Refused> {
    let mut case = None;
    if !found.claim_id.is_empty() {
        let request = GetCaseRequest { claim_id: found.claim_id, ..Default::default() };
        match console.clients.approval().get_case(who.call(request)).await {
            Ok(known) => {
                let known = known.into_inner().case.unwrap_or_default();
                case = Some(FoundCase { id: known.case_id, code: known.code, sentence: known.sentence });
            }
            // The claim was opened a moment ago, and its case is on the way.
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => return Err(who.refuse(&status)),
        }
    }
    Ok(Found {
        receipt: found.receipt,
        text: found.masked_text,
        received: show::minute(found.receive_time.as_ref(), who.visit.language),
        case,
    })
}

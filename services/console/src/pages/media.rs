//! 图片和语音: a message's file as it came, for signed-in officers only, and the box in which an officer writes
//! down what it says. Nothing is kept here, and no address works for anybody else.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use contracts::ingest::v1::{GetMediaRequest, ListMediaRequest, TranscribeMessageRequest};
use serde::Deserialize;

use super::{messages, see};
use crate::Console;
use crate::form::Posted;
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::views::{MediaView, ReportView};

/// What a browser may show inside our page: pictures without script. Everything else is only offered as a file.
const SHOWN: [&str; 5] = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"];

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TranscriptForm {
    pub(super) transcript: String,
    pub(super) intent: String,
}

/// The file.
pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Path(report_id): Path<String>,
) -> Answer {
    let asked = console.clients.ingest().get_media(who.call(GetMediaRequest { report_id })).await;
    let file = asked.map_err(|status| who.refuse(&status))?.into_inner();
    let shown = SHOWN.into_iter().find(|known| *known == file.content_type);
    Ok(match shown {
        Some(content_type) => {
            ([(CONTENT_TYPE, content_type), (CONTENT_DISPOSITION, "inline")], file.content).into_response()
        }
        None => {
            let name = match file.content_type.as_str() {
                "audio/amr" | "audio/amr-wb" => "voice.amr",
                "audio/silk" => "voice.silk",
                "audio/ogg" => "voice.ogg",
                "audio/mpeg" => "voice.mp3",
                _ => "file.bin",
            };
            let disposition = format!("attachment; filename=\"{name}\"");
            let headers =
                [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_DISPOSITION, disposition)];
            (headers, file.content).into_response()
        }
    })
}

/// What an officer wrote down.
pub(crate) async fn transcribe(
    State(console): State<Arc<Console>>,
    Path(report_id): Path<String>,
    Posted { who, request_id, form }: Posted<TranscriptForm>,
) -> Answer {
    let request = TranscribeMessageRequest {
        request_id: request_id.clone(),
        report_id: report_id.clone(),
        text: form.transcript.trim().to_owned(),
    };
    match console.clients.ingest().transcribe_message(who.call(request)).await {
        Ok(_) => Ok(back(&form.intent)),
        Err(status) => {
            let problem = who.problem(&status);
            let again = problem.outcome_unknown().then_some(request_id);
            let typed = messages::Typed { report_id, text: form.transcript, request_id: again };
            let filter = messages::Filter { intent: form.intent, ..messages::Filter::default() };
            messages::refused_page(&console, &who, filter, problem, typed).await
        }
    }
}

fn back(intent: &str) -> Response {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("intent", intent)
        .append_pair("done", "transcribed")
        .finish();
    see(&format!("/messages?{query}"))
}

/// Adds to these reports what ingest has of them. The problem is why that could not be had: the words are
/// shown all the same.
pub(super) async fn add(console: &Console, who: &SignedIn, reports: &mut [ReportView]) -> Option<Problem> {
    if reports.is_empty() {
        return None;
    }
    let report_ids = reports.iter().map(|report| report.id.clone()).collect();
    let listed = console.clients.ingest().list_media(who.call(ListMediaRequest { report_ids })).await;
    let listed = match listed {
        Ok(listed) => listed.into_inner().media,
        Err(status) => return Some(who.problem(&status)),
    };
    for media in listed {
        if let Some(report) = reports.iter_mut().find(|report| report.id == media.report_id) {
            report.media = Some(MediaView::of(media, who));
        }
    }
    None
}

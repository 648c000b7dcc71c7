//! 其他留言: messages that opened no claim, by intent, with the reasons for it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use contracts::classification::v1::{Intent, ListOtherMessagesRequest};
use grpc::rights;
use serde::Deserialize;

use super::{media, notice};
use crate::Console;
use crate::form::fresh_request_id;
use crate::frame::{Frame, page, page_with};
use crate::problem::{Answer, Problem, Refused, kept};
use crate::session::SignedIn;
use crate::views::ReportView;
use crate::wording::{self, Choice, Worded};

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    frame: Frame,
    filters: Vec<Choice>,
    all_chosen: bool,
    intent: String,
    messages: Vec<ReportView>,
    next_page: String,
    /// What this person may say that a message is; nothing for those who may not.
    intents: Vec<Worded>,
    /// Whether this person may read messages as they were written.
    reveals: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    pub(super) intent: String,
    pub(super) page: String,
    pub(super) done: String,
}

/// What somebody typed into a box that was refused.
pub(super) struct Typed {
    pub(super) report_id: String,
    pub(super) text: String,
    /// The request, where nobody knows what became of it.
    pub(super) request_id: Option<String>,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer {
    let frame = Frame::of(&who).notice(notice(&filter.done, who.words()));
    let shown = load(&console, &who, frame, filter, None).await?;
    Ok(page(&shown.frame.clone(), &shown))
}

/// The page again, with what was typed, and why it was refused. A box whose message the page does not list any
/// more is not lost: it stands in a page of its own.
pub(super) async fn refused_page(
    console: &Console,
    who: &SignedIn,
    filter: Filter,
    problem: Problem,
    typed: Typed,
) -> Answer {
    let status = problem.status();
    let text = typed.text.clone();
    let frame = Frame::of(who).here("/messages").alert(problem.clone());
    let shown = load(console, who, frame, filter, Some(typed)).await;
    match shown {
        Ok(shown) if shown.messages.iter().any(|message| message.has_typed(&text)) => {
            Ok(page_with(status, &shown))
        }
        Ok(_) | Err(_) => Ok(kept(&who.visit, problem, &[("transcript".to_owned(), text)])),
    }
}

/// The page with why something on it was refused.
pub(super) async fn alert_page(
    console: &Console,
    who: &SignedIn,
    filter: Filter,
    problem: Problem,
) -> Answer {
    let status = problem.status();
    let frame = Frame::of(who).here("/messages").alert(problem);
    Ok(page_with(status, &load(console, who, frame, filter, None).await?))
}

async fn load(
    console: &Console,
    who: &SignedIn,
    frame: Frame,
    filter: Filter,
    typed: Option<Typed>,
) -> Result<MessagesPage, Refused> {
    let words = who.words();
    let worded = |intent: Intent| wording::intent(intent, words);
    let intent = wording::parse(&filter.intent, &wording::OTHER_INTENTS, worded);
    let request =
        ListOtherMessagesRequest { intent: intent.into(), page_size: 50, page_token: filter.page.clone() };
    let listed = console
        .clients
        .classification()
        .list_other_messages(who.call(request))
        .await
        .map_err(|status| who.refuse(&status))?
        .into_inner();
    let mut messages: Vec<ReportView> =
        listed.messages.into_iter().map(|message| ReportView::of(message, who.visit.language)).collect();
    let mut frame = frame;
    if let Some(problem) = media::add(console, who, &mut messages).await
        && frame.alert.is_none()
    {
        frame = frame.alert(problem);
    }
    if let Some(typed) = typed {
        let boxed = messages.iter_mut().find(|message| message.id == typed.report_id);
        if let Some(media) = boxed.and_then(|message| message.media.as_mut()) {
            media.typed = typed.text;
            media.request_id = typed.request_id.unwrap_or_else(fresh_request_id);
        }
    }
    Ok(MessagesPage {
        frame,
        filters: wording::choices(&wording::OTHER_INTENTS, &filter.intent, worded),
        all_chosen: intent == Intent::Unspecified,
        intent: filter.intent,
        messages,
        next_page: listed.next_page_token,
        intents: wording::sayable(who),
        reveals: who.may(rights::SEE_ORIGINALS),
    })
}

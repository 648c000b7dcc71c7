//! 其他留言: messages that opened no claim, by intent, with the reasons for it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use contracts::classification::v1::{Intent, ListOtherMessagesRequest};
use serde::Deserialize;

use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::Answer;
use crate::session::SignedIn;
use crate::views::ReportView;
use crate::wording::{self, Choice};

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    frame: Frame,
    filters: Vec<Choice>,
    all_chosen: bool,
    intent: String,
    messages: Vec<ReportView>,
    next_page: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    intent: String,
    page: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer {
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
    let frame = Frame::of(&who);
    let messages =
        listed.messages.into_iter().map(|message| ReportView::of(message, who.visit.language)).collect();
    Ok(page(
        &frame.clone(),
        &MessagesPage {
            frame,
            filters: wording::choices(&wording::OTHER_INTENTS, &filter.intent, worded),
            all_chosen: intent == Intent::Unspecified,
            intent: filter.intent,
            messages,
            next_page: listed.next_page_token,
        },
    ))
}

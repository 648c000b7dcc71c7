//! 审计: who did what, newest first, each entry chained to the one before.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use contracts::approval::v1::ListAuditRequest;
use serde::Deserialize;

use crate::Console;
use crate::frame::{Frame, page};
use crate::problem::Answer;
use crate::session::SignedIn;
use crate::show;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    entries: Vec<EntryView>,
    next_page: String,
}

struct EntryView {
    sequence: u64,
    time: String,
    actor: String,
    action: String,
    subject: String,
    hash: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Turn {
    page: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(turn): Query<Turn>,
) -> Answer {
    let request = ListAuditRequest { page_size: 100, page_token: turn.page };
    let listed = console
        .clients
        .approval()
        .list_audit(who.call(request))
        .await
        .map_err(|status| who.refuse(&status))?
        .into_inner();
    let frame = Frame::of(&who);
    Ok(page(
        &frame.clone(),
        &AuditPage {
            frame,
            entries: listed
                .entries
                .into_iter()
                .map(|entry| EntryView {
                    sequence: entry.sequence,
                    time: show::second(entry.entry_time.as_ref()),
                    actor: entry.actor,
                    action: entry.action,
                    subject: entry.subject,
                    hash: entry.entry_hash,
                })
                .collect(),
            next_page: listed.next_page_token,
        },
    ))
}

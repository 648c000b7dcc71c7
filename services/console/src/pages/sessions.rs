//! 我的登录: where a person is signed in, and the end of a sign-in that they do not know.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use contracts::approval::v1::{EndSessionRequest, ListSessionsRequest, Session};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{notice, see};
use crate::Console;
use crate::form::Posted;
use crate::frame::{Frame, page};
use crate::language::Words;
use crate::problem::{Answer, Problem};
use crate::session::SignedIn;
use crate::show;

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    sessions: Vec<SessionView>,
}

struct SessionView {
    id: String,
    browser: String,
    address: String,
    signed_in: String,
    used: String,
    is_this: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Arrival {
    done: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct EndForm {
    session_id: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(arrival): Query<Arrival>,
) -> Answer {
    let done = notice(&arrival.done, who.words());
    sessions_page(&console, &who, Frame::of(&who).notice(done)).await
}

pub(crate) async fn end(
    State(console): State<Arc<Console>>,
    Posted { who, form, .. }: Posted<EndForm>,
) -> Answer {
    let request = EndSessionRequest { session_id: form.session_id };
    match console.clients.approval().end_session(who.call(request)).await {
        Ok(_) => Ok(see("/sessions?done=session_ended")),
        Err(status) => again(&console, &who, who.problem(&status)).await,
    }
}

async fn again(console: &Console, who: &SignedIn, problem: Problem) -> Answer {
    sessions_page(console, who, Frame::of(who).alert(problem).here("/sessions")).await
}

async fn sessions_page(
    console: &Console,
    who: &SignedIn,
    frame: Frame,
) -> Result<Response, crate::problem::Refused> {
    let request = ListSessionsRequest { session_secret: who.secret.expose_secret().to_owned() };
    let listed = console
        .clients
        .approval()
        .list_sessions(who.call(request))
        .await
        .map_err(|status| who.refuse(&status))?
        .into_inner();
    let sessions =
        listed.sessions.into_iter().map(|session| view(session, console.clock.now(), who.words())).collect();
    Ok(page(&frame.clone(), &SessionsPage { frame, sessions }))
}

fn view(session: Session, now: time::OffsetDateTime, words: &Words) -> SessionView {
    let or_unknown =
        |text: String| if text.is_empty() { words.session_unknown_browser.to_owned() } else { text };
    SessionView {
        id: session.session_id,
        browser: or_unknown(session.browser),
        address: session.client_address,
        signed_in: show::second(session.sign_in_time.as_ref()),
        used: show::ago(session.last_used_time.as_ref(), now, words),
        is_this: session.is_this,
    }
}

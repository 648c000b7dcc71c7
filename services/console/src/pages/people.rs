//! 人员: who is in the office, and who must wait after wrong codes. For administrators.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use contracts::approval::v1::{AgencyPerson, ListPeopleRequest, UnlockPersonRequest};
use serde::Deserialize;

use super::{notice, see};
use crate::Console;
use crate::form::Posted;
use crate::frame::{Frame, page};
use crate::language::{Language, fill};
use crate::problem::Answer;
use crate::session::SignedIn;
use crate::{show, wording};

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    people: Vec<PersonView>,
    next_page: String,
}

struct PersonView {
    id: String,
    name: String,
    login: String,
    role: &'static str,
    sessions: String,
    locked_until: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Turn {
    page: String,
    done: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct UnlockForm {
    person_id: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    who: SignedIn,
    Query(turn): Query<Turn>,
) -> Answer {
    let done = notice(&turn.done, who.words());
    people_page(&console, &who, turn.page, Frame::of(&who).notice(done)).await
}

pub(crate) async fn unlock(
    State(console): State<Arc<Console>>,
    Posted { who, form, .. }: Posted<UnlockForm>,
) -> Answer {
    let request = UnlockPersonRequest { person_id: form.person_id };
    match console.clients.approval().unlock_person(who.call(request)).await {
        Ok(_) => Ok(see("/people?done=unlocked")),
        Err(status) => {
            let frame = Frame::of(&who).alert(who.problem(&status)).here("/people");
            people_page(&console, &who, String::new(), frame).await
        }
    }
}

async fn people_page(console: &Console, who: &SignedIn, page_token: String, frame: Frame) -> Answer {
    let request = ListPeopleRequest { page_size: 100, page_token };
    let listed = console
        .clients
        .approval()
        .list_people(who.call(request))
        .await
        .map_err(|status| who.refuse(&status))?
        .into_inner();
    let people = listed.people.into_iter().map(|person| view(person, who.visit.language)).collect();
    Ok(page(&frame.clone(), &PeoplePage { frame, people, next_page: listed.next_page_token }))
}

fn view(listed: AgencyPerson, language: Language) -> PersonView {
    let words = language.words();
    let person = listed.person.unwrap_or_default();
    PersonView {
        role: wording::role(person.role(), words),
        id: person.person_id,
        name: person.display_name,
        login: listed.login,
        sessions: fill(words.sessions_count, listed.sessions),
        locked_until: listed
            .locked_until_time
            .map(|until| fill(words.locked_until, show::minute(Some(&until), language))),
    }
}

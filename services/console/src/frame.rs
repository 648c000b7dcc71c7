//! What surrounds every page: who looks at it, in which language, and what has just happened.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use contracts::approval::v1::Role;

use crate::assets;
use crate::language::{Language, Words};
use crate::problem::{Problem, plain_failure};
use crate::session::{SignedIn, Visit};
use crate::wording;

/// The frame of one page.
#[derive(Clone)]
pub(crate) struct Frame {
    pub language: Language,
    pub words: &'static Words,
    /// The address to come back to after switching the language.
    pub here: String,
    pub csrf: String,
    pub person: Option<PersonLine>,
    pub agency: String,
    /// Where the stop button leads; absent for those who do not stop things.
    pub halt: Option<String>,
    /// Why what was asked did not happen.
    pub alert: Option<Problem>,
    /// What did happen.
    pub notice: Option<&'static str>,
}

/// Who is signed in, as the head of a page shows it.
#[derive(Clone)]
pub(crate) struct PersonLine {
    pub name: String,
    pub role: &'static str,
}

impl Frame {
    pub(crate) fn of(who: &SignedIn) -> Self {
        let words = who.words();
        let stops =
            matches!(who.role(), Role::DutyOfficer | Role::Drafter | Role::Reviewer | Role::Signer);
        Self {
            language: who.visit.language,
            words,
            here: who.visit.here.clone(),
            csrf: who.csrf(),
            person: Some(PersonLine {
                name: who.person_name().to_owned(),
                role: wording::role(who.role(), words),
            }),
            agency: who.agency_name().to_owned(),
            halt: stops.then(|| "/halt".to_owned()),
            alert: None,
            notice: None,
        }
    }

    pub(crate) fn of_visitor(visit: &Visit, csrf: String) -> Self {
        Self {
            language: visit.language,
            words: visit.words(),
            here: visit.here.clone(),
            csrf,
            person: None,
            agency: String::new(),
            halt: None,
            alert: None,
            notice: None,
        }
    }

    /// Where the language switch leads back to, for a page that answers a post.
    pub(crate) fn here(mut self, here: impl Into<String>) -> Self {
        self.here = here.into();
        self
    }

    pub(crate) fn alert(mut self, problem: Problem) -> Self {
        self.alert = Some(problem);
        self
    }

    pub(crate) fn notice(mut self, notice: Option<&'static str>) -> Self {
        self.notice = notice;
        self
    }

    /// Lets the stop button stop this clarification first.
    pub(crate) fn halting(mut self, case: &str, clarification: &str) -> Self {
        if let Some(halt) = &mut self.halt {
            *halt = format!("/halt?case={case}&clarification={clarification}");
        }
        self
    }

    /// True when the agency is the invented one of the demonstration.
    pub(crate) fn demonstration(&self) -> bool {
        self.agency.contains("演示")
            || self.person.as_ref().is_some_and(|person| person.name.contains("演示"))
    }

    pub(crate) fn style(&self) -> String {
        assets::STYLE.address()
    }

    pub(crate) fn htmx(&self) -> String {
        assets::HTMX.address()
    }

    pub(crate) fn icon(&self) -> String {
        assets::ICON.address()
    }

    /// A new id for a form: the same form sent twice is one request.
    pub(crate) fn request_id(&self) -> String {
        crate::form::fresh_request_id()
    }
}

/// A page, or the last resort. Its status is that of what the frame has to say.
pub(crate) fn page(frame: &Frame, template: &impl Template) -> Response {
    page_with(frame.alert.as_ref().map_or(StatusCode::OK, Problem::status), template)
}

/// A page with a status of its own.
pub(crate) fn page_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
            plain_failure()
        }
    }
}

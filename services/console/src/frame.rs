//! What surrounds every page: who looks at it, in which language, and what has just happened.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{Html, IntoResponse, Response};
use grpc::rights;

use crate::assets;
use crate::language::{Language, Words, fill};
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
    /// Whether every page says that everything is invented.
    pub demonstration: bool,
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
    /// That the person is signed in elsewhere too; empty when not.
    pub elsewhere: String,
    /// Whether the person looks after the others' access.
    pub administers: bool,
    /// Whether the person sees the office's work, or only cases of the own department.
    pub reads: bool,
    /// Whether the person may find messages by their receipts.
    pub finds: bool,
    /// Whether the person may read the audit trail.
    pub audits: bool,
    /// Whether the person imports files.
    pub imports: bool,
}

impl Frame {
    pub(crate) fn of(who: &SignedIn) -> Self {
        let words = who.words();
        Self {
            language: who.visit.language,
            words,
            here: who.visit.here.clone(),
            csrf: who.csrf(),
            person: Some(PersonLine {
                name: who.person_name().to_owned(),
                role: wording::role(who.role(), words),
                elsewhere: match who.other_sessions() {
                    0 => String::new(),
                    others => fill(words.sessions_elsewhere, others),
                },
                administers: who.may(rights::ADMINISTER),
                reads: who.may(rights::READ_WORK),
                finds: who.may(rights::FIND_RECEIPTS),
                audits: who.may(rights::AUDIT),
                imports: who.may(rights::IMPORT),
            }),
            agency: who.agency_name().to_owned(),
            demonstration: who.visit.demonstration,
            halt: who.may(rights::HALT).then(|| "/halt".to_owned()),
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
            demonstration: visit.demonstration,
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
    let mut response = page_with(frame.alert.as_ref().map_or(StatusCode::OK, Problem::status), template);
    if let Some(seconds) = frame.alert.as_ref().and_then(|problem| problem.retry_after_seconds) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::problem::Kind;

    #[derive(Template)]
    #[template(path = "layout.html")]
    struct Bare {
        frame: Frame,
    }

    fn visitor() -> Frame {
        let visit = Visit { here: "/?a=\"><script>1</script>".into(), ..Visit::of_nobody() };
        Frame::of_visitor(&visit, String::new())
    }

    fn templates() -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
            .collect()
    }

    #[test]
    fn what_others_wrote_is_text_on_every_page() {
        let mut frame = visitor();
        frame.agency = "<b>演示</b>".to_owned();
        let mut problem = Problem::new(Kind::Refused, frame.words);
        problem.said = "<script>alert(1)</script>".to_owned();
        let html = Bare { frame: frame.alert(problem) }.render().unwrap();
        assert!(
            !html.contains("<script>alert") && !html.contains("<b>演示") && !html.contains("\"><script>1")
        );
        assert!(html.contains("演示"));
    }

    #[test]
    fn a_demonstration_is_marked_by_configuration_and_by_nobodys_name() {
        let mut frame = visitor();
        frame.agency = "演示路街道办".to_owned();
        assert!(!Bare { frame: frame.clone() }.render().unwrap().contains(frame.words.demonstration));
        frame.demonstration = true;
        assert!(Bare { frame: frame.clone() }.render().unwrap().contains(frame.words.demonstration));
    }

    #[test]
    fn no_template_holds_what_the_content_policy_forbids() {
        for (name, html) in templates() {
            let forbidden = [
                " style=",
                "<style",
                " onclick",
                " onload",
                " onsubmit",
                "javascript:",
                "hx-on",
                "hx-vals=\"js",
            ];
            for forbidden in forbidden {
                assert!(!html.contains(forbidden), "{name} holds {forbidden}");
            }
            let inline = html.split("<script").skip(1).any(|script| !script.starts_with(" src="));
            assert!(!inline, "{name} holds an inline script");
        }
    }

    #[test]
    fn what_renews_itself_keeps_nobody_signed_in() {
        let mut found = 0;
        for (name, html) in templates() {
            for tag in html.split('<').filter(|tag| tag.contains("hx-trigger=\"every ")) {
                let address = tag.split("hx-get=\"").nth(1).and_then(|rest| rest.split(['"', '?']).next());
                let request = axum::http::Request::get(address.unwrap().replace("{{ case.id }}", "1"));
                let (parts, ()) = request.body(()).unwrap().into_parts();
                assert!(
                    Visit::of(&parts).polls,
                    "{name} asks {address:?} by itself, as if somebody sat there"
                );
                found += 1;
            }
        }
        assert_eq!(found, 2, "queue and case");
        let (parts, ()) = axum::http::Request::get("/case/1").body(()).unwrap().into_parts();
        assert!(!Visit::of(&parts).polls);
    }

    #[test]
    fn every_form_is_tied_to_its_session() {
        // A choice of language is no secret, a department's link is its own authority, and a search changes nothing.
        let open = ["/language", "/d/{{ secret }}", "/d/{{ secret }}/open", "/find"];
        for (name, html) in templates() {
            for form in html.split("<form ").skip(1) {
                let form = form.split("</form>").next().unwrap();
                let guarded = form.contains("forms::guard(");
                let is_open = open.iter().any(|action| form.contains(&format!("action=\"{action}\"")));
                assert!(guarded != is_open, "{name} has a form without its token: {form}");
            }
        }
    }
}
